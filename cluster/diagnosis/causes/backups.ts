import { COPY_OWNER, COPY_POD } from '../../../config/names';
import { type Fields, fieldsOf, type Manifest } from '../../../render/manifest';
import type { Cause } from '../cause';

export const backupCauses: readonly Cause[] = [
  // A backup, restore or set-aside runs, or was killed and has left its pod, and perhaps a copy on the volume.
  {
    name: 'copy-pod',
    *findings(state) {
      for (const { metadata, status } of state.own('Pod').filter((pod) => pod.metadata.name === COPY_POD)) {
        const { command = 'backup, restore or set-aside', host, pid, since } = ownerIn(metadata.annotations);
        const process = host === undefined ? 'an unknown process' : `process ${pid} on ${host}`;
        const isOver = ['Succeeded', 'Failed'].includes(status?.phase);
        yield {
          ...(isOver ? ({ severity: 'warning' } as const) : ({ severity: 'wait', since: undefined } as const)),
          subject: `pod ${metadata.name}`,
          text: isOver
            ? `is left over from a ${command} of ${process}, which began ${since ?? 'at an unknown time'} and did not end`
            : `belongs to a ${command} of ${process}, which began ${since ?? 'at an unknown time'}`,
          fix: isOver
            ? 'run junjo-k8s backup, restore or set-aside again: each finishes first what another has left'
            : 'wait. If that process is gone, run that command again',
        };
      }
    },
  },
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

/** What the pod says of the command that it belongs to. */
function ownerIn(annotations: unknown): Fields {
  try {
    return fieldsOf(JSON.parse(fieldsOf(annotations)[COPY_OWNER]));
  } catch {
    return {};
  }
}

function startOf({ status }: Manifest): string {
  return String(fieldsOf(status).startTimestamp ?? '');
}
