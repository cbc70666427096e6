import { fieldsOf, listOf, type Manifest, textsOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Annotations by which controllers encrypt, or lead to the encrypted address. */
const ENCRYPTS = /ssl|tls|https|redirect|entrypoints|listen-ports/i;

/** Sign-ins and keys go through the edge. */
export const tls: Rule = {
  name: 'tls',
  asks: 'An Ingress has TLS for the hosts for which it has it as rendered, with the annotations that ask for it, and a Gateway no listener more without it',
  reason: 'passwords, sessions and API keys are readable on the way otherwise',
  source: 'https://kubernetes.io/docs/concepts/services-networking/ingress/#tls',
  *violations(studio: RenderedStudio) {
    for (const manifest of studio.manifests) {
      const before = studio.asRendered(manifest);
      if (!before || before === manifest) continue;
      if (manifest.kind === 'Ingress') yield* ofIngress(manifest, before);
      if (manifest.kind === 'Gateway') yield* ofGateway(manifest, before);
    }
  },
};

function* ofIngress(after: Manifest, before: Manifest): Generator<Violation> {
  const object = titleOf(after);
  const hosts = hostsOf(after);
  for (const host of hostsOf(before).filter((each) => !hosts.includes(each))) {
    yield { object, text: `has no TLS for ${host} any longer` };
  }
  const [annotations, rendered] = [after, before].map(({ metadata }) => fieldsOf(metadata.annotations));
  for (const [key, value] of Object.entries(rendered ?? {})) {
    if (ENCRYPTS.test(key) && annotations?.[key] !== value && value !== 'false') {
      yield { object, text: `the annotation ${key} is not as rendered` };
    }
  }
  for (const [key, value] of Object.entries(annotations ?? {})) {
    if (/redirect/i.test(key) && value === 'false' && rendered?.[key] !== value) {
      yield { object, text: `the annotation ${key} leads nobody to HTTPS any longer` };
    }
  }
}

function hostsOf({ spec }: Manifest): readonly string[] {
  return listOf(fieldsOf(spec).tls).flatMap(({ hosts }) => textsOf(hosts));
}

function* ofGateway(after: Manifest, before: Manifest): Generator<Violation> {
  const open = ({ spec }: Manifest) =>
    listOf(fieldsOf(spec).listeners)
      .filter(({ protocol }) => !['HTTPS', 'TLS'].includes(protocol))
      .map(({ name, protocol, port }) => `${name} (${protocol} ${port})`);
  for (const listener of open(after).filter((each) => !open(before).includes(each))) {
    yield { object: titleOf(after), text: `its listener ${listener} has no TLS` };
  }
}
