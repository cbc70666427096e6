import { upgradeGuardName } from '../../../charts/upgrade-guard';
import { howToRun } from '../../../config/how-to-run';
import { workloadNames } from '../../../config/names';
import { lineOf, releaseLines } from '../../../releases';
import { type Effect, moveOf, stepName } from '../../../releases/moves';
import { type StudioManifests, tagOf } from '../../studio-manifests';
import { type Check, error, ok, warning } from '../check';

const EFFECTS: Readonly<Record<Exclude<Effect, 'harmless'>, (tag: string) => string>> = {
  refused: (tag) => `${tag} does not start on its database of users`,
  hidden: (tag) => `${tag} does not show its spans, which stay on the volume`,
  unreadable: (tag) => `${tag} cannot read its spans, and what is left in its write-ahead log would stop every flush`,
  misunderstood: (tag) => `${tag} shows its spans without the graphs of workflows`,
  'flush first': (tag) => `${tag} mixes up the columns of spans that are left in its write-ahead log`,
};

/** A studio of another release that runs here, and what the upgrade would do to its spans. */
export const liveRelease: Check = {
  name: 'live-release',
  *results(studio, cluster) {
    const live = tagOf(cluster.named('Deployment', workloadNames.backend, cluster.namespace));
    const { tag = 'this release' } = studio;
    if (live === undefined || live === tag) return;
    const { line, accepted } = guardOf(studio);
    const [from, to] = [lineOf(live), releaseLines.find(({ name }) => name === line)];
    const move = from && to && moveOf(from, to);
    const step = from && to ? stepName(from, to) : '';
    if (move === 'harmless') {
      yield ok(`${live} runs here, and ${tag} reads its spans`);
      return;
    }
    const text = `${live} runs here, and ${move ? EFFECTS[move](tag) : 'nothing is known of its spans'}`;
    if (move === 'refused') {
      yield error(
        text,
        `no setting changes that: stay with ${live}, or apply, and then run ${howToRun('set-aside')}, which keeps the data and lets ${tag} start with an empty volume`,
      );
      return;
    }
    if (accepted.includes(step)) yield warning(`${text}. JUNJO_K8S_ACCEPT_DATA_LOSS accepts that`);
    // What is flushed is harmless, and only the guard sees whether it is.
    else if (move === 'flush first')
      yield warning(text, 'flush it first, as docs/releases.md tells; else the upgrade guard stops the start');
    else
      yield error(
        text,
        `docs/releases.md tells the way; the upgrade guard stops the start until JUNJO_K8S_ACCEPT_DATA_LOSS=${step} is set`,
      );
  },
};

/** The release line, and the steps between lines that may lose spans, as the upgrade guard will know them. */
function guardOf(studio: StudioManifests): { readonly line?: string; readonly accepted: readonly string[] } {
  try {
    return { accepted: [], ...JSON.parse(studio.named('ConfigMap', upgradeGuardName)?.data?.['facts.json'] ?? '{}') };
  } catch {
    // A patch may have put anything there; the guard in the pod will refuse it.
    return { accepted: [] };
  }
}
