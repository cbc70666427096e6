import { fieldsOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** A budget that never allows an eviction blocks the drain of nodes. */
export const disruptionBudgets: Rule = {
  name: 'disruption-budgets',
  asks: 'A PodDisruptionBudget selects the pods of one workload with several pods, and allows the eviction of one',
  reason: 'a budget that allows no eviction blocks the drain of its node forever',
  source:
    'https://kubernetes.io/docs/tasks/run-application/configure-pdb/#think-about-how-your-application-reacts-to-disruptions',
  *violations(studio: RenderedStudio) {
    for (const budget of studio.ofKind('PodDisruptionBudget')) {
      const object = titleOf(budget);
      const { selector, minAvailable, maxUnavailable } = fieldsOf(budget.spec);
      const selected = studio.selected(selector);
      if (selected.length !== 1) {
        yield { object, text: `selects the pods of ${selected.length} workloads instead of one` };
      }
      for (const { owner, title } of selected) {
        const { replicas = 1 } = fieldsOf(owner.spec);
        if (!(replicas > 1)) yield { object, text: `selects the single pod of ${title}` };
        else if (minAvailable === '100%' || minAvailable >= replicas) {
          yield { object, text: `minAvailable ${minAvailable} allows no eviction of the ${replicas} pods of ${title}` };
        }
      }
      if (maxUnavailable === 0 || maxUnavailable === '0%') {
        yield { object, text: `maxUnavailable ${maxUnavailable} allows no eviction` };
      }
    }
  },
};
