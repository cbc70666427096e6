import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { defaultTag, newestTag, releaseLines } from '../../releases';
import { development, envText, freshSecret, problemsOf, production } from '../support/studio';
import { describeWithPython } from '../support/volume';
import { fromSource, Workspace } from '../support/workspace';

let workspace: Workspace;
const path = (name: string) => join(workspace.path, name);
const cli = (...args: string[]) => workspace.junjo(args);
const written = () => readFileSync(path('.env'), 'utf8');
const errorsOf = (text: string) => problemsOf(text).filter((line) => !/^(note|warning): /.test(line));

/** Runs init on a pseudo-terminal, and answers each prompt as it comes. */
function onTerminal(args: readonly string[], dialogue: readonly (readonly [prompt: string, answer: string])[]) {
  const command = ['node', ...fromSource, 'init', ...args];
  return workspace.run('python3', [resolve('test/support/terminal.py'), JSON.stringify(dialogue), ...command]);
}

beforeEach(() => {
  workspace = new Workspace();
});

afterEach(() => workspace.remove());

describe('without a terminal', () => {
  test('it asks nothing, and writes a studio on localhost', () => {
    expect(cli('init').status).toBe(0);
    expect(statSync(path('.env')).mode & 0o777).toBe(0o600);
    expect(errorsOf(written())).toEqual([]);
    expect(cli('synth').status).toBe(0);
  });

  test.each(releaseLines.map(newestTag))('everything comes from options, for a production studio of %s', (tag) => {
    const { status, stderr } = cli(
      ...['init', '--environment', 'production', '--release', tag],
      ...['--ui', 'https://studio.example.com', '--api', 'https://api.example.com'],
      ...['--spans', 'https://spans.example.com', '--ingress-class', 'traefik'],
      ...['--storage-class', 'fast-ssd', '--storage-size', '50Gi'],
      ...['--backup', 'volsync', '--backup-repository', 'backups', '--set', 'JUNJO_K8S_SIZE=medium'],
    );
    expect([status, stderr]).toEqual([0, '']);
    expect(errorsOf(written())).toEqual([]);
    for (const line of ['JUNJO_ENV=production', `JUNJO_K8S_RELEASE=${tag}`, 'JUNJO_K8S_SIZE=medium']) {
      expect(written().split('\n')).toContain(line);
    }
    const { status: synth, stderr: said } = cli('synth');
    expect({ synth, said }).toEqual({ synth: 0, said: expect.any(String) });
  });

  test.each(['existing', 'external'])('with secrets that are %s, none are in the file', (mode) => {
    const store = mode === 'external' ? ['--secret-store', 'ClusterSecretStore/vault'] : [];
    const { status, stderr } = cli('init', '--secrets', mode, ...store);
    expect([status, stderr]).toEqual([0, '']);
    expect(written()).not.toMatch(/^JUNJO_SE(SSION_SECRET|CURE_COOKIE_KEY)=/m);
    expect(errorsOf(written())).toEqual([]);
  });

  test.each([
    [['--environment', 'staging'], /JUNJO_ENV: must be one of/],
    [['--release', '9.9.9'], /JUNJO_K8S_RELEASE: no release/],
    [['--environment', 'production'], /JUNJO_PROD_FRONTEND_URL: is missing/],
  ])('%j is refused, and nothing is written', (args, said) => {
    const { status, stdout, stderr } = cli('init', ...args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(said);
    expect(existsSync(path('.env'))).toBe(false);
  });

  test('a file that is there stays as it is', () => {
    writeFileSync(path('.env'), 'mine');
    expect(cli('init').stderr).toContain('.env: is there already');
    expect(written()).toBe('mine');
  });

  test('a secret is not taken from a command line', () => {
    const secret = freshSecret();
    const { status, stdout, stderr } = cli('init', '--set', `JUNJO_SESSION_SECRET=${secret}`);
    expect(status).toBe(2);
    expect(stdout + stderr).not.toContain(secret);
    expect(existsSync(path('.env'))).toBe(false);
  });
});

describe('--from', () => {
  test('keeps every line as it is, and adds what is missing below a heading', () => {
    const compose = `# ours\r\n${envText(development())}\nexport OTHER="a b" # kept\n#JUNJO_K8S_SIZE=small`;
    writeFileSync(path('compose.env'), compose);
    const { status, stderr } = cli('init', '--from', 'compose.env', '--set', 'JUNJO_K8S_SIZE=large');
    expect([status, stderr]).toEqual([0, '']);
    expect(written().startsWith(`${compose}\n`)).toBe(true);
    expect(written().slice(compose.length)).toBe(
      '\n\n# === Kubernetes: added by junjo-k8s init ===\n\nJUNJO_K8S_SIZE=large\n',
    );
    expect(readFileSync(path('compose.env'), 'utf8')).toBe(compose);
    expect(statSync(path('.env')).mode & 0o777).toBe(0o600);
  });

  test('replaces a placeholder by a fresh secret, and no secret that is sound', () => {
    const key = freshSecret();
    writeFileSync(
      path('compose.env'),
      `JUNJO_ENV=development\nJUNJO_SESSION_SECRET=your_base64_secret_here\nJUNJO_SECURE_COOKIE_KEY=${key}\n`,
    );
    expect(cli('init', '--from', 'compose.env').status).toBe(0);
    expect(written().match(/^JUNJO_SESSION_SECRET=/gm)).toHaveLength(2);
    expect(written().match(/^JUNJO_SECURE_COOKIE_KEY=/gm)).toHaveLength(1);
    expect(errorsOf(written())).toEqual([]);
  });

  test('tells what is wrong at its line of that file, and writes nothing', () => {
    writeFileSync(path('compose.env'), `${envText(development())}JUNJO_LOG_LEVEL=loud\n`);
    const { status, stderr } = cli('init', '--from', 'compose.env');
    expect(status).toBe(1);
    expect(stderr).toContain('compose.env:4 JUNJO_LOG_LEVEL: must be one of');
    expect(existsSync(path('.env'))).toBe(false);
  });

  test('of a file that is not there says so', () => {
    expect(cli('init', '--from', 'nowhere.env').stderr).toContain('nowhere.env: cannot be read');
  });
});

describeWithPython('on a terminal', () => {
  test('for localhost it asks two questions', () => {
    const { status, stdout } = onTerminal(
      [],
      [
        ['Where it runs', ''],
        ['Release of Junjo', ''],
      ],
    );
    expect(stdout).toContain('.env:8 JUNJO_ENV=development');
    expect(stdout).toContain(`JUNJO_K8S_RELEASE=${defaultTag}`);
    expect(stdout).toContain('Wrote .env');
    expect(status).toBe(0);
    expect(cli('synth').status).toBe(0);
  });

  test('for production it asks for hosts, edge, secrets, storage and backup, and again where an answer is wrong', () => {
    const { status, stdout } = onTerminal(
      [],
      [
        ['Where it runs', 'production'],
        ['Release of Junjo', '0.82.1'],
        ['Address of the UI', 'http://studio.example.com'],
        ['Address of the UI', 'https://studio.example.com'],
        ['Address of the API, another host of the same domain [https://api.example.com]', ''],
        ['[https://spans.example.com]', ''],
        ['Gateway', ''],
        ['Ingress class', 'traefik'],
        ['Where secrets come from', ''],
        ['Storage class', ''],
        ['Size of the volume', '20Gi'],
        ['Scheduled backups', 'volsync'],
        ['Secret with the repository', ''],
      ],
    );
    expect(stdout).toContain('JUNJO_PROD_FRONTEND_URL: must begin with https://');
    expect(status).toBe(0);
    expect(errorsOf(written())).toEqual([]);
    const lines = written().split('\n');
    for (const answer of [
      'JUNJO_K8S_RELEASE=0.82.1',
      'JUNJO_PROD_BACKEND_URL=https://api.example.com',
      'JUNJO_K8S_STORAGE_SIZE=20Gi',
      'JUNJO_K8S_BACKUP_REPOSITORY=backup-repository',
    ]) {
      expect(stdout).toContain(`.env:${lines.indexOf(answer) + 1} ${answer}`);
    }
    for (const [, secret = ''] of written().matchAll(/^JUNJO_(?:SESSION_SECRET|SECURE_COOKIE_KEY)=(.*)$/gm)) {
      expect(stdout).not.toContain(secret);
    }
    expect(cli('synth').status).toBe(0);
  });

  test('of a file of compose it asks for what is missing or wrong alone', () => {
    const compose = envText({
      ...production({ JUNJO_K8S_RELEASE: undefined, JUNJO_PROD_INGESTION_URL: 'spans.example.com' }),
      JUNJO_ALLOW_ORIGINS: 'http://localhost:5153,https://other.example.com',
    });
    writeFileSync(path('compose.env'), compose);
    const { status, stdout } = onTerminal(
      ['--from', 'compose.env'],
      [
        ['Release of Junjo', ''],
        ['Address for spans', 'https://spans.example.com'],
        ['Where secrets come from', ''],
        ['Storage class', ''],
        ['Size of the volume', ''],
        ['Scheduled backups', ''],
        ['Another JUNJO_ALLOW_ORIGINS [https://studio.example.com,https://other.example.com]', ''],
      ],
    );
    expect(status).toBe(0);
    expect(stdout).not.toContain('Address of the UI');
    expect(written().startsWith(compose)).toBe(true);
    expect(errorsOf(written())).toEqual([]);
  });

  test.each(['^C', '^D'])('%s ends it, and nothing is written', (key) => {
    const { status, stdout } = onTerminal(
      [],
      [
        ['Where it runs', 'production'],
        ['Release of Junjo', key],
      ],
    );
    expect(status).toBe(1);
    expect(stdout).toContain('was not written');
    expect(existsSync(path('.env'))).toBe(false);
  });

  test('--yes asks nothing', () => {
    expect(onTerminal(['--yes'], []).status).toBe(0);
    expect(errorsOf(written())).toEqual([]);
  });
});
