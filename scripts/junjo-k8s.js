#!/usr/bin/env node
// V8 is to optimize what runs long: one render is over before that pays, and a thousand are not. Newer ones have no such flag.
if (process.version.startsWith('v20.')) require('node:v8').setFlagsFromString('--interrupt-budget=1500000');
// Of Node.js 22.8 or newer.
require('node:module').enableCompileCache?.();
require('./cli.js').main();
