import type { ReleaseLine } from '../../releases';
import { page } from '../how-to-run';
import type { Built } from '../problems';
import type { Values } from '../values';
import { imageTargetOf } from './images';

const SOURCES = 'JUNJO_K8S_SOURCE_PATH';

/** The folder of the nodes from which development images reload. */
export function sourcePathOf(values: Values, line: ReleaseLine): Built<string | undefined> {
  const path = values.inEffect(SOURCES);
  if (path === undefined) return { value: undefined, problems: [] };
  const why = whyNot(values, line);
  if (why !== undefined) return { value: undefined, problems: [values.error(SOURCES, why)] };
  const port = line.ports.frontend?.development.hotReload ?? line.ports.frontend?.development.published[0];
  const text = `pods mount this folder from their node, so the namespace enforces Pod Security privileged. Hot reload of the UI uses port ${port}. To share the folder with your kind of cluster, see ${page('docs/development.md')}`;
  return { value: path, problems: [values.note(SOURCES, text)] };
}

/** What keeps sources from being mounted. */
function whyNot(values: Values, line: ReleaseLine): string | undefined {
  if (line.noDevelopmentImages !== undefined) {
    return `has no effect: development images of ${line.name} do not run on a cluster. Remove the line`;
  }
  if (values.inEffect('JUNJO_ENV') === 'production') {
    return 'has no effect with JUNJO_ENV=production, which runs published images. Remove the line';
  }
  if (imageTargetOf(values, line) !== 'development') {
    return 'has no effect without JUNJO_BUILD_TARGET=development. Set JUNJO_BUILD_TARGET=development, or remove this line';
  }
  if (values.isSet('JUNJO_K8S_GIT_REPO')) {
    return 'is a folder on a node, which Git cannot deliver. Remove this line, or JUNJO_K8S_GIT_REPO';
  }
  return undefined;
}
