import { listOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** No pod of a studio calls the API server. */
export const serviceAccountToken: Rule = {
  name: 'service-account-token',
  asks: 'No pod gets a token of the API server',
  reason: 'an attacker in a pod would find credentials for the API server, which no pod of the studio needs',
  source:
    'https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting',
  *violations({ pods }: RenderedStudio) {
    for (const { title: object, spec } of pods) {
      if (spec.automountServiceAccountToken !== false) {
        yield { object, text: 'automountServiceAccountToken must be false' };
      }
      for (const { name, projected } of listOf(spec.volumes)) {
        if (listOf(projected?.sources).some(({ serviceAccountToken: token }) => token)) {
          yield { object, text: `the volume ${name} contains a token of the API server` };
        }
      }
    }
  },
};
