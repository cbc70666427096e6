import type { GitOps } from '../../config/studio-config';
import { gitOpsOf } from '../files';
import { titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** What belongs to the cluster and to no namespace, of all that a studio may have. */
const CLUSTER_KINDS = ['Namespace', 'PersistentVolume'];

const GITOPS_NAMESPACES: Readonly<Record<GitOps, string>> = { argocd: 'argocd', flux: 'flux-system' };

/** All of a studio is in its namespace. */
export const namespaces: Rule = {
  name: 'namespaces',
  asks: 'Every object is in the namespace of the studio. What Argo CD or Flux applies to itself is in `argocd` or `flux-system`',
  reason: 'an object without a namespace ends up in the current namespace of kubectl, usually default',
  source: 'https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/',
  *violations({ placed, facts }: RenderedStudio) {
    for (const { file, manifest } of placed) {
      const { namespace } = manifest.metadata;
      // Argo CD, Flux and Velero look for their own objects where they run.
      const ofVelero = manifest.apiVersion.startsWith('velero.io/');
      const gitOps = gitOpsOf(file);
      const elsewhere = gitOps ? GITOPS_NAMESPACES[gitOps] : ofVelero ? facts.veleroNamespace : undefined;
      const expected = elsewhere ?? facts.namespace;
      const object = titleOf(manifest);
      if (CLUSTER_KINDS.includes(manifest.kind)) {
        if (namespace !== undefined) yield { object, text: `has the namespace ${namespace}, but its kind has none` };
        if (manifest.kind === 'Namespace' && manifest.metadata.name !== facts.namespace) {
          yield { object, text: `is not the namespace of the studio (${facts.namespace})` };
        }
      } else if (namespace !== expected) {
        yield {
          object,
          text: `is in ${namespace ? `the namespace ${namespace}` : 'no namespace'} instead of ${expected}`,
        };
      }
    }
  },
};
