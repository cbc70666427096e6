import { listOf } from '../../../render/manifest';
import { type Check, ok, warning } from '../check';

/** Whether anything gives addresses to Services of the type LoadBalancer. */
export const loadBalancer: Check = {
  name: 'load-balancer',
  *results(studio, cluster) {
    const wanted = studio.ofKind('Service').filter(({ spec }) => spec?.type === 'LoadBalancer');
    if (wanted.length === 0) return;
    if (!cluster.canRead('services')) {
      yield warning(
        'Services of other namespaces may not be read, so it is not known whether anything serves load balancers',
      );
      return;
    }
    const others = cluster.ofKind('Service').filter(({ spec }) => spec?.type === 'LoadBalancer');
    const served = others.filter(({ status }) => listOf(status?.loadBalancer?.ingress).length > 0);
    // A cloud tells each node which machine it is; kind and k3s do, too, and serve load balancers or not.
    const cloud = cluster
      .ofKind('Node')
      .some(({ spec }) =>
        /^(aws|gce|azure|digitalocean|hcloud|openstack|oci|linode|vultr):/.test(spec?.providerID ?? ''),
      );
    const fix = studio.isProduction
      ? 'install one, for example MetalLB, or bring spans through the edge (an https URL without a port)'
      : 'junjo-k8s forward brings the studio to localhost';
    if (served.length > 0)
      yield ok(
        `load balancers are served: ${served[0]?.metadata.namespace}/${served[0]?.metadata.name} has an address`,
      );
    else if (cloud) yield ok('the nodes are of a cloud, which serves load balancers');
    else if (others.length > 0)
      yield warning(`${others.length} load balancers wait for an address: nothing serves them`, fix);
    else yield warning('nothing tells whether load balancers are served', fix);
  },
};
