import { cpuLimits } from '../../../render/rules/cpu-limits';
import { resources } from '../../../render/rules/resources';
import { lets, refuses, type SpoiltStudio } from '../../support/rules';

const CONTAINER = 'Deployment junjo-ai-studio-backend, container backend';
const of = (studio: SpoiltStudio) => studio.container('backend').resources;

refuses(resources, [
  [
    'no resources',
    (s) => delete s.container('backend').resources,
    [`${CONTAINER}: requests no CPU`, `${CONTAINER}: requests no memory`, `${CONTAINER}: has no memory limit`],
  ],
  ['no request for CPU', (s) => delete of(s).requests.cpu, `${CONTAINER}: requests no CPU`],
  ['a request for no CPU', (s) => Object.assign(of(s).requests, { cpu: '0' }), `${CONTAINER}: requests no CPU`],
  ['no request for memory', (s) => delete of(s).requests.memory, `${CONTAINER}: requests no memory`],
  ['no memory limit', (s) => delete of(s).limits, `${CONTAINER}: has no memory limit`],
  [
    'a memory limit that is none',
    (s) => Object.assign(of(s).limits, { memory: 'much' }),
    `${CONTAINER}: has no memory limit`,
  ],
  [
    'more memory requested than allowed, whatever the units are',
    (s) => Object.assign(of(s), { requests: { cpu: 1, memory: '1Gi' }, limits: { memory: '1023Mi' } }),
    `${CONTAINER}: requests more memory (1Gi) than its limit allows (1023Mi)`,
  ],
  [
    'a sidecar without a limit',
    (s) => delete s.pod('backend').containers[1].resources.limits,
    'Deployment junjo-ai-studio-backend, container guard: has no memory limit',
  ],
  [
    'an emptyDir that may fill the disk of the node',
    (s) => s.pod('backend').volumes.push({ name: 'scratch', emptyDir: {} }),
    'Deployment junjo-ai-studio-backend: the volume scratch is an emptyDir without a sizeLimit',
  ],
]);

lets(resources, [
  [
    'as much memory requested as allowed',
    (s) => Object.assign(of(s), { requests: { cpu: 1, memory: '1Gi' }, limits: { memory: '1024Mi' } }),
  ],
]);

refuses(cpuLimits, [
  ['a CPU limit', (s) => Object.assign(of(s).limits, { cpu: '1500m' }), `${CONTAINER}: has a CPU limit (1500m)`],
]);
