import type { Manifest } from '../render/manifest';

/** Whether a node is of a cloud that serves load balancers. kind and k3s name their nodes, too, and serve them or not. */
export function isOfCloud({ spec }: Manifest): boolean {
  return /^(aws|gce|azure|digitalocean|hcloud|openstack|oci|linode|vultr):/.test(spec?.providerID ?? '');
}
