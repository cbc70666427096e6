import { restorePlan } from '../cluster/copy/restore-plan';
import { Refusal } from '../cluster/refusal';
import { yamlOf } from '../render/files';
import { type ExitCode, type Io, tell } from './command';
import { type ManifestOptions, oneStudio } from './manifests';

/** Of `restore --plan`. */
export interface RestorePlanOptions extends ManifestOptions {
  readonly into?: string;
  readonly asOf?: string;
}

/** Prints the manifest that restores a scheduled backup, and what to do around it as comments; no cluster is asked. */
export function planRestore({ into, asOf, ...options }: RestorePlanOptions, io: Io, now = new Date()): ExitCode {
  const { studio, problems } = oneStudio(options, io);
  if (!studio) return tell({ problems }, {}, io);
  try {
    const name = `restore-${now.toISOString().replace(/\D/g, '').slice(0, 14)}`;
    const { steps, objects } = restorePlan(studio, { name, into, asOf });
    const comment = steps.map((step) => `# ${step}\n`).join('');
    return tell({ problems, text: (comment + objects.map(yamlOf).join('---\n')).trimEnd() }, {}, io);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return tell(
      { problems: [...problems, { severity: 'error', file: 'restore --plan', text: error.message }] },
      {},
      io,
    );
  }
}
