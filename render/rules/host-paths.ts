import { fieldsOf, listOf, type Manifest, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** A rule of its own, so that waiving pod-security, for an image that runs as root, does not allow folders of nodes. */
export const hostPaths: Rule = {
  name: 'host-paths',
  asks: 'No pod mounts a folder of its node, and the volume of the data is the folder that the settings name',
  reason:
    'who breaks into a pod with a folder of the node reads the secrets of every other pod there, and may take the node',
  source: 'https://kubernetes.io/docs/concepts/storage/volumes/#hostpath',
  *violations(studio: RenderedStudio) {
    for (const pod of studio.pods) {
      for (const { name, hostPath } of listOf(pod.spec.volumes)) {
        if (hostPath)
          yield { object: pod.title, text: `the volume ${name} is the folder ${hostPath.path} of the node` };
      }
    }
    for (const volume of studio.ofKind('PersistentVolume')) {
      const before = studio.asRendered(volume);
      if (before && folderOf(volume) !== folderOf(before)) {
        yield { object: titleOf(volume), text: 'is another folder of the node than as rendered' };
      }
    }
  },
};

/** The charts render a `local` volume; the API server takes no second source beside it. */
function folderOf({ spec }: Manifest): unknown {
  return fieldsOf(fieldsOf(spec).local).path;
}
