import type { Built } from '../problems';
import type { Qdrant } from '../studio-config';
import type { Values } from '../values';

/** The vector store, where the studio has one. */
export function qdrantOf(values: Values): Built<Qdrant | undefined> {
  if (!values.inEffect('JUNJO_K8S_QDRANT')) {
    const problems = values.isSet('JUNJO_K8S_QDRANT_STORAGE_SIZE')
      ? [values.error('JUNJO_K8S_QDRANT_STORAGE_SIZE', 'has no effect without JUNJO_K8S_QDRANT=true. Remove the line')]
      : [];
    return { value: undefined, problems };
  }
  const value: Qdrant = {
    storage: {
      size: values.inEffect('JUNJO_K8S_QDRANT_STORAGE_SIZE'),
      // The class of a folder on a node does not provision volumes.
      storageClass: values.isSet('JUNJO_K8S_NODE') ? undefined : values.inEffect('JUNJO_K8S_STORAGE_CLASS'),
    },
    secretKey: 'QDRANT_API_KEY',
  };
  const note = 'runs QDrant, but no release of the studio connects to it yet';
  return { value, problems: [values.note('JUNJO_K8S_QDRANT', note)] };
}
