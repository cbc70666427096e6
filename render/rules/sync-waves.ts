import { fieldsOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Argo CD applies a studio in one wave, because waves could wait for each other forever. */
export const syncWaves: Rule = {
  name: 'sync-waves',
  asks: 'No object has a sync wave of Argo CD',
  reason: 'a claim that waits for its first pod never becomes healthy, so the wave with the pod never starts',
  source: 'https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/',
  *violations({ manifests }: RenderedStudio) {
    for (const manifest of manifests) {
      const annotations = fieldsOf(manifest.metadata.annotations);
      if ('argocd.argoproj.io/sync-wave' in annotations) yield { object: titleOf(manifest), text: 'has a sync wave' };
    }
  },
};
