import type { ReleaseLine } from '../../releases';
import type { Built } from '../problems';
import type { Values } from '../values';

const REPLICAS = 'JUNJO_K8S_FRONTEND_REPLICAS';

/** Pods that serve the UI, where it has a container of its own. */
export function frontendReplicasOf(values: Values, { name, images }: ReleaseLine): Built<number> {
  const text = `has no effect: release line ${name} has no frontend. Its backend serves the UI, and has one pod`;
  const problems = images.frontend === undefined && values.isSet(REPLICAS) ? [values.note(REPLICAS, text)] : [];
  return { value: values.inEffect(REPLICAS), problems };
}
