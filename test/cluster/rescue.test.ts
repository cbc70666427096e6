import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { backUp } from '../../cli/backup';
import { tellStatus } from '../../cli/status';
import { writeFiles } from '../../render/files';
import { FakeApiServer } from '../support/fake-api-server';
import type { Resource } from '../support/fake-cluster/resources';
import { manageVolumes } from '../support/fake-cluster/volumes';
import { hasty } from '../support/live-studio';
import { describeWith } from '../support/programs';
import { development, files, freshSecret, type Manifest, Rendered, type Settings } from '../support/studio';

// Each runs some processes of kubectl, which take their time on a busy machine.
jest.setTimeout(300_000);

const DATA = 'junjo-ai-studio-data';
const QDRANT = 'junjo-ai-studio-qdrant';
const onNode = { JUNJO_HOST_DB_DATA_PATH: '/mnt/data', JUNJO_K8S_NODE: 'node-1' };
const withQdrant = { JUNJO_K8S_QDRANT: 'true', QDRANT_API_KEY: freshSecret() };

describeWith(['kubectl'], 'the rescue of a deleted claim, as it is printed', () => {
  let cluster: FakeApiServer;
  let folder: string;

  beforeEach(async () => {
    cluster = await FakeApiServer.start();
    manageVolumes(cluster);
    folder = mkdtempSync(join(tmpdir(), 'junjo-rescue-'));
  });

  afterEach(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true });
  });

  const claim = (name: string): Manifest =>
    cluster.store.list('persistentvolumeclaims', 'junjo').find(({ metadata }) => metadata.name === name);
  const volume = (name: string): Manifest =>
    cluster.store.list('persistentvolumes').find(({ metadata }) => metadata.name === name);
  const volumeOf = (name: string): string | undefined => claim(name)?.spec.volumeName;
  const runs = () => cluster.store.list('pods', 'junjo').some(({ status }) => status.phase === 'Running');
  const bound = (name: string) => cluster.until(() => claim(name)?.status?.phase === 'Bound' && !!volumeOf(name));

  const resource = (kind: string): Resource => {
    const found = cluster.resources.find((each) => each.kind === kind);
    if (!found) throw new Error(`there is no ${kind}`);
    return found;
  };

  /** Renders a studio into dist/, and waits until its pods use its claims. */
  const started = async (settings: Settings = {}, ...more: Manifest[]) => {
    const rendered = files(development({ JUNJO_K8S_NAMESPACE: 'junjo', ...settings }));
    writeFiles(rendered, join(folder, 'dist'));
    cluster.apply(...new Rendered(rendered).objects, ...more);
    for (const { metadata } of cluster.store.list('persistentvolumeclaims', 'junjo')) await bound(metadata.name);
    await cluster.until(runs);
  };

  const setPolicy = (name: string, persistentVolumeReclaimPolicy: string) => {
    const before = volume(name);
    cluster.apply({ ...before, spec: { ...before.spec, persistentVolumeReclaimPolicy } });
  };

  /** What Kubernetes does first on `kubectl delete`: the object stays until its finalizers are gone. */
  const deleted = (kind: string, ...names: string[]) => {
    for (const name of names) {
      const { namespaced } = resource(kind);
      const object = cluster.store.get(resource(kind), namespaced ? 'junjo' : undefined, name);
      const metadata = { ...object?.metadata, deletionTimestamp: new Date().toISOString() };
      cluster.store.put(resource(kind), { ...object, metadata });
    }
  };

  const io = (said: string[]) => {
    const note = (text: string) => said.push(text);
    return { environment: cluster.environment, out: note, err: note, color: false };
  };

  const status = async () => {
    const said: string[] = [];
    await tellStatus({ namespace: 'junjo' }, io(said));
    return said.join('\n');
  };

  const backup = async () => {
    const said: string[] = [];
    const exit = await backUp({ file: join(folder, 'a.tar.gz'), namespace: 'junjo', yes: true }, io(said), hasty);
    return { exit, said: said.join('\n') };
  };

  /** The first commands of a text that stand in lines of their own. */
  const commandsIn = (text: string): string => {
    const lines = text.split('\n').map((line) => line.trim());
    const first = lines.findIndex((line) => line.startsWith('kubectl '));
    if (first < 0) throw new Error(`there are no commands in ${text}`);
    const length = lines.slice(first).findIndex((line) => !line.endsWith('&&')) + 1;
    return lines.slice(first, first + length).join('\n');
  };

  /** Pastes a text into a shell. @returns what failed; nothing when all of it succeeded */
  const paste = (text: string): Promise<string> =>
    promisify(execFile)('sh', ['-c', text], { cwd: folder, env: cluster.environment }).then(
      () => '',
      ({ message }: Error) => message,
    );

  test.each<[string, Settings, string]>([
    ['of a class that deletes', {}, 'Delete'],
    ['of a class that retains', {}, 'Retain'],
    ['of a folder on a node', onNode, 'Retain'],
  ])('binds the volume %s to a new claim, and the studio runs on it again', async (_, settings, policy) => {
    await started(settings);
    const name = volumeOf(DATA) ?? '';
    setPolicy(name, policy);
    const { uid } = claim(DATA).metadata;
    deleted('PersistentVolumeClaim', DATA);
    const text = await status();
    expect(text).toMatch(/^error +claim junjo-ai-studio-data: is being deleted/m);
    expect(await paste(commandsIn(text))).toBe('');
    await bound(DATA);
    await cluster.until(runs);
    expect(volumeOf(DATA)).toBe(name);
    expect(claim(DATA).metadata.uid).not.toBe(uid);
    expect(cluster.store.list('persistentvolumes')).toHaveLength(1);
  });

  test.each<[string, readonly string[]]>([
    ['several claims are', [DATA, QDRANT]],
    ['the claim of QDrant is', [QDRANT]],
  ])('keeps every volume when %s deleted, and each claim gets its own back', async (_, names) => {
    await started(withQdrant);
    const volumes = [volumeOf(DATA), volumeOf(QDRANT)];
    deleted('PersistentVolumeClaim', ...names);
    expect(await paste(commandsIn(await status()))).toBe('');
    for (const name of names) await bound(name);
    expect([volumeOf(DATA), volumeOf(QDRANT)]).toEqual(volumes);
  });

  test('leaves the volume of a claim that is not rendered to the next claim of that name', async () => {
    const own = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'mine', namespace: 'junjo' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    await started({ JUNJO_K8S_EXISTING_CLAIM: 'mine' }, own);
    const name = volumeOf('mine');
    deleted('PersistentVolumeClaim', 'mine');
    const text = await status();
    expect(text).toContain('# Create PersistentVolumeClaim mine again');
    expect(await paste(commandsIn(text))).toBe('');
    expect(runs()).toBe(false);
    cluster.apply(own);
    await bound('mine');
    expect(volumeOf('mine')).toBe(name);
  });

  test('saves the volume of a namespace that is being deleted', async () => {
    await started();
    const name = volumeOf(DATA) ?? '';
    deleted('Namespace', 'junjo');
    deleted('PersistentVolumeClaim', DATA);
    const pasted = paste(commandsIn(await status()));
    // The pods end when the volume is retained already.
    await cluster.until(() => volume(name)?.spec.persistentVolumeReclaimPolicy === 'Retain');
    for (const { metadata } of cluster.store.list('deployments', 'junjo')) {
      cluster.store.remove(resource('Deployment'), 'junjo', metadata.name);
    }
    expect(await pasted).toBe('');
    await bound(DATA);
    expect(volumeOf(DATA)).toBe(name);
  });

  test('waits until the volume object of a node is gone, where that is being deleted too', async () => {
    await started(onNode);
    const { uid } = volume('junjo-data').metadata;
    deleted('PersistentVolume', 'junjo-data');
    deleted('PersistentVolumeClaim', DATA);
    expect(await paste(commandsIn(await status()))).toBe('');
    await bound(DATA);
    expect(volume('junjo-data').status.phase).toBe('Bound');
    expect(volume('junjo-data').metadata.uid).not.toBe(uid);
  });

  test('deletes nothing when the volume cannot be retained', async () => {
    await started();
    deleted('PersistentVolumeClaim', DATA);
    const commands = commandsIn(await status());
    cluster.admit = ({ kind }) => (kind === 'PersistentVolume' ? 'the policy of volumes is fixed' : undefined);
    expect(await paste(commands)).toContain('the policy of volumes is fixed');
    expect(runs()).toBe(true);
    expect(claim(DATA)).toBeDefined();
  });

  test('deletes nothing when something sets the policy of the volume back', async () => {
    await started();
    const name = volumeOf(DATA) ?? '';
    deleted('PersistentVolumeClaim', DATA);
    const commands = commandsIn(await status()).replace('--timeout=30s', '--timeout=1s');
    cluster.store.watch(({ object, type }) => {
      if (object.kind !== 'PersistentVolume' || type === 'DELETED') return;
      if (object.spec.persistentVolumeReclaimPolicy === 'Retain') setPolicy(name, 'Delete');
    });
    expect(await paste(commands)).toContain('timed out waiting for the condition');
    expect(runs()).toBe(true);
  });

  test('reserves a volume whose claim is gone before anything is applied', async () => {
    await started();
    const name = volumeOf(DATA) ?? '';
    setPolicy(name, 'Retain');
    for (const each of cluster.resources.filter(({ namespaced }) => namespaced)) {
      for (const { metadata } of cluster.store.list(each.plural, 'junjo')) {
        cluster.store.remove(each, 'junjo', metadata.name);
      }
    }
    await cluster.until(() => volume(name).status.phase === 'Released');
    const text = await status();
    expect(text.replace(/\s+/g, ' ')).toMatch(/error volume \S+: holds the data of the claim junjo-ai-studio-data/);
    expect(await paste(commandsIn(text))).toBe('');
    await bound(DATA);
    expect(volumeOf(DATA)).toBe(name);
  });

  test('reserves the folder on a node for the claim that was applied again too early', async () => {
    await started(onNode);
    const name = volumeOf(DATA) ?? '';
    // The volume remembers the claim before; this one names it, and is not bound.
    const before = volume(name);
    cluster.apply({ ...before, spec: { ...before.spec, claimRef: { ...before.spec.claimRef, uid: 'of before' } } });
    cluster.apply({ ...claim(DATA), status: { phase: 'Pending' } });
    await cluster.until(() => volume(name).status.phase === 'Released');
    const text = await status();
    expect(text.replace(/\s+/g, ' ')).toContain(`the volume ${name} holds the data of the deleted claim ${DATA}`);
    expect(await paste(commandsIn(text))).toBe('');
    await bound(DATA);
    expect(volume(name)).toMatchObject({
      spec: { claimRef: { uid: claim(DATA).metadata.uid } },
      status: { phase: 'Bound' },
    });
  });

  test('backup refuses at once, with the same commands, and changes nothing', async () => {
    await started();
    deleted('PersistentVolumeClaim', DATA);
    const { exit, said } = await backup();
    expect(exit).toBe(1);
    expect(said).toMatch(/^The claim junjo-ai-studio-data is being deleted/);
    expect(commandsIn(said)).toBe(commandsIn(await status()));
    expect(commandsIn(said)).toContain(`kubectl --context=fake patch persistentvolume ${volumeOf(DATA)} -p`);
    expect(cluster.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('backup in a namespace that is being deleted names the volumes of all its claims, as status does', async () => {
    await started(withQdrant);
    deleted('Namespace', 'junjo');
    deleted('PersistentVolumeClaim', DATA);
    const { said } = await backup();
    expect(commandsIn(said)).toBe(commandsIn(await status()));
    expect(commandsIn(said)).toContain('wait namespace junjo --for=delete');
    expect(commandsIn(said)).toContain(String(volumeOf(QDRANT)));
  });

  test('backup by a user who may read nothing but the claim names the volume all the same', async () => {
    await started();
    for (const right of ['list persistentvolumeclaims', 'list persistentvolumes', 'get namespaces']) {
      cluster.forbidden.add(right);
    }
    deleted('PersistentVolumeClaim', DATA);
    const { exit, said } = await backup();
    expect(exit).toBe(1);
    expect(commandsIn(said)).toContain(`patch persistentvolume ${volumeOf(DATA)}`);
  });

  test.each<[string, RegExp]>([
    ['Lost', /^The claim junjo-ai-studio-data is Lost: its volume \S+ no longer exists/],
    ['Pending', /^The claim junjo-ai-studio-data has no volume yet/],
  ])('backup refuses at once a claim that is %s', async (phase, words) => {
    await started();
    cluster.apply({ ...claim(DATA), status: { phase } });
    const { exit, said } = await backup();
    expect({ exit, said }).toMatchObject({ exit: 1, said: expect.stringMatching(words) });
    expect(cluster.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});
