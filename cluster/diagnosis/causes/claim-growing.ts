import { conditionOf } from '../../../render/manifest';
import type { Cause } from '../cause';

/** The claim asks for more than its volume has, and the storage does not give it. */
export const claimGrowing: Cause = {
  name: 'claim-growing',
  *findings(state) {
    for (const claim of state.ofKind('PersistentVolumeClaim')) {
      const subject = `claim ${claim.metadata.name}`;
      const failed = state.eventsOf(claim, 'VolumeResizeFailed').pop();
      if (conditionOf(claim, 'FileSystemResizePending')?.status === 'True') {
        const fix = `${state.kubectl} rollout restart deployment: the file system grows when the pods start`;
        yield { severity: 'warning', subject, text: 'has grown; its file system has not yet', fix };
      } else if (failed) {
        const fix = `${state.kubectl} describe persistentvolumeclaim ${claim.metadata.name}`;
        yield { severity: 'warning', subject, text: `cannot grow: ${failed.message}`, fix };
      }
    }
  },
};
