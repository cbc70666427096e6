import { references } from '../../../render/rules/references';
import { lets, refuses, workload } from '../../support/rules';

const POD = 'Deployment junjo-ai-studio-frontend';
const CONTAINER = `${POD}, container frontend`;

refuses(references, [
  [
    'settings that are not there',
    (s) => Object.assign(s.container('frontend').envFrom[0].configMapRef, { name: 'junjo-ai-studio-frontend-setting' }),
    `${CONTAINER}: reads the ConfigMap junjo-ai-studio-frontend-setting, which does not exist`,
  ],
  [
    'a volume of a ConfigMap that is not there',
    (s) => s.pod('frontend').volumes.push({ name: 'more', configMap: { name: 'frontend-config' } }),
    `${POD}: reads the ConfigMap frontend-config, which does not exist`,
  ],
  [
    'a projected ConfigMap that is not there',
    (s) =>
      s
        .pod('frontend')
        .volumes.push({ name: 'more', projected: { sources: [{ configMap: { name: 'frontend-config' } }] } }),
    `${POD}: reads the ConfigMap frontend-config, which does not exist`,
  ],
  [
    'a key that is not there',
    (s) =>
      Object.assign(s.container('frontend'), {
        env: [
          { name: 'A', valueFrom: { configMapKeyRef: { name: 'junjo-ai-studio-frontend-config', key: 'none.js' } } },
        ],
      }),
    `${CONTAINER}: reads the key none.js of junjo-ai-studio-frontend-config, which does not exist`,
  ],
  [
    'a mounted key that is not there',
    (s) => {
      const [volume] = s.pod('frontend').volumes;
      volume.configMap.items = [{ key: 'none.js', path: 'config.js' }];
    },
    `${POD}: reads the key none.js of junjo-ai-studio-frontend-config, which does not exist`,
  ],
  [
    'a part of a volume that is not there',
    (s) => Object.assign(s.container('frontend').volumeMounts[0], { subPath: 'none.js' }),
    `${CONTAINER}: mounts the key none.js of junjo-ai-studio-frontend-config, which does not exist`,
  ],
  [
    'a volume that is not there',
    (s) => s.container('frontend').volumeMounts.push({ name: 'none', mountPath: '/none' }),
    `${CONTAINER}: mounts the volume none, which its pod does not have`,
  ],
]);

lets(references, [
  [
    'a ConfigMap of somebody else',
    (s) => s.pod('frontend').volumes.push({ name: 'more', configMap: { name: 'company-ca' } }),
  ],
  [
    'what may be missing',
    (s) => s.container('frontend').envFrom.push({ configMapRef: { name: 'none', optional: true } }),
  ],
  [
    'a key that may be missing',
    (s) => {
      const configMapKeyRef = { name: 'junjo-ai-studio-frontend-config', key: 'none.js', optional: true };
      Object.assign(s.container('frontend'), { env: [{ name: 'A', valueFrom: { configMapKeyRef } }] });
    },
  ],
  [
    'the claims that a StatefulSet makes',
    (s) => {
      const set = workload('StatefulSet');
      const kind = 'PersistentVolumeClaim';
      const claim = { apiVersion: 'v1', kind, metadata: { name: 'own' }, status: { phase: 'Pending' } };
      set.spec.volumeClaimTemplates = [claim];
      set.spec.template.spec.containers[0].volumeMounts = [{ name: 'own', mountPath: '/data' }];
      s.add(set);
    },
  ],
]);
