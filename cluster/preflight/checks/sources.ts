import { page } from '../../../config/how-to-run';
import { commonFolder, nodePathsOf } from '../../../render/manifest';
import { type Check, warning } from '../check';

/** The folder of the nodes from which development images reload. The cluster does not show which files a node has. */
export const sources: Check = {
  name: 'sources',
  *results({ pods }) {
    const folder = commonFolder(pods.flatMap(nodePathsOf));
    if (folder === undefined) return;
    yield warning(
      `Pods mount the sources in ${folder} of their node. Preflight cannot check whether the nodes have this folder`,
      `Copy the folder to every node. ${page('docs/development.md')} has the command for each kind of cluster`,
    );
  },
};
