import { claimsOf, fieldsOf, type Manifest, type Pod, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** The least that a release takes to stop: ten seconds for calls under way, and six until acknowledged spans are on the disk. */
const LEAST_GRACE_SECONDS = 20;

/** A second pod on the same data, even briefly, fails on the locks of the stores or corrupts them. */
export const oneWriter: Rule = {
  name: 'one-writer',
  asks: 'A claim is mounted by one pod, which is replaced but never doubled, and has at least 20 seconds to stop. Nothing scales it',
  reason: 'SQLite, DuckDB and the write-ahead log have one writer each, which needs time to close',
  source: 'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#recreate-deployment',
  *violations({ pods, manifests }: RenderedStudio) {
    for (const pod of pods.filter((each) => claimsOf(each).length > 0)) {
      yield* writersOf(pod);
      yield* scaled(pod, manifests);
      const { terminationGracePeriodSeconds: grace } = pod.spec;
      if (!pod.ends && !(grace >= LEAST_GRACE_SECONDS)) {
        yield {
          object: pod.title,
          text: `terminationGracePeriodSeconds is ${grace ?? 'not set'}, but must be at least ${LEAST_GRACE_SECONDS}`,
        };
      }
    }
  },
};

function* writersOf({ owner, title: object }: Pod): Generator<Violation> {
  const spec = fieldsOf(owner.spec);
  switch (owner.kind) {
    case 'Deployment':
      yield* single(object, 'replicas', spec.replicas);
      if (spec.strategy?.type !== 'Recreate' || spec.strategy.rollingUpdate) {
        yield {
          object,
          text: 'the strategy must be Recreate: any other starts the new pod before the old one has stopped',
        };
      }
      break;
    case 'StatefulSet':
      yield* single(object, 'replicas', spec.replicas);
      break;
    case 'CronJob':
      if (spec.concurrencyPolicy !== 'Forbid') {
        yield { object, text: 'concurrencyPolicy must be Forbid: any other starts a second Job while one is running' };
      }
      yield* single(object, 'parallelism', fieldsOf(spec.jobTemplate?.spec).parallelism ?? 1);
      break;
    case 'Job':
      yield* single(object, 'parallelism', spec.parallelism ?? 1);
      break;
    case 'Pod':
      break;
    default:
      yield { object, text: `a ${owner.kind} may run several pods, but it mounts a claim` };
  }
}

function* single(object: string, field: string, count: unknown): Generator<Violation> {
  if (count !== 1) yield { object, text: `${field} is ${count ?? 'not set'}, but must be 1` };
}

/** Autoscalers, of Kubernetes' own or any other kind, name what they scale alike. */
export function* scaled({ owner, title }: Pod, manifests: readonly Manifest[]): Generator<Violation> {
  for (const manifest of manifests) {
    const { kind = 'Deployment', name } = fieldsOf(fieldsOf(manifest.spec).scaleTargetRef);
    if (kind === owner.kind && name === owner.metadata.name) {
      yield { object: titleOf(manifest), text: `scales ${title}, which mounts a claim` };
    }
  }
}
