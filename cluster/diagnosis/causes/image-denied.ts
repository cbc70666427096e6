import type { Cause } from '../cause';
import { unpulled } from '../images';
import { ofWorkload } from '../pods';

/** The registry wants credentials, or others. */
export const imageDenied: Cause = {
  name: 'image-denied',
  *findings(state) {
    for (const { workload, pod, container, why } of unpulled(state)) {
      if (!/unauthorized|denied|forbidden|authorization failed|\b40[13]\b(?!\.)|insufficient_scope/i.test(why))
        continue;
      const secrets = (pod.object.spec?.imagePullSecrets ?? []).map(({ name }: { name: string }) => name);
      const missing = state.canRead('secrets') ? secrets.filter((name: string) => !state.named('Secret', name)) : [];
      yield ofWorkload(
        workload,
        `the registry does not give ${container.image} to it${missing.length > 0 ? `: its pull secret ${missing.join(', ')} does not exist` : ''}`,
        `${state.kubectl} create secret docker-registry ${secrets[0] ?? '<name>'} --docker-server=… --docker-username=…, named by JUNJO_K8S_IMAGE_PULL_SECRET`,
      );
    }
  },
};
