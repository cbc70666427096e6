import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

// Makes build/, the code of the package: the command and the library, each in one file, with types and licenses.

/** The modules of these packages that the bundle needs. It would load all others at each start, and not use them. */
const DEEP_IMPORTS: Readonly<Record<string, string>> = {
  cdk8s: `
    export { ApiObject } from 'cdk8s/lib/api-object';
    export { App } from 'cdk8s/lib/app';
    export { Chart } from 'cdk8s/lib/chart';`,
  'cdk8s-plus-27': `
    export * as k8s from 'cdk8s-plus-27/lib/imports/k8s';`,
};

const deepImports: Plugin = {
  name: 'deep imports',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^cdk8s(-plus-27)?$/ }, ({ path }) => ({ path, namespace: 'deep-imports' }));
    onLoad({ filter: /.*/, namespace: 'deep-imports' }, ({ path }) => ({
      contents: DEEP_IMPORTS[path],
      resolveDir: __dirname,
    }));
  },
};

/** `textOf('file')` in our code reads a file beside it, such as a program that pods run. The bundle holds the text instead. */
const filesAsText: Plugin = {
  name: 'files as text',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](charts|cli|cluster)[\\/].*\.ts$/ }, ({ path }) => {
      const textOf = (_: string, name: string) => JSON.stringify(readFileSync(join(dirname(path), name), 'utf8'));
      return { contents: readFileSync(path, 'utf8').replace(/\btextOf\('(.+?)'\)/g, textOf), loader: 'ts' };
    });
  },
};

/** Bundles an entry point. Returns which files are in the bundle. */
async function bundle(entry: string, outfile: string, options: BuildOptions): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    minify: true,
    ...options,
    metafile: true,
  });
  return metafile;
}

/** Bundles `junjo-k8s` into one file that needs no other. */
export function bundleCommand(outfile: string): Promise<Metafile> {
  return bundle('cli/cli.ts', outfile, {
    // Only the command diagram needs it, and it is larger than everything else.
    external: ['@viz-js/viz'],
    plugins: [deepImports, filesAsText],
  });
}

/** The folders of the packages that are in the bundles. */
function packagesIn(metafiles: readonly Metafile[]): readonly string[] {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.keys(output.inputs)),
  );
  const paths = inputs.flatMap((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []);
  return [...new Set(paths)].sort();
}

/** The license texts of packages, each below the names of its packages. */
function licensesOf(paths: readonly string[]): string {
  const packages = new Map<string, readonly string[]>();
  for (const path of paths) {
    const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const files = readdirSync(path).filter((entry) => /^(licen[cs]e|notice)(\.|$)/i.test(entry));
    const text = [license, ...files.map((file) => readFileSync(join(path, file), 'utf8').trim())].join('\n\n');
    if (!license && files.length === 0) throw new Error(`${name} has no license`);
    packages.set(text, [...(packages.get(text) ?? []), `${name} ${version}`]);
  }
  const line = '-'.repeat(80);
  return [...packages].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`).join(`\n${line}\n\n`);
}

/**
 * The program of the package. Old versions of Node.js must be able to read it. From version 22.8 on, Node.js caches the compiled
 * code of modules that are loaded after enableCompileCache.
 */
export const START = `#!/usr/bin/env node
require('./node-version.js');
const { enableCompileCache } = require('module');
if (enableCompileCache) enableCompileCache();
require('./cli.js').main();
`;

async function main(): Promise<void> {
  rmSync('build', { recursive: true, force: true });
  const command = await bundleCommand('build/cli.js');
  const library = await bundle('index.ts', 'build/index.js', {
    // Two copies of constructs are two classes of the same name.
    external: ['cdk8s', 'cdk8s-plus-27', 'constructs'],
    plugins: [filesAsText],
  });
  copyFileSync('cli/node-version.js', 'build/node-version.js');
  writeFileSync('build/junjo-k8s.js', START);
  writeFileSync('build/LICENSES.txt', licensesOf(packagesIn([command, library])));
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });
}

if (require.main === module) void main();
