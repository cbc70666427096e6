import { conditionOf } from '../cluster-state';
import type { Recogniser } from '../finding';

/** The claim asks for more than its volume has, and the storage does not give it. */
export const claimGrowing: Recogniser = {
  name: 'claim-growing',
  *findings(state) {
    for (const claim of state.ofKind('PersistentVolumeClaim')) {
      const subject = `claim ${claim.metadata.name}`;
      const failed = state.eventsOf(claim, 'VolumeResizeFailed').pop();
      if (conditionOf(claim, 'FileSystemResizePending')?.status === 'True') {
        const next = `${state.kubectl} rollout restart deployment: the file system grows when the pods start`;
        yield { severity: 'warn', subject, text: 'has grown; its file system has not yet', next };
      } else if (failed) {
        const next = `${state.kubectl} describe persistentvolumeclaim ${claim.metadata.name}`;
        yield { severity: 'warn', subject, text: `cannot grow: ${failed.message}`, next };
      }
    }
  },
};
