import { type Container, fieldsOf, listOf, type Pod } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** A Secret that is handed over whole. */
const WHOLE = '*';

interface SecretRead {
  readonly secret: string;
  readonly key: string;
}

/** An attacker in one container finds only the secrets of that container. */
export const ownSecrets: Rule = {
  name: 'own-secrets',
  asks: 'A container reads only the keys of Secrets that were rendered for it, and sees no processes of other containers',
  reason: 'an attacker in a container would find more keys there, such as LLM provider keys',
  source: 'https://kubernetes.io/docs/concepts/security/secrets-good-practices/#restrict-access-to-specific-containers',
  *violations(studio: RenderedStudio) {
    for (const pod of studio.pods) {
      if (pod.spec.shareProcessNamespace) {
        const text = 'shareProcessNamespace must not be true: containers could read the secrets of others in /proc';
        yield { object: pod.title, text };
      }
      const before = studio.podAsRendered(pod);
      for (const container of pod.containers) {
        const own = before?.containers.find(({ title }) => title === container.title);
        const known = before && own ? readsOf(before, own) : [];
        for (const { secret, key } of readsOf(pod, container)) {
          if (known.some((each) => each.secret === secret && [key, WHOLE].includes(each.key))) continue;
          const what = key === WHOLE ? `${secret} whole` : `the key ${key} of ${secret}`;
          yield { object: container.title, text: `now reads ${what}` };
        }
      }
    }
  },
};

/** What a container reads, as variables or as volumes. */
function readsOf({ spec }: Pod, { fields }: Container): readonly SecretRead[] {
  const mounted = listOf(fields.volumeMounts).map(({ name }) => name);
  const volumes = listOf(spec.volumes).filter(({ name }) => mounted.includes(name));
  const whole = (secret: string): SecretRead => ({ secret, key: WHOLE });
  const ofSource = (secret: string, { items }: { readonly items?: unknown }) =>
    listOf(items).length > 0 ? listOf(items).map(({ key }) => ({ secret, key })) : [whole(secret)];
  return [
    ...listOf(fields.envFrom).flatMap(({ secretRef }) => (secretRef ? [whole(titled(secretRef.name))] : [])),
    ...listOf(fields.env).flatMap(({ valueFrom }) => {
      const { secretKeyRef } = fieldsOf(valueFrom);
      return secretKeyRef ? [{ secret: titled(secretKeyRef.name), key: secretKeyRef.key }] : [];
    }),
    ...volumes.flatMap(({ secret, projected, csi }) => [
      ...(secret ? ofSource(titled(secret.secretName), secret) : []),
      ...listOf(listOf(projected?.sources).map((source) => source.secret)).flatMap((source) =>
        ofSource(titled(source.name), source),
      ),
      // Such a driver brings secrets from elsewhere: https://secrets-store-csi-driver.sigs.k8s.io/
      ...(csi ? [whole(`files from the CSI driver ${csi.driver}`)] : []),
    ]),
  ];
}

function titled(name: unknown): string {
  return `the Secret ${name}`;
}
