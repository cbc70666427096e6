import { constants, createDecipheriv, createHash, type KeyObject, privateDecrypt, randomBytes } from 'node:crypto';
import { type LoadOptions, loadStudio } from '../../config/load-studio';
import { formatProblem } from '../../config/problems';
import { makeCertificate } from '../support/certificate';
import {
  envText,
  freshSecret,
  isOfEveryStudio,
  load,
  type Manifest,
  problemsOf,
  production,
  render,
  renderAll,
  type Settings,
} from '../support/studio';

const NAME = 'junjo-ai-studio-secrets';
const KEPT = 'sealed/junjo-ai-studio.json';
const { pem, privateKey } = makeCertificate();

/** Secrets as a person would set them. */
const secrets = () => ({
  JUNJO_SESSION_SECRET: freshSecret(),
  JUNJO_SECURE_COOKIE_KEY: freshSecret(),
  OPENAI_API_KEY: `sk-${randomBytes(20).toString('hex')}`,
});
const none = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
const sealed = (settings: Settings = {}) =>
  production({ JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: 'cert.pem', ...settings });
const files = (kept?: string, certificate = pem): LoadOptions => ({
  readFile: (path) => (path === 'cert.pem' ? certificate : path === KEPT ? kept : undefined),
});
const keptText = (settings: Settings, options: LoadOptions) => {
  const { source } = load(settings, options).secrets;
  if (source.kind !== 'sealed') throw new Error('is not sealed');
  return source.kept.text;
};
const errorsOf = (settings: Settings, options?: LoadOptions) =>
  loadStudio([{ path: '.env', text: envText(settings) }], options)
    .problems.filter(({ severity }) => severity === 'error')
    .map(formatProblem);

/** Opens a value as the controller does, with none of the code that sealed it. */
function open(ciphertext: string, label: string, key: KeyObject): string {
  const bytes = Buffer.from(ciphertext, 'base64');
  const length = bytes.readUInt16BE(0);
  const sessionKey = privateDecrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: Buffer.from(label) },
    bytes.subarray(2, 2 + length),
  );
  const decipher = createDecipheriv('aes-256-gcm', sessionKey, Buffer.alloc(12));
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(2 + length, -16)), decipher.final()]).toString();
}

describe('JUNJO_K8S_SECRETS=sealed', () => {
  test.each([
    ['strict', `junjo-ai-studio/${NAME}`, {}],
    ['namespace-wide', 'junjo-ai-studio', { 'sealedsecrets.bitnami.com/namespace-wide': 'true' }],
    ['cluster-wide', '', { 'sealedsecrets.bitnami.com/cluster-wide': 'true' }],
  ])('renders a SealedSecret that opens in scope %s only', (scope, label, annotations) => {
    const values = secrets();
    const studio = render(sealed({ ...values, JUNJO_K8S_SEALING_SCOPE: scope }), files());
    const { metadata, spec } = studio.get('SealedSecret', NAME);
    expect(metadata.annotations ?? {}).toEqual(annotations);
    expect(spec.template.metadata).toMatchObject({ name: NAME, namespace: 'junjo-ai-studio' });
    const opened = Object.entries<string>(spec.encryptedData).map(([key, value]) => [
      key,
      open(value, label, privateKey),
    ]);
    expect(Object.fromEntries(opened)).toEqual(values);
    const [ciphertext] = Object.values<string>(spec.encryptedData) as [string];
    for (const wrong of [`other/${NAME}`, 'other', 'junjo-ai-studio/other']) {
      expect(() => open(ciphertext, wrong, privateKey)).toThrow();
    }
    expect(studio.ofKind('Secret')).toEqual([]);
  });

  test('keeps the ciphertext of what did not change, and renders the same bytes', () => {
    const settings = sealed(secrets());
    const kept = keptText(settings, files());
    expect(keptText(settings, files(kept))).toBe(kept);
    expect(render(settings, files(kept)).files).toEqual(render(settings, files(kept)).files);
  });

  test('seals anew what changed, and nothing else', () => {
    const settings = sealed(secrets());
    const kept = keptText(settings, files());
    const [before, after] = [settings, { ...settings, OPENAI_API_KEY: `sk-${randomBytes(20).toString('hex')}` }].map(
      (each) => render(each, files(kept)).get('SealedSecret', NAME).spec.encryptedData,
    );
    expect(Object.keys(before).filter((key) => before[key] !== after[key])).toEqual(['OPENAI_API_KEY']);
  });

  test('renders without any secret from what is kept, to the same bytes', () => {
    const settings = sealed(secrets());
    const kept = keptText(settings, files());
    const without = { ...settings, ...none, OPENAI_API_KEY: undefined };
    expect(render(without, files(kept)).files).toEqual(render(settings, files(kept)).files);
  });

  test('rolls the pods whose values were sealed anew', () => {
    const settings = sealed(secrets());
    const kept = keptText(settings, files());
    const digest = (each: Settings) =>
      render(each, files(kept)).pod('backend').metadata.annotations['checksum/secrets'];
    expect(digest(settings)).toBe(digest(settings));
    expect(digest({ ...settings, OPENAI_API_KEY: `sk-${randomBytes(20).toString('hex')}` })).not.toBe(digest(settings));
  });

  test('lives in a file that Git does not ignore', () => {
    const { path, mode } =
      render(sealed(secrets()), files()).files.find(({ text }) => /kind: SealedSecret/.test(text)) ?? {};
    expect([path, mode]).toEqual(['30-sealed-secret.k8s.yaml', 0o644]);
    expect(path).not.toMatch(/secrets\.k8s\.yaml$/);
  });

  test('is told what is missing', () => {
    expect(errorsOf(sealed(none), files())).toEqual([
      `.env JUNJO_SESSION_SECRET: is missing, and ${KEPT} has no sealed value of it for this JUNJO_K8S_NAMESPACE, JUNJO_K8S_SECRET_NAME or JUNJO_K8S_SEALING_SCOPE. Set it once`,
      `.env JUNJO_SECURE_COOKIE_KEY: is missing, and ${KEPT} has no sealed value of it for this JUNJO_K8S_NAMESPACE, JUNJO_K8S_SECRET_NAME or JUNJO_K8S_SEALING_SCOPE. Set it once`,
    ]);
    expect(errorsOf(sealed({ JUNJO_SESSION_SECRET: undefined }), files())).toEqual([
      '.env JUNJO_SESSION_SECRET: is missing, but needed to detect changed secrets. Set it too, or remove the other secrets to keep what is sealed',
    ]);
    expect(errorsOf(production({ JUNJO_K8S_SECRETS: 'sealed' }))).toEqual([
      '.env JUNJO_K8S_SEALING_CERT: is missing. Fetch it: kubeseal --fetch-cert > sealing-cert.pem',
    ]);
    expect(errorsOf(sealed())).toEqual([
      expect.stringMatching(/^\.env:\d+ JUNJO_K8S_SEALING_CERT: cannot be read\. Fetch it: kubeseal --fetch-cert/),
    ]);
  });

  test.each([
    ['JUNJO_K8S_NAMESPACE', 'Studio_1'],
    ['JUNJO_K8S_SEALING_SCOPE', 'Strict'],
  ])('says nothing more of what is kept while %s is not sound', (name, value) => {
    const elsewhere = { JUNJO_K8S_NAMESPACE: 'elsewhere', JUNJO_K8S_SEALING_SCOPE: 'namespace-wide' };
    const kept = files(keptText(sealed({ ...secrets(), ...elsewhere }), files()));
    const printed = errorsOf(sealed({ ...none, OPENAI_API_KEY: undefined, ...elsewhere, [name]: value }), kept);
    expect(printed).toEqual([expect.stringMatching(new RegExp(`^\\.env:\\d+ ${name}: must be`))]);
  });

  test('has one problem with a placeholder, however little is kept', () => {
    const printed = errorsOf(sealed({ JUNJO_SECURE_COOKIE_KEY: 'your_base64_key_here' }), files());
    expect(printed).toEqual([expect.stringMatching(/JUNJO_SECURE_COOKIE_KEY: still holds a placeholder/)]);
  });

  test('does not open elsewhere: what is kept for another namespace is no use', () => {
    const settings = sealed(secrets());
    const moved = { ...settings, ...none, OPENAI_API_KEY: undefined, JUNJO_K8S_NAMESPACE: 'moved' };
    const kept = files(keptText(settings, files()));
    expect(errorsOf(moved, kept)).toHaveLength(2);
    const required = { ...moved, JUNJO_SESSION_SECRET: freshSecret(), JUNJO_SECURE_COOKIE_KEY: freshSecret() };
    const { problems } = loadStudio([{ path: '.env', text: envText(required) }], kept);
    expect(problems.filter((problem) => !isOfEveryStudio(problem)).map(formatProblem)).toEqual([
      expect.stringMatching(
        /^warning: .*JUNJO_K8S_SECRETS: sealed\/junjo-ai-studio\.json has values of OPENAI_API_KEY for another/,
      ),
    ]);
  });

  test('refuses an expired certificate, and a kept file that is broken', () => {
    const expired = makeCertificate({
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2021-01-01'),
      privateKey,
    }).pem;
    expect(errorsOf(sealed(secrets()), files(undefined, expired))).toEqual([
      expect.stringMatching(/JUNJO_K8S_SEALING_CERT: expired at 2021-01-01.*kubeseal --fetch-cert/),
    ]);
    expect(errorsOf(sealed(secrets()), files('{}'))).toEqual([
      expect.stringMatching(/JUNJO_K8S_SECRETS: sealed\/junjo-ai-studio\.json .*Restore the file from Git/),
    ]);
  });
});

describe('JUNJO_K8S_SECRETS=existing', () => {
  const existing = (settings: Settings = {}) =>
    production({ ...none, JUNJO_K8S_SECRETS: 'existing', JUNJO_K8S_SECRET_NAME: 'theirs', ...settings });

  test('renders no Secret, and has the pods read the one that is named', () => {
    const studio = render(existing());
    expect(studio.objects.filter(({ kind }) => /Secret/.test(kind))).toEqual([]);
    const refs = studio
      .container('backend')
      .env.flatMap(({ valueFrom }: Manifest) => (valueFrom ? [valueFrom.secretKeyRef] : []));
    expect(refs).toContainEqual({ name: 'theirs', key: 'JUNJO_SESSION_SECRET' });
    expect(refs).toContainEqual({ name: 'theirs', key: 'OPENAI_API_KEY', optional: true });
    expect(studio.pod('backend').metadata.annotations).not.toHaveProperty('checksum/secrets');
  });

  test('says which keys it must have', () => {
    expect(problemsOf(envText(existing()))[0]).toMatch(
      /^note: .*the Secret theirs must have the keys JUNJO_SESSION_SECRET, JUNJO_SECURE_COOKIE_KEY. It may also have GEMINI_API_KEY, OPENAI_API_KEY, ANTHROPIC_API_KEY$/,
    );
  });

  test('is what Reloader watches for the pods that read it, and no other', () => {
    const watching = render(existing())
      .ofKind('Deployment')
      .map(({ metadata }) => [metadata.name, metadata.annotations?.['secret.reloader.stakater.com/reload']]);
    expect(watching.filter(([, watched]) => watched)).toEqual([['junjo-ai-studio-backend', 'theirs']]);
  });
});

describe('JUNJO_K8S_SECRETS=external', () => {
  const external = (settings: Settings = {}) =>
    production({ ...none, JUNJO_K8S_SECRETS: 'external', JUNJO_K8S_SECRET_STORE: 'SecretStore/vault', ...settings });

  test('renders an ExternalSecret for what every studio needs and the file names, and no more', () => {
    const { spec } = render(external({ GEMINI_API_KEY: '' })).get('ExternalSecret', NAME);
    expect(spec.secretStoreRef).toEqual({ name: 'vault', kind: 'SecretStore' });
    expect(spec.target.name).toBe(NAME);
    expect(
      spec.data.map(({ secretKey, remoteRef }: Manifest) => [secretKey, remoteRef.key, remoteRef.property]),
    ).toEqual(
      ['JUNJO_SESSION_SECRET', 'JUNJO_SECURE_COOKIE_KEY', 'GEMINI_API_KEY'].map((key) => [key, 'junjo-ai-studio', key]),
    );
  });

  test('writes out what the CRD defaults inside the list', () => {
    for (const { remoteRef } of render(external()).get('ExternalSecret', NAME).spec.data) {
      expect(remoteRef).toMatchObject({
        conversionStrategy: 'Default',
        decodingStrategy: 'None',
        metadataPolicy: 'None',
      });
    }
  });

  // setMetadata in pkg/controllers/externalsecret/externalsecret_controller_template.go of external-secrets/external-secrets:
  // without a template the Secret gets every annotation of the ExternalSecret, that of `kubectl apply` included.
  test('gives the Secret labels and annotations of its own, so that `kubectl apply --prune` does not delete it', () => {
    const settings = external({
      JUNJO_K8S_LABELS: 'team=ml',
      JUNJO_K8S_ANNOTATIONS: '{"example.com/note":"{{ .x }}"}',
    });
    const { metadata, spec } = render(settings).get('ExternalSecret', NAME);
    expect(spec.target.template).toEqual({
      type: 'Opaque',
      engineVersion: 'v2',
      mergePolicy: 'Replace',
      // Values are templates to the operator.
      metadata: { labels: metadata.labels, annotations: { 'example.com/note': '{{ "{{" }} .x }}' } },
    });
    expect(render(external()).get('ExternalSecret', NAME).spec.target.template.metadata).not.toHaveProperty(
      'annotations',
    );
  });

  test('gives each container only the keys that it reads', () => {
    const token = production({
      ...none,
      JUNJO_K8S_SECRETS: 'external',
      JUNJO_K8S_SECRET_STORE: 'ClusterSecretStore/vault',
      JUNJO_K8S_RELEASE: '0.82.1',
    });
    const studio = render(token);
    const secretsOf = (service: string) =>
      Object.entries(studio.environment(service)).flatMap(([name, value]) =>
        value.startsWith('secret ') ? [name] : [],
      );
    expect(secretsOf('ingestion')).toEqual(['JUNJO_INTERNAL_GRPC_TOKEN']);
    expect(secretsOf('frontend')).toEqual([]);
  });

  test('needs a store', () => {
    expect(errorsOf(external({ JUNJO_K8S_SECRET_STORE: undefined }))).toEqual([
      '.env JUNJO_K8S_SECRET_STORE: is missing. Name the store: SecretStore/name or ClusterSecretStore/name',
    ]);
    expect(errorsOf(external({ JUNJO_K8S_SECRET_STORE: 'vault' }))).toEqual([
      expect.stringMatching(/JUNJO_K8S_SECRET_STORE: must be SecretStore\/name or ClusterSecretStore\/name$/),
    ]);
  });
});

test.each(['existing', 'external'])(
  'a secret in the env file is refused with %s, so that nobody believes it is in effect',
  (mode) => {
    const value = freshSecret();
    const settings = production({
      ...none,
      JUNJO_K8S_SECRETS: mode,
      OPENAI_API_KEY: value,
      JUNJO_K8S_SECRET_STORE: 'SecretStore/vault',
    });
    const printed = errorsOf(mode === 'external' ? settings : { ...settings, JUNJO_K8S_SECRET_STORE: undefined });
    expect(printed).toEqual([
      expect.stringMatching(
        new RegExp(`OPENAI_API_KEY: is not used with JUNJO_K8S_SECRETS=${mode}, .* Remove it from this file$`),
      ),
    ]);
    expect(printed.join()).not.toContain(value);
  },
);

test('a placeholder of a provider key is left out of what is sealed, with a warning', () => {
  const settings = sealed({ ...secrets(), OPENAI_API_KEY: 'your_openai_api_key' });
  expect(Object.keys(render(settings, files()).get('SealedSecret', NAME).spec.encryptedData)).toEqual([
    'JUNJO_SECURE_COOKIE_KEY',
    'JUNJO_SESSION_SECRET',
  ]);
  expect(problemsOf(envText(settings), files())[0]).toMatch(
    /^warning: .*OPENAI_API_KEY: still holds a placeholder, so it is left out/,
  );
});

test('a setting of another mode is refused', () => {
  expect(
    errorsOf(production({ JUNJO_K8S_SECRET_STORE: 'SecretStore/vault', JUNJO_K8S_SEALING_CERT: 'cert.pem' })),
  ).toEqual([
    expect.stringMatching(/JUNJO_K8S_SECRET_STORE: has no effect with JUNJO_K8S_SECRETS=manifest\. Remove the line$/),
    expect.stringMatching(/JUNJO_K8S_SEALING_CERT: has no effect with JUNJO_K8S_SECRETS=manifest\. Remove the line$/),
  ]);
});

describe('what is committed', () => {
  /** Every form of a value that somebody could try offline. */
  function forms(value: string): string[] {
    const bytes = [Buffer.from(value), Buffer.from(value, 'base64')];
    const hashes = ['md5', 'sha1', 'sha256', 'sha512'].flatMap((name) =>
      bytes.flatMap((each) =>
        (['hex', 'base64', 'base64url'] as const).map((form) => createHash(name).update(each).digest(form)),
      ),
    );
    return [
      value,
      encodeURIComponent(value),
      ...bytes.flatMap((each) => [each.toString('base64'), each.toString('hex')]),
      ...hashes,
    ];
  }

  test.each([
    ['manifest', (values: Settings) => production(values), undefined],
    ['sealed', (values: Settings) => sealed(values), files()],
  ])('in mode %s holds no secret, in plain, encoded or hashed', (_, settings, options) => {
    const values = secrets();
    const config = load(settings(values), options);
    const { source } = config.secrets;
    const committed = [
      ...render(settings(values), options)
        .files.filter(({ path }) => !path.endsWith('secrets.k8s.yaml'))
        .map(({ text }) => text),
      ...(source.kind === 'sealed' ? [source.kept.text] : []),
    ].join('\n');
    for (const value of Object.values(values)) {
      for (const form of forms(value)) expect(committed).not.toContain(form);
    }
    expect(committed).toContain('checksum/secrets');
  });
});

test('several studios of one run keep their seals, each in a file of its own', () => {
  const source = (name: string) => ({
    folder: name,
    files: [
      {
        path: `${name}.env`,
        text: envText(
          sealed({
            JUNJO_PROD_FRONTEND_URL: `https://${name}.example.com`,
            JUNJO_PROD_BACKEND_URL: `https://api.${name}.example.com`,
            JUNJO_PROD_INGESTION_URL: `https://spans.${name}.example.com`,
          }),
        ),
      },
    ],
  });
  const { kept } = renderAll([source('blue'), source('green'), source('red')], files());
  expect(kept.map(({ path }) => path)).toEqual(['sealed/blue.json', 'sealed/green.json', 'sealed/red.json']);
  expect(new Set(kept.map(({ text }) => text)).size).toBe(3);
});
