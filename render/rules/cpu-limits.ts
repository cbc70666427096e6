import { fieldsOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** CPU is requested, and shared by that when it is short; a limit takes it away from a query while the node idles. */
export const cpuLimits: Rule = {
  name: 'cpu-limits',
  asks: 'No container has a CPU limit',
  reason: 'a container at its CPU limit stands still, its probes with it, however idle the node is',
  source:
    'https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run',
  *violations({ pods }: RenderedStudio) {
    for (const { fields, title: object } of pods.flatMap(({ containers }) => containers)) {
      const { cpu } = fieldsOf(fieldsOf(fields.resources).limits);
      if (cpu !== undefined) yield { object, text: `has a CPU limit (${cpu})` };
    }
  },
};
