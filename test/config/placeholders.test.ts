import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { isPlaceholder, whyGuessable } from '../../config/placeholders';
import { development, envText, freshSecret, problemsOf, production } from '../support/studio';

describe('the text of an example is told', () => {
  test.each([
    'replace-with-a-long-random-secret',
    'REPLACE_WITH_A_BASE64_SECRET_AT_LEAST_32_CHARS',
    'REPLACE_WITH_SECRET_OF_AT_LEAST_32_CHARS',
    'your_base64_secret_here',
    'your-32-character-secret-key-here-1234567890',
    'yourSuperSecretSessionKeyGoesHere',
    'YOUR_API_KEY',
    'change-me-to-a-random-string-of-at-least-32-characters',
    'changeme',
    'changemechangemechangemechangeme',
    'please-change-this-secret-before-you-deploy',
    'thisisaverylongsecretkeythatshouldbechanged',
    'ThisIsMySuperSecretSessionKey12345',
    'this is not a secret, do not use in production',
    'insert your random session secret here, at least 32 chars',
    'generate with openssl rand -base64 32',
    'openssl rand -base64 32',
    'output-of-openssl-rand-hex-32',
    'TODO',
    'TODO: generate a secret',
    'FIXME_session_secret_for_production',
    'dummy-secret-for-local-development-only',
    'insecure-development-secret-do-not-use',
    'junjo-session-secret-for-production-2026',
    'supersecretpassword1234567890supersecret',
    'test-secret-test-secret-test-secret-test',
    'example_secret_example_secret_example',
    'placeholder',
    'lorem ipsum dolor sit amet consectetur',
    '<generate me>',
    '<the session secret>',
    '{{ session_secret }}',
    '{SESSION_SECRET}',
    `$${'{SESSION_SECRET}'}`,
    '$(openssl rand -base64 32)',
    '`openssl rand -base64 32`',
    '`uuidgen`',
    '[session secret]',
    '%SESSION_SECRET%',
    '__SESSION_SECRET__',
    '...',
    '****************',
    'sk-...',
    'sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    'sk-proj-xxxx',
    'sk-ant-api03-...',
    'sk-ant-your-key-here',
    'sk-your-openai-key',
    'sk-1234567890abcdef-your-key',
    'AIza...',
    'AIzaSyYOUR_API_KEY_HERE',
    'your_openai_api_key',
    'your_anthropic_api_key',
    'OPENAI_API_KEY',
    'my-openai-key',
    'none',
    'sk-proj-abcd...wxyz',
    'sk-abc123…',
    'sk-ant-api03-****',
    's3cr3t',
    'P@ssw0rd1234567890',
    'my-sup3r-s3cr3t-k3y-f0r-s3ss10ns-2024',
    'correct-horse-battery-staple',
    'the quick brown fox jumps over the lazy dog',
    '***REDACTED***',
    'dein-geheimer-schluessel-hier-einfuegen',
    'bitte ersetzen Sie diesen Wert durch ein Geheimnis',
    'remplacez-par-votre-cle-secrete-de-32-caracteres',
    'cambiar-esta-clave-secreta-en-produccion',
    'substitua-por-uma-chave-secreta-aleatoria',
    'inserisci-qui-la-tua-chiave-segreta-casuale',
    'wijzig-dit-geheim-wijzig-dit-geheim',
    'замените-этот-секретный-ключ-на-случайный',
    'op://vault/junjo-ai-studio/session-secret',
    'ref+vault://secret/data/junjo#/session',
    'arn:aws:secretsmanager:us-east-1:123456789012:secret:junjo-session',
    'ENC[AES256_GCM,data:p673w3LvK0FFBpPKwz4u,iv:YmFzZQ==,tag:c2VjcmV0==,type:str]',
    'python -c "import secrets; print(secrets.token_urlsafe(32))"',
    'head -c 32 /dev/urandom | base64',
    'http://your-proxy:3128',
    'http://<user>:<password>@proxy.example.com:3128',
  ])('%s', (value) => {
    expect(isPlaceholder(value)).toBe(true);
  });
});

describe('what are easy to guess is told, with the reason', () => {
  const base64 = (...bytes: readonly number[]) => Buffer.from(bytes).toString('base64');
  const text = (value: string) => Buffer.from(value).toString('base64');
  const every = (of: (index: number) => number) => Array.from({ length: 32 }, (_, index) => of(index));

  test.each([
    ['0'.repeat(64), 'is one character repeated'],
    ['a'.repeat(32), 'is one character repeated'],
    [base64(...every(() => 0)), 'is one character repeated'],
    [base64(...every(() => 1)), 'decodes to 32 identical bytes'],
    ['07'.repeat(32), 'decodes to 32 identical bytes'],
    ['01-01-02-01-01-02-01-01-02-01-01-02', 'has only 4 different characters'],
    ['hello hello hello hello hello hello', 'has only 5 different characters'],
    ['hunter2hunter2hunter2hunter2hunter2', 'repeats itself'],
    ['deadbeef'.repeat(8), 'decodes to 32 bytes that have only 4 different values'],
    ['0123456789abcdef0123456789abcdef', 'decodes to 16 bytes that count up or down'],
    ['00112233445566778899aabbccddeeff'.repeat(2), 'decodes to 32 bytes that count up or down'],
    [base64(...every((index) => index % 16)), 'decodes to 32 bytes that count up or down'],
    [base64(...every((index) => (index < 16 ? index : 200))), 'decodes to 32 bytes that count up or down'],
    [base64(...every((index) => (index % 8 < 4 ? 7 : index * index))), 'decodes to 32 bytes that repeat or count up'],
    ['a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6', 'is a common sequence of characters'],
    ['aabbccddeeffgghhiijjkkllmmnnoopp', 'is a common sequence of characters'],
    ['1q2w3e4r5t6y7u8i9o0p1q2w3e4r5t6y', 'is a common sequence of characters'],
    ['1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9', 'is a common sequence of characters'],
    ['zaq12wsxcde34rfvbgt56yhnmju78ik9', 'is a common sequence of characters'],
    [Buffer.from('changemechangeme', 'utf16le').toString('base64'), 'decodes to the text of an example'],
    [text(text('changeme-changeme-changeme')), 'decodes to 36 bytes that are easy to guess'],
    ['abc123', 'is short enough to guess'],
    ['hunter2', 'is short enough to guess'],
    ['true', 'is short enough to guess'],
    ['12345678901234567890123456789012', expect.stringMatching(/^decodes to 16 bytes that/)],
    ['abcdefghijklmnopqrstuvwxyzabcdef', 'is a common sequence of characters'],
    ['qwertyuiopasdfghjklzxcvbnm123456', 'is a common sequence of characters'],
    ['000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'decodes to 32 bytes that count up or down'],
    [base64(...every((index) => index)), 'decodes to 32 bytes that count up or down'],
    [base64(...every((index) => 255 - index)), 'decodes to 32 bytes that count up or down'],
    [
      base64(...every((index) => (index % 2 ? 17 : 222))),
      expect.stringMatching(/^repeats itself|^decodes to 32 bytes that/),
    ],
    [text('replace-with-32-random-bytes-aaa'), 'decodes to the text of an example'],
    [text('your-secret-cookie-key-goes-here'), 'decodes to the text of an example'],
    [text('01234567890123456789012345678901'), expect.stringMatching(/^decodes to 32 bytes that|^repeats/)],
    ['sk-0000000000000000000000000000', 'is one character repeated'],
    ['sk-1234567890', 'is a common sequence of characters'],
  ])('%s', (value, reason) => {
    expect(whyGuessable(value)).toEqual(reason);
  });
});

describe('a secret that somebody made is taken for one', () => {
  const characters = (count: number, alphabet: string) =>
    Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join('');
  const lower = 'abcdefghijklmnopqrstuvwxyz';
  const word = `${lower}${lower.toUpperCase()}0123456789`;
  const ascii = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');

  test.each<[string, () => string]>([
    ['openssl rand -base64 32', () => randomBytes(32).toString('base64')],
    ['openssl rand -base64 24', () => randomBytes(24).toString('base64')],
    ['openssl rand -hex 32', () => randomBytes(32).toString('hex')],
    ['openssl rand -hex 16', () => randomBytes(16).toString('hex')],
    ['secrets.token_urlsafe', () => randomBytes(32).toString('base64url')],
    ['uuidgen', () => randomUUID()],
    ['pwgen 32', () => characters(32, word)],
    ['lower-case letters', () => characters(32, lower)],
    ['digits', () => characters(40, '0123456789')],
    ['visible ASCII', () => characters(32, ascii)],
    ['visible ASCII that begins as a command does', () => `$(${characters(32, ascii)}`],
    ['OpenAI', () => `sk-${characters(48, word)}`],
    ['OpenAI of a project', () => `sk-proj-${characters(156, `${word}_-`)}`],
    ['Anthropic', () => `sk-ant-api03-${characters(93, `${word}_-`)}AA`],
    ['Google', () => `AIza${characters(35, `${word}_-`)}`],
    ['a gateway', () => `sk-${characters(22, `${word}_-`)}`],
    ['a token with a name', () => `junjo-session-secret-${characters(20, word)}`],
    ['a key for tests', () => `sk_test_${characters(24, word)}`],
  ])('%s', (_, make) => {
    const wrong = Array.from({ length: 2000 }, make).filter((value) => isPlaceholder(value) || whyGuessable(value));
    expect(wrong).toEqual([]);
  });

  test.each([
    'correct horse battery staple and eleven purple umbrellas',
    'gravel-monsoon-tapestry-anchor-violin-pelican',
    'My secret garden has a key under seventeen mossy stones',
    'Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich',
    'http://proxy.example.com:3128',
    'http://team:hunter2@proxy.example.com:3128',
  ])('%s', (value) => {
    expect([isPlaceholder(value), whyGuessable(value)]).toEqual([false, undefined]);
  });
});

const KEY = 'Generate one: openssl rand -base64 32';

describe('in a studio', () => {
  const printed = (settings: Readonly<Record<string, string>>, base = production) =>
    problemsOf(
      Object.entries(settings)
        .map(([name, value]) => `${name}='${value}'\n`)
        .join('') + envText(base(Object.fromEntries(Object.keys(settings).map((name) => [name, undefined])))),
    );
  const zeros = Buffer.alloc(32).toString('base64');

  test.each([
    ['JUNJO_SESSION_SECRET', 'replace-with-a-long-random-secret', 'still holds a placeholder'],
    ['JUNJO_SESSION_SECRET', '0'.repeat(64), 'is one character repeated'],
    ['JUNJO_SECURE_COOKIE_KEY', zeros, 'is one character repeated'],
  ])('%s=%s is refused in production', (name, value, reason) => {
    expect(printed({ [name]: value })).toEqual([`.env:1 ${name}: ${reason}. ${KEY}`]);
  });

  test('the keys of QDrant and of the way between backend and ingestion are judged too', () => {
    const settings = {
      JUNJO_INTERNAL_GRPC_TOKEN: 'REPLACE_WITH_A_TOKEN_OF_AT_LEAST_32_CHARS',
      QDRANT_API_KEY: 'a'.repeat(40),
      JUNJO_K8S_QDRANT: 'true',
      JUNJO_K8S_RELEASE: '0.82.1',
    };
    expect(printed(settings).filter((line) => !line.startsWith('note: '))).toEqual([
      `.env:1 JUNJO_INTERNAL_GRPC_TOKEN: still holds a placeholder. ${KEY}`,
      `.env:2 QDRANT_API_KEY: is one character repeated. ${KEY}`,
    ]);
  });

  test('a provider key is left out', () => {
    expect(printed({ OPENAI_API_KEY: 'sk-0000000000000000', GEMINI_API_KEY: 'AIza...' })).toEqual([
      'warning: .env:1 OPENAI_API_KEY: is one character repeated, so it is left out. Set it, or remove the line',
      'warning: .env:2 GEMINI_API_KEY: still holds a placeholder, so it is left out. Set it, or remove the line',
    ]);
  });

  test('a weak secret is enough on localhost, where nobody else is', () => {
    expect(printed({ JUNJO_SESSION_SECRET: '0'.repeat(64), JUNJO_SECURE_COOKIE_KEY: zeros }, development)).toEqual([]);
  });

  test('no message repeats the value', () => {
    const value = 'hunter2hunter2hunter2hunter2hunter2';
    expect(printed({ JUNJO_SESSION_SECRET: value, OPENAI_API_KEY: value }).join()).not.toContain('hunter2');
  });

  test('fresh secrets are no problem', () => {
    expect(printed({ JUNJO_SESSION_SECRET: freshSecret(), OPENAI_API_KEY: `sk-${freshSecret()}` })).toEqual([]);
  });
});
