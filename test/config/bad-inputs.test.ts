import { randomBytes } from 'node:crypto';
import { development, envText, freshSecret, problemsOf, production, type Settings } from '../support/studio';

/** What the bad lines come on top of: they are the first lines of the file, and replace what the base sets. */
const bases = { development, production };

interface BadInput {
  readonly base: keyof typeof bases;
  /** Lines of the env file, as a person would write them. */
  readonly lines: readonly string[];
  /** Variables of the base to take out. */
  readonly without?: readonly string[];
  /** Everything that is printed. */
  readonly prints: readonly string[];
}

const KEY = 'Generate one: openssl rand -base64 32';
const URL_FORM = 'Write it as https://host.example.com';
const ORIGIN_FORM = 'Write scheme and host: https://studio.example.com';
const bytes = (count: number) => Buffer.alloc(count, 7).toString('base64');
const dev = (line: string, ...prints: string[]): BadInput => ({ base: 'development', lines: [line], prints });
const prod = (line: string, ...prints: string[]): BadInput => ({ base: 'production', lines: [line], prints });
const missing = (base: keyof typeof bases, name: string, print: string): BadInput => {
  return { base, lines: [], without: [name], prints: [print] };
};

const badInputs: readonly BadInput[] = [
  // Environment
  missing('development', 'JUNJO_ENV', '.env JUNJO_ENV: is missing. Set JUNJO_ENV to one of: development, production'),
  dev('JUNJO_ENV=', '.env:1 JUNJO_ENV: is empty. Set JUNJO_ENV to one of: development, production'),
  dev('JUNJO_ENV=staging', '.env:1 JUNJO_ENV: must be one of: development, production'),
  dev('JUNJO_ENV=Production', '.env:1 JUNJO_ENV: must be written in lower case: production'),
  dev('JUNJO_BUILD_TARGET=prod', '.env:1 JUNJO_BUILD_TARGET: must be one of: development, production'),
  {
    ...prod('JUNJO_BUILD_TARGET=development'),
    prints: [
      '.env:1 JUNJO_BUILD_TARGET: runs hot-reloading images as root, which is not safe in production. Set JUNJO_BUILD_TARGET=production',
    ],
  },

  // Secrets
  missing('development', 'JUNJO_SESSION_SECRET', `.env JUNJO_SESSION_SECRET: is missing. ${KEY}`),
  missing('production', 'JUNJO_SECURE_COOKIE_KEY', `.env JUNJO_SECURE_COOKIE_KEY: is missing. ${KEY}`),
  dev('JUNJO_SESSION_SECRET=', `.env:1 JUNJO_SESSION_SECRET: is empty. ${KEY}`),
  dev('JUNJO_SESSION_SECRET=your_base64_secret_here', `.env:1 JUNJO_SESSION_SECRET: still holds a placeholder. ${KEY}`),
  dev('JUNJO_SESSION_SECRET=changeme', `.env:1 JUNJO_SESSION_SECRET: still holds a placeholder. ${KEY}`),
  dev(
    'JUNJO_SESSION_SECRET=correct-horse',
    `.env:1 JUNJO_SESSION_SECRET: is shorter than 32 characters and could be guessed. ${KEY}`,
  ),
  dev(
    `JUNJO_SESSION_SECRET="${bytes(32)}\\n"`,
    `.env:1 JUNJO_SESSION_SECRET: contains a line break or another control character. ${KEY}`,
  ),
  dev(
    'JUNJO_SECURE_COOKIE_KEY=your_base64_key_here',
    `.env:1 JUNJO_SECURE_COOKIE_KEY: still holds a placeholder. ${KEY}`,
  ),
  dev('JUNJO_SECURE_COOKIE_KEY=<generate me>', `.env:1 JUNJO_SECURE_COOKIE_KEY: still holds a placeholder. ${KEY}`),
  dev(
    `JUNJO_SECURE_COOKIE_KEY=${bytes(24)}`,
    `.env:1 JUNJO_SECURE_COOKIE_KEY: decodes to 24 bytes, but the backend needs exactly 32. ${KEY}`,
  ),
  dev(
    `JUNJO_SECURE_COOKIE_KEY=${bytes(33)}`,
    `.env:1 JUNJO_SECURE_COOKIE_KEY: decodes to 33 bytes, but the backend needs exactly 32. ${KEY}`,
  ),
  dev(`JUNJO_SECURE_COOKIE_KEY=${bytes(32).replace('=', '')}`, `.env:1 JUNJO_SECURE_COOKIE_KEY: is not base64. ${KEY}`),
  dev('JUNJO_SECURE_COOKIE_KEY=violins and umbrellas', `.env:1 JUNJO_SECURE_COOKIE_KEY: is not base64. ${KEY}`),
  dev(
    `JUNJO_SECURE_COOKIE_KEY=${Buffer.alloc(32, 255).toString('base64url')}=`,
    `.env:1 JUNJO_SECURE_COOKIE_KEY: uses the URL-safe alphabet (- and _), which the backend does not decode. ${KEY}`,
  ),
  dev(
    'OPENAI_API_KEY=your_openai_api_key',
    'warning: .env:1 OPENAI_API_KEY: still holds a placeholder, so it is left out. Set it, or remove the line',
  ),
  dev('GEMINI_API_KEY=', 'warning: .env:1 GEMINI_API_KEY: is empty, so it is left out. Set it, or remove the line'),
  dev(
    'ANTHROPIC_API_KEY="two words"',
    '.env:1 ANTHROPIC_API_KEY: contains white space. Copy the key again, on one line',
  ),

  // Addresses
  missing(
    'production',
    'JUNJO_PROD_FRONTEND_URL',
    '.env JUNJO_PROD_FRONTEND_URL: is missing. Set it to the address of the UI in production. Example: https://studio.example.com',
  ),
  missing(
    'production',
    'JUNJO_PROD_BACKEND_URL',
    '.env JUNJO_PROD_BACKEND_URL: is missing. Set it to the address of the API in production: another host of the same registrable domain as the UI. Releases that serve UI and API under one host ignore it. Example: https://api.example.com',
  ),
  missing(
    'production',
    'JUNJO_PROD_INGESTION_URL',
    '.env JUNJO_PROD_INGESTION_URL: is missing. Set it to the address to which applications send spans in production. Its form decides how spans reach the studio (docs/edge.md). Example: https://spans.example.com',
  ),
  prod(
    'JUNJO_PROD_FRONTEND_URL=http://studio.example.com',
    '.env:1 JUNJO_PROD_FRONTEND_URL: must start with https://, not http://, because browsers send the session cookie only over HTTPS',
  ),
  prod(
    'JUNJO_PROD_FRONTEND_URL=studio.example.com',
    `.env:1 JUNJO_PROD_FRONTEND_URL: is not a URL; start it with https://. ${URL_FORM}`,
  ),
  prod(
    'JUNJO_PROD_FRONTEND_URL=https://studio.example.com/ui',
    `.env:1 JUNJO_PROD_FRONTEND_URL: has a path, but the studio is served at the root of its host. ${URL_FORM}`,
  ),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://api.example.com/',
    '.env:1 JUNJO_PROD_BACKEND_URL: ends with a slash. Remove the slash',
  ),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://admin:hunter2@api.example.com',
    `.env:1 JUNJO_PROD_BACKEND_URL: contains credentials, which would end up in committed files. Remove them`,
  ),
  prod('JUNJO_PROD_BACKEND_URL=https://api.example.com?x=1', `.env:1 JUNJO_PROD_BACKEND_URL: has a query. ${URL_FORM}`),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://api.example.com#x',
    `.env:1 JUNJO_PROD_BACKEND_URL: has a fragment. ${URL_FORM}`,
  ),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://api.example.com, https://x',
    `.env:1 JUNJO_PROD_BACKEND_URL: contains a character that host names do not allow. ${URL_FORM}`,
  ),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://api.example.com:8443',
    '.env:1 JUNJO_PROD_BACKEND_URL: has a port, but the edge serves HTTPS only on 443. Remove :8443',
  ),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://api.example.com:99999',
    `.env:1 JUNJO_PROD_BACKEND_URL: is not a URL. ${URL_FORM}`,
  ),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://localhost',
    `.env:1 JUNJO_PROD_BACKEND_URL: is localhost, which in production is each visitor's own machine. ${URL_FORM}`,
  ),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://10.0.0.7',
    `.env:1 JUNJO_PROD_BACKEND_URL: is an IP address, but certificates and cookies need a host name. ${URL_FORM}`,
  ),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://api_1.example.com',
    `.env:1 JUNJO_PROD_BACKEND_URL: has a host that DNS does not allow. ${URL_FORM}`,
  ),
  prod('JUNJO_PROD_BACKEND_URL=https://api', `.env:1 JUNJO_PROD_BACKEND_URL: has a host without a domain. ${URL_FORM}`),
  prod(
    'JUNJO_PROD_FRONTEND_URL=https://Studio.example.com',
    '.env:1 JUNJO_PROD_FRONTEND_URL: has a host that browsers write differently, so origins would not match. Write the host as studio.example.com',
  ),
  prod(
    'JUNJO_PROD_FRONTEND_URL=https://bücher.example.com',
    '.env:1 JUNJO_PROD_FRONTEND_URL: has a host that browsers write differently, so origins would not match. Write the host as xn--bcher-kva.example.com',
  ),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://studio.example.com',
    '.env:1 JUNJO_PROD_BACKEND_URL: has the same host as JUNJO_PROD_FRONTEND_URL. Use two hosts, for example studio.studio.example.com and api.studio.example.com',
  ),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://api.example.org',
    '.env:1 JUNJO_PROD_BACKEND_URL: is not on the same site as JUNJO_PROD_FRONTEND_URL: studio.example.com belongs to example.com, but api.example.org belongs to example.org. So the browser does not send the session cookie. Use two hosts of one domain that you own',
  ),
  {
    base: 'production',
    lines: ['JUNJO_PROD_FRONTEND_URL=https://ui.a.run.app', 'JUNJO_PROD_BACKEND_URL=https://api.b.run.app'],
    prints: [
      '.env:2 JUNJO_PROD_BACKEND_URL: is not on the same site as JUNJO_PROD_FRONTEND_URL: ui.a.run.app belongs to ui.a.run.app, but api.b.run.app belongs to api.b.run.app. So the browser does not send the session cookie. Use two hosts of one domain that you own',
    ],
  },
  {
    base: 'production',
    lines: ['JUNJO_PROD_FRONTEND_URL=https://team.github.io', 'JUNJO_PROD_BACKEND_URL=https://api.github.io'],
    prints: [
      '.env:2 JUNJO_PROD_BACKEND_URL: is not on the same site as JUNJO_PROD_FRONTEND_URL: team.github.io belongs to team.github.io, but api.github.io belongs to api.github.io. So the browser does not send the session cookie. Use two hosts of one domain that you own',
    ],
  },
  {
    base: 'production',
    lines: ['JUNJO_PROD_FRONTEND_URL=https://github.io', 'JUNJO_PROD_BACKEND_URL=https://api.github.io'],
    prints: [
      '.env:2 JUNJO_PROD_BACKEND_URL: is not on the same site as JUNJO_PROD_FRONTEND_URL: github.io is a public suffix, but api.github.io belongs to api.github.io. So the browser does not send the session cookie. Use two hosts of one domain that you own',
    ],
  },
  prod(
    'JUNJO_PROD_INGESTION_URL=grpc://spans.example.com',
    '.env:1 JUNJO_PROD_INGESTION_URL: must start with https:// or http://, not grpc://',
  ),
  prod(
    'JUNJO_PROD_INGESTION_URL=https://spans.example.com/v1/traces',
    `.env:1 JUNJO_PROD_INGESTION_URL: has a path, but the studio is served at the root of its host. ${URL_FORM}`,
  ),
  prod(
    'JUNJO_PROD_INGESTION_URL=https://api.example.com',
    '.env:1 JUNJO_PROD_INGESTION_URL: has the same host as JUNJO_PROD_BACKEND_URL. Give spans a separate host, for example https://spans.example.com',
  ),

  prod(
    'JUNJO_PROD_FRONTEND_URL=HTTPS://studio.example.com',
    '.env:1 JUNJO_PROD_FRONTEND_URL: starts with HTTPS://, but the backend accepts only lower case. Write https://studio.example.com',
  ),
  prod(
    'JUNJO_PROD_INGESTION_URL=Https://spans.example.com:50051',
    '.env:1 JUNJO_PROD_INGESTION_URL: starts with Https://, but the backend accepts only lower case. Write https://spans.example.com:50051',
  ),
  prod(
    'JUNJO_PROD_BACKEND_URL=https://api.example.com.',
    '.env:1 JUNJO_PROD_BACKEND_URL: has a host that ends with a dot, which certificates do not match. Remove the dot',
  ),
  prod(
    `JUNJO_PROD_BACKEND_URL=https://${'a'.repeat(64)}.example.com`,
    '.env:1 JUNJO_PROD_BACKEND_URL: has a host with a label of 64 characters, but DNS allows 63. Shorten it',
  ),
  prod(
    `JUNJO_PROD_BACKEND_URL=https://${`${'a'.repeat(60)}.`.repeat(4)}example.com`,
    '.env:1 JUNJO_PROD_BACKEND_URL: has a host of 255 characters, but DNS allows 253. Shorten it',
  ),
  ...['localhost', 'me.localhost'].map((host) =>
    prod(
      `JUNJO_PROD_INGESTION_URL=http://${host}:50051`,
      `.env:1 JUNJO_PROD_INGESTION_URL: is localhost, which in production is each visitor's own machine. ${URL_FORM}`,
    ),
  ),
  ...[
    ['127.0.0.1', '127.0.0.1'],
    ['127.8.9.1', '127.8.9.1'],
    ['127.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['0x7f000001', '127.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['0', '0.0.0.0'],
    ['[::1]', '[::1]'],
    ['[0:0:0:0:0:0:0:1]', '[::1]'],
    ['[::]', '[::]'],
    ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]'],
  ].map(([host, canonical]) =>
    prod(
      `JUNJO_PROD_INGESTION_URL=http://${host}:50051`,
      `.env:1 JUNJO_PROD_INGESTION_URL: is ${canonical}, which in production is each visitor's own machine. ${URL_FORM}`,
    ),
  ),
  prod(
    'JUNJO_PROD_INGESTION_URL=http://10.1:50051',
    '.env:1 JUNJO_PROD_INGESTION_URL: has a host that browsers write differently, so origins would not match. Write the host as 10.0.0.1',
  ),
  ...['-0', '+5', '1e3', '0x10', '٣', '1_0', '1.0', '" 5"'].map((value) =>
    dev(`SPAN_POLL_INTERVAL=${value}`, '.env:1 SPAN_POLL_INTERVAL: must be an integer from 1 to 3600'),
  ),
  dev(
    'JUNJO_K8S_LABELS=constructor=a',
    '.env:1 JUNJO_K8S_LABELS: constructor is a key that cdk8s cannot write. Use another one, such as example.com/constructor',
  ),
  dev(
    'JUNJO_K8S_ANNOTATIONS={"constructor":"a"}',
    '.env:1 JUNJO_K8S_ANNOTATIONS: constructor is a key that cdk8s cannot write. Use another one, such as example.com/constructor',
  ),
  dev(
    'JUNJO_K8S_NODE_SELECTOR=disktype=ssd,constructor=a',
    '.env:1 JUNJO_K8S_NODE_SELECTOR: constructor is a key that cdk8s cannot write. Use another one, such as example.com/constructor',
  ),

  // Origins
  prod(
    'JUNJO_ALLOW_ORIGINS=*',
    '.env:1 JUNJO_ALLOW_ORIGINS: contains *, which browsers refuse for requests with cookies. Name each origin',
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=https://*.example.com,https://studio.example.com',
    '.env:1 JUNJO_ALLOW_ORIGINS: contains *, which browsers refuse for requests with cookies. Name each origin',
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=https://studio.example.com/',
    '.env:1 JUNJO_ALLOW_ORIGINS: contains "https://studio.example.com/" with a slash at the end, which browsers do not send. Write https://studio.example.com',
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=https://studio.example.com/ui',
    '.env:1 JUNJO_ALLOW_ORIGINS: contains "https://studio.example.com/ui", which browsers do not send as an origin. Write https://studio.example.com',
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=https://studio.example.com:443',
    '.env:1 JUNJO_ALLOW_ORIGINS: contains "https://studio.example.com:443", which browsers do not send as an origin. Write https://studio.example.com',
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=https://studio.example.com,http://other.example.com',
    '.env:1 JUNJO_ALLOW_ORIGINS: contains http://other.example.com, but in production origins must start with https://',
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=https://other.example.com',
    '.env:1 JUNJO_ALLOW_ORIGINS: does not contain https://studio.example.com, the origin of the UI, so the UI cannot call the API. Add it',
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=http://localhost:5151,http://localhost:5153',
    '.env:1 JUNJO_ALLOW_ORIGINS: contains http://localhost:5151, which is left over from development. Remove it',
    '.env:1 JUNJO_ALLOW_ORIGINS: contains http://localhost:5153, which is left over from development. Remove it',
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=https://studio.example.com,',
    '.env:1 JUNJO_ALLOW_ORIGINS: has an empty origin. Remove the extra comma',
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=https://studio.example.com,,',
    '.env:1 JUNJO_ALLOW_ORIGINS: has an empty origin. Remove the extra comma',
  ),
  prod(
    `JUNJO_ALLOW_ORIGINS='https://studio.example.com/v1"'`,
    `.env:1 JUNJO_ALLOW_ORIGINS: contains "https://studio.example.com/v1"", which is not an origin. ${ORIGIN_FORM}`,
  ),
  ...['JUNJO_K8S_LABELS', 'JUNJO_K8S_ANNOTATIONS', 'JUNJO_K8S_NODE_SELECTOR', 'JUNJO_K8S_TOLERATIONS'].map((name) =>
    dev(`${name}==x`, `.env:1 ${name}: has an entry without a key. Write it as key=value`),
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=studio.example.com',
    `.env:1 JUNJO_ALLOW_ORIGINS: contains "studio.example.com", which is not an origin. ${ORIGIN_FORM}`,
  ),
  prod(
    `JUNJO_ALLOW_ORIGINS='["https://studio.example.com"'`,
    '.env:1 JUNJO_ALLOW_ORIGINS: starts like a JSON array but cannot be parsed. Write origins with commas between them: https://studio.example.com,https://other.example.com',
  ),
  prod(
    `JUNJO_ALLOW_ORIGINS='[1]'`,
    '.env:1 JUNJO_ALLOW_ORIGINS: is JSON, but not an array of strings. Write origins with commas between them: https://studio.example.com,https://other.example.com',
  ),
  dev(
    'JUNJO_ALLOW_ORIGINS=http://localhost:5151',
    '.env:1 JUNJO_ALLOW_ORIGINS: does not contain http://localhost:5153, the origin of the UI, so the UI cannot call the API. Add it',
  ),

  // Ports and names
  dev('JUNJO_BACKEND_PORT=http', '.env:1 JUNJO_BACKEND_PORT: must be an integer from 1 to 65535'),
  dev('JUNJO_BACKEND_PORT=1323.5', '.env:1 JUNJO_BACKEND_PORT: must be an integer from 1 to 65535'),
  dev(
    'INGESTION_PORT=tcp://10.0.0.1:50052',
    'note: .env:1 INGESTION_PORT: has no effect: the manifests set it (the internal gRPC port of the release)',
    '.env:1 INGESTION_PORT: must be an integer from 1 to 65535',
  ),
  dev(
    'BACKEND_GRPC_PORT=0',
    'note: .env:1 BACKEND_GRPC_PORT: has no effect: the manifests set it (the internal gRPC port of the release)',
    '.env:1 BACKEND_GRPC_PORT: must be an integer from 1 to 65535',
  ),
  dev(
    'GRPC_PORT=50051',
    '.env:1 GRPC_PORT: is the internal port for the backend but the public port for ingestion, so one value breaks one of them. Remove the line',
  ),
  dev('JUNJO_LOG_LEVEL=verbose', '.env:1 JUNJO_LOG_LEVEL: must be one of: debug, info, warn, error'),
  dev('JUNJO_LOG_FORMAT=pretty', '.env:1 JUNJO_LOG_FORMAT: must be one of: json, text'),
  dev(
    'JUNJO_SESION_SECRET=x',
    '.env:1 JUNJO_SESION_SECRET: is not a variable of Junjo AI Studio. Did you mean JUNJO_SESSION_SECRET?',
  ),
  dev(
    'JUNJO_K8S_STORAGE=10Gi',
    '.env:1 JUNJO_K8S_STORAGE: is not a variable of Junjo AI Studio. Did you mean JUNJO_K8S_STORAGE_SIZE?',
  ),
  dev(
    'JUNJO_SOMETHING_ELSE_ALTOGETHER=1',
    '.env:1 JUNJO_SOMETHING_ELSE_ALTOGETHER: is not a variable of Junjo AI Studio. Remove it, or correct its name (docs/variables.md lists all names)',
  ),
  dev('SPAN_POLL_INTERVAL=0', '.env:1 SPAN_POLL_INTERVAL: must be an integer from 1 to 3600'),
  dev('SPAN_BATCH_SIZE=10001', '.env:1 SPAN_BATCH_SIZE: must be an integer from 1 to 10000'),
  dev('SPAN_STRICT_MODE=maybe', '.env:1 SPAN_STRICT_MODE: must be one of: true, false'),

  // Kubernetes
  dev(
    'JUNJO_K8S_NAME=My_Studio',
    '.env:1 JUNJO_K8S_NAME: must be at most 63 lower-case letters, digits or dashes, and start and end with a letter or digit',
  ),
  dev(
    `JUNJO_K8S_NAMESPACE=${'a'.repeat(64)}`,
    '.env:1 JUNJO_K8S_NAMESPACE: must be at most 63 lower-case letters, digits or dashes, and start and end with a letter or digit',
  ),
  dev(
    'JUNJO_K8S_NAMESPACE=kube-system',
    '.env:1 JUNJO_K8S_NAMESPACE: kube-system belongs to the cluster, but the studio needs its own namespace. Choose another name',
  ),
  dev(
    'JUNJO_K8S_NAMESPACE=argocd',
    '.env:1 JUNJO_K8S_NAMESPACE: argocd belongs to Argo CD, but the studio needs its own namespace. Choose another name',
  ),
  dev(
    'JUNJO_K8S_NAME=default',
    '.env:1 JUNJO_K8S_NAME: default belongs to the cluster, but the studio needs its own namespace. Choose another name',
  ),
  dev('JUNJO_K8S_SIZE=huge', '.env:1 JUNJO_K8S_SIZE: must be one of: small, medium, large'),
  dev('JUNJO_K8S_FRONTEND_REPLICAS=0', '.env:1 JUNJO_K8S_FRONTEND_REPLICAS: must be an integer from 1 to 20'),
  dev(
    'JUNJO_K8S_IMAGE_REGISTRY=https://registry.example.com',
    '.env:1 JUNJO_K8S_IMAGE_REGISTRY: must not start with a scheme. Write only host and path, for example registry.example.com/mirror',
  ),
  dev(
    'JUNJO_K8S_IMAGE_REGISTRY=registry.example.com/',
    '.env:1 JUNJO_K8S_IMAGE_REGISTRY: is not a registry. Write host, port and path without a slash at the end, for example registry.example.com/mirror',
  ),
  dev(
    'JUNJO_K8S_BACKEND_IMAGE=Registry/Backend:1 2',
    '.env:1 JUNJO_K8S_BACKEND_IMAGE: is not an image reference. Write it as registry.example.com/name:tag or name@sha256:<64 hex digits>',
  ),
  dev(
    'JUNJO_K8S_BACKEND_IMAGE=backend@sha256:abc',
    '.env:1 JUNJO_K8S_BACKEND_IMAGE: is not an image reference. Write it as registry.example.com/name:tag or name@sha256:<64 hex digits>',
  ),
  prod(
    'JUNJO_K8S_FRONTEND_IMAGE=registry.example.com/ui:latest',
    '.env:1 JUNJO_K8S_FRONTEND_IMAGE: has the tag latest, which moves: each restart could run another release. Name a fixed tag or a digest',
  ),
  prod(
    'JUNJO_K8S_BACKEND_IMAGE=registry.example.com/api:0.82',
    '.env:1 JUNJO_K8S_BACKEND_IMAGE: has the tag 0.82, which moves: each restart could run another release. Name a fixed tag or a digest',
  ),
  prod(
    'JUNJO_K8S_INGESTION_IMAGE=registry.example.com:5000/ingestion',
    '.env:1 JUNJO_K8S_INGESTION_IMAGE: has no tag, which means latest: each restart could run another release. Name a fixed tag or a digest',
  ),
  dev(
    'JUNJO_K8S_IMAGE_PULL_SECRET=my secret',
    '.env:1 JUNJO_K8S_IMAGE_PULL_SECRET: must be at most 253 lower-case letters, digits, dashes or dots, and start and end with a letter or digit',
  ),

  // Storage
  dev(
    'JUNJO_K8S_STORAGE_SIZE=10GB',
    '.env:1 JUNJO_K8S_STORAGE_SIZE: is not a Kubernetes quantity. Write a number and Mi, Gi or Ti, for example 10Gi',
  ),
  dev(
    'JUNJO_K8S_STORAGE_SIZE=-1Gi',
    '.env:1 JUNJO_K8S_STORAGE_SIZE: is not a Kubernetes quantity. Write a number and Mi, Gi or Ti, for example 10Gi',
  ),
  dev(
    'JUNJO_K8S_STORAGE_SIZE=10',
    '.env:1 JUNJO_K8S_STORAGE_SIZE: is less than the minimum of 100Mi. Write a number and its unit, for example 10Gi',
  ),
  dev(
    'JUNJO_K8S_STORAGE_CLASS=Fast SSD',
    '.env:1 JUNJO_K8S_STORAGE_CLASS: must be at most 253 lower-case letters, digits, dashes or dots, and start and end with a letter or digit',
  ),
  dev(
    'JUNJO_K8S_STORAGE_CLASS=azurefile-csi',
    '.env:1 JUNJO_K8S_STORAGE_CLASS: azurefile-csi is file storage (NFS or SMB), on which SQLite and BadgerDB hang or corrupt data. Use a block storage class',
  ),
  dev(
    'JUNJO_K8S_STORAGE_ACCESS_MODE=ReadWriteOncePod',
    '.env:1 JUNJO_K8S_STORAGE_ACCESS_MODE: ReadWriteOncePod allows only one pod, but two pods share the volume. Write ReadWriteOnce',
  ),
  dev(
    'JUNJO_K8S_STORAGE_ACCESS_MODE=RWO',
    '.env:1 JUNJO_K8S_STORAGE_ACCESS_MODE: must be one of: ReadWriteOnce, ReadWriteMany',
  ),
  dev(
    'JUNJO_HOST_DB_DATA_PATH=/mnt/junjo-data',
    '.env:1 JUNJO_HOST_DB_DATA_PATH: is a folder on one node, but no node is named. Set JUNJO_K8S_NODE to the node that holds it, or JUNJO_K8S_STORAGE_CLASS to use storage of the cluster instead',
  ),
  dev(
    'JUNJO_HOST_DB_DATA_PATH=C:\\junjo',
    '.env:1 JUNJO_HOST_DB_DATA_PATH: is a Windows path. Write ./.dbdata for storage of the cluster, or a path of a Linux node such as /mnt/junjo-data',
  ),
  dev(
    'JUNJO_HOST_DB_DATA_PATH="/mnt/a\nb"',
    '.env:1 JUNJO_HOST_DB_DATA_PATH: contains a control character, or starts or ends with a space. Write the path without it',
  ),
  dev(
    'JUNJO_HOST_DB_DATA_PATH=" /mnt/a"',
    '.env:1 JUNJO_HOST_DB_DATA_PATH: contains a control character, or starts or ends with a space. Write the path without it',
  ),
  dev(
    'JUNJO_HOST_DB_DATA_PATH=file:///mnt/a',
    '.env:1 JUNJO_HOST_DB_DATA_PATH: is a URL. Write the path alone, such as /mnt/junjo-data',
  ),
  dev(
    'JUNJO_HOST_DB_DATA_PATH=~/data',
    '.env:1 JUNJO_HOST_DB_DATA_PATH: starts with ~, which Kubernetes does not expand. Write an absolute path such as /mnt/junjo-data',
  ),
  {
    base: 'development',
    lines: ['JUNJO_HOST_DB_DATA_PATH=/mnt/../etc', 'JUNJO_K8S_NODE=worker-1'],
    prints: ['.env:1 JUNJO_HOST_DB_DATA_PATH: contains "..", which Kubernetes refuses. Write the path without it'],
  },
  {
    base: 'development',
    lines: ['JUNJO_HOST_DB_DATA_PATH=//', 'JUNJO_K8S_NODE=worker-1'],
    prints: ['.env:1 JUNJO_HOST_DB_DATA_PATH: is the root of the node. Name a folder such as /mnt/junjo-data'],
  },
  {
    base: 'development',
    lines: ['JUNJO_HOST_DB_DATA_PATH=/mnt/junjo-data', 'JUNJO_K8S_NODE=Worker 1'],
    prints: ['.env:2 JUNJO_K8S_NODE: is not the name of a node. Take it from: kubectl get nodes'],
  },
  dev(
    'JUNJO_K8S_NODE=worker-1',
    '.env:1 JUNJO_K8S_NODE: names the node of an absolute JUNJO_HOST_DB_DATA_PATH, but that path is relative. Make the path absolute, or remove this line',
  ),
  {
    base: 'development',
    lines: ['JUNJO_K8S_EXISTING_CLAIM=mine', 'JUNJO_K8S_STORAGE_SIZE=20Gi'],
    prints: [
      '.env:2 JUNJO_K8S_STORAGE_SIZE: has no effect on the claim that JUNJO_K8S_EXISTING_CLAIM names. Remove one of the two lines',
    ],
  },

  // Edge
  prod(
    'JUNJO_K8S_INGRESS_CLASS=my class',
    '.env:1 JUNJO_K8S_INGRESS_CLASS: must be at most 253 lower-case letters, digits, dashes or dots, and start and end with a letter or digit',
  ),
  prod(
    'JUNJO_K8S_ACME_EMAIL=team',
    '.env:1 JUNJO_K8S_ACME_EMAIL: is not an e-mail address. Write it as team@example.com',
  ),
  prod(
    'JUNJO_K8S_ACME_SERVER=http://acme.example.com',
    '.env:1 JUNJO_K8S_ACME_SERVER: must be letsencrypt, letsencrypt-staging or the https:// URL of an ACME directory',
  ),
  prod(
    'JUNJO_K8S_INGESTION_SOURCE_RANGES=203.0.113.0',
    '.env:1 JUNJO_K8S_INGESTION_SOURCE_RANGES: 203.0.113.0 has no prefix length. Write 203.0.113.0/32 for one address',
  ),
  prod(
    'JUNJO_K8S_INGESTION_SOURCE_RANGES=203.0.113.0/24,office',
    '.env:1 JUNJO_K8S_INGESTION_SOURCE_RANGES: office is not a CIDR. Write it as 203.0.113.0/24',
  ),
  prod(
    'JUNJO_K8S_INGESTION_SOURCE_RANGES=203.0.113.0/33',
    '.env:1 JUNJO_K8S_INGESTION_SOURCE_RANGES: 203.0.113.0/33 must have a prefix length from 0 to 32',
  ),
  prod(
    'JUNJO_K8S_INGESTION_SOURCE_RANGES=203.0.113.0/24,',
    '.env:1 JUNJO_K8S_INGESTION_SOURCE_RANGES: has an empty range. Remove the extra comma',
  ),
  {
    base: 'production',
    lines: ['JUNJO_K8S_INGESTION_SOURCE_RANGES=203.0.113.0/24', 'JUNJO_K8S_INGESTION_SERVICE=ClusterIP'],
    prints: [
      '.env:1 JUNJO_K8S_INGESTION_SOURCE_RANGES: has no effect on a ClusterIP Service, because its connections come from the edge. Limit the addresses at the edge, and remove the line',
    ],
  },
  {
    base: 'production',
    lines: [
      'JUNJO_K8S_INGESTION_SOURCE_RANGES=203.0.113.0/24',
      'JUNJO_K8S_CLOUD=hetzner',
      'JUNJO_K8S_TLS_SECRET=studio-tls',
      'JUNJO_PROD_INGESTION_URL=https://spans.example.com:50051',
    ],
    prints: [
      '.env:1 JUNJO_K8S_INGESTION_SOURCE_RANGES: cannot be enforced on Hetzner, whose load balancers do not filter addresses and hide client addresses. Remove the line, and write https://host to send spans through the edge',
      'note: .env:2 JUNJO_K8S_CLOUD: the cloud controller of Hetzner creates no load balancer without a location. Set HCLOUD_LOAD_BALANCERS_LOCATION in the controller',
    ],
  },
  prod(
    'JUNJO_K8S_INGESTION_SERVICE=Ingress',
    '.env:1 JUNJO_K8S_INGESTION_SERVICE: must be one of: LoadBalancer, NodePort, ClusterIP',
  ),
  prod('JUNJO_K8S_CLOUD=AWS', '.env:1 JUNJO_K8S_CLOUD: must be written in lower case: aws'),
  {
    base: 'production',
    lines: ['JUNJO_K8S_TLS_SECRET=studio-tls', 'JUNJO_K8S_CLUSTER_ISSUER=letsencrypt'],
    prints: [
      '.env:1 JUNJO_K8S_TLS_SECRET: cannot be combined with JUNJO_K8S_CLUSTER_ISSUER. Remove one of the two lines',
    ],
  },
  {
    base: 'production',
    lines: ['JUNJO_K8S_TLS_SECRET=studio-tls', 'JUNJO_K8S_ACME_EMAIL=team@example.com'],
    prints: [
      '.env:2 JUNJO_K8S_ACME_EMAIL: has no effect together with JUNJO_K8S_TLS_SECRET. Remove one of the two lines',
    ],
  },
  {
    base: 'production',
    lines: ['JUNJO_K8S_CLUSTER_ISSUER=letsencrypt', 'JUNJO_K8S_ACME_SERVER=letsencrypt-staging'],
    prints: [
      '.env:2 JUNJO_K8S_ACME_SERVER: has no effect together with JUNJO_K8S_CLUSTER_ISSUER. Remove one of the two lines',
    ],
  },
  {
    base: 'production',
    lines: ['JUNJO_K8S_INGRESS_CLASS=caddy', 'JUNJO_K8S_ACME_EMAIL=team@example.com'],
    prints: [
      'note: .env:1 JUNJO_K8S_INGRESS_CLASS: Caddy does not send HSTS: it has no setting for response headers',
      '.env:2 JUNJO_K8S_ACME_EMAIL: has no effect here: Caddy obtains certificates by itself. It mixes up Secrets of the same name in different namespaces, and does not read a renewed one. Set its account in the ConfigMap of the controller. Remove the line',
    ],
  },
  {
    base: 'production',
    lines: ['JUNJO_K8S_INGRESS_CLASS=caddy', 'JUNJO_K8S_CLUSTER_ISSUER=company'],
    prints: [
      'note: .env:1 JUNJO_K8S_INGRESS_CLASS: Caddy does not send HSTS: it has no setting for response headers',
      '.env:2 JUNJO_K8S_CLUSTER_ISSUER: has no effect here: Caddy obtains certificates by itself. It mixes up Secrets of the same name in different namespaces, and does not read a renewed one. Set its account in the ConfigMap of the controller. Remove the line',
    ],
  },
  {
    ...prod('JUNJO_K8S_GATEWAY=edge'),
    without: ['JUNJO_K8S_INGRESS_CLASS'],
    prints: [
      '.env:1 JUNJO_K8S_GATEWAY: must be the namespace/name of an existing Gateway, or class:NAME to create one of that class',
    ],
  },
  ...[
    'edge/shared/more',
    'my.edge/shared',
    'Edge/shared',
    'edge/Shared',
    '/shared',
    'edge/',
    'class:Envoy',
    'class:a/b',
  ].map((value) => ({
    ...prod(`JUNJO_K8S_GATEWAY=${value}`),
    without: ['JUNJO_K8S_INGRESS_CLASS'],
    prints: [
      '.env:1 JUNJO_K8S_GATEWAY: must be the namespace/name of an existing Gateway, or class:NAME to create one of that class',
    ],
  })),
  {
    ...prod('JUNJO_K8S_GATEWAY=class:'),
    without: ['JUNJO_K8S_INGRESS_CLASS'],
    prints: [
      '.env:1 JUNJO_K8S_GATEWAY: must be the namespace/name of an existing Gateway, or class:NAME to create one of that class',
    ],
  },
  {
    base: 'production',
    lines: ['JUNJO_K8S_GATEWAY=edge/shared', 'JUNJO_K8S_INGRESS_CLASS=traefik'],
    prints: ['.env:1 JUNJO_K8S_GATEWAY: cannot be combined with JUNJO_K8S_INGRESS_CLASS. Remove one of the two lines'],
  },
  {
    base: 'production',
    lines: ['JUNJO_K8S_GATEWAY=edge/shared', 'JUNJO_K8S_TLS_SECRET=studio-tls'],
    without: ['JUNJO_K8S_INGRESS_CLASS'],
    prints: [
      '.env:2 JUNJO_K8S_TLS_SECRET: has no effect here: the listeners of the existing Gateway have the certificate. Remove the line',
    ],
  },
  prod(
    'JUNJO_PROD_INGESTION_URL=http://spans.example.com',
    '.env:1 JUNJO_PROD_INGESTION_URL: names port 80, but the load balancer listens on 50051. Write http://spans.example.com:50051',
    'warning: .env:1 JUNJO_PROD_INGESTION_URL: sends API keys and prompts unencrypted over the network. Write https://host to send spans through the edge, or https://host:50051 for TLS on this port',
  ),
  prod(
    'JUNJO_PROD_INGESTION_URL=https://10.1.2.3',
    `.env:1 JUNJO_PROD_INGESTION_URL: is an IP address, but certificates and cookies need a host name. ${URL_FORM}`,
  ),
  prod(
    'JUNJO_PROD_INGESTION_URL=https://spans.example.com:443',
    '.env:1 JUNJO_PROD_INGESTION_URL: has a port, but the edge serves HTTPS only on 443. Remove :443',
  ),
  prod(
    'JUNJO_K8S_WEB_SOURCE_RANGES=10.0.0.0/8/9',
    '.env:1 JUNJO_K8S_WEB_SOURCE_RANGES: 10.0.0.0/8/9 is not a CIDR. Write it as 203.0.113.0/24',
  ),
  prod(
    'JUNJO_K8S_WEB_SOURCE_RANGES=fe80::1%eth0/64',
    '.env:1 JUNJO_K8S_WEB_SOURCE_RANGES: fe80::1%eth0/64 is not a CIDR. Write it as 203.0.113.0/24',
  ),
  prod(
    'JUNJO_K8S_GATEWAY_HTTPS_LISTENER=tls',
    '.env:1 JUNJO_K8S_GATEWAY_HTTPS_LISTENER: has no effect without an existing Gateway. Set JUNJO_K8S_GATEWAY=namespace/name, or remove the line',
  ),

  ...['JUNJO_K8S_STORAGE_ACCESS_MODE=ReadWriteOnce', 'JUNJO_K8S_STORAGE_SIZE=5Gi', 'JUNJO_K8S_STORAGE_CLASS=fast'].map(
    (line): BadInput => ({
      base: 'development',
      lines: [line, 'JUNJO_K8S_EXISTING_CLAIM=mine'],
      prints: [
        `.env:1 ${line.split('=')[0]}: has no effect on the claim that JUNJO_K8S_EXISTING_CLAIM names. Remove one of the two lines`,
      ],
    }),
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=https://user:hunter2@studio.example.com',
    '.env:1 JUNJO_ALLOW_ORIGINS: contains credentials, which would end up in committed files. Remove them',
  ),
  prod(
    'JUNJO_ALLOW_ORIGINS=ftp://user:hunter2@studio.example.com',
    `.env:1 JUNJO_ALLOW_ORIGINS: contains credentials, which would end up in committed files. Remove them`,
  ),

  // Names of objects
  prod(
    'JUNJO_K8S_SECRET_NAME=junjo-ai-studio-tls',
    '.env:1 JUNJO_K8S_SECRET_NAME: junjo-ai-studio-tls is already used by the Secret for the certificate of the edge. Choose another name',
  ),
  prod(
    'JUNJO_K8S_SECRET_NAME=junjo-ai-studio-acme-account',
    ".env:1 JUNJO_K8S_SECRET_NAME: junjo-ai-studio-acme-account is already used by the Secret for the ACME account's key. Choose another name",
  ),
  prod(
    'JUNJO_K8S_TLS_SECRET=junjo-ai-studio-secrets',
    ".env:1 JUNJO_K8S_TLS_SECRET: junjo-ai-studio-secrets is already used by the Secret for the studio's secrets. Choose another name",
  ),
  dev(
    'JUNJO_K8S_IMAGE_PULL_SECRET=junjo-ai-studio-secrets',
    ".env:1 JUNJO_K8S_IMAGE_PULL_SECRET: junjo-ai-studio-secrets is already used by the Secret for the studio's secrets. Choose another name",
  ),
  {
    base: 'production',
    lines: [
      'JUNJO_K8S_SECRET_NAME=junjo-ai-studio-spans-tls',
      'JUNJO_K8S_CLUSTER_ISSUER=dns',
      'JUNJO_PROD_INGESTION_URL=https://spans.example.com:50051',
    ],
    prints: [
      '.env:1 JUNJO_K8S_SECRET_NAME: junjo-ai-studio-spans-tls is already used by the Secret for the certificate for spans. Choose another name',
    ],
  },
  dev('JUNJO_K8S_EXTERNAL_DNS=always', '.env:1 JUNJO_K8S_EXTERNAL_DNS: must be one of: true, false'),
  dev('JUNJO_K8S_NETWORK_POLICY=none', '.env:1 JUNJO_K8S_NETWORK_POLICY: must be one of: true, false'),

  ...['10.0.0.5', '10.0.0.5/32', '10.0.0.5/32:http', 'fd00::5/128'].map((way) =>
    dev(
      `JUNJO_K8S_EGRESS=${way}`,
      `.env:1 JUNJO_K8S_EGRESS: ${way} has no port. Write a range and a port: 10.0.0.5/32:3128`,
    ),
  ),
  ...['0', '65536', '312800'].map((port) =>
    dev(
      `JUNJO_K8S_EGRESS=10.0.0.5/32:${port}`,
      `.env:1 JUNJO_K8S_EGRESS: 10.0.0.5/32:${port} has the port ${port}. Write a port from 1 to 65535`,
    ),
  ),
  ...(
    [
      ['JUNJO_K8S_EGRESS', ['10.0.0.5/32:3128', '203.0.113.0/24:443']],
      ['JUNJO_K8S_WEB_SOURCE_RANGES', ['198.51.100.0/24', '2001:db8::/32']],
      ['JUNJO_K8S_INGESTION_SOURCE_RANGES', ['198.51.100.0/24', '2001:db8::/32']],
    ] as const
  ).flatMap(([name, parts]) =>
    [';', '; ', ' ', '|', ' ; ', '、'].map((separator) =>
      prod(
        `${name}="${parts.join(separator)}"`,
        `.env:1 ${name}: has a separator other than a comma. Write commas between them: ${parts.join(',')}`,
      ),
    ),
  ),
  prod(
    'JUNJO_K8S_WEB_SOURCE_RANGES=198.51.100.0/24,203.0.113.0/24;2001:db8::/32',
    '.env:1 JUNJO_K8S_WEB_SOURCE_RANGES: has a separator other than a comma. Write commas between them: 198.51.100.0/24,203.0.113.0/24,2001:db8::/32',
  ),
  dev(
    'JUNJO_K8S_EGRESS=proxy.example.com:3128',
    '.env:1 JUNJO_K8S_EGRESS: proxy.example.com is not a CIDR. Write it as 203.0.113.0/24',
  ),
  dev(
    'JUNJO_K8S_EGRESS=10.0.0.5:3128',
    '.env:1 JUNJO_K8S_EGRESS: 10.0.0.5 has no prefix length. Write 10.0.0.5/32 for one address',
  ),
  ...(
    [
      [
        '10.0.0.5/8',
        'has bits set after its prefix, which Kubernetes refuses. Write 10.0.0.0/8, or 10.0.0.5/32 for one address',
      ],
      [
        '203.0.113.7/24',
        'has bits set after its prefix, which Kubernetes refuses. Write 203.0.113.0/24, or 203.0.113.7/32 for one address',
      ],
      [
        '0.0.0.1/0',
        'has bits set after its prefix, which Kubernetes refuses. Write 0.0.0.0/0, or 0.0.0.1/32 for one address',
      ],
      [
        '10.0.0.255/31',
        'has bits set after its prefix, which Kubernetes refuses. Write 10.0.0.254/31, or 10.0.0.255/32 for one address',
      ],
      [
        '2001:db8::1/32',
        'has bits set after its prefix, which Kubernetes refuses. Write 2001:db8::/32, or 2001:db8::1/128 for one address',
      ],
      [
        'FD00:0:0::1/8',
        'has bits set after its prefix, which Kubernetes refuses. Write fd00::/8, or fd00::1/128 for one address',
      ],
      ['::ffff:10.0.0.0/104', 'is an IPv4 address in IPv6 notation, which Kubernetes refuses. Write 10.0.0.0/8'],
      ['::ffff:10.0.0.5/120', 'is an IPv4 address in IPv6 notation, which Kubernetes refuses. Write 10.0.0.0/24'],
      ['::FFFF:a00:5/128', 'is an IPv4 address in IPv6 notation, which Kubernetes refuses. Write 10.0.0.5/32'],
      ['::ffff:0:0/96', 'is an IPv4 address in IPv6 notation, which Kubernetes refuses. Write 0.0.0.0/0'],
      ['010.0.0.0/8', 'has a leading zero, which Kubernetes refuses. Write 10.0.0.0/8'],
      ['10.00.0.0/8', 'has a leading zero, which Kubernetes refuses. Write 10.0.0.0/8'],
      ['10.0.0.0/08', 'has a leading zero, which Kubernetes refuses. Write 10.0.0.0/8'],
      ['010.0.0.5/08', 'has a leading zero, which Kubernetes refuses. Write 10.0.0.0/8'],
      ['2001:db8::/032', 'has a leading zero, which Kubernetes refuses. Write 2001:db8::/32'],
      ['10.0.0.0/33', 'must have a prefix length from 0 to 32'],
      ['10.0.0.0/', 'must have a prefix length from 0 to 32'],
      ['10.0.0.0/1e1', 'must have a prefix length from 0 to 32'],
      ['10.0.0.0/8.0', 'must have a prefix length from 0 to 32'],
      ['10.0.0.0/255.0.0.0', 'must have a prefix length from 0 to 32'],
      ['2001:db8::/-1', 'must have a prefix length from 0 to 128'],
      ['fe80::1%eth0/64', 'is not a CIDR. Write it as 203.0.113.0/24'],
      ['10.0.0/8', 'is not a CIDR. Write it as 203.0.113.0/24'],
      ['10.0.0.0/8/8', 'is not a CIDR. Write it as 203.0.113.0/24'],
    ] as const
  ).flatMap(([range, problem]) => [
    prod(
      `JUNJO_K8S_INGESTION_SOURCE_RANGES=198.51.100.0/24, ${range}`,
      `.env:1 JUNJO_K8S_INGESTION_SOURCE_RANGES: ${range} ${problem}`,
    ),
    prod(`JUNJO_K8S_WEB_SOURCE_RANGES=${range}`, `.env:1 JUNJO_K8S_WEB_SOURCE_RANGES: ${range} ${problem}`),
    dev(`JUNJO_K8S_EGRESS=${range}:3128`, `.env:1 JUNJO_K8S_EGRESS: ${range} ${problem}`),
  ]),
  dev(
    'HTTPS_PROXY=proxy.example.com:3128',
    '.env:1 HTTPS_PROXY: is not the address of an HTTP proxy. Write it as http://…',
  ),
  dev(
    'JUNJO_K8S_EGRESS=http://user:hunter2@proxy.example.com:3128',
    '.env:1 JUNJO_K8S_EGRESS: contains credentials, which would end up in committed files. Remove them',
  ),
  dev(
    'JUNJO_K8S_EGRESS=http://user:hunter2@proxy.example.com',
    '.env:1 JUNJO_K8S_EGRESS: contains credentials, which would end up in committed files. Remove them',
  ),
  ...['https://user:hun/ter2@studio.example.com', 'user:hunter2@studio.example.com'].map((origin) =>
    dev(
      `JUNJO_ALLOW_ORIGINS=${origin}`,
      `.env:1 JUNJO_ALLOW_ORIGINS: contains "${origin.replace(/user:.*@/, '…@')}", which is not an origin. ${ORIGIN_FORM}`,
    ),
  ),

  // Words that JavaScript's own objects have
  dev('JUNJO_K8S_SIZE=constructor', '.env:1 JUNJO_K8S_SIZE: must be one of: small, medium, large'),
  dev('JUNJO_LOG_LEVEL=constructor', '.env:1 JUNJO_LOG_LEVEL: must be one of: debug, info, warn, error'),
  dev('JUNJO_K8S_NETWORK_POLICY=constructor', '.env:1 JUNJO_K8S_NETWORK_POLICY: must be one of: true, false'),

  // What only follows from a mistake is not a second one
  {
    base: 'production',
    lines: ['JUNJO_HOST_DB_DATA_PATH=~/data', 'JUNJO_K8S_NODE=worker-1'],
    prints: [
      '.env:1 JUNJO_HOST_DB_DATA_PATH: starts with ~, which Kubernetes does not expand. Write an absolute path such as /mnt/junjo-data',
    ],
  },
  {
    base: 'production',
    lines: ['JUNJO_HOST_DB_DATA_PATH=/mnt/junjo-data', 'JUNJO_K8S_NODE=Worker_1'],
    prints: ['.env:2 JUNJO_K8S_NODE: is not the name of a node. Take it from: kubectl get nodes'],
  },
  {
    base: 'production',
    lines: ['JUNJO_K8S_GATEWAY=infra', 'JUNJO_K8S_GATEWAY_HTTPS_LISTENER=https'],
    without: ['JUNJO_K8S_INGRESS_CLASS'],
    prints: [
      '.env:1 JUNJO_K8S_GATEWAY: must be the namespace/name of an existing Gateway, or class:NAME to create one of that class',
    ],
  },
  {
    base: 'production',
    lines: ['JUNJO_K8S_INGRESS_CONTROLLER=f5-nginx', 'JUNJO_K8S_CLUSTER_ISSUER=Lets_Encrypt'],
    prints: [
      '.env:2 JUNJO_K8S_CLUSTER_ISSUER: must be at most 253 lower-case letters, digits, dashes or dots, and start and end with a letter or digit',
      expect.stringMatching(/^note: .* JUNJO_K8S_INGRESS_CLASS: /),
    ],
  },
  {
    base: 'production',
    lines: ['JUNJO_K8S_SECRETS=Sealed', 'JUNJO_K8S_SEALING_CERT=sealing-cert.pem'],
    without: ['JUNJO_SESSION_SECRET', 'JUNJO_SECURE_COOKIE_KEY'],
    prints: ['.env:1 JUNJO_K8S_SECRETS: must be written in lower case: sealed'],
  },
  {
    base: 'development',
    lines: ['JUNJO_K8S_SECRETS=external', 'JUNJO_K8S_SECRET_STORE=vault'],
    without: ['JUNJO_SESSION_SECRET', 'JUNJO_SECURE_COOKIE_KEY'],
    prints: ['.env:2 JUNJO_K8S_SECRET_STORE: must be SecretStore/name or ClusterSecretStore/name'],
  },
  {
    base: 'development',
    lines: ['JUNJO_K8S_SECRETS=existing', 'HTTPS_PROXY=proxy'],
    without: ['JUNJO_SESSION_SECRET', 'JUNJO_SECURE_COOKIE_KEY'],
    prints: [
      expect.stringMatching(/^note: .env:1 JUNJO_K8S_SECRETS: the Secret .* must have the keys/),
      '.env:2 HTTPS_PROXY: is not used with JUNJO_K8S_SECRETS=existing, because the value comes from elsewhere. Remove it from this file',
    ],
  },
  dev(
    'HTTPS_PROXY=your_proxy',
    'warning: .env:1 HTTPS_PROXY: still holds a placeholder, so it is left out. Set it, or remove the line',
  ),
  {
    base: 'production',
    lines: ['JUNJO_PROD_BACKEND_URL=https://admin:hunter2@api.example.com', 'JUNJO_K8S_API_GUARD=false'],
    prints: [
      `.env:1 JUNJO_PROD_BACKEND_URL: contains credentials, which would end up in committed files. Remove them`,
      expect.stringMatching(
        /^warning: .env:2 JUNJO_K8S_API_GUARD: .* anyone who can reach the API can read every span/,
      ),
    ],
  },

  // The file itself
  dev('JUNJO LOG_LEVEL=info', '.env:1: key cannot contain a space: write NAME=value, and start a comment with #'),
];

/** Folders that the system of a node keeps for itself, are in one, or hold one. */
const SYSTEM_FOLDERS = [
  '/etc',
  '/etc/kubernetes/',
  '//proc/1',
  '/sys',
  '/dev/shm',
  '/run/junjo',
  '/var/run',
  '/boot',
  '/usr',
  '/usr/./bin',
  '/bin',
  '/lib64',
  '/var',
  '/var/lib',
  '/var/lib/kubelet/pods',
  '/var/lib/etcd',
  '/var/lib/containerd/x',
  '/var/lib/rancher/k3s',
];

describe('an env file with something wrong', () => {
  test.each(badInputs.map((input) => [input.lines.join(' ⏎ ') || `no ${input.without?.join()}`, input] as const))(
    '%s',
    (_, { base, lines, without = [], prints }) => {
      const replaced = lines.map((line) => line.split('=')[0] ?? '');
      const removed: Settings = Object.fromEntries([...replaced, ...without].map((name) => [name, undefined]));
      const text = `${lines.map((line) => `${line}\n`).join('')}${envText(bases[base](removed))}`;
      expect(problemsOf(text)).toEqual(prints);
    },
  );

  test.each([
    ['JUNJO_K8S_INGRESS_CLASS', 'traefik'],
    ['JUNJO_K8S_GATEWAY', 'edge/shared'],
    ['JUNJO_K8S_INGRESS_NAMESPACE', 'traefik'],
    ['JUNJO_K8S_WEB_SOURCE_RANGES', '203.0.113.0/24'],
    ['JUNJO_K8S_ACME_EMAIL', 'a@example.com'],
    ['JUNJO_K8S_CLUSTER_ISSUER', 'letsencrypt'],
    ['JUNJO_K8S_TLS_SECRET', 'studio-tls'],
    ['JUNJO_K8S_INGESTION_SERVICE', 'ClusterIP'],
    ['JUNJO_K8S_INGESTION_SOURCE_RANGES', '203.0.113.0/24'],
    ['JUNJO_K8S_CLOUD', 'aws'],
    ['JUNJO_K8S_LOAD_BALANCER', 'internal'],
    ['JUNJO_K8S_EXTERNAL_DNS', 'true'],
  ])('%s has no effect on localhost', (name, value) => {
    expect(problemsOf(envText({ [name]: value, ...development() }))).toContainEqual(
      `note: .env:1 ${name}: has no effect in development, where the studio is on localhost`,
    );
  });

  test.each([
    ['aws', 'NodePort', ['note: .env:1 JUNJO_K8S_CLOUD: has no effect on a NodePort Service']],
    [
      'aws',
      'LoadBalancer',
      [
        expect.stringMatching(
          /^note: .env:1 JUNJO_K8S_CLOUD: the load balancer for spans gets an address on the internet\./,
        ),
      ],
    ],
    ['metallb', 'LoadBalancer', []],
  ])('the cloud %s has something to say of a Service of type %s', (cloud, type, notes) => {
    const settings = { JUNJO_K8S_CLOUD: cloud, ...production({ JUNJO_K8S_INGESTION_SERVICE: type }) };
    const url = { JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051', JUNJO_K8S_TLS_SECRET: 'studio-tls' };
    const said = problemsOf(envText({ ...settings, ...url })).filter((line) => line.includes(' JUNJO_K8S_CLOUD: '));
    expect(said).toEqual(notes);
  });

  test.each(['defaults', 'my-default', 'argocd-apps', 'my-argocd', 'kube', 'my-kube-system'])(
    'the namespace %s belongs to nobody',
    (namespace) => {
      expect(problemsOf(envText(development({ JUNJO_K8S_NAMESPACE: namespace }))).join()).not.toContain('NAMESPACE');
    },
  );

  test.each(SYSTEM_FOLDERS)('the folder %s of a node is refused', (folder) => {
    const settings = development({ JUNJO_K8S_NODE: 'worker-1', JUNJO_HOST_DB_DATA_PATH: folder });
    expect(problemsOf(envText(settings))).toEqual([
      expect.stringMatching(
        /JUNJO_HOST_DB_DATA_PATH: belongs to the operating system of the node \(\S+\)\. The studio could break the node, and the node could delete the data\. Name a separate folder, such as \/mnt\/junjo-data$/,
      ),
    ]);
  });

  test.each([
    '/mnt',
    '/data',
    '/srv/etc',
    '/etc-junjo',
    '/home/me/junjo',
    '/opt/junjo',
    '/var/junjo',
    '/var/lib/junjo',
    '/usr/local/junjo',
    '/var/lib/rancher/k3s/storage/junjo',
    '/var/lib/docker/volumes/junjo/_data',
    '/media/usb',
    '/tmp/junjo',
  ])('the folder %s of a node is taken', (folder) => {
    const settings = development({ JUNJO_K8S_NODE: 'worker-1', JUNJO_HOST_DB_DATA_PATH: folder });
    expect(problemsOf(envText(settings))).toEqual([]);
  });

  test.each(['224.0.0.1', '239.255.255.255', '255.255.255.255', '[ff02::1]', '[::ffff:e000:1]', '0.1.2.3'])(
    'spans are not sent to %s',
    (host) => {
      expect(problemsOf(envText(production({ JUNJO_PROD_INGESTION_URL: `http://${host}:50051` })))).toEqual([
        expect.stringMatching(
          /JUNJO_PROD_INGESTION_URL: is \S+, which is not the address of a single machine\. Write it as/,
        ),
      ]);
    },
  );

  test('there are at least sixty kinds of it', () => {
    expect(new Set(badInputs.flatMap(({ prints }) => prints)).size).toBeGreaterThanOrEqual(60);
  });

  test('all problems come at once, in the order of the lines', () => {
    const text = [
      'JUNJO_BUILD_TARGET="production"',
      'JUNJO_ENV="production"   # was development',
      'JUNJO_SESSION_SECRET=your_base64_secret_here',
      'JUNJO_SECURE_COOKIE_KEY=your_base64_key_here',
      'JUNJO_ALLOW_ORIGINS=http://localhost:5151,http://localhost:5153',
      'JUNJO_BACKEND_PORT=1323',
      'JUNJO_HOST_DB_DATA_PATH=/mnt/junjo-data',
      'JUNJO_LOG_LEVEL=info',
      'JUNJO_LOG_FORMAT=text',
      'GEMINI_API_KEY="your_gemini_api_key"',
    ].join('\n');
    expect(problemsOf(text)).toEqual([
      `.env:3 JUNJO_SESSION_SECRET: still holds a placeholder. ${KEY}`,
      `.env:4 JUNJO_SECURE_COOKIE_KEY: still holds a placeholder. ${KEY}`,
      '.env:5 JUNJO_ALLOW_ORIGINS: contains http://localhost:5151, which is left over from development. Remove it',
      '.env:5 JUNJO_ALLOW_ORIGINS: contains http://localhost:5153, which is left over from development. Remove it',
      '.env:7 JUNJO_HOST_DB_DATA_PATH: is a folder on one node, but no node is named. Set JUNJO_K8S_NODE to the node that holds it, or JUNJO_K8S_STORAGE_CLASS to use storage of the cluster instead',
      'warning: .env:10 GEMINI_API_KEY: still holds a placeholder, so it is left out. Set it, or remove the line',
      '.env JUNJO_PROD_FRONTEND_URL: is missing. Set it to the address of the UI in production. Example: https://studio.example.com',
      '.env JUNJO_PROD_BACKEND_URL: is missing. Set it to the address of the API in production: another host of the same registrable domain as the UI. Releases that serve UI and API under one host ignore it. Example: https://api.example.com',
      '.env JUNJO_PROD_INGESTION_URL: is missing. Set it to the address to which applications send spans in production. Its form decides how spans reach the studio (docs/edge.md). Example: https://spans.example.com',
      expect.stringMatching(/^note: .env JUNJO_K8S_INGRESS_CLASS: is not set: .* the cluster's default class/),
      'note: .env JUNJO_K8S_RELEASE: is not set, defaulting to 0.70.3 (16 November 2025); set it explicitly. The newest release is 0.86.0 (8 October 2026)',
    ]);
  });

  test('a dollar sign in a secret is warned of without what follows it', () => {
    const [head, tail] = [freshSecret().slice(0, 20), randomBytes(12).toString('hex')];
    for (const name of ['JUNJO_SESSION_SECRET', 'OPENAI_API_KEY', 'SOMEBODY_ELSES_PASSWORD']) {
      const printed = problemsOf(`${name}=${head}$x${tail}\n${envText(development({ [name]: undefined }))}`);
      expect(printed.join()).not.toContain(tail);
      expect(printed.some((line) => line.startsWith(`warning: .env:1 ${name}:`))).toBe(
        name !== 'SOMEBODY_ELSES_PASSWORD',
      );
    }
  });

  test('no message repeats a secret', () => {
    const secrets = [`${freshSecret()} `, freshSecret().slice(3), `x${freshSecret()}`, `${freshSecret()}\u0007`];
    const names = ['JUNJO_SESSION_SECRET', 'JUNJO_SECURE_COOKIE_KEY', 'OPENAI_API_KEY', 'CLOUDFLARE_API_TOKEN'];
    for (const secret of secrets) {
      for (const name of names) {
        const printed = problemsOf(envText(production({ [name]: secret }))).join('\n');
        expect(printed).not.toContain(secret.trim().slice(0, 12));
      }
    }
  });
});
