import type { ClusterState } from './cluster-state';
import { type ContainerTrouble, waiting } from './pods';

/** Containers whose image cannot be pulled, and why. Tries and waits alternate, and either may carry the reason. */
export function* unpulled(state: ClusterState): Generator<ContainerTrouble & { readonly why: string }> {
  for (const trouble of waiting(state, ['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable'])) {
    const failed = state
      .eventsOf(trouble.pod.object, 'Failed')
      .filter(({ message }) => message.includes('Failed to pull image') && message.includes(trouble.container.image));
    const reason =
      trouble.message.split('ErrImagePull: ')[1] ?? (trouble.message.startsWith('Back-off') ? '' : trouble.message);
    yield { ...trouble, why: reason || failed[failed.length - 1]?.message || trouble.message };
  }
}
