import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Io } from '../../cli/command';
import { printing } from '../../cli/output';
import { screen } from '../../cli/status-screen';
import { KubectlError } from '../../cluster/kubectl';
import { Refusal } from '../../cluster/refusal';
import { controls, harmless, hostile } from '../support/controls';
import { Folder } from '../support/folder';
import { development, envText, freshSecret } from '../support/studio';

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

/** A value of an env file that compose reads as this text. */
const quoted = (text: string) => `'${text}'`;

describe('what a file or an argument holds does not reach the terminal as it is', () => {
  const lines = (text: string) => text.trimEnd().split('\n');

  test.each<[string, () => readonly string[]]>([
    ['the name of an env file', () => ['synth', '-e', hostile]],
    ['the name of a manifest', () => ['validate', hostile]],
    ['an unknown option', () => ['synth', `--${hostile}`]],
    ['an unknown command', () => [hostile]],
    ['the name of a folder of manifests', () => ['preflight', hostile]],
    ['the format of a diagram', () => ['diagram', '--format', hostile]],
    [
      'a file in a folder of manifests',
      () => {
        mkdirSync(join(folder.path, 'dist'));
        folder.write(`dist/${hostile}.yaml`, '');
        return ['validate', 'dist'];
      },
    ],
    [
      'the name of a studio',
      () => {
        mkdirSync(join(folder.path, 'studios'));
        folder.write(`studios/${hostile}.env`, envText(development()));
        return ['synth', '--studios', 'studios'];
      },
    ],
    [
      'a foreign file in the output',
      () => {
        folder.write('.env', envText(development()));
        mkdirSync(join(folder.path, 'dist'));
        folder.write(`dist/${hostile}`, '');
        return ['synth'];
      },
    ],
    [
      'an object of a manifest',
      () => {
        folder.write('a.yaml', JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: hostile }, spec: 1 }));
        return ['validate', 'a.yaml', '--kubernetes', '1.31'];
      },
    ],
    [
      'the reason of a required variable',
      () => {
        folder.write('.env', `${envText(development())}JUNJO_K8S_NAME="\${NONE:?x${controls}}"\n`);
        return ['synth'];
      },
    ],
  ])('%s', async (_, args) => {
    const { status, stdout, stderr } = await folder.junjo(args());
    expect([status === 0, stdout]).toEqual([false, '']);
    expect(stderr).toContain('\\u001b[2J');
    expect(stderr).toMatch(harmless);
    expect(lines(stderr)).toHaveLength(1);
  });

  test('a value that explain shows', async () => {
    folder.write('.env', `${envText(development())}JUNJO_LOG_LEVEL=${quoted(hostile)}\nNO_PROXY=${quoted(hostile)}\n`);
    const { stdout } = await folder.junjo(['explain', 'NO_PROXY']);
    expect(stdout).toContain('\\u001b[2J');
    expect(stdout).toMatch(harmless);
    expect(stdout).not.toMatch(/^Context/m);
  });

  test('a question and what is shown around it', async () => {
    folder.write(
      'old.env',
      `${envText(development())}JUNJO_ENV=production\nJUNJO_PROD_FRONTEND_URL=${quoted(hostile)}\n`,
    );
    const asked: string[] = [];
    const ask = async (prompt: string) => {
      asked.push(prompt);
      return asked.length < 20 ? hostile : undefined;
    };
    const { stdout, stderr } = await folder.junjo(['init', '--from', 'old.env'], {
      terminal: () => ({ ask, close: () => undefined }),
    });
    expect(asked.length).toBeGreaterThan(0);
    for (const text of [stdout, stderr, ...asked]) {
      expect(text).toMatch(harmless);
      expect(text).not.toMatch(/^Context/m);
    }
  });

  test('what kubectl and a refusal say', () => {
    for (const { message } of [new KubectlError('other', hostile), new Refusal(hostile)]) {
      expect(message).toMatch(harmless);
      expect(message).not.toMatch(/^Context/m);
    }
  });

  test('what status shows of a cluster', () => {
    const shown = screen({
      target: { context: hostile, server: hostile, namespace: hostile },
      overview: {
        workloads: [{ name: hostile, ready: 1, desired: 1, release: hostile, restarts: 1, lastRestart: hostile }],
        addresses: [{ name: 'UI', url: hostile }],
        certificates: [{ name: hostile, ready: true, notAfter: hostile }],
        volumes: [{ name: hostile, size: hostile, phase: hostile, kept: [hostile] }],
        lastBackup: { at: hostile, by: hostile },
        unread: [hostile],
      },
      findings: [{ severity: 'error', subjects: [hostile], text: hostile, fix: hostile, cause: 'crash-loop' }],
      backupCommand: hostile,
      now: new Date(0),
    });
    expect(shown).toContain('\\u001b[2J');
    expect(shown).toMatch(harmless);
    expect(shown).not.toMatch(/^Context/m);
  });
});

describe('what a program reads stays exact', () => {
  test('--json', async () => {
    const { stdout } = await folder.junjo(['validate', hostile, '--json']);
    expect(stdout).toMatch(harmless);
    expect(JSON.parse(stdout).problems[0].file).toBe(hostile);
  });

  test('the YAML of stream, and the files of synth', async () => {
    const value = `sk-${controls}\t\ny`;
    folder.write('.env', `${envText(development())}JUNJO_K8S_PATCHES=patches.yaml\n`);
    const fields = { metadata: { annotations: { 'example.com/a': value, 'example.com/b': '\u202ex' } } };
    folder.write('patches.yaml', JSON.stringify({ patches: [{ target: { kind: 'Service' }, patch: fields }] }));
    const { status, stdout } = await folder.junjo(['stream']);
    expect([status, stdout]).toEqual([0, expect.stringMatching(harmless)]);
    const services = stdout
      .split('---\n')
      .slice(1)
      .map((text) => parse(text))
      .filter(({ kind }) => kind === 'Service');
    expect(services.length).toBeGreaterThan(0);
    for (const { metadata } of services) expect(metadata.annotations).toMatchObject(fields.metadata.annotations);
  });
});

describe('the terminal', () => {
  const io = (color: boolean) => {
    const said: string[] = [];
    const say = (text: string) => said.push(text);
    return { said, io: printing({ environment: {}, color, out: say, err: say, progress: say } satisfies Io) };
  };

  test('gets colors and nothing else', () => {
    const { said, io: terminal } = io(true);
    terminal.painted?.(`place${controls}`, 31, `text${controls}`);
    expect(said[0]?.startsWith('\u001b[31mplace')).toBe(true);
    expect(said[0]?.replace('\u001b[31m', '').replace('\u001b[0m', '')).toMatch(harmless);
    expect(io(false).io.painted).toBeUndefined();
  });

  test('gets progress in one line', () => {
    const { said, io: terminal } = io(false);
    terminal.progress?.(hostile);
    expect(said[0]).toMatch(/^[^\n]*$/);
    expect(said[0]).toMatch(harmless);
  });

  test('shows a problem in the color of its severity', async () => {
    const said: string[] = [];
    folder.write('.env', envText({ JUNJO_ENV: 'nowhere', JUNJO_SESSION_SECRET: freshSecret() }));
    await folder.junjo(['synth'], { color: true, err: (text) => said.push(text) });
    expect(said[0]).toBe('\u001b[31m.env:1 JUNJO_ENV: \u001b[0mmust be one of: development, production');
  });
});
