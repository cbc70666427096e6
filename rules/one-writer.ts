import { claimsOf, type Pod, type RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** The least that a release takes to stop: ten seconds for the edge, and six until acknowledged spans are on the disk. */
const LEAST_GRACE_SECONDS = 20;

/** A second pod on the same data, even for a moment, fails on the stores' locks or corrupts them. */
export const oneWriter: Rule = {
  name: 'one-writer',
  reason: 'SQLite, DuckDB and the write-ahead log have one writer each, and need time to close',
  source: 'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#recreate-deployment',
  *violations({ pods }: RenderedStudio) {
    for (const pod of pods.filter((each) => claimsOf(each).length > 0)) {
      yield* writersOf(pod);
      const { terminationGracePeriodSeconds: grace } = pod.spec;
      if (!pod.ends && !(grace >= LEAST_GRACE_SECONDS)) {
        yield {
          object: pod.title,
          text: `terminationGracePeriodSeconds is ${grace ?? 'not set'}, and must be at least ${LEAST_GRACE_SECONDS}`,
        };
      }
    }
  },
};

function* writersOf({ owner, title }: Pod): Generator<Violation> {
  const { spec = {} } = owner;
  const job = owner.kind === 'CronJob' ? spec.jobTemplate?.spec : spec;
  switch (owner.kind) {
    case 'Deployment':
      if (spec.replicas !== 1)
        yield { object: title, text: `replicas is ${spec.replicas ?? 'not set'}, and must be 1` };
      if (spec.strategy?.type !== 'Recreate' || spec.strategy.rollingUpdate) {
        yield { object: title, text: 'the strategy must be Recreate: any other starts the new pod beside the old one' };
      }
      break;
    case 'StatefulSet':
      if (spec.replicas !== 1)
        yield { object: title, text: `replicas is ${spec.replicas ?? 'not set'}, and must be 1` };
      break;
    case 'CronJob':
    case 'Job':
      if (owner.kind === 'CronJob' && spec.concurrencyPolicy !== 'Forbid') {
        yield { object: title, text: 'concurrencyPolicy must be Forbid: any other starts a Job beside a running one' };
      }
      if ((job?.parallelism ?? 1) !== 1)
        yield { object: title, text: `parallelism is ${job?.parallelism}, and must be 1` };
      break;
    case 'Pod':
      break;
    default:
      yield { object: title, text: `a ${owner.kind} may run several pods, and mounts a claim` };
  }
}
