import type { Manifest } from '../render/manifest';
import { type Kubectl, KubectlError } from './kubectl';

/** Reads the namespace. Without permission to read it, it counts as existing, and the objects in it decide. */
export async function readNamespace(
  kubectl: Kubectl,
  namespace: string,
  unread: string[],
): Promise<readonly Manifest[]> {
  try {
    const found = await kubectl.jsonIfFound<Manifest>(['get', 'namespace', namespace]);
    return found ? [found] : [];
  } catch (error) {
    recordUnread(error, ['namespaces'], unread);
    return [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }];
  }
}

/**
 * Reads the objects of several resources in one call.
 * @param unread receives the resources that cannot be read
 */
export async function readObjects(
  kubectl: Kubectl,
  resources: readonly string[],
  scope: readonly string[],
  unread: string[],
): Promise<readonly Manifest[]> {
  if (resources.length === 0) return [];
  try {
    return await kubectl.list([resources.join(), ...scope]);
  } catch (error) {
    if (!(error instanceof KubectlError) || !error.answered) throw error;
    const culprits = resources.length === 1 ? resources : resources.filter((each) => refuses(error, each));
    if (culprits.length > 0) {
      unread.push(...culprits);
      const others = resources.filter((each) => !culprits.includes(each));
      return readObjects(kubectl, others, scope, unread);
    }
    return (await Promise.all(resources.map((resource) => readObjects(kubectl, [resource], scope, unread)))).flat();
  }
}

/** Reads the names of the Secrets of a namespace, and no value. */
export async function readSecretNames(
  kubectl: Kubectl,
  namespace: string,
  unread: string[],
): Promise<readonly Manifest[]> {
  try {
    const names = await kubectl.text(['get', 'secrets', '--namespace', namespace, '--output=name']);
    return names
      .split('\n')
      .filter(Boolean)
      .map((name) => ({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: name.replace(/^secret\//, ''), namespace },
      }));
  } catch (error) {
    recordUnread(error, ['secrets'], unread);
    return [];
  }
}

/** Whether an error is about this one of many resources. */
function refuses({ words }: KubectlError, resource: string): boolean {
  const [plural, ...group] = resource.split('.');
  return words.includes(`cannot list resource "${plural}" in API group "${group.join('.')}"`);
}

/** Records resources that the API server refuses to list. Any other error, such as no answer, is thrown. */
function recordUnread(error: unknown, resources: readonly string[], unread: string[]): void {
  if (!(error instanceof KubectlError) || !error.answered) throw error;
  unread.push(...resources);
}
