import { inspect } from 'node:util';
import { KnownSecrets } from '../../config/known-secrets';
import { formatProblem } from '../../config/problems';
import { variablesOf } from '../../config/variables';
import { releaseLines } from '../../releases';
import { makeCertificate } from '../support/certificate';
import { development, envText, freshSecret, load, production, renderAll, type Settings } from '../support/studio';

const { pem } = makeCertificate();
const KEY = 'sk-proj-"Ab+/=\\ü&<9zQ2';
const none = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };

/** Every way in which a studio can have its secrets. */
const modes: Readonly<Record<string, Settings>> = {
  manifest: production(),
  sealed: production({ JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: 'cert.pem' }),
  existing: production({ ...none, JUNJO_K8S_SECRETS: 'existing' }),
  external: production({ ...none, JUNJO_K8S_SECRETS: 'external', JUNJO_K8S_SECRET_STORE: 'SecretStore/vault' }),
};

/** What the rule says of a text in an annotation of every object; the annotation is on line 1. */
function told(annotation: string, settings: Settings, environment: Settings = {}): readonly string[] {
  const text = `JUNJO_K8S_ANNOTATIONS=${annotation}\n${envText(settings)}`;
  const { problems } = renderAll([{ files: [{ path: '.env', text }] }], {
    readFile: (path) => (path === 'cert.pem' ? pem : undefined),
    environment: (name) => environment[name],
  });
  return problems.map(formatProblem).filter((line) => line.includes('secrets-nowhere-else'));
}

const refused = (secret: string) =>
  expect.stringMatching(
    new RegExp(
      `^\\.env:1 JUNJO_K8S_ANNOTATIONS: breaks the rule secrets-nowhere-else\\. .* contains the value of the secret ${secret}\\. The same applies to [0-9]+ other places\\. .*Remove it from this line$`,
    ),
  );

describe.each(Object.entries(modes))('with secrets in the mode %s', (mode, settings) => {
  const ownKey = mode === 'manifest' || mode === 'sealed';
  // In the other modes the file may not have the value, and the environment still has it.
  const file = ownKey ? { ...settings, OPENAI_API_KEY: KEY } : settings;
  const environment = ownKey ? {} : { OPENAI_API_KEY: KEY };
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  test.each([
    ['as it is', KEY],
    ['in a longer text', `key ${KEY}!`],
    ['in base64', base64(KEY)],
    ['in base64 after one character', base64(`:${KEY} and more`)],
    ['in base64 after two', base64(`a:${KEY}`)],
    ['in base64 for URLs', Buffer.from(`ab:${KEY}`).toString('base64url')],
    ['in base64 in lines', (base64(KEY).match(/.{1,8}/g) ?? []).join('\n')],
    ['in a URL', `https://host/${encodeURIComponent(KEY)}`],
    [
      'in a URL in small letters',
      `https://host/?k=${encodeURIComponent(KEY).replace(/%../g, (code) => code.toLowerCase())}`,
    ],
    ['in JSON', JSON.stringify({ key: KEY })],
    ['in JSON as Go writes it', JSON.stringify({ key: KEY }).replace('&', '\\u0026').replace('<', '\\u003c')],
    ['in JSON in JSON', JSON.stringify({ a: JSON.stringify({ key: KEY }) })],
    ['in hex', Buffer.from(KEY).toString('hex')],
    ['in base64 of base64', base64(`key: ${base64(KEY)}`)],
    ['in a text of bytes', Buffer.from(KEY).toString('hex').replace(/../g, '\\x$&')],
  ])('a key is found %s', (_, text) => {
    const annotation = `'${JSON.stringify({ note: text })}'`;
    const problems = told(annotation, file, environment);
    expect(problems).toEqual([refused('OPENAI_API_KEY')]);
    expect(problems.join()).not.toContain(KEY);
    expect(problems.join()).not.toContain('mistake of these charts');
  });

  test('a key that is a name of an annotation is found, and not printed', () => {
    const [problem = '', ...more] = told(
      'sk-ABCDEFGH1234567890=x',
      { ...settings, ...(ownKey && { OPENAI_API_KEY: 'sk-ABCDEFGH1234567890' }) },
      { OPENAI_API_KEY: 'sk-ABCDEFGH1234567890' },
    );
    expect(more).toEqual([]);
    expect(problem).toContain('the key metadata.annotations.… contains the value of the secret OPENAI_API_KEY');
    expect(problem).not.toContain('sk-ABCDEFGH1234567890');
  });

  test('a secret of another program is known, too', () => {
    expect(told(`note=$\{CLOUDFLARE_API_TOKEN}`, settings, { CLOUDFLARE_API_TOKEN: 'aB3dE5gH7jK9mN1p' })).toEqual([
      refused('CLOUDFLARE_API_TOKEN'),
    ]);
  });

  test('nothing is said of other texts', () => {
    expect(told('note=nothing,team=ml', file, environment)).toEqual([]);
  });
});

describe('a short secret', () => {
  const short = (secret: string, annotation: string) => told(annotation, production({ OPENAI_API_KEY: secret }));

  test.each([
    'note=hunter2',
    "'note=the key is hunter2!'",
    'note=aHVudGVyMg==',
    '\'{"note":"{\\"a\\":\\"hunter2\\"}"}\'',
  ])('is found in %s', (annotation) => {
    expect(short('hunter2', annotation)).toEqual([refused('OPENAI_API_KEY')]);
  });

  test('is not found within a word', () => {
    expect(short('hunter2', 'note=hunter22')).toEqual([]);
  });

  test.each([
    'true',
    '1',
    'info',
    'debug',
    '8080',
    '50051',
    'production',
    'yes',
    'http',
    'nginx',
    'import',
    'Deployment',
  ])('that is the word %s causes no false alarm', (word) => {
    expect(short(word, 'team=ml')).toEqual([]);
  });

  test('is found in a patch', () => {
    const settings = production({ OPENAI_API_KEY: 'hunter2', JUNJO_K8S_PATCHES: 'patches.yaml' });
    const text = JSON.stringify({
      patches: [{ target: { kind: 'Service' }, patch: { metadata: { annotations: { a: 'hunter2' } } } }],
    });
    const { problems } = renderAll([{ files: [{ path: '.env', text: envText(settings) }] }], { readFile: () => text });
    const lines = problems.map(formatProblem).filter((line) => line.startsWith('patches.yaml'));
    expect(lines).toEqual([expect.stringContaining('patches.yaml:1: breaks the rule secrets-nowhere-else. ')]);
    expect(lines.join()).not.toContain('hunter2');
  });
});

test('a short secret is found in base64', () => {
  expect(told('note=a3E3enA=', production({ OPENAI_API_KEY: 'kq7zp' }))).toEqual([refused('OPENAI_API_KEY')]);
});

test.each([
  ['a waiver', { waive: [{ rule: 'cpu-limits', reason: KEY }] }],
  ['the name of a rule', { waive: [{ rule: KEY, reason: 'a test' }] }],
  ['the name of a field', { [KEY]: [] }],
  ['an operation', { patches: [{ target: { kind: 'Service' }, patch: [{ op: KEY, path: '/spec' }] }] }],
])('what is said of a patch file does not repeat a secret that stands in %s', (_, file) => {
  const settings = production({ OPENAI_API_KEY: KEY, JUNJO_K8S_PATCHES: 'patches.yaml' });
  const { problems } = renderAll([{ files: [{ path: '.env', text: envText(settings) }] }], {
    readFile: () => JSON.stringify(file),
  });
  const lines = problems.map(formatProblem).filter((line) => line.includes('patches.yaml:'));
  expect(lines).toHaveLength(1);
  expect(lines.join()).not.toContain(KEY);
});

test('the password of a proxy is a secret, and an address without one is none', () => {
  const proxy = { HTTPS_PROXY: 'http://user:p%40ss-W0rd-9@proxy.example.com:3128' };
  expect(told('note=p@ss-W0rd-9', production(proxy))).toEqual([refused('HTTPS_PROXY')]);
  const open = { HTTPS_PROXY: 'http://proxy.example.com:3128' };
  expect(told('note=http://proxy.example.com:3128', production(open))).toEqual([]);
});

test('a value that a later line overrides is a secret all the same', () => {
  const text = `OPENAI_API_KEY=${'aB3dE5gH7jK9mN1p'}\nJUNJO_K8S_ANNOTATIONS=note=\${OPENAI_API_KEY}\n${envText(production({ OPENAI_API_KEY: freshSecret() }))}`;
  const { problems } = renderAll([{ files: [{ path: '.env', text }] }]);
  expect(problems.map(formatProblem).filter((line) => line.includes('secrets-nowhere-else'))).toEqual([
    expect.stringMatching(/^\.env:2 JUNJO_K8S_ANNOTATIONS: /),
  ]);
});

test('a label and another setting are named like an annotation', () => {
  const key = 'aB3dE5gH7jK9mN1p';
  const text = `JUNJO_K8S_LABELS=note=${key}\nJUNJO_K8S_PRIORITY_CLASS=ab3de5gh7jk9mn1q\n${envText(development({ OPENAI_API_KEY: key, ANTHROPIC_API_KEY: 'ab3de5gh7jk9mn1q' }))}`;
  const { problems } = renderAll([{ files: [{ path: '.env', text }] }]);
  const lines = problems.map(formatProblem).filter((line) => line.includes('secrets-nowhere-else'));
  expect(lines.map((line) => line.split(':').slice(0, 2).join(':'))).toEqual([
    '.env:1 JUNJO_K8S_LABELS',
    '.env:2 JUNJO_K8S_PRIORITY_CLASS',
  ]);
});

test('nothing prints what the configuration knows', () => {
  const config = load(production({ ...none, OPENAI_API_KEY: undefined, JUNJO_K8S_SECRETS: 'existing' }), {
    environment: (name) => (name === 'OPENAI_API_KEY' ? KEY : undefined),
  });
  expect(config.knownSecrets).toBeInstanceOf(KnownSecrets);
  expect(config.knownSecrets.heldBy(KEY, false)).toEqual(['OPENAI_API_KEY']);
  for (const text of [JSON.stringify(config), inspect(config, { depth: 9, showHidden: true })]) {
    expect(text).not.toContain('sk-proj');
  }
});

describe('what is known', () => {
  const knownOf = (name: string, value: string) =>
    new KnownSecrets([{ name, value, file: '.env', line: 1 }], releaseLines.flatMap(variablesOf), () => undefined);
  const hex = Buffer.from('aB3dE5gH7jK9mN1p').toString('hex');

  test.each([
    // Base64 for URLs has both characters that plain base64 has not.
    ['in base64 for URLs', 'OPENAI_API_KEY', '???>>>???>>>aB3', Buffer.from('???>>>???>>>aB3').toString('base64url')],
    ['in hex digits in capitals', 'OPENAI_API_KEY', 'aB3dE5gH7jK9mN1p', hex.toUpperCase()],
    ['in a form with + for a space', 'OPENAI_API_KEY', 'aB3dE5 gH7jK9mN1p', 'k=aB3dE5+gH7jK9mN1p'],
    [
      'that an address has without a user',
      'HTTPS_PROXY',
      'https://aB3dE5gH7jK9mN1p@proxy.example.com',
      'aB3dE5gH7jK9mN1p',
    ],
  ])('is found %s', (_, name, value, text) => {
    expect(knownOf(name, value).heldBy(text, true)).toEqual([name]);
  });

  test('is not what three characters are', () => {
    expect(knownOf('OPENAI_API_KEY', 'k9q').heldBy('k9q', true)).toEqual([]);
  });

  test.each([
    ['base64', (text: string) => Buffer.from(text).toString('base64')],
    ['hex', (text: string) => Buffer.from(text).toString('hex')],
    ['a URL', encodeURIComponent],
  ])('is masked in %s', (_, encode) => {
    const secret = 'aB3/dE5&gH7=jK9mN1p+';
    const shown = knownOf('OPENAI_API_KEY', secret).masked(`the value ${encode(secret)} is wrong`);
    expect(shown).toMatch(/^the value …\S{0,2} is wrong$/);
  });

  test('leaves messages readable where it is made of words of these manifests', () => {
    const text = 'the production backend has no port';
    expect(knownOf('OPENAI_API_KEY', 'production backend').masked(text)).toBe(text);
  });
});
