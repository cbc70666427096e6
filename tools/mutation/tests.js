// The tests that judge mutants: each file of them is one test of mocha. Jest loads cdk8s anew in each test file and for each
// mutant; mocha loads all of it once, and then asks each mutant only the files that reach it.
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

/** The tests of the file that is being read, each with what runs before and after it. */
let found = [];
let groups = [];

/** What a function of jest is called with, given to one of these; `each` takes a table. */
const withTables = (define) => Object.assign(define, { skip: () => {}, each: bind(define, false) });

const hook = (when) => (body) => groups[groups.length - 1][when].push({ body, ran: false });

Object.assign(globalThis, {
  expect,
  beforeAll: hook('beforeAll'),
  afterAll: hook('afterAll'),
  beforeEach: hook('beforeEach'),
  afterEach: hook('afterEach'),
  test: withTables((_, body) => found.push({ body, groups: [...groups] })),
  describe: withTables((title, body) => {
    if (title === groupLeftOut) return;
    groups.push({ beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] });
    body();
    groups.pop();
  }),
});

/** Reads a file of tests and runs them, up to the first that fails. What it renders while it is read is so asked of each mutant. */
async function runTests(path) {
  found = [];
  groups = [{ beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] }];
  const [file] = groups;
  delete require.cache[path];
  require(path);
  const entered = new Set([file]);
  try {
    for (const { body, groups: around } of found) {
      for (const group of around) entered.add(group);
      for (const once of around.flatMap(({ beforeAll }) => beforeAll).filter(({ ran }) => !ran)) {
        once.ran = true;
        await once.body();
      }
      try {
        for (const each of around.flatMap(({ beforeEach }) => beforeEach)) await each.body();
        await body();
      } finally {
        for (const each of around.flatMap(({ afterEach }) => afterEach)) await each.body();
      }
    }
  } finally {
    for (const last of [...entered].flatMap(({ afterAll }) => afterAll)) await last.body();
  }
}

// Before all tests, so that what is made when a file loads is of none of them, and mocha starts anew for its mutants.
for (const folder of ['config', 'releases', 'rules', 'charts', 'render']) {
  const files = readdirSync(join(root, '..', folder), { recursive: true }).filter((name) => name.endsWith('.ts'));
  for (const file of files) require(join(root, '..', folder, file));
}

for (const folder of folders) {
  for (const file of readdirSync(join(root, folder)).filter((name) => name.endsWith('.test.ts'))) {
    if (leftOut.includes(`${folder}/${file}`)) continue;
    it(`${folder}/${file}`, () => runTests(join(root, folder, file)));
  }
}
