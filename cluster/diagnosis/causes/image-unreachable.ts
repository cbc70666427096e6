import type { Cause } from '../cause';
import { unpulled } from '../images';
import { ofWorkload } from '../pods';

/** The node does not reach the registry. */
export const imageUnreachable: Cause = {
  name: 'image-unreachable',
  *findings(state) {
    for (const { workload, container, why } of unpulled(state)) {
      if (
        !/dial tcp|no such host|i\/o timeout|connection refused|deadline exceeded|x509|TLS handshake|\bEOF\b/i.test(why)
      )
        continue;
      yield ofWorkload(
        workload,
        `its node does not reach the registry of ${container.image}: ${why}`,
        "look at the node's DNS, proxy and certificates, or mirror the images (JUNJO_K8S_IMAGE_REGISTRY)",
      );
    }
  },
};
