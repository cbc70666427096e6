import {
  INTAKE_REPLICAS,
  intakeClaimNames,
  intakeName,
  internalServiceNames,
  workloadNames,
} from '../../../config/names';
import { listOf } from '../../../render/manifest';
import { advice, type Cause } from '../cause';
import type { ClusterState, PodState } from '../cluster-state';
import { tellingLine } from '../log';
import { denialOf, portOf } from '../network-policies';
import { type Crash, crashes, INTAKE_CONTAINER, ofWorkload, previousLog } from '../pods';
import { applyAll } from './namespace';

/**
 * What a collector logs about a file that bbolt cannot read, or about the panic that it ends with. Seen in 0.159; errors of bbolt:
 * https://github.com/etcd-io/bbolt/blob/main/errors/errors.go, panics: open-telemetry/opentelemetry-collector-contrib#35899
 */
const DAMAGED =
  /exporter: (?:version mismatch|invalid database|checksum error|invalid .*file size|file size too small)|go\.etcd\.io\/bbolt|panic: (?:assertion failed: Page|freepages)/;

/** What a collector logs about a configuration that it does not support, before it starts anything. Seen in 0.159. */
const REFUSED = /failed to get config:|invalid configuration:|failed to build (?:pipelines|extensions):/;

/** The collectors in front of ingestion. */
export const intakeCauses: readonly Cause[] = [
  // The file of a queue is damaged, as after a loss of power.
  {
    name: 'intake-queue-damaged',
    *findings(state) {
      for (const crash of collectorCrashes(state, DAMAGED)) {
        const { name } = crash.pod;
        yield ofWorkload(
          crash.workload,
          `${name} cannot open its queue: the file is damaged (${tellingLine(crash.log)}). The spans in it cannot be sent`,
          advice(
            `Run these commands to start the collector with an empty queue. The spans of this queue are lost. To examine the file later, copy the volume first. ${NEW_QUEUE}`,
            newQueue(state, `queue-${name}`),
          ),
        );
      }
    },
  },
  // The collector does not support what its configuration asks for.
  {
    name: 'intake-config-refused',
    *findings(state) {
      for (const crash of collectorCrashes(state, REFUSED)) {
        yield ofWorkload(
          crash.workload,
          `the collector rejects its configuration: ${detail(crash.log)}`,
          advice(
            `Undo any patch of the ConfigMap ${intakeName}. If JUNJO_K8S_INTAKE_IMAGE is set, use the contrib distribution in the version that the description of this variable names`,
            state.command('get', 'configmap', intakeName, '--output=yaml'),
            previousLog(state, crash),
          ),
        );
      }
    },
  },
  // No policy allows the collectors to reach ingestion, so their queues fill.
  {
    name: 'intake-cut-off',
    *findings(state) {
      const service = state.named('Service', internalServiceNames.ingestion);
      const target = listOf(service?.spec?.ports).find(({ name }) => name === 'otlp-grpc')?.targetPort;
      if (target === undefined) return;
      const pairs = readyPods(state, intakeName).flatMap((from) =>
        readyPods(state, workloadNames.ingestion).map((to) => ({ from: from.object, to: to.object })),
      );
      const denials = pairs.map(({ from, to }) => {
        const port = typeof target === 'string' ? portOf(to, target) : target;
        return { port, denial: denialOf(state, { from, to, port }) };
      });
      const [first] = denials;
      if (!first?.denial || !denials.every(({ denial }) => denial)) return;
      const { direction, policies } = first.denial;
      yield {
        severity: 'error',
        subject: 'intake',
        text: `cannot reach ingestion: no NetworkPolicy allows it (${direction}: ${policies.join(', ')}). Spans wait in its queues, and are rejected when the queues are full`,
        fix: advice(
          `Allow the connection to port ${first.port} of ingestion. If a policy of the studio was changed, apply the output of synth again`,
          state.command('describe', 'networkpolicies', ...policies),
        ),
      };
    },
  },
];

/** The text above the commands of `newQueue`. */
export const NEW_QUEUE =
  'The other collector keeps running: the first command deletes the StatefulSet without its pods. With the StatefulSet in place, Kubernetes would create the claim from its template';

/**
 * The commands that give a collector a new claim. A StatefulSet makes a claim that its pod lacks, with the size and the class of its
 * template, which are not those of foundation/: createPersistentVolumeClaims of pkg/controller/statefulset/stateful_pod_control.go.
 */
export function newQueue(state: ClusterState, claim: string): string {
  return [
    state.command('delete', 'statefulset', intakeName, '--cascade=orphan', '--ignore-not-found'),
    state.command('delete', 'persistentvolumeclaim', claim, '--wait=false', '--ignore-not-found'),
    state.command('delete', 'pod', claim.replace(/^queue-/, ''), '--ignore-not-found'),
    state.command('wait', 'persistentvolumeclaim', claim, '--for=delete', '--timeout=10m'),
    applyAll(state),
  ].join(' &&\n');
}

/** Ingestion is not ready, for whatever reason, and the collectors keep the spans. */
export const intakeKeepsSpans: Cause = {
  name: 'intake-keeps-spans',
  *findings(state) {
    const ingestion = state.workloads.find(({ object }) => object.metadata.name === workloadNames.ingestion);
    if (!ingestion || ingestion.readyPods > 0 || readyPods(state, intakeName).length === 0) return;
    yield {
      severity: 'wait',
      since: undefined,
      subject: 'intake',
      text: `keeps spans in its queues while ingestion is not ready. No span is lost while the queues have room${fill(state)}`,
      fix: 'Find out why ingestion is not ready. The collectors send the queued spans as soon as it is',
    };
  },
};

function* collectorCrashes(state: ClusterState, words: RegExp): Generator<Crash> {
  for (const crash of crashes(state)) {
    if (crash.container.name === INTAKE_CONTAINER && words.test(crash.log)) yield crash;
  }
}

/** The last line of an error of the configuration, which names the key: those before it only lead to it. */
function detail(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !/decoding failed due to/.test(line));
  // What follows "keys:" would be taken for a secret.
  return tellingLine((lines.at(-1) ?? '').replace('has invalid keys: ', 'does not know '));
}

function readyPods(state: ClusterState, workload: string): readonly PodState[] {
  return state.workloads
    .filter(({ object }) => object.metadata.name === workload)
    .flatMap(({ pods }) => pods.filter(({ ready }) => ready));
}

/** How full the volumes of the queues are, where that is known. A queue takes less than half of its volume, because compaction writes a second file. */
function fill(state: ClusterState): string {
  const uses = intakeClaimNames.flatMap((name) => state.volumes.get(name) ?? []);
  if (uses.length < INTAKE_REPLICAS) return '';
  const percents = uses.map(({ usedBytes, capacityBytes }) => `${Math.round((usedBytes / capacityBytes) * 100)} %`);
  return `. A queue takes less than half of its volume. ${percents.join(' and ')} of the volumes are used`;
}
