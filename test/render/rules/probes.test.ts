import { probes } from '../../../render/rules/probes';
import { lets, refuses, workload } from '../../support/rules';

const BACKEND = 'Deployment junjo-ai-studio-backend';
const CONTAINER = `${BACKEND}, container backend`;

refuses(probes, [
  ['no liveness probe', (s) => delete s.container('backend').livenessProbe, `${CONTAINER}: has no livenessProbe`],
  [
    'a sidecar without a liveness probe',
    (s) => delete s.pod('backend').containers[1].livenessProbe,
    `${BACKEND}, container guard: has no livenessProbe`,
  ],
  [
    'a sidecar among the init containers without one',
    (s) => {
      const { livenessProbe, ...sidecar } = s.pod('backend').containers[1];
      s.pod('backend').initContainers = [{ ...sidecar, name: 'native', restartPolicy: 'Always' }];
    },
    `${BACKEND}, container native: has no livenessProbe`,
  ],
  [
    'a pod that is ready as soon as it runs',
    (s) => {
      for (const container of s.pod('backend').containers) delete container.readinessProbe;
    },
    `${BACKEND}: no container has a readinessProbe`,
  ],
  [
    'no startup probe before migrations',
    (s) => delete s.container('backend').startupProbe,
    `${CONTAINER}: startupProbe allows 0 seconds, but migrations need at least 300`,
  ],
  [
    'a startup probe that ends in the middle of a migration',
    (s) => Object.assign(s.container('backend').startupProbe, { periodSeconds: 5, failureThreshold: 59 }),
    `${CONTAINER}: startupProbe allows 295 seconds, but migrations need at least 300`,
  ],
  [
    'a startup probe with the defaults of Kubernetes',
    (s) => {
      delete s.container('backend').startupProbe.periodSeconds;
      delete s.container('backend').startupProbe.failureThreshold;
    },
    `${CONTAINER}: startupProbe allows 30 seconds, but migrations need at least 300`,
  ],
  [
    'a rollout that counts as failed while it starts',
    (s) => Object.assign(s.get('Deployment', 'backend').spec, { progressDeadlineSeconds: 900 }),
    `${CONTAINER}: progressDeadlineSeconds (900) ends before startupProbe does (900)`,
  ],
  [
    'a rollout that counts as failed by default',
    (s) => delete s.get('Deployment', 'backend').spec.progressDeadlineSeconds,
    `${CONTAINER}: progressDeadlineSeconds (600) ends before startupProbe does (900)`,
  ],
  [
    'a probe that runs a program of the image',
    (s) => {
      s.container('ingestion').readinessProbe = { exec: { command: ['grpc_health_probe', '-addr=:50052'] } };
    },
    'Deployment junjo-ai-studio-ingestion, container ingestion: readinessProbe runs a command: probe a port instead',
  ],
]);

lets(probes, [
  ['a Job, which ends', (s) => s.add(workload('Job'))],
  [
    'a sidecar that makes nobody ready, beside one that does',
    (s) => delete s.pod('backend').containers[1].readinessProbe,
  ],
  ['a short start of what has no data', (s) => delete s.container('frontend').startupProbe],
]);
