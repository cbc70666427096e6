import { type RenderedStudio, titleOf } from './rendered-studio';
import type { Rule } from './rule';

/** A budget that a single pod can never meet keeps its node from being drained. */
export const disruptionBudgets: Rule = {
  name: 'disruption-budgets',
  reason: 'a budget on a single pod blocks the drain of its node for ever',
  source:
    'https://kubernetes.io/docs/tasks/run-application/configure-pdb/#think-about-how-your-application-reacts-to-disruptions',
  *violations(studio: RenderedStudio) {
    for (const budget of studio.ofKind('PodDisruptionBudget')) {
      const object = titleOf(budget);
      const selected = studio.selected(budget.spec?.selector);
      if (selected.length !== 1)
        yield { object, text: `selects the pods of ${selected.length} workloads instead of one` };
      for (const { owner, title } of selected) {
        if (!(owner.spec.replicas > 1)) yield { object, text: `selects the single pod of ${title}` };
      }
    }
  },
};
