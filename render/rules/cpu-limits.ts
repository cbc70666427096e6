import { fieldsOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Requests share CPU fairly when it is scarce. A limit would slow queries down even on an idle node. */
export const cpuLimits: Rule = {
  name: 'cpu-limits',
  asks: 'No container has a CPU limit',
  reason: 'a container at its CPU limit is throttled, including its probes, even if the node is idle',
  source:
    'https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#how-pods-with-resource-limits-are-run',
  *violations({ pods }: RenderedStudio) {
    for (const { fields, title: object } of pods.flatMap(({ containers }) => containers)) {
      const { cpu } = fieldsOf(fieldsOf(fields.resources).limits);
      if (cpu !== undefined) yield { object, text: `has a CPU limit (${cpu})` };
    }
  },
};
