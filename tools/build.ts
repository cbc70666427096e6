import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

// Makes build/, which is all that the package holds: the command and the library, each in one file, types, and licences.

/** What is bundled of these packages. The other modules of cdk8s and cdk8s-plus-27 would be loaded at each start and not used. */
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

/** Our code reads files that lie beside it, such as the programs that pods run, with `textOf('file')`. The bundle holds their text. */
const filesAsText: Plugin = {
  name: 'files as text',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/](charts|cli|cluster)[\\/].*\.ts$/ }, ({ path }) => {
      const textOf = (_: string, name: string) => JSON.stringify(readFileSync(join(dirname(path), name), 'utf8'));
      return { contents: readFileSync(path, 'utf8').replace(/\btextOf\('(.+?)'\)/g, textOf), loader: 'ts' };
    });
  },
};

/** Bundles an entry point, and tells which files are in the bundle. */
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
    // One command draws pictures with it. It is larger than all the rest.
    external: ['@viz-js/viz'],
    plugins: [deepImports, filesAsText],
  });
}

/** The packages that bundles hold something of, as paths. */
function packagesIn(metafiles: readonly Metafile[]): readonly string[] {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.keys(output.inputs)),
  );
  const paths = inputs.flatMap((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []);
  return [...new Set(paths)].sort();
}

/** The licence texts of packages, each below the names of the packages that have it. */
function licencesOf(paths: readonly string[]): string {
  const packages = new Map<string, readonly string[]>();
  for (const path of paths) {
    const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    const files = readdirSync(path).filter((entry) => /^(licen[cs]e|notice)(\.|$)/i.test(entry));
    const text = [license, ...files.map((file) => readFileSync(join(path, file), 'utf8').trim())].join('\n\n');
    if (!license && files.length === 0) throw new Error(`${name} has no licence`);
    packages.set(text, [...(packages.get(text) ?? []), `${name} ${version}`]);
  }
  const line = '-'.repeat(80);
  return [...packages].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`).join(`\n${line}\n\n`);
}

async function main(): Promise<void> {
  rmSync('build', { recursive: true, force: true });
  const command = await bundleCommand('build/cli.js');
  const library = await bundle('index.ts', 'build/index.js', {
    // Two copies of constructs are two classes of the same name.
    external: ['cdk8s', 'cdk8s-plus-27', 'constructs'],
    plugins: [filesAsText],
  });
  // Node.js caches compiled code from version 22.8 on, of modules that are loaded after this call.
  const start = "#!/usr/bin/env node\nrequire('node:module').enableCompileCache?.();\nrequire('./cli.js').main();\n";
  writeFileSync('build/junjo-k8s.js', start);
  writeFileSync('build/LICENSES.txt', licencesOf(packagesIn([command, library])));
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });
}

if (require.main === module) void main();
