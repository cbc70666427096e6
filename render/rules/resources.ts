import { quantityBytes } from '../../config/quantity';
import { fieldsOf, listOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Every container requests what it needs, and none can use up the memory or disk of the node. */
export const resources: Rule = {
  name: 'resources',
  asks: 'Every container requests CPU and memory and has a memory limit; every emptyDir has a size limit',
  reason: 'without them, a pod is scheduled onto a full node, and takes other pods down when it grows',
  source: 'https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/',
  *violations({ pods }: RenderedStudio) {
    for (const { fields, title: object } of pods.flatMap(({ containers }) => containers)) {
      const { requests, limits } = fieldsOf(fields.resources);
      const [least, most] = [quantityBytes(String(requests?.memory)), quantityBytes(String(limits?.memory))];
      if (!quantityBytes(String(requests?.cpu))) yield { object, text: 'requests no CPU' };
      if (!least) yield { object, text: 'requests no memory' };
      if (!most) yield { object, text: 'has no memory limit' };
      if (least && most && least > most) {
        yield { object, text: `requests more memory (${requests?.memory}) than its limit allows (${limits?.memory})` };
      }
    }
    for (const { spec, title: object } of pods) {
      for (const { name, emptyDir } of listOf(spec.volumes)) {
        if (emptyDir && !quantityBytes(String(emptyDir.sizeLimit))) {
          yield { object, text: `the volume ${name} is an emptyDir without a sizeLimit` };
        }
      }
    }
  },
};
