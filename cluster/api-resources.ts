import { type Kubectl, KubectlError } from './kubectl';

/** A kind, as discovery describes it. */
export interface ApiResource {
  /** `deployments.apps`; of the core group `pods`. */
  readonly name: string;
  readonly plural: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** The kinds that a cluster serves at this moment. */
export async function apiResources(kubectl: Kubectl): Promise<readonly ApiResource[]> {
  const lines = (await table(kubectl)).split('\n').filter(Boolean);
  return lines.map((line) => {
    // `NAME SHORTNAMES APIVERSION NAMESPACED KIND`, where the second may be missing.
    const words = line.trim().split(/\s+/);
    const [apiVersion = '', namespaced, kind = ''] = words.slice(-3);
    const [plural = ''] = words;
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
    return { name: group ? `${plural}.${group}` : plural, plural, group, kind, namespaced: namespaced === 'true' };
  });
}

/** If one API service does not answer (often metrics.k8s.io), kubectl prints all the others and then fails. */
async function table(kubectl: Kubectl): Promise<string> {
  try {
    return await kubectl.text(['api-resources', '--no-headers']);
  } catch (error) {
    const partial = error instanceof KubectlError && /complete list of server APIs/.test(error.words);
    if (partial && error.output !== '') return error.output;
    throw error;
  }
}
