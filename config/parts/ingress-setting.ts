import type { Values } from '../values';

/** The setting that selects the controller of the Ingress: its class, or its name if the file has no class. */
export function ingressSettingOf(values: Values) {
  const isNamed = !values.isSet('JUNJO_K8S_INGRESS_CLASS') && values.isSet('JUNJO_K8S_INGRESS_CONTROLLER');
  return isNamed ? 'JUNJO_K8S_INGRESS_CONTROLLER' : 'JUNJO_K8S_INGRESS_CLASS';
}
