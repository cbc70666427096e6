import { type RestorePlanProps, restorePlan } from '../../cluster/copy/restore-plan';
import { StudioManifests } from '../../cluster/studio-manifests';
import { loadStudio } from '../../config/load-studio';
import { formatProblem } from '../../config/problems';
import { type Endpoint, isAllowed } from '../support/network';
import {
  development,
  envText,
  freshSecret,
  isOfEveryStudio,
  type Manifest,
  production,
  Rendered,
  render,
  renderAll,
  type Settings,
} from '../support/studio';

const volsync = { JUNJO_K8S_BACKUP: 'volsync', JUNJO_K8S_BACKUP_REPOSITORY: 'backup-repository' };
const velero = { JUNJO_K8S_BACKUP: 'velero' };

const problems = (settings: Settings) =>
  loadStudio([{ path: '.env', text: envText(settings) }])
    .problems.map(formatProblem)
    .filter((line) => line.includes('JUNJO_K8S_BACKUP'));

const plan = (settings: Settings, what: RestorePlanProps): readonly Manifest[] =>
  restorePlan(new StudioManifests(render(settings).objects), what).objects;

describe('a studio that nobody backs up', () => {
  test('is warned of in production, whether or not the file says so', () => {
    for (const settings of [production(), production({ JUNJO_K8S_BACKUP: 'none' })]) {
      expect(problems(settings)).toEqual([
        expect.stringMatching(/^warning: .*nothing backs up the data.*docs\/runbook\.md/),
      ]);
    }
  });

  test("is nobody else's business on localhost", () => {
    expect(problems(development())).toEqual([]);
  });

  test('has no object for it', () => {
    const kinds = render(production()).objects.map(({ kind }) => kind);
    expect(kinds).not.toContain('ReplicationSource');
    expect(kinds).not.toContain('Schedule');
  });
});

describe('volsync', () => {
  test('copies a snapshot of the claim that the pods mount, as the user that owns its files', () => {
    const studio = render(production(volsync));
    const pod = studio.pod('backend').spec;
    const claim = pod.volumes.find(({ name }: Manifest) => name === 'data').persistentVolumeClaim.claimName;
    const { spec } = studio.get('ReplicationSource', claim);
    expect(spec.sourcePVC).toBe(claim);
    expect(spec.restic).toMatchObject({
      copyMethod: 'Snapshot',
      repository: 'backup-repository',
      retain: { daily: 7 },
    });
    // VolSync drops capabilities by itself; the rest of `restricted` comes from here.
    expect(spec.restic.moverSecurityContext).toEqual(pod.securityContext);
    const namespace = studio.get('Namespace', 'junjo-ai-studio');
    expect(namespace.metadata.annotations).not.toHaveProperty('volsync.backube/privileged-movers');
  });

  test("copies a claim of somebody else's too", () => {
    const studio = render(production({ ...volsync, JUNJO_K8S_EXISTING_CLAIM: 'mine' }));
    expect(studio.get('ReplicationSource', 'mine').spec.sourcePVC).toBe('mine');
  });

  test('takes schedule, number of days and class of the snapshots from the file', () => {
    const { spec } = render(
      production({
        ...volsync,
        JUNJO_K8S_BACKUP_SCHEDULE: '*/30 1-5 * * 1,3',
        JUNJO_K8S_BACKUP_KEEP: '30',
        JUNJO_K8S_BACKUP_SNAPSHOT_CLASS: 'fast',
      }),
    ).get('ReplicationSource', 'junjo-ai-studio-data');
    expect(spec.trigger.schedule).toBe('*/30 1-5 * * 1,3');
    expect(spec.restic).toMatchObject({ retain: { daily: 30 }, volumeSnapshotClassName: 'fast' });
  });

  test('its pods reach names and the storage outside, and nobody reaches them', () => {
    const studio = render(production({ ...volsync, JUNJO_K8S_EGRESS: '10.9.8.7/32:9000' }));
    const policies = studio.ofKind('NetworkPolicy');
    const pod = (name: string, namespace: string, labels: Record<string, string>): Endpoint => ({
      kind: 'pod',
      name,
      namespace,
      namespaceLabels: {},
      labels,
    });
    const mover = pod('volsync-src', 'junjo-ai-studio', { 'app.kubernetes.io/created-by': 'volsync' });
    const backend = pod('backend', 'junjo-ai-studio', studio.pod('backend').metadata.labels);
    const dns = pod('dns', 'kube-system', { 'k8s-app': 'kube-dns' });
    const address = (ip: string): Endpoint => ({ kind: 'address', name: ip, ip });
    const reaches = (to: Endpoint, port: number) => isAllowed(policies, { from: mover, to, port });
    expect([reaches(dns, 53), reaches(address('8.8.8.8'), 443), reaches(address('10.9.8.7'), 9000)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([reaches(address('10.9.8.6'), 443), reaches(backend, 1323), reaches(backend, 50053)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(isAllowed(policies, { from: backend, to: mover, port: 443 })).toBe(false);
    const without = render(production()).ofKind('NetworkPolicy');
    expect(isAllowed(without, { from: mover, to: address('8.8.8.8'), port: 443 })).toBe(false);
  });

  test('is restored into the claim itself, as the same user, and again under another name', () => {
    const [destination, ...others] = plan(production(volsync), { name: 'monday', asOf: '2026-11-02T03:00:00Z' });
    expect(others).toEqual([]);
    expect(destination.spec.restic.enableFileDeletion).toBe(true);
    const source = render(production(volsync)).get('ReplicationSource', 'junjo-ai-studio-data');
    expect(destination).toMatchObject({ kind: 'ReplicationDestination', metadata: { namespace: 'junjo-ai-studio' } });
    expect(destination.spec.trigger).toEqual({ manual: 'monday' });
    expect(destination.spec.restic).toMatchObject({
      copyMethod: 'Direct',
      destinationPVC: source.spec.sourcePVC,
      repository: source.spec.restic.repository,
      moverSecurityContext: source.spec.restic.moverSecurityContext,
    });
    expect(new Date(destination.spec.restic.restoreAsOf)).toEqual(new Date('2026-11-02T03:00:00Z'));
  });

  test('is restored into another namespace beside the studio', () => {
    const [destination] = plan(production(volsync), { name: 'look', into: 'look-first' });
    expect(destination.metadata.namespace).toBe('look-first');
  });
});

describe('volsync beside QDrant', () => {
  const qdrant = { ...volsync, JUNJO_K8S_QDRANT: 'true', QDRANT_API_KEY: freshSecret() };
  const sources = (settings: Settings) =>
    ['junjo-ai-studio-data', 'junjo-ai-studio-qdrant'].map(
      (claim) => render(production(settings)).get('ReplicationSource', claim).spec,
    );
  const own = { JUNJO_K8S_BACKUP_QDRANT_REPOSITORY: 'vectors' };

  // Shared repositories are not supported: docs/usage/restic of backube/volsync.
  test('copies each claim into a repository of its own', () => {
    const repositories = (settings: Settings) => sources(settings).map(({ restic }) => restic.repository);
    expect(repositories(qdrant)).toEqual(['backup-repository', 'backup-repository-qdrant']);
    expect(repositories({ ...qdrant, ...own })).toEqual(['backup-repository', 'vectors']);
  });

  test('says which Secret it expects where the file names none', () => {
    expect(problems(production(qdrant))).toEqual([
      expect.stringMatching(/^note: .*BACKUP_QDRANT_REPOSITORY: .*the Secret backup-repository-qdrant/),
    ]);
    expect(problems(production({ ...qdrant, ...own }))).toEqual([]);
  });

  test.each([
    ['the schedule of the namespace', {}],
    ['a schedule of the file', { JUNJO_K8S_BACKUP_SCHEDULE: '0 3 * * *' }],
    ['a schedule of several minutes', { JUNJO_K8S_BACKUP_SCHEDULE: '0,30 3 * * *' }],
  ])('copies the two claims at different minutes, with %s', (_, settings) => {
    const [data, vectors] = sources({ ...qdrant, ...settings }).map(({ trigger }) => trigger.schedule.split(' '));
    const minutes = data[0].split(',');
    expect(vectors[0].split(',').filter((minute: string) => minutes.includes(minute))).toEqual([]);
    expect(vectors.slice(1)).toEqual(data.slice(1));
  });

  test('is restored claim by claim, each from its own repository', () => {
    const destinations = plan(production(qdrant), { name: 'monday' });
    expect(destinations.map(({ spec: { restic } }) => [restic.destinationPVC, restic.repository])).toEqual([
      ['junjo-ai-studio-data', 'backup-repository'],
      ['junjo-ai-studio-qdrant', 'backup-repository-qdrant'],
    ]);
  });

  // VolSync before 0.13 names the cache of both after the object: backube/volsync#1575.
  test('is restored by objects of other names than those that back up', () => {
    const names = (objects: readonly Manifest[]) => objects.map(({ metadata }) => metadata.name);
    const taken = names(render(production(qdrant)).ofKind('ReplicationSource'));
    expect(names(plan(production(qdrant), { name: 'monday' })).filter((name) => taken.includes(name))).toEqual([]);
  });

  test.each([
    [
      'the Secret of the other claim',
      { JUNJO_K8S_BACKUP_QDRANT_REPOSITORY: 'backup-repository' },
      'is already used by the Secret for the repository of the backups',
    ],
    ['no QDrant', { JUNJO_K8S_QDRANT: 'false', ...own }, 'has no effect without JUNJO_K8S_QDRANT=true'],
    ['every minute', { JUNJO_K8S_BACKUP_SCHEDULE: '* * * * *' }, 'BACKUP_SCHEDULE: has no free minute'],
    [
      'a schedule that VolSync refuses',
      { JUNJO_K8S_BACKUP_SCHEDULE: '0 1-5/2 * * *' },
      'BACKUP_SCHEDULE: is 0 1-5/2 * * *, which VolSync does not support',
    ],
    [
      'a name that is too long for two',
      { JUNJO_K8S_BACKUP_REPOSITORY: 'a'.repeat(250) },
      'Set JUNJO_K8S_BACKUP_QDRANT_REPOSITORY',
    ],
    [
      'velero',
      { ...velero, JUNJO_K8S_BACKUP_REPOSITORY: undefined, ...own },
      'has no effect with JUNJO_K8S_BACKUP=velero',
    ],
  ])('%s is refused', (_, settings, says) => {
    const changed = production({ ...qdrant, ...settings });
    expect(problems(changed)).toEqual(expect.arrayContaining([expect.stringContaining(says)]));
    expect(loadStudio([{ path: '.env', text: envText(changed) }]).config).toBeUndefined();
  });
});

describe('several studios', () => {
  const source = (folder: string, settings: Settings) => {
    const addresses = {
      JUNJO_PROD_FRONTEND_URL: `https://${folder}.example.com`,
      JUNJO_PROD_BACKEND_URL: `https://${folder}-api.example.com`,
      JUNJO_PROD_INGESTION_URL: `https://${folder}-spans.example.com`,
    };
    return { folder, files: [{ path: `${folder}.env`, text: envText(production({ ...addresses, ...settings })) }] };
  };

  test.each([
    ['volsync', volsync, 'ReplicationSource'],
    ['velero', velero, 'Schedule'],
  ])('begin their backups by %s at different times', (_, settings, kind) => {
    const { files } = renderAll(['blue', 'green', 'red'].map((name) => source(name, settings)));
    const times = new Rendered(files).ofKind(kind).map(({ spec }) => spec.trigger?.schedule ?? spec.schedule);
    expect(times.length).toBe(3);
    expect(new Set(times).size).toBe(3);
  });

  test('cannot share a namespace, and with it the Secret of a repository', () => {
    const shared = { ...volsync, JUNJO_K8S_NAMESPACE: 'shared' };
    const { problems: found, files } = renderAll(['blue', 'green'].map((name) => source(name, shared)));
    expect(files).toEqual([]);
    expect(found.filter((problem) => !isOfEveryStudio(problem)).map(formatProblem)).toEqual([
      expect.stringContaining('the namespace shared is already used by the studio blue'),
    ]);
  });
});

describe('velero', () => {
  test('backs up the namespace with the data of its snapshots, and keeps backups without their schedule', () => {
    const { metadata, spec } = render(production(velero)).get('Schedule', 'junjo-ai-studio');
    expect(metadata.namespace).toBe('velero');
    expect(spec).toEqual({
      schedule: expect.any(String),
      useOwnerReferencesInBackup: false,
      template: {
        metadata: { labels: expect.any(Object) },
        includedNamespaces: ['junjo-ai-studio'],
        snapshotMoveData: true,
        ttl: '168h0m0s',
      },
    });
  });

  // FromSchedule in pkg/builder/backup_builder.go of vmware-tanzu/velero: the labels of the template, or else those of the Schedule.
  test('gives backups labels that no object of the studio has, by which something could delete them', () => {
    const studio = render(production({ ...velero, JUNJO_K8S_LABELS: 'team=ml' }));
    const { labels } = studio.get('Schedule', 'junjo-ai-studio').spec.template.metadata;
    expect(Object.keys(labels).length).toBeGreaterThan(0);
    const outside = studio.files.filter(({ path }) => !path.startsWith('foundation/'));
    for (const { metadata } of new Rendered(outside).objects) {
      for (const label of Object.entries(metadata.labels)) expect(Object.entries(labels)).not.toContainEqual(label);
    }
    // Argo CD's tracking by label reads this one.
    expect(labels).not.toHaveProperty(['app.kubernetes.io/instance']);
  });

  test('Argo CD may apply the Schedule, and neither see nor prune what Velero makes of it', () => {
    const git = { JUNJO_K8S_SECRETS: 'existing', JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' };
    const settings = { ...velero, ...git, JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
    const { namespaceResourceWhitelist } = render(production(settings)).get('AppProject', 'junjo-ai-studio').spec;
    const ofVelero = namespaceResourceWhitelist.filter(({ group }: Manifest) => group === 'velero.io');
    expect(ofVelero).toEqual([{ group: 'velero.io', kind: 'Schedule' }]);
  });

  test('runs where the file says, and no other namespace may hold an object of the studio', () => {
    const settings = production({ ...velero, JUNJO_K8S_BACKUP_NAMESPACE: 'openshift-adp' });
    const namespaces = render(settings).objects.map(({ metadata }) => metadata.namespace);
    expect([...new Set(namespaces)].sort()).toEqual(['junjo-ai-studio', 'openshift-adp', undefined]);
  });

  test('Argo CD may write there, and nowhere else without it', () => {
    const git = { JUNJO_K8S_SECRETS: 'existing', JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' };
    const cleared = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
    const destinations = (more: Settings) =>
      render(production({ ...git, ...cleared, ...more }))
        .get('AppProject', 'junjo-ai-studio')
        .spec.destinations.map(({ namespace }: Manifest) => namespace);
    expect(destinations(velero)).toEqual(['junjo-ai-studio', 'velero']);
    expect(destinations(volsync)).toEqual(['junjo-ai-studio']);
    const kinds = render(production({ ...git, ...cleared, ...velero })).get('AppProject', 'junjo-ai-studio').spec
      .namespaceResourceWhitelist;
    expect(kinds).toContainEqual({ group: 'velero.io', kind: 'Schedule' });
  });

  test('is restored by a Restore of the claims alone, from the newest backup of the schedule', () => {
    const [restore] = plan(production(velero), { name: 'monday', into: 'look-first' });
    const { metadata } = render(production(velero)).get('Schedule', 'junjo-ai-studio');
    expect(restore).toMatchObject({ kind: 'Restore', metadata: { name: 'monday', namespace: 'velero' } });
    expect(restore.spec).toEqual({
      scheduleName: metadata.name,
      includedNamespaces: ['junjo-ai-studio'],
      includedResources: ['persistentvolumeclaims', 'persistentvolumes'],
      namespaceMapping: { 'junjo-ai-studio': 'look-first' },
    });
  });

  test.each([
    ['without another namespace', undefined],
    ['with the namespace of the studio itself', 'junjo-ai-studio'],
  ])('is restored to where it was, %s', (_, into) => {
    const [restore] = plan(production(velero), { name: 'monday', into });
    expect(restore.spec).not.toHaveProperty('namespaceMapping');
  });
});

describe('settings that make no backup', () => {
  const node = { JUNJO_HOST_DB_DATA_PATH: '/mnt/data', JUNJO_K8S_NODE: 'worker-1' };
  test.each([
    ['volsync without a repository', { JUNJO_K8S_BACKUP: 'volsync' }, 'BACKUP_REPOSITORY: is missing'],
    [
      'a repository for velero',
      { ...volsync, ...velero },
      'BACKUP_REPOSITORY: has no effect with JUNJO_K8S_BACKUP=velero',
    ],
    ['a schedule for none', { JUNJO_K8S_BACKUP_SCHEDULE: '1 1 * * *' }, 'BACKUP_SCHEDULE: has no effect'],
    ['snapshots of a folder on a node', { ...volsync, ...node }, 'run npm run backup from cron'],
    [
      'a repository, and snapshots of a folder on a node',
      { ...volsync, ...node },
      'BACKUP_REPOSITORY: has no effect: the data is in a folder on a node, which has no snapshots. Remove the line',
    ],
    [
      'velero in a studio that is in its namespace',
      { ...velero, JUNJO_K8S_NAMESPACE: 'backups', JUNJO_K8S_BACKUP_NAMESPACE: 'backups' },
      'BACKUP_NAMESPACE: is the namespace of the studio',
    ],
    [
      'velero beside its default namespace',
      { ...velero, JUNJO_K8S_NAMESPACE: 'velero' },
      'BACKUP_NAMESPACE: is not set, and its default velero is the namespace of the studio',
    ],
    ['snapshots of local-path', { ...velero, JUNJO_K8S_STORAGE_CLASS: 'local-path' }, 'run npm run backup from cron'],
    ['no schedule', { ...velero, JUNJO_K8S_BACKUP_SCHEDULE: 'daily' }, 'BACKUP_SCHEDULE: is not a schedule'],
    ['four fields', { ...velero, JUNJO_K8S_BACKUP_SCHEDULE: '1 2 * *' }, 'BACKUP_SCHEDULE: is not a schedule'],
    ['none kept', { ...velero, JUNJO_K8S_BACKUP_KEEP: '0' }, 'BACKUP_KEEP: must be an integer from 1'],
    [
      'velero in the studio',
      { ...velero, JUNJO_K8S_BACKUP_NAMESPACE: 'junjo-ai-studio' },
      'BACKUP_NAMESPACE: is the namespace of the studio',
    ],
    [
      'one Secret for two things',
      { ...volsync, JUNJO_K8S_BACKUP_REPOSITORY: 'junjo-ai-studio-secrets' },
      'is already used by the Secret',
    ],
  ] as const)('%s', (_, settings, says) => {
    expect(problems(production(settings))).toEqual(expect.arrayContaining([expect.stringContaining(says)]));
    expect(loadStudio([{ path: '.env', text: envText(production(settings)) }]).config).toBeUndefined();
  });
});
