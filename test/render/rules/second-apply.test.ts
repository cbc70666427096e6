import { secondApply } from '../../../render/rules/second-apply';
import { lets, refuses, type SpoiltStudio } from '../../support/rules';

const BACKEND = 'Deployment junjo-ai-studio-backend';
const PATH = 'Deployment.spec.template.spec';
const resources = (studio: SpoiltStudio) => studio.container('backend').resources;

refuses(secondApply, [
  [
    'a Secret with stringData',
    (s) => Object.assign(s.get('Secret', 'secrets'), { stringData: { A: 'b' } }),
    'Secret junjo-ai-studio-secrets: stringData is stored as data: write data',
  ],
  [
    'a port of a Service without a protocol',
    (s) => delete s.get('Service', 'backend').spec.ports[0].protocol,
    'Service junjo-ai-studio-backend: the port http has no protocol, which Kubernetes stores',
  ],
  [
    'a port of a container without a protocol',
    (s) => delete s.container('backend').ports[1].protocol,
    `${BACKEND}, container backend: the port grpc-internal has no protocol, which Kubernetes stores`,
  ],
  [
    'a port of a container without name and protocol',
    (s) => s.container('backend').ports.push({ containerPort: 9090 }),
    `${BACKEND}, container backend: the port 9090 has no protocol, which Kubernetes stores`,
  ],
  [
    'a way in without a protocol',
    (s) => delete s.get('NetworkPolicy', 'frontend').spec.ingress[0].ports[0].protocol,
    'NetworkPolicy junjo-ai-studio-frontend: the port 80 has no protocol, which Kubernetes stores',
  ],
  [
    'a way out without a protocol',
    (s) => delete s.get('NetworkPolicy', 'ingestion').spec.egress[0].ports[0].protocol,
    'NetworkPolicy junjo-ai-studio-ingestion: the port 53 has no protocol, which Kubernetes stores',
  ],
  [
    'memory in another unit than it is stored in',
    (s) => Object.assign(resources(s).limits, { memory: '2048Mi' }),
    `${BACKEND}: ${PATH}.containers.0.resources.limits.memory is 2048Mi, which Kubernetes stores as 2Gi`,
  ],
  [
    'CPU as a fraction',
    (s) => Object.assign(resources(s).requests, { cpu: '0.1' }),
    `${BACKEND}: ${PATH}.containers.0.resources.requests.cpu is 0.1, which Kubernetes stores as 100m`,
  ],
  [
    'CPU as a number, which Kubernetes stores as a text',
    (s) => Object.assign(resources(s).requests, { cpu: 1 }),
    `${BACKEND}: ${PATH}.containers.0.resources.requests.cpu is the number 1, which Kubernetes stores as a string: quote it`,
  ],
  [
    'a size limit in another unit',
    (s) => s.pod('backend').volumes.unshift({ name: 'a', emptyDir: { sizeLimit: '1024Ki' } }),
    `${BACKEND}: ${PATH}.volumes.0.emptyDir.sizeLimit is 1024Ki, which Kubernetes stores as 1Mi`,
  ],
  [
    'the size of a volume in another unit',
    (s) => Object.assign(s.get('PersistentVolume', 'junjo-ai-studio-data').spec.capacity, { storage: '1024Gi' }),
    'PersistentVolume junjo-ai-studio-data: PersistentVolume.spec.capacity.storage is 1024Gi, which Kubernetes stores as 1Ti',
  ],
  [
    'the size of a claim in another unit',
    (s) => Object.assign(s.get('PersistentVolumeClaim', 'data').spec.resources.requests, { storage: '1.5Ti' }),
    'PersistentVolumeClaim junjo-ai-studio-data: PersistentVolumeClaim.spec.resources.requests.storage is 1.5Ti, which Kubernetes stores as 1536Gi',
  ],
  [
    'an empty list',
    (s) => Object.assign(s.pod('backend'), { imagePullSecrets: [] }),
    `${BACKEND}: ${PATH}.imagePullSecrets is empty, which Kubernetes does not store: remove it`,
  ],
  [
    'an empty map',
    (s) => Object.assign(s.get('Service', 'backend').metadata, { annotations: {} }),
    'Service junjo-ai-studio-backend: Service.metadata.annotations is empty, which Kubernetes does not store: remove it',
  ],
  [
    'an empty text',
    (s) => Object.assign(s.pod('backend'), { priorityClassName: '' }),
    `${BACKEND}: ${PATH}.priorityClassName is empty, which Kubernetes does not store: remove it`,
  ],
  [
    'null',
    (s) => Object.assign(s.pod('backend'), { nodeName: null }),
    `${BACKEND}: ${PATH}.nodeName is empty, which Kubernetes does not store: remove it`,
  ],
  [
    'a volume of an empty class',
    (s) => Object.assign(s.get('PersistentVolume', 'junjo-ai-studio-data').spec, { storageClassName: '' }),
    'PersistentVolume junjo-ai-studio-data: PersistentVolume.spec.storageClassName is empty, which Kubernetes does not store: remove it',
  ],
]);

lets(secondApply, [
  [
    'a label and an annotation without a value',
    (s) => Object.assign(s.get('Service', 'backend').metadata, { annotations: { a: '' }, labels: { b: '' } }),
  ],
  ['an empty setting', (s) => Object.assign(s.get('ConfigMap', 'backend-settings').data, { EMPTY: '' })],
  ['a policy for every pod', (s) => Object.assign(s.get('NetworkPolicy', 'default-deny').spec, { podSelector: {} })],
  [
    'quantities that are stored as they stand',
    (s) => Object.assign(resources(s), { requests: { cpu: '100m', memory: '1536Mi' }, limits: { memory: '2Gi' } }),
  ],
]);
