import { titleOf } from '../../../render/manifest';
import { unrenderedFinding, unrenderedWorkloads } from '../../unrendered';
import type { Check } from '../check';

/** What runs in the namespace and is not rendered: apply does not remove it. */
export const notRendered: Check = {
  name: 'not-rendered',
  *results(studio, cluster) {
    for (const found of unrenderedWorkloads(cluster, studio)) {
      const { text, ...rest } = unrenderedFinding(found, cluster);
      yield { ...rest, text: `${titleOf(found.object)} ${text}` };
    }
  },
};
