import fc from 'fast-check';
import { ingressControllers } from '../../config/ingress-controllers';
import { type Variable, variablesOf } from '../../config/variables';
import type { StudioSource } from '../../main';
import { defaultTag, releaseLines } from '../../releases';

/** An env file as its statements, each with its name; a statement may hold line breaks. */
export interface EnvFile {
  readonly path: string;
  readonly statements: readonly string[];
}

/** What one run of the fuzzer is about. */
export interface Case {
  /** One studio without a folder, or several with a folder each. */
  readonly studios: readonly { readonly folder?: string; readonly file: EnvFile }[];
  /** What several studios share. @default nothing */
  readonly shared?: EnvFile;
  /** The file of patches, JSON with a line for each patch. @default there is none */
  readonly patches?: string;
}

/** The file that `JUNJO_K8S_PATCHES` names. */
export const PATCHES = 'patches.yaml';

/** Every variable of any release line, by name. */
export const variables: ReadonlyMap<string, Variable> = new Map(
  releaseLines.flatMap(variablesOf).map((variable) => [variable.name, variable]),
);

/** The name that a statement sets. */
export function nameOf(statement: string): string {
  return /^(?:export )?([^=\n]*)/.exec(statement)?.[1] ?? '';
}

/** The files of a case, as text. */
export function sourcesOf({ studios, shared }: Case): readonly StudioSource[] {
  const text = ({ path, statements }: EnvFile) => ({ path, text: `${statements.join('\n')}\n` });
  return studios.map(({ folder, file }) => ({ folder, files: [...(shared ? [shared] : []), file].map(text) }));
}

/** What `openssl rand -base64 32` prints, by the seed. */
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64'));

/** Values of every kind. Which of them a variable may hold, its type in the table says. */
const samples: readonly string[] = [
  ...[...variables.values()]
    .flatMap(({ type, example, default: fixed, local }) => [...(type.words ?? []), example, fixed, local])
    .filter((each) => each !== undefined),
  ...releaseLines.flatMap(({ tags }) => tags),
  ...[
    './data /mnt/junjo-data /mnt//junjo-data/ /app/.dbdata/x / ../x ~/x C:\\x 1Gi 0.5Ti 1e10 50Mi class:envoy class:istio gateway/edge',
    'SecretStore/vault ClusterSecretStore/v/w https://a.example.com:50051 http://a.example.com:50051 http://10.0.0.7:50051',
    'https://a.example.com:443 https://xn--bcher-kva.example https://bücher.example https://a.example.com/ HTTPS://a.example.com',
    'https://user:word@a.example.com https://localhost https://10.0.0.1 https://[::1] https://a.github.io https://a.example.com/b?c#d',
    'http://localhost:5153 https://ui.example.com,https://b.example.com 10.0.0.5/8 0.0.0.0/0 ::/0 2001:db8::1/64 10.0.0.7',
    '169.254.169.254/32:80 10.0.0.0/8:443 203.0.113.0/24,10.0.0.0/8 2001:db8::/64:443 constructor __proto__ toString',
    'registry.example.com:5000/a https://r.example.com ssh://git:pass@host/repo.git git@host:team/repo.git a=b,c=d a=b,a=c',
    'constructor=x __proto__=x a.b/c=d helm.sh/hook=pre-install app.kubernetes.io/name=x kubernetes.io/hostname=worker-2',
    'key=value:NoSchedule key:No latest v0.82 1.0.0 default kube-system argocd traefik velero nfs-client efs-sc local-path a.b',
    '-a 1234567 2147483648 -0 0x10 1.5 0 -1 70000 a@b.example https://acme.example/dir 0.70-to-0.82 0.82-to-0.86',
    'junjo-ai-studio-secrets junjo-ai-studio-tls backup-repository mdrideout/junjo-ai-studio-backend:0.70.3 nginx@sha256:abc',
    'your_key_here replace-with-a-long-random-secret changeme http://user:Secret0passwordOfAProxy@proxy.example.com:3128',
  ].flatMap((line) => line.split(' ')),
  ...'60 3 * * *|*/5 * * * *|1-3,5 2 * * 0|0 0 * * 7|30-10 * * * *|* * * * *|{"a/b":"c, d"}|["http://a.b"]'.split('|'),
];

const value: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...samples) },
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 33 })).map(([address, bits]) => `${address}/${bits}`),
  fc.domain().map((domain) => `https://${domain}`),
  fc.emailAddress(),
  fc.integer({ min: -2, max: 70000 }).map(String),
  secret,
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);

/** How an env file takes over another value of it. */
const reference = (name: string) => `$\{${name}}`;

/** Ways of making a value wrong, or the same in another way of writing. */
const mutations: readonly ((text: string) => string)[] = [
  (text) => text.toUpperCase(),
  (text) => text.charAt(0).toUpperCase() + text.slice(1),
  ...['/', ' ', ';', ',', '.', '-', '"', '$', 'é', '\u200b'].map((end) => (text: string) => text + end),
  ...['OPENAI_API_KEY', 'JUNJO_SESSION_SECRET'].map((name) => (text: string) => text + reference(name)),
  ...[' ', '-', '0', '/', '.', '[', 'https://', 'x='].map((start) => (text: string) => start + text),
  (text) => `${text},${text}`,
  (text) => text.replace(/,/g, ';'),
  (text) => text.repeat(Math.ceil(300 / (text.length + 1))),
  (text) => text.slice(0, -1),
  (text) => `"${text}"`,
  () => '',
  () => reference('OPENAI_API_KEY'),
];

/** A statement that sets a name; what compose would read as more than a value is quoted, but for references. */
function statement(name: string, text: string): string {
  if (/^[^\s'"#$\\]*$/.test(text) || /^[^'"\n]*\$\{[A-Z_]+\}$/.test(text)) return `${name}=${text}`;
  return text.includes("'") ? `${name}="${text.replace(/["\\$`]/g, '\\$&')}"` : `${name}='${text}'`;
}

const rows = [...variables.values()];

/** Those that other checks depend on: drawn twice as often as the variables that containers read alone. */
const settings = rows.map(({ name }) => name).filter((name) => /^JUNJO_(K8S|ENV|PROD|HOST|ALLOW)/.test(name));

/** What each variable may hold, of the samples. */
export const sound = new Map(
  rows.map(({ name, type }) => [name, samples.filter((text) => text !== '' && !('problem' in type.parse(text)))]),
);

/** A line about any variable: sound, or made wrong, or of another type, or misspelt. */
const anyLine: fc.Arbitrary<string> = fc
  .record({
    name: fc.oneof(fc.constantFrom(...rows.map(({ name }) => name)), fc.constantFrom(...settings)),
    pick: fc.nat(),
    any: value,
    mutate: fc.constantFrom(...mutations),
    kind: fc.constantFrom('sound', 'sound', 'sound', 'mutated', 'mutated', 'other', 'misspelt'),
  })
  .map(({ name, pick, any, mutate, kind }) => {
    const own = sound.get(name) ?? [];
    const text = own[pick % own.length] ?? any;
    if (kind === 'misspelt') return statement(name.slice(0, 8) + name.slice(9), text);
    return statement(name, kind === 'mutated' ? mutate(text) : kind === 'other' ? any : text);
  });

const oneOf = (...alternatives: readonly string[]) => fc.constantFrom(...alternatives.map((text) => text.split(' ')));

/** A sound studio, in every combination of release, mode, edge, spans, storage, backup and secrets; `host` ends its host names. */
function soundStudio(host: string): fc.Arbitrary<readonly string[]> {
  const edge = oneOf(
    ...['', 'JUNJO_K8S_GATEWAY=class:envoy', 'JUNJO_K8S_GATEWAY=gateway/edge'],
    ...Object.keys(ingressControllers).map((name) => `JUNJO_K8S_INGRESS_CLASS=${name}`),
  );
  const certificate = oneOf('', '', 'JUNJO_K8S_TLS_SECRET=tls', 'JUNJO_K8S_CLUSTER_ISSUER=dns');
  const storage = oneOf(
    ...['', '', 'JUNJO_HOST_DB_DATA_PATH=/mnt/data JUNJO_K8S_NODE=worker-1', 'JUNJO_K8S_EXISTING_CLAIM=claim'],
    'JUNJO_K8S_STORAGE_CLASS=fast',
  );
  const repository = 'JUNJO_K8S_BACKUP_REPOSITORY=repository';
  const backup = oneOf('', '', 'JUNJO_K8S_BACKUP=velero', `JUNJO_K8S_BACKUP=volsync ${repository}`);
  const source = oneOf(
    ...['', '', '', 'JUNJO_K8S_SECRETS=existing'],
    'JUNJO_K8S_SECRETS=external JUNJO_K8S_SECRET_STORE=SecretStore/vault',
    'JUNJO_K8S_SECRETS=sealed JUNJO_K8S_SEALING_CERT=sealing-cert.pem',
  );
  const gitRepository = 'JUNJO_K8S_GIT_REPO=https://git.example.com/team/studio.git';
  const git = oneOf('', gitRepository, `JUNJO_K8S_GITOPS=flux ${gitRepository}`);
  const intake = oneOf(
    ...['', '', 'JUNJO_K8S_INTAKE=true'],
    'JUNJO_K8S_INTAKE=true JUNJO_K8S_INTAKE_KEYS=keys JUNJO_K8S_INTAKE_STORAGE_SIZE=1Gi',
  );
  return fc
    .record({
      production: fc.boolean(),
      release: fc.constantFrom(...releaseLines.flatMap((line) => line.tags.map((tag) => ({ line, tag })))),
      spans: fc.constantFrom(
        'https://spans.HOST',
        'https://ui.HOST:PORT',
        'http://spans.HOST:PORT',
        'http://10.0.0.7:PORT',
      ),
      parts: fc.tuple(storage, backup, source, git, intake),
      edges: fc.tuple(edge, certificate),
      secrets: fc.array(secret, { minLength: 4, maxLength: 4 }),
      hasKey: fc.boolean(),
    })
    .map(({ production, release: { line, tag }, spans, parts, edges, secrets, hasKey }) => {
      const chosen = parts.flat();
      const inFile = !chosen.some((text) => /^JUNJO_K8S_SECRETS=ex/.test(text));
      const required = variablesOf(line).filter(
        ({ secret: is, required, readers }) => is && required && readers?.length,
      );
      const spansUrl = spans.replace('HOST', host).replace('PORT', String(line.ports.ingestion.otlp));
      const addresses = [
        `FRONTEND_URL=https://ui.${host}`,
        `BACKEND_URL=https://api.${host}`,
        `INGESTION_URL=${spansUrl}`,
      ];
      return [
        `JUNJO_ENV=${production ? 'production' : 'development'}`,
        ...(tag === defaultTag ? [] : [`JUNJO_K8S_RELEASE=${tag}`]),
        ...(inFile ? required.map(({ name }, index) => statement(name, secrets[index] ?? '')) : []),
        ...(inFile && hasKey ? [`OPENAI_API_KEY=sk-${secrets[3]?.replace(/\W/g, 'x')}`] : []),
        ...(production ? [...addresses.map((each) => `JUNJO_PROD_${each}`), ...edges.flat()] : []),
        ...chosen,
      ].filter((text) => text !== '');
    });
}

/** A sound studio, with a few lines replaced, added or left out. */
function envFile(path: string, host: string): fc.Arbitrary<EnvFile> {
  return fc
    .record({
      sound: soundStudio(host),
      changes: fc.oneof(fc.array(anyLine, { maxLength: 2 }), fc.array(anyLine, { maxLength: 6 })),
      left: fc.constantFrom(...Array.from({ length: 40 }, (_, index) => index)),
      replaces: fc.boolean(),
    })
    .map(({ sound, changes, left, replaces }) => {
      const names = changes.map(nameOf);
      const kept = sound.filter((line, index) => index !== left && !(replaces && names.includes(nameOf(line))));
      return { path, statements: [...kept, ...changes] };
    });
}

const KINDS =
  'Deployment Service ConfigMap NetworkPolicy Ingress PersistentVolumeClaim Namespace Secret HTTPRoute .*'.split(' ');
const KEYS =
  'metadata spec data labels annotations template replicas containers ports ingress selector type strategy name resources volumes env egress storageClassName'.split(
    ' ',
  );
const leaf = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, '', 'LoadBalancer', [], [{}], {}, [null], 'x'),
  fc.jsonValue({ maxDepth: 2 }),
);
const fields = fc
  .tuple(fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 5 }), leaf)
  .map(([path, end]) => path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), end));
const patchFile = fc
  .array(
    fc.record({
      target: fc.record({ kind: fc.constantFrom(...KINDS), name: fc.constantFrom('.*', '.*-backend', '.*-ingestion') }),
      patch: fields,
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((patches) => `{"patches": [\n${patches.map((patch) => JSON.stringify(patch)).join(',\n')}\n]}\n`);

const single: fc.Arbitrary<Case> = envFile('.env', 'example.com').map((file) => ({ studios: [{ file }] }));

const patched: fc.Arbitrary<Case> = fc.tuple(envFile('.env', 'example.com'), patchFile).map(([file, patches]) => {
  const statements = [...file.statements, `JUNJO_K8S_PATCHES=${PATCHES}`];
  return { studios: [{ file: { ...file, statements } }], patches };
});

const several: fc.Arbitrary<Case> = fc
  .tuple(
    fc.tuple(...['a', 'b', 'c'].map((name) => envFile(`studios/${name}.env`, `${name}.example.com`))),
    fc.integer({ min: 2, max: 3 }),
    fc.option(fc.array(anyLine, { maxLength: 2 })),
  )
  .map(([files, count, lines]) => ({
    studios: files.slice(0, count).map((file) => ({ folder: file.path.replace(/^studios\/|\.env$/g, ''), file })),
    ...(lines && { shared: { path: 'shared.env', statements: lines } }),
  }));

/** Any studios: most of them single, some with patches, some several. */
export const cases: fc.Arbitrary<Case> = fc.oneof(
  { weight: 6, arbitrary: single },
  { weight: 2, arbitrary: patched },
  { weight: 2, arbitrary: several },
);
