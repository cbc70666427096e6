import { upgradeGuardName } from '../../../charts/upgrade-guard';
import { howToRun, page } from '../../../config/how-to-run';
import { workloadNames } from '../../../config/names';
import { lineOf, releaseLines } from '../../../releases';
import { type Effect, moveOf, stepName } from '../../../releases/moves';
import { advice } from '../../diagnosis/cause';
import { type StudioManifests, tagOf } from '../../studio-manifests';
import { type Check, error, ok, warning } from '../check';

const EFFECTS: Readonly<Record<Exclude<Effect, 'harmless'>, (tag: string) => string>> = {
  refused: (tag) => `${tag} does not start on its user database`,
  hidden: (tag) => `${tag} does not show its spans, which stay on the volume`,
  unreadable: (tag) => `${tag} cannot read its spans. Spans left in its write-ahead log would stop every flush`,
  misunderstood: (tag) => `${tag} shows its spans without the workflow graphs`,
  'flush first': (tag) => `${tag} mixes up the columns of spans that are left in its write-ahead log`,
};

/** Whether a studio of another release runs here, and what the upgrade does to its spans. */
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
      yield ok(`Release ${live} runs here, and ${tag} reads its spans`);
      return;
    }
    const text = `Release ${live} runs here. ${move ? EFFECTS[move](tag) : `Whether ${tag} reads its data is unknown`}`;
    const howTo = page('docs/releases.md', 'From one line to the next');
    if (move === 'refused') {
      yield error(
        text,
        advice(
          `No setting changes this. Stay with ${live}, or apply and then set the data aside: ${tag} starts on an empty volume, and the data is kept`,
          howToRun('set-aside'),
        ),
      );
      return;
    }
    if (accepted.includes(step)) yield warning(`${text}. JUNJO_K8S_ACCEPT_DATA_LOSS accepts this`);
    // Flushed spans are safe, and only the guard can see whether all are flushed.
    else if (move === 'flush first')
      yield warning(text, `Flush the log first (${howTo}). Otherwise the upgrade guard prevents the start`);
    else
      yield error(
        text,
        `Read ${howTo}. The upgrade guard prevents the start until you set JUNJO_K8S_ACCEPT_DATA_LOSS=${step}`,
      );
  },
};

/** The release line, and the accepted steps between lines, as the upgrade guard reads them. */
function guardOf(studio: StudioManifests): { readonly line?: string; readonly accepted: readonly string[] } {
  try {
    return { accepted: [], ...JSON.parse(studio.named('ConfigMap', upgradeGuardName)?.data?.['facts.json'] ?? '{}') };
  } catch {
    // A patch may have put anything there; the guard in the pod will refuse it.
    return { accepted: [] };
  }
}
