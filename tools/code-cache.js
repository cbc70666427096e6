// The flags of V8, and what Node.js 22.8 does by itself (module.enableCompileCache), for older ones.
const fs = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { dirname, join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

/** Before all else: V8 refuses code that it made under other flags. */
function setFlags() {
  // V8 is to optimize what runs long: one render is over before that pays, and a thousand are not. Newer ones have no such flag.
  if (process.version.startsWith('v20.')) setFlagsFromString('--interrupt-budget=1500000');
  // Collects before the heap has grown to several times of what is in use: many studios in less memory.
  setFlagsFromString('--heap-growing-percent=60');
}

/** Code that nobody else can have written, for it is run as it is. */
function readOwn(path) {
  let file;
  try {
    file = fs.openSync(path);
    const { uid, mode } = fs.fstatSync(file);
    return process.getuid && (uid !== process.getuid() || mode & 0o022) ? undefined : fs.readFileSync(file);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

/** A module as the function that Node.js makes of it: put together before it is a string, for joined strings are copied again. */
function readWrapped(path) {
  const [head, tail] = wrap('\0').split('\0');
  const file = fs.openSync(path);
  try {
    const { size } = fs.fstatSync(file);
    const text = Buffer.allocUnsafe(head.length + size + tail.length);
    text.write(head);
    text.write(tail, head.length + fs.readSync(file, text, head.length, size));
    return text.toString();
  } finally {
    fs.closeSync(file);
  }
}

/** Removes what a day has passed over: bundles and code of other contents. */
function removeOld(folder) {
  const yesterday = Date.now() - 86_400_000;
  for (const old of fs.readdirSync(folder).map((name) => join(folder, name))) {
    // Another process may remove it at the same time.
    const stat = fs.statSync(old, { throwIfNoEntry: false });
    if (stat && stat.mtimeMs < yesterday) fs.rmSync(old, { recursive: true, force: true });
  }
}

/**
 * Runs the `main` of a bundle, with the code that V8 made of it when the same command ran before. V8 refuses code of another
 * version or other flags, but takes a source of the same length for the same: `key` is to tell the content of the bundle.
 * @param {string} path
 * @param {string} key
 * @param {string} folder where the code is kept; where it cannot be, the command runs without
 */
async function runMain(path, key, folder) {
  const command = /^[a-z]+$/.test(process.argv[2] ?? '') ? process.argv[2] : 'none';
  const cache = join(folder, `${key}.${process.version}.${process.arch}.${command}.code`);
  const cachedData = readOwn(cache);
  const script = new Script(readWrapped(path), { filename: path, cachedData });
  const bundle = { exports: {} };
  script.runInThisContext()(bundle.exports, createRequire(path), bundle, path, dirname(path));
  await bundle.exports.main();
  // Only now it holds the functions that were called; those of a command that failed are not what it needs.
  if (process.exitCode || (cachedData && !script.cachedDataRejected)) return;
  const fresh = `${cache}.${process.pid}`;
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.writeFileSync(fresh, script.createCachedData(), { mode: 0o600, flag: 'wx' });
    fs.renameSync(fresh, cache);
    removeOld(folder);
  } catch {}
}

module.exports = { removeOld, runMain, setFlags };
