import { fieldsOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** A budget that its pods can never spare one of keeps their nodes from being drained. */
export const disruptionBudgets: Rule = {
  name: 'disruption-budgets',
  asks: 'A PodDisruptionBudget is for the pods of one workload, has several of them, and can spare one',
  reason: 'a budget that spares no pod blocks the drain of its node for ever',
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
          yield { object, text: `minAvailable ${minAvailable} spares none of the ${replicas} pods of ${title}` };
        }
      }
      if (maxUnavailable === 0 || maxUnavailable === '0%') {
        yield { object, text: `maxUnavailable ${maxUnavailable} spares no pod` };
      }
    }
  },
};
