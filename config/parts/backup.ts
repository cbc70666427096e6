import { atOtherMinutes, isForVolSync, nightly } from '../cron';
import { howToRun, page } from '../how-to-run';
import type { Built, Problem } from '../problems';
import type { Backup, ClaimBackup, Storage, VolSyncBackup } from '../studio-config';
import { dnsSubdomain } from '../value-types';
import type { Values } from '../values';
import type { VariableName } from '../variables';

// Provisioners of folders on a node, by the names of their classes: k3s and kind, OpenEBS, minikube.
const NO_SNAPSHOTS = /^(local-path|openebs-hostpath|hostpath|standard-rwo-local|local-storage)$/;

/** The settings that have an effect with each kind of backup. */
const heeded: Readonly<Record<Backup['kind'], readonly VariableName[]>> = {
  none: [],
  volsync: [
    'JUNJO_K8S_BACKUP_REPOSITORY',
    'JUNJO_K8S_BACKUP_QDRANT_REPOSITORY',
    'JUNJO_K8S_BACKUP_SCHEDULE',
    'JUNJO_K8S_BACKUP_KEEP',
    'JUNJO_K8S_BACKUP_SNAPSHOT_CLASS',
  ],
  velero: ['JUNJO_K8S_BACKUP_SCHEDULE', 'JUNJO_K8S_BACKUP_KEEP', 'JUNJO_K8S_BACKUP_NAMESPACE'],
};

const settings: readonly VariableName[] = [...new Set(Object.values(heeded).flat())];

/** What backs up the data on a schedule. */
export function backupOf(values: Values, storage: Storage | undefined, namespace: string): Built<Backup> {
  const kind = values.inEffect('JUNJO_K8S_BACKUP');
  const unheeded = (by: Backup['kind'], text: string) =>
    settings.filter((name) => values.isSet(name) && !heeded[by].includes(name)).map((name) => values.error(name, text));
  const cannotSnapshot =
    storage?.kind === 'node' || (storage?.kind === 'provisioned' && NO_SNAPSHOTS.test(storage.storageClass ?? ''));
  if (cannotSnapshot && kind !== 'none') {
    const text = `${kind} needs snapshots, but the data is in a folder on a node. Remove the line, and run ${howToRun('backup')} from cron (${page('docs/runbook.md', 'Back up')})`;
    // All at once: without that line, none of the others has an effect.
    const others = unheeded(
      'none',
      'has no effect: the data is in a folder on a node, which has no snapshots. Remove the line',
    );
    return { value: { kind: 'none' }, problems: [values.error('JUNJO_K8S_BACKUP', text), ...others] };
  }
  const problems = unheeded(
    kind,
    `has no effect with JUNJO_K8S_BACKUP=${kind}. Remove the line, or choose another kind of backup`,
  );
  const schedule = values.inEffect('JUNJO_K8S_BACKUP_SCHEDULE') ?? nightly(namespace);
  const keepDays = values.inEffect('JUNJO_K8S_BACKUP_KEEP');
  if (kind === 'none') {
    if (values.inEffect('JUNJO_ENV') === 'production') {
      const start = values.isSet('JUNJO_K8S_BACKUP') ? '' : 'is not set: ';
      const fix = cannotSnapshot ? 'Run' : 'Set it to volsync or velero, or run';
      const text = `${start}nothing backs up the data of this studio, and a lost volume cannot be recovered. ${fix} ${howToRun('backup')} from cron (${page('docs/runbook.md', 'Back up')})`;
      problems.push(values.warning('JUNJO_K8S_BACKUP', text));
    }
    return { value: { kind }, problems };
  }
  if (kind === 'velero') {
    const veleroNamespace = values.inEffect('JUNJO_K8S_BACKUP_NAMESPACE');
    if (veleroNamespace === namespace) {
      const what = values.isSet('JUNJO_K8S_BACKUP_NAMESPACE') ? 'is' : `is not set, and its default ${namespace} is`;
      const text = `${what} the namespace of the studio. Name the one in which Velero runs`;
      problems.push(values.error('JUNJO_K8S_BACKUP_NAMESPACE', text));
    }
    return { value: { kind, schedule, keepDays, namespace: veleroNamespace }, problems };
  }
  const volSync = volSyncOf(values, schedule);
  return { value: { ...volSync.value, keepDays }, problems: [...problems, ...volSync.problems] };
}

function volSyncOf(values: Values, schedule: string): Built<Omit<VolSyncBackup, 'keepDays'>> {
  const problems: Problem[] = [];
  const repository = values.inEffect('JUNJO_K8S_BACKUP_REPOSITORY') ?? '';
  if (!values.isSet('JUNJO_K8S_BACKUP_REPOSITORY')) {
    const text =
      'is missing. Name the Secret with RESTIC_REPOSITORY, RESTIC_PASSWORD and the credentials of the bucket';
    problems.push(values.error('JUNJO_K8S_BACKUP_REPOSITORY', text));
  }
  if (!isForVolSync(schedule)) {
    const text = `is ${schedule}, which VolSync does not support. Write @daily, or each field as *, */N, A-B, or a list of numbers`;
    problems.push(values.error('JUNJO_K8S_BACKUP_SCHEDULE', text));
  }
  const vectors = vectorsOf(values, { repository, schedule });
  const snapshotClass = values.inEffect('JUNJO_K8S_BACKUP_SNAPSHOT_CLASS');
  return {
    value: { kind: 'volsync', data: { repository, schedule }, vectors: vectors.value, snapshotClass },
    problems: [...problems, ...vectors.problems],
  };
}

/** VolSync supports no repository that two claims share: https://volsync.readthedocs.io/en/stable/usage/restic/ */
function vectorsOf(values: Values, data: ClaimBackup): Built<ClaimBackup | undefined> {
  const variable = 'JUNJO_K8S_BACKUP_QDRANT_REPOSITORY';
  if (!values.inEffect('JUNJO_K8S_QDRANT')) {
    const text = 'has no effect without JUNJO_K8S_QDRANT=true. Remove the line';
    return { value: undefined, problems: values.isSet(variable) ? [values.error(variable, text)] : [] };
  }
  const problems: Problem[] = [];
  const schedule = isForVolSync(data.schedule) ? atOtherMinutes(data.schedule) : data.schedule;
  if (schedule === undefined) {
    const text = 'has no free minute for the backup of QDrant. Use fewer minutes, such as 17 3 * * *';
    problems.push(values.error('JUNJO_K8S_BACKUP_SCHEDULE', text));
  }
  const byDefault = `${data.repository}-qdrant`;
  if (values.isSet('JUNJO_K8S_BACKUP_REPOSITORY') && !values.isSet(variable)) {
    problems.push(
      'problem' in dnsSubdomain.parse(byDefault)
        ? values.error(
            'JUNJO_K8S_BACKUP_REPOSITORY',
            `is too long to form a second name that ends with -qdrant. Set ${variable}`,
          )
        : values.note(
            variable,
            `is not set: QDrant is backed up with the Secret ${byDefault} (${page('docs/runbook.md', 'Scheduled backups')})`,
          ),
    );
  }
  return {
    value: { repository: values.inEffect(variable) ?? byDefault, schedule: schedule ?? data.schedule },
    problems,
  };
}
