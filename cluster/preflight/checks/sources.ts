import { commonFolder, nodePathsOf } from '../../../render/manifest';
import { type Check, warning } from '../check';

/** The folder of the nodes from which development images reload. No object of the cluster tells what a node holds. */
export const sources: Check = {
  name: 'sources',
  *results({ pods }) {
    const folder = commonFolder(pods.flatMap(nodePathsOf));
    if (folder === undefined) return;
    yield warning(
      `pods mount the sources in ${folder} of their node, and preflight cannot see whether the nodes have them`,
      'give every node the folder: docs/development.md has the command for each kind of cluster',
    );
  },
};
