import { intakeExporters, intakePorts } from '../../charts/intake-config';
import { selectorLabels } from '../../charts/metadata';
import { INTAKE_REPLICAS, intakeName } from '../../config/names';
import { inOneLine } from '../../config/text';
import { conditionOf, fieldsOf, type Manifest, matches } from '../../render/manifest';
import type { Kubectl } from '../kubectl';
import { readPage } from '../port-forward';
import { size } from './progress';

/** The collectors of a studio. No command stops them, so they keep spans while ingestion is stopped. */
export interface LiveIntake {
  readonly pods: readonly Manifest[];
}

/** What waits in the queues of the collectors. */
interface Waiting {
  readonly bytes: number;
  /** Number of collectors that answered. */
  readonly read: number;
  /** Why another one did not answer. @default all answered, or are not ready */
  readonly trouble?: string;
}

/** Seconds that a collector may take for its answer: the studio may be stopped meanwhile. */
const ANSWER_SECONDS = 15;

/**
 * The labels and the size of a queue. Labels have no order, and their values are quoted:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
const QUEUE_SIZE = /^otelcol_exporter_queue_size\{((?:[^"}\n]|"(?:[^"\\\n]|\\.)*")*)\}[ \t]+(\S+)/gm;

/**
 * Finds the collectors by their pods, which every command that copies may list.
 * @returns nothing where there are none, as when they are stopped: what is in their queues then stays on the claims
 */
export async function findIntake(kubectl: Kubectl, signal: AbortSignal): Promise<LiveIntake | undefined> {
  const pods = await kubectl.list(['pods'], { signal });
  const own = pods.filter(({ metadata }) => matches(selectorLabels('intake'), fieldsOf(metadata.labels)));
  return own.length > 0 ? { pods: own } : undefined;
}

/** What happens to spans while ingestion is stopped. @param otherwise the sentence about a studio without collectors */
export function meanwhile(intake: LiveIntake | undefined, otherwise: string): string {
  if (!intake) return otherwise;
  return readyPods(intake).length > 0
    ? 'Meanwhile, the intake keeps spans as long as its queues have room.'
    : `No collector of the intake is ready. ${otherwise}`;
}

/** Describes how much waits, and what happens to it. It never fails. @param fate sentences about these spans */
export async function sayWaiting(
  kubectl: Kubectl,
  intake: LiveIntake | undefined,
  fate: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!intake) return undefined;
  const { bytes, read, trouble = 'no collector is ready' } = await readWaiting(kubectl, intake, signal);
  if (read === 0) {
    return inOneLine(`The intake may hold spans, but the size of its queues cannot be read (${trouble}). ${fate}`);
  }
  const all = Math.max(INTAKE_REPLICAS, intake.pods.length);
  if (bytes === 0 && read === all) return 'The queues of the intake are empty.';
  const some = read < all ? ` (${read} of ${all} collectors answered)` : '';
  return inOneLine(`The intake holds ${size(bytes)} of spans${some}. ${fate}`);
}

/** What happens to waiting spans when the data changes. @param data the data on which ingestion starts again */
export function addedTo(data: string): string {
  return `Ingestion adds them to ${data}. It refuses spans whose API key is not in that data, and the intake drops them.`;
}

/** The command that stops the collectors. Their queues stay on their claims. */
export function stopIntake(kubectl: Kubectl): string {
  return kubectl.commandLine(['scale', `statefulset/${intakeName}`, '--replicas=0']);
}

async function readWaiting(kubectl: Kubectl, intake: LiveIntake, signal: AbortSignal): Promise<Waiting> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_SECONDS * 1000)]);
  const sizes = await Promise.allSettled(
    readyPods(intake).map(async ({ metadata: { name: pod } }) => {
      return queueSize(await readPage(kubectl, { pod, port: intakePorts.metrics, path: '/metrics' }, within));
    }),
  );
  signal.throwIfAborted();
  const told = sizes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failed = sizes.find((each) => each.status === 'rejected');
  return {
    bytes: told.reduce((sum, bytes) => sum + bytes, 0),
    read: told.length,
    ...(failed && { trouble: troubleOf(failed.reason) }),
  };
}

function troubleOf({ name, message }: Error): string {
  return name === 'TimeoutError' ? `no answer in ${ANSWER_SECONDS} seconds` : message;
}

/** The size is in the unit of the queue's sizer, which is bytes: exporter/exporterhelper/README.md of the collector. */
function queueSize(metrics: string): number {
  const queue = `exporter="${intakeExporters.queue}"`;
  const [, , value] =
    [...metrics.matchAll(QUEUE_SIZE)].find(([, labels = '']) => labels.split(/, */).includes(queue)) ?? [];
  const bytes = Number(value);
  if (!Number.isFinite(bytes)) throw new Error('its metrics do not contain the size of the queue');
  return bytes;
}

function readyPods({ pods }: LiveIntake): readonly Manifest[] {
  return pods.filter(
    (pod) => conditionOf(pod, 'Ready')?.status === 'True' && pod.metadata.deletionTimestamp === undefined,
  );
}
