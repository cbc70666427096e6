import { loadStudio } from '../../config/load-studio';
import type { Problem } from '../../config/problems';
import { text as anyText } from '../../config/value-types';
import { type Variable, variablesOf } from '../../config/variables';
import { combinations } from '../../config/whatever-is-meant';
import { releaseLines } from '../../releases';
import { development, envText, production, type Settings } from '../support/studio';

const spansOnPort = { JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051' };
const noSecrets = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };

/** Studios in which much depends on something else. */
const studios: Readonly<Record<string, Settings>> = {
  development: development(),
  'development with origins': development({
    JUNJO_ALLOW_ORIGINS: 'http://localhost:5151,http://localhost:5153',
    JUNJO_K8S_INGRESS_CLASS: 'traefik',
    JUNJO_K8S_CLOUD: 'aws',
  }),
  production: production({ JUNJO_ALLOW_ORIGINS: 'https://studio.example.com', JUNJO_K8S_ACME_EMAIL: 'a@example.com' }),
  'production on another line': production({ JUNJO_K8S_RELEASE: '0.81.5', JUNJO_INTERNAL_GRPC_TOKEN: 'f'.repeat(40) }),
  'a node': production({ JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data', JUNJO_K8S_NODE: 'worker-1' }),
  'a claim': production({ JUNJO_K8S_EXISTING_CLAIM: 'mine', JUNJO_K8S_STORAGE_SIZE: '20Gi' }),
  'spans with TLS': production({
    ...spansOnPort,
    JUNJO_K8S_INGRESS_CLASS: 'caddy',
    JUNJO_K8S_TLS_SECRET: 'studio-tls',
    JUNJO_K8S_CLOUD: 'aws',
    JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24',
  }),
  'a Gateway': production({
    JUNJO_K8S_INGRESS_CLASS: undefined,
    JUNJO_K8S_GATEWAY: 'edge/shared',
    JUNJO_K8S_GATEWAY_HTTPS_LISTENER: 'tls',
    JUNJO_K8S_INGRESS_NAMESPACE: 'edge',
  }),
  volsync: production({
    JUNJO_K8S_BACKUP: 'volsync',
    JUNJO_K8S_BACKUP_REPOSITORY: 'repository',
    JUNJO_K8S_BACKUP_SCHEDULE: '17 3 * * *',
    JUNJO_K8S_QDRANT: 'true',
    QDRANT_API_KEY: '8Q2vYb0q9mHn3rVb2Zt5Wc7Kx1Lp4Sd6Fg8Hj0Kl2Mn=',
    JUNJO_K8S_QDRANT_STORAGE_SIZE: '5Gi',
  }),
  velero: production({ JUNJO_K8S_BACKUP: 'velero', JUNJO_K8S_BACKUP_NAMESPACE: 'backups', JUNJO_K8S_BACKUP_KEEP: '9' }),
  existing: production({ JUNJO_K8S_SECRETS: 'existing', ...noSecrets }),
  external: production({
    JUNJO_K8S_SECRETS: 'external',
    JUNJO_K8S_SECRET_STORE: 'ClusterSecretStore/vault',
    HTTPS_PROXY: '',
    ...noSecrets,
  }),
  sealed: production({ JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: 'cert.pem' }),
  proxy: production({ HTTPS_PROXY: 'http://10.0.0.5:3128', JUNJO_K8S_EGRESS: '10.0.0.5/32:3128' }),
  'everything wrong': production({
    JUNJO_ENV: undefined,
    JUNJO_K8S_BACKUP_REPOSITORY: 'repository',
    JUNJO_K8S_GATEWAY_HTTP_LISTENER: 'http',
    JUNJO_K8S_SEALING_SCOPE: 'strict',
    JUNJO_K8S_STORAGE_CLASS: 'local-path',
    JUNJO_K8S_TLS_SECRET: 'studio-tls',
    JUNJO_K8S_CLUSTER_ISSUER: 'letsencrypt',
  }),
};

/** What people write by mistake, whatever the variable. */
function mistakes({ samples, words = [] }: Variable['type']): readonly string[] {
  const [sample = ''] = samples;
  const capital = words.map((word) => word[0]?.toUpperCase() + word.slice(1));
  return [...capital, `${sample}/`, `${sample} x`, ` ${sample}"`, `-${sample}`, `,${sample},`, '-0', '?!', 'Ünknown/*'];
}

/** The lines of the studios, the newest among them: all would take minutes. */
const lines = releaseLines.filter(
  ({ name }, index) => ['0.70', '0.81'].includes(name) || index === releaseLines.length - 1,
);
const table = variablesOf(releaseLines[0]);
const others = lines.slice(1).flatMap(variablesOf);
const all = [...new Map([...others, ...table].map((variable) => [variable.name, variable])).values()];

const load = (settings: Settings) => loadStudio([{ path: '.env', text: envText(settings) }], { lines }).problems;
const said = (problems: readonly Problem[]) =>
  problems.map(({ severity, variable, text }) => `${severity} ${variable} ${text}`);
const isInvalid = (settings: Settings, name: string, text: string) => {
  const { type } = all.find((variable) => variable.name === name) ?? {};
  return (
    type !== undefined &&
    'problem' in type.parse(text) &&
    load({ ...settings, [name]: text }).some(({ variable, severity }) => variable === name && severity === 'error')
  );
};

/** Values that are sound: the samples of the type, and others that a person may mean. */
function soundTexts(name: string): readonly string[] {
  const { type = anyText, example, default: byDefault } = all.find((each) => each.name === name) ?? {};
  const texts = [...type.samples, example, byDefault].filter(
    (text) => text !== undefined && !('problem' in type.parse(text)),
  );
  return [...new Set(texts)] as string[];
}

/** The problems of others that are there with some invalid text, and not with each sound value. */
function dependent(settings: Settings, names: readonly string[], texts: readonly string[]): readonly string[] {
  const invalid = Object.fromEntries(names.map((name, index) => [name, texts[index]]));
  const found = load({ ...settings, ...invalid }).filter(({ variable }) => !names.includes(variable ?? ''));
  const samples = new Map(names.map((name) => [name, soundTexts(name)]));
  const sound = combinations(samples).map((row) => new Set(said(load({ ...settings, ...Object.fromEntries(row) }))));
  return said(found).filter((each) => sound.some((problems) => !problems.has(each)));
}

describe.each(Object.entries(studios))('of %s', (_, settings) => {
  test('no problem of another variable comes from an invalid value', () => {
    const wrong = all.flatMap((variable) => {
      const [first] = mistakes(variable.type).filter((text) => 'problem' in variable.type.parse(text));
      const texts = first !== undefined && isInvalid(settings, variable.name, first) ? [first] : [];
      return texts.flatMap((text) => {
        return dependent(settings, [variable.name], [text]).map((problem) => `${variable.name}=${text}: ${problem}`);
      });
    });
    expect(wrong).toEqual([]);
  });

  test('no problem is about a variable that is not in the file, unless it is missing or not set', () => {
    const wrong = all.flatMap((variable) => {
      const text = mistakes(variable.type).find((each) => 'problem' in variable.type.parse(each));
      if (text === undefined || !isInvalid(settings, variable.name, text)) return [];
      const invalid = { ...settings, [variable.name]: text };
      const silent = said(load({ ...settings, [variable.name]: undefined })).concat(said(load(settings)));
      return load(invalid)
        .filter((each) => each.line === undefined && !/^is (missing|not set)/.test(each.text))
        .filter((each) => each.severity === 'error' || !silent.includes(said([each])[0] ?? ''))
        .map((each) => `${variable.name}=${text}: ${said([each])}`);
    });
    expect(wrong).toEqual([]);
  });
});

test('nothing comes from two invalid values together', () => {
  const names = [
    'JUNJO_ENV',
    'JUNJO_K8S_BACKUP',
    'JUNJO_K8S_SECRETS',
    'JUNJO_K8S_GATEWAY',
    'JUNJO_K8S_QDRANT',
    'JUNJO_PROD_INGESTION_URL',
    'JUNJO_HOST_DB_DATA_PATH',
  ];
  const text = (name: string) => mistakes(all.find((each) => each.name === name)?.type ?? anyText);
  const wrong = Object.values(studios).flatMap((settings) =>
    names.flatMap((first, index) =>
      names.slice(index + 1).flatMap((second) => {
        const texts = [first, second].map((name) => text(name).find((each) => isInvalid(settings, name, each)));
        if (texts.includes(undefined)) return [];
        return dependent(settings, [first, second], texts as string[]).map((each) => `${first} ${second}: ${each}`);
      }),
    ),
  );
  expect(wrong).toEqual([]);
});
