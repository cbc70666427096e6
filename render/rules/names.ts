import { type Fields, listOf, type Manifest, type Pod, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** Names are unique: a second object of the same name overwrites the first. */
export const names: Rule = {
  name: 'names',
  asks: 'Objects, and parts of a pod, have unique names, and Kubernetes accepts every name',
  reason:
    'a second object overwrites the first of the same name, and an invalid name is refused when half of the files are applied',
  source: 'https://kubernetes.io/docs/concepts/overview/working-with-objects/names/',
  *violations({ manifests, pods }: RenderedStudio) {
    for (const manifest of repeated(manifests, identity)) yield { object: titleOf(manifest), text: 'exists twice' };
    for (const manifest of manifests) {
      const name = String(manifest.metadata.name);
      if (!SUBDOMAIN.test(name) || name.length > 253) {
        yield { object: titleOf(manifest), text: 'has a name that Kubernetes refuses' };
      }
      if (manifest.kind === 'Service') yield* twice(titleOf(manifest), 'port', manifest.spec?.ports, 'name');
    }
    for (const pod of pods) yield* withinPod(pod);
  },
};

function identity({ apiVersion, kind, metadata }: Manifest): string {
  const [group, version] = String(apiVersion).split('/');
  return [version ? group : '', kind, metadata.namespace, metadata.name].join(' ');
}

function* withinPod({ spec, containers, title }: Pod): Generator<Violation> {
  yield* twice(
    title,
    'container',
    containers.map(({ fields }) => fields),
    'name',
  );
  yield* twice(title, 'volume', spec.volumes, 'name');
  yield* twice(
    title,
    'port',
    containers.flatMap(({ fields }) => listOf(fields.ports)),
    'name',
  );
  for (const { fields, title: object } of containers) {
    yield* twice(object, 'variable', fields.env, 'name');
    yield* twice(object, 'mount', fields.volumeMounts, 'mountPath');
  }
}

function* twice(object: string, what: string, list: unknown, key: string): Generator<Violation> {
  const named = listOf(list).filter((part) => part[key] !== undefined);
  for (const part of repeated(named, (each: Fields) => each[key])) {
    yield { object, text: `the ${what} ${part[key]} exists twice` };
  }
}

function repeated<T>(parts: readonly T[], key: (part: T) => unknown): readonly T[] {
  const keys = parts.map(key);
  return parts.filter((_, index) => keys.indexOf(keys[index]) !== index);
}
