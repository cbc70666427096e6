import { claimsOf, podsOf } from '../../../render/manifest';
import { oneWriter } from '../../../render/rules/one-writer';
import { lets, refuses, SpoiltStudio, workload } from '../../support/rules';
import type { Manifest } from '../../support/studio';

const BACKEND = 'Deployment junjo-ai-studio-backend';
const data = { name: 'data', persistentVolumeClaim: { claimName: 'junjo-ai-studio-data' } };

/** A workload that mounts the claim, and stops as slowly as one must. */
function writer(kind: string, spec: Manifest = {}): Manifest {
  const manifest = workload(kind);
  Object.assign(manifest.spec, spec);
  for (const pod of podsOf(manifest)) Object.assign(pod.spec, { terminationGracePeriodSeconds: 60, volumes: [data] });
  return manifest;
}
const autoscaler = (scaleTargetRef: Manifest, kind = 'HorizontalPodAutoscaler') => ({
  apiVersion: 'autoscaling/v2',
  kind,
  metadata: { name: 'more', namespace: 'junjo-ai-studio' },
  spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3 },
});
const strategy = `${BACKEND}: the strategy must be Recreate: any other starts the new pod before the old one has stopped`;

refuses(oneWriter, [
  [
    'a second replica',
    (s) => Object.assign(s.get('Deployment', 'backend').spec, { replicas: 2 }),
    `${BACKEND}: replicas is 2, but must be 1`,
  ],
  [
    'no replica',
    (s) => Object.assign(s.get('Deployment', 'ingestion').spec, { replicas: 0 }),
    'Deployment junjo-ai-studio-ingestion: replicas is 0, but must be 1',
  ],
  [
    'replicas that an autoscaler would keep',
    (s) => delete s.get('Deployment', 'backend').spec.replicas,
    `${BACKEND}: replicas is not set, but must be 1`,
  ],
  [
    'a rolling update',
    (s) => Object.assign(s.get('Deployment', 'backend').spec, { strategy: { type: 'RollingUpdate' } }),
    strategy,
  ],
  ['no strategy, which is a rolling update', (s) => delete s.get('Deployment', 'backend').spec.strategy, strategy],
  [
    'what is left of a rolling update',
    (s) => Object.assign(s.get('Deployment', 'backend').spec.strategy, { rollingUpdate: { maxSurge: 1 } }),
    strategy,
  ],
  [
    'a pod that is killed before its stores are closed',
    (s) => Object.assign(s.pod('backend'), { terminationGracePeriodSeconds: 19 }),
    `${BACKEND}: terminationGracePeriodSeconds is 19, but must be at least 20`,
  ],
  [
    'a pod that is not said how long it may take',
    (s) => delete s.pod('backend').terminationGracePeriodSeconds,
    `${BACKEND}: terminationGracePeriodSeconds is not set, but must be at least 20`,
  ],
  [
    'a StatefulSet of two writers',
    (s) => s.add(writer('StatefulSet', { replicas: 2 })),
    'StatefulSet junjo-ai-studio-extra: replicas is 2, but must be 1',
  ],
  [
    'a writer on every node',
    (s) => s.add(writer('DaemonSet')),
    'DaemonSet junjo-ai-studio-extra: a DaemonSet may run several pods, but it mounts a claim',
  ],
  [
    'a writer of a kind that nobody knows',
    (s) => s.add(writer('Rollout')),
    'Rollout junjo-ai-studio-extra: a Rollout may run several pods, but it mounts a claim',
  ],
  [
    'a writer every hour, whether the last one ended or not',
    (s) => s.add(writer('CronJob', { concurrencyPolicy: 'Allow' })),
    'CronJob junjo-ai-studio-extra: concurrencyPolicy must be Forbid: any other starts a second Job while one is running',
  ],
  [
    'a CronJob of two writers at a time',
    (s) => {
      const job = writer('CronJob');
      job.spec.jobTemplate.spec.parallelism = 2;
      s.add(job);
    },
    'CronJob junjo-ai-studio-extra: parallelism is 2, but must be 1',
  ],
  [
    'a Job of two writers at a time',
    (s) => s.add(writer('Job', { parallelism: 2 })),
    'Job junjo-ai-studio-extra: parallelism is 2, but must be 1',
  ],
  [
    'a HorizontalPodAutoscaler on a writer',
    (s) => s.add(autoscaler({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'junjo-ai-studio-backend' })),
    `HorizontalPodAutoscaler more: scales ${BACKEND}, which mounts a claim`,
  ],
  [
    "a ScaledObject on a writer, whose kind is a Deployment's unless it says otherwise",
    (s) => s.add(autoscaler({ name: 'junjo-ai-studio-ingestion' }, 'ScaledObject')),
    'ScaledObject more: scales Deployment junjo-ai-studio-ingestion, which mounts a claim',
  ],
]);

lets(oneWriter, [
  ['more pods of what has no data', (s) => Object.assign(s.get('Deployment', 'frontend').spec, { replicas: 9 })],
  [
    'an autoscaler on what has no data',
    (s) => s.add(autoscaler({ kind: 'Deployment', name: 'junjo-ai-studio-frontend' })),
  ],
  [
    'a Job, a CronJob, a Pod and a StatefulSet of one pod',
    (s) => {
      s.add(writer('Job'));
      s.add(writer('CronJob'));
      s.add(writer('Pod'));
      s.add(writer('StatefulSet', { replicas: 1 }));
    },
  ],
]);

test('backend and ingestion are what writes', () => {
  const { placed } = new SpoiltStudio();
  const writers = placed.flatMap(({ manifest }) => podsOf(manifest)).filter((pod) => claimsOf(pod).length > 0);
  expect(writers.map(({ title }) => title)).toEqual([BACKEND, 'Deployment junjo-ai-studio-ingestion']);
});
