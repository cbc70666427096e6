// What Node.js 22.8 does by itself (module.enableCompileCache), for older ones.
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { dirname } = require('node:path');
const { Script, constants } = require('node:vm');

/**
 * Runs the `main` of a bundle, with the code that V8 made of it the time before. V8 refuses code of another version or other
 * flags, but takes a source of the same length for the same: the name of the cache is to tell the content of the bundle.
 * @param {string} path
 * @param {string} cache
 */
async function runMain(path, cache) {
  const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
  const script = new Script(wrap(readFileSync(path, 'utf8')), {
    filename: path,
    cachedData,
    importModuleDynamically: constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const bundle = { exports: {} };
  script.runInThisContext()(bundle.exports, createRequire(path), bundle, path, dirname(path));
  await bundle.exports.main();
  if (cachedData && !script.cachedDataRejected) return;
  const fresh = `${cache}.${process.pid}`;
  try {
    // Now that it ran, it holds the functions that were called.
    writeFileSync(fresh, script.createCachedData());
    renameSync(fresh, cache);
  } catch {
    // Whose clone it is may be somebody else, and it runs without.
  }
}

module.exports = { runMain };
