import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  anchorOf,
  commandLine,
  howToRun,
  howToRunAnywhere,
  installedFrom,
  page,
  pageAnywhere,
  publication,
  startOf,
  withPackage,
} from '../../config/how-to-run';
import { name } from '../../package.json';
import { Workspace } from '../support/workspace';

const published = { repository: undefined, ...publication };
let root: string;

beforeEach(() => {
  Object.assign(publication, { onNpm: false, repository: undefined });
  root = realpathSync(mkdtempSync(join(tmpdir(), 'how to run ')));
});

afterEach(() => {
  Object.assign(publication, published);
  rmSync(root, { recursive: true, force: true });
});

function written(path: string, text = ''): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  return join(root, path);
}

function fromNpx(packages: readonly string[]) {
  written('_npx/0123/package.json', JSON.stringify({ _npx: { packages } }));
  return startOf(written(`_npx/0123/node_modules/${name}/build/cli.js`), root);
}

describe('how the program was started decides how it is called', () => {
  test('from a clone', () => {
    expect(startOf('/clone/config/how-to-run.ts', '/elsewhere')).toBe('npm run');
  });

  test('by npx, with the package that npx was given', () => {
    expect(fromNpx(['./junjo-0.1.0.tgz'])).toEqual(['npx', './junjo-0.1.0.tgz']);
    expect(commandLine(fromNpx(['./my junjo.tgz']), ['status', '--watch'])).toBe("npx './my junjo.tgz' status --watch");
  });

  test('by npx, with several packages', () => {
    const start = fromNpx(['./junjo.tgz', '@viz-js/viz']);
    expect(commandLine(start, ['diagram'])).toBe('npx --package ./junjo.tgz --package @viz-js/viz junjo-k8s diagram');
  });

  test('installed in a project, which npx finds in each folder of it', () => {
    const file = written(`project/node_modules/${name}/build/cli.js`);
    const linked = written(`project/node_modules/.pnpm/x/node_modules/${name}/build/index.js`);
    for (const cwd of ['project', 'project/deep/er'])
      for (const each of [file, linked]) expect(startOf(each, join(root, cwd))).toEqual(['npx', 'junjo-k8s']);
  });

  test('installed for all projects', () => {
    const file = written(`lib/node_modules/${name}/build/cli.js`);
    mkdirSync(join(root, 'bin'));
    symlinkSync(written(`lib/node_modules/${name}/build/junjo-k8s.js`), join(root, 'bin', 'junjo-k8s'));
    expect(startOf(file, '/elsewhere', `/none:${join(root, 'bin')}`)).toEqual(['junjo-k8s']);
  });

  test('as a file, which may be on no path', () => {
    const file = written('copy/build/cli.js');
    expect(startOf(file, join(root, 'copy'))).toEqual(['node', 'build/junjo-k8s.js']);
    expect(commandLine(startOf(file, '/elsewhere', '/usr/bin'), ['synth'])).toBe(
      `node '${join(root, 'copy/build/junjo-k8s.js')}' synth`,
    );
  });
});

describe('a package that a command needs besides', () => {
  const viz = '@viz-js/viz';

  test.each([
    [['npx', './my junjo.tgz'], ["npx --package './my junjo.tgz' --package @viz-js/viz junjo-k8s diagram"]],
    [
      ['npx', '--package', './junjo.tgz', '--package', 'other', 'junjo-k8s'],
      ['npx --package ./junjo.tgz --package other --package @viz-js/viz junjo-k8s diagram'],
    ],
    [
      ['npx', 'junjo-k8s'],
      ['npm install @viz-js/viz', 'npx junjo-k8s diagram'],
    ],
    [['junjo-k8s'], ['npm install --global @viz-js/viz', 'junjo-k8s diagram']],
    ['npm run', ['npm ci', 'npm run diagram']],
    [['node', 'build/junjo-k8s.js'], []],
  ] as const)('started as %j, it is added by %j', (start, commands) => {
    expect(withPackage(start, viz, ['diagram'])).toEqual(commands);
  });
});

describe('what the program was installed from', () => {
  const from = (spec: string, kind = 'dependencies') => {
    const file = written(`from/node_modules/${name}/build/cli.js`);
    written('from/package.json', JSON.stringify({ [kind]: { [name]: spec } }));
    return installedFrom(file);
  };

  test('is a tarball, whose path is that of the machine', () => {
    expect(from('file:../packages/junjo.tgz')).toBe(join(root, 'packages/junjo.tgz'));
    expect(from('file:junjo.tgz', 'devDependencies')).toBe(join(root, 'from/junjo.tgz'));
  });

  test('is an address', () => {
    expect(from('git+ssh://git@git.example.com/team/junjo.git')).toBe('git+ssh://git@git.example.com/team/junjo.git');
  });

  test('is not known in a clone, and of a program for all projects', () => {
    expect(installedFrom('/clone/config/how-to-run.ts')).toBeUndefined();
    expect(installedFrom(written(`global/lib/node_modules/${name}/build/cli.js`))).toBeUndefined();
  });
});

// npm 10 says run-script, npm 11 says run.
test.each(['run', 'run-script', undefined])('npm_command=%s changes nothing in a clone', (npm_command) => {
  const workspace = new Workspace();
  try {
    const { stderr } = workspace.junjo(['validate'], { npm_command });
    expect(stderr).toContain('npm run init');
  } finally {
    workspace.remove();
  }
});

test.each([
  [[], 'npm run junjo-k8s'],
  [['--help'], 'npm run junjo-k8s -- --help'],
  [['synth'], 'npm run synth'],
  [['explain', 'JUNJO_ENV'], 'npm run explain JUNJO_ENV'],
  [['restore', 'my backup.tar.gz', '--replace'], "npm run restore -- 'my backup.tar.gz' --replace"],
])('npm is given %j in its own way', (words, line) => {
  expect(commandLine('npm run', words)).toBe(line);
  expect(howToRun(...words)).toBe(line);
  expect(howToRunAnywhere(...words)).toBe(line);
});

test('npm runs what a hint says, with a path that has a space', () => {
  const line = howToRun('validate', 'no such folder', '--json').replace('npm run', 'npm run --silent');
  const said = () => execFileSync('sh', ['-c', line], { encoding: 'utf8', stdio: 'pipe' });
  expect(said).toThrow(expect.objectContaining({ stdout: expect.stringContaining('"file": "no such folder"') }));
});

test('a page is a file and a heading, until the repository has an address', () => {
  expect(page('docs/edge.md')).toBe('docs/edge.md');
  expect(page('docs/runbook.md', 'Back up')).toBe('docs/runbook.md, "Back up"');
  expect(pageAnywhere('docs/runbook.md', 'Back up')).toBe('docs/runbook.md, "Back up"');
  expect(anchorOf('A changed data path: `x`')).toBe('a-changed-data-path-x');
});

test('once the package and the repository are public, alerts and pages name them', () => {
  Object.assign(publication, { onNpm: true, repository: 'https://git.example.com/team/junjo' });
  expect(howToRunAnywhere('status', '--watch')).toBe(`npx ${name} status --watch`);
  const address = 'https://git.example.com/team/junjo/blob/main/docs/runbook.md#back-up';
  expect([page('docs/runbook.md', 'Back up'), pageAnywhere('docs/runbook.md', 'Back up')]).toEqual([address, address]);
});
