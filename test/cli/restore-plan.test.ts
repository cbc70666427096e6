import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { run } from '../../cli/cli';
import { filesOf, writeFiles } from '../../render/files';
import { development, envText, freshSecret, type Manifest, production, render, type Settings } from '../support/studio';

const folder = mkdtempSync(join(tmpdir(), 'restore-plan-'));
const file = join(folder, 'studio.env');
afterAll(() => rmSync(folder, { recursive: true }));

async function plan(settings: Settings, ...more: string[]) {
  writeFileSync(file, envText(settings));
  let [out, err] = ['', ''];
  const exit = await run(['restore', '--plan', '--env-file', file, ...more], {
    environment: {},
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    color: false,
  });
  return { exit, out, err };
}

const volsync = production({ JUNJO_K8S_BACKUP: 'volsync', JUNJO_K8S_BACKUP_REPOSITORY: 'repository' });
const velero = production({ JUNJO_K8S_BACKUP: 'velero' });

test('prints a manifest that kubectl applies as it is, with the steps around it', async () => {
  const { exit, out } = await plan(volsync, '--as-of', '2026-01-02T03:04:05Z');
  expect(exit).toBe(0);
  const [destination, ...others]: Manifest[] = loadAll(out);
  expect(others).toEqual([]);
  expect(destination.kind).toBe('ReplicationDestination');
  expect(destination.spec.restic.destinationPVC).toBe('junjo-ai-studio-data');
  expect(new Date(destination.spec.restic.restoreAsOf)).toEqual(new Date('2026-01-02T03:04:05Z'));
  const deployments = render(volsync)
    .ofKind('Deployment')
    .map(({ metadata }) => metadata.name);
  const [, named = ''] = /scale deployment (.*) --replicas=0/.exec(out) ?? [];
  for (const name of named.split(' ')) expect(deployments).toContain(name);
});

describe('the commands around it', () => {
  const qdrant = { JUNJO_K8S_QDRANT: 'true', QDRANT_API_KEY: freshSecret() };
  const studios = {
    volsync,
    'volsync beside QDrant': { ...volsync, ...qdrant },
    velero,
    'velero beside QDrant': { ...velero, ...qdrant },
  };
  const every = Object.entries(studios).flatMap(([name, settings]) => [
    [name, settings, []] as const,
    [`${name}, into another namespace`, settings, ['--into', 'look']] as const,
  ]);

  /** What `sh` calls kubectl with, in its order, when the commands of a plan are pasted. */
  async function called(
    settings: Settings,
    {
      more = [],
      failing = 0,
      backups = 'nightly-1 Failed\nnightly-2 Completed\n',
    }: { more?: readonly string[]; failing?: number; backups?: string },
  ) {
    const { out } = await plan(settings, ...more);
    const commands = [...out.matchAll(/^# {5}(.*)$/gm)].map(([, line]) => line).join('\n');
    const bin = join(folder, 'bin');
    const log = join(folder, 'calls');
    mkdirSync(bin, { recursive: true });
    writeFileSync(log, '');
    // It refuses an empty name, as kubectl does; it notes its other calls, and fails at one of them.
    const stub = `#!/bin/sh
case "$*" in 'patch persistentvolume  '*) exit 1 ;; esac
printf '%s\\n' "$*" >> '${log}'
[ "$(wc -l < '${log}')" -ne ${failing} ] || exit 1
case "$*" in *'get backups.velero.io'*) printf '${backups}' ;; *volumeName*) echo pvc-1 ;; esac
`;
    writeFileSync(join(bin, 'kubectl'), stub, { mode: 0o755 });
    const { status } = spawnSync('sh', ['-c', commands], { env: { PATH: `${bin}:${process.env.PATH}` } });
    const calls = readFileSync(log, 'utf8')
      .replaceAll(/restore-[0-9]{14}/g, 'restore-now')
      .split('\n')
      .filter(Boolean);
    return { status, calls };
  }

  /** Whether a call changes something in the cluster. */
  const changes = (call: string) =>
    /\b(apply|scale|delete|patch)\b/.test(call.replace('--for=delete', '')) && !call.includes('--dry-run');

  test.each(every)('%s: nothing runs after a command that fails', async (_, settings, more) => {
    const { status, calls } = await called(settings, { more });
    expect(status).toBe(0);
    expect(calls.length).toBeGreaterThan(3);
    for (let failing = 1; failing <= calls.length; failing += 1) {
      const failed = await called(settings, { more, failing });
      expect(failed.status).not.toBe(0);
      expect(failed.calls).toEqual(calls.slice(0, failing));
    }
  });

  test.each(every)('%s: the objects are tried before anything is changed', async (_, settings, more) => {
    const { calls } = await called(settings, { more });
    const [first = ''] = calls;
    expect(first).toBe('apply --dry-run=server -f restore.yaml');
    expect(calls.findIndex(changes)).toBeGreaterThan(1);
  });

  test.each([
    ['no backup', ''],
    ['none that is complete', 'nightly-1 Failed\nnightly-2 PartiallyFailed\n'],
  ])('velero: %s, and nothing is changed', async (_, backups) => {
    for (const more of [[], ['--into', 'look']]) {
      const { status, calls } = await called(velero, { more, backups });
      expect(status).not.toBe(0);
      expect(calls.filter(changes)).toEqual([]);
    }
  });

  test.each(Object.entries(studios))(
    '%s: whatever mounts a restored claim stops before, and starts at the end',
    async (_, settings) => {
      const { calls } = await called(settings, {});
      const mounting = render(settings)
        .ofKind('Deployment')
        .filter(({ spec }) => spec.template.spec.volumes.some((volume: Manifest) => volume.persistentVolumeClaim))
        .map(({ metadata }) => metadata.name);
      const scaled = (replicas: number) =>
        calls.findIndex((call) => call.endsWith(`scale deployment ${mounting.join(' ')} --replicas=${replicas}`));
      const stopped = calls.findIndex((call) => call.includes('wait --for=delete pod'));
      const restored = calls.indexOf('apply -f restore.yaml');
      expect([scaled(0), stopped, restored, scaled(1)].every((index) => index >= 0)).toBe(true);
      expect([scaled(0), stopped, restored, scaled(1)]).toEqual(
        [scaled(0), stopped, restored, scaled(1)].toSorted((a, b) => a - b),
      );
      expect(scaled(1)).toBe(calls.length - 1);
    },
  );

  test('velero: the claims go, and their volumes stay', async () => {
    const { calls } = await called(studios['velero beside QDrant'], {});
    const kept = calls.findIndex((call) => /^patch persistentvolume pvc-1 .*"Retain"/.test(call));
    const deleted = calls.indexOf(
      '-n junjo-ai-studio delete persistentvolumeclaim junjo-ai-studio-data junjo-ai-studio-qdrant',
    );
    expect(kept).toBeGreaterThan(0);
    expect(deleted).toBeGreaterThan(kept);
  });

  test('into another namespace nothing of the studio is stopped or deleted', async () => {
    for (const settings of Object.values(studios)) {
      const { calls } = await called(settings, { more: ['--into', 'look'] });
      expect(calls.filter((call) => /\b(scale|patch)\b|delete persistentvolumeclaim|dist/.test(call))).toEqual([]);
    }
  });
});

test('what it restores with has no label by which Argo CD or a prune of the studio finds it', async () => {
  for (const settings of [volsync, velero]) {
    const objects: Manifest[] = loadAll((await plan(settings)).out);
    const own = render(settings).get('Deployment', 'junjo-ai-studio-backend').metadata.labels;
    for (const { metadata } of objects)
      for (const label of Object.entries(metadata.labels)) expect(Object.entries(own)).not.toContainEqual(label);
  }
});

test('takes the manifests of an output folder, with what a patch changed in them', async () => {
  const objects = render(volsync).objects.map((manifest) =>
    manifest.kind === 'ReplicationSource'
      ? { ...manifest, spec: { ...manifest.spec, restic: { ...manifest.spec.restic, repository: 'patched' } } }
      : manifest,
  );
  const output = join(folder, 'dist');
  writeFiles(filesOf(objects.map((manifest, index) => ({ file: `${index}.k8s.yaml`, manifest }))), output);
  const out: string[] = [];
  const io = { environment: {}, out: (text: string) => out.push(text), err: () => undefined, color: false };
  expect(await run(['restore', '--plan', '--manifests', output], io)).toBe(0);
  expect(loadAll(out.join(''))).toMatchObject([
    { kind: 'ReplicationDestination', spec: { restic: { repository: 'patched' } } },
  ]);
});

test.each([7, 'studio', null])(
  'refuses a schedule whose namespaces are %j: Velero would restore all',
  async (namespaces) => {
    const { objects } = render(velero);
    const schedule = objects.find(({ kind }) => kind === 'Schedule');
    schedule.spec.template.includedNamespaces = namespaces;
    const output = join(folder, `nonsense-${namespaces}`);
    writeFiles(filesOf(objects.map((manifest, index) => ({ file: `${index}.k8s.yaml`, manifest }))), output);
    const told: string[] = [];
    const io = { environment: {}, out: () => undefined, err: (text: string) => told.push(text), color: false };
    expect(await run(['restore', '--plan', '--manifests', output], io)).toBe(1);
    expect(told.join('')).toMatch(
      /^The Schedule junjo-ai-studio\S* has no namespace in includedNamespaces\. Add the namespace of the studio\n?$/,
    );
  },
);

test('names each restore anew: neither operator restores twice under one name', async () => {
  const { out } = await plan(velero, '--into', 'look');
  const [restore]: Manifest[] = loadAll(out);
  expect(restore).toMatchObject({
    kind: 'Restore',
    metadata: { name: expect.stringMatching(/^restore-20[0-9]{12}$/), namespace: 'velero' },
    spec: { namespaceMapping: { 'junjo-ai-studio': 'look' } },
  });
});

test.each([
  ['nothing is backed up', development(), [], 'there are no scheduled backups'],
  ['a time among backups of Velero', velero, ['--as-of', '2026-01-02T03:04:05Z'], '--as-of works only with VolSync'],
  ...[
    'yesterday',
    '2026-13-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-01-01T25:00:00Z',
    '2026-01-01T00:00:00+99:00',
  ].map((time) => [`the time ${time}`, volsync, ['--as-of', time], `--as-of ${time} is not a valid time`] as const),
] as const)('%s: says so, and prints no manifest', async (_, settings, more, says) => {
  const { exit, out, err } = await plan(settings, ...more);
  expect([exit, out]).toEqual([1, '']);
  expect(err).toContain(says);
});

test('without --plan a restore needs a file', async () => {
  const told: string[] = [];
  const io = { environment: {}, out: () => undefined, err: (text: string) => told.push(text), color: false };
  expect(await run(['restore'], io)).toBe(2);
  expect(told.join()).toContain('no backup named');
});

test.each([
  [['--plan', '-n', 'other'], '--plan uses the namespace of the manifests. Remove --namespace'],
  [['--plan', '--context', 'staging'], '--plan does not use a cluster. Remove --context'],
  [['--plan', '--replace'], '--plan does not use a cluster. Remove --replace'],
  [['studio.tar.gz', '--as-of', '2026-01-02T03:04:05Z'], '--as-of needs --plan'],
])('%j is refused, because a part of it would have no effect', async (args, says) => {
  const told: string[] = [];
  const printed: string[] = [];
  const out = (text: string) => printed.push(text);
  const io = { environment: {}, out, err: (text: string) => told.push(text), color: false };
  expect(await run(['restore', ...args], io)).toBe(2);
  expect([told.join(), printed]).toEqual([expect.stringContaining(says), []]);
});

test('takes no file beside --plan', async () => {
  const { exit, err } = await plan(volsync, 'studio.tar.gz');
  expect([exit, err]).toEqual([
    1,
    expect.stringContaining('--plan restores a scheduled backup and cannot be combined with studio.tar.gz'),
  ]);
});
