#!/usr/bin/env node
// Of Node.js 22.8 or newer.
require('node:module').enableCompileCache?.();
require('./cli.js').main();
