import { constants, createDecipheriv, createHash, createPublicKey, privateDecrypt, randomBytes } from 'node:crypto';
import {
  formatKeptSeals,
  type KeptSeals,
  parseKeptSeals,
  readSealingCertificate,
  reusableSeals,
  type SealingTarget,
  sealAll,
  sealValue,
} from '../../config/sealing';
import { makeCertificate } from '../support/certificate';

const certificate = makeCertificate();
const publicKey = createPublicKey(certificate.privateKey);

const strict: SealingTarget = { scope: 'strict', namespace: 'team-a', name: 'junjo-ai-studio' };
const namespaceWide: SealingTarget = { ...strict, scope: 'namespace-wide' };
const clusterWide: SealingTarget = { ...strict, scope: 'cluster-wide' };

const freshSecret = () => randomBytes(32).toString('base64');
const digestKey = freshSecret();

/** Opens a value as the controller does, by the format alone: nothing of the code under test is used. */
function open(ciphertext: string | undefined, label: string, privateKey = certificate.privateKey): string {
  const bytes = Buffer.from(ciphertext ?? '', 'base64');
  const wrappedEnd = 2 + bytes.readUInt16BE(0);
  const sessionKey = privateDecrypt(
    {
      key: privateKey,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
      oaepLabel: Buffer.from(label),
    },
    bytes.subarray(2, wrappedEnd),
  );
  const decipher = createDecipheriv('aes-256-gcm', sessionKey, Buffer.alloc(12));
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(wrappedEnd, -16)), decipher.final()]).toString('utf8');
}

const seal = (values: Record<string, string>, kept?: KeptSeals, target = strict, key = digestKey) =>
  sealAll(values, kept, target, publicKey, key);

describe('a sealed value', () => {
  const value = freshSecret();

  test('opens under its own namespace and name in the strict scope', () => {
    expect(open(sealValue(value, strict, publicKey), 'team-a/junjo-ai-studio')).toBe(value);
  });

  test('opens under its namespace in the namespace-wide scope', () => {
    expect(open(sealValue(value, namespaceWide, publicKey), 'team-a')).toBe(value);
  });

  test('opens anywhere in the cluster-wide scope', () => {
    expect(open(sealValue(value, clusterWide, publicKey), '')).toBe(value);
    expect(open(sealValue(value, { ...clusterWide, namespace: 'team-b', name: 'other' }, publicKey), '')).toBe(value);
  });

  test.each([
    ['another namespace', strict, 'team-b/junjo-ai-studio'],
    ['another name', strict, 'team-a/other'],
    ['the namespace alone', strict, 'team-a'],
    ['no label', strict, ''],
    ['another namespace, when namespace-wide', namespaceWide, 'team-b'],
    ['the label of the strict scope, when namespace-wide', namespaceWide, 'team-a/junjo-ai-studio'],
    ['a label, when cluster-wide', clusterWide, 'team-a'],
  ])('does not open under %s', (_, target, label) => {
    const ciphertext = sealValue(value, target, publicKey);
    expect(() => open(ciphertext, label)).toThrow(/oaep/i);
  });

  test('does not open with the key of another controller', () => {
    const ciphertext = sealValue(value, strict, publicKey);
    expect(() => open(ciphertext, 'team-a/junjo-ai-studio', makeCertificate().privateKey)).toThrow();
  });

  test('does not open once a bit of it is changed', () => {
    const bytes = Buffer.from(sealValue(value, strict, publicKey), 'base64');
    bytes.writeUInt8(bytes.readUInt8(260) ^ 1, 260);
    expect(() => open(bytes.toString('base64'), 'team-a/junjo-ai-studio')).toThrow();
  });

  test('is another at each sealing', () => {
    expect(sealValue(value, strict, publicKey)).not.toBe(sealValue(value, strict, publicKey));
  });

  test.each([
    ['empty', ''],
    ['of several bytes a character', 'pässwörd 🔑 密码\n'],
    ['of 64 KiB', randomBytes(32 * 1024).toString('hex')],
  ])('may be %s', (_, text) => {
    const ciphertext = sealValue(text, strict, publicKey);
    expect(open(ciphertext, 'team-a/junjo-ai-studio')).toBe(text);
    expect(Buffer.from(ciphertext, 'base64')).toHaveLength(2 + 256 + Buffer.byteLength(text) + 16);
  });
});

describe('sealing again', () => {
  const values = { SESSION: freshSecret(), COOKIE: freshSecret() };
  const first = seal(values);

  test('keeps every byte when nothing changed', () => {
    expect(formatKeptSeals(seal(values, first))).toBe(formatKeptSeals(first));
  });

  test('keeps every byte after a trip through the file', () => {
    const kept = parseKeptSeals(formatKeptSeals(first)) as KeptSeals;
    expect(formatKeptSeals(seal(values, kept))).toBe(formatKeptSeals(first));
  });

  test('gives a changed value another ciphertext and leaves the others', () => {
    const changed = freshSecret();
    const second = seal({ ...values, COOKIE: changed }, first);
    expect(open(second.values.COOKIE?.ciphertext, 'team-a/junjo-ai-studio')).toBe(changed);
    expect(second.values.COOKIE?.digest).not.toBe(first.values.COOKIE?.digest);
    expect(second.values.SESSION).toEqual(first.values.SESSION);
  });

  test('adds a new value and leaves the others', () => {
    const second = seal({ ...values, API_KEY: 'new' }, first);
    expect(Object.keys(second.values)).toEqual(['API_KEY', 'COOKIE', 'SESSION']);
    expect(second.values).toMatchObject(first.values);
  });

  test('keeps what this machine has no value for', () => {
    expect(seal({}, first)).toEqual(first);
    expect(seal({ COOKIE: values.COOKIE }, first)).toEqual(first);
  });

  test('needs no key of the digests where there is no value', () => {
    expect(seal({}, first, strict, '')).toEqual(first);
  });

  test('does not follow a new certificate, because the controller keeps its old keys', () => {
    const renewed = createPublicKey(makeCertificate().privateKey);
    expect(sealAll(values, first, strict, renewed, digestKey)).toEqual(first);
  });

  test('renews every ciphertext when the key of the digests changed', () => {
    const second = seal(values, first, strict, freshSecret());
    expect(second.values.COOKIE?.ciphertext).not.toBe(first.values.COOKIE?.ciphertext);
    expect(open(second.values.COOKIE?.ciphertext, 'team-a/junjo-ai-studio')).toBe(values.COOKIE);
  });

  test('renews a ciphertext that stands beside the digest of another', () => {
    const { COOKIE, SESSION } = first.values;
    if (!COOKIE || !SESSION) throw new Error('not sealed');
    const swapped = { COOKIE: { ...COOKIE, ciphertext: SESSION.ciphertext }, SESSION };
    const second = seal(values, { ...first, values: swapped });
    expect(open(second.values.COOKIE?.ciphertext, 'team-a/junjo-ai-studio')).toBe(values.COOKIE);
    expect(second.values.SESSION).toEqual(SESSION);
  });

  test('renews what was copied from another key, which would show that the two are equal', () => {
    const { COOKIE } = first.values;
    if (!COOKIE) throw new Error('not sealed');
    const second = seal(
      { COOKIE: values.COOKIE, SESSION: values.COOKIE },
      { ...first, values: { COOKIE, SESSION: COOKIE } },
    );
    expect(second.values.COOKIE).toEqual(COOKIE);
    expect(second.values.SESSION?.ciphertext).not.toBe(COOKIE.ciphertext);
  });

  test('takes names that every object has for names like any other', () => {
    const odd = JSON.parse('{ "__proto__": "a", "constructor": "b" }');
    const kept = seal(odd);
    expect(Object.keys(kept.values)).toEqual(['__proto__', 'constructor']);
    expect(parseKeptSeals(formatKeptSeals(kept))).toEqual(kept);
    expect(seal(odd, kept)).toEqual(kept);
  });
});

describe('another target', () => {
  const values = { COOKIE: freshSecret() };

  test.each([
    ['another namespace', strict, { ...strict, namespace: 'team-b' }, 'team-b/junjo-ai-studio'],
    ['another name', strict, { ...strict, name: 'other' }, 'team-a/other'],
    ['another scope', strict, namespaceWide, 'team-a'],
    ['another namespace, when namespace-wide', namespaceWide, { ...namespaceWide, namespace: 'team-b' }, 'team-b'],
  ])('seals anew for %s, and drops what would not open there', (_, before, after, label) => {
    const kept = seal({ ...values, GONE: 'no longer at hand' }, undefined, before);
    const moved = seal(values, kept, after);
    expect(Object.keys(moved.values)).toEqual(['COOKIE']);
    expect(open(moved.values.COOKIE?.ciphertext, label)).toBe(values.COOKIE);
    expect(moved).toMatchObject(after);
    expect(reusableSeals(kept, after)).toEqual({});
  });

  test.each([
    ['another name, when namespace-wide', namespaceWide, { ...namespaceWide, name: 'other' }],
    ['another namespace, when cluster-wide', clusterWide, { ...clusterWide, namespace: 'team-b', name: 'other' }],
  ])('keeps the ciphertext for %s', (_, before, after) => {
    const kept = seal(values, undefined, before);
    expect(seal(values, kept, after)).toEqual({ ...kept, ...after });
    expect(reusableSeals(kept, after)).toEqual(kept.values);
  });

  test('has nothing to reuse before the first sealing', () => {
    expect(reusableSeals(undefined, strict)).toEqual({});
  });
});

describe('what is committed', () => {
  const value = freshSecret();

  test('does not show that two names have one value', () => {
    const { COOKIE, SESSION } = seal({ COOKIE: value, SESSION: value }).values;
    expect(COOKIE?.digest).not.toBe(SESSION?.digest);
    expect(COOKIE?.ciphertext).not.toBe(SESSION?.ciphertext);
  });

  test('does not show that a value came back, or that two studios share it', () => {
    expect(seal({ COOKIE: value }).values.COOKIE?.digest).not.toBe(seal({ COOKIE: value }).values.COOKIE?.digest);
  });

  test('cannot be tried offline: who guesses the value still lacks the key of the digests', () => {
    const kept = seal({ COOKIE: value });
    const resealed = seal({ COOKIE: value }, kept, strict, freshSecret());
    expect(resealed.values.COOKIE).not.toEqual(kept.values.COOKIE);
    expect(() => seal({ COOKIE: value }, kept, strict, 'guessable')).toThrow('at least 32 characters');
  });

  test('holds the value in no form that a search would find', () => {
    const file = formatKeptSeals(seal({ COOKIE: value, SESSION: 'pässword-of-a-person' }));
    for (const secret of [value, 'pässword-of-a-person', digestKey]) {
      const sha256 = createHash('sha256').update(secret);
      const forms = [
        secret,
        ...(['base64', 'base64url', 'hex'] as const).map((as) => Buffer.from(secret).toString(as)),
      ];
      const hashes = (['base64', 'base64url', 'hex'] as const).map((as) => sha256.copy().digest(as));
      for (const form of [...forms, ...hashes]) expect(file).not.toContain(form.replace(/=+$/, ''));
    }
  });

  test('is the same text whatever the order of the keys', () => {
    const kept = seal({ B: '1', A: '2', a: '3' });
    const shuffled = { ...kept, values: Object.fromEntries(Object.entries(kept.values).reverse()) };
    expect(formatKeptSeals(shuffled)).toBe(formatKeptSeals(kept));
    expect(Object.keys(kept.values)).toEqual(['A', 'B', 'a']);
  });

  test('is JSON that Git shows line by line', () => {
    const kept = seal({ COOKIE: value });
    expect(formatKeptSeals(kept).split('\n')).toEqual([
      '{',
      '  "name": "junjo-ai-studio",',
      '  "namespace": "team-a",',
      '  "scope": "strict",',
      '  "values": {',
      '    "COOKIE": {',
      `      "ciphertext": "${kept.values.COOKIE?.ciphertext}",`,
      `      "digest": "${kept.values.COOKIE?.digest}"`,
      '    }',
      '  }',
      '}',
      '',
    ]);
  });
});

describe('the file of kept seals', () => {
  const kept = seal({ COOKIE: freshSecret() });
  const sealed = kept.values.COOKIE;
  const withValue = (value: unknown) => ({ ...kept, values: { COOKIE: value } });
  const text = formatKeptSeals(kept);

  test('is read back as it was written, with the line ends and the byte order mark of Windows too', () => {
    expect(parseKeptSeals(text)).toEqual(kept);
    expect(parseKeptSeals(text.replaceAll('\n', '\r\n'))).toEqual(kept);
    expect(parseKeptSeals(`\ufeff${text}`)).toEqual(kept);
    expect(parseKeptSeals(formatKeptSeals({ ...strict, values: {} }))).toEqual({ ...strict, values: {} });
  });

  test.each([
    ['nothing', ''],
    ['what is not JSON', 'JUNJO_SESSION_SECRET=hunter2'],
    ['half a file', text.slice(0, -20)],
    ['a merge conflict', `<<<<<<< HEAD\n${text}=======\n${text}>>>>>>> main\n`],
    ['null', 'null'],
    ['an array', '[]'],
    ['a string', '"hunter2"'],
  ])('is refused when it holds %s', (_, content) => {
    expect(parseKeptSeals(content)).toEqual({
      problem: expect.stringMatching(/^is not a JSON object\. Restore the file/),
    });
  });

  test.each<[string, unknown, string]>([
    ['a missing field', { ...kept, name: undefined }, 'must have scope, namespace, name and values'],
    ['an unknown field', { ...kept, hunter2: true }, 'must have scope, namespace, name and values'],
    ['an unknown scope', { ...kept, scope: 'hunter2' }, 'has a scope other than'],
    ['a scope that is no text', { ...kept, scope: ['strict'] }, 'has a scope other than'],
    ['a slash in the namespace', { ...kept, namespace: 'hunter2/b' }, 'has a namespace'],
    ['an empty name', { ...kept, name: '' }, 'has a name'],
    ['values in an array', { ...kept, values: [] }, 'has values that are not an object'],
    ['an impossible key', { ...kept, values: { 'hunter2 ': sealed } }, 'has a key that is not valid in a Secret'],
    ['a bare ciphertext', withValue(sealed?.ciphertext), 'has an incomplete ciphertext or digest for COOKIE'],
    ['no digest', withValue({ ciphertext: sealed?.ciphertext }), 'has an incomplete ciphertext or digest for COOKIE'],
    ['a short digest', withValue({ ...sealed, digest: 'abcd' }), 'has an incomplete ciphertext or digest for COOKIE'],
    [
      'a plain value',
      withValue({ ...sealed, ciphertext: 'hunter2' }),
      'has an incomplete ciphertext or digest for COOKIE',
    ],
    ['an empty value', withValue({ ...sealed, ciphertext: '' }), 'has an incomplete ciphertext or digest for COOKIE'],
    [
      'a cut ciphertext',
      withValue({ ...sealed, ciphertext: sealed?.ciphertext.slice(0, 340) }),
      'has an incomplete ciphertext or digest for COOKIE',
    ],
    ['a note in a value', withValue({ ...sealed, hunter2: 1 }), 'has an incomplete ciphertext or digest for COOKIE'],
  ])('is refused for %s, in one line that repeats none of it', (_, content, problem) => {
    const result = parseKeptSeals(JSON.stringify(content));
    expect(result).toEqual({ problem: expect.stringContaining(problem) });
    expect(JSON.stringify(result)).not.toMatch(/hunter2|\\n/);
  });
});

describe('a sealing certificate', () => {
  const now = new Date('2030-06-15T12:00:00Z');
  const { privateKey } = certificate;
  const valid = makeCertificate({
    privateKey,
    notBefore: new Date('2030-01-01T00:00:00Z'),
    notAfter: new Date('2040-01-01T00:00:00Z'),
  });
  const ec = makeCertificate({ keyType: 'ec' });
  const weak = makeCertificate({ keyType: 'rsa-1024' });
  const keyPem = (type: 'pkcs8' | 'pkcs1') => privateKey.export({ type, format: 'pem' }).toString();
  const fetch = "Fetch the controller's: kubeseal --fetch-cert > sealing-cert.pem";

  const keyOf = (pem: string, at = now) => {
    const result = readSealingCertificate(pem, at);
    return 'publicKey' in result ? result.publicKey.export({ type: 'spki', format: 'pem' }) : result.problem;
  };
  const ownKey = publicKey.export({ type: 'spki', format: 'pem' });

  test('gives the key that seals for its controller', () => {
    const result = readSealingCertificate(valid.pem, now);
    if ('problem' in result) throw new Error(result.problem);
    expect(open(sealValue('value', strict, result.publicKey), 'team-a/junjo-ai-studio')).toBe('value');
  });

  test.each([
    ['the line ends of Windows', valid.pem.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${valid.pem}`],
    ['text before and after', `Certificate:\n    Data:\n${valid.pem}\nthe end\n`],
    ['other certificates behind it', `${valid.pem}${ec.pem}`],
    ['no line end', valid.pem.trim()],
  ])('may have %s', (_, pem) => {
    expect(keyOf(pem)).toBe(ownKey);
  });

  test('is the first of several, as for kubeseal', () => {
    expect(keyOf(`${ec.pem}${valid.pem}`)).toMatch(/^is not a sealing certificate/);
  });

  test('is valid from its first to its last second', () => {
    expect(keyOf(valid.pem, new Date('2030-01-01T00:00:00Z'))).toBe(ownKey);
    expect(keyOf(valid.pem, new Date('2040-01-01T00:00:00Z'))).toBe(ownKey);
  });

  test('may be valid beyond 2050', () => {
    const notAfter = new Date('2060-01-01T00:00:00Z');
    const { pem } = makeCertificate({ privateKey, notBefore: new Date('2030-01-01T00:00:00Z'), notAfter });
    expect(keyOf(pem, new Date('2059-12-31T00:00:00Z'))).toBe(ownKey);
    expect(keyOf(pem, new Date('2060-01-02T00:00:00Z'))).toBe(`expired at 2060-01-01T00:00:00Z. ${fetch}`);
  });

  test('that expired is refused with the time', () => {
    expect(keyOf(valid.pem, new Date('2040-01-01T00:00:01Z'))).toBe(`expired at 2040-01-01T00:00:00Z. ${fetch}`);
  });

  test('of the future is refused with the time', () => {
    expect(keyOf(valid.pem, new Date('2029-12-31T23:59:59Z'))).toBe(
      `is not valid before 2030-01-01T00:00:00Z. Correct the clock of this machine. ${fetch}`,
    );
  });

  test.each([
    ['an EC key', ec.pem, `is not a sealing certificate: its key is not RSA. ${fetch}`],
    [
      'a weak key',
      weak.pem,
      'has an RSA key of 1024 bits, which is too weak for committed secrets. Run the controller with --key-size=4096, then fetch its certificate: kubeseal --fetch-cert > sealing-cert.pem',
    ],
    ['nothing', '', `is not a certificate in PEM form. ${fetch}`],
    ['another text', 'JUNJO_SESSION_SECRET=hunter2\n', `is not a certificate in PEM form. ${fetch}`],
    ['a cut certificate', valid.pem.slice(0, 500), `is not a certificate in PEM form. ${fetch}`],
    [
      'other base64 in its frame',
      `-----BEGIN CERTIFICATE-----\n${randomBytes(48).toString('base64')}\n-----END CERTIFICATE-----\n`,
      `is not a certificate in PEM form. ${fetch}`,
    ],
    ['a bare public key', ownKey.toString(), `is not a certificate in PEM form. ${fetch}`],
  ])('is refused when the file holds %s', (_, pem, problem) => {
    expect(keyOf(pem)).toBe(problem);
  });

  test.each([
    ['a private key', keyPem('pkcs8')],
    ['an RSA private key', keyPem('pkcs1')],
    [
      'an encrypted private key',
      privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
    ],
    ['a private key behind the certificate', `${valid.pem}${keyPem('pkcs8')}`],
  ])('is refused when the file holds %s, of which nothing is repeated', (_, pem) => {
    expect(keyOf(pem.toString())).toBe(
      `contains a private key, which can decrypt the sealed secrets. Keep it out of Git. ${fetch}`,
    );
  });
});
