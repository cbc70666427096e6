import { claimName, intakeClaimNames, qdrantName, tlsSecretNames } from '../names';
import type { Problem } from '../problems';
import type { StudioConfig } from '../studio-config';
import type { Values } from '../values';
import type { VariableName } from '../variables';

/** The name of an object of the studio, or of an existing object that the file names. */
interface Name {
  readonly kind: 'Secret' | 'PersistentVolumeClaim';
  readonly name: string;
  /** What the object is for. */
  readonly what: string;
  /** The setting that gives the name. @default the manifests give it */
  readonly variable?: VariableName;
}

/** Two objects of one kind must not have the same name, because one would replace the other. */
export function checkObjectNames(values: Values, config: StudioConfig): readonly Problem[] {
  const problems: Problem[] = [];
  const taken = new Map<string, Name>();
  for (const object of names(config)) {
    const key = `${object.kind}/${object.name}`;
    const other = taken.get(key);
    const [mine, its] = object.variable ? [object, other] : [other, object];
    if (!other) taken.set(key, object);
    else if (mine?.variable && mine.what !== its?.what) {
      const text = `${mine.name} is already used by the ${mine.kind} for ${its?.what}. Choose another name`;
      problems.push(values.error(mine.variable, text));
    }
  }
  return problems;
}

function names({
  backup,
  intake,
  qdrant,
  secrets,
  edge,
  imagePullSecret,
  spansService,
  storage,
}: StudioConfig): readonly Name[] {
  const secret = (name: string, what: string, variable?: VariableName): Name => {
    return { kind: 'Secret', name, what, variable };
  };
  const claim = (name: string, what: string, variable?: VariableName): Name => {
    return { kind: 'PersistentVolumeClaim', name, what, variable };
  };
  const certificate = edge?.certificate;
  const forSpans = spansService.certificate;
  const issued = certificate?.kind === 'acme' || certificate?.kind === 'clusterIssuer';
  const found = [
    issued && secret(tlsSecretNames.edge, 'the certificate of the edge'),
    certificate?.kind === 'acme' && secret(tlsSecretNames.acmeAccount, "the ACME account's key"),
    forSpans?.kind === 'issued' && secret(tlsSecretNames.spans, 'the certificate for spans'),
    secret(secrets.name, "the studio's secrets", 'JUNJO_K8S_SECRET_NAME'),
    certificate?.kind === 'secret' && secret(certificate.name, 'a certificate', 'JUNJO_K8S_TLS_SECRET'),
    forSpans?.kind === 'secret' &&
      forSpans.name !== tlsSecretNames.edge &&
      secret(forSpans.name, 'a certificate', 'JUNJO_K8S_TLS_SECRET'),
    backup.kind === 'volsync' &&
      secret(backup.data.repository, 'the repository of the backups', 'JUNJO_K8S_BACKUP_REPOSITORY'),
    backup.kind === 'volsync' &&
      backup.vectors &&
      secret(backup.vectors.repository, "the repository of QDrant's backups", 'JUNJO_K8S_BACKUP_QDRANT_REPOSITORY'),
    imagePullSecret && secret(imagePullSecret, 'the registry credentials', 'JUNJO_K8S_IMAGE_PULL_SECRET'),
    intake?.keysSecret && secret(intake.keysSecret, 'the keys that the collectors accept', 'JUNJO_K8S_INTAKE_KEYS'),
    qdrant && claim(qdrantName, 'the vectors'),
    ...(intake ? intakeClaimNames.map((name) => claim(name, 'the queue of a collector')) : []),
    storage.kind === 'existing'
      ? claim(storage.claimName, 'the data', 'JUNJO_K8S_EXISTING_CLAIM')
      : claim(claimName, 'the data'),
  ];
  return found.filter((name) => typeof name === 'object');
}
