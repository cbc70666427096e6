import { intakeKeys } from '../../../charts/intake-config';
import { type Fields, listOf, type Manifest } from '../../../render/manifest';
import { advice } from '../../diagnosis/cause';
import type { StudioManifests } from '../../studio-manifests';
import { type Check, error, ok, type PreflightView, type Result, unread } from '../check';

/** A Secret that something refers to. */
interface Reference {
  readonly what:
    | 'image pull Secret'
    | 'Secret'
    | 'TLS Secret'
    | 'Secret of the backup repository'
    | 'Secret with API keys';
  readonly name: string;
}

/** Arguments of `kubectl create secret` for the Secrets whose keys are known. */
const CREATE: Partial<Record<Reference['what'], readonly [type: string, ...options: string[]]>> = {
  // A password on the command line would stay in the history of the shell.
  'image pull Secret': ['docker-registry', '--from-file=.dockerconfigjson=config.json'],
  'TLS Secret': ['tls', '--cert=tls.crt', '--key=tls.key'],
  'Secret with API keys': ['generic', `--from-file=${intakeKeys.key}=keys.txt`],
};

/** What a person does first. */
const BEFORE: Partial<Record<Reference['what'], string>> = {
  'image pull Secret': 'Write config.json first: run docker --config . login SERVER',
  'Secret with API keys': 'Write one API key on each line of keys.txt, without empty lines',
};

/** The Secrets that the manifests refer to but do not contain. */
export const secrets: Check = {
  name: 'secrets',
  *results(studio, cluster) {
    const made = secretsMade(studio);
    const wanted = [...podReferences(studio), ...edgeReferences(studio)].filter(({ name }) => !made.has(name));
    for (const each of new Map(wanted.map((reference) => [reference.name, reference])).values())
      yield found(each, cluster);
  },
};

function found({ what, name }: Reference, cluster: PreflightView): Result {
  if (!cluster.canRead('secrets')) return unread('list Secrets', `that the ${what} ${name} exists`);
  if (cluster.named('Secret', name, cluster.namespace)) return ok(`The ${what} ${name} exists`);
  const create = CREATE[what];
  return error(
    `There is no ${what} ${name} in the namespace ${cluster.namespace}`,
    create
      ? advice(
          ['Create it before you apply', BEFORE[what]].filter(Boolean).join('. '),
          cluster.command('create', 'secret', create[0], name, ...create.slice(1)),
        )
      : 'Create it before you apply',
  );
}

/** The Secrets that the manifests create, or that a controller creates for them. */
function secretsMade(studio: StudioManifests): ReadonlySet<string> {
  const named = (kind: string, nameOf: (manifest: Manifest) => string | undefined) =>
    studio.ofKind(kind).flatMap((manifest) => nameOf(manifest) ?? manifest.metadata.name);
  return new Set([
    ...named('Secret', ({ metadata }) => metadata.name),
    ...named('SealedSecret', ({ spec }) => spec?.template?.metadata?.name),
    ...named('ExternalSecret', ({ spec }) => spec?.target?.name),
    ...named('Certificate', ({ spec }) => spec?.secretName),
  ]);
}

/** What pods need: images, keys, certificates. One that a pod can start without is not needed. */
function podReferences({ pods, manifests }: StudioManifests): readonly Reference[] {
  const needed = (what: Reference['what'], sources: readonly Fields[]): readonly Reference[] =>
    sources.filter(({ name, optional }) => name && !optional).map(({ name }) => ({ what, name }));
  return [
    ...pods.flatMap(({ spec }) => needed('image pull Secret', listOf(spec.imagePullSecrets))),
    ...pods.flatMap(({ spec, containers }) => [
      ...containers.flatMap(({ fields }) => [
        ...needed('Secret', listOf(listOf(fields.env).map(({ valueFrom }) => valueFrom?.secretKeyRef))),
        ...needed('Secret', listOf(listOf(fields.envFrom).map(({ secretRef }) => secretRef))),
      ]),
      ...listOf(spec.volumes).flatMap(({ secret, projected }) => [
        ...listOf([secret]).flatMap((source) => {
          const has = (wanted: string) => listOf(source.items).some(({ key }) => key === wanted);
          const other = has(intakeKeys.key) ? 'Secret with API keys' : 'Secret';
          return needed(has('tls.key') ? 'TLS Secret' : other, [{ ...source, name: source.secretName }]);
        }),
        ...needed('Secret', listOf(listOf(projected?.sources).map((source) => source.secret))),
      ]),
    ]),
    ...needed(
      'Secret of the backup repository',
      listOf(manifests.map(({ kind, spec }) => kind === 'ReplicationSource' && { name: spec?.restic?.repository })),
    ),
  ];
}

/** The certificates of the edge, without those that a Gateway takes from another namespace. */
function edgeReferences(studio: StudioManifests): readonly Reference[] {
  const listeners = studio.ofKind('Gateway').flatMap(({ spec }) => listOf(spec?.listeners));
  const names = [
    ...studio.ofKind('Ingress').flatMap(({ spec }) => listOf(spec?.tls).map(({ secretName }) => secretName)),
    ...listeners
      .flatMap(({ tls }) => listOf(tls?.certificateRefs))
      .filter(({ namespace = studio.namespace }) => namespace === studio.namespace)
      .map(({ name }) => name),
  ];
  return names.filter(Boolean).map((name) => ({ what: 'TLS Secret', name }));
}
