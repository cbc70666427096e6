/** @type {import('jest').Config} The tests of the pure core, which start no program: `npm run check`. */
module.exports = {
  ...require('./jest.config.js'),
  globalSetup: undefined,
  testMatch: [
    '<rootDir>/test/{config,render,cluster/diagnosis,cluster/preflight,cli/validate}/**/*.test.ts',
    '<rootDir>/test/{charts,releases}/!(api-guard|hostile-clients|intake-collector|spans-proxy|start-and-stop).test.ts',
    '<rootDir>/test/{architecture,examples}.test.ts',
  ],
};
