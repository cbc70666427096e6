import { fieldsOf, listOf, type Manifest } from '../../render/manifest';
import { type Kubectl, KubectlError } from '../kubectl';

/** Why Argo CD or Flux may restart a stopped studio, and how to prevent that. */
export interface Healing {
  readonly text: string;
  readonly advice: string;
  /** @default the user finds out how */
  readonly command?: string;
}

// https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/: `<application>:<group>/<kind>:<namespace>/<name>`
const TRACKING = 'argocd.argoproj.io/tracking-id';
// https://argo-cd.readthedocs.io/en/stable/user-guide/skip_reconcile/
const SKIP = 'argocd.argoproj.io/skip-reconcile';

/** The Application that would restart a stopped Deployment. @returns nothing if there is none */
export async function healing(kubectl: Kubectl, { metadata }: Manifest): Promise<Healing | undefined> {
  const tracked = fieldsOf(metadata.annotations)[TRACKING]?.split(':')[0];
  const applications = await readApplications(kubectl);
  if (applications === undefined) {
    return tracked === undefined
      ? undefined
      : {
          text: `Argo CD applies this studio (Application ${tracked}), but this command cannot read whether it would restart a stopped studio`,
          advice: 'Pause the Application, then run this command again with --argocd-paused',
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
    text: `Argo CD would restart the stopped studio, because the Application ${name} has selfHeal enabled`,
    advice: 'Disable selfHeal, run this command again, and set it back to true afterwards:',
    command: kubectl
      .in(namespace)
      .commandLine(['patch', 'applications.argoproj.io', name, '--type=merge', '-p', patch]),
  };
}

/** Reads all Applications. @returns nothing if the cluster does not have the kind, or the user may not read it */
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
