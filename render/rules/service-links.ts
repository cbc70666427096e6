import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** The kubelet would set `JUNJO_…_PORT=tcp://…` for every Service, which the backend's settings reject. */
export const serviceLinks: Rule = {
  name: 'service-links',
  asks: '`enableServiceLinks` is false in every pod',
  reason: 'the variables that Kubernetes creates for Services have the names of settings, but other values',
  source: 'https://kubernetes.io/docs/tutorials/services/connect-applications-service/#accessing-the-service',
  *violations({ pods }: RenderedStudio) {
    for (const { title, spec } of pods) {
      if (spec.enableServiceLinks !== false) yield { object: title, text: 'enableServiceLinks must be false' };
    }
  },
};
