import { claimName, qdrantName, tlsSecretNames } from '../names';
import type { Problem } from '../problems';
import type { StudioConfig } from '../studio-config';
import type { Values } from '../values';
import type { VariableName } from '../variables';

/** A name that an object of the studio has, or that the file gives to one of somebody else's. */
interface Name {
  readonly kind: 'Secret' | 'PersistentVolumeClaim';
  readonly name: string;
  /** What the object is for. */
  readonly what: string;
  /** The setting that gives the name. @default the manifests give it */
  readonly variable?: VariableName;
}

/** Two objects of one kind may not have one name, or each would take the other's place. */
export function checkObjectNames(values: Values, config: StudioConfig): readonly Problem[] {
  const problems: Problem[] = [];
  const taken = new Map<string, Name>();
  for (const object of names(config)) {
    const key = `${object.kind}/${object.name}`;
    const other = taken.get(key);
    const [mine, its] = object.variable ? [object, other] : [other, object];
    if (!other) taken.set(key, object);
    else if (mine?.variable && mine.what !== its?.what) {
      const text = `${mine.name} is the name of another ${mine.kind}, ${its?.what}. Choose another`;
      problems.push(values.error(mine.variable, text));
    }
  }
  return problems;
}

function names({
  backup,
  qdrant,
  secrets,
  edge,
  imagePullSecret,
  spansService,
  storage,
}: StudioConfig): readonly Name[] {
  const secret = (name: string, what: string, variable?: VariableName): Name => ({
    kind: 'Secret',
    name,
    what,
    variable,
  });
  const issues = edge?.certificate.kind === 'acme' || edge?.certificate.kind === 'clusterIssuer';
  const given = edge?.certificate.kind === 'secret' ? edge.certificate.name : undefined;
  const forSpans = spansService.certificate;
  return [
    ...(issues ? [secret(tlsSecretNames.edge, 'the certificate of the edge')] : []),
    ...(edge?.certificate.kind === 'acme' ? [secret(tlsSecretNames.acmeAccount, "the ACME account's key")] : []),
    ...(forSpans?.kind === 'issued' ? [secret(tlsSecretNames.spans, 'the certificate for spans')] : []),
    secret(secrets.name, "the studio's secrets", 'JUNJO_K8S_SECRET_NAME'),
    ...(given ? [secret(given, 'a certificate', 'JUNJO_K8S_TLS_SECRET')] : []),
    ...(forSpans?.kind === 'secret' && ![tlsSecretNames.edge, given].includes(forSpans.name)
      ? [secret(forSpans.name, 'a certificate', 'JUNJO_K8S_TLS_SECRET')]
      : []),
    ...(backup.kind === 'volsync'
      ? [secret(backup.repository, 'the repository of the backups', 'JUNJO_K8S_BACKUP_REPOSITORY')]
      : []),
    ...(imagePullSecret ? [secret(imagePullSecret, 'registry credentials', 'JUNJO_K8S_IMAGE_PULL_SECRET')] : []),
    ...(qdrant ? [{ kind: 'PersistentVolumeClaim', name: qdrantName, what: 'the vectors' } as const] : []),
    ...(storage.kind === 'existing'
      ? [
          {
            kind: 'PersistentVolumeClaim',
            name: storage.claimName,
            what: 'the data',
            variable: 'JUNJO_K8S_EXISTING_CLAIM',
          } as const,
        ]
      : [{ kind: 'PersistentVolumeClaim', name: claimName, what: 'the data' } as const]),
  ];
}
