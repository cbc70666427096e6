import { fieldsOf, titleOf } from '../manifest';
import { holdsData, isVeleroSchedule, type RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

const SYNC_OPTIONS = ['Delete=false', 'Prune=false'];

/** `kubectl delete -f dist/`, a prune of Argo CD and a deleted Application never reach the data. */
export const dataOutOfReach: Rule = {
  name: 'data-out-of-reach',
  asks: 'Namespace, claim and volume are in `foundation/`, neither pruned nor deleted by Argo CD, the volume is retained, and backups outlive their Schedule',
  reason: 'a deleted claim or namespace takes every span, user and key along',
  source: 'https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/',
  *violations({ placed, pods }: RenderedStudio) {
    for (const { file, manifest } of placed) {
      const object = titleOf(manifest);
      const isData = holdsData(manifest);
      if (file.startsWith('foundation/') !== isData) {
        yield {
          object,
          text: isData ? 'is not in foundation/' : 'is in foundation/, where only what holds the data lies',
        };
      }
      if (isVeleroSchedule(manifest) && fieldsOf(manifest.spec).useOwnerReferencesInBackup) {
        yield { object, text: 'useOwnerReferencesInBackup deletes its backups when it is deleted' };
      }
      if (!isData) continue;
      const options = String(fieldsOf(manifest.metadata.annotations)['argocd.argoproj.io/sync-options']).split(',');
      const missing = SYNC_OPTIONS.filter((option) => !options.includes(option));
      if (missing.length > 0) yield { object, text: `has no sync option ${missing.join(', ')}` };
      const { persistentVolumeReclaimPolicy: policy = 'Retain' } = fieldsOf(manifest.spec);
      if (policy !== 'Retain') yield { object, text: `its reclaim policy is ${policy}, and must be Retain` };
    }
    for (const { owner, title: object } of pods) {
      const { whenDeleted, whenScaled } = fieldsOf(fieldsOf(owner.spec).persistentVolumeClaimRetentionPolicy);
      if (whenDeleted === 'Delete' || whenScaled === 'Delete') {
        yield { object, text: 'persistentVolumeClaimRetentionPolicy deletes its claims' };
      }
    }
  },
};
