import { podsOf } from '../../../render/manifest';
import { besideTheVolume } from '../../../render/rules/beside-the-volume';
import { lets, refuses, type SpoiltStudio, workload } from '../../support/rules';

const BACKEND = 'Deployment junjo-ai-studio-backend';
const INGESTION = 'Deployment junjo-ai-studio-ingestion';
const none = 'has no required pod affinity on kubernetes.io/hostname to the other pods of its volume';
const terms = (studio: SpoiltStudio, name: string) =>
  studio.pod(name).affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution;

refuses(besideTheVolume, [
  ['a pod that goes where it likes', (s) => delete s.pod('ingestion').affinity, `${INGESTION}: ${none}`],
  [
    'a pod that would rather be beside the other',
    (s) => {
      const { podAffinity } = s.pod('backend').affinity;
      podAffinity.preferredDuringSchedulingIgnoredDuringExecution = [
        { weight: 100, podAffinityTerm: terms(s, 'backend')[0] },
      ];
      delete podAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    },
    `${BACKEND}: ${none}`,
  ],
  [
    'pods that are together in a zone',
    (s) => Object.assign(terms(s, 'backend')[0], { topologyKey: 'topology.kubernetes.io/zone' }),
    `${BACKEND}: ${none}`,
  ],
  [
    'pods that look for each other in another namespace',
    (s) => Object.assign(terms(s, 'backend')[0], { namespaces: ['other'] }),
    `${BACKEND}: ${none}`,
  ],
  [
    'pods that look for those of their own revision',
    (s) => Object.assign(terms(s, 'backend')[0], { matchLabelKeys: ['pod-template-hash'] }),
    `${BACKEND}: ${none}`,
  ],
  [
    'an affinity that finds nobody',
    (s) => Object.assign(terms(s, 'ingestion')[0].labelSelector, { matchLabels: { a: 'b' } }),
    [
      `${INGESTION}: its pod affinity does not find ${BACKEND}, which mounts the same volume`,
      `${INGESTION}: its pod affinity does not find ${INGESTION}, which mounts the same volume`,
    ],
  ],
  [
    'an affinity to the others alone, with which the first would wait for ever',
    (s) =>
      Object.assign(terms(s, 'backend')[0], {
        labelSelector: { matchLabels: { 'app.kubernetes.io/component': 'ingestion' } },
      }),
    `${BACKEND}: its pod affinity does not find ${BACKEND}, which mounts the same volume`,
  ],
  [
    'an affinity that draws the frontend in',
    (s) =>
      Object.assign(terms(s, 'backend')[0], {
        labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'junjo-ai-studio' } },
      }),
    `${BACKEND}: its pod affinity finds Deployment junjo-ai-studio-frontend, which does not mount the volume`,
  ],
  [
    'a third pod on the volume that the others do not know',
    (s) => {
      const job = workload('CronJob');
      for (const { spec } of podsOf(job)) Object.assign(spec, { volumes: s.pod('backend').volumes });
      s.add(job);
    },
    [
      `${BACKEND}: its pod affinity does not find CronJob junjo-ai-studio-extra, which mounts the same volume`,
      `${INGESTION}: its pod affinity does not find CronJob junjo-ai-studio-extra, which mounts the same volume`,
      `CronJob junjo-ai-studio-extra: ${none}`,
    ],
  ],
  [
    'a node selector of one pod alone',
    (s) => Object.assign(s.pod('backend'), { nodeSelector: { disktype: 'ssd' } }),
    `${INGESTION}: nodeSelector must be the same as in ${BACKEND}, because both run on one node`,
  ],
  [
    'a toleration of one pod alone',
    (s) => Object.assign(s.pod('ingestion'), { tolerations: [{ key: 'a', operator: 'Exists' }] }),
    `${INGESTION}: tolerations must be the same as in ${BACKEND}, because both run on one node`,
  ],
  [
    'a node affinity of one pod alone',
    (s) => Object.assign(s.pod('ingestion').affinity, { nodeAffinity: {} }),
    `${INGESTION}: nodeAffinity must be the same as in ${BACKEND}, because both run on one node`,
  ],
  [
    'a claim that one pod locks',
    (s) => Object.assign(s.get('PersistentVolumeClaim', 'data').spec, { accessModes: ['ReadWriteOncePod'] }),
    'PersistentVolumeClaim junjo-ai-studio-data: ReadWriteOncePod allows only one pod',
  ],
]);

lets(besideTheVolume, [
  [
    'a pod that is alone on its volume',
    (s) => {
      const job = workload('Job');
      const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'own' } }];
      for (const { spec } of podsOf(job)) Object.assign(spec, { volumes });
      s.add(job);
    },
  ],
  [
    'two pods with the same node selector',
    (s) => {
      for (const name of ['backend', 'ingestion']) Object.assign(s.pod(name), { nodeSelector: { disktype: 'ssd' } });
    },
  ],
  [
    'an affinity by expressions',
    (s) =>
      Object.assign(terms(s, 'backend')[0], {
        labelSelector: {
          matchExpressions: [{ key: 'app.kubernetes.io/component', operator: 'In', values: ['backend', 'ingestion'] }],
        },
      }),
  ],
  [
    'an affinity by what the others have not',
    (s) =>
      Object.assign(terms(s, 'backend')[0], {
        labelSelector: {
          matchExpressions: [
            { key: 'app.kubernetes.io/component', operator: 'NotIn', values: ['frontend'] },
            { key: 'junjo-ai-studio/volume', operator: 'Exists' },
            { key: 'elsewhere', operator: 'DoesNotExist' },
          ],
        },
      }),
  ],
]);
