// The tests that judge mutants, as one file for mocha. Jest loads cdk8s anew in each test file and for each mutant;
// mocha loads all of it once, and then asks each mutant only the tests that reach it.
require('tsx/cjs');
const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const { expect } = require('expect');
const { bind } = require('jest-each');

const root = join(__dirname, '../../test');
const folders = (process.env.MUTATION_TESTS ?? 'config,releases,rules,charts,render,gitops').split(',');

/** What starts a shell, git or npm: slow, and about programs that run, not about what is rendered. */
const leftOut = [
  'releases/start-and-stop.test.ts',
  'gitops/committed.test.ts',
  'gitops/pipeline.test.ts',
  'gitops/plugin.test.ts',
];
process.env.TESTS_WITHOUT_NGINX = 'yes';
delete process.env.CI;

/** Random texts, and the time that long ones take: seconds for each mutant, and what they find is by chance. */
const groupLeftOut = 'any text';

/** What a function of jest is called with, given to one of mocha; `each` takes a table. */
const withTables = (define) => Object.assign(define, { skip: () => {}, each: bind(define, false) });

/** mocha's own functions, before they get the names of jest's. */
const { describe: group, it: single } = globalThis;

Object.assign(globalThis, {
  expect,
  beforeAll: before,
  afterAll: after,
  test: withTables((title, body) => single(title, body)),
  it: withTables((title, body) => single(title, body)),
  describe: withTables((title, body) => title !== groupLeftOut && group(title, body)),
});

for (const folder of folders) {
  for (const file of readdirSync(join(root, folder)).filter((name) => name.endsWith('.test.ts'))) {
    if (leftOut.includes(`${folder}/${file}`)) continue;
    describe(`${folder}/${file}`, () => require(join(root, folder, file)));
  }
}
