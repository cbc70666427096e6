import { selectors } from '../../../render/rules/selectors';
import { lets, refuses, type SpoiltStudio, workload } from '../../support/rules';
import type { Manifest } from '../../support/studio';

const SERVICE = 'Service junjo-ai-studio-backend';
const POLICY = 'NetworkPolicy junjo-ai-studio-backend';
const BACKEND = 'Deployment junjo-ai-studio-backend';
const KEYS = 'app.kubernetes.io/component and app.kubernetes.io/name';
const service = (studio: SpoiltStudio) => studio.get('Service', 'backend').spec;
const policy = (studio: SpoiltStudio) => studio.get('NetworkPolicy', 'backend').spec;
const component = (name: string) => ({ 'app.kubernetes.io/component': name });

refuses(selectors, [
  [
    'a Service for nobody',
    (s) => Object.assign(service(s).selector, component('nobody')),
    `${SERVICE}: selects the pods of 0 workloads instead of one`,
  ],
  [
    'a Service for everybody',
    (s) => delete service(s).selector['app.kubernetes.io/component'],
    [
      `${SERVICE}: selects the pods of 3 workloads instead of one`,
      `${SERVICE}: selects by app.kubernetes.io/name instead of ${KEYS}`,
    ],
  ],
  [
    'a Service without a selector',
    (s) => delete service(s).selector,
    [`${SERVICE}: selects the pods of 0 workloads instead of one`, `${SERVICE}: selects by nothing instead of ${KEYS}`],
  ],
  [
    "a Service that selects by the label that Argo CD's tracking writes",
    (s) => Object.assign(service(s).selector, { 'app.kubernetes.io/instance': 'junjo-ai-studio' }),
    `${SERVICE}: selects by app.kubernetes.io/component and app.kubernetes.io/instance and app.kubernetes.io/name instead of ${KEYS}`,
  ],
  [
    'a workload that does not find its own pods',
    (s) => Object.assign(s.get('Deployment', 'backend').spec.selector.matchLabels, component('nobody')),
    `${BACKEND}: its selector does not find its own pods`,
  ],
  [
    'a workload that finds the pods of another',
    (s) => {
      s.get('Deployment', 'frontend').spec.template.metadata.labels['app.kubernetes.io/component'] = 'backend';
    },
    [
      `${BACKEND}: its selector finds the pods of Deployment junjo-ai-studio-frontend`,
      'Deployment junjo-ai-studio-frontend: its selector does not find its own pods',
      'Deployment junjo-ai-studio-frontend: its topology spread must count only its own pods',
      `${SERVICE}: selects the pods of 2 workloads instead of one`,
      'Service junjo-ai-studio-backend-internal: selects the pods of 2 workloads instead of one',
      'Service junjo-ai-studio-frontend: selects the pods of 0 workloads instead of one',
      'NetworkPolicy junjo-ai-studio-frontend: selects pods that do not exist',
    ],
  ],
  [
    'a workload that selects by a label that changes',
    (s) => {
      const { spec } = s.get('Deployment', 'backend');
      spec.selector.matchLabels['app.kubernetes.io/version'] =
        spec.template.metadata.labels['app.kubernetes.io/version'];
    },
    `${BACKEND}: selects by app.kubernetes.io/component and app.kubernetes.io/name and app.kubernetes.io/version instead of ${KEYS}`,
  ],
  [
    'a spread over the pods of another',
    (s) =>
      Object.assign(s.pod('frontend').topologySpreadConstraints[0].labelSelector.matchLabels, component('backend')),
    'Deployment junjo-ai-studio-frontend: its topology spread must count only its own pods',
  ],
  [
    'a spread over its own pods and those of others',
    (s) => {
      const labelSelector = { matchLabels: { 'app.kubernetes.io/name': 'junjo-ai-studio' } };
      s.pod('backend').topologySpreadConstraints = [{ maxSkew: 1, topologyKey: 'zone', labelSelector }];
    },
    `${BACKEND}: its topology spread must count only its own pods`,
  ],
  [
    'a policy for nobody',
    (s) => Object.assign(policy(s).podSelector.matchLabels, component('nobody')),
    `${POLICY}: selects pods that do not exist`,
  ],
  [
    'a policy that lets nobody in',
    (s) => Object.assign(policy(s).ingress[1].from[0].podSelector.matchLabels, component('nobody')),
    `${POLICY}: allows pods that do not exist: {"matchLabels":{"app.kubernetes.io/component":"nobody","app.kubernetes.io/name":"junjo-ai-studio"}}`,
  ],
  [
    'a policy with a way out to nobody',
    (s) => {
      const rule = policy(s).egress.find(({ to }: Manifest) =>
        to.some((peer: Manifest) => peer.podSelector && !peer.namespaceSelector),
      );
      rule.to[0].podSelector.matchLabels = { app: 'nobody' };
    },
    `${POLICY}: allows pods that do not exist: {"matchLabels":{"app":"nobody"}}`,
  ],
]);

const expression = (studio: SpoiltStudio, expressions: object) => {
  const own = { key: 'app.kubernetes.io/component', operator: 'In', values: ['backend'] };
  policy(studio).podSelector = { matchExpressions: [own, expressions] };
};

refuses(
  selectors,
  [
    { key: 'app.kubernetes.io/name', operator: 'DoesNotExist' },
    { key: 'tier', operator: 'Exists' },
    { key: 'app.kubernetes.io/component', operator: 'NotIn', values: ['frontend', 'backend'] },
    { key: 'app.kubernetes.io/component', operator: 'In', values: ['frontend'] },
  ].map((each) => [
    `a policy for nobody, by ${each.operator}`,
    (s) => expression(s, each),
    `${POLICY}: selects pods that do not exist`,
  ]),
);

lets(
  selectors,
  [
    { key: 'app.kubernetes.io/name', operator: 'Exists' },
    { key: 'tier', operator: 'DoesNotExist' },
    { key: 'app.kubernetes.io/component', operator: 'NotIn', values: ['frontend'] },
  ].map((each) => [`a policy by ${each.operator}`, (s) => expression(s, each)]),
);

lets(selectors, [
  [
    'pods of other namespaces, which are not known',
    (s) =>
      policy(s).egress.push({
        to: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'theirs' } } }],
      }),
  ],
  ['a CronJob, whose Jobs are given selectors', (s) => s.add(workload('CronJob'))],
  ['a single Pod', (s) => s.add(workload('Pod'))],
]);
