import { listOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Nothing of a studio speaks with the API server. */
export const serviceAccountToken: Rule = {
  name: 'service-account-token',
  asks: 'No pod gets a token of the API server',
  reason: 'whoever breaks into a pod finds credentials for the API server that nobody there needs',
  source:
    'https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting',
  *violations({ pods }: RenderedStudio) {
    for (const { title: object, spec } of pods) {
      if (spec.automountServiceAccountToken !== false) {
        yield { object, text: 'automountServiceAccountToken must be false' };
      }
      for (const { name, projected } of listOf(spec.volumes)) {
        if (listOf(projected?.sources).some(({ serviceAccountToken: token }) => token)) {
          yield { object, text: `the volume ${name} holds a token of the API server` };
        }
      }
    }
  },
};
