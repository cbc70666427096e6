import { listOf, type Manifest } from '../../../render/manifest';
import type { Cause } from '../cause';
import { ofWorkload, unscheduled } from '../pods';

/** The volume lies on one node, and that node is not there or takes no pods. */
export const volumeOnAbsentNode: Cause = {
  name: 'volume-on-absent-node',
  *findings(state) {
    for (const { workload, reasons } of unscheduled(state)) {
      // As 1.36 says it, and as older versions do.
      if (!/PersistentVolume's node affinity|volume node affinity conflict/.test(reasons)) continue;
      const homes = [...new Set(state.ofKind('PersistentVolume').flatMap(nodesOf))];
      const absent = state.canRead('nodes') ? homes.filter((name) => !state.named('Node', name)) : [];
      // Where its node is there, that one's own reason is among the others.
      const others = /Insufficient|were unschedulable|untolerated taint|Too many pods|pod affinity/.test(reasons);
      if (others && absent.length < homes.length) continue;
      const where =
        absent.length > 0 ? ` (${absent.join(', ')}), which is not in the cluster` : ', which takes no pod now';
      yield ofWorkload(
        workload,
        `its volume lies on a node of its own${where}`,
        'bring that node back (kubectl get nodes), or restore a backup into a new claim elsewhere',
      );
    }
  },
};

function nodesOf({ spec }: Manifest): readonly string[] {
  return listOf(spec?.nodeAffinity?.required?.nodeSelectorTerms)
    .flatMap(({ matchExpressions }) => listOf(matchExpressions))
    .filter(({ key }) => key === 'kubernetes.io/hostname')
    .flatMap(({ values }) => values ?? []);
}
