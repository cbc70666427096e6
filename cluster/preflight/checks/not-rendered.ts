import { titleOf } from '../../../render/manifest';
import { Kubectl } from '../../kubectl';
import { unrenderedFinding, unrenderedWorkloads } from '../../unrendered';
import type { Check } from '../check';

/** What runs in the namespace and is not rendered: apply does not remove it. */
export const notRendered: Check = {
  name: 'not-rendered',
  *results(studio, cluster) {
    for (const found of unrenderedWorkloads(cluster, studio)) {
      const { text, ...rest } = unrenderedFinding(found, new Kubectl().in(cluster.namespace));
      yield { ...rest, text: `${titleOf(found.object)} ${text}` };
    }
  },
};
