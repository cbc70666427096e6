import { fieldsOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Argo CD applies a studio at once: what waits for another wave may be what that wave waits for. */
export const syncWaves: Rule = {
  name: 'sync-waves',
  asks: 'No object has a sync wave of Argo CD',
  reason: 'a claim that waits for its first pod is never healthy, so the wave with the pod never comes',
  source: 'https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/',
  *violations({ manifests }: RenderedStudio) {
    for (const manifest of manifests) {
      const annotations = fieldsOf(manifest.metadata.annotations);
      if ('argocd.argoproj.io/sync-wave' in annotations) yield { object: titleOf(manifest), text: 'has a sync wave' };
    }
  },
};
