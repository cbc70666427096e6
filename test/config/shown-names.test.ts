import { randomBytes } from 'node:crypto';
import { loadStudio } from '../../config/load-studio';
import { development, envText, problemsOf } from '../support/studio';

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the references of env files look like template strings

const studio = envText(development());

/** What is said of lines behind a sound studio. */
const saidOf = (lines: string) => problemsOf(`${studio}${lines}`);

/** Everything that a problem holds, as `--json` prints it. */
const jsonOf = (lines: string) => JSON.stringify(loadStudio([{ path: '.env', text: `${studio}${lines}` }]).problems);

describe('a piece of a secret in the place of a name is not shown', () => {
  test.each([
    ['base64 that ends in ==', 'OPENAI_API_KEY=sk-aaaa', 'c2VjcmV0c2VjcmV0=='],
    ['base64 that ends in =', 'OPENAI_API_KEY=sk-aaaa', 'c2VjcmV0c2VjcmV=='],
    ['capital letters alone', 'OPENAI_API_KEY=sk-aaaa', 'SECRETSECRET='],
    ['capital letters alone, padded twice', 'JUNJO_ENV=development', 'SECRETSECRET=='],
    ['capital letters alone, behind a value of another program', 'SOMEBODYS_KEY=x', 'SECRETSECRET='],
    ['small letters alone', 'ANTHROPIC_API_KEY=x', 'secretsecret='],
    ['a few letters', 'OPENAI_API_KEY=sk-aaaa', 'secre1='],
    ['base32', 'SOMEBODYS_KEY=x', 'SECRETDPEHPK3PXP===='],
    ['hexadecimal digits with a value', 'SOMEBODYS_KEY=x', '5ec4e7deadbeef0123456789=5ec4e7'],
    ['hexadecimal capitals', 'A=1\n', '5EC4E7DEADBEEF0123456789=1'],
    ['base64 for URLs', 'OPENAI_API_KEY=sk-aaaa', 'secret-Secret_Xyz='],
    ['a password with an equals sign', 'OPENAI_API_KEY=abc', 'secretive=hunter2'],
    ['the name of ours in front', 'OPENAI_API_KEY=sk-aaaa', 'JUNJO_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0='],
    ['the third line', 'OPENAI_API_KEY=sk-aaaa\nSECRETSECRETSECRE', 'SECRETSECRET='],
    ['a line behind one with a slash', 'OPENAI_API_KEY=sk-aaaa\nSECRET/SECRETSEC', 'SECRETSECRET='],
    ['what stands behind an open quote', 'OPENAI_API_KEY="sk-aaaa', 'SECRETSECRET=x'],
    ['a quoted value over two lines', "SOMEBODYS_KEY='a' b\n", "secreTsecret='x"],
    ['a private key', 'KEY=-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCB', 'secretABC=='],
    ['a header of a private key', 'KEY=-----BEGIN RSA PRIVATE KEY-----', 'DEK-Info: AES-128-CBC,5EC4E7'],
    ['a text of JSON', 'CREDENTIALS={', '"secret": "abc",'],
    ['a text of JSON without quotes', 'CREDENTIALS={', 'secretKey: abc,'],
    ['a very long name', 'A=1', `${'secret'.repeat(20)}=1`],
    ['an unterminated quote', 'OPENAI_API_KEY=sk-aaaa', 'secretSecret="x'],
    ['a reference that is malformed', 'OPENAI_API_KEY=sk-aaaa', 'secretSecret=${x'],
    ['a value behind the closing quote of another', 'OPENAI_API_KEY=aa\nsecretSecret="a', 'b"c"'],
  ])('%s', (_, before, piece) => {
    const lines = `${before}\n${piece}\n`;
    const pieces = /secret|5ec4e7/i;
    for (const text of [...saidOf(lines), jsonOf(lines)]) {
      // The advice of the message names none.
      const quoted = text.replaceAll('part of a secret', '').replaceAll(/JUNJO_SECURE\w*|JUNJO_SESSION_SECRET/g, '');
      expect(quoted).not.toMatch(pieces);
    }
  });

  test('whatever openssl makes, and wherever it breaks', () => {
    for (let round = 0; round < 200; round += 1) {
      const encoding = (['base64', 'base64url', 'hex'] as const)[round % 3] ?? 'base64';
      const secret = randomBytes(16 + (round % 33)).toString(encoding);
      const at = 8 + (round % (secret.length - 16));
      const rest = `${secret.slice(at)}${round % 2 ? '=' : '=='}`;
      for (const name of ['OPENAI_API_KEY', 'SOMEBODYS_KEY']) {
        const said = jsonOf(`${name}=${secret.slice(0, at)}\n${rest}\n`);
        expect(said).not.toContain(rest.replace(/=+$/, ''));
      }
    }
  });
});

test('a line that may continue a secret is a warning with its place and what to do', () => {
  const line = studio.split('\n').length + 1;
  expect(saidOf('OPENAI_API_KEY=sk-aaaa\nc2VjcmV0c2VjcmV0==\n')).toEqual([
    `warning: .env:${line}: this line is not used. Its name is hidden, because it may be part of a secret. If it belongs to the value above, write that value on one line`,
  ]);
});

test.each(['COMPOSE_PROJECT_NAME=x', 'GOOGLE_API_KEY=', 'MY_S3_BUCKET=b', 'npm_config_registry=x', 'OPENAI_KEY=sk'])(
  'a name of words is shown behind a secret: %s',
  (line) => {
    const [name = ''] = line.split('=');
    expect(saidOf(`OPENAI_API_KEY=sk-aaaa\n${line}\n`)).toEqual([expect.stringContaining(` ${name}: `)]);
  },
);

test.each(['PORT=80', 'DOMAIN=', 'port=80'])('a single word is shown where no secret stands above: %s', (line) => {
  const [name = ''] = line.split('=');
  for (const above of ['', '\n', '# A comment\n', 'JUNJO_LOG_LEVEL=info\n']) {
    expect(saidOf(`${above}${line}\n`.replace(/^(?=\w+=\w*\n$)/, '\n'))).toEqual([
      expect.stringContaining(` ${name}: `),
    ]);
  }
});

test('a misspelt name is shown however it is written', () => {
  expect(saidOf('\nJUNJO_K8s_NAMESPACE=x\n')).toEqual([expect.stringContaining('Did you mean JUNJO_K8S_NAMESPACE?')]);
});

test('what a secret gives as the reason of a reference, or refers to, is not shown', () => {
  expect(saidOf('OPENAI_API_KEY=a${secret_x?secret}\nANTHROPIC_API_KEY=a$secret\n').join()).not.toContain('secret');
  expect(saidOf('JUNJO_LOG_LEVEL=${LEVEL?set it to info}\n').join()).toContain('set it to info');
});

test('what looks like a random text behind a $ is not shown of other settings either', () => {
  expect(saidOf('JUNJO_K8S_GIT_PATH=a$c2VjcmV0c2VjcmV0\n').join()).not.toContain('c2Vj');
});

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: the references of env files look like template strings
