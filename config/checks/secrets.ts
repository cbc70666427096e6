import { createHash, createHmac } from 'node:crypto';
import { perComponent } from '../../releases';
import {
  formatKeptSeals,
  parseKeptSeals,
  readSealingCertificate,
  reusableSeals,
  type SealingScope,
  sealAll,
} from '../sealing';
import type { SecretKey, SecretSource, Secrets } from '../studio-config';
import type { Values } from '../values';
import type { Variable, VariableName } from '../variables';
import { isPlaceholder } from './placeholders';

/** What checks of secrets need from outside the env files. */
export interface SecretSurroundings {
  /** Text of a file that a setting names, or nothing when it cannot be read. */
  readonly readFile: (path: string) => string | undefined;
  /** The time against which certificates are checked. */
  readonly now: () => Date;
}

type Texts = Readonly<Record<string, string>>;

/** A secret of the table, by its key in the Secret. */
interface Secret {
  readonly key: string;
  readonly variable: Variable;
  /** What the env file sets, unless it is a placeholder. */
  readonly value: string | undefined;
}

/** The Secret of a studio: where its values come from, who reads which, and what rolls the pods. */
export function checkSecrets(
  values: Values,
  table: readonly Variable[],
  surroundings: SecretSurroundings,
): Secrets | undefined {
  const secrets = table
    .filter(({ name, secret, readers, onlyWhenWritten }) => {
      return secret && readers && !(onlyWhenWritten && isUnknown(values, name));
    })
    .map((variable): Secret => {
      const written = values.written(variable.name);
      const value = written !== undefined && isPlaceholder(written) ? undefined : written;
      return { key: variable.nameInContainer ?? variable.name, variable, value };
    });
  const source = secretSource(values, secrets, surroundings);
  if (!source) return undefined;
  const has = keysOf(source, secrets);
  const readers = perComponent((component) =>
    secrets
      .filter(({ key, variable }) => variable.readers?.includes(component) && has.has(key))
      .map(({ key, variable }): SecretKey => ({ key, optional: variable.required !== 'always' })),
  );
  return {
    name: values.get('JUNJO_K8S_SECRET_NAME') ?? '',
    source,
    readers,
    digests: perComponent((component) =>
      digestOf(source, readers[component], values.get('JUNJO_SESSION_SECRET') ?? ''),
    ),
  };
}

/** Whether nothing names a secret: neither the file, nor what was sealed of it before. */
function isUnknown(values: Values, name: string): boolean {
  return values.get('JUNJO_K8S_SECRETS') !== 'sealed' && !values.isWritten(name);
}

function secretSource(
  values: Values,
  secrets: readonly Secret[],
  surroundings: SecretSurroundings,
): SecretSource | undefined {
  const mode = values.get('JUNJO_K8S_SECRETS');
  checkModeSettings(values, mode);
  switch (mode) {
    case 'existing':
      refuseValues(values, mode);
      noteKeys(values, secrets);
      return { kind: 'existing' };
    case 'external':
      refuseValues(values, mode);
      return externalSource(values, secrets);
    case 'sealed':
      return sealedSource(values, secrets, surroundings);
    default:
      return { kind: 'manifest', values: valuesOf(secrets) };
  }
}

/** Settings that only another mode heeds. */
function checkModeSettings(values: Values, mode: string | undefined): void {
  const heeding: Partial<Record<VariableName, string>> = {
    JUNJO_K8S_SEALING_CERT: 'sealed',
    JUNJO_K8S_SEALING_SCOPE: 'sealed',
    JUNJO_K8S_SECRET_STORE: 'external',
  };
  for (const [name, heeds] of Object.entries(heeding)) {
    if (mode !== heeds && values.written(name) !== undefined) {
      values.error(name, `has no effect without JUNJO_K8S_SECRETS=${heeds}. Set that, or remove the line`);
    }
  }
}

/** A value that is not used must not stand there, or somebody believes that it is in effect. */
function refuseValues(values: Values, mode: string): void {
  for (const name of values.secretNames().filter((secret) => values.written(secret) !== undefined)) {
    values.error(
      name,
      `is not used with JUNJO_K8S_SECRETS=${mode}: the value comes from elsewhere. Remove it from this file`,
    );
  }
}

function noteKeys(values: Values, secrets: readonly Secret[]): void {
  const required = secrets.filter(({ variable }) => variable.required === 'always').map(({ key }) => key);
  const optional = secrets.filter(({ variable }) => variable.required !== 'always').map(({ key }) => key);
  values.note(
    'JUNJO_K8S_SECRETS',
    `the Secret ${values.get('JUNJO_K8S_SECRET_NAME')} must have the keys ${required.join(', ')}; it may have ${optional.join(', ')}`,
  );
}

function externalSource(values: Values, secrets: readonly Secret[]): SecretSource | undefined {
  const store = values.get('JUNJO_K8S_SECRET_STORE');
  if (!store) {
    values.error('JUNJO_K8S_SECRET_STORE', 'is missing. Name the store: SecretStore/name or ClusterSecretStore/name');
    return undefined;
  }
  const [kind = '', name = ''] = store.split('/');
  return {
    kind: 'external',
    store: { kind: kind === 'SecretStore' ? 'SecretStore' : 'ClusterSecretStore', name },
    remoteKey: values.get('JUNJO_K8S_NAME') ?? '',
    // A key that the store lacks fails all of them, so optional ones are fetched only when the file names them.
    keys: secrets
      .filter(({ variable }) => variable.required === 'always' || values.isWritten(variable.name))
      .map(({ key }) => key),
  };
}

function sealedSource(
  values: Values,
  secrets: readonly Secret[],
  { readFile, now }: SecretSurroundings,
): SecretSource | undefined {
  const certificatePath = values.get('JUNJO_K8S_SEALING_CERT');
  const pem = certificatePath && readFile(certificatePath);
  if (!pem) {
    const fetch = 'Fetch it: kubeseal --fetch-cert > sealing-cert.pem';
    values.error('JUNJO_K8S_SEALING_CERT', certificatePath ? `cannot be read. ${fetch}` : `is missing. ${fetch}`);
    return undefined;
  }
  const certificate = readSealingCertificate(pem, now());
  const path = `sealed/${values.get('JUNJO_K8S_NAME')}.json`;
  const text = readFile(path);
  const kept = text === undefined ? undefined : parseKeptSeals(text);
  if ('problem' in certificate) values.error('JUNJO_K8S_SEALING_CERT', certificate.problem);
  if (kept && 'problem' in kept) values.error('JUNJO_K8S_SECRETS', `${path} ${kept.problem}`);
  if ('problem' in certificate || (kept && 'problem' in kept)) return undefined;

  const target = {
    scope: values.get('JUNJO_K8S_SEALING_SCOPE') as SealingScope,
    namespace: values.get('JUNJO_K8S_NAMESPACE') ?? values.get('JUNJO_K8S_NAME') ?? '',
    name: values.get('JUNJO_K8S_SECRET_NAME') ?? '',
  };
  const given = valuesOf(secrets);
  const reusable = reusableSeals(kept, target);
  const digestKey = values.written('JUNJO_SESSION_SECRET');
  if (Object.keys(given).length > 0 && (!digestKey || !values.isSound('JUNJO_SESSION_SECRET'))) {
    if (!digestKey) {
      values.error(
        'JUNJO_SESSION_SECRET',
        'is missing beside other secrets. Changed values are told from others by digests keyed with it: set it too, or remove the others to keep what is sealed',
      );
    }
    return undefined;
  }
  const missing = secrets.filter(
    ({ key, variable }) => variable.required === 'always' && !(key in given) && !(key in reusable),
  );
  for (const { variable } of missing) {
    values.error(
      variable.name,
      `is missing: it is neither in the env file nor sealed in ${path} for this namespace and name. Set it once`,
    );
  }
  if (missing.length > 0) return undefined;
  const lost = Object.keys(kept?.values ?? {}).filter((key) => !(key in reusable) && !(key in given));
  if (lost.length > 0) {
    values.warning(
      'JUNJO_K8S_SECRETS',
      `what ${path} keeps of ${lost.join(', ')} cannot be opened under this namespace, name and scope, and is left out. Set the values once to seal them anew`,
    );
  }
  const sealed = sealAll(given, kept, target, certificate.publicKey, digestKey ?? '');
  const ciphertexts = Object.entries(sealed.values).map(([key, { ciphertext }]) => [key, ciphertext]);
  return {
    kind: 'sealed',
    scope: target.scope,
    ciphertexts: Object.fromEntries(ciphertexts),
    kept: { path, text: formatKeptSeals(sealed) },
  };
}

function valuesOf(secrets: readonly Secret[]): Record<string, string> {
  const set = secrets.filter((secret): secret is Secret & { value: string } => secret.value !== undefined);
  return Object.fromEntries(set.map(({ key, value }) => [key, value]));
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
  // Keyed with the session secret, so that a committed manifest tells nothing of the others.
  if (source.kind === 'manifest') return createHmac('sha256', digestKey).update(read(source.values)).digest('hex');
  // Ciphertexts are public; an unchanged value keeps its own.
  if (source.kind === 'sealed') return createHash('sha256').update(read(source.ciphertexts)).digest('hex');
  return undefined;
}
