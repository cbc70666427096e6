import { fieldsOf, type Manifest } from '../../../render/manifest';
import type { Cause } from '../cause';

export const backupCauses: readonly Cause[] = [
  // The last scheduled backup did not copy the data; the studio itself is well.
  {
    name: 'backup-failed',
    *findings(state) {
      for (const { metadata, status } of state.ofKind('ReplicationSource')) {
        if (status?.latestMoverStatus?.result !== 'Failed') continue;
        yield {
          severity: 'warning',
          subject: `backup ${metadata.name}`,
          text: `failed last time; the last one that worked was ${status.lastSyncTime ?? 'never'}`,
          fix: `${state.kubectl} get replicationsource ${metadata.name} -o jsonpath='{.status.latestMoverStatus.logs}'`,
        };
      }
      const bySchedule = [...state.ofKind('Backup')].sort((a, b) => startOf(b).localeCompare(startOf(a)));
      const [last] = bySchedule.filter(({ status }) => /Completed|Failed/.test(status?.phase ?? ''));
      if (!last || last.status.phase === 'Completed') return;
      yield {
        severity: 'warning',
        subject: `backup ${last.metadata.name}`,
        text: `ended as ${last.status.phase}${last.status.failureReason ? `: ${last.status.failureReason}` : ''}`,
        fix: `velero backup describe ${last.metadata.name} -n ${last.metadata.namespace} --details`,
      };
    },
  },
];

function startOf({ status }: Manifest): string {
  return String(fieldsOf(status).startTimestamp ?? '');
}
