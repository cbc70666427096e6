import { loadStudio } from '../../config/load-studio';
import { variablesOf } from '../../config/variables';
import { combinations } from '../../config/whatever-is-meant';
import { releaseLines } from '../../releases';
import { development, envText, problemsOf, production, type Settings } from '../support/studio';

test('the samples of each type are sound, and differ', () => {
  for (const { name, type } of releaseLines.flatMap(variablesOf)) {
    expect([name, type.samples.filter((text) => 'problem' in type.parse(text))]).toEqual([name, []]);
    expect(new Set(type.samples).size).toBeGreaterThan(1);
  }
});

describe('beside an invalid value nothing advises what only its default asks for', () => {
  test.each<[string, Settings, readonly string[]]>([
    [
      'the environment',
      production({ JUNJO_ENV: 'Production', JUNJO_ALLOW_ORIGINS: 'https://studio.example.com' }),
      ['.env:1 JUNJO_ENV: must be written in lower case: production'],
    ],
    [
      'no environment',
      production({ JUNJO_ENV: undefined, JUNJO_ALLOW_ORIGINS: 'https://studio.example.com' }),
      ['.env JUNJO_ENV: is missing. Set JUNJO_ENV to one of: development, production'],
    ],
    [
      'the address for spans',
      production({
        JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051/',
        JUNJO_K8S_INGRESS_CLASS: undefined,
        JUNJO_K8S_GATEWAY: 'edge/shared',
        JUNJO_K8S_TLS_SECRET: 'studio-tls',
      }),
      ['.env:7 JUNJO_PROD_INGESTION_URL: ends with a slash. Remove the slash'],
    ],
    [
      'the backup',
      production({ JUNJO_K8S_BACKUP: 'Volsync', JUNJO_K8S_BACKUP_REPOSITORY: 'repository' }),
      ['.env:9 JUNJO_K8S_BACKUP: must be written in lower case: volsync'],
    ],
    [
      'the release',
      production({ JUNJO_K8S_RELEASE: 'latest', JUNJO_INTERNAL_GRPC_TOKEN: 'f'.repeat(40) }),
      [expect.stringMatching(/^.env:2 JUNJO_K8S_RELEASE: latest is a tag that moves/)],
    ],
    [
      'the release, in development',
      development({ JUNJO_K8S_RELEASE: 'latest' }),
      [expect.stringMatching(/^.env:4 JUNJO_K8S_RELEASE: latest is a tag that moves/)],
    ],
    [
      'where secrets come from, of which one is invalid too',
      production({ JUNJO_K8S_SECRETS: 'Sealed', HTTPS_PROXY: 'proxy', JUNJO_SECURE_COOKIE_KEY: 'changeme' }),
      ['.env:9 JUNJO_K8S_SECRETS: must be written in lower case: sealed'],
    ],
    [
      'an egress beside a proxy',
      production({ JUNJO_K8S_EGRESS: '10.0.0.5:3128', HTTPS_PROXY: 'http://10.0.0.5:3128' }),
      ['.env:9 JUNJO_K8S_EGRESS: 10.0.0.5 has no prefix length. Write 10.0.0.5/32 for one address'],
    ],
  ])('%s', (_, settings, prints) => {
    expect(problemsOf(envText(settings))).toEqual(prints);
  });

  test('independent errors come at once', () => {
    const problems = problemsOf(
      envText(
        production({
          JUNJO_ENV: 'Production',
          JUNJO_SESSION_SECRET: undefined,
          JUNJO_K8S_STORAGE_CLASS: 'azurefile',
          JUNJO_SESION_SECRET: 'x',
          JUNJO_K8S_SIZE: 'huge',
        }),
      ),
    );
    expect(problems.map((each) => / (JUNJO_[A-Z0-9_]+):/.exec(each)?.[1])).toEqual([
      'JUNJO_ENV',
      'JUNJO_K8S_STORAGE_CLASS',
      'JUNJO_SESION_SECRET',
      'JUNJO_K8S_SIZE',
      'JUNJO_SESSION_SECRET',
    ]);
  });
});

test('all combinations of a few samples are tried, and of many each sample at least', () => {
  const samples = (count: number, of: number) =>
    new Map(
      Array.from({ length: count }, (_, name) => [`${name}`, Array.from({ length: of }, (_, text) => `${text}`)]),
    );
  expect(combinations(new Map())).toEqual([new Map()]);
  expect(new Set(combinations(samples(2, 4)).map((row) => JSON.stringify([...row]))).size).toBe(16);
  const rows = combinations(samples(40, 5));
  expect(rows.length).toBeLessThan(100);
  for (const name of samples(40, 5).keys()) expect(new Set(rows.map((row) => row.get(name))).size).toBe(5);
});

test('many invalid values at once are judged', () => {
  const garbage = Object.fromEntries(releaseLines.flatMap(variablesOf).map(({ name }) => [name, '?! "']));
  const { problems } = loadStudio([{ path: '.env', text: envText(garbage) }]);
  expect(problems.length).toBeGreaterThan(50);
});
