import { fieldsOf, listOf, type Manifest } from '../../render/manifest';
import { type Kubectl, KubectlError } from '../kubectl';

/** Why Argo CD or Flux may start again what is stopped, and how to keep it from that. */
export interface Healing {
  readonly text: string;
  readonly advice: string;
}

// https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/: `<application>:<group>/<kind>:<namespace>/<name>`
const TRACKING = 'argocd.argoproj.io/tracking-id';
// https://argo-cd.readthedocs.io/en/stable/user-guide/skip_reconcile/
const SKIP = 'argocd.argoproj.io/skip-reconcile';

/** The Application that heals a Deployment, so that a stop would not last; nothing where none does. */
export async function healing(kubectl: Kubectl, { metadata }: Manifest): Promise<Healing | undefined> {
  const tracked = fieldsOf(metadata.annotations)[TRACKING]?.split(':')[0];
  const applications = await readApplications(kubectl);
  if (applications === undefined) {
    return tracked === undefined
      ? undefined
      : {
          text: `Argo CD applies this studio (Application ${tracked}), and whether it would start again what is stopped cannot be read here`,
          advice: 'Pause the Application, then call this with --argocd-paused',
        };
  }
  const applies = ({ status }: Manifest) =>
    listOf(status?.resources).some(
      ({ kind, namespace, name }) =>
        kind === 'Deployment' && namespace === kubectl.options.namespace && name === metadata.name,
    );
  const healer = applications.find((application) => applies(application) && heals(application));
  if (!healer) return undefined;
  const { name, namespace } = healer.metadata;
  const patch = '{"spec":{"syncPolicy":{"automated":{"selfHeal":false}}}}';
  return {
    text: `Argo CD would start again what is stopped: the Application ${name} heals itself`,
    advice: `Pause that first, and set it to true afterwards: kubectl -n ${namespace} patch application ${name} --type=merge -p '${patch}'`,
  };
}

/** Reads all Applications; nothing where the cluster has no such kind, or the user may not read it. */
async function readApplications(kubectl: Kubectl): Promise<readonly Manifest[] | undefined> {
  try {
    return await kubectl.list(['applications.argoproj.io', '--all-namespaces']);
  } catch (error) {
    const expected =
      error instanceof KubectlError && ['unknown kind', 'forbidden', 'not found'].includes(error.failure);
    if (expected) return undefined;
    throw error;
  }
}

function heals({ metadata, spec }: Manifest): boolean {
  const automated = spec?.syncPolicy?.automated;
  return automated?.selfHeal === true && automated.enabled !== false && metadata.annotations?.[SKIP] !== 'true';
}
