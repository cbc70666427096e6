import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from '../../cli/cli';
import { Folder } from '../support/folder';

let folder: Folder;
let script: string;

beforeAll(async () => {
  folder = new Folder();
  script = (await folder.junjo(['completion', 'bash'])).stdout;
  mkdirSync(join(folder.path, 'my folder'));
  writeFileSync(join(folder.path, 'my file.env'), '');
});

afterAll(() => folder.remove());

/** What bash offers for the last of these words. */
function offered(...words: readonly string[]): readonly string[] {
  const call = `${script}
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_junjo_k8s
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['--norc', '-c', call, 'bash', 'junjo-k8s', ...words];
  const lines = execFileSync('bash', args, { cwd: folder.path, encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line !== '');
}

test('bash offers every command, and those that begin like the word', () => {
  expect(offered('')).toEqual(expect.arrayContaining([...commands.keys(), 'help', '--version']));
  expect(offered('re')).toEqual(['restore']);
});

test.each([...commands])('bash offers the options of %s', (name, load) => {
  const options = load().options.flatMap(({ flags }) => flags.match(/--[a-z-]+/g) ?? []);
  expect(offered(name, '--')).toEqual(expect.arrayContaining([...options, '--help']));
  expect(offered(name, '--')).toHaveLength(options.length + 1);
});

test('bash offers values that are known, and paths', () => {
  expect(offered('diagram', '--format', '')).toEqual(['svg', 'mermaid']);
  expect(offered('init', '--environment', 'p')).toEqual(['production']);
  // bash makes three words of --environment=p.
  expect(offered('init', '--environment', '=')).toEqual(['development', 'production']);
  expect(offered('init', '--environment', '=', 'p')).toEqual(['production']);
  expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  expect(offered('synth', '-e', 'my')).toEqual(expect.arrayContaining(['my file.env']));
  expect(offered('synth', '--output', '')).toEqual(['my folder']);
  expect(offered('set-aside', '')).toEqual([]);
});

test.each(['zsh', 'fish'])('%s has every command and option', async (shell) => {
  const { status, stdout } = await folder.junjo(['completion', shell]);
  expect(status).toBe(0);
  for (const [name, load] of commands) {
    expect(stdout).toContain(name);
    for (const { flags } of load().options) {
      const [, long = ''] = /--([a-z-]+)/.exec(flags) ?? [];
      const sign = /[<[]/.test(flags) ? '=' : '';
      expect(stdout).toContain(shell === 'zsh' ? `--${long}${sign}[` : `-l ${long} `);
    }
  }
});

test('another shell is refused', async () => {
  expect(await folder.junjo(['completion', 'tcsh'])).toMatchObject({
    status: 2,
    stderr: 'There is no completion for tcsh. Name bash, zsh, or fish.\n',
  });
});
