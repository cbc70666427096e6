import { type Container, fieldsOf, listOf, type Pod } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** A container gets only the keys that it reads, by name, and no keys that are added later. */
export const secretsKeyByKey: Rule = {
  name: 'secrets-key-by-key',
  asks: 'A container gets single, existing keys of a Secret by name, and never a whole Secret',
  reason: 'a container with a whole Secret also gets every secret that is added to it later',
  source: 'https://kubernetes.io/docs/concepts/security/secrets-good-practices/#restrict-access-to-specific-containers',
  *violations(studio: RenderedStudio) {
    for (const pod of studio.pods) {
      yield* whole(pod);
      for (const container of pod.containers) {
        if (listOf(fieldsOf(container.fields).envFrom).some(({ secretRef }) => secretRef)) {
          yield { object: container.title, text: 'envFrom reads a whole Secret: read single keys with env' };
        }
        yield* unknownKeys(container, studio);
      }
    }
  },
};

function* whole({ spec, title: object }: Pod): Generator<Violation> {
  for (const { name, secret, projected } of listOf(spec.volumes)) {
    const sources = [secret, ...listOf(projected?.sources).map((source) => source.secret)];
    if (sources.some((source) => source && listOf(source.items).length === 0)) {
      yield { object, text: `the volume ${name} mounts a whole Secret: name its keys in items` };
    }
  }
}

function* unknownKeys({ fields, title: object }: Container, studio: RenderedStudio): Generator<Violation> {
  for (const { name, valueFrom } of listOf(fields.env)) {
    const { name: secret, key, optional } = fieldsOf(valueFrom?.secretKeyRef);
    const keys = keysOf(secret, studio);
    if (keys && !optional && !keys.includes(key)) {
      yield { object, text: `${name} is the key ${key} of the Secret ${secret}, which has no such key` };
    }
  }
}

/** The keys of a Secret, or nothing if the user manages it. */
function keysOf(name: unknown, studio: RenderedStudio): readonly string[] | undefined {
  const secret = studio.named('Secret', name);
  if (secret) return Object.keys(fieldsOf(secret.data));
  const sealed = studio.named('SealedSecret', name);
  if (sealed) return Object.keys(fieldsOf(fieldsOf(sealed.spec).encryptedData));
  const external = studio.ofKind('ExternalSecret').find(({ spec }) => fieldsOf(fieldsOf(spec).target).name === name);
  // https://external-secrets.io/latest/guides/templating/#mergepolicy: what a template has replaces all else, unless it is told not to.
  const { data, mergePolicy } = fieldsOf(fieldsOf(fieldsOf(external?.spec).target).template);
  if (data && mergePolicy !== 'Merge') return Object.keys(data);
  return external && listOf(fieldsOf(external.spec).data).map(({ secretKey }) => secretKey);
}
