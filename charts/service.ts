import type { k8s } from 'cdk8s-plus-27';

/** The private address ranges of RFC 1918. */
const PRIVATE_RANGES = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/**
 * A load balancer that local clusters put on localhost, and that a cloud, where a development studio
 * lands only by mistake, does not open to the internet.
 */
export const localService: Pick<k8s.ServiceSpec, 'type' | 'loadBalancerSourceRanges'> = {
  type: 'LoadBalancer',
  loadBalancerSourceRanges: PRIVATE_RANGES,
};
