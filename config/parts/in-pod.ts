import type { Problem } from '../problems';
import type { Values } from '../values';
import type { VariableName } from '../variables';
import { isOwnMachine } from '../web-address';

/** By which containers find their host: https://docs.docker.com/desktop/features/networking/, and Podman's `--add-host`. */
const OF_HOST = /^(?:host|gateway)\.(?:docker|containers)\.internal$/;

const FIX = 'Name a host that pods of the cluster can reach';

/** Warns about a server that compose reaches on its machine, but no pod does. A patch may add it to the pod of the backend. */
export function problemsInPod(values: Values, name: VariableName, { hostname }: URL): readonly Problem[] {
  if (OF_HOST.test(hostname)) {
    return [values.warning(name, `is ${hostname}, a name that exists only in Docker and Podman. ${FIX}`)];
  }
  if (!isOwnMachine(hostname)) return [];
  const text = `is ${hostname}, which in a pod is the pod itself. ${FIX}`;
  return values.isSet('JUNJO_K8S_PATCHES') ? [] : [values.warning(name, text)];
}

/** Whether a host is only reachable inside a pod, so network policies do not matter. */
export function isOnlyInPod({ hostname }: URL): boolean {
  return OF_HOST.test(hostname) || isOwnMachine(hostname);
}
