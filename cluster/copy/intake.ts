import { intakePorts } from '../../charts/intake-config';
import { selectorLabels } from '../../charts/metadata';
import { INTAKE_REPLICAS, intakeName } from '../../config/names';
import { inOneLine } from '../../config/text';
import { conditionOf, fieldsOf, type Manifest, matches } from '../../render/manifest';
import type { Kubectl } from '../kubectl';
import { readPage } from '../port-forward';
import { size } from './progress';

/** The collectors of a studio: nothing stops them, so that they keep spans while ingestion is stopped. */
export interface LiveIntake {
  readonly pods: readonly Manifest[];
}

/** What waits in the queues of the collectors. */
export interface Waiting {
  readonly bytes: number;
  /** Collectors that told. */
  readonly read: number;
  /** Why another one did not. @default all told, or are not ready */
  readonly trouble?: string;
}

/** Seconds that a collector may take for its answer: the studio may be stopped meanwhile. */
const ANSWER_SECONDS = 15;

/**
 * The size of the queue, in the unit of its sizer, which is bytes:
 * https://github.com/open-telemetry/opentelemetry-collector/blob/main/exporter/exporterhelper/README.md
 */
const QUEUE_SIZE = /^otelcol_exporter_queue_size(?:\{[^}]*\})? (\S+)/gm;

/** Finds the collectors by their pods, which every command that copies may list. @returns nothing where there are none */
export async function findIntake(kubectl: Kubectl, signal: AbortSignal): Promise<LiveIntake | undefined> {
  const pods = await kubectl.list(['pods'], { signal });
  const own = pods.filter(({ metadata }) => matches(selectorLabels('intake'), fieldsOf(metadata.labels)));
  return own.length > 0 ? { pods: own } : undefined;
}

/** What happens to spans while ingestion is stopped. @param otherwise the sentence about a studio without collectors */
export function meanwhile(intake: LiveIntake | undefined, otherwise: string): string {
  if (!intake) return otherwise;
  return readyPods(intake).length > 0
    ? 'The intake keeps spans meanwhile, as long as its queues have room.'
    : `No collector of the intake is ready. ${otherwise}`;
}

/** Says how much waits, and what becomes of it; whatever goes wrong, it only says so. */
export async function sayWaiting(
  kubectl: Kubectl,
  intake: LiveIntake | undefined,
  whatBecomes: (amount: string) => string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!intake) return undefined;
  const { bytes, read, trouble } = await readWaiting(kubectl, intake, signal);
  if (read === 0) {
    const why = trouble ?? 'no collector is ready';
    return inOneLine(`The intake may hold spans: how much waits in its queues cannot be read (${why}).`);
  }
  const some = read < INTAKE_REPLICAS ? ` Only ${read} of ${INTAKE_REPLICAS} collectors could be asked.` : '';
  return bytes === 0 ? `The queues of the intake are empty.${some}` : `${whatBecomes(size(bytes))}${some}`;
}

/** Stops the collectors, whose queues stay on their claims. */
export function stopIntake(kubectl: Kubectl, replicas = 0): string {
  return kubectl.commandLine(['scale', `statefulset/${intakeName}`, `--replicas=${replicas}`]);
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
    ...(failed && { trouble: (failed.reason as Error).message }),
  };
}

function queueSize(metrics: string): number {
  const sizes = [...metrics.matchAll(QUEUE_SIZE)].map(([, value]) => Number(value));
  if (sizes.length === 0) throw new Error('its metrics do not tell the size of the queue');
  return sizes.reduce((sum, value) => sum + value, 0);
}

function readyPods({ pods }: LiveIntake): readonly Manifest[] {
  return pods.filter(
    (pod) => conditionOf(pod, 'Ready')?.status === 'True' && pod.metadata.deletionTimestamp === undefined,
  );
}
