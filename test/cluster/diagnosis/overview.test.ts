import { ClusterState } from '../../../cluster/diagnosis';
import { overviewOf } from '../../../cluster/diagnosis/overview';
import { type RecordedState, recording } from '../../support/cluster-state';
import { changed, ofTwoContainers } from '../../support/made-states';

const overview = ({ namespace, recorded, objects }: RecordedState) =>
  overviewOf(new ClusterState(objects, { namespace, now: new Date(recorded) }));

test('restarts are shown with the reason of the last one', () => {
  const { workloads } = overview(recording('oom-killed'));
  expect(workloads.find(({ name }) => name === 'backend')).toMatchObject({
    ready: 0,
    desired: 1,
    release: '0.70.3',
    restarts: 2,
    lastRestart: 'OOMKilled, exit code 137',
  });
});

test('a UI with a container of its own is on localhost, where its page calls the API', () => {
  expect(overview(recording('healthy')).addresses).toEqual([
    { name: 'UI', url: 'http://localhost:5153', forwarded: true },
    { name: 'API', url: 'http://10.98.1.10:1323' },
    { name: 'Spans', url: '10.98.1.20:50051' },
  ]);
});

test.each([{ hostname: 'localhost' }, { ip: '127.0.0.1' }])(
  'a cluster that puts load balancers on localhost: %p',
  (address) => {
    const state = changed('healthy', ({ objects }) => {
      for (const { status } of objects.filter(({ kind }) => kind === 'Service'))
        status.loadBalancer = { ingress: [address] };
    });
    expect(overview(state).addresses).toEqual([
      { name: 'UI', url: 'http://localhost:5153' },
      { name: 'API', url: 'http://localhost:1323' },
      { name: 'Spans', url: 'localhost:50051' },
    ]);
  },
);

test('a UI that calls the host it came from is at the address of its load balancer', () => {
  expect(overview(changed('healthy', ofTwoContainers)).addresses.map(({ url }) => url)).toEqual([
    'http://10.98.1.10:1323',
    'http://10.98.1.10:1323',
    '10.98.1.20:50051',
  ]);
});

test('without load balancers everything is forwarded', () => {
  const state = changed('healthy', ({ objects }) => {
    for (const { status } of objects.filter(({ kind }) => kind === 'Service')) status.loadBalancer = {};
  });
  expect(overview(state).addresses.map(({ url, forwarded }) => [url, forwarded])).toEqual([
    ['http://localhost:5153', true],
    ['http://localhost:1323', true],
    ['localhost:50051', true],
  ]);
});

test('a production studio is at the addresses of its settings, whatever its Services are', () => {
  const state = recording('healthy');
  const data = {
    JUNJO_ENV: 'production',
    JUNJO_PROD_FRONTEND_URL: 'https://studio.example.com',
    JUNJO_PROD_BACKEND_URL: 'https://api.example.com',
    JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051',
  };
  state.objects.push({ kind: 'ConfigMap', metadata: { name: 'junjo-ai-studio-frontend-settings' }, data });
  expect(overview(state).addresses.map(({ url }) => url)).toEqual([
    'https://studio.example.com',
    'https://api.example.com',
    'https://spans.example.com:50051',
  ]);
});

test.each([
  [
    'an Ingress',
    { kind: 'Ingress', metadata: { name: 'junjo-ai-studio' }, spec: { rules: [{ host: 'studio.example.com' }] } },
  ],
  [
    'a Gateway',
    { kind: 'HTTPRoute', metadata: { name: 'junjo-ai-studio-ui' }, spec: { hostnames: ['studio.example.com'] } },
  ],
])('a production studio without a frontend is at the address of %s', (_, route) => {
  const state = changed('healthy', ofTwoContainers);
  const data = { JUNJO_ENV: 'production', JUNJO_PROD_INGESTION_URL: 'https://spans.example.com' };
  // The route of the API is left from a release with two hosts.
  const old = {
    kind: 'HTTPRoute',
    metadata: { name: 'junjo-ai-studio-api' },
    spec: { hostnames: ['api.example.com'] },
  };
  state.objects.push(old, { kind: 'ConfigMap', metadata: { name: 'junjo-ai-studio-backend-settings' }, data }, route);
  expect(overview(state).addresses).toEqual([
    { name: 'UI', url: 'https://studio.example.com' },
    { name: 'API', url: 'https://studio.example.com' },
    { name: 'Spans', url: 'https://spans.example.com' },
  ]);
});

test('the latest of several kinds of backups is shown', () => {
  const state = recording('healthy');
  expect(overview(state).lastBackup).toBeUndefined();
  const claim = state.objects.find(({ kind }) => kind === 'PersistentVolumeClaim');
  claim.metadata.annotations = { 'junjo-ai-studio/last-backup': '2026-11-20T00:00:00Z' };
  state.objects.push(
    { kind: 'ReplicationSource', metadata: { name: 'data' }, status: { lastSyncTime: '2026-11-22T00:00:00Z' } },
    {
      kind: 'Backup',
      metadata: { name: 'b' },
      status: { phase: 'Failed', completionTimestamp: '2026-11-23T00:00:00Z' },
    },
  );
  expect(overview(state).lastBackup).toEqual({ at: '2026-11-22T00:00:00Z', by: 'VolSync' });
});

test('a claim that is being deleted is shown as Terminating, although its phase is Bound', () => {
  expect(overview(recording('claim-terminating')).volumes).toEqual([
    { name: 'junjo-ai-studio-data', size: '10Gi', phase: 'Terminating' },
  ]);
});
