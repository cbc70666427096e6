/** @type {import('jest').Config} */
module.exports = {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Tests that run npm and git in a folder of their own take seconds on a busy machine; none measures time.
  testTimeout: 60_000,
  transform: { '\\.ts$': '@swc/jest' },
};
