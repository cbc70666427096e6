import type { ReleaseLine } from '../../releases';
import type { Built, Problem } from '../problems';
import type { Values } from '../values';

/** Whether a guard requires a sign-in, for releases whose API shows spans to everybody. */
export function apiGuardOf(values: Values, { api, ports }: ReleaseLine): Built<boolean> {
  const production = values.inEffect('JUNJO_ENV') === 'production';
  if (!production || api.spansNeedSignIn) {
    if (!values.isSet('JUNJO_K8S_API_GUARD')) return { value: false, problems: [] };
    const reason = production
      ? 'the API of this release asks for a sign-in by itself'
      : 'in development the API is on localhost';
    return { value: false, problems: [values.note('JUNJO_K8S_API_GUARD', `has no effect: ${reason}`)] };
  }
  if (!values.inEffect('JUNJO_K8S_API_GUARD')) {
    const warning = values.warning(
      'JUNJO_K8S_API_GUARD',
      `without the guard, everybody who reaches the API reads every span, prompts and answers included, without signing in: this release does not ask at ${api.spansPath}`,
    );
    return { value: false, problems: [warning] };
  }
  const problems: Problem[] = [];
  if (!values.inEffect('JUNJO_K8S_NETWORK_POLICY')) {
    const text = `without the policies, every pod of the cluster reaches port ${ports.backend.http} of the backend past its guard, and reads every span there`;
    problems.push(values.warning('JUNJO_K8S_NETWORK_POLICY', text));
  }
  return { value: true, problems };
}
