import { disruptionBudgets } from '../../../render/rules/disruption-budgets';
import { lets, refuses, type SpoiltStudio } from '../../support/rules';

const BUDGET = 'PodDisruptionBudget junjo-ai-studio-frontend';
const spec = (studio: SpoiltStudio) => studio.get('PodDisruptionBudget', 'frontend').spec;

refuses(disruptionBudgets, [
  [
    'one on the single pod of the backend',
    (s) => {
      spec(s).selector.matchLabels['app.kubernetes.io/component'] = 'backend';
    },
    `${BUDGET}: selects the single pod of Deployment junjo-ai-studio-backend`,
  ],
  [
    'one on pods that are single by default',
    (s) => delete s.get('Deployment', 'frontend').spec.replicas,
    `${BUDGET}: selects the single pod of Deployment junjo-ai-studio-frontend`,
  ],
  [
    'one on nobody',
    (s) => {
      spec(s).selector.matchLabels['app.kubernetes.io/component'] = 'nobody';
    },
    `${BUDGET}: selects the pods of 0 workloads instead of one`,
  ],
  [
    'one that keeps all pods',
    (s) => Object.assign(spec(s), { maxUnavailable: undefined, minAvailable: 3 }),
    `${BUDGET}: minAvailable 3 allows no eviction of the 3 pods of Deployment junjo-ai-studio-frontend`,
  ],
  [
    'one that keeps all of a hundred',
    (s) => Object.assign(spec(s), { maxUnavailable: undefined, minAvailable: '100%' }),
    `${BUDGET}: minAvailable 100% allows no eviction of the 3 pods of Deployment junjo-ai-studio-frontend`,
  ],
  [
    'one that spares none',
    (s) => Object.assign(spec(s), { maxUnavailable: 0 }),
    `${BUDGET}: maxUnavailable 0 allows no eviction`,
  ],
  [
    'one that spares none of a hundred',
    (s) => Object.assign(spec(s), { maxUnavailable: '0%' }),
    `${BUDGET}: maxUnavailable 0% allows no eviction`,
  ],
]);

lets(disruptionBudgets, [
  ['one that keeps two of three', (s) => Object.assign(spec(s), { maxUnavailable: undefined, minAvailable: 2 })],
]);
