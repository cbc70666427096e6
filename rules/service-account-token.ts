import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Nothing of a studio speaks with the API server. */
export const serviceAccountToken: Rule = {
  name: 'service-account-token',
  reason: 'whoever breaks into a pod finds credentials for the API server that nobody there needs',
  source:
    'https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting',
  *violations({ pods }: RenderedStudio) {
    for (const { title, spec } of pods) {
      if (spec.automountServiceAccountToken !== false) {
        yield { object: title, text: 'automountServiceAccountToken must be false' };
      }
    }
  },
};
