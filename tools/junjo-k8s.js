#!/usr/bin/env node
const { enableCompileCache } = require('node:module');
const { isAbsolute, join } = require('node:path');
const { runMain, setFlags } = require('./code-cache.js');

/** https://specifications.freedesktop.org/basedir-spec/latest/#variables */
function cacheFolder() {
  const { HOME = '', NODE_DISABLE_COMPILE_CACHE, XDG_CACHE_HOME = '' } = process.env;
  const caches = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : isAbsolute(HOME) && join(HOME, '.cache');
  return caches && !NODE_DISABLE_COMPILE_CACHE ? join(caches, 'junjo-k8s') : undefined;
}

setFlags();
// Node.js 22.8 or newer keeps the code that V8 made by itself.
enableCompileCache?.();
const folder = enableCompileCache ? undefined : cacheFolder();
if (folder) runMain(join(__dirname, 'cli.js'), 'CONTENT', folder);
else require('./cli.js').main();
