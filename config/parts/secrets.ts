import { createHash, createHmac } from 'node:crypto';
import { perComponent, type ReleaseLine } from '../../releases';
import type { ReadFile } from '../files';
import type { Built, Problem } from '../problems';
import { formatKeptSeals, parseKeptSeals, readSealingCertificate, reusableSeals, sealAll } from '../sealing';
import type { SecretKey, SecretSource, Secrets } from '../studio-config';
import type { InFile, Values } from '../values';
import type { Variable } from '../variables';

/** What the checks of secrets need besides the env files. */
export interface SecretSurroundings {
  /** Reads a file that a setting names. */
  readonly readFile: ReadFile;
  /** The time against which certificates are checked. */
  readonly now: () => Date;
}

/** Sealed values can be decrypted only for the same values of these settings. Named, so nothing is reported while one of them is invalid. */
const OF_SEAL = 'JUNJO_K8S_NAMESPACE, JUNJO_K8S_SECRET_NAME or JUNJO_K8S_SEALING_SCOPE';

type Texts = Readonly<Record<string, string>>;

/** A secret of the table, by its key in the Secret. */
interface Secret {
  readonly key: string;
  readonly variable: Variable;
  readonly inFile: InFile;
}

/** The Secret of a studio: where its values come from, who reads which, and what rolls the pods. */
export function secretsOf(
  values: Values,
  table: readonly Variable[],
  line: ReleaseLine,
  namespace: string,
  surroundings: SecretSurroundings,
): Built<Secrets | undefined> {
  const secrets = table
    .filter(({ name, secret, readers, onlyWhenWritten }) => {
      return secret && readers?.length && !(onlyWhenWritten && isUnknown(values, name));
    })
    .map((variable): Secret => {
      return { key: variable.nameInContainer ?? variable.name, variable, inFile: values.inFile(variable.name) };
    });
  const { value: source, problems: sourceProblems } = sourceOf(values, secrets, namespace, surroundings);
  const problems = [...modeProblems(values), ...sourceProblems];
  if (!source) return { value: undefined, problems };
  const has = keysOf(source, secrets);
  const readers = perComponent(line, (component) =>
    secrets
      .filter(({ key, variable }) => variable.readers?.includes(component) && has.has(key))
      .map(({ key, variable }): SecretKey => ({ key, optional: variable.required !== 'always' })),
  );
  const digestKey = values.textInEffect(nameOfDigestKey(secrets)) ?? '';
  return {
    value: {
      name: values.inEffect('JUNJO_K8S_SECRET_NAME'),
      source,
      readers,
      keyDigests: Object.fromEntries(
        secrets.map(({ key }) => [key, digestOf(source, [{ key, optional: false }], digestKey)]),
      ),
      digests: perComponent(line, (component) => digestOf(source, readers[component] ?? [], digestKey)),
    },
    problems,
  };
}

/** Whether nothing names a secret: neither the file, nor what was sealed of it before. */
function isUnknown(values: Values, name: string): boolean {
  return values.inEffect('JUNJO_K8S_SECRETS') !== 'sealed' && !hasLine(values.inFile(name));
}

/** Whether a file names a variable, even with an empty value. */
function hasLine(inFile: InFile): boolean {
  return inFile.kind !== 'none' || inFile.hasLine;
}

function sourceOf(
  values: Values,
  secrets: readonly Secret[],
  namespace: string,
  surroundings: SecretSurroundings,
): Built<SecretSource | undefined> {
  const mode = values.inEffect('JUNJO_K8S_SECRETS');
  switch (mode) {
    case 'existing':
      return {
        value: { kind: 'existing' },
        problems: [...unusedValues(values, secrets, mode), keysNote(values, secrets)],
      };
    case 'external': {
      const { value, problems } = externalSourceOf(values, secrets);
      return { value, problems: [...unusedValues(values, secrets, mode), ...problems] };
    }
    case 'sealed':
      return sealedSourceOf(values, secrets, namespace, surroundings);
    case 'manifest':
      return { value: { kind: 'manifest', values: textsOf(secrets) }, problems: [] };
  }
}

/** Settings that have an effect only in another mode. */
function modeProblems(values: Values): readonly Problem[] {
  const mode = values.inEffect('JUNJO_K8S_SECRETS');
  return Object.entries({
    JUNJO_K8S_SEALING_CERT: 'sealed',
    JUNJO_K8S_SEALING_SCOPE: 'sealed',
    JUNJO_K8S_SECRET_STORE: 'external',
  })
    .filter(([name, heeds]) => mode !== heeds && values.isSet(name))
    .map(([name]) => values.error(name, `has no effect with JUNJO_K8S_SECRETS=${mode}. Remove the line`));
}

/** An unused value is an error, so nobody mistakes it for the value in effect. */
function unusedValues(values: Values, secrets: readonly Secret[], mode: string): readonly Problem[] {
  const text = `is not used with JUNJO_K8S_SECRETS=${mode}, because the value comes from elsewhere. Remove it from this file`;
  return secrets
    .filter(({ inFile }) => inFile.kind !== 'none')
    .map(({ variable }) => values.error(variable.name, text));
}

function keysNote(values: Values, secrets: readonly Secret[]): Problem {
  const required = secrets.filter(({ variable }) => variable.required === 'always').map(({ key }) => key);
  const optional = secrets.filter(({ variable }) => variable.required !== 'always').map(({ key }) => key);
  return values.note(
    'JUNJO_K8S_SECRETS',
    `the Secret ${values.inEffect('JUNJO_K8S_SECRET_NAME')} must have the keys ${required.join(', ')}${optional.length > 0 ? `. It may also have ${optional.join(', ')}` : ''}`,
  );
}

function externalSourceOf(values: Values, secrets: readonly Secret[]): Built<SecretSource | undefined> {
  const store = values.inEffect('JUNJO_K8S_SECRET_STORE');
  if (!store) {
    const text = 'is missing. Name the store: SecretStore/name or ClusterSecretStore/name';
    return { value: undefined, problems: [values.error('JUNJO_K8S_SECRET_STORE', text)] };
  }
  return {
    value: {
      kind: 'external',
      store,
      remoteKey: values.inEffect('JUNJO_K8S_NAME'),
      // One missing key makes the whole ExternalSecret fail, so optional keys are fetched only when the file names them.
      keys: secrets
        .filter(({ variable, inFile }) => variable.required === 'always' || hasLine(inFile))
        .map(({ key }) => key),
    },
    problems: [],
  };
}

function sealedSourceOf(
  values: Values,
  secrets: readonly Secret[],
  namespace: string,
  { readFile, now }: SecretSurroundings,
): Built<SecretSource | undefined> {
  const failed = (...problems: readonly Problem[]) => ({ value: undefined, problems });
  const certificatePath = values.inEffect('JUNJO_K8S_SEALING_CERT');
  const pem = certificatePath ? readFile(certificatePath) : { problem: 'is missing' };
  if (typeof pem !== 'string' || pem === '') {
    const reason = pem ? pem.problem : 'cannot be read';
    return failed(
      values.error('JUNJO_K8S_SEALING_CERT', `${reason}. Fetch it: kubeseal --fetch-cert > sealing-cert.pem`),
    );
  }
  const certificate = readSealingCertificate(pem, now());
  const certificateProblems =
    'problem' in certificate ? [values.error('JUNJO_K8S_SEALING_CERT', certificate.problem)] : [];
  const path = `sealed/${values.inEffect('JUNJO_K8S_NAME')}.json`;
  const text = readFile(path);
  const kept = typeof text === 'string' ? parseKeptSeals(text) : text;
  if ('problem' in certificate || (kept && 'problem' in kept)) {
    return failed(
      ...certificateProblems,
      ...(kept && 'problem' in kept ? [values.error('JUNJO_K8S_SECRETS', `${path} ${kept.problem}`)] : []),
    );
  }

  const target = {
    scope: values.inEffect('JUNJO_K8S_SEALING_SCOPE'),
    namespace,
    name: values.inEffect('JUNJO_K8S_SECRET_NAME'),
  };
  const given = textsOf(secrets);
  const reusable = reusableSeals(kept, target);
  const keyName = nameOfDigestKey(secrets);
  const digestKey = values.textInEffect(keyName);
  if (Object.keys(given).length > 0 && !digestKey) {
    const text =
      'is missing, but needed to detect changed secrets. Set it too, or remove the other secrets to keep what is sealed';
    return failed(values.error(keyName, text));
  }
  const missing = secrets.filter(
    ({ key, variable, inFile }) => variable.required === 'always' && inFile.kind === 'none' && !(key in reusable),
  );
  if (missing.length > 0) {
    const text = `is missing, and ${path} has no sealed value of it for this ${OF_SEAL}. Set it once`;
    return failed(...missing.map(({ variable }) => values.error(variable.name, text)));
  }
  const lost = Object.keys(kept?.values ?? {}).filter((key) => !(key in reusable) && !(key in given));
  const problems =
    lost.length > 0
      ? [
          values.warning(
            'JUNJO_K8S_SECRETS',
            `${path} has values of ${lost.join(', ')} for another ${OF_SEAL}. They are left out. Set the values once to seal them again`,
          ),
        ]
      : [];
  // Without values there is no digest, and no key is needed.
  const sealed = sealAll(given, kept, target, certificate.publicKey, digestKey ?? '');
  const ciphertexts = Object.entries(sealed.values).map(([key, { ciphertext }]) => [key, ciphertext]);
  return {
    value: {
      kind: 'sealed',
      scope: target.scope,
      ciphertexts: Object.fromEntries(ciphertexts),
      kept: { path, text: formatKeptSeals(sealed) },
    },
    problems,
  };
}

/** The secret with which digests of all of them are keyed: the first that a studio of the release always has. */
function nameOfDigestKey(secrets: readonly Secret[]): string {
  return secrets.find(({ variable }) => variable.required === 'always' && !variable.onlyWith)?.variable.name ?? '';
}

function textsOf(secrets: readonly Secret[]): Record<string, string> {
  return Object.fromEntries(
    secrets.flatMap(({ key, inFile }) => (inFile.kind === 'sound' ? [[key, inFile.text] as const] : [])),
  );
}

/** The keys that the Secret has, or may have. */
function keysOf(source: SecretSource, secrets: readonly Secret[]): ReadonlySet<string> {
  switch (source.kind) {
    case 'manifest':
      return new Set(Object.keys(source.values));
    case 'sealed':
      return new Set(Object.keys(source.ciphertexts));
    case 'external':
      return new Set(source.keys);
    case 'existing':
      return new Set(secrets.map(({ key }) => key));
  }
}

/** Changes when a value changes that the container reads, where the values are known here. */
function digestOf(source: SecretSource, readers: readonly SecretKey[], digestKey: string): string | undefined {
  const read = (texts: Texts) => JSON.stringify(readers.map(({ key }) => [key, texts[key]]).sort());
  if (readers.length === 0) return undefined;
  // Keyed with a secret, so that a committed manifest reveals nothing about the others.
  if (source.kind === 'manifest') return createHmac('sha256', digestKey).update(read(source.values)).digest('hex');
  // Ciphertexts are public; an unchanged value keeps its own.
  if (source.kind === 'sealed') return createHash('sha256').update(read(source.ciphertexts)).digest('hex');
  return undefined;
}
