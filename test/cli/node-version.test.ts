import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { engines, scripts } from '../../package.json';
import { START } from '../../tools/build';

const CHECK = 'cli/node-version.js';
let folder: string;

/** Loads the check in a Node.js that says it is another version. */
function checkIn(version: string) {
  const preload = join(folder, 'version.js');
  writeFileSync(preload, `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
  const args = ['-r', preload, '-r', `./${CHECK}`, '-e', 'console.log("it runs")'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'junjo-node-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(['12.22.12', '18.20.8', '19.9.0'])('Node.js %s gets one line, and nothing runs', (version) => {
  const { status, stdout, stderr } = checkIn(version);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toBe(
    `This program needs Node.js 20 or newer, but Node.js ${version} runs it. Install a newer version: https://nodejs.org/en/download\n`,
  );
});

test.each(['20.0.0', '24.1.0', process.versions.node])('Node.js %s runs the program', (version) => {
  expect(checkIn(version)).toEqual({ status: 0, stdout: 'it runs\n', stderr: '' });
});

test('the check reads the version that package.json states', () => {
  expect(engines.node).toMatch(/^>=\d+$/);
});

test('every script that starts the program checks first, and so does the app of cdk8s.yaml', () => {
  const starts = Object.values(scripts).filter((script) => script.includes('cli/cli.ts'));
  expect(starts.filter((script) => !script.startsWith(`node -r ./${CHECK} -r tsx/cjs -- cli/cli.ts`))).toEqual([]);
  expect(readFileSync('cdk8s.yaml', 'utf8')).toContain(`app: node -r ./${CHECK} `);
});

test.each([
  [CHECK, readFileSync(CHECK, 'utf8')],
  ['the program of the package', START],
])('Node.js 12 can read %s', (_, code) => {
  // esbuild rewrites what an old version cannot read.
  const of = (target: string) => transformSync(code, { target }).code;
  expect(of('node12')).toBe(of('esnext'));
});
