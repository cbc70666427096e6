import { App } from 'cdk8s';
import { RestoreChart } from '../charts/backup';
import { workloadNames } from '../config/names';
import { render } from '../main';
import { filesOf, manifestsBelow } from '../render/rendered-file';
import { type ExitCode, type Io, tell } from './command';
import { type StudioOptions, selected } from './studio-options';

/** What of a scheduled backup is restored, and where. */
export interface RestorePlanOptions extends StudioOptions {
  readonly into?: string;
  readonly asOf?: string;
}

/** Prints the manifest that restores a scheduled backup, and what to do around it; no cluster is asked. */
export function planRestore({ into, asOf, ...options }: RestorePlanOptions, io: Io, now = new Date()): ExitCode {
  const { problems, studios } = render(selected(options, io), io.environment);
  const [config, ...others] = studios;
  if (!config) return tell({ problems }, {}, io);
  const refuse = (text: string) => {
    return tell({ problems: [...problems, { severity: 'error', file: 'restore --plan', text }] }, {}, io);
  };
  const { backup } = config;
  if (others.length > 0) return refuse('plans for one studio. Name its env file with --env-file');
  if (backup.kind === 'none') {
    return refuse(
      'JUNJO_K8S_BACKUP is none: nothing is backed up on a schedule. Restore a file: junjo-k8s restore FILE',
    );
  }
  if (asOf !== undefined && backup.kind === 'velero') {
    return refuse(
      '--as-of chooses among the backups of VolSync. With Velero, put backupName in the place of scheduleName',
    );
  }
  if (asOf !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/.test(asOf)) {
    return refuse(`--as-of ${asOf} is no time. Write it as 2026-01-02T03:04:05Z`);
  }
  // VolSync restores again only under another name, and Velero takes each name once.
  const name = `restore-${now.toISOString().replace(/\D/g, '').slice(0, 14)}`;
  const app = new App();
  new RestoreChart(app, 'restore', config, { name, into, asOf });
  const manifest = filesOf(manifestsBelow(app))
    .map(({ text }) => text)
    .join('');
  const steps =
    backup.kind === 'volsync' ? volSyncSteps(into ?? config.namespace) : veleroSteps(into ?? config.namespace);
  const comment = steps.map((step) => `# ${step}\n`).join('');
  return tell({ problems, text: (comment + manifest).trimEnd() }, {}, io);
}

function scale(namespace: string, replicas: 0 | 1): string {
  return `kubectl -n ${namespace} scale deployment ${workloadNames.backend} ${workloadNames.ingestion} --replicas=${replicas}`;
}

/** Comments in the manifest: kubectl reads past them. */
function volSyncSteps(namespace: string): readonly string[] {
  return [
    'The claim must be there, and the Secret of the repository beside it. Stop the studio, where it mounts the claim:',
    `    ${scale(namespace, 0)}`,
    'Apply this file, and wait for the time of the last sync:',
    `    kubectl -n ${namespace} get replicationdestination --watch`,
    'Delete what was applied, and start the studio again:',
    `    ${scale(namespace, 1)}`,
  ];
}

/** The same for Velero. */
function veleroSteps(namespace: string): readonly string[] {
  return [
    'Velero makes claims and changes none: delete those that are there. Stop the studio first, where it mounts them:',
    `    ${scale(namespace, 0)}`,
    'Apply this file, and wait until the restore is Completed. Then apply dist/ again, and start the studio:',
    `    ${scale(namespace, 1)}`,
  ];
}
