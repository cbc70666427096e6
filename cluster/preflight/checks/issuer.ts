import { conditionOf } from '../../diagnosis';
import { type Check, fail, ok, warn } from '../check';

/** Whether the ClusterIssuer that makes certificates is ready. */
export const issuer: Check = {
  name: 'issuer',
  *results({ config }, cluster) {
    const { edge, spansService } = config;
    const own = spansService.certificate?.kind === 'issued' ? spansService.certificate.by : undefined;
    const names = [edge?.certificate, own].flatMap((source) => (source?.kind === 'clusterIssuer' ? [source.name] : []));
    for (const name of new Set(names)) {
      if (!cluster.canRead('clusterissuers.cert-manager.io')) {
        yield warn('cluster issuers may not be read');
        continue;
      }
      const found = cluster.named('ClusterIssuer', name);
      const known = cluster.ofKind('ClusterIssuer').map(({ metadata }) => metadata.name);
      const ready = found && conditionOf(found, 'Ready');
      if (!found)
        yield fail(
          `there is no ClusterIssuer ${name}`,
          `set JUNJO_K8S_CLUSTER_ISSUER to one of ${known.join(', ') || 'those that you make'}, or leave it out for one of the studio's own`,
        );
      else if (ready?.status !== 'True')
        yield fail(
          `the ClusterIssuer ${name} is not ready: ${ready?.message ?? 'cert-manager has not looked at it'}`,
          `kubectl describe clusterissuer ${name}`,
        );
      else yield ok(`ClusterIssuer ${name} is ready`);
    }
  },
};
