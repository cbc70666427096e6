import { fieldsOf, type Manifest } from '../../render/manifest';
import { type Kubectl, KubectlError } from '../kubectl';
import type { Healing } from './argo-cd';

// On every object that Flux applies: SetOwnerLabels in ssa/manager.go of fluxcd/pkg.
const NAME = 'kustomize.toolkit.fluxcd.io/name';
const NAMESPACE = 'kustomize.toolkit.fluxcd.io/namespace';

const KIND = 'kustomizations.kustomize.toolkit.fluxcd.io';

/** The Kustomization that applies a Deployment again, so that a stop would not last; nothing where none does. */
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
      text: `Flux applies this studio (Kustomization ${name}), and whether it would start again what is stopped cannot be read here`,
      advice: 'Suspend the Kustomization, then call this with --flux-suspended',
    };
  }
  // By this name Flux lets the change be where it applies the Kustomization, too: docs/spec/v1/kustomizations.md of its controller.
  const manager = '--field-manager=flux-client-side-apply';
  const patch = '{"spec":{"suspend":true}}';
  return {
    text: `Flux would start again what is stopped: it applies the Kustomization ${name} every few minutes`,
    advice: `Suspend that first, and set it to false afterwards: kubectl -n ${namespace} patch ${KIND} ${name} ${manager} --type=merge -p '${patch}'`,
  };
}
