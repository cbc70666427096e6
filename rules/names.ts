import { type RenderedStudio, titleOf } from './rendered-studio';
import type { Rule } from './rule';

const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Two objects of one name are one object: the second overwrites the first. */
export const names: Rule = {
  name: 'names',
  reason: 'the second object of a name overwrites the first, and a name that is none is refused when half is applied',
  source: 'https://kubernetes.io/docs/concepts/overview/working-with-objects/names/',
  *violations({ manifests }: RenderedStudio) {
    const seen = new Set<string>();
    for (const manifest of manifests) {
      const { apiVersion, kind, metadata } = manifest;
      const group = String(apiVersion).includes('/') ? String(apiVersion).split('/')[0] : '';
      const key = [group, kind, metadata.namespace, metadata.name].join(' ');
      if (seen.has(key)) yield { object: titleOf(manifest), text: 'is there twice' };
      seen.add(key);
      if (!SUBDOMAIN.test(String(metadata.name)) || String(metadata.name).length > 253) {
        yield { object: titleOf(manifest), text: 'has a name that Kubernetes refuses' };
      }
    }
  },
};
