/** @type {import('jest').Config} The tests of every change; jest.all.config.js adds the slow ones. */
module.exports = {
  // Jest would leave one core to others, which of two is half.
  maxWorkers: '100%',
  globalSetup: '<rootDir>/test/support/programs.ts',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['\\.slow\\.test\\.ts$'],
  // Tests that run npm and git in a folder of their own take seconds on a busy machine; none measures time.
  testTimeout: 60_000,
  transform: { '\\.ts$': '@swc/jest' },
};
