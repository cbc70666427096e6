import { dataLabels } from '../../charts/metadata';
import { howToRun } from '../../config/how-to-run';
import { listed } from '../../config/text';
import { claimsOf, type Manifest, textsOf } from '../../render/manifest';
import { Refusal } from '../refusal';
import type { StudioManifests } from '../studio-manifests';

/** Which scheduled backup is restored, and where. */
export interface RestorePlanProps {
  /** Names this restore: VolSync restores again only under another name, and Velero takes each name once. */
  readonly name: string;
  /** Namespace into which the data is restored. @default the studio's own */
  readonly into?: string;
  /** The newest backup before this time, in RFC 3339; VolSync only. @default the newest of all */
  readonly asOf?: string;
}

/** A restore that `kubectl apply` of the objects starts, and what to do around it. */
export interface RestorePlan {
  /** Lines for the user. Commands are indented by four spaces, and each runs only if the one before it succeeded. */
  readonly steps: readonly string[];
  readonly objects: readonly Manifest[];
}

/** The file in which a person keeps the objects of a plan. */
const FILE = 'restore.yaml';

/** For waits: a day. To wait longer, repeat the command. */
const TIMEOUT = '--timeout=24h';

/**
 * Plans the restore of a scheduled backup. VolSync writes into the claims, which must exist and must not be in use. Velero
 * creates the claims, so they must not exist. The commands first test what could fail, before they change anything.
 * @throws Refusal if nothing is backed up, or the time is not valid
 */
export function restorePlan(studio: StudioManifests, { name, into, asOf }: RestorePlanProps): RestorePlan {
  const sources = studio.ofKind('ReplicationSource');
  const [schedule] = studio.ofKind('Schedule');
  const namespace = into ?? studio.namespace;
  if (asOf !== undefined && schedule) {
    throw new Refusal(
      '--as-of works only with VolSync. With Velero, replace scheduleName with backupName in the manifest',
    );
  }
  if (asOf !== undefined && !isTime(asOf)) {
    throw new Refusal(`--as-of ${asOf} is not a valid time. Write it as 2026-01-02T03:04:05Z`);
  }
  const inPlace = namespace === studio.namespace ? inUse(studio) : undefined;
  if (schedule) {
    const restore = veleroRestore(schedule, name, namespace);
    return { steps: veleroSteps(restore, namespace, inPlace), objects: [restore] };
  }
  if (sources.length > 0) {
    const objects = sources.map((source) => replicationDestination(source, { name, into: namespace, asOf }));
    return { steps: volSyncSteps(objects, namespace, inPlace), objects };
  }
  throw new Refusal(
    'JUNJO_K8S_BACKUP is none, so there are no scheduled backups. To restore a file, run:',
    howToRun('restore', 'FILE'),
  );
}

function replicationDestination(
  { apiVersion, metadata, spec }: Manifest,
  { name, into, asOf }: RestorePlanProps,
): Manifest {
  const { repository, cacheCapacity, moverSecurityContext } = spec?.restic ?? {};
  return {
    apiVersion,
    kind: 'ReplicationDestination',
    // VolSync before 0.13 names the volume of its cache after the object, whichever its kind is: backube/volsync#1575.
    metadata: { labels: { ...dataLabels }, name: `${metadata.name}-restore`, namespace: into },
    spec: {
      trigger: { manual: name },
      restic: {
        copyMethod: 'Direct',
        repository,
        destinationPVC: spec?.sourcePVC,
        ...(asOf && { restoreAsOf: asOf }),
        // A database beside the write-ahead log of another day is damaged. VolSync 0.11.
        enableFileDeletion: true,
        cacheCapacity,
        moverSecurityContext,
      },
    },
  };
}

/** Whether a text is a time of RFC 3339 in whole seconds, as VolSync takes it, on a day that the month has. */
function isTime(text: string): boolean {
  const [, date] = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const day = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(Date.parse(text)) && !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === date;
}

function veleroRestore({ apiVersion, metadata, spec }: Manifest, name: string, into: string): Manifest {
  const includedNamespaces = textsOf(spec?.template?.includedNamespaces);
  const [from] = includedNamespaces;
  // A restore without namespaces would bring back all of them.
  if (from === undefined)
    throw new Refusal(
      `The Schedule ${metadata.name} has no namespace in includedNamespaces. Add the namespace of the studio`,
    );
  return {
    apiVersion,
    kind: 'Restore',
    metadata: { labels: { ...dataLabels }, name, namespace: metadata.namespace },
    spec: {
      scheduleName: metadata.name,
      includedNamespaces,
      // The rest of the studio comes from its manifests.
      includedResources: ['persistentvolumeclaims', 'persistentvolumes'],
      ...(into !== from && { namespaceMapping: { [from]: into } }),
    },
  };
}

/** The pods that mount claims of the studio, and these claims. */
interface InUse {
  readonly deployments: readonly string[];
  readonly components: readonly string[];
  readonly claims: readonly string[];
}

function inUse({ pods }: StudioManifests): InUse {
  const mounting = pods.filter((pod) => claimsOf(pod).length > 0);
  return {
    deployments: mounting.map(({ owner }) => owner.metadata.name),
    components: mounting.flatMap(({ labels }) => labels['app.kubernetes.io/component'] ?? []),
    claims: [...new Set(mounting.flatMap(claimsOf))],
  };
}

/** Commands of which each runs only if the one before it succeeded, however they are pasted. */
function chain(commands: readonly string[]): readonly string[] {
  return commands.map((command, index) => `    ${command}${index < commands.length - 1 ? ' &&' : ''}`);
}

function start(namespace: string, { deployments }: InUse, replicas: 0 | 1): string {
  return `kubectl -n ${namespace} scale deployment ${deployments.join(' ')} --replicas=${replicas}`;
}

function stop(namespace: string, used: InUse): readonly string[] {
  const selector = `app.kubernetes.io/component in (${used.components.join(',')})`;
  return [start(namespace, used, 0), `kubectl -n ${namespace} wait --for=delete pod -l '${selector}' --timeout=10m`];
}

const PAUSE =
  'If Argo CD applies the studio, first set the annotation argocd.argoproj.io/skip-reconcile=true on its Application. If Flux applies it, first set spec.suspend of its Kustomizations to true. Undo this afterwards.';

const SAVED = `Save this file as ${FILE}, and run these commands in its folder. If one fails, the rest does not run:`;

function volSyncSteps(destinations: readonly Manifest[], namespace: string, used?: InUse): readonly string[] {
  const claims = destinations.map(({ spec }) => spec?.restic?.destinationPVC);
  const needed = [
    ...claims.map((claim) => `persistentvolumeclaim/${claim}`),
    ...destinations.map(({ spec }) => `secret/${spec?.restic?.repository}`),
  ];
  const names = destinations.map(({ metadata }) => `replicationdestinations.volsync.backube/${metadata.name}`);
  const synced = `'{.status.lastManualSync}'=${destinations[0]?.spec?.trigger?.manual}`;
  return [
    `VolSync 0.11 or newer writes the backup into ${listed(claims)} in the namespace ${namespace}. It deletes every other file there.`,
    ...(used ? [PAUSE] : ['Until the restore ends, no pod may mount the claim.']),
    SAVED,
    ...chain([
      // Before 0.11 the API server does not know enableFileDeletion: CHANGELOG.md of backube/volsync.
      `kubectl apply --dry-run=server -f ${FILE}`,
      `kubectl -n ${namespace} get ${needed.join(' ')}`,
      ...(used ? stop(namespace, used) : []),
      `kubectl apply -f ${FILE}`,
      `kubectl -n ${namespace} wait --for=jsonpath=${synced} ${names.join(' ')} ${TIMEOUT}`,
      `kubectl delete -f ${FILE}`,
      ...(used ? [start(namespace, used, 1)] : []),
    ]),
    'During the wait, .status.latestMoverStatus of each ReplicationDestination shows what restic does.',
  ];
}

function veleroSteps({ metadata, spec }: Manifest, namespace: string, used?: InUse): readonly string[] {
  const velero = `kubectl -n ${metadata.namespace}`;
  const backups = `get backups.velero.io -l velero.io/schedule-name=${spec?.scheduleName}`;
  const phases = `-o jsonpath='{range .items[*]}{.metadata.name} {.status.phase}{"\\n"}{end}'`;
  const volumeOf = (claim: string) =>
    `"$(kubectl -n ${namespace} get persistentvolumeclaim ${claim} -o jsonpath='{.spec.volumeName}')"`;
  const retain = `--type=merge -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'`;
  return [
    `Velero 1.14 or newer creates the claims of the newest complete backup in the namespace ${namespace}.`,
    ...(used
      ? [
          'It does not change existing claims, so the commands delete them. Their volumes stay until you delete them.',
          PAUSE,
        ]
      : ['It does not change existing claims.']),
    SAVED,
    ...chain([
      // Before 1.14 the API server asks for a backupName (vmware-tanzu/velero#7617); before 1.13.2 a restore of claims alone
      // leaves out the data (#7586).
      `kubectl apply --dry-run=server -f ${FILE}`,
      // Without a complete backup, grep finds nothing and fails.
      `${velero} ${backups} ${phases} | grep ' Completed$'`,
      ...(used
        ? [
            // Without a volume its name is empty, which kubectl refuses.
            ...used.claims.map((claim) => `kubectl patch persistentvolume ${volumeOf(claim)} ${retain}`),
            ...stop(namespace, used),
            `kubectl -n ${namespace} delete persistentvolumeclaim ${used.claims.join(' ')}`,
          ]
        : []),
      `kubectl apply -f ${FILE}`,
      `${velero} wait --for=jsonpath='{.status.phase}'=Completed restores.velero.io/${metadata.name} ${TIMEOUT}`,
      ...(used ? [start(namespace, used, 1)] : []),
    ]),
    // A backup holds the labels of its time: those of an older one are in the reach of a prune.
    ...(used ? ['Afterwards apply the studio again, dist/foundation first, or let Argo CD or Flux sync it.'] : []),
    `If the restore ends in a phase other than Completed, press Ctrl+C and run velero restore describe ${metadata.name} -n ${metadata.namespace} --details`,
  ];
}
