import type { ReleaseLine } from '../../releases';
import type { Built, Problem } from '../problems';
import type { Values } from '../values';

/** Whether a guard requires a sign-in, for releases whose API shows spans to everybody. */
export function apiGuardOf(values: Values, { api, ports }: ReleaseLine): Built<boolean> {
  const production = values.inEffect('JUNJO_ENV') === 'production';
  if (!production || api.spansNeedSignIn) {
    if (!values.isSet('JUNJO_K8S_API_GUARD')) return { value: false, problems: [] };
    const reason = production
      ? 'the API of this release already requires a sign-in'
      : 'in development the API is on localhost';
    return { value: false, problems: [values.note('JUNJO_K8S_API_GUARD', `has no effect: ${reason}`)] };
  }
  if (!values.inEffect('JUNJO_K8S_API_GUARD')) {
    const warning = values.warning(
      'JUNJO_K8S_API_GUARD',
      `is false, so anyone who can reach the API can read every span without signing in. This release requires no sign-in at ${api.spansPath}`,
    );
    return { value: false, problems: [warning] };
  }
  const problems: Problem[] = [];
  if (!values.inEffect('JUNJO_K8S_NETWORK_POLICY')) {
    const text = `is false, so every pod of the cluster can bypass the API guard on port ${ports.backend.http} of the backend, and read every span`;
    problems.push(values.warning('JUNJO_K8S_NETWORK_POLICY', text));
  }
  return { value: true, problems };
}
