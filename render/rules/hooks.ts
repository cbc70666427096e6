import { fieldsOf, type Manifest, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Argo CD takes both for hooks, whatever they say: IsHook in pkg/sync/hook of argoproj/gitops-engine. */
const HOOKS = ['argocd.argoproj.io/hook', 'helm.sh/hook'];

/** The annotation that makes an object a hook, if one does. */
export function hookOf({ metadata }: Manifest): string | undefined {
  return HOOKS.find((key) => key in fieldsOf(metadata.annotations));
}

/** A hook is no longer part of the studio: it is deleted before it is created again, or after it has run. */
export const hooks: Rule = {
  name: 'hooks',
  asks: 'No object is a hook of Argo CD or Helm',
  reason: 'each sync deletes and recreates a hook, or skips it, and no sync restores a deleted hook',
  source: 'https://argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks/',
  *violations({ manifests }: RenderedStudio) {
    for (const manifest of manifests) {
      const hook = hookOf(manifest);
      if (hook) yield { object: titleOf(manifest), text: `is a hook (${hook})` };
    }
  },
};
