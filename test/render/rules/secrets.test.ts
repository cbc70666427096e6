import { noInlineValues } from '../../../render/rules/no-inline-values';
import { secretsKeyByKey } from '../../../render/rules/secrets-key-by-key';
import { secretsNowhereElse } from '../../../render/rules/secrets-nowhere-else';
import { makeCertificate } from '../../support/certificate';
import { lets, refuses, SpoiltStudio, workload } from '../../support/rules';
import { type Manifest, production, type Settings } from '../../support/studio';

const CONTAINER = 'Deployment junjo-ai-studio-backend, container backend';
const SECRET = 'junjo-ai-studio-secrets';
const volume = (studio: SpoiltStudio, source: object) =>
  studio.pod('frontend').volumes.push({ name: 'more', ...source });
const variable = (studio: SpoiltStudio, more: object) => studio.container('backend').env.push(more);

refuses(secretsKeyByKey, [
  [
    'a Secret that a container gets whole',
    (s) => s.container('backend').envFrom.push({ secretRef: { name: SECRET } }),
    `${CONTAINER}: envFrom reads a whole Secret: read single keys with env`,
  ],
  [
    'a Secret that is mounted whole',
    (s) => volume(s, { secret: { secretName: SECRET } }),
    'Deployment junjo-ai-studio-frontend: the volume more mounts a whole Secret: name its keys in items',
  ],
  [
    'a Secret that is projected whole',
    (s) => volume(s, { projected: { sources: [{ configMap: { name: 'a' } }, { secret: { name: SECRET } }] } }),
    'Deployment junjo-ai-studio-frontend: the volume more mounts a whole Secret: name its keys in items',
  ],
  [
    'a key that the Secret has not',
    (s) => variable(s, { name: 'A', valueFrom: { secretKeyRef: { name: SECRET, key: 'NONE' } } }),
    `${CONTAINER}: A is the key NONE of the Secret ${SECRET}, which has no such key`,
  ],
]);

lets(secretsKeyByKey, [
  [
    'the keys of a mounted Secret, by name',
    (s) => volume(s, { secret: { secretName: SECRET, items: [{ key: 'OPENAI_API_KEY', path: 'key' }] } }),
  ],
  [
    'a key that may be missing',
    (s) => variable(s, { name: 'A', valueFrom: { secretKeyRef: { name: SECRET, key: 'NONE', optional: true } } }),
  ],
  [
    'a key of a Secret that somebody else keeps',
    (s) => variable(s, { name: 'A', valueFrom: { secretKeyRef: { name: 'theirs', key: 'ANY' } } }),
  ],
]);

const { pem } = makeCertificate();
const withoutSecrets = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
const sources: readonly (readonly [kind: string, settings: Settings])[] = [
  ['SealedSecret', production({ JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: 'cert.pem' })],
  [
    'ExternalSecret',
    production({ ...withoutSecrets, JUNJO_K8S_SECRETS: 'external', JUNJO_K8S_SECRET_STORE: 'SecretStore/vault' }),
  ],
];
test.each(sources)('the rule secrets-key-by-key refuses a key that a %s does not bring', (_, settings) => {
  const studio = new SpoiltStudio(settings, { readFile: (path) => (path === 'cert.pem' ? pem : undefined) });
  expect(studio.broken(secretsKeyByKey)).toEqual([]);
  variable(studio, { name: 'A', valueFrom: { secretKeyRef: { name: SECRET, key: 'NONE' } } });
  expect(studio.broken(secretsKeyByKey)).toEqual([
    `${CONTAINER}: A is the key NONE of the Secret ${SECRET}, which has no such key`,
  ]);
});

const encoded = (studio: SpoiltStudio): string => studio.get('Secret', 'secrets').data.JUNJO_SESSION_SECRET;
const plain = (studio: SpoiltStudio) => Buffer.from(encoded(studio), 'base64').toString();
const extra = (spoil: (manifest: Manifest) => void) => {
  const manifest = workload('Deployment');
  spoil(manifest);
  return manifest;
};

refuses(secretsNowhereElse, [
  [
    'a secret in a ConfigMap',
    (s) => Object.assign(s.get('ConfigMap', 'backend-settings').data, { KEY: plain(s) }),
    'ConfigMap junjo-ai-studio-backend-settings: data.KEY contains the value of the secret JUNJO_SESSION_SECRET',
  ],
  [
    'a secret inside of a longer text',
    (s) => Object.assign(s.get('ConfigMap', 'backend-settings').data, { URL: `https://user:${plain(s)}@host` }),
    'ConfigMap junjo-ai-studio-backend-settings: data.URL contains the value of the secret JUNJO_SESSION_SECRET',
  ],
  [
    'a secret in base64 in an annotation',
    (s) => s.add(extra(({ metadata }) => Object.assign(metadata, { annotations: { a: encoded(s) } }))),
    'Deployment junjo-ai-studio-extra: metadata.annotations.a contains the value of the secret JUNJO_SESSION_SECRET',
  ],
  [
    'a secret in the environment',
    (s) =>
      s.add(
        extra(({ spec }) => Object.assign(spec.template.spec.containers[0], { env: [{ name: 'A', value: plain(s) }] })),
      ),
    'Deployment junjo-ai-studio-extra: spec.template.spec.containers.0.env.0.value contains the value of the secret JUNJO_SESSION_SECRET',
  ],
  [
    'a Secret in a file that is committed',
    (s) => s.add({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'more' } }, '90-more.k8s.yaml'),
    'Secret more: is in 90-more.k8s.yaml, but only Secrets belong in a file whose name ends in secrets.k8s.yaml, and all of them do',
  ],
  [
    'something else in the file that is not committed',
    (s) => s.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'more' } }, '30-secrets.k8s.yaml'),
    'ConfigMap more: is in 30-secrets.k8s.yaml, but only Secrets belong in a file whose name ends in secrets.k8s.yaml, and all of them do',
  ],
]);

refuses(noInlineValues, [
  [
    'a reference in a value',
    (s) => variable(s, { name: 'A', value: 'http://$(HOST)/' }),
    `${CONTAINER}: the value of A contains $(…), which Kubernetes expands`,
  ],
  [
    'a setting beside the env file',
    (s) => variable(s, { name: 'JUNJO_PROD_FRONTEND_URL', value: 'https://other.example.com' }),
    `${CONTAINER}: JUNJO_PROD_FRONTEND_URL is a setting: set it in the env file`,
  ],
  [
    'a secret beside the env file',
    (s) => variable(s, { name: 'OPENAI_API_KEY', value: 'none' }),
    `${CONTAINER}: OPENAI_API_KEY is a setting: set it in the env file`,
  ],
  [
    'a reference in a command',
    (s) => Object.assign(s.container('backend'), { command: ['sh', '-c', 'echo $(HOME)'] }),
    `${CONTAINER}: command contains $(…), which Kubernetes expands: double the dollar sign`,
  ],
  [
    'a reference in arguments, after dollar signs that mean themselves',
    (s) => Object.assign(s.container('backend'), { args: ['$$$(HOME)'] }),
    `${CONTAINER}: args contains $(…), which Kubernetes expands: double the dollar sign`,
  ],
]);

lets(noInlineValues, [
  ['a variable of somebody else', (s) => variable(s, { name: 'TZ', value: 'Europe/Berlin' })],
  [
    'a doubled dollar sign',
    (s) => Object.assign(s.container('backend'), { args: ['$$(date)', '$HOME', '$$$$(date)'] }),
  ],
  [
    'the key of a Secret',
    (s) =>
      variable(s, { name: 'GEMINI_API_KEY', valueFrom: { secretKeyRef: { name: SECRET, key: 'OPENAI_API_KEY' } } }),
  ],
]);
