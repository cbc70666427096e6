import { workloadNames } from '../../config/names';
import { releaseLines } from '../../releases';
import { fieldsOf } from '../../rules/rendered-studio';
import { type Check, fail, ok } from '../check';

/** A studio of another release that runs here, and what the upgrade would do to its spans. */
export const liveRelease: Check = {
  name: 'live-release',
  *results({ config }, cluster) {
    const live = cluster.own('Deployment').find(({ metadata }) => metadata.name === workloadNames.backend);
    const tag = live && fieldsOf(live.metadata.labels)['app.kubernetes.io/version'];
    const before = releaseLines.find(({ tags }) => tags.includes(tag));
    if (!live || tag === config.tag) return;
    const sameFiles = before?.stores.columnsSince === config.line.stores.columnsSince;
    if (sameFiles) yield ok(`${tag} runs here, and ${config.tag} reads its spans`);
    else
      yield fail(
        `${tag} runs here, and ${config.tag} does not read its spans`,
        'docs/releases.md tells the way from one line to the next; the guard stops it until JUNJO_K8S_ACCEPT_DATA_LOSS is set',
      );
  },
};
