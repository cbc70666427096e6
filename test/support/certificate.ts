import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface CertificateOptions {
  /** @default yesterday */
  readonly notBefore?: Date;
  /** @default in ten years, as sealed-secrets' controller makes them */
  readonly notAfter?: Date;
  /** @default 'rsa' with 2048 bits, half of what the controller has, which take a tenth of the time to make */
  readonly keyType?: 'rsa' | 'rsa-1024' | 'ec';
  /** Key for the certificate. @default a new one of `keyType` */
  readonly privateKey?: KeyObject;
  /** Subject and issuer. Of several trusted ones, OpenSSL takes the first that has the name. @default 'sealing-test' */
  readonly commonName?: string;
}

export interface TestCertificate {
  readonly pem: string;
  readonly privateKey: KeyObject;
}

const DAY = 24 * 60 * 60 * 1000;

/** A self-signed X.509 certificate, written by hand because Node can read them but not make them. */
export function makeCertificate(options: CertificateOptions = {}): TestCertificate {
  const privateKey = options.privateKey ?? generateKey(options.keyType ?? 'rsa');
  const notBefore = options.notBefore ?? new Date(Date.now() - DAY);
  const notAfter = options.notAfter ?? new Date(Date.now() + 3650 * DAY);

  const signatureAlgorithm =
    privateKey.asymmetricKeyType === 'ec'
      ? sequence(oid(1, 2, 840, 10045, 4, 3, 2))
      : sequence(oid(1, 2, 840, 113549, 1, 1, 11), der(0x05));
  const commonName = sequence(oid(2, 5, 4, 3), der(0x0c, Buffer.from(options.commonName ?? 'sealing-test')));
  const name = sequence(der(0x31, commonName));
  const version3 = der(0xa0, integer(2));
  const validity = sequence(time(notBefore), time(notAfter));
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const content = sequence(version3, integer(1), signatureAlgorithm, name, validity, name, publicKey);
  const certificate = sequence(content, signatureAlgorithm, bitString(sign('sha256', content, privateKey)));

  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    pem: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    privateKey,
  };
}

function generateKey(keyType: 'rsa' | 'rsa-1024' | 'ec'): KeyObject {
  if (keyType === 'ec') return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  return generateKeyPairSync('rsa', { modulusLength: keyType === 'rsa' ? 2048 : 1024 }).privateKey;
}

/** One element of DER: tag, length, content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const long = body.length < 0x80 ? [] : bigEndian(body.length);
  const length = long.length === 0 ? [body.length] : [0x80 | long.length, ...long];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

function sequence(...content: readonly Buffer[]): Buffer {
  return der(0x30, ...content);
}

/** A small one: from 128 on, DER needs a zero in front. */
function integer(value: number): Buffer {
  return der(0x02, Buffer.from([value]));
}

function bitString(bytes: Buffer): Buffer {
  const unusedBits = Buffer.from([0]);
  return der(0x03, unusedBits, bytes);
}

function oid(first: number, second: number, ...others: readonly number[]): Buffer {
  return der(0x06, Buffer.from([first * 40 + second, ...others.flatMap(base128)]));
}

/** UTCTime has two digits for the year, which mean 1950 to 2049; RFC 5280 wants GeneralizedTime from 2050 on. */
function time(date: Date): Buffer {
  const digits = `${date
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '')}Z`;
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

function bigEndian(value: number): number[] {
  return value < 0x100 ? [value] : [...bigEndian(Math.floor(value / 0x100)), value % 0x100];
}

/** Seven bits a byte, the high bit set in all but the last. */
function base128(value: number): number[] {
  const bytes = [value % 0x80];
  for (let rest = Math.floor(value / 0x80); rest > 0; rest = Math.floor(rest / 0x80)) {
    bytes.unshift((rest % 0x80) | 0x80);
  }
  return bytes;
}
