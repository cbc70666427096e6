import { conditionOf } from '../../../render/manifest';
import { type Check, error, ok, warning } from '../check';

/** Whether the ClusterIssuer that makes certificates is ready. */
export const issuer: Check = {
  name: 'issuer',
  *results(studio, cluster) {
    const references = studio.ofKind('Certificate').map(({ spec }) => spec?.issuerRef);
    const names = references.flatMap((reference) => (reference?.kind === 'ClusterIssuer' ? [reference.name] : []));
    for (const name of new Set<string>(names)) {
      if (!cluster.canRead('clusterissuers.cert-manager.io')) {
        yield warning('cluster issuers may not be read');
        continue;
      }
      const found = cluster.named('ClusterIssuer', name);
      const known = cluster.ofKind('ClusterIssuer').map(({ metadata }) => metadata.name);
      const ready = found && conditionOf(found, 'Ready');
      if (!found)
        yield error(
          `there is no ClusterIssuer ${name}`,
          `set JUNJO_K8S_CLUSTER_ISSUER to one of ${known.join(', ') || 'those that you make'}, or leave it out for one of the studio's own`,
        );
      else if (ready?.status !== 'True')
        yield error(
          `the ClusterIssuer ${name} is not ready: ${ready?.message ?? 'cert-manager has not looked at it'}`,
          `kubectl describe clusterissuer ${name}`,
        );
      else yield ok(`ClusterIssuer ${name} is ready`);
    }
  },
};
