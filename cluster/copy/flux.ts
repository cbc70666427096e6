import { fieldsOf, type Manifest } from '../../render/manifest';
import { type Kubectl, KubectlError } from '../kubectl';
import type { Healing } from './argo-cd';

// On every object that Flux applies: SetOwnerLabels in ssa/manager.go of fluxcd/pkg.
const NAME = 'kustomize.toolkit.fluxcd.io/name';
const NAMESPACE = 'kustomize.toolkit.fluxcd.io/namespace';

const KIND = 'kustomizations.kustomize.toolkit.fluxcd.io';

/** The Kustomization that would restart a stopped Deployment. @returns nothing if there is none */
export async function reconciling(kubectl: Kubectl, { metadata }: Manifest): Promise<Healing | undefined> {
  const labels = fieldsOf(metadata.labels);
  const [name, namespace] = [labels[NAME], labels[NAMESPACE]];
  if (typeof name !== 'string' || typeof namespace !== 'string') return undefined;
  try {
    const args = ['get', KIND, name, `--namespace=${namespace}`];
    const kustomization = await kubectl.jsonIfFound<Manifest>(args);
    if (!kustomization || kustomization.spec?.suspend === true) return undefined;
  } catch (error) {
    if (!(error instanceof KubectlError) || error.failure !== 'forbidden') throw error;
    return {
      text: `Flux applies this studio (Kustomization ${name}), but this command cannot read whether the Kustomization is suspended`,
      advice: 'Suspend the Kustomization, then run this command again with --flux-suspended',
    };
  }
  // Flux does not undo a change of this field manager: docs/spec/v1/kustomizations.md of its controller.
  const manager = '--field-manager=flux-client-side-apply';
  const patch = '{"spec":{"suspend":true}}';
  return {
    text: `Flux would restart the stopped studio, because it applies the Kustomization ${name} every few minutes`,
    advice: 'Suspend the Kustomization, run this command again, and set suspend back to false afterwards:',
    command: kubectl.in(namespace).commandLine(['patch', KIND, name, manager, '--type=merge', '-p', patch]),
  };
}
