import type { Manifest } from '../render/manifest';

/** Whether a node belongs to a cloud that provides load balancers. kind and k3s also set a providerID, and may not provide them. */
export function isOfCloud({ spec }: Manifest): boolean {
  return /^(aws|gce|azure|digitalocean|hcloud|openstack|oci|linode|vultr):/.test(spec?.providerID ?? '');
}
