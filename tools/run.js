// Runs junjo-k8s from source, without a build to forget: `node tools/run.js synth`. It keeps the bundle under a name made of
// the content of all that goes into it: another content is another bundle.
const { createHash } = require('node:crypto');
const { existsSync, readdirSync, readFileSync, renameSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { basename, join } = require('node:path');
const { removeOld, runMain, setFlags } = require('./code-cache');

const ROOT = join(__dirname, '..');
const CACHE = join(ROOT, 'node_modules', '.cache', 'junjo-k8s');
// A test holds that nothing of these is bundled.
const NO_SOURCES = /^(\.(?!github$).*|node_modules|build|dist|docs|examples|sealed|studios|test)$/;

function contentKey() {
  const entries = readdirSync(ROOT, { withFileTypes: true }).filter(({ name }) => !NO_SOURCES.test(name));
  const files = entries.flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(join(ROOT, entry.name), { recursive: true }).map((path) => join(entry.name, path))
      : [entry.name],
  );
  const sources = files.filter((path) => /\.(ts|js|json|py|sh|yml)$/.test(path)).sort();
  const digest = (content) => createHash('sha256').update(content).digest('hex');
  return digest(sources.map((path) => `${digest(readFileSync(join(ROOT, path)))} ${path}\n`).join(''));
}

async function bundled() {
  const path = join(CACHE, `${contentKey()}.js`);
  if (existsSync(path)) return path;
  const { bundle } = require('./bundle');
  const fresh = `${path}.${process.pid}`;
  await bundle({ entryPoints: [join(ROOT, 'cli', 'cli.ts')], outfile: fresh });
  renameSync(fresh, path);
  removeOld(CACHE);
  return path;
}

setFlags();
enableCompileCache?.(join(CACHE, 'compiled'));
void bundled().then((path) =>
  enableCompileCache ? require(path).main() : runMain(path, basename(path, '.js'), CACHE),
);
