import { type Container, fieldsOf, mountsClaim, type Pod } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** The slowest known start: ingestion of the releases that do not wait for the backend. */
const LEAST_START_SECONDS = 300;

const PROBES = ['startupProbe', 'readinessProbe', 'livenessProbe'] as const;

/** Kubernetes must be able to distinguish pods that hang, work, and start. */
export const probes: Rule = {
  name: 'probes',
  asks: 'Every long-running container has a liveness probe, and every pod a readiness probe. Containers with the data get five minutes to start. No probe runs a program',
  reason:
    'otherwise a container that hangs is never restarted, and one that migrates its data is killed during the migration',
  source: 'https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/',
  *violations({ pods }: RenderedStudio) {
    for (const pod of pods) {
      const running = pod.containers.filter(({ init }) => !init);
      for (const container of pod.containers) yield* kindsOf(container);
      if (pod.ends) continue;
      for (const container of running) yield* missing(pod, container);
      if (!running.some(({ fields }) => fields.readinessProbe)) {
        yield { object: pod.title, text: 'no container has a readinessProbe' };
      }
    }
  },
};

function* kindsOf({ fields, title: object }: Container): Generator<Violation> {
  for (const name of PROBES) {
    const probe = fieldsOf(fields[name]);
    if (probe.exec) yield { object, text: `${name} runs a command: probe a port instead` };
  }
}

function* missing(pod: Pod, container: Container): Generator<Violation> {
  const { fields, title: object } = container;
  if (!fields.livenessProbe) yield { object, text: 'has no livenessProbe' };
  if (!mountsClaim(pod, container)) return;
  // The defaults of the API server, where one of the two is left out.
  const { periodSeconds = 10, failureThreshold = 3 } = fields.startupProbe ?? {};
  const seconds = fields.startupProbe ? periodSeconds * failureThreshold : 0;
  if (!(seconds >= LEAST_START_SECONDS)) {
    yield {
      object,
      text: `startupProbe allows ${seconds} seconds, but migrations need at least ${LEAST_START_SECONDS}`,
    };
  }
  const { progressDeadlineSeconds: deadline = 600 } = fieldsOf(pod.owner.spec);
  if (pod.owner.kind === 'Deployment' && !(deadline > seconds)) {
    yield { object, text: `progressDeadlineSeconds (${deadline}) ends before startupProbe does (${seconds})` };
  }
}
