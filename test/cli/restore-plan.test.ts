import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { run } from '../../cli/cli';
import { filesOf, writeFiles } from '../../render/files';
import { development, envText, type Manifest, production, render, type Settings } from '../support/studio';

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
    expect(told.join('')).toMatch(/^Schedule junjo-ai-studio\S* names no namespace in includedNamespaces\n?$/);
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
  ['nothing is backed up', development(), [], 'nothing is backed up on a schedule'],
  [
    'a time among backups of Velero',
    velero,
    ['--as-of', '2026-01-02T03:04:05Z'],
    '--as-of chooses among the backups of VolSync',
  ],
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
  expect(told.join()).toContain('names no backup');
});

test('takes no file beside --plan', async () => {
  const { exit, err } = await plan(volsync, 'studio.tar.gz');
  expect([exit, err]).toEqual([1, expect.stringContaining('--plan restores a scheduled backup, not studio.tar.gz')]);
});
