import { workloadNames } from '../../../config/names';
import { releaseLines } from '../../../releases';
import { type Move, moveOf, stepName } from '../../../releases/moves';
import { fieldsOf } from '../../../render/manifest';
import { type Check, fail, ok, warn } from '../check';

const LOSSES: Readonly<Record<Exclude<Move, 'harmless'>, (tag: string) => string>> = {
  hidden: (tag) => `${tag} does not show its spans, which stay on the volume`,
  unreadable: (tag) => `${tag} cannot read its spans, and a log that is left over stops every flush`,
};

/** A studio of another release that runs here, and what the upgrade would do to its spans. */
export const liveRelease: Check = {
  name: 'live-release',
  *results({ config }, cluster) {
    const live = cluster.own('Deployment').find(({ metadata }) => metadata.name === workloadNames.backend);
    const tag = live && fieldsOf(live.metadata.labels)['app.kubernetes.io/version'];
    const before = releaseLines.find(({ tags }) => tags.includes(tag));
    if (!live || tag === config.tag) return;
    const move = before && moveOf(before.stores, config.line.stores);
    const step = before ? stepName(before, config.line) : '';
    const accepted = config.acceptedLosses.includes(step);
    if (move === 'harmless') yield ok(`${tag} runs here, and ${config.tag} reads its spans`);
    else {
      const text = `${tag} runs here, and ${move ? LOSSES[move](config.tag) : `nothing is known of its spans`}`;
      yield accepted
        ? warn(`${text}. JUNJO_K8S_ACCEPT_DATA_LOSS accepts that`)
        : fail(
            text,
            `docs/releases.md tells the way; the upgrade guard stops the start until JUNJO_K8S_ACCEPT_DATA_LOSS=${step} is set`,
          );
    }
  },
};
