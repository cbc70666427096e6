import type { Built } from '../problems';
import type { StudioConfig } from '../studio-config';
import type { Values } from '../values';
import type { VariableName } from '../variables';

const REPO = 'JUNJO_K8S_GIT_REPO';
const OF_REPO: readonly VariableName[] = ['JUNJO_K8S_GIT_PATH', 'JUNJO_K8S_GIT_REVISION'];

/** Where Argo CD finds the studio, when it is to apply it. */
export function gitOf(values: Values): Built<StudioConfig['git']> {
  const repo = values.inEffect(REPO);
  if (repo === undefined) {
    const text = `has no effect without ${REPO}. Set that, or remove the line`;
    const unused = OF_REPO.filter((name) => values.isSet(name));
    return { value: undefined, problems: unused.map((name) => values.error(name, text)) };
  }
  const [path, revision] = [values.inEffect('JUNJO_K8S_GIT_PATH'), values.inEffect('JUNJO_K8S_GIT_REVISION')];
  return { value: { repo, path, revision }, problems: [] };
}
