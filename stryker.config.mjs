/**
 * Mutation testing: how much of the code can be broken before a test notices. docs/testing.md says how to run it.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  // Pages of docs/ that the tables write are left out: only the committed page itself says what is right.
  mutate: [
    '{config,releases,charts,rules}/**/*.ts',
    '!config/{documentation,edge-page,releases-page}.ts',
    '!rules/patches-page.ts',
  ],
  testRunner: 'mocha',
  mochaOptions: { spec: ['tools/mutation/tests.js'] },
  coverageAnalysis: 'perTest',
  plugins: ['@stryker-mutator/mocha-runner', './scripts/mutation/prose.mjs'],
  // Words for people in the tables, which only the pages of docs/ show. Messages of problems are not among them.
  ignorers: ['prose'],
  concurrency: 2,
  incremental: true,
  incrementalFile: '.stryker/incremental.json',
  tempDirName: '.stryker/sandbox',
  htmlReporter: { fileName: '.stryker/report.html' },
  jsonReporter: { fileName: '.stryker/report.json' },
  reporters: ['clear-text', 'html', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 90, break: 90 },
  symlinkNodeModules: true,
  ignorePatterns: ['/build', '/dist', '/sealed', '/.github', '/.stryker', '/biome.json', '/test/diagnosis'],
  // TypeScript 7 has no programming interface by which Stryker could rewrite this file, which nothing here reads.
  tsconfigFile: 'none',
};
