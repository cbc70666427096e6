import { quantityBytes } from '../config/quantity';
import { fieldsOf, type RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Every container says what it needs, and none may take the memory of the node. */
export const memory: Rule = {
  name: 'memory',
  reason: 'a container without them is scheduled onto a full node, and takes down others there when it grows',
  source: 'https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/',
  *violations({ pods }: RenderedStudio) {
    for (const { fields, title: object } of pods.flatMap(({ containers }) => containers)) {
      const { requests, limits } = fieldsOf(fields.resources);
      const [least, most] = [quantityBytes(String(requests?.memory)), quantityBytes(String(limits?.memory))];
      if (requests?.cpu === undefined) yield { object, text: 'requests no CPU' };
      if (least === undefined) yield { object, text: 'requests no memory' };
      if (most === undefined) yield { object, text: 'has no memory limit' };
      if (least !== undefined && most !== undefined && least > most) {
        yield { object, text: `requests more memory (${requests?.memory}) than its limit allows (${limits?.memory})` };
      }
      if (limits?.cpu !== undefined)
        yield { object, text: 'has a CPU limit, which only slows it down while the node idles' };
    }
  },
};
