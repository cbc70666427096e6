// Loaded before everything else, by the package and by the scripts of package.json. Old versions of Node.js must be able to read
// this file: they stop at newer syntax with a syntax error, and print the code around it.
const { engines } = require('../package.json');

const needed = Number(engines.node.replace(/^>=/, ''));
if (Number(process.versions.node.split('.')[0]) < needed) {
  console.error(
    `This program needs Node.js ${needed} or newer, but Node.js ${process.versions.node} runs it. ` +
      'Install a newer version: https://nodejs.org/en/download',
  );
  process.exit(1);
}
