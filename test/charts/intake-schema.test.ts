import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { load } from 'js-yaml';
import { freshSecret, type Manifest, production, render, type Settings } from '../support/studio';

/** Keys and types that the collector accepts; the file says where they come from. */
const schema: Manifest = JSON.parse(readFileSync(join(__dirname, 'collector-schema.json'), 'utf8'));
// It refuses a mistake in the schema itself, too.
const validate = new Ajv({ allErrors: true, strict: true }).compile(schema);

const withIntake = (settings: Settings = {}): Settings =>
  production({
    JUNJO_K8S_RELEASE: '0.82.1',
    JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
    JUNJO_K8S_INTAKE: 'true',
    ...settings,
  });

/** What the collectors read, as the ConfigMap has it. */
function configOf(settings: Settings): Manifest {
  const { data } = render(settings).get('ConfigMap', 'junjo-ai-studio-intake');
  return load(data['config.yaml']);
}

/** What the collector would say: a line for each mistake. */
function mistakesIn(config: Manifest): readonly string[] {
  validate(config);
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [instancePath, message, params.additionalProperty].filter(Boolean).join(' '),
  );
}

const studios: readonly (readonly [string, Settings])[] = [
  ['in the clear', {}],
  ['with a list of keys', { JUNJO_K8S_INTAKE_KEYS: 'intake-keys' }],
  ['with a small volume', { JUNJO_K8S_INTAKE_STORAGE_SIZE: '256Mi' }],
  [
    'with TLS at the ports for spans',
    { JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:26155', JUNJO_K8S_TLS_SECRET: 'studio-tls' },
  ],
  [
    'behind an edge that wants TLS',
    {
      JUNJO_K8S_INGRESS_CLASS: 'caddy',
      JUNJO_PROD_INGESTION_URL: 'https://spans.example.com',
      JUNJO_K8S_INTAKE_HTTP_HOST: 'otlp.example.com',
    },
  ],
  [
    'for pages of other origins',
    {
      JUNJO_K8S_INTAKE_HTTP_HOST: 'otlp.example.com',
      JUNJO_K8S_INTAKE_CORS_ORIGINS: 'https://app.example.com,https://b.example.com',
    },
  ],
];

describe.each(studios)('the configuration of the collectors %s', (_, settings) => {
  let config: Manifest;
  beforeAll(() => {
    config = configOf(withIntake(settings));
  });

  test('has the keys and the types that the collector accepts', () => {
    expect(mistakesIn(config)).toEqual([]);
  });

  test('starts each extension that it configures or names', () => {
    const named = [...String(JSON.stringify(config)).matchAll(/"(?:authenticator|storage)":"([^"]+)"/g)].map(
      ([, id]) => id,
    );
    expect(named).not.toEqual([]);
    expect(Object.keys(config.extensions).sort()).toEqual([...config.service.extensions].sort());
    expect(config.service.extensions).toEqual(expect.arrayContaining([...new Set(named)]));
  });

  test('has each receiver, processor and exporter in a pipeline, and none that it does not configure', () => {
    const pipelines: readonly Manifest[] = Object.values(config.service.pipelines);
    for (const kind of ['receivers', 'processors', 'exporters']) {
      const used = new Set(pipelines.flatMap((pipeline) => pipeline[kind] ?? []));
      expect([...used].sort()).toEqual(Object.keys(config[kind] ?? {}).sort());
    }
  });
});

describe('a mistake is found', () => {
  const good = () => configOf(withIntake());
  const receivers = (config: Manifest) => config.receivers.otlp.protocols;
  const [queue] = Object.keys(good().exporters);

  test.each<readonly [string, (config: Manifest) => void, string]>([
    [
      'a key of no exporter',
      ({ exporters }) => {
        exporters[queue ?? ''].compresion = 'none';
      },
      'must NOT have additional properties compresion',
    ],
    [
      'a duration without a unit',
      ({ exporters }) => {
        exporters[queue ?? ''].timeout = 30;
      },
      'must match a schema in anyOf',
    ],
    [
      'a number that is a text',
      (config) => {
        receivers(config).grpc.max_recv_msg_size_mib = '4Mi';
      },
      'must be integer',
    ],
    [
      'a key of gRPC at HTTP',
      (config) => {
        receivers(config).http.max_recv_msg_size_mib = 4;
      },
      'must NOT have additional properties max_recv_msg_size_mib',
    ],
    [
      'the name that the exporter had before',
      ({ exporters }) => {
        exporters.otlp = exporters[queue ?? ''];
      },
      'must NOT have additional properties otlp',
    ],
    [
      'a header without an action',
      ({ extensions }) => {
        delete extensions.headers_setter.headers[0].action;
      },
      "must have required property 'action'",
    ],
    [
      'a sizer that does not exist',
      ({ exporters }) => {
        exporters[queue ?? ''].sending_queue.sizer = 'mebibytes';
      },
      'must be equal to one of the allowed values',
    ],
  ])('%s', (_, spoil, mistake) => {
    const config = good();
    expect(mistakesIn(config)).toEqual([]);
    spoil(config);
    expect(mistakesIn(config).join('\n')).toContain(mistake);
  });
});
