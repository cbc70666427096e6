import type { Cause } from '../cause';
import type { ClusterState } from '../cluster-state';
import { type ContainerTrouble, ended, ofWorkload, troubledPods, waiting } from '../pods';

export const imageCauses: readonly Cause[] = [
  // The image has a name that no registry allows.
  {
    name: 'image-name-invalid',
    *findings(state) {
      for (const { workload, container, message } of waiting(state, ['InvalidImageName'])) {
        const why = message.split('invalid reference format: ')[1];
        yield ofWorkload(
          workload,
          `${container.image} is not the name of an image${why ? `: ${why}` : ''}`,
          'correct the image (JUNJO_K8S_…_IMAGE, or the patch that sets it), synth and apply',
        );
      }
    },
  },
  // The registry requires credentials, or rejects those that it got.
  {
    name: 'image-denied',
    *findings(state) {
      for (const { workload, pod, container, why } of unpulled(state)) {
        if (!/unauthorized|denied|forbidden|authorization failed|\b40[13]\b(?!\.)|insufficient_scope/i.test(why))
          continue;
        const secrets = (pod.object.spec?.imagePullSecrets ?? []).map(({ name }: { name: string }) => name);
        const missing = state.canRead('secrets') ? secrets.filter((name: string) => !state.named('Secret', name)) : [];
        yield ofWorkload(
          workload,
          `the registry refuses to serve ${container.image}${missing.length > 0 ? `: its pull secret ${missing.join(', ')} does not exist` : ''}`,
          `${state.kubectl} create secret docker-registry ${secrets[0] ?? '<name>'} --docker-server=… --docker-username=…, named by JUNJO_K8S_IMAGE_PULL_SECRET`,
        );
      }
    },
  },
  // The registry limits the pulls of this IP address.
  {
    name: 'image-rate-limited',
    *findings(state) {
      for (const { workload, container, why } of unpulled(state)) {
        if (!/toomanyrequests|too many requests|\b429\b|rate limit/i.test(why)) continue;
        yield ofWorkload(
          workload,
          `the registry limits how often ${container.image} is pulled`,
          'wait, or pull with an account (JUNJO_K8S_IMAGE_PULL_SECRET), or from a mirror (JUNJO_K8S_IMAGE_REGISTRY)',
        );
      }
    },
  },
  // The image is for another processor than the node has.
  {
    name: 'image-platform',
    *findings(state) {
      const fix =
        'use an image for the processor of the node, or a node for the image: kubectl get nodes -L kubernetes.io/arch';
      for (const { workload, container, why } of unpulled(state)) {
        if (/no match for platform|no matching manifest/.test(why))
          yield ofWorkload(workload, `${container.image} is not made for the processor of its node`, fix);
      }
      for (const trouble of ended(state)) {
        const log = state.logOf(trouble.pod, trouble.container) ?? '';
        if (/exec format error/.test(`${trouble.how.message} ${log}`))
          yield ofWorkload(
            trouble.workload,
            `${trouble.container.image} is not made for the processor of its node`,
            fix,
          );
      }
    },
  },
  // The node does not reach the registry.
  {
    name: 'image-unreachable',
    *findings(state) {
      for (const { workload, container, why } of unpulled(state)) {
        if (
          !/dial tcp|no such host|i\/o timeout|connection refused|deadline exceeded|x509|TLS handshake|\bEOF\b/i.test(
            why,
          )
        )
          continue;
        yield ofWorkload(
          workload,
          `its node does not reach the registry of ${container.image}: ${why}`,
          "look at the node's DNS, proxy and certificates, or mirror the images (JUNJO_K8S_IMAGE_REGISTRY)",
        );
      }
    },
  },
  // The registry has no such image, or no such tag.
  {
    name: 'image-missing',
    *findings(state) {
      for (const { workload, container, why } of unpulled(state)) {
        if (!/not found|manifest unknown|NotFound|name unknown/i.test(why) || /no such host/.test(why)) continue;
        yield ofWorkload(
          workload,
          `${container.image} does not exist in its registry`,
          'correct JUNJO_K8S_RELEASE, JUNJO_K8S_IMAGE_REGISTRY or the image setting, synth and apply',
        );
      }
    },
  },
  // Any other reason why an image cannot be used.
  {
    name: 'image-not-pulled',
    *findings(state) {
      for (const { workload, container } of waiting(state, ['ErrImageNeverPull'])) {
        const fix =
          'load the image into every node (kind load docker-image, minikube image load), or push it to a registry';
        yield ofWorkload(workload, `${container.image} is not on its node, and may not be pulled`, fix);
      }
      for (const { workload, container, message } of waiting(state, [
        'ImageInspectError',
        'SignatureValidationFailed',
      ])) {
        yield ofWorkload(workload, `${container.image} cannot be used: ${message}`, `${state.kubectl} describe pods`);
      }
      for (const { workload, container, why } of unpulled(state)) {
        yield ofWorkload(
          workload,
          `${container.image} cannot be pulled: ${why}`,
          `${state.kubectl} describe pods | grep -A2 Failed`,
        );
      }
    },
  },
  // An image is on its way.
  {
    name: 'image-pulling',
    *findings(state) {
      for (const { workload, pod } of troubledPods(state)) {
        const [event] = state
          .eventsOf(pod.object)
          .filter(({ reason }) => ['Pulling', 'Pulled', 'Failed', 'BackOff'].includes(reason))
          .reverse();
        const waits = pod.containers.some(({ running, ended }) => !running && !ended);
        if (event?.reason !== 'Pulling' || !waits) continue;
        yield {
          severity: 'wait',
          since: event.last,
          subject: workload.name,
          text: 'its image is being pulled',
          fix: `wait: ${state.kubectl} get pods --watch`,
        };
      }
    },
  },
];

/** Containers whose image cannot be pulled, and why. Tries and waits alternate, and either may carry the reason. */
function* unpulled(state: ClusterState): Generator<ContainerTrouble & { readonly why: string }> {
  for (const trouble of waiting(state, ['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable'])) {
    const failed = state
      .eventsOf(trouble.pod.object, 'Failed')
      .filter(({ message }) => message.includes('Failed to pull image') && message.includes(trouble.container.image));
    const reason =
      trouble.message.split('ErrImagePull: ')[1] ?? (trouble.message.startsWith('Back-off') ? '' : trouble.message);
    yield { ...trouble, why: reason || failed[failed.length - 1]?.message || trouble.message };
  }
}
