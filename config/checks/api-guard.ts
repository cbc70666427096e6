import type { ReleaseLine } from '../../releases';
import type { Values } from '../values';

/** Whether a guard asks for a sign-in where the API itself shows spans to everybody. */
export function checkApiGuard(values: Values, { api, ports }: ReleaseLine): boolean {
  const production = values.get('JUNJO_ENV') === 'production';
  if (!production || api.spansNeedSignIn) {
    if (values.written('JUNJO_K8S_API_GUARD') !== undefined) {
      const reason = production
        ? 'the API of this release asks for a sign-in by itself'
        : 'in development the API is on localhost';
      values.note('JUNJO_K8S_API_GUARD', `has no effect: ${reason}`);
    }
    return false;
  }
  if (values.get('JUNJO_K8S_API_GUARD') === 'false') {
    values.warning(
      'JUNJO_K8S_API_GUARD',
      `without the guard, everybody who reaches ${values.get('JUNJO_PROD_BACKEND_URL')} reads every span, prompts and answers included, without signing in: this release does not ask at ${api.spansPath}`,
    );
    return false;
  }
  if (values.get('JUNJO_K8S_NETWORK_POLICY') === 'false') {
    values.warning(
      'JUNJO_K8S_NETWORK_POLICY',
      `without the policies, every pod of the cluster reaches port ${ports.backend.http} of the backend past its guard, and reads every span there`,
    );
  }
  return true;
}
