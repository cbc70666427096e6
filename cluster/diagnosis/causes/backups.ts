import { COPY_OWNER, COPY_POD } from '../../../config/names';
import { fieldsOf, type Manifest } from '../../../render/manifest';
import { ownerIn, stillRuns } from '../../copy/owner';
import { advice, type Cause, type Said } from '../cause';
import type { ClusterState } from '../cluster-state';
import { isForeign } from '../foreign';
import { tellingLine } from '../log';
import { COPY_SECONDS, finishing, isOver } from './stopped';

/** A pod that does not run after so long belongs to a command that has given up: PENDING_MS in cluster/copy/volume-pod.ts. */
const PENDING_SECONDS = 600;

/** What restic says where another restic holds a repository: internal/restic/lock.go, and VolSync's mover-restic/entry.sh. */
const LOCKED = /already locked|unable to create lock|failure locking repository/i;

/** Copies of VolSync that have no repository of restic: https://volsync.readthedocs.io/en/stable/usage/index.html */
const OTHER_MOVERS = ['rsync', 'rsyncTLS', 'rclone', 'syncthing', 'external'];

export const backupCauses: readonly Cause[] = [
  // A backup, restore or set-aside runs, or was killed and left its pod behind, and perhaps a copy on the volume.
  {
    name: 'copy-pod',
    *findings(state) {
      for (const pod of state.own('Pod').filter(({ metadata }) => metadata.name === COPY_POD)) {
        yield { subject: `pod ${COPY_POD}`, ...copying(state, pod) };
      }
    },
  },
  // A copy by VolSync ended before it could take its lock off the repository, and every later one fails.
  {
    name: 'backup-locked',
    *findings(state) {
      for (const source of failedSources(state)) {
        const { metadata, spec, status } = source;
        if (!LOCKED.test(logOf(source)) || OTHER_MOVERS.some((mover) => spec?.[mover])) continue;
        const { unlock } = fieldsOf(spec?.restic);
        const asked = unlock && unlock !== status.restic?.lastUnlocked;
        yield {
          severity: 'warning',
          subject: `backup ${metadata.name}`,
          text: `its last run failed: the repository is locked by ${lockOf(logOf(source))}. ${lastGood(status)}`,
          // https://github.com/backube/volsync/pull/713: since 0.8 the next backup first removes the locks that restic calls stale.
          fix: asked
            ? advice(
                `Wait for the next backup${status.nextSyncTime ? ` at ${status.nextSyncTime}` : ''}. VolSync removes stale locks first`,
              )
            : advice(
                'Make sure that nothing else uses this repository: no VolSync pod and no other restic process is running. Then run the second command. VolSync removes stale locks before its next backup',
                state.command('get', 'pods', '--selector=app.kubernetes.io/created-by=volsync'),
                state.command(
                  'patch',
                  'replicationsource',
                  metadata.name,
                  '--type=merge',
                  `--patch=${JSON.stringify({ spec: { restic: { unlock: state.now.toISOString() } } })}`,
                ),
              ),
        };
      }
    },
  },
  // The last scheduled backup did not copy the data; the studio itself is healthy.
  {
    name: 'backup-failed',
    *findings(state) {
      for (const source of failedSources(state)) {
        const said = reasonOf(source);
        yield {
          severity: 'warning',
          subject: `backup ${source.metadata.name}`,
          text: `its last run failed${said ? `: ${said}` : ''}. ${lastGood(source.status)}`,
          fix: advice(
            'Read the log of the backup, and take a backup by hand in the meantime',
            state.command(
              'get',
              'replicationsource',
              source.metadata.name,
              '--output=jsonpath={.status.latestMoverStatus.logs}',
            ),
            state.ownCommand('backup'),
          ),
        };
      }
      const bySchedule = [...state.ofKind('Backup')].sort((a, b) => startOf(b).localeCompare(startOf(a)));
      const [last] = bySchedule.filter(({ status }) => /Completed|Failed/.test(status?.phase ?? ''));
      if (!last || last.status.phase === 'Completed') return;
      const { phase, failureReason, validationErrors = [] } = last.status;
      const { name, namespace } = last.metadata;
      const why = failureReason ?? validationErrors.join('; ');
      yield {
        severity: 'warning',
        subject: `backup ${name}`,
        text: `ended in the phase ${phase}${why ? `: ${why}` : ''}`,
        fix: advice(
          'Read what failed, and take a backup by hand in the meantime. The second command shows more, if the velero CLI is installed',
          state.clusterCommand('describe', 'backups.velero.io', name, `--namespace=${namespace}`),
          state.commands.in(namespace).toolLine(['velero', 'backup', 'describe', name, '--details'], 'kubecontext'),
          state.ownCommand('backup'),
        ),
      };
    },
  },
];

/** The finding about the pod of a command. */
function copying(state: ClusterState, pod: Manifest): Said {
  const { annotations, creationTimestamp } = pod.metadata;
  const owner = ownerIn(fieldsOf(annotations)[COPY_OWNER]);
  const text = owner
    ? `a ${owner.command} (process ${owner.pid} on ${owner.host}, started ${owner.since})`
    : 'an unknown backup, restore or set-aside';
  const runs = owner && stillRuns(owner);
  const remove = state.command('delete', 'pod', COPY_POD);
  if (isOver(pod) || runs === false) {
    return {
      severity: 'warning',
      text: `is left over from ${text} that did not finish`,
      fix:
        owner?.command === 'backup'
          ? advice('Delete the pod: a backup only reads the volume. The next backup also deletes it', remove)
          : advice(
              'Run this command. It first finishes what the other command left on the volume, such as a partial copy or folders that were not moved. Then it only lists folders',
              finishing(state),
            ),
    };
  }
  const look = `ps -p ${owner?.pid}`;
  const isPending = pod.status?.phase !== 'Running' && runs !== true;
  const describe = state.command('describe', 'pod', COPY_POD);
  return {
    severity: 'wait',
    since: owner?.since ?? creationTimestamp ?? state.now,
    allowedSeconds: isPending ? PENDING_SECONDS : COPY_SECONDS,
    text: `belongs to ${text}`,
    fix: owner
      ? advice(`Wait until it has ended. To see whether it still runs, run this command on ${owner.host}`, look)
      : advice('Wait: the pod ends by itself 15 minutes after its command. The command below shows the pod', describe),
    lateFix: owner
      ? advice(
          `Check on ${owner.host} whether process ${owner.pid} is still this ${owner.command}. If it is not, delete the pod. The next backup, restore or set-aside finishes what it left`,
          look,
          remove,
        )
      : advice('Find out what the pod does, and who started it', describe),
  };
}

/** The scheduled copies of the studio's data whose last one failed. */
function failedSources(state: ClusterState): readonly Manifest[] {
  return state
    .ofKind('ReplicationSource')
    .filter((source) => source.status?.latestMoverStatus?.result === 'Failed' && !isForeign(state, source));
}

/** The end of what VolSync's pod wrote: 1024 bytes unless the operator is told otherwise. */
function logOf({ status }: Manifest): string {
  return String(status?.latestMoverStatus?.logs ?? '');
}

/** Who holds the lock, and since when, as far as the end of the log tells. */
function lockOf(log: string): string {
  const [, holder = 'another process'] = /locked (?:exclusively )?by (PID \d+ on \S+)/.exec(log) ?? [];
  const [, since] = /lock was created at (\S+ \S+)/.exec(log) ?? [];
  return `${holder}${since ? ` since ${since}` : ''}`;
}

/** The line of a log that says why. What comes after it often says only that it failed. */
function reasonOf(source: Manifest): string {
  const lines = logOf(source).split('\n');
  const telling = [/^fatal\b/i, /error|denied|refused/i].map((words) => lines.findLast((line) => words.test(line)));
  return tellingLine((telling.find(Boolean) ?? logOf(source)).trim());
}

function lastGood({ lastSyncTime }: Manifest['status']): string {
  return lastSyncTime ? `The last successful backup was ${lastSyncTime}` : 'No backup has succeeded yet';
}

function startOf({ status }: Manifest): string {
  return String(fieldsOf(status).startTimestamp ?? '');
}
