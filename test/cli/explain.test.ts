import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../cli/cli';
import { development, envText, freshSecret, production } from '../support/studio';

let folder: string;
const path = (name: string) => join(folder, name);
const write = (name: string, text: string) => writeFileSync(path(name), text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'explain-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function explain(...args: string[]) {
  const printed = { out: '', err: '' };
  const status = await run(['explain', ...args], {
    environment: {},
    out: (text) => {
      printed.out += text;
    },
    err: (text) => {
      printed.err += text;
    },
    color: false,
  });
  return { status, ...printed };
}

const ofEnv = (...args: string[]) => explain(...args, '--env-file', path('.env'));

describe('a variable', () => {
  test('is told with its line, its readers, where it ends up, and what it changes', async () => {
    write('.env', `# a studio\n${envText({ ...development(), JUNJO_LOG_LEVEL: 'warning' })}`);
    const { status, out } = await ofEnv('JUNJO_LOG_LEVEL');
    expect(status).toBe(0);
    expect(out).toContain('JUNJO_LOG_LEVEL: Minimum severity of log lines.');
    expect(out).toContain(`${path('.env')}:5, to warn\n`);
    expect(out).toContain('ConfigMap junjo-ai-studio-ingestion-settings, key JUNJO_LOG_LEVEL');
    expect(out).toMatch(/read by +backend and ingestion/);
    expect(out).toContain('50-ingestion: Deployment junjo-ai-studio-ingestion');
    expect(out).not.toContain('60-frontend');
  });

  test('has the default of its size', async () => {
    write('.env', envText(production({ JUNJO_K8S_RELEASE: '0.82.1', JUNJO_K8S_SIZE: 'large' })));
    const large = await ofEnv('JUNJO_DF_SPILL_POOL_MB', '--json');
    write('.env', envText(production({ JUNJO_K8S_RELEASE: '0.82.1', JUNJO_K8S_SIZE: 'small' })));
    const small = await ofEnv('JUNJO_DF_SPILL_POOL_MB', '--json');
    const [first, second] = [large, small].map(({ out }) => JSON.parse(out).variables[0].default);
    expect(Number(first)).toBeGreaterThan(Number(second));
  });

  test('that is a secret is told by its line alone, sound or not', async () => {
    const [secret, short] = [freshSecret(), freshSecret().slice(0, 20)];
    write('.env', envText(development({ JUNJO_SESSION_SECRET: secret, OPENAI_API_KEY: `${short} ${short}` })));
    for (const args of [['JUNJO_SESSION_SECRET'], ['JUNJO_SESSION_SECRET', '--json'], ['OPENAI_API_KEY']]) {
      const { status, out, err } = await ofEnv(...args);
      expect(status).toBe(0);
      expect(out).toContain(`${args[0]}`);
      expect(out + err).not.toContain(secret);
      expect(out + err).not.toContain(short);
    }
    expect((await ofEnv('JUNJO_SESSION_SECRET')).out).toContain(`${path('.env')}:2 (secret values are not shown)`);
    expect((await ofEnv('JUNJO_SESSION_SECRET')).out).toContain(
      'Secret junjo-ai-studio-secrets, key JUNJO_SESSION_SECRET',
    );
  });

  test('is told of an address without the password that does not belong there', async () => {
    const password = freshSecret().replace(/\W/g, 'x');
    write('.env', envText(production({ JUNJO_PROD_FRONTEND_URL: `https://me:${password}@studio.example.com` })));
    const { out } = await ofEnv('JUNJO_PROD_FRONTEND_URL');
    expect(out).toContain('it contains credentials');
    expect(out).not.toContain(password);
  });

  test('of two files, the later line wins', async () => {
    write('.env', envText(development({ JUNJO_K8S_SIZE: 'small' })));
    write('more.env', 'JUNJO_K8S_SIZE=large\n');
    const { out } = await explain('JUNJO_K8S_SIZE', '-e', path('.env'), '-e', path('more.env'));
    expect(out).toContain(`${path('more.env')}:1, to large`);
  });

  test('that is misspelt gets the nearest name, and exit status 1', async () => {
    write('.env', envText(development()));
    const { status, out, err } = await ofEnv('JUNJO_K8S_SIZ');
    expect([status, out]).toEqual([1, '']);
    expect(err).toContain('Did you mean JUNJO_K8S_SIZE?');
  });

  test.each([
    ['JUNJO_DF_SPILL_PATH', /nowhere: release line 0\.70 does not read it, but .*0\.82, .* do$/m],
    ['JUNJO_BACKEND_MEM_LIMIT', /nowhere: JUNJO_K8S_SIZE sets memory/],
    ['INGESTION_HOST', /nowhere: the manifests set it to junjo-ai-studio-ingestion-internal/],
    ['GRPC_PORT', /nowhere: it is the internal port for the backend but the public port for ingestion/],
    ['JUNJO_K8S_SIZE', /only in the manifests; no container reads it/],
  ])('%s ends up where it says', async (name, where) => {
    write('.env', envText(development()));
    expect((await ofEnv(name)).out).toMatch(where);
  });

  test('is explained without an env file, too', async () => {
    const { status, out, err } = await ofEnv('JUNJO_K8S_SIZE');
    expect(status).toBe(0);
    expect(out).toMatch(/set +there is no env file/);
    expect(err).toMatch(/^note: .*does not exist/);
  });

  test.each([
    ['0.70.3', 'PORT', /nowhere: release line 0\.70 does not read it, but 0\.86 does$/m],
    ['0.82.1', 'PORT', /nowhere: release line 0\.82 does not read it, but 0\.86 does$/m],
    ['0.86.0', 'PORT', /nowhere: the manifests set it to 26154$/m],
    ['0.86.0', 'JUNJO_SESSION_SECRET', /release line 0\.86 does not read it, but 0\.70, .* and 0\.85 do$/m],
  ])('on the release %s of the env file, %s ends up where that release reads it', async (tag, name, where) => {
    write('.env', `JUNJO_K8S_RELEASE=${tag}\n`);
    const { status, out } = await ofEnv(name);
    expect(status).toBe(0);
    expect(out).toContain(`(${path('.env')}:1)`);
    expect(out).toMatch(where);
    if (out.includes('does not read it')) expect(out).not.toContain('Deployment');
  });

  test('changes no frontend on a release without one', async () => {
    const changed = async (tag: string) => {
      write('.env', `JUNJO_K8S_RELEASE=${tag}\n`);
      return (await ofEnv('JUNJO_K8S_LABELS')).out;
    };
    expect(await changed('0.85.0')).toContain('60-frontend');
    expect(await changed('0.86.0')).not.toContain('frontend');
  });

  test('of several studios is explained once where they do not differ', async () => {
    mkdirSync(path('studios'));
    for (const name of ['a', 'b', 'c', 'd']) write(`studios/${name}.env`, envText(production()));
    const { out } = await explain('JUNJO_K8S_SIZE', '--studios', path('studios'));
    expect(out.match(/^In .*:$/gm)).toEqual(['In a, b, c and 1 more:']);
  });

  test('of several studios is told for each', async () => {
    mkdirSync(path('studios'));
    write('studios/red.env', envText(production({ JUNJO_K8S_SIZE: 'large' })));
    write('studios/blue.env', envText(production()));
    const { out } = await explain('JUNJO_K8S_SIZE', '--studios', path('studios'));
    expect(out).toMatch(/In blue:.*not set.*In red:.*red\.env:[0-9]+, to large/s);
  });
});

describe('what is rendered', () => {
  test.each([
    'deployment/junjo-ai-studio-backend',
    'Deployment junjo-ai-studio-backend',
    'deploy/junjo-ai-studio-backend',
  ])('%s is told with its file and the lines of its settings', async (name) => {
    write('.env', envText(development({ JUNJO_K8S_SIZE: 'medium' })));
    const { status, out } = await ofEnv(name);
    expect(status).toBe(0);
    expect(out).toMatch(/^Deployment junjo-ai-studio-backend: Runs the backend/);
    expect(out).toContain('40-backend.k8s.yaml');
    expect(out).toContain('charts/backend.ts');
    expect(out).toContain(`JUNJO_K8S_SIZE (${path('.env')}:4)`);
    expect(out).not.toContain('JUNJO_K8S_FRONTEND_REPLICAS');
  });

  test('a bare name is every object of that name', async () => {
    write('.env', envText(production()));
    const { out } = await ofEnv('junjo-ai-studio-backend', '--json');
    const objects = JSON.parse(out).objects.map(({ object }: { object: string }) => object);
    expect(objects.sort()).toEqual([
      'Deployment junjo-ai-studio-backend',
      'NetworkPolicy junjo-ai-studio-backend',
      'Service junjo-ai-studio-backend',
    ]);
  });

  test.each(['dist/60-frontend.k8s.yaml', '60-frontend.k8s.yaml'])('%s is told with what it holds', async (name) => {
    write('.env', envText(production({ JUNJO_K8S_FRONTEND_REPLICAS: '2' })));
    const { status, out } = await ofEnv(name);
    expect(status).toBe(0);
    expect(out).toContain('PodDisruptionBudget junjo-ai-studio-frontend');
    expect(out).toContain('JUNJO_K8S_FRONTEND_REPLICAS');
  });

  test('an object that this studio does not have gets the nearest name', async () => {
    write('.env', envText(development()));
    const { status, err } = await ofEnv('service/junjo-ai-studio-backnd');
    expect(status).toBe(1);
    expect(err).toContain('Did you mean service/junjo-ai-studio-backend?');
  });

  test.each([
    ['dist/40-backnd.k8s.yaml', 'Did you mean dist/40-backend.k8s.yaml?'],
    ['deploy/junjo-ai-studio-backnd', 'Did you mean deployment/junjo-ai-studio-backend'],
    ['deployment', 'Did you mean deployment/junjo-ai-studio-'],
    ['backend', 'Did you mean junjo-ai-studio-backend or '],
    ['dist/Kustomization', 'All names are in the output folder'],
    ['nonsense', 'All names are in the output folder'],
    ['junjo_k8s_size', 'Did you mean JUNJO_K8S_SIZE?'],
    ['pod/junjo-ai-studio-backend-6769db5d4f-x2x9k', 'Did you mean deployment/junjo-ai-studio-backend?'],
    ['netpol/backend', 'Did you mean networkpolicy/junjo-ai-studio-backend'],
  ])('%s gets names that are similar, if there are any', async (name, advice) => {
    write('.env', envText(development()));
    const { status, out, err } = await ofEnv(name);
    expect([status, out]).toEqual([1, '']);
    expect(err).toContain(`${name}: is an unknown name. ${advice}`);
  });

  test.each([
    ['externalsecret/junjo-ai-studio-secrets', /It depends on [^.]*\bJUNJO_K8S_SECRETS\b/],
    ['ExternalSecret', /It depends on [^.]*\bJUNJO_K8S_SECRETS\b/],
    ['sealedsecret/mine', /Its file would be 30-sealed-secret/],
  ])('%s is explained, although the settings do not render it', async (name, said) => {
    write('.env', envText(development()));
    const { status, err } = await ofEnv(name);
    expect(status).toBe(1);
    expect(err).toContain('is not rendered');
    expect(err).toMatch(said);
  });

  test.each(['dist/60-frontend.k8s.yaml', '60-frontend', 'deployment/junjo-ai-studio-frontend'])(
    '%s is explained, although the release does not have it',
    async (name) => {
      const settings = { JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
      write('.env', envText(development(settings)));
      const { status, err } = await ofEnv(name);
      expect(status).toBe(1);
      expect(err).toMatch(/is not rendered for release 0\.86\.0 with these settings\..* JUNJO_K8S_RELEASE/);
    },
  );

  test('an object that several studios have alike is explained once', async () => {
    mkdirSync(path('studios'));
    for (const name of ['a', 'b']) {
      const hosts = {
        JUNJO_PROD_FRONTEND_URL: `https://${name}.example.com`,
        JUNJO_PROD_BACKEND_URL: `https://api.${name}.example.com`,
      };
      const spans = { JUNJO_PROD_INGESTION_URL: `https://spans.${name}.example.com` };
      write(`studios/${name}.env`, envText(production({ ...hosts, ...spans })));
    }
    const { out } = await explain('deployment/junjo-ai-studio-backend', '--studios', path('studios'));
    expect(out.match(/^Deployment /gm)).toHaveLength(1);
    expect(out).toContain('a/40-backend.k8s.yaml and b/40-backend.k8s.yaml');
  });

  test('what cannot be rendered is not explained, but its error is shown', async () => {
    write('.env', envText(development({ JUNJO_K8S_SIZE: 'huge' })));
    const { status, out, err } = await ofEnv('deployment/junjo-ai-studio-backend');
    expect([status, out]).toEqual([1, '']);
    expect(err).toContain('JUNJO_K8S_SIZE: must be one of');
  });
});
