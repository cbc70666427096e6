import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { variablesOf } from '../../config/variables';
import { lineOf, newestTag, recommendedTag, releaseLines } from '../../releases';
import { Folder } from '../support/folder';
import { describeWith } from '../support/programs';
import { development, envText, freshSecret, problemsOf, production } from '../support/studio';
import { upstreamExample } from '../support/upstream-example';
import { Workspace } from '../support/workspace';

let folder: Folder;
const path = (name: string) => join(folder.path, name);
const cli = (...args: string[]) => folder.junjo(args);
const written = () => readFileSync(path('.env'), 'utf8');
const errorsOf = (text: string) => problemsOf(text).filter((line) => !/^(note|warning): /.test(line));

/** Prompts, as far as they are told apart, with their answers. */
type Dialogue = readonly (readonly [prompt: string, answer: string])[];

/** Runs init where somebody answers each prompt as it comes. */
async function withAnswers(args: readonly string[], dialogue: Dialogue) {
  const left = [...dialogue];
  const prompts: string[] = [];
  const ask = async (prompt: string) => {
    prompts.push(prompt);
    const [expected = '', answer] = left.shift() ?? [];
    return prompt.includes(expected) ? answer : undefined;
  };
  const { status, stdout, stderr } = await folder.junjo(['init', ...args], {
    terminal: () => ({ ask, close: () => undefined }),
  });
  return { status, stdout: [...prompts, stdout, stderr].join('\n') };
}

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

describe('without a terminal', () => {
  test('it asks nothing, and writes a studio on localhost', async () => {
    const { status, stdout } = await cli('init');
    expect(status).toBe(0);
    expect(stdout).toContain(
      'It is for release 0.70.3. If you have no data yet, take the newest release:\ndelete .env, and run this command again with --release 0.86.0.',
    );
    expect(statSync(path('.env')).mode & 0o777).toBe(0o600);
    expect(errorsOf(written())).toEqual([]);
    expect((await cli('synth')).status).toBe(0);
  });

  test('a problem names no line of a file that was not written', async () => {
    const { stderr } = await cli('init', '--release', '9.9');
    expect(stderr).toMatch(/^\.env JUNJO_K8S_RELEASE: 9\.9 is newer/m);
    folder.write('compose.env', 'JUNJO_ENV=nowhere\n');
    const from = await cli('init', '--from', 'compose.env', '--release', '9.9');
    expect(from.stderr).toMatch(/^compose\.env:1 JUNJO_ENV: /m);
    expect(from.stderr).toMatch(/^compose\.env JUNJO_K8S_RELEASE: /m);
  });

  test.each(releaseLines.map(newestTag))(
    'everything comes from options, for a production studio of %s',
    async (tag) => {
      const { status, stdout, stderr } = await cli(
        ...['init', '--environment', 'production', '--release', tag],
        ...['--ui', 'https://studio.example.com', '--api', 'https://api.example.com'],
        ...['--spans', 'https://spans.example.com', '--ingress-class', 'traefik'],
        ...['--storage-class', 'fast-ssd', '--storage-size', '50Gi'],
        ...['--backup', 'volsync', '--backup-repository', 'backups', '--set', 'JUNJO_K8S_SIZE=medium'],
      );
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).not.toContain('--release');
      expect(errorsOf(written())).toEqual([]);
      for (const line of ['JUNJO_ENV=production', `JUNJO_K8S_RELEASE=${tag}`, 'JUNJO_K8S_SIZE=medium']) {
        expect(written().split('\n')).toContain(line);
      }
      const { status: synth, stderr: said } = await cli('synth');
      expect({ synth, said }).toEqual({ synth: 0, said: expect.any(String) });
    },
  );

  test.each(releaseLines.map(newestTag))(
    'a studio of %s has the settings that the release reads, and no other',
    async (tag) => {
      expect((await cli('init', '--release', tag)).status).toBe(0);
      expect(problemsOf(written())).toEqual(tag === '0.84.1' || tag === '0.70.4' ? [expect.stringContaining(tag)] : []);
      const names = [...written().matchAll(/^(?:# )?([A-Z_0-9]+)=/gm)].map(([, name]) => name);
      const readers = (name: string) =>
        variablesOf(lineOf(tag) ?? releaseLines[0]).find((variable) => variable.name === name)?.readers;
      for (const name of ['JUNJO_SESSION_SECRET', 'OPENAI_API_KEY', 'HTTPS_PROXY', 'JUNJO_ALLOW_ORIGINS']) {
        expect([name, names.includes(name)]).toEqual([name, readers(name)?.length !== 0]);
      }
      expect(names).toEqual(
        expect.arrayContaining(['JUNJO_BUILD_TARGET', 'JUNJO_PROD_FRONTEND_URL', 'JUNJO_K8S_SIZE']),
      );
    },
  );

  test.each(['existing', 'external'])('with secrets that are %s, none are in the file', async (mode) => {
    const store = mode === 'external' ? ['--secret-store', 'ClusterSecretStore/vault'] : [];
    const { status, stderr } = await cli('init', '--secrets', mode, ...store);
    expect([status, stderr]).toEqual([0, '']);
    expect(written()).not.toMatch(/^JUNJO_SE(SSION_SECRET|CURE_COOKIE_KEY)=/m);
    expect(errorsOf(written())).toEqual([]);
  });

  test.each([
    [['--environment', 'staging'], /JUNJO_ENV: must be one of/],
    [['--release', '9.9.9'], /JUNJO_K8S_RELEASE: 9\.9\.9 is newer than/],
    [['--environment', 'production'], /JUNJO_PROD_FRONTEND_URL: is missing/],
  ])('%j is refused, and nothing is written', async (args, said) => {
    const { status, stdout, stderr } = await cli('init', ...args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(said);
    expect(existsSync(path('.env'))).toBe(false);
  });

  test('a file that is there stays as it is', async () => {
    writeFileSync(path('.env'), 'mine');
    expect((await cli('init')).stderr).toContain('.env: already exists');
    expect(written()).toBe('mine');
  });

  test('a secret is not taken from a command line', async () => {
    const secret = freshSecret();
    const { status, stdout, stderr } = await cli('init', '--set', `JUNJO_SESSION_SECRET=${secret}`);
    expect(status).toBe(2);
    expect(stdout + stderr).not.toContain(secret);
    expect(existsSync(path('.env'))).toBe(false);
  });
});

describe('--from', () => {
  test('keeps every line as it is, and adds what is missing below a heading', async () => {
    const compose = `# ours\r\n${envText(development())}\nexport OTHER="a b" # kept\n#JUNJO_K8S_SIZE=small`;
    writeFileSync(path('compose.env'), compose);
    const { status, stderr } = await cli('init', '--from', 'compose.env', '--set', 'JUNJO_K8S_SIZE=large');
    expect([status, stderr]).toEqual([0, '']);
    expect(written().startsWith(`${compose}\n`)).toBe(true);
    expect(written().slice(compose.length)).toBe('\n\n# === Kubernetes: added by init ===\n\nJUNJO_K8S_SIZE=large\n');
    expect(readFileSync(path('compose.env'), 'utf8')).toBe(compose);
    expect(statSync(path('.env')).mode & 0o777).toBe(0o600);
  });

  test('replaces a placeholder by a new secret, and keeps a valid secret', async () => {
    const key = freshSecret();
    writeFileSync(
      path('compose.env'),
      `JUNJO_ENV=development\nJUNJO_SESSION_SECRET=your_base64_secret_here\nJUNJO_SECURE_COOKIE_KEY=${key}\n`,
    );
    expect((await cli('init', '--from', 'compose.env')).status).toBe(0);
    expect(written().match(/^JUNJO_SESSION_SECRET=/gm)).toHaveLength(2);
    expect(written().match(/^JUNJO_SECURE_COOKIE_KEY=/gm)).toHaveLength(1);
    expect(errorsOf(written())).toEqual([]);
  });

  test('tells what is wrong at its line of that file, and writes nothing', async () => {
    writeFileSync(path('compose.env'), `${envText(development())}JUNJO_LOG_LEVEL=loud\n`);
    const { status, stderr } = await cli('init', '--from', 'compose.env');
    expect(status).toBe(1);
    expect(stderr).toContain('compose.env:4 JUNJO_LOG_LEVEL: must be one of');
    expect(existsSync(path('.env'))).toBe(false);
  });

  test.each([
    ['0.82.1', { JUNJO_INTERNAL_GRPC_TOKEN: undefined }, ['JUNJO_INTERNAL_GRPC_TOKEN']],
    ['0.86.0', { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined }, ['JUNJO_INTERNAL_GRPC_TOKEN']],
  ])('adds the secrets that %s reads, and no other', async (release, without, added) => {
    writeFileSync(path('compose.env'), envText(development({ JUNJO_K8S_RELEASE: release, ...without })));
    expect((await cli('init', '--from', 'compose.env')).status).toBe(0);
    const [, end = ''] = written().split('added by init ===');
    expect([...end.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name)).toEqual(added);
  });

  // Placeholders as upstream has them: nothing else in these files needs an answer.
  const upstream = releaseLines.flatMap((line) => {
    const tag = recommendedTag(line);
    const distributions = /^0\.8[125]/.test(tag) ? (['root', 'minimal', 'vm-caddy'] as const) : (['root'] as const);
    return distributions.map((distribution) => [tag, distribution] as const);
  });
  test.each(upstream)("of upstream's example of %s (%s) asks nothing with --yes", async (tag, distribution) => {
    const { set } = upstreamExample(tag, distribution);
    const secrets = Object.keys(set).filter((name) => /SECRET|COOKIE_KEY|TOKEN/.test(name));
    const placeholders = Object.fromEntries(secrets.map((name) => [name, `your_${name.toLowerCase()}_here`]));
    writeFileSync(path('.env.example'), envText({ ...set, ...placeholders }));
    const { status, stdout } = await withAnswers(['--yes', '--from', '.env.example'], []);
    expect([status, stdout]).toEqual([0, expect.stringContaining('Next: npm run synth')]);
    expect(errorsOf(written())).toEqual([]);
    const release = /^JUNJO_K8S_RELEASE=(.*)$/m.exec(written())?.[1];
    // What 0.80.0 added is in comments, which leaves the default. From 0.82 to 0.85 the files differ in comments alone.
    const chosen = /^0\.(70|80)/.test(tag)
      ? undefined
      : tag.startsWith('0.8') && tag > '0.82' && tag < '0.86'
        ? '0.85.0'
        : tag;
    expect(release).toBe(chosen);
    if (release) expect(stdout).toContain(`JUNJO_K8S_RELEASE: is set to ${release}`);
    expect((await cli('synth')).status).toBe(0);
  });

  test('of a file that is not there says so', async () => {
    expect((await cli('init', '--from', 'nowhere.env')).stderr).toContain('nowhere.env: cannot be read');
  });
});

describe('where somebody answers', () => {
  test('for production it asks for hosts, edge, secrets, storage and backup, and again where an answer is wrong', async () => {
    const { status, stdout } = await withAnswers(
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
        ['Secret with the restic repository', ''],
      ],
    );
    expect(stdout).toContain('JUNJO_PROD_FRONTEND_URL: must start with https://');
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
    expect((await cli('synth')).status).toBe(0);
  });

  test('of a file of compose it asks for what is missing or wrong alone', async () => {
    const compose = envText({
      ...production({ JUNJO_K8S_RELEASE: undefined, JUNJO_PROD_INGESTION_URL: 'spans.example.com' }),
      JUNJO_ALLOW_ORIGINS: 'http://localhost:5153,https://other.example.com',
    });
    writeFileSync(path('compose.env'), compose);
    const { status, stdout } = await withAnswers(
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

  test('the newest release is recommended, with what each line means, and asked for its hosts alone', async () => {
    const { status, stdout } = await withAnswers(
      [],
      [
        ['Where it runs', 'production'],
        ['Release of Junjo AI Studio; without data, take the newest (0.86.0) [0.86.0]', ''],
        ['Address of the UI', 'https://studio.example.com'],
        ['Address for spans', ''],
        ['Gateway', ''],
        ['Ingress class', ''],
        ['Where secrets come from', ''],
        ['Storage class', ''],
        ['Size of the volume', ''],
        ['Scheduled backups', ''],
      ],
    );
    expect(status).toBe(0);
    for (const line of [
      '0.70.3 (16 November 2025): 3 containers, 3 hosts; SQLite, DuckDB, BadgerDB; a guard requires a sign-in in production',
      '0.82.1 (18 July 2026): 3 containers, 3 hosts; SQLite, Arrow and Parquet files; the API requires a sign-in',
      '0.84.1: 3 containers, 3 hosts; SQLite, Arrow and Parquet files; the API requires a sign-in; its images might not exist',
      '0.86.0 (8 October 2026): 2 containers, 2 hosts; SQLite, Arrow and Parquet files; the API requires a sign-in',
    ]) {
      expect(stdout.split('\n')).toContain(`  ${line}`);
    }
    expect(errorsOf(written())).toEqual([]);
    expect(written()).toMatch(/^JUNJO_K8S_RELEASE=0\.86\.0$/m);
    expect((await cli('synth')).status).toBe(0);
  });

  test.each([
    ['0.70.3', {}],
    ['0.81.5', { JUNJO_DF_SPILL_ENABLED: 'true' }],
    ['0.80.0', { BATCH_SIZE: '1000', JUNJO_BACKEND_PORT: '1323' }],
  ])('a file of compose keeps its release, %s', async (release, settings) => {
    writeFileSync(path('compose.env'), envText(development(settings)));
    const { status } = await withAnswers(['--from', 'compose.env'], [[`(0.86.0) [${release}]`, '']]);
    expect(status).toBe(0);
    expect(written()).toMatch(new RegExp(`^JUNJO_K8S_RELEASE=${release}$`, 'm'));
    expect(errorsOf(written())).toEqual([]);
  });

  test('what is wrong with a line of compose is told before its question, and what else the file may be of', async () => {
    const token = { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
    writeFileSync(
      path('compose.env'),
      envText(production({ ...token, JUNJO_K8S_RELEASE: undefined, JUNJO_PROD_INGESTION_URL: 'spans' })),
    );
    const { stdout } = await withAnswers(
      ['--from', 'compose.env'],
      [
        ['[0.85.0]', ''],
        ['Address for spans', 'https://spans.example.com'],
      ],
    );
    expect(stdout).toMatch(/^ {2}JUNJO_K8S_RELEASE: .* Data written by 0\.82\.1 or 0\.83\.0 needs that release\. /m);
    expect(stdout).toContain('  JUNJO_PROD_INGESTION_URL: is not a URL; start it with https://');
    expect(stdout).not.toContain('JUNJO_K8S_STORAGE_CLASS: ');
  });

  test('--yes asks nothing', async () => {
    expect((await withAnswers(['--yes'], [])).status).toBe(0);
    expect(errorsOf(written())).toEqual([]);
  });
});

describeWith(['python3'], 'on a terminal', () => {
  let workspace: Workspace;

  beforeEach(() => {
    workspace = new Workspace();
  });

  afterEach(() => workspace.remove());

  /** Runs init in a process on a pseudo-terminal. */
  const onTerminal = (dialogue: Dialogue) => {
    const command = ['node', '-r', 'tsx/cjs', 'cli/cli.ts', 'init'];
    return workspace.run('python3', [resolve('test/support/terminal.py'), JSON.stringify(dialogue), ...command]);
  };

  test('for localhost it asks two questions', () => {
    const { status, stdout } = onTerminal([
      ['Where it runs', ''],
      ['Release of Junjo', ''],
    ]);
    expect(stdout).toContain('.env:8 JUNJO_ENV=development');
    expect(stdout).toContain(`JUNJO_K8S_RELEASE=${releaseLines.map(newestTag).at(-1)}`);
    expect(stdout).toContain('Wrote .env');
    expect(status).toBe(0);
  });

  test.each(['^C', '^D'])('%s ends it, and nothing is written', (key) => {
    const { status, stdout } = onTerminal([
      ['Where it runs', 'production'],
      ['Release of Junjo', key],
    ]);
    expect(status).toBe(1);
    expect(stdout).toContain('was not written');
    expect(existsSync(join(workspace.path, '.env'))).toBe(false);
  });
});
