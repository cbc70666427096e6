// Makes build/, which is all that the package holds: the command in one file, the library without its peers, types, licences.
const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { bundle } = require('./bundle');

process.chdir(join(__dirname, '..'));

/** The packages of which something is in a bundle, as paths below this folder. */
function packagesIn(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.keys(output.inputs)),
  );
  const paths = inputs.map((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))].sort();
}

/** The texts under which packages may be used, each with the packages that have it. */
function licencesOf(paths) {
  const packages = new Map();
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

async function main() {
  rmSync('build', { recursive: true, force: true });
  const command = await bundle({ entryPoints: ['cli/cli.ts'], outfile: 'build/cli.js', metafile: true });
  const library = await bundle({
    entryPoints: ['index.ts'],
    outfile: 'build/index.js',
    // Whoever has two copies of constructs has two classes of that name.
    external: ['cdk8s', 'cdk8s-plus-27', 'constructs'],
    plugins: [],
    metafile: true,
  });
  const content = createHash('sha256').update(readFileSync('build/cli.js')).digest('hex');
  writeFileSync('build/junjo-k8s.js', readFileSync('tools/junjo-k8s.js', 'utf8').replace('CONTENT', content));
  copyFileSync('tools/code-cache.js', 'build/code-cache.js');
  writeFileSync('build/LICENSES.txt', licencesOf(packagesIn([command.metafile, library.metafile])));
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });
}

void main();
