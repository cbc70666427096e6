import { nearest, nearestVariable, withoutPrefix } from '../../config/spelling';
import { development, envText, freshSecret, problemsOf } from '../support/studio';

const known = ['JUNJO_K8S_NAMESPACE', 'JUNJO_K8S_STORAGE_SIZE', 'replicas', 'port', 'protocol', 'resizePolicy'];

test.each([
  ['a misspelt name', 'replcias', 'replicas'],
  ['a short name with two wrong letters', 'prto', 'port'],
  ['a misspelt name that also starts another', 'prot', 'port'],
  ['a name without K8S_', 'JUNJO_NAMESPACE', 'JUNJO_K8S_NAMESPACE'],
  ['the first words of a name', 'JUNJO_K8S_STORAGE', 'JUNJO_K8S_STORAGE_SIZE'],
])('finds what is meant by %s', (_, name, meant) => {
  expect(nearest(name, known)).toBe(meant);
});

test.each([
  ['a name unlike any other', 'annotations', known],
  ['another name with the same ending', 'restartPolicy', known],
  ['an empty name', '', known],
  ['a name where none is known', 'port', []],
])('finds nothing for %s', (_, name, names) => {
  expect(nearest(name, names)).toBeUndefined();
});

const variables = [
  ...[
    'OPENAI_API_KEY',
    'GEMINI_API_KEY',
    'ANTHROPIC_API_KEY',
    'HTTPS_PROXY',
    'HTTP_PROXY',
    'NO_PROXY',
    'RUST_LOG',
    'BATCH_SIZE',
  ],
  ...['JUNJO_SESSION_SECRET', 'JUNJO_K8S_GIT_REPO', 'JUNJO_ENV', 'MALLOC_ARENA_MAX', 'INDEXER_POLL_INTERVAL'],
];

test.each([
  ['OPEANAI_API_KEY', 'OPENAI_API_KEY'],
  ['OPNEAI_API_KEY', 'OPENAI_API_KEY'],
  ['OPENAI_API_KYE', 'OPENAI_API_KEY'],
  ['OPENAI_APIKEY', 'OPENAI_API_KEY'],
  ['OPEN_AI_API_KEY', 'OPENAI_API_KEY'],
  ['OPENAI_KEY', 'OPENAI_API_KEY'],
  ['OPENAI_API_KEYS', 'OPENAI_API_KEY'],
  ['openai_api_key', 'OPENAI_API_KEY'],
  ['OpenAI-API-Key', 'OPENAI_API_KEY'],
  ['GEMNI_API_KEY', 'GEMINI_API_KEY'],
  ['ANTRHOPIC_API_KEY', 'ANTHROPIC_API_KEY'],
  ['ANTHROPHIC_KEY', undefined],
  ['ANTHROPIC_KEY', 'ANTHROPIC_API_KEY'],
  ['INDEXER_POL_INTERVAL', 'INDEXER_POLL_INTERVAL'],
  ['junjo_env', 'JUNJO_ENV'],
  ['NO_PORXY', 'NO_PROXY'],
  ['HTTPS_PPROXY', 'HTTPS_PROXY'],
  ['HTTP_PPROXY', 'HTTP_PROXY'],
  ['RUST_OG', 'RUST_LOG'],
  ['BATCH_SIZES', 'BATCH_SIZE'],
  ['JUNJO.ENV', 'JUNJO_ENV'],
  ['JUJNO_SESSION_SECRET', 'JUNJO_SESSION_SECRET'],
])('%s is taken for %s', (name, meant) => {
  expect(nearestVariable(name, variables)).toBe(meant);
});

test.each([
  ...['POSTGRES_PASSWORD', 'OPENAI_MODEL', 'OPENAI_API_VERSION', 'MISTRAL_API_KEY', 'OPENROUTER_API_KEY', 'GOPROXY'],
  ...['FTP_PROXY', 'DUST_LOG', 'PATCH_SIZE', 'BATCH_SIZE_MAX', 'OPENAI_API_KEY_OLD', 'ENV', 'API_KEY', 'MALLOC_CHECK_'],
])('%s is taken for a name of another program', (name) => {
  expect(nearestVariable(name, variables)).toBeUndefined();
});

test.each([
  ['SESSION_SECRET', 'JUNJO_SESSION_SECRET'],
  ['GIT_REPO', 'JUNJO_K8S_GIT_REPO'],
  ['ENV', undefined],
])('%s lacks the prefix of %s', (name, meant) => {
  expect(withoutPrefix(name, variables)).toBe(meant);
});

describe('a name in a file', () => {
  const base = envText(development());
  const printed = (name: string, text = base) => problemsOf(`${name}='x'\n${text}`);
  const unread = 'is not used: Junjo AI Studio does not read it.';
  const noFile = (ending: string) => `The images do not support names that end in _${ending}. Write the value itself:`;

  test.each([
    ['OPEANAI_API_KEY', `warning: .env:1 OPEANAI_API_KEY: ${unread} Did you mean OPENAI_API_KEY?`],
    ['openai_api_key', `warning: .env:1 openai_api_key: ${unread} Did you mean OPENAI_API_KEY?`],
    ['OPENAI_API_KEY_FILE', `warning: .env:1 OPENAI_API_KEY_FILE: ${unread} ${noFile('FILE')} OPENAI_API_KEY`],
    ['OPENAI_KEY_FILE', `warning: .env:1 OPENAI_KEY_FILE: ${unread} ${noFile('FILE')} OPENAI_API_KEY`],
    ['GEMINI_API_KEY_PATH', `warning: .env:1 GEMINI_API_KEY_PATH: ${unread} ${noFile('PATH')} GEMINI_API_KEY`],
    [
      'JUNJO_SESSION_SECRET_FILE',
      `.env:1 JUNJO_SESSION_SECRET_FILE: is not a variable of Junjo AI Studio. ${noFile('FILE')} JUNJO_SESSION_SECRET`,
    ],
    ...[
      ['JUNJO_OPENAI_API_KEY', 'OPENAI_API_KEY'],
      ['JUNJO_K8S_ENV', 'JUNJO_ENV'],
      ['JUNJO_NAME', 'JUNJO_K8S_NAME'],
      ['JUNJO_TLS_SECRET', 'JUNJO_K8S_TLS_SECRET'],
    ].map(([name = '', meant]): [string, string] => [
      name,
      `.env:1 ${name}: is not a variable of Junjo AI Studio. Did you mean ${meant}?`,
    ]),
    ['GIT_REPO', `note: .env:1 GIT_REPO: ${unread} The variable of the studio is JUNJO_K8S_GIT_REPO`],
    [
      'POSTGRES_PASSWORD_FILE',
      `note: .env:1 POSTGRES_PASSWORD_FILE: ${unread} See docs/variables.md for what it reads`,
    ],
    ['SESSION_SECRET', `note: .env:1 SESSION_SECRET: ${unread} See docs/variables.md for what it reads`],
  ])('%s', (name, print) => {
    expect(printed(name)).toEqual([print]);
  });

  test('is not taken for one that the file has as well, nor for one without effect', () => {
    const other = 'See docs/variables.md for what it reads';
    const has = `${base}OPENAI_API_KEY=sk-${freshSecret()}\n`;
    expect(printed('OPENAI_API_KEYS', has)).toEqual([`note: .env:1 OPENAI_API_KEYS: ${unread} ${other}`]);
    const newest = envText({
      JUNJO_ENV: 'development',
      JUNJO_K8S_RELEASE: '0.86.0',
      JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
    });
    expect(printed('OPEANAI_API_KEY', newest)).toEqual([`note: .env:1 OPEANAI_API_KEY: ${unread} ${other}`]);
  });
});
