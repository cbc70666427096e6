import { labels } from '../../../render/rules/labels';
import { names } from '../../../render/rules/names';
import { namespaces } from '../../../render/rules/namespaces';
import { lets, refuses, workload } from '../../support/rules';

const CONTAINER = 'Deployment junjo-ai-studio-backend, container backend';
const metadata = { name: 'more', namespace: 'junjo-ai-studio' };

refuses(labels, [
  [
    'an object without labels',
    (s) => delete s.get('Service', 'backend').metadata.labels,
    'Service junjo-ai-studio-backend: has no label app.kubernetes.io/instance, app.kubernetes.io/managed-by, app.kubernetes.io/name, app.kubernetes.io/part-of',
  ],
  [
    'an object that is of no studio',
    (s) => delete s.get('ConfigMap', 'backend-settings').metadata.labels['app.kubernetes.io/instance'],
    'ConfigMap junjo-ai-studio-backend-settings: has no label app.kubernetes.io/instance',
  ],
  [
    'pods that are of no studio',
    (s) => delete s.get('Deployment', 'backend').spec.template.metadata.labels['app.kubernetes.io/part-of'],
    'Deployment junjo-ai-studio-backend, its pods: has no label app.kubernetes.io/part-of',
  ],
  [
    'a claim that nobody finds',
    (s) => delete s.get('PersistentVolumeClaim', 'data').metadata.labels,
    'PersistentVolumeClaim junjo-ai-studio-data: has no label app.kubernetes.io/name',
  ],
]);

refuses(names, [
  [
    'two objects of one name',
    (s) => s.add(s.get('ConfigMap', 'backend-settings')),
    'ConfigMap junjo-ai-studio-backend-settings: exists twice',
  ],
  [
    'two of one name in two versions of the API',
    (s) => {
      s.add({ apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata });
      s.add({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata });
    },
    'HorizontalPodAutoscaler more: exists twice',
  ],
  [
    'a name in capitals',
    (s) => Object.assign(s.get('Service', 'backend').metadata, { name: 'Backend' }),
    'Service Backend: has a name that Kubernetes refuses',
  ],
  [
    'a name that is too long',
    (s) => s.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a'.repeat(254) } }),
    `ConfigMap ${'a'.repeat(254)}: has a name that Kubernetes refuses`,
  ],
  [
    'an object without a name',
    (s) => s.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '' } }),
    'ConfigMap : has a name that Kubernetes refuses',
  ],
  [
    'two containers of one name',
    (s) => s.pod('backend').containers.push(s.container('backend')),
    [
      'Deployment junjo-ai-studio-backend: the container backend exists twice',
      'Deployment junjo-ai-studio-backend: the port http exists twice',
      'Deployment junjo-ai-studio-backend: the port grpc-internal exists twice',
    ],
  ],
  [
    'an init container of the name of another',
    (s) => Object.assign(s.pod('backend'), { initContainers: [{ name: 'backend' }] }),
    'Deployment junjo-ai-studio-backend: the container backend exists twice',
  ],
  [
    'two volumes of one name',
    (s) => s.pod('backend').volumes.push({ name: 'data', emptyDir: { sizeLimit: '1Mi' } }),
    'Deployment junjo-ai-studio-backend: the volume data exists twice',
  ],
  [
    'two variables of one name',
    (s) => s.container('backend').env.push({ name: 'HOME', value: '/' }),
    `${CONTAINER}: the variable HOME exists twice`,
  ],
  [
    'two mounts on one path',
    (s) => s.container('backend').volumeMounts.push(s.container('backend').volumeMounts[0]),
    `${CONTAINER}: the mount /app/.dbdata exists twice`,
  ],
  [
    'two ports of one name',
    (s) => s.container('backend').ports.push({ name: 'http', containerPort: 1, protocol: 'TCP' }),
    'Deployment junjo-ai-studio-backend: the port http exists twice',
  ],
  [
    'two ports of a Service of one name',
    (s) => s.get('Service', 'backend').spec.ports.push(s.get('Service', 'backend').spec.ports[0]),
    'Service junjo-ai-studio-backend: the port http exists twice',
  ],
]);

refuses(
  names,
  [
    'backend.',
    '.backend',
    'back..end',
    'back.-end',
    'back-.end',
    '-backend',
    'backend-',
    'back_end',
    'Backend',
    'a'.repeat(254),
  ].map((name) => [
    `the name ${name.slice(0, 20)}`,
    (s) => s.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name } }),
    `ConfigMap ${name}: has a name that Kubernetes refuses`,
  ]),
);

lets(
  names,
  ['a', '1', 'ab', 'a-b', 'a--b', 'a.b', 'ab.cd-e.f1', 'a'.repeat(253)].map((name) => [
    `the name ${name.slice(0, 20)}`,
    (s) => s.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, name } }),
  ]),
);

lets(names, [
  [
    'objects of one name and two kinds',
    (s) => {
      s.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
      s.add({ apiVersion: 'v1', kind: 'Service', metadata });
    },
  ],
  [
    'a kind of the same name in another group',
    (s) => {
      s.add({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata });
      s.add({ apiVersion: 'networking.istio.io/v1', kind: 'Gateway', metadata });
    },
  ],
  ['ports without names', (s) => s.container('backend').ports.push({ containerPort: 1 }, { containerPort: 2 })],
]);

refuses(namespaces, [
  [
    'an object without a namespace, which lands in default',
    (s) => delete s.get('Service', 'backend').metadata.namespace,
    'Service junjo-ai-studio-backend: is in no namespace instead of junjo-ai-studio',
  ],
  [
    'an object in default',
    (s) => Object.assign(s.get('ConfigMap', 'backend-settings').metadata, { namespace: 'default' }),
    'ConfigMap junjo-ai-studio-backend-settings: is in the namespace default instead of junjo-ai-studio',
  ],
  [
    'a volume in a namespace',
    (s) => Object.assign(s.get('PersistentVolume', 'junjo-ai-studio-data').metadata, { namespace: 'junjo-ai-studio' }),
    'PersistentVolume junjo-ai-studio-data: has the namespace junjo-ai-studio, but its kind has none',
  ],
  [
    'another namespace',
    (s) => Object.assign(s.get('Namespace', 'junjo-ai-studio').metadata, { name: 'default' }),
    'Namespace default: is not the namespace of the studio (junjo-ai-studio)',
  ],
  [
    'an Application where Argo CD does not look',
    (s) => s.add({ ...workload('Application'), metadata }, 'argocd/00-application.k8s.yaml'),
    'Application more: is in the namespace junjo-ai-studio instead of argocd',
  ],
]);

lets(namespaces, [
  [
    'an Application where Argo CD looks',
    (s) =>
      s.add(
        { ...workload('Application'), metadata: { name: 'more', namespace: 'argocd' } },
        'argocd/00-application.k8s.yaml',
      ),
  ],
]);
