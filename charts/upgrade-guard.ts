import { posix } from 'node:path';
import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { howToRunAnywhere, pageAnywhere } from '../config/how-to-run';
import type { Image } from '../config/studio-config';
import { version } from '../package.json';
import { moveOf, nameOfUsers, type ReleaseLine, recommendedTag, schemaOf, spansMove } from '../releases';
import { objectMeta, type StudioIdentity } from './metadata';
import { type ComponentProps, containerDefaults } from './pod/component';
import { resources } from './pod/resources';
import { type DataVolumeProps, dataVolume } from './pod/volumes';
import { upgradeGuard, waitForMark } from './programs';

/** The ConfigMap with the guard and its facts. */
export const upgradeGuardName = 'junjo-ai-studio-upgrade-guard';

/** The guard writes it on the volume: line, schema of the spans, time, and version of these manifests. */
export const VOLUME_MARK = '.junjo-studio.json';

/** Name of the init container that stops a release on data that it cannot read. */
export const GUARD_CONTAINER = 'upgrade-guard';

/** Folder at which the containers mount it. */
export const UPGRADE_GUARD_PATH = '/etc/junjo-upgrade-guard';

/** What the guard compares the volume with. */
export interface UpgradeGuardProps {
  readonly line: ReleaseLine;
  /** Every line whose data the volume may hold. */
  readonly lines: readonly ReleaseLine[];
  /** Steps between lines that may lose something, as `stepName` writes them. */
  readonly acceptedLosses: readonly string[];
}

/** What `charts/programs/upgrade-guard.py` reads. */
export function upgradeGuardFacts({ line, lines, acceptedLosses }: UpgradeGuardProps) {
  return {
    line: line.name,
    schema: schemaOf(line),
    manifests: version,
    accepted: acceptedLosses,
    setAside: howToRunAnywhere('set-aside'),
    page: pageAnywhere('docs/releases.md', 'From one line to the next'),
    users: { path: line.stores.usersPath, schema: nameOfUsers(line.stores.usersSchema), table: line.stores.usersTable },
    log: line.stores.logPath,
    // Oldest first.
    lines: lines.map((each) => ({
      name: each.name,
      schema: schemaOf(each),
      release: recommendedTag(each),
      users: nameOfUsers(each.stores.usersSchema),
      paths: each.stores.spanPaths,
      columns: each.stores.columns,
      /** What happens to its spans alone, and to all data. */
      spans: spansMove(each, line),
      move: moveOf(each, line),
      loss: lossText(each, line),
    })),
  };
}

/** What would be lost of the spans of a line, if anything. */
function lossText(from: ReleaseLine, to: ReleaseLine): string | undefined {
  const held = `This volume holds the spans of Junjo AI Studio ${from.name}`;
  switch (spansMove(from, to)) {
    case 'harmless':
      return undefined;
    case 'hidden':
      return `${held} (${from.stores.description}). Release line ${to.name} does not read these, so none of them would appear.`;
    case 'unreadable':
      return `${held}. Release line ${to.name} expects other columns in their files, so old traces would not open.`;
    case 'misunderstood':
      return `${held}. Release line ${to.name} does not understand their workflows, and upstream requires an empty volume. Spans would appear, but workflow graphs would not.`;
    case 'flush first':
      return `The write-ahead log holds spans of Junjo AI Studio ${from.name}, whose columns ${to.name} would mix up when it flushes them.`;
  }
}

/** The guard and its facts. */
export class UpgradeGuardChart extends Chart {
  constructor(scope: Construct, id: string, props: UpgradeGuardProps & StudioIdentity) {
    super(scope, id);
    new k8s.KubeConfigMap(this, 'guard', {
      metadata: objectMeta(props, upgradeGuardName, 'backend'),
      data: {
        'upgrade-guard.py': upgradeGuard,
        'wait-for-mark.sh': waitForMark,
        'facts.json': `${JSON.stringify(upgradeGuardFacts(props), undefined, 2)}\n`,
      },
    });
  }
}

/** The volume with the programs. */
export const upgradeGuardVolumes: k8s.Volume[] = [{ name: 'upgrade-guard', configMap: { name: upgradeGuardName } }];

const programs: k8s.VolumeMount = { name: 'upgrade-guard', mountPath: UPGRADE_GUARD_PATH, readOnly: true };

type GuardedProps = ComponentProps & DataVolumeProps;

/** Allows the backend to start only on a volume with users and spans that its release can read, and marks the volume. */
export function upgradeGuardContainer(props: GuardedProps, toolsImage: Image): k8s.Container {
  const { securityContext } = containerDefaults(props, 'backend');
  return {
    name: GUARD_CONTAINER,
    ...toolsImage,
    command: [
      'python3',
      // The program needs no packages of the image, and imports nothing from its own folder.
      '-I',
      `${UPGRADE_GUARD_PATH}/upgrade-guard.py`,
      `${UPGRADE_GUARD_PATH}/facts.json`,
      props.dataPath,
      '/dev/termination-log',
    ],
    // Measured: 44 MiB for 100000 files of spans.
    resources: resources(10, { requestMi: 32, limitMi: 128 }),
    securityContext,
    volumeMounts: [...dataVolume(props).mounts, programs],
  };
}

/**
 * Allows ingestion to start only on a volume that the guard of the backend has marked for its release. Every release needs it: one
 * that waits for the port of the backend may find the old backend there, which is about to stop.
 */
export function waitForMarkContainer(props: GuardedProps, line: string): k8s.Container {
  const { image, imagePullPolicy, securityContext } = containerDefaults(props, 'ingestion');
  return {
    name: 'wait-for-volume',
    image,
    imagePullPolicy,
    command: ['sh', `${UPGRADE_GUARD_PATH}/wait-for-mark.sh`, posix.join(props.dataPath, VOLUME_MARK), line],
    resources: resources(10, { requestMi: 16, limitMi: 32 }),
    securityContext,
    volumeMounts: [...dataVolume(props).mounts.map((mount) => ({ ...mount, readOnly: true })), programs],
  };
}
