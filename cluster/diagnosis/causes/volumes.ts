import { GUARD_CONTAINER } from '../../../charts/upgrade-guard';
import { COPY_POD, INTAKE_REPLICAS, intakeClaimNames, intakeName } from '../../../config/names';
import { shellWord } from '../../../config/text';
import { claimsOf, type Fields, fieldsOf, listOf, type Manifest, podsOf } from '../../../render/manifest';
import { writableClaims } from '../../unrendered';
import { advice, type Cause } from '../cause';
import type { ClusterState, WorkloadState } from '../cluster-state';
import { isMounted } from '../foreign';
import { type Crash, crashes, ofWorkload, previousLog, referenceOf } from '../pods';
import { isOver } from './stopped';

/** The fraction from which a volume is reported: from here on it often fills faster than a person reacts. */
const FULL = 0.85;

/** Pods that mount the data only to copy it: VolSync reads the claim itself if it cannot create a snapshot. */
const READERS: Readonly<Record<string, string>> = { 'app.kubernetes.io/created-by': 'volsync' };

const READ_ONLY = /read-only file ?system|\bEROFS\b/i;
/** SQLite reports this for files that it may not write, and for a read-only file system. https://sqlite.org/rescode.html#readonly */
const READ_ONLY_DATABASE = /attempt to write a readonly database|SQLITE_READONLY|database is read-only/i;
const DENIED = /permission denied|\bEACCES\b|operation not permitted|\bEPERM\b|unable to open database file/i;
/** Not the limit of watched files, for which the kernel has the same error. */
const NO_SPACE =
  /^(?!.*(?:inotify|file watchers)).*(?:no space left on device|\bENOSPC\b|database or disk is full|disk quota exceeded|\bEDQUOT\b|StorageFull)/im;
/** SQLite, DuckDB and BadgerDB. */
const LOCKED =
  /database(?: table)? is locked|could not set lock on|conflicting lock is held|cannot acquire directory lock|another process is using this badger|\block\b.*(?:resource temporarily unavailable|EWOULDBLOCK|EAGAIN)/i;

/** The first words of what the upgrade guard says of a volume that it cannot use: `trouble()` in upgrade-guard.py. */
const GUARD = {
  readOnly: /^The volume is read-only/m,
  full: /^The volume is full|^The quota of the volume is used up/m,
  // The second is of guards that earlier versions rendered.
  denied: /lacks permission to read or write the whole volume|may not read or write all of the volume/,
};

export const volumeCauses: readonly Cause[] = [
  // More than one pod may write the databases, each of which has one writer.
  {
    name: 'two-writers',
    *findings(state) {
      const writers = state.own('Pod').filter(isWriter);
      for (const workload of state.workloads) {
        const names = workload.pods.map(({ name }) => name);
        const own = writers.filter(({ metadata }) => names.includes(metadata.name));
        const shared = sharedBy(own);
        if (!shared) continue;
        yield ofWorkload(
          { ...workload, readyPods: 0 },
          `${own.length} pods write to the claim ${shared} at the same time (${own.map(({ metadata }) => metadata.name).join(', ')}). Each database allows only one writer, and a second one damages it`,
          workload.desired > 1
            ? advice(
                'Scale it to 1 pod. Then remove what scaled it: a patch of its replicas, or a HorizontalPodAutoscaler',
                state.command('scale', referenceOf(workload), '--replicas=1'),
              )
            : advice(
                'Stop it until both pods are gone, and start it again. Then undo the patch of its strategy, which must be Recreate',
                state.command('scale', referenceOf(workload), '--replicas=0'),
                state.command(
                  'wait',
                  'pod',
                  ...own.map(({ metadata }) => metadata.name),
                  '--for=delete',
                  '--timeout=20m',
                ),
                state.command('scale', referenceOf(workload), '--replicas=1'),
              ),
        );
      }
      const studio = state.workloads.flatMap(({ allPods }) => allPods.map(({ name }) => name));
      for (const foreign of writers) {
        const { name, ownerReferences, labels } = foreign.metadata;
        // Of Deployments and their like, `not-rendered` tells.
        const owner = listOf(ownerReferences).find(({ controller }) => controller) ?? listOf(ownerReferences)[0];
        if (studio.includes(name) || (owner && owner.kind !== 'Job')) continue;
        if (Object.entries(READERS).some(([label, value]) => fieldsOf(labels)[label] === value)) continue;
        const claim = writers
          .filter(({ metadata }) => studio.includes(metadata.name))
          .map((each) => sharedBy([foreign, each]))
          .find((each) => each !== undefined);
        if (!claim) continue;
        const [kind, title] = owner ? ['job', `the Job ${owner.name}`] : ['pod', 'no workload'];
        yield {
          severity: 'error',
          subject: `pod ${name}`,
          text: `is not part of the studio, but can write to its claim ${claim}. It belongs to ${title}. Two writers damage the databases`,
          fix: advice(
            'Find out who owns it. Delete it if it is not needed, or make it mount the claim with readOnly',
            state.command('describe', 'pod', name),
            state.command('delete', kind, owner?.name ?? name),
          ),
        };
      }
    },
  },
  // The volume is mounted read-only.
  {
    name: 'volume-read-only',
    *findings(state) {
      for (const crash of volumeCrashes(state)) {
        const said = saidOfClaim(crash, READ_ONLY) || isGuards(crash, GUARD.readOnly);
        const because = readOnlyBecause(state, crash);
        const fits = [READ_ONLY_DATABASE, DENIED].some((words) => saidOfClaim(crash, words)) || saysNothing(crash);
        if (!said && !(because && fits)) continue;
        const { claim } = crash;
        yield ofWorkload(
          crash.workload,
          `it cannot write to its volume, which is mounted read-only${because ? `: ${because.text}` : '. Neither the pod nor the claim requests that. A node mounts a file system read-only after it finds an error in it'}`,
          because
            ? advice(because.fix, ...because.commands)
            : advice(
                `Look for file system errors in the kernel log of the node ${crash.pod.object.spec?.nodeName ?? ''}. Stop the studio, check the file system with fsck, and start the studio again. A change of the files' owner does not help`,
                state.command('describe', 'pod', crash.pod.name),
                state.command('describe', 'persistentvolumeclaim', claim),
              ),
        );
      }
    },
  },
  // The files on the volume belong to another user.
  {
    name: 'volume-permission-denied',
    *findings(state) {
      for (const crash of volumeCrashes(state)) {
        const { securityContext = {}, nodeName } = crash.pod.object.spec ?? {};
        const ambiguous = saidOfClaim(crash, READ_ONLY_DATABASE);
        const told = ambiguous || saidOfClaim(crash, DENIED) || isGuards(crash, GUARD.denied);
        const { runAsUser = 10001 } = securityContext;
        // What synth renders always has the group, so a pod without it was changed.
        const strange = securityContext.fsGroup === undefined && runAsUser !== 0;
        if (!told && !(strange && saysNothing(crash))) continue;
        const log = previousLog(state, crash);
        if (strange) {
          yield ofWorkload(
            crash.workload,
            told
              ? 'it lacks permission to write to its volume, and its pod has no fsGroup'
              : `it exits with code ${crash.how.exitCode}, and its pod has no fsGroup: it lacks permission to write to its volume`,
            advice('Undo the patch that removed fsGroup, then render and apply again', log),
          );
          continue;
        }
        const writer = ambiguous ? runningOn(state, crash) : undefined;
        const volume = state.named('PersistentVolume', claimOf(state, crash.claim)?.spec?.volumeName ?? '')?.spec;
        const path = volume?.hostPath?.path ?? volume?.local?.path;
        const owner = `${runAsUser}:${runAsUser}`;
        const writers = state.workloads.filter(({ pods }) =>
          pods.some(({ object }) => claimsOf(object).includes(crash.claim)),
        );
        const scale = (replicas: number) =>
          state.command('scale', ...writers.map(referenceOf), `--replicas=${replicas}`);
        const change = path
          ? advice(
              `Stop the studio. As root on the node ${nodeName ?? ''}, change the owner of the files to the user of the pods. Then start the studio again`,
              scale(0),
              `chown -R ${owner} ${shellWord(path)}`,
              scale(crash.workload.object.metadata.name === intakeName ? INTAKE_REPLICAS : 1),
            )
          : advice(
              `Stop the studio, and change the owner of all files on the claim ${crash.claim} to ${owner} with a pod that runs as root. The command shows the log`,
              log,
            );
        yield ofWorkload(
          crash.workload,
          ambiguous
            ? 'it lacks permission to write to its database. Either the files belong to another user, or the node mounted the volume read-only after a file system error'
            : 'it lacks permission to write to its volume: files on it belong to another user',
          ambiguous
            ? advice(
                `Find out which of the two it is. If the mount options begin with "ro", the volume is read-only: check its file system. Otherwise stop the studio, and change the owner of the files to ${owner}`,
                writer
                  ? state.command('exec', writer.pod, '-c', writer.container, '--', 'grep', writer.path, '/proc/mounts')
                  : state.command('describe', 'pod', crash.pod.name),
                state.command('describe', 'persistentvolumeclaim', crash.claim),
              )
            : change,
        );
      }
    },
  },
  // A folder of the pod is full. It is on the node, not on the volume with the data.
  {
    name: 'node-storage-full',
    *findings(state) {
      for (const crash of crashes(state)) {
        const nowhere = linesWith(crash, NO_SPACE).length > 0 && claimsOf(crash.pod.object).length === 0;
        const place =
          placesOf(crash, NO_SPACE)[0] ?? (nowhere ? { path: '/', claim: false, volume: undefined } : undefined);
        if (!place || place.claim) continue;
        const { path, volume } = place;
        const { medium, sizeLimit } = fieldsOf(volume?.emptyDir);
        const node = crash.pod.object.spec?.nodeName;
        const where = volume
          ? `the folder ${path} of the pod (emptyDir ${volume.name}${sizeLimit ? `, at most ${sizeLimit}` : ''})`
          : `the file system of the container ${crash.container.name} (${path})`;
        yield ofWorkload(
          crash.workload,
          `${where} is full. It is ${medium === 'Memory' ? 'in memory' : 'on the disk of its node'}`,
          medium === 'Memory'
            ? advice(
                'Raise its sizeLimit with a patch, then render and apply again. A larger JUNJO_K8S_STORAGE_SIZE does not help',
                state.command('describe', 'pod', crash.pod.name),
              )
            : advice(
                'Free space on the disk of the node, or give the node a larger disk. A larger JUNJO_K8S_STORAGE_SIZE does not help: the data is on another volume',
                ...(node ? [state.clusterCommand('describe', 'node', node)] : []),
                state.command('describe', 'pod', crash.pod.name),
              ),
        );
      }
    },
  },
  // The volume is full, or nearly full.
  {
    name: 'volume-full',
    *findings(state) {
      for (const crash of volumeCrashes(state)) {
        if (!saidOfClaim(crash, NO_SPACE) && !isGuards(crash, GUARD.full)) continue;
        const use = state.volumes.get(crash.claim);
        const free = use && use.usedBytes / use.capacityBytes < FULL;
        yield ofWorkload(
          crash.workload,
          free
            ? `it finds no free space, although its volume is only ${percent(use)} % full. Its quota, its inodes or the disk of its node may be used up`
            : `its volume is full (claim ${crash.claim})`,
          growth(state, crash.claim),
        );
      }
      for (const [claim, use] of state.volumes) {
        const own = state.workloads.length === 0 || isMounted(state, claim);
        if (!own || use.usedBytes / use.capacityBytes < FULL) continue;
        const text = `is ${percent(use)} % full`;
        yield { severity: 'warning', subject: `claim ${claim}`, text, fix: growth(state, claim) };
      }
    },
  },
  // Another process holds the lock of the databases, such as a pod that is still stopping. Or the volume cannot lock files.
  {
    name: 'second-writer',
    *findings(state) {
      for (const crash of volumeCrashes(state)) {
        if (!LOCKED.test(crash.log)) continue;
        const others = state
          .own('Pod')
          .filter((pod) => pod.metadata.name !== crash.pod.name && !isOver(pod))
          .filter((pod) => podsOf(pod).flatMap(writableClaims).includes(crash.claim))
          .filter((pod) => !matchesOther(state, crash.workload, pod))
          .map(({ metadata }) => metadata.name);
        yield ofWorkload(
          crash.workload,
          `another process has locked its databases${others.length > 0 ? `. These pods can write to the same claim: ${others.join(', ')}` : ''}`,
          advice(
            'Wait until no other pod writes to the claim. If docker compose uses the same folder, stop it. If the volume is NFS or SMB, which cannot lock files, move to another storage class',
            state.command('get', 'pods', '--output=wide'),
            state.command('describe', 'persistentvolumeclaim', crash.claim),
          ),
        );
      }
    },
  },
];

/** A crash of a container that mounts a claim. */
interface VolumeCrash extends Crash {
  readonly claim: string;
}

function* volumeCrashes(state: ClusterState): Generator<VolumeCrash> {
  for (const crash of crashes(state)) {
    // What was added to the pod, such as a proxy or an agent for secrets, speaks of other things than a volume that it does not mount.
    const { containers, initContainers } = fieldsOf(crash.workload.object.spec?.template?.spec);
    const rendered = [...listOf(containers), ...listOf(initContainers)].some(
      ({ name }) => name === crash.container.name,
    );
    const mounts = mountsOf(crash).some(({ volume }) => volume?.persistentVolumeClaim !== undefined);
    if (!mounts && !rendered && crash.container.name !== GUARD_CONTAINER) continue;
    const [claim] = [
      ...mountsOf(crash)
        .map(({ volume }) => volume?.persistentVolumeClaim?.claimName)
        .filter((name) => name !== undefined),
      ...claimsOf(crash.pod.object),
    ];
    if (claim !== undefined) yield { ...crash, claim };
  }
}

/** What a container mounts, the deepest first. */
function mountsOf({ pod, container }: Pick<Crash, 'pod' | 'container'>): readonly Fields[] {
  const { containers, initContainers, volumes } = fieldsOf(pod.object.spec);
  const spec = [...listOf(initContainers), ...listOf(containers)].find(({ name }) => name === container.name);
  return listOf(spec?.volumeMounts)
    .map((mount) => ({ ...mount, volume: listOf(volumes).find(({ name }) => name === mount.name) }) as Fields)
    .sort((a, b) => String(b.mountPath).length - String(a.mountPath).length);
}

/** A path that a line of a log names, and what is mounted there. */
interface Place {
  readonly path: string;
  readonly claim: boolean;
  readonly volume?: Fields;
}

/** Where the lines of a log say that something is so. A line also names programs; what is mounted tells more than these. */
function placesOf(crash: Crash, words: RegExp): readonly Place[] {
  const mounts = mountsOf(crash);
  return linesWith(crash, words).flatMap((line) => {
    const places = [...line.matchAll(/(?<![\w:/.@-])\/[\w.@+-]+(?:\/[\w.@+-]+)*/g)].map(([path]) => {
      const volume = mounts.find(({ mountPath }) => `${path}/`.startsWith(`${mountPath}/`))?.volume;
      return { path, volume, claim: volume?.persistentVolumeClaim !== undefined };
    });
    const place = places.find(({ claim }) => claim) ?? places.find(({ volume }) => volume) ?? places[0];
    return place ? [place] : [];
  });
}

function linesWith({ log }: Crash, words: RegExp): readonly string[] {
  return log.split('\n').filter((line) => words.test(line));
}

/** Whether a log says something of the volume: a program also complains of folders in which it needs not write. */
function saidOfClaim(crash: Crash, words: RegExp): boolean {
  const lines = linesWith(crash, words);
  const places = placesOf(crash, words);
  return lines.length > places.length || places.some(({ claim }) => claim);
}

/** Whether a program ended with an error of its own, of which no words are known. */
function saysNothing({ log, how }: Crash): boolean {
  return log === '' && how.exitCode > 0 && how.exitCode < 128;
}

function isGuards({ container, log, how }: Crash, words: RegExp): boolean {
  return container.name === GUARD_CONTAINER && words.test(`${log}\n${how.message}`);
}

/** What of pod, claim or volume makes a mount read-only, and what to do about it. */
function readOnlyBecause(
  state: ClusterState,
  crash: VolumeCrash,
): { readonly text: string; readonly fix: string; readonly commands: readonly string[] } | undefined {
  const { pod, container, claim } = crash;
  const isOfClaim = ({ volume }: Fields) => volume?.persistentVolumeClaim?.claimName === claim;
  // A container that complains without a mount of its own speaks of that of its pod.
  const mount =
    mountsOf(crash).find(isOfClaim) ??
    pod.containers.flatMap((each) => (each.init ? [] : mountsOf({ pod, container: each }))).find(isOfClaim);
  const undo = 'Undo the patch that sets readOnly, then render and apply again: the studio writes its databases there';
  const look = state.command(
    'get',
    'pod',
    pod.name,
    '--output=jsonpath={.spec.volumes}{.spec.containers[*].volumeMounts}',
  );
  if (mount?.readOnly === true)
    return { text: `the container ${container.name} mounts it with readOnly`, fix: undo, commands: [look] };
  if (mount?.volume?.persistentVolumeClaim?.readOnly === true)
    return { text: `the pod mounts the claim ${claim} with readOnly`, fix: undo, commands: [look] };
  const object = claimOf(state, claim);
  const volume = state.named('PersistentVolume', object?.spec?.volumeName ?? '');
  const { mountOptions = [], accessModes = [], ...source } = fieldsOf(volume?.spec);
  const commands = [
    state.command('describe', 'persistentvolumeclaim', claim),
    ...(volume ? [state.clusterCommand('get', 'persistentvolume', volume.metadata.name, '--output=yaml')] : []),
  ];
  const only = (modes: unknown) =>
    Array.isArray(modes) && modes.length > 0 && modes.every((mode) => mode === 'ReadOnlyMany');
  if (mountOptions.includes('ro') || Object.values(source).some((each) => fieldsOf(each).readOnly === true))
    return {
      text: `the volume ${volume?.metadata.name} itself is read-only`,
      fix: 'Remove the mount option ro, or the field readOnly, from the volume or from its storage class. Then restart the pod',
      commands,
    };
  if (only(accessModes) || only(object?.spec?.accessModes))
    return {
      text: `the claim ${claim} has only the access mode ReadOnlyMany`,
      fix: 'Set JUNJO_K8S_EXISTING_CLAIM to a claim with the access mode ReadWriteOnce, then render and apply again. This claim is read-only for every pod',
      commands,
    };
  return undefined;
}

/** A container that runs and mounts the same claim, so that it sees how it is mounted. */
function runningOn(
  state: ClusterState,
  { claim }: VolumeCrash,
): { readonly pod: string; readonly container: string; readonly path: string } | undefined {
  const live = state.workloads.flatMap(({ pods }) =>
    pods.flatMap((pod) => pod.containers.map((c) => [pod, c] as const)),
  );
  for (const [pod, container] of live) {
    const mount = mountsOf({ pod, container }).find(
      ({ volume, readOnly }) => !readOnly && volume?.persistentVolumeClaim?.claimName === claim,
    );
    if (container.running && mount) return { pod: pod.name, container: container.name, path: mount.mountPath };
  }
  return undefined;
}

function claimOf(state: ClusterState, name: string): Manifest | undefined {
  return state.named('PersistentVolumeClaim', name);
}

/** A pod that runs, is to stay, and may write a claim. */
function isWriter(pod: Manifest): boolean {
  const { metadata, status } = pod;
  const live = status?.phase === 'Running' && metadata.deletionTimestamp === undefined && metadata.name !== COPY_POD;
  return live && podsOf(pod).flatMap(writableClaims).length > 0;
}

/** The claim that several pods write. */
function sharedBy(pods: readonly Manifest[]): string | undefined {
  const claims = pods.flatMap((pod) => [...new Set(podsOf(pod).flatMap(writableClaims))]);
  return claims.find((claim, index) => claims.indexOf(claim) !== index);
}

/** Whether a pod is of another component, which has files of its own on the volume. */
function matchesOther(state: ClusterState, { name }: WorkloadState, pod: Manifest): boolean {
  return state.workloads.some(
    (other) => other.name !== name && other.allPods.some((each) => each.name === pod.metadata.name),
  );
}

function percent({ usedBytes, capacityBytes }: { readonly usedBytes: number; readonly capacityBytes: number }): number {
  return Math.round((usedBytes / capacityBytes) * 100);
}

/** How a claim gets more room. */
function growth(state: ClusterState, claim: string): string {
  if (intakeClaimNames.includes(claim))
    return advice(
      'Check whether ingestion is ready and accepts the spans of the queue. If the queue needs more room, set a larger JUNJO_K8S_INTAKE_STORAGE_SIZE, then render and apply again',
      state.command('get', 'pods'),
      state.command('describe', 'persistentvolumeclaim', claim),
    );
  const name = claimOf(state, claim)?.spec?.storageClassName;
  const grows = state.named('StorageClass', name ?? '')?.allowVolumeExpansion;
  return advice(
    grows === false || (name && grows === undefined && state.canRead('storageclasses.storage.k8s.io'))
      ? `Back up the studio, and restore it into a new claim with a larger JUNJO_K8S_STORAGE_SIZE. The storage class ${name} cannot expand volumes`
      : 'Set a larger JUNJO_K8S_STORAGE_SIZE, then render and apply again. If the storage class cannot expand volumes, back up, and restore into a new claim',
    state.command('describe', 'persistentvolumeclaim', claim),
  );
}
