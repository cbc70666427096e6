import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LEFT_BEHIND } from '../../cli/synth/left-behind';
import { FakeApiServer } from '../support/fake-api-server';
import { Folder } from '../support/folder';
import { deleted } from '../support/left-behind';
import { describeWith } from '../support/programs';
import { envText, freshSecret, type Manifest, production, render, type Settings } from '../support/studio';

const NAMESPACE = 'junjo-ai-studio';

/** What the line of three containers needs and that of two does not read. */
const three = production({ JUNJO_K8S_RELEASE: '0.82.1', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() });

/** A studio whose backend serves the UI, under one host. */
const two = (settings: Settings = {}): Settings => ({
  JUNJO_ENV: 'production',
  JUNJO_PROD_FRONTEND_URL: 'https://studio.example.com',
  JUNJO_PROD_INGESTION_URL: 'https://spans.example.com',
  JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
  JUNJO_K8S_RELEASE: '0.86.0',
  JUNJO_K8S_INGRESS_CLASS: 'traefik',
  ...settings,
});

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
  folder.write('.env', envText(two()));
});

afterEach(() => folder.remove());

describe('of a studio without a frontend', () => {
  test('explain shows what serves the UI, and what its address is for', async () => {
    const { status, stdout } = await folder.junjo(['explain', 'service/junjo-ai-studio-backend']);
    expect([status, stdout]).toEqual([
      0,
      expect.stringContaining('Serves the API, and the UI if there is no frontend'),
    ]);
    const address = await folder.junjo(['explain', 'JUNJO_PROD_FRONTEND_URL']);
    expect(address.stdout).toMatch(/goes to +only in the manifests; no container reads it/);
    const api = await folder.junjo(['explain', 'JUNJO_PROD_BACKEND_URL']);
    expect(api.stdout).toMatch(/^ +required +no$/m);
    expect(api.stdout).toMatch(/goes to +nowhere: release line 0\.86 does not read it, but .* do$/m);
    const migrations = await folder.junjo(['explain', 'RUN_MIGRATIONS']);
    expect(migrations.stdout).toMatch(/goes to +nowhere: release line 0\.86 does not read it, but .* do$/m);
    expect((await folder.junjo(['explain', 'deployment/junjo-ai-studio-frontend'])).status).toBe(1);
  });

  test('diagram leads browsers to the backend', async () => {
    const { status, stdout } = await folder.junjo(['diagram', '--format', 'mermaid']);
    expect(status).toBe(0);
    expect(stdout).toContain('https://studio.example.com');
    expect(stdout).not.toMatch(/frontend|api\.example\.com/);
  });

  test.each<[string, Settings]>([
    ['an Ingress', {}],
    ['a Gateway', { JUNJO_K8S_GATEWAY: 'class:eg', JUNJO_K8S_INGRESS_CLASS: undefined }],
    [
      'localhost',
      { JUNJO_ENV: 'development', JUNJO_PROD_FRONTEND_URL: undefined, JUNJO_PROD_INGESTION_URL: undefined },
    ],
  ])('validate finds nothing to complain of behind %s', async (_, settings) => {
    folder.write('.env', envText(two(settings)));
    const { status, stdout } = await folder.junjo(['validate']);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^junjo-ai-studio: /)]);
  });
});

describeWith(['kubectl'], 'in a cluster, of a studio without a frontend', () => {
  let cluster: FakeApiServer;

  afterEach(() => cluster.close());

  const junjo = (...args: string[]) => folder.junjo(args, { environment: cluster.environment });
  const apply = async (settings: Settings, kinds: readonly string[]) => {
    const { objects } = render(settings);
    cluster.apply(...objects.filter(({ kind }) => kinds.includes(kind)));
    await cluster.until(() =>
      cluster.store.list('deployments').every(({ status }: Manifest) => status?.availableReplicas === 1),
    );
  };
  const kinds = ['Namespace', 'PersistentVolumeClaim', 'ConfigMap', 'Service', 'Deployment'];

  beforeEach(async () => {
    cluster = await FakeApiServer.start();
  });

  test('status shows one address for UI and API, whether the manifests are known or not', async () => {
    await apply(two(), [...kinds, 'Ingress']);
    for (const args of [[], ['--namespace', NAMESPACE]]) {
      const { stdout } = await junjo('status', ...args);
      expect(stdout).toMatch(/^UI, API +https:\/\/studio\.example\.com$/m);
      expect(stdout).toMatch(/^Spans +https:\/\/spans\.example\.com$/m);
      expect(stdout).toMatch(/^backend +1\/1 +0\.86\.0/m);
      expect(stdout).not.toMatch(/frontend|not-applied|not-rendered/);
    }
    const { stdout } = await junjo('status', '--json');
    expect(JSON.parse(stdout).addresses.map(({ name }: { name: string }) => name)).toEqual(['UI', 'API', 'Spans']);
  });

  test('after an upgrade without a removal, status and preflight name the frontend that still runs', async () => {
    await apply(three, kinds);
    await apply(two(), kinds);
    for (const args of [['status'], ['status', '--namespace', NAMESPACE], ['preflight']]) {
      const { stdout, stderr } = await junjo(...args);
      expect(stdout + stderr).toMatch(/warning.*Deployment junjo-ai-studio-frontend:? is not part of this release/);
      expect(stdout + stderr).toContain(
        `kubectl --context=fake --namespace=${NAMESPACE} delete deployment,service,networkpolicy junjo-ai-studio-frontend --ignore-not-found`,
      );
    }
  });

  test('status tells what setting the backend refuses', async () => {
    await apply(two(), kinds);
    cluster.controllers.close();
    const pod = cluster.store.list('pods').find(({ metadata }) => metadata.name.includes('backend'));
    const deployment = cluster.object('deployments', NAMESPACE, 'junjo-ai-studio-backend');
    const terminated = { exitCode: 2, reason: 'Error', finishedAt: new Date().toISOString() };
    const waiting = { reason: 'CrashLoopBackOff', message: 'back-off' };
    const state = { name: 'backend', ready: false, restartCount: 3, state: { waiting }, lastState: { terminated } };
    cluster.apply(
      { ...pod, status: { ...pod.status, conditions: [], containerStatuses: [state] } },
      { ...deployment, status: { ...deployment.status, readyReplicas: 0 } },
    );
    cluster.logs.set(pod.metadata.name, 'Configuration error: PORT must be between 1 and 65535\n');
    const { status, stdout } = await junjo('status');
    expect(status).toBe(1);
    expect(stdout).toContain(
      'error    backend: the backend rejects a setting: PORT must be between 1 and 65535 [setting-refused]',
    );
    expect(stdout).not.toContain('crash-loop');
  });
});

describe('from three containers to two', () => {
  const renderInto = async (settings: Settings) => {
    folder.write('.env', envText(settings));
    return folder.junjo(['synth']);
  };
  const gone = [
    'configmap/junjo-ai-studio-frontend-config',
    'configmap/junjo-ai-studio-frontend-settings',
    'configmap/junjo-ai-studio-ingestion-proxy',
    'deployment.apps/junjo-ai-studio-frontend',
    'networkpolicy.networking.k8s.io/junjo-ai-studio-frontend',
    'service/junjo-ai-studio-frontend',
  ];
  const gateway = { JUNJO_K8S_GATEWAY: 'class:eg', JUNJO_K8S_INGRESS_CLASS: undefined };

  test.each<[string, Settings, readonly string[]]>([
    ['an Ingress', {}, gone],
    ['a Gateway', gateway, [...gone, 'httproute.gateway.networking.k8s.io/junjo-ai-studio-api']],
    [
      'three pods of the UI',
      { JUNJO_K8S_FRONTEND_REPLICAS: '3' },
      [...gone, 'poddisruptionbudget.policy/junjo-ai-studio-frontend'],
    ],
  ])('behind %s synth names what is left behind, and the script removes just that', async (_, settings, expected) => {
    await renderInto({ ...three, ...settings });
    const { status, stdout } = await renderInto(two(settings));
    expect(status).toBe(0);
    const script = readFileSync(join(folder.path, 'dist', LEFT_BEHIND), 'utf8');
    const objects = [...expected].sort().map((resource) => `${NAMESPACE} ${resource}`);
    for (const object of objects) expect(stdout).toContain(`\n  ${object}\n`);
    expect([...deleted(script)].sort()).toEqual(objects);
  });

  const git = { JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git', JUNJO_K8S_SECRETS: 'existing' };
  const unset = {
    JUNJO_SESSION_SECRET: undefined,
    JUNJO_SECURE_COOKIE_KEY: undefined,
    JUNJO_INTERNAL_GRPC_TOKEN: undefined,
  };

  test('from Git synth says what Argo CD prunes, and writes no script', async () => {
    await renderInto({ ...three, ...git, ...unset });
    const { status, stdout } = await renderInto(two({ ...git, ...unset }));
    expect(status).toBe(0);
    expect(stdout).toContain('When it syncs, Argo CD removes 6 objects:');
    for (const resource of gone) expect(stdout).toContain(`\n  ${NAMESPACE} ${resource}\n`);
    expect(existsSync(join(folder.path, 'dist', LEFT_BEHIND))).toBe(false);
  });

  test('in a set of studios it says so of those that change', async () => {
    mkdirSync(join(folder.path, 'studios'));
    const hosts = (name: string) => ({
      JUNJO_PROD_FRONTEND_URL: `https://${name}.example.com`,
      JUNJO_PROD_INGESTION_URL: `https://spans.${name}.example.com`,
    });
    const write = (name: string, settings: Settings) =>
      folder.write(`studios/${name}.env`, envText({ ...settings, ...git, ...unset, ...hosts(name) }));
    for (const name of ['blue', 'green']) {
      write(name, { ...three, JUNJO_PROD_BACKEND_URL: `https://api.${name}.example.com` });
    }
    expect((await folder.junjo(['synth', '--studios', 'studios'])).status).toBe(0);
    write('blue', two());
    const { stdout } = await folder.junjo(['synth', '--studios', 'studios', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ leftBehind: [], prunedByArgoCd: gone.map((each) => `blue ${each}`) });
  });
});
