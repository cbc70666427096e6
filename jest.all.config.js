/** @type {import('jest').Config} All tests, also those in files named *.slow.test.ts, which repeat others in more detail. */
module.exports = { ...require('./jest.config.js'), testPathIgnorePatterns: [] };
