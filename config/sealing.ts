import {
  constants,
  createCipheriv,
  createHmac,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  timingSafeEqual,
  X509Certificate,
} from 'node:crypto';
import { isBase64, isMap } from './text';

/** Where a sealed value can be decrypted: under one name, anywhere in one namespace, or anywhere in the cluster. */
export type SealingScope = 'strict' | 'namespace-wide' | 'cluster-wide';

/** The SealedSecret that values are sealed for. */
export interface SealingTarget {
  readonly scope: SealingScope;
  readonly namespace: string;
  /** Name of the SealedSecret, which is also that of its Secret. */
  readonly name: string;
}

/** A sealed value, which can be committed. */
export interface SealedValue {
  /** What stands in `encryptedData`, in base64. */
  readonly ciphertext: string;
  /** HMAC-SHA-256 in hex, by which a later render recognizes the value. */
  readonly digest: string;
}

/** What is committed between renders, because sealing the same value twice gives two ciphertexts. */
export interface KeptSeals extends SealingTarget {
  /** By key of the Secret. */
  readonly values: Readonly<Record<string, SealedValue>>;
}

const SCOPES: readonly string[] = ['strict', 'namespace-wide', 'cluster-wide'] satisfies SealingScope[];
const SECRET_KEY = /^[A-Za-z0-9._-]{1,253}$/;
const DIGEST = /^[0-9a-f]{64}$/;
const FIRST_CERTIFICATE = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/s;

const LENGTH_BYTES = 2;
const SESSION_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What is committed can be attacked for as long as the repository exists; the controller's own keys have 4096 bits. */
const MIN_RSA_BITS = 2048;
/** The least length of the project's secrets; a shorter key could be guessed, and with it the values. */
const MIN_DIGEST_KEY_LENGTH = 32;

const FETCH = "Fetch the controller's: kubeseal --fetch-cert > sealing-cert.pem";
const RESTORE = 'Restore the file from Git. Or delete it, and set all secrets in the env file to seal them again';

/** Public key of a sealing certificate, or what is wrong with the PEM text and how to fix it. */
export function readSealingCertificate(
  pem: string,
  now: Date,
): { readonly publicKey: KeyObject } | { readonly problem: string } {
  // People commit the file of the certificate, so it must not hold a private key.
  if (pem.includes('PRIVATE KEY-----')) {
    return { problem: `contains a private key, which can decrypt the sealed secrets. Keep it out of Git. ${FETCH}` };
  }
  const certificate = parseCertificate(pem);
  if (!certificate) return { problem: `is not a certificate in PEM form. ${FETCH}` };
  const { publicKey, notBefore, notAfter } = certificate;
  if (publicKey?.asymmetricKeyType !== 'rsa') {
    return { problem: `is not a sealing certificate: its key is not RSA. ${FETCH}` };
  }
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MIN_RSA_BITS) {
    return {
      problem: `has an RSA key of ${bits} bits, which is too weak for committed secrets. Run the controller with --key-size=4096, then fetch its certificate: kubeseal --fetch-cert > sealing-cert.pem`,
    };
  }
  if (now > notAfter) return { problem: `expired at ${utc(notAfter)}. ${FETCH}` };
  if (now < notBefore) {
    return { problem: `is not valid before ${utc(notBefore)}. Correct the clock of this machine. ${FETCH}` };
  }
  return { publicKey };
}

/** The OAEP label that binds a value to its target. No two scopes share one: a namespace is never empty and has no slash. */
export function sealingLabel({ scope, namespace, name }: SealingTarget): string {
  switch (scope) {
    case 'strict':
      return `${namespace}/${name}`;
    case 'namespace-wide':
      return namespace;
    case 'cluster-wide':
      return '';
  }
}

/** Seals one value as `encryptedData` holds it. Every call gives another ciphertext. */
export function sealValue(value: string, target: SealingTarget, publicKey: KeyObject): string {
  const sessionKey = randomBytes(SESSION_KEY_BYTES);
  const wrappedKey = publicEncrypt(
    {
      key: publicKey,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
      oaepLabel: Buffer.from(sealingLabel(target)),
    },
    sessionKey,
  );
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(wrappedKey.length);
  // The format fixes the nonce at zero. That is safe because each session key encrypts a single message.
  const cipher = createCipheriv('aes-256-gcm', sessionKey, Buffer.alloc(NONCE_BYTES));
  const encrypted = [cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat([length, wrappedKey, ...encrypted]).toString('base64');
}

/**
 * Seals new and changed values, and keeps the ciphertexts of all others, so a second render changes nothing.
 *
 * A kept key without a value stays, so a machine without the secrets can render from the kept ones.
 * Another certificate reseals nothing: the controller creates a new key every 30 days, and keeps the old ones to decrypt
 * what they sealed. Another `digestKey` reseals every given value.
 */
export function sealAll(
  values: Readonly<Record<string, string>>,
  kept: KeptSeals | undefined,
  target: SealingTarget,
  publicKey: KeyObject,
  digestKey: string,
): KeptSeals {
  const reusable = new Map(Object.entries(reusableSeals(kept, target)));
  const sealed = new Map(reusable);
  for (const [key, value] of Object.entries(values)) {
    const before = reusable.get(key);
    if (before && sameDigest(before.digest, digest(key, value, before.ciphertext, target, digestKey))) continue;
    const ciphertext = sealValue(value, target, publicKey);
    sealed.set(key, { ciphertext, digest: digest(key, value, ciphertext, target, digestKey) });
  }
  const { scope, namespace, name } = target;
  return { scope, namespace, name, values: sortedByKey(sealed) };
}

/** The kept values that can be decrypted under this target, too. */
export function reusableSeals(
  kept: KeptSeals | undefined,
  target: SealingTarget,
): Readonly<Record<string, SealedValue>> {
  return kept && sealingLabel(kept) === sealingLabel(target) ? kept.values : {};
}

/** Reads what `formatKeptSeals` wrote, or says what is wrong with it. The text is not repeated: it may be another file. */
export function parseKeptSeals(text: string): KeptSeals | { readonly problem: string } {
  const seals = parseJson(text);
  if (!isMap(seals)) return { problem: `is not a JSON object. ${RESTORE}` };
  const { scope, namespace, name, values } = seals;
  if (!hasExactly(seals, ['scope', 'namespace', 'name', 'values'])) {
    return { problem: `must have scope, namespace, name and values, and nothing else. ${RESTORE}` };
  }
  if (!isScope(scope)) return { problem: `has a scope other than ${SCOPES.join(', ')}. ${RESTORE}` };
  if (!isName(namespace)) return { problem: `has a namespace that is not valid. ${RESTORE}` };
  if (!isName(name)) return { problem: `has a name that is not valid. ${RESTORE}` };
  if (!isMap(values)) return { problem: `has values that are not an object. ${RESTORE}` };
  const sealed = new Map<string, SealedValue>();
  for (const [key, value] of Object.entries(values)) {
    if (!SECRET_KEY.test(key)) return { problem: `has a key that is not valid in a Secret. ${RESTORE}` };
    if (!isSealedValue(value)) return { problem: `has an incomplete ciphertext or digest for ${key}. ${RESTORE}` };
    sealed.set(key, value);
  }
  return { scope, namespace, name, values: sortedByKey(sealed) };
}

/** The same seals give the same text, on every machine. */
export function formatKeptSeals({ scope, namespace, name, values }: KeptSeals): string {
  const sealed = Object.entries(values).map(
    ([key, { ciphertext, digest }]) => [key, { ciphertext, digest }] satisfies [string, SealedValue],
  );
  return `${JSON.stringify({ name, namespace, scope, values: sortedByKey(sealed) }, null, 2)}\n`;
}

function parseCertificate(pem: string) {
  // kubeseal takes the first certificate of the file.
  const [first] = FIRST_CERTIFICATE.exec(pem) ?? [];
  if (first === undefined) return undefined;
  try {
    const certificate = new X509Certificate(first);
    const notBefore = new Date(certificate.validFrom);
    const notAfter = new Date(certificate.validTo);
    if (Number.isNaN(notBefore.getTime()) || Number.isNaN(notAfter.getTime())) return undefined;
    return { publicKey: publicKeyOf(certificate), notBefore, notAfter };
  } catch {
    return undefined;
  }
}

/** Node throws for a key of a kind that it does not know. */
function publicKeyOf(certificate: X509Certificate): KeyObject | undefined {
  try {
    return certificate.publicKey;
  } catch {
    return undefined;
  }
}

function utc(date: Date): string {
  return date.toISOString().replace('.000', '');
}

/**
 * The digest includes the ciphertext, which is random. So Git does not reveal that a value is used again, and a ciphertext
 * that a merge put next to the wrong digest is sealed again.
 */
function digest(key: string, value: string, ciphertext: string, target: SealingTarget, digestKey: string): string {
  if (digestKey.length < MIN_DIGEST_KEY_LENGTH) {
    throw new Error(`The digest key must have at least ${MIN_DIGEST_KEY_LENGTH} characters`);
  }
  // A JSON array, unlike joined text, can be read in one way only.
  const message = JSON.stringify([sealingLabel(target), key, value, ciphertext]);
  return createHmac('sha256', digestKey).update(message).digest('hex');
}

function sameDigest(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function sortedByKey(sealed: Iterable<readonly [string, SealedValue]>): Record<string, SealedValue> {
  return Object.fromEntries([...sealed].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parseJson(text: string): unknown {
  try {
    // Editors on Windows write a byte order mark.
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return undefined;
  }
}

function hasExactly(record: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  return Object.keys(record).length === keys.length && keys.every((key) => Object.hasOwn(record, key));
}

function isScope(value: unknown): value is SealingScope {
  return typeof value === 'string' && SCOPES.includes(value);
}

/** Without a slash, so that the label of the strict scope can be read in one way only. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9.-]+$/.test(value);
}

function isSealedValue(value: unknown): value is SealedValue {
  if (!isMap(value) || !hasExactly(value, ['ciphertext', 'digest'])) return false;
  const { ciphertext, digest } = value;
  return (
    typeof digest === 'string' && DIGEST.test(digest) && typeof ciphertext === 'string' && isWholeCiphertext(ciphertext)
  );
}

function isWholeCiphertext(ciphertext: string): boolean {
  if (!isBase64(ciphertext)) return false;
  const bytes = Buffer.from(ciphertext, 'base64');
  if (bytes.length < LENGTH_BYTES) return false;
  const wrappedKeyBytes = bytes.readUInt16BE();
  return wrappedKeyBytes >= MIN_RSA_BITS / 8 && bytes.length >= LENGTH_BYTES + wrappedKeyBytes + TAG_BYTES;
}
