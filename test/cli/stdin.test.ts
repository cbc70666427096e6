import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeWith } from '../support/programs';
import { development, envText } from '../support/studio';
import { fromSource, Workspace } from '../support/workspace';

let workspace: Workspace;

/** Runs a command line with a text on standard input. */
function withInput(input: string, ...args: readonly string[]) {
  const { JUNJO_ENV_FILES: _, ...env } = process.env;
  const options = { cwd: workspace.path, encoding: 'utf8', input, env } as const;
  const { status, stdout, stderr } = spawnSync('node', [...fromSource, ...args], options);
  return { status, stdout, stderr };
}

beforeAll(() => {
  workspace = new Workspace();
});

afterAll(() => workspace.remove());

test('synth renders the env file on standard input', () => {
  const { status, stdout } = withInput(envText(development()), 'synth', '--env-file', '-');
  expect([status, stdout]).toEqual([0, expect.stringContaining('dist/40-backend.k8s.yaml')]);
});

test('a problem of it names <stdin> and the line', () => {
  const { status, stderr } = withInput(`${envText(development())}JUNJO_LOG_LEVEL=loud\n`, 'validate', '-e', '-');
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^<stdin>:4 JUNJO_LOG_LEVEL: must be one of/m)]);
});

test('validate checks manifests on standard input, and beside files', () => {
  const manifest = readFileSync('examples/production-traefik/dist/40-backend.k8s.yaml', 'utf8');
  expect(withInput(manifest, 'validate', '-')).toMatchObject({ status: 0, stderr: '' });
  const { status, stderr } = withInput(
    manifest.replace('replicas: 1', 'replicas: one'),
    'validate',
    '-',
    '.env.example',
  );
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^<stdin>:\d+ Deployment .*spec\.replicas: must be/m)]);
});

test('standard input can be named once', () => {
  expect(withInput('', 'validate', '-', '-')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('can be read only once'),
  });
  expect(withInput('', 'synth', '-e', '-', '-e', '-')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^<stdin>: Standard input can be read only once/),
  });
});

describeWith(['python3'], 'on a terminal', () => {
  test('it says that nothing is piped, and does not wait', () => {
    const command = ['node', ...fromSource, 'synth', '--env-file', '-'];
    const { status, stdout } = workspace.run('python3', [resolve('test/support/terminal.py'), '[]', ...command]);
    expect([status, stdout]).toEqual([1, expect.stringContaining('is a terminal. Pipe a file into this command')]);
  });
});
