#!/usr/bin/env node
const { enableCompileCache } = require('node:module');
const { isAbsolute, join } = require('node:path');
const { setFlagsFromString } = require('node:v8');

// V8 is to optimize what runs long: one render is over before that pays, and a thousand are not. Newer ones have no such flag.
if (process.version.startsWith('v20.')) setFlagsFromString('--interrupt-budget=1500000');
// Collects before the heap has grown to four times of what is in use: many studios in less memory.
setFlagsFromString('--heap-growing-percent=60');

/** https://specifications.freedesktop.org/basedir-spec/latest/#variables */
function cacheFolder() {
  const { HOME = '', NODE_DISABLE_COMPILE_CACHE, XDG_CACHE_HOME = '' } = process.env;
  const caches = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : isAbsolute(HOME) && join(HOME, '.cache');
  return caches && !NODE_DISABLE_COMPILE_CACHE ? join(caches, 'junjo-k8s') : undefined;
}

// Node.js 22.8 or newer keeps the code that V8 made by itself.
enableCompileCache?.();
const folder = enableCompileCache ? undefined : cacheFolder();
if (folder) require('./code-cache.js').runMain(join(__dirname, 'cli.js'), 'CONTENT', folder);
else require('./cli.js').main();
