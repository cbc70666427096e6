import { type Component, componentsOf, defaultTag, type LineVariable, type ReleaseLine } from '../releases';
import { gatewayControllers } from './gateway-controllers';
import { ingressControllers } from './ingress-controllers';
import { extraAnnotations, extraLabels, nodeSelector, tolerations } from './labels-and-taints';
import { defaultStudioName, internalServiceNames, qdrantName } from './names';
import {
  accessMode,
  acmeServer,
  apiBase,
  apiKey,
  base64Key,
  boolean,
  choice,
  choiceInAnyCase,
  cidrs,
  cron,
  dataPath,
  dnsLabel,
  dnsSubdomain,
  egress,
  email,
  filePaths,
  gateway,
  gitRepo,
  gitRevision,
  hosts,
  imageReference,
  imageRegistry,
  integer,
  lineValueType,
  logLevel,
  nodeName,
  origins,
  pathInContainer,
  port,
  proxyUrl,
  repoPath,
  secretStore,
  secretText,
  sourcesFolder,
  step,
  storageQuantity,
  text,
  type ValueType,
} from './value-types';
import { edgeHost, spansAddress, webAddress } from './web-address';

/** One row of the table of variables. */
export interface Variable {
  readonly name: string;
  /** Heading under which the documentation and `.env.example` list it. */
  readonly group: string;
  /** What it does, units included, without a full stop. */
  readonly meaning: string;
  readonly type: ValueType<unknown>;
  /** Value when the file does not set it. @default none */
  readonly default?: string;
  /** How the documentation describes a default that is not a fixed text. @default `default` */
  readonly defaultText?: string;
  /** Value in `.env.example`, which describes a studio on localhost. @default a commented-out line */
  readonly local?: string;
  /** Value to show in the commented-out line of `.env.example`. @default `default` */
  readonly example?: string;
  /** Must be set always, or only with `JUNJO_ENV=production`. @default never */
  readonly required?: 'always' | 'production';
  /** In development nothing is served there, and any text passes. @default false */
  readonly anyTextInDevelopment?: boolean;
  /** Goes to the Secret, and is never printed. @default false */
  readonly secret?: boolean;
  /** Containers that get it as an environment variable; an empty list: none of this release. @default only the manifests use it */
  readonly readers?: readonly Component[];
  /** The manifests use it too, whatever containers read it. @default they use it only when no release has a reader */
  readonly alsoForManifests?: true;
  /** Left out with a warning when it still holds a placeholder, instead of being an error. @default false */
  readonly leftOutAsPlaceholder?: boolean;
  /** With one of these it may be any text: a server of one's own may ask for no key. @default it is judged as a secret */
  readonly anyTextWith?: readonly string[];
  /** Upper bound, and default without `bySize`, as a share of the memory limit of a container. */
  readonly percentOfMemory?: LineVariable['percentOfMemory'];
  /** Value when the file does not set it, by the size of the studio. */
  readonly bySize?: LineVariable['bySize'];
  /** Words of its own that a container has for some values. @default all readers get the value as it is */
  readonly wordsOf?: Readonly<Partial<Record<Component, Readonly<Record<string, string>>>>>;
  /** A secret of which nothing is known unless the file has a line for it. @default false, it may be in any Secret */
  readonly onlyWhenWritten?: boolean;
  /** It is there only when this setting is `true`. @default always */
  readonly onlyWith?: 'JUNJO_K8S_QDRANT';
  /** A file may have it for another program, so that it says nothing of the release. @default false */
  readonly ofRuntime?: boolean;
  /** How the containers call it. @default `name` */
  readonly nameInContainer?: string;
  /** What the manifests set it to; a value in the file has no effect. */
  readonly setByManifests?: string;
  /** What takes its place here, where only upstream's compose deployments use the variable. */
  readonly insteadOfCompose?: string;
  /** Why the file may not set it. */
  readonly refused?: string;
}

/** Both spellings are in use: programs differ in which they read. */
export const proxyNames = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'] as const;

/**
 * Servers in place of the providers' own, as LiteLLM reads them: completion() of litellm/main.py in BerriAI/litellm, of which
 * upstream's backend/uv.lock has 1.79.0 up to 0.81 and 1.91.3 from 0.82 on.
 */
export const apiBaseNames = [
  'OPENAI_BASE_URL',
  'OPENAI_API_BASE',
  'ANTHROPIC_API_BASE',
  'ANTHROPIC_BASE_URL',
  'GEMINI_API_BASE',
] as const;

/** Who is trusted: the first two by httpx (https://www.python-httpx.org/environment_variables), the others by requests. */
export const certificateNames = ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'] as const;

/** Read by LiteLLM alone: litellm/llms/custom_httpx/http_handler.py. */
export const clientCertificateName = 'SSL_CERTIFICATE' as const;

const all: readonly Component[] = ['backend', 'ingestion', 'frontend'];

/** The names of controllers that are also names of their classes. */
function usualClasses(controllers: Readonly<Record<string, { readonly classes?: RegExp }>>): readonly string[] {
  return Object.keys(controllers).filter((name) => controllers[name]?.classes?.test(name));
}

/**
 * Every variable of upstream's env file that all release lines share, and every `JUNJO_K8S_` setting.
 * Parsing, checks, the split over ConfigMaps, Secret and containers, the documentation and `.env.example` come from here.
 */
export const variables = [
  {
    name: 'JUNJO_ENV',
    group: 'Environment',
    meaning: 'Where the studio runs: `development` on localhost, `production` behind HTTPS with HTTPS-only cookies',
    type: choice('development', 'production'),
    required: 'always',
    readers: all,
    local: 'development',
  },
  {
    name: 'JUNJO_BUILD_TARGET',
    group: 'Environment',
    meaning: 'Which images run: `production` the published ones, `development` hot-reloading ones that you build',
    type: choice('development', 'production'),
    default: 'production',
    readers: ['frontend'],
    alsoForManifests: true,
    local: 'production',
  },
  {
    name: 'JUNJO_SESSION_SECRET',
    group: 'Secrets',
    meaning: 'Signs the session cookie. Generate it: `openssl rand -base64 32`',
    type: secretText,
    required: 'always',
    secret: true,
    readers: ['backend'],
    local: 'your_base64_secret_here',
  },
  {
    name: 'JUNJO_SECURE_COOKIE_KEY',
    group: 'Secrets',
    meaning: 'Encrypts the session cookie. Generate it: `openssl rand -base64 32`',
    type: base64Key,
    required: 'always',
    secret: true,
    readers: ['backend'],
    local: 'your_base64_key_here',
  },
  {
    name: 'QDRANT_API_KEY',
    group: 'Secrets',
    meaning: 'API key of QDrant, with `JUNJO_K8S_QDRANT=true`. Generate it: `openssl rand -base64 32`',
    type: secretText,
    required: 'always',
    secret: true,
    readers: ['backend'],
    onlyWith: 'JUNJO_K8S_QDRANT',
    local: 'your_qdrant_api_key_here',
  },
  {
    name: 'JUNJO_PROD_FRONTEND_URL',
    group: 'Addresses',
    meaning: 'Address of the UI in production, for example `https://studio.example.com`',
    type: webAddress,
    required: 'production',
    anyTextInDevelopment: true,
    readers: ['backend', 'frontend'],
    alsoForManifests: true,
    example: 'https://studio.example.com',
  },
  {
    name: 'JUNJO_PROD_BACKEND_URL',
    group: 'Addresses',
    meaning:
      'Address of the API in production, where it is not that of the UI: another host of the same registrable domain',
    type: webAddress,
    required: 'production',
    anyTextInDevelopment: true,
    readers: ['backend', 'frontend'],
    example: 'https://api.example.com',
  },
  {
    name: 'JUNJO_PROD_INGESTION_URL',
    group: 'Addresses',
    meaning: 'Address to which applications send spans in production; its three forms are three ways (docs/edge.md)',
    type: spansAddress,
    required: 'production',
    anyTextInDevelopment: true,
    readers: ['backend', 'frontend'],
    example: 'https://spans.example.com',
  },
  {
    name: 'JUNJO_ALLOW_ORIGINS',
    group: 'Addresses',
    meaning: 'Origins whose pages may call the API',
    type: origins,
    defaultText: "the UI's own origin",
    readers: ['backend'],
    local: 'http://localhost:5153',
  },
  {
    name: 'JUNJO_BACKEND_PORT',
    group: 'Addresses',
    meaning: 'Parsed by the backend, which listens on the port of its image all the same',
    type: port,
    readers: ['backend'],
    example: '1323',
  },
  {
    name: 'JUNJO_LOG_LEVEL',
    group: 'Logging',
    meaning: 'Least severity that is logged',
    type: logLevel,
    readers: ['backend', 'ingestion'],
    // loguru knows WARNING and no WARN: with that, the backend of every release dies at import.
    wordsOf: { backend: { warn: 'WARNING' } },
    local: 'info',
  },
  {
    name: 'JUNJO_LOG_FORMAT',
    group: 'Logging',
    meaning: 'Form of a log line',
    type: choiceInAnyCase(['json', 'text']),
    readers: ['backend', 'ingestion'],
    local: 'json',
  },
  {
    name: 'GEMINI_API_KEY',
    group: 'LLM providers',
    meaning: 'Google AI Studio key for the prompt playground',
    type: apiKey,
    secret: true,
    readers: ['backend'],
    leftOutAsPlaceholder: true,
    anyTextWith: ['GEMINI_API_BASE'],
    example: 'your_gemini_api_key',
  },
  {
    name: 'OPENAI_API_KEY',
    group: 'LLM providers',
    meaning: 'OpenAI key for the prompt playground',
    type: apiKey,
    secret: true,
    readers: ['backend'],
    leftOutAsPlaceholder: true,
    anyTextWith: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'],
    example: 'your_openai_api_key',
  },
  {
    name: 'ANTHROPIC_API_KEY',
    group: 'LLM providers',
    meaning: 'Anthropic key for the prompt playground',
    type: apiKey,
    secret: true,
    readers: ['backend'],
    leftOutAsPlaceholder: true,
    anyTextWith: ['ANTHROPIC_API_BASE', 'ANTHROPIC_BASE_URL'],
    example: 'your_anthropic_api_key',
  },
  {
    name: 'GOOGLE_API_KEY',
    group: 'LLM providers',
    meaning: 'The key for Google AI Studio under the other name that LiteLLM reads',
    type: apiKey,
    secret: true,
    readers: ['backend'],
    leftOutAsPlaceholder: true,
    onlyWhenWritten: true,
    ofRuntime: true,
    example: 'your_google_api_key',
  },
  ...apiBaseNames.map((name) => ({
    name,
    group: 'LLM providers',
    meaning:
      'Server that gets the prompts in place of the provider; the list of models still comes from the provider itself',
    type: apiBase,
    readers: ['backend'] as const,
    ofRuntime: true,
    example: 'https://llm.example.com/v1',
  })),
  ...(['OPENAI_ORGANIZATION', 'OPENAI_ORG_ID', 'OPENAI_PROJECT_ID'] as const).map((name) => ({
    name,
    group: 'LLM providers',
    meaning: 'Organization or project at OpenAI that a call is charged to',
    type: text,
    readers: ['backend'] as const,
    ofRuntime: true,
    example: 'org-0123456789',
  })),
  ...certificateNames.map((name) => ({
    name,
    group: 'LLM providers',
    meaning:
      'Certificates of the authorities that the backend trusts, in a file or folder that a patch mounts (docs/runbook.md)',
    type: pathInContainer,
    readers: ['backend'] as const,
    ofRuntime: true,
    example: '/etc/ssl/certs/ca-certificates.crt',
  })),
  {
    name: clientCertificateName,
    group: 'LLM providers',
    meaning: 'Client certificate and its key, in one file that a patch mounts (docs/runbook.md)',
    type: pathInContainer,
    readers: ['backend'],
    ofRuntime: true,
    example: '/etc/company/client.pem',
  },
  {
    name: 'SSL_VERIFY',
    group: 'LLM providers',
    meaning: 'Whether LiteLLM checks certificates',
    type: boolean,
    readers: ['backend'],
    ofRuntime: true,
    example: 'true',
  },
  ...(
    [
      ['LITELLM_LOG', 'Least severity that LiteLLM logs', 'INFO'],
      [
        'LITELLM_LOCAL_MODEL_COST_MAP',
        'With `True`, LiteLLM uses the prices of models that it brings and loads no newer ones',
        'True',
      ],
      [
        'AIOHTTP_TRUST_ENV',
        'With `True`, LiteLLM calls through the proxies that the variables of the group Proxy name',
        'True',
      ],
      ['DISABLE_AIOHTTP_TRANSPORT', 'With `True`, LiteLLM makes its calls with httpx and not with aiohttp', 'True'],
    ] as const
  ).map(([name, meaning, example]) => ({
    name,
    group: 'LLM providers',
    meaning,
    type: text,
    readers: ['backend'] as const,
    ofRuntime: true,
    example,
  })),
  ...proxyNames.map((name) => ({
    name,
    group: 'Proxy',
    meaning: 'Proxy through which the backend calls LLM providers; a secret, because it may hold a password',
    type: proxyUrl,
    secret: true,
    readers: ['backend'] as const,
    leftOutAsPlaceholder: true,
    onlyWhenWritten: true,
    ofRuntime: true,
    example: 'http://proxy.example.com:3128',
  })),
  ...(['NO_PROXY', 'no_proxy'] as const).map((name) => ({
    name,
    group: 'Proxy',
    meaning: "Hosts that the backend calls without the proxy; the cluster's own names are added",
    type: hosts,
    readers: ['backend'] as const,
    ofRuntime: true,
    example: '.example.com',
  })),
  {
    name: 'JUNJO_K8S_NAME',
    group: 'Kubernetes: names and images',
    meaning: 'Name of the studio, in the label `app.kubernetes.io/instance`',
    type: dnsLabel,
    default: defaultStudioName,
  },
  {
    name: 'JUNJO_K8S_NAMESPACE',
    group: 'Kubernetes: names and images',
    meaning: 'Namespace of the studio; it belongs to the studio alone',
    type: dnsLabel,
    defaultText: '`JUNJO_K8S_NAME`',
    example: defaultStudioName,
  },
  {
    name: 'JUNJO_K8S_RELEASE',
    group: 'Kubernetes: names and images',
    meaning: 'Release of Junjo AI Studio, as the tag of its images',
    type: text,
    default: defaultTag,
  },
  {
    name: 'JUNJO_K8S_IMAGE_REGISTRY',
    group: 'Kubernetes: names and images',
    meaning: 'Registry, with path, that mirrors the published images',
    type: imageRegistry,
    default: 'docker.io',
  },
  {
    name: 'JUNJO_K8S_IMAGE_PULL_SECRET',
    group: 'Kubernetes: names and images',
    meaning: 'Existing Secret in the namespace with the registry credentials',
    type: dnsSubdomain,
    example: 'registry-credentials',
  },
  {
    name: 'JUNJO_K8S_BACKEND_IMAGE',
    group: 'Kubernetes: names and images',
    meaning:
      'Whole image reference of the backend, for a digest or an image of your own; an image of upstream must be one of the release line',
    type: imageReference,
    defaultText: 'image of the release',
    example: 'registry.example.com/team/backend:build-7',
  },
  {
    name: 'JUNJO_K8S_INGESTION_IMAGE',
    group: 'Kubernetes: names and images',
    meaning: 'Whole image reference of ingestion',
    type: imageReference,
    defaultText: 'image of the release',
    example: 'registry.example.com/team/ingestion:build-7',
  },
  {
    name: 'JUNJO_K8S_FRONTEND_IMAGE',
    group: 'Kubernetes: names and images',
    meaning: 'Whole image reference of the frontend',
    type: imageReference,
    defaultText: 'image of the release',
    example: 'registry.example.com/team/frontend:build-7',
  },
  {
    name: 'JUNJO_K8S_TOOLS_IMAGE',
    group: 'Kubernetes: names and images',
    meaning:
      'Image with Python and openssl for the upgrade guard and for copies of the volume, on releases whose backend has no Python',
    type: imageReference,
    defaultText: '`library/python:3.13.7-slim-trixie` of the registry',
    example: 'registry.example.com/library/python:3.13.7-slim-trixie',
  },
  {
    name: 'JUNJO_K8S_NGINX_IMAGE',
    group: 'Kubernetes: names and images',
    meaning:
      'Whole image reference of nginx, 1.22 or newer, with a shell and the stop signal SIGQUIT, for the guard before the API and the proxy before ingestion',
    type: imageReference,
    defaultText: '`library/nginx:1.30.4-alpine-slim` of the registry',
    example: 'registry.example.com/team/nginx:1.30.4-alpine-slim',
  },
  {
    name: 'JUNJO_K8S_SOURCE_PATH',
    group: 'Kubernetes: names and images',
    meaning:
      "Folder on the nodes with upstream's sources (`backend/`, `ingestion/`, `frontend/`, `proto/`), from which development images reload; lowers Pod Security to `privileged` (docs/development.md)",
    type: sourcesFolder,
    defaultText: 'none: development images run what they hold',
    example: '/src/junjo/apps/studio',
  },
  {
    name: 'JUNJO_HOST_DB_DATA_PATH',
    group: 'Storage',
    meaning:
      'Relative: the data lies on storage of the cluster. Absolute: in that folder of the node `JUNJO_K8S_NODE`, unless one of the settings below names other storage',
    type: dataPath,
    default: './.dbdata',
    local: './.dbdata',
  },
  {
    name: 'JUNJO_K8S_NODE',
    group: 'Storage',
    meaning: 'Node that holds the folder of an absolute `JUNJO_HOST_DB_DATA_PATH`; backend and ingestion run there',
    type: nodeName,
    example: 'worker-1',
  },
  {
    name: 'JUNJO_K8S_STORAGE_SIZE',
    group: 'Storage',
    meaning: 'Size of the volume; it can grow later where the storage class allows it, and never shrink',
    type: storageQuantity,
    default: '10Gi',
  },
  {
    name: 'JUNJO_K8S_STORAGE_CLASS',
    group: 'Storage',
    meaning: 'Storage class of the claim; block storage only, the databases break on NFS and SMB',
    type: { ...dnsSubdomain, samples: ['sample', 'local-path'] },
    defaultText: "the cluster's default class",
    example: 'fast-ssd',
  },
  {
    name: 'JUNJO_K8S_STORAGE_ACCESS_MODE',
    group: 'Storage',
    meaning: 'Access mode of the claim',
    type: accessMode,
    default: 'ReadWriteOnce',
  },
  {
    name: 'JUNJO_K8S_EXISTING_CLAIM',
    group: 'Storage',
    meaning: 'Claim of your own in the namespace to use instead of a new one',
    type: dnsSubdomain,
    example: 'my-claim',
  },
  {
    name: 'JUNJO_K8S_ACCEPT_DATA_LOSS',
    group: 'Storage',
    meaning:
      'Step between release lines that may lose spans, where the backend refuses to start on them (docs/runbook.md); remove it after the step',
    type: step,
    example: '0.70-to-0.82',
  },
  {
    name: 'JUNJO_K8S_QDRANT',
    group: 'Storage',
    meaning:
      "Run QDrant, which upstream's notes name as the backend's vector store; no release connects to it so far (docs/runbook.md)",
    type: boolean,
    default: 'false',
  },
  {
    name: 'JUNJO_K8S_QDRANT_STORAGE_SIZE',
    group: 'Storage',
    meaning: 'Size of its volume, on the class `JUNJO_K8S_STORAGE_CLASS`',
    type: storageQuantity,
    default: '5Gi',
  },
  {
    name: 'JUNJO_K8S_INTAKE',
    group: 'Intake',
    meaning:
      'Run OpenTelemetry Collectors in front of ingestion, which keep spans on a disk while ingestion is away, and take OTLP/HTTP on port 4318 (docs/intake.md)',
    type: boolean,
    default: 'false',
  },
  {
    name: 'JUNJO_K8S_INTAKE_KEYS',
    group: 'Intake',
    meaning:
      'Existing Secret with the API keys that the collectors accept, one in each line of its key `keys`; they refuse any other key at once',
    type: dnsSubdomain,
    defaultText: 'ingestion alone checks keys, after the collectors have accepted the spans',
    example: 'junjo-ai-studio-intake-keys',
  },
  {
    name: 'JUNJO_K8S_INTAKE_STORAGE_SIZE',
    group: 'Intake',
    meaning:
      'Size of the volume of each of the two collectors, on the class `JUNJO_K8S_STORAGE_CLASS`; the queue takes a fifth of it',
    type: storageQuantity,
    default: '4Gi',
  },
  {
    name: 'JUNJO_K8S_INTAKE_HTTP_HOST',
    group: 'Intake',
    meaning: 'Host at the edge for OTLP/HTTP, of its own; spans are sent to `https://HOST/v1/traces`',
    type: edgeHost,
    defaultText: 'OTLP/HTTP does not come through the edge',
    example: 'otlp.example.com',
  },
  {
    name: 'JUNJO_K8S_INTAKE_CORS_ORIGINS',
    group: 'Intake',
    meaning:
      'Origins whose pages may send spans over OTLP/HTTP; everybody who opens such a page can read the API key in it (docs/edge.md)',
    type: origins,
    defaultText: 'none',
    example: 'https://app.example.com',
  },
  {
    name: 'JUNJO_K8S_INTAKE_IMAGE',
    group: 'Kubernetes: names and images',
    meaning: 'Whole image reference of the contrib distribution of the OpenTelemetry Collector, 0.156 or newer',
    type: imageReference,
    defaultText: '`otel/opentelemetry-collector-contrib:0.159.0` of the registry',
    example: 'registry.example.com/team/opentelemetry-collector-contrib:0.159.0',
  },
  {
    name: 'JUNJO_K8S_BACKUP',
    group: 'Backup',
    meaning:
      'What copies the data away on a schedule: `volsync` snapshots into a repository of restic, `velero` snapshots into the storage of its backups (docs/runbook.md)',
    type: choice('none', 'volsync', 'velero'),
    default: 'none',
    example: 'volsync',
  },
  {
    name: 'JUNJO_K8S_BACKUP_REPOSITORY',
    group: 'Backup',
    meaning:
      'Existing Secret in the namespace with `RESTIC_REPOSITORY`, `RESTIC_PASSWORD` and the credentials of the bucket, for `volsync`',
    type: dnsSubdomain,
    example: 'backup-repository',
  },
  {
    name: 'JUNJO_K8S_BACKUP_QDRANT_REPOSITORY',
    group: 'Backup',
    meaning:
      'Existing Secret with the repository for the volume of QDrant; VolSync supports no repository that two volumes share',
    type: dnsSubdomain,
    defaultText: '`JUNJO_K8S_BACKUP_REPOSITORY` with `-qdrant` at the end',
    example: 'backup-repository-qdrant',
  },
  {
    name: 'JUNJO_K8S_BACKUP_SCHEDULE',
    group: 'Backup',
    meaning: 'When a backup begins, in the time zone of the operator, which is UTC unless it was told another',
    type: cron,
    defaultText: 'a minute between 01:00 and 04:59, by the name of the namespace',
    example: '17 3 * * *',
  },
  {
    name: 'JUNJO_K8S_BACKUP_KEEP',
    group: 'Backup',
    meaning: 'Days for which backups are kept, one for each day',
    type: integer(1, 3650),
    default: '7',
  },
  {
    name: 'JUNJO_K8S_BACKUP_SNAPSHOT_CLASS',
    group: 'Backup',
    meaning: 'VolumeSnapshotClass of the snapshots, for `volsync`',
    type: dnsSubdomain,
    defaultText: "the cluster's default class for snapshots",
    example: 'csi-snapshots',
  },
  {
    name: 'JUNJO_K8S_BACKUP_NAMESPACE',
    group: 'Backup',
    meaning: 'Namespace in which Velero runs, for `velero`',
    type: dnsLabel,
    default: 'velero',
  },
  {
    name: 'JUNJO_K8S_MONITORING',
    group: 'Monitoring',
    meaning:
      'What watches the studio: `prometheus` renders alerts for the Prometheus operator and a dashboard for Grafana (docs/monitoring.md)',
    type: choice('none', 'prometheus'),
    default: 'none',
    example: 'prometheus',
  },
  {
    name: 'JUNJO_K8S_MONITORING_NAMESPACE',
    group: 'Monitoring',
    meaning: 'Namespace in which Prometheus runs, which may read the metrics of the intake',
    type: dnsLabel,
    default: 'monitoring',
  },
  {
    name: 'JUNJO_K8S_SIZE',
    group: 'Kubernetes: capacity',
    meaning: 'Memory of the whole studio: `small` for 1 GB, `medium` for 2 GB, `large` for 4 GB',
    type: choice('small', 'medium', 'large'),
    default: 'small',
  },
  {
    name: 'JUNJO_K8S_FRONTEND_REPLICAS',
    group: 'Kubernetes: capacity',
    meaning:
      'Pods that serve the UI; backend and ingestion are always one pod each, because their databases have one writer',
    type: integer(1, 20),
    default: '1',
  },
  {
    name: 'JUNJO_K8S_NODE_SELECTOR',
    group: 'Kubernetes: capacity',
    meaning: 'Labels of the nodes that may run the pods',
    type: nodeSelector,
    defaultText: 'every node',
    example: 'disktype=ssd,topology.kubernetes.io/zone=a',
  },
  {
    name: 'JUNJO_K8S_TOLERATIONS',
    group: 'Kubernetes: capacity',
    meaning: 'Taints that the pods put up with, in the words of `kubectl taint`',
    type: tolerations,
    example: 'dedicated=observability:NoSchedule',
  },
  {
    name: 'JUNJO_K8S_PRIORITY_CLASS',
    group: 'Kubernetes: capacity',
    meaning: 'PriorityClass of the pods, which is there already',
    type: dnsSubdomain,
    defaultText: "the cluster's default",
    example: 'high-priority',
  },
  {
    name: 'JUNJO_K8S_PATCHES',
    group: 'Kubernetes: changes',
    meaning: 'Files with patches of the rendered objects (docs/patches.md)',
    type: filePaths,
    example: 'patches.yaml',
  },
  {
    name: 'JUNJO_K8S_LABELS',
    group: 'Kubernetes: changes',
    meaning:
      'Labels for every object and pod except namespace, claims and volume (docs/patches.md), beside those that the studio writes itself',
    type: extraLabels,
    example: 'team=ml,cost-centre=42',
  },
  {
    name: 'JUNJO_K8S_ANNOTATIONS',
    group: 'Kubernetes: changes',
    meaning: 'Annotations for every object and pod, beside those that the studio writes itself',
    type: extraAnnotations,
    example: 'example.com/owner=team-ml',
  },
  {
    name: 'JUNJO_K8S_INGRESS_CLASS',
    group: 'Kubernetes: edge',
    meaning:
      'Ingress class for UI, API and spans; the controllers of docs/edge.md get what they need beyond a plain Ingress',
    type: { ...dnsSubdomain, samples: ['sample', ...usualClasses(ingressControllers)] },
    defaultText: "the cluster's default class",
    example: 'traefik',
  },
  {
    name: 'JUNJO_K8S_GATEWAY',
    group: 'Kubernetes: edge',
    meaning: 'Gateway API instead of an Ingress',
    type: {
      ...gateway,
      samples: [...gateway.samples, ...usualClasses(gatewayControllers).map((name) => `class:${name}`)],
    },
    example: 'class:envoy',
  },
  {
    name: 'JUNJO_K8S_GATEWAY_HTTPS_LISTENER',
    group: 'Kubernetes: edge',
    meaning: 'Name of the HTTPS listener of a Gateway that is there already',
    type: dnsSubdomain,
    default: 'https',
  },
  {
    name: 'JUNJO_K8S_GATEWAY_HTTP_LISTENER',
    group: 'Kubernetes: edge',
    meaning: 'Name of its plain listener, on which the redirect is; `none` where the Gateway redirects by itself',
    type: { ...dnsSubdomain, samples: ['sample', 'none'] },
    default: 'http',
  },
  {
    name: 'JUNJO_K8S_INGRESS_NAMESPACE',
    group: 'Kubernetes: edge',
    meaning: 'Namespace of the ingress or gateway controller; network policies then let only it reach UI and API',
    type: dnsLabel,
    example: 'traefik',
  },
  {
    name: 'JUNJO_K8S_INGRESS_CONTROLLER',
    group: 'Kubernetes: edge',
    meaning: 'What runs the ingress class or the Gateway, where its name does not tell (docs/edge.md)',
    type: choice(...new Set([...Object.keys(ingressControllers), ...Object.keys(gatewayControllers), 'other'])),
    defaultText: 'by the name of the class',
    example: 'traefik',
  },
  {
    name: 'JUNJO_K8S_WEB_SOURCE_RANGES',
    group: 'Kubernetes: edge',
    meaning: 'Addresses that may see UI and API, where the controller can tell them apart (docs/edge.md)',
    type: cidrs,
    defaultText: 'everywhere',
    example: '203.0.113.0/24',
  },
  {
    name: 'JUNJO_K8S_ACME_EMAIL',
    group: 'Kubernetes: edge',
    meaning: 'Contact address of the ACME account',
    type: email,
    example: 'team@example.com',
  },
  {
    name: 'JUNJO_K8S_ACME_SERVER',
    group: 'Kubernetes: edge',
    meaning: 'ACME directory from which cert-manager obtains the certificate; try `letsencrypt-staging` first',
    type: acmeServer,
    default: 'letsencrypt',
  },
  {
    name: 'JUNJO_K8S_CLUSTER_ISSUER',
    group: 'Kubernetes: edge',
    meaning: 'ClusterIssuer of cert-manager that is there already, instead of an Issuer in the namespace',
    type: dnsSubdomain,
    example: 'letsencrypt',
  },
  {
    name: 'JUNJO_K8S_TLS_SECRET',
    group: 'Kubernetes: edge',
    meaning: 'TLS Secret in the namespace that is there already, with the certificate for all hosts',
    type: dnsSubdomain,
    example: 'studio-tls',
  },
  {
    name: 'JUNJO_K8S_INGESTION_SERVICE',
    group: 'Kubernetes: edge',
    meaning: 'How the port for spans is published in production, where spans do not come through the edge alone',
    type: choice('LoadBalancer', 'NodePort', 'ClusterIP'),
    defaultText: '`ClusterIP` for spans through the edge, else `LoadBalancer`',
    example: 'LoadBalancer',
  },
  {
    name: 'JUNJO_K8S_INGESTION_SOURCE_RANGES',
    group: 'Kubernetes: edge',
    meaning: 'Addresses that may connect to the load balancer or node port for spans',
    type: cidrs,
    defaultText: 'everywhere',
    example: '203.0.113.0/24',
  },
  {
    name: 'JUNJO_K8S_CLOUD',
    group: 'Kubernetes: edge',
    meaning: 'Whose load balancer it is: sets what a long-lived gRPC stream needs there',
    type: choice('aws', 'gcp', 'azure', 'digitalocean', 'hetzner', 'metallb'),
    example: 'aws',
  },
  {
    name: 'JUNJO_K8S_LOAD_BALANCER',
    group: 'Kubernetes: edge',
    meaning:
      'Where the load balancers are that these manifests ask a cloud for: `internal` keeps them in its private network (docs/edge.md)',
    type: choice('internet', 'internal'),
    defaultText: 'on the internet',
    example: 'internal',
  },
  {
    name: 'JUNJO_K8S_EXTERNAL_DNS',
    group: 'Kubernetes: edge',
    meaning: 'Write the host names of UI, API and spans for external-dns',
    type: boolean,
    default: 'false',
  },
  {
    name: 'JUNJO_K8S_API_GUARD',
    group: 'Kubernetes: edge',
    meaning:
      'Ask for a sign-in before spans are shown, in production on releases whose API does not ask by itself (docs/releases.md)',
    type: boolean,
    default: 'true',
  },
  {
    name: 'JUNJO_K8S_NETWORK_POLICY',
    group: 'Kubernetes: edge',
    meaning: 'Close everything that docs/network.md does not list',
    type: boolean,
    default: 'true',
  },
  {
    name: 'JUNJO_K8S_EGRESS',
    group: 'Kubernetes: edge',
    meaning:
      'Further addresses that the backend of releases that call out, and VolSync, may call, for example a proxy or a model server; on port 53 a DNS server for every pod (docs/network.md)',
    type: egress,
    defaultText: 'public addresses on 443 alone',
    example: '10.0.0.5/32:3128',
  },
  {
    name: 'JUNJO_K8S_SECRETS',
    group: 'Kubernetes: secrets and GitOps',
    meaning:
      'Where the Secret comes from: `manifest` renders it from this file, `existing` leaves it to you, `sealed` renders a SealedSecret, `external` an ExternalSecret',
    type: choice('manifest', 'existing', 'sealed', 'external'),
    default: 'manifest',
  },
  {
    name: 'JUNJO_K8S_SECRET_NAME',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'Name of the Secret that the pods read',
    type: dnsSubdomain,
    default: 'junjo-ai-studio-secrets',
  },
  {
    name: 'JUNJO_K8S_SEALING_CERT',
    group: 'Kubernetes: secrets and GitOps',
    meaning: "PEM file with the certificate of the cluster's sealed-secrets controller, from `kubeseal --fetch-cert`",
    type: text,
    example: 'sealing-cert.pem',
  },
  {
    name: 'JUNJO_K8S_SEALING_SCOPE',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'Where sealed values may be opened: under their name, anywhere in the namespace, or in the cluster',
    type: choice('strict', 'namespace-wide', 'cluster-wide'),
    default: 'strict',
  },
  {
    name: 'JUNJO_K8S_SECRET_STORE',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'Store of External Secrets Operator; its entry named like the studio holds each secret as a property',
    type: secretStore,
    example: 'ClusterSecretStore/vault',
  },
  {
    name: 'JUNJO_K8S_GIT_REPO',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'Repository from which Argo CD or Flux applies the studio; `oci://` with Flux alone',
    type: gitRepo,
    example: 'https://git.example.com/team/studio.git',
  },
  {
    name: 'JUNJO_K8S_GITOPS',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'What applies the studio from that repository',
    type: choice('argocd', 'flux'),
    default: 'argocd',
  },
  {
    name: 'JUNJO_K8S_GIT_PATH',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'Folder of the rendered output in that repository; of artifacts the default is their root',
    type: repoPath,
    default: 'dist',
  },
  {
    name: 'JUNJO_K8S_GIT_REVISION',
    group: 'Kubernetes: secrets and GitOps',
    meaning:
      'Branch, tag or commit that Argo CD or Flux follows. Flux takes a name for that of a branch, and a tag as `refs/tags/v1`; of artifacts it follows a tag or a digest. With Flux the default is `main`, of artifacts `latest`',
    type: gitRevision,
    default: 'HEAD',
  },
  {
    name: 'JUNJO_K8S_GIT_SECRET',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'Secret in the namespace `flux-system` with which Flux reads a repository that is not public',
    type: dnsSubdomain,
    example: 'studio-repository',
  },
  {
    name: 'INGESTION_HOST',
    group: 'Set by the manifests',
    meaning: 'Where the backend finds the internal port of ingestion',
    type: text,
    readers: ['backend'],
    setByManifests: internalServiceNames.ingestion,
  },
  {
    name: 'QDRANT_URL',
    group: 'Set by the manifests',
    meaning: 'Where the backend would find QDrant, with `JUNJO_K8S_QDRANT=true`',
    type: text,
    readers: ['backend'],
    onlyWith: 'JUNJO_K8S_QDRANT',
    setByManifests: `http://${qdrantName}:6333`,
  },
  {
    name: 'INGESTION_PORT',
    group: 'Set by the manifests',
    meaning: 'Internal port of ingestion',
    type: port,
    readers: ['backend'],
    setByManifests: 'the internal gRPC port of the release',
  },
  {
    name: 'RUN_MIGRATIONS',
    group: 'Set by the manifests',
    meaning: 'Whether the backend migrates its database when it starts',
    type: boolean,
    readers: ['backend'],
    setByManifests: 'true',
  },
  {
    name: 'BACKEND_GRPC_HOST',
    group: 'Set by the manifests',
    meaning: 'Where ingestion validates API keys',
    type: text,
    readers: ['ingestion'],
    setByManifests: internalServiceNames.backend,
  },
  {
    name: 'BACKEND_GRPC_PORT',
    group: 'Set by the manifests',
    meaning: 'Internal port of the backend',
    type: port,
    readers: ['ingestion'],
    setByManifests: 'the internal gRPC port of the release',
  },
  {
    name: 'GRPC_PORT',
    group: 'Refused',
    meaning: "The backend's internal port and ingestion's public port at once",
    type: text,
    refused:
      "means the backend's internal port to the one and ingestion's public port to the other, so a shared value breaks one of them. Remove the line",
  },
  {
    name: 'CLOUDFLARE_API_TOKEN',
    group: 'Passed over: only compose uses them',
    meaning: "Certificates of compose's Caddy container",
    type: text,
    secret: true,
    insteadOfCompose: 'cert-manager obtains the certificates',
  },
  {
    name: 'JUNJO_LETS_ENCRYPT_STAGING_CA_DIRECTIVE',
    group: 'Passed over: only compose uses them',
    meaning: "Certificates of compose's Caddy container",
    type: text,
    insteadOfCompose: 'cert-manager obtains the certificates',
  },
  {
    name: 'JUNJO_AI_STUDIO_API_KEY',
    group: 'Passed over: only compose uses them',
    meaning: 'API key of a sample application',
    type: text,
    secret: true,
    insteadOfCompose: 'applications keep their API key themselves; it is no part of the studio',
  },
  {
    name: 'COMPOSE_PROFILES',
    group: 'Passed over: only compose uses them',
    meaning: 'Services that compose starts beside the others',
    type: text,
    insteadOfCompose: 'every container of the release runs',
  },
  {
    name: 'JUNJO_DEV_BACKEND_URL',
    group: 'Passed over: only compose uses them',
    meaning: 'Where the development server of the UI finds the API',
    type: text,
    insteadOfCompose: 'no development server of the UI runs',
  },
  {
    name: 'JUNJO_BACKEND_MEM_RESERVATION',
    group: 'Passed over: only compose uses them',
    meaning: 'Memory that compose reserves for the backend',
    type: text,
    insteadOfCompose: 'JUNJO_K8S_SIZE sets the memory',
  },
  {
    name: 'JUNJO_BACKEND_MEM_LIMIT',
    group: 'Passed over: only compose uses them',
    meaning: 'Memory limit of the backend in compose',
    type: text,
    insteadOfCompose: 'JUNJO_K8S_SIZE sets the memory',
  },
  {
    name: 'JUNJO_BACKEND_MEMSWAP_LIMIT',
    group: 'Passed over: only compose uses them',
    meaning: 'Memory and swap limit of the backend in compose',
    type: text,
    insteadOfCompose: 'JUNJO_K8S_SIZE sets the memory, and pods do not swap',
  },
  {
    name: 'JUNJO_BACKEND_PIDS_LIMIT',
    group: 'Passed over: only compose uses them',
    meaning: 'Limit of processes of the backend in compose',
    type: text,
    insteadOfCompose: 'the kubelet limits the processes of a pod',
  },
  {
    name: 'JUNJO_FRONTEND_HOST_PORT',
    group: 'Passed over: only compose uses them',
    meaning: 'Port of the UI on the compose host',
    type: text,
    insteadOfCompose: 'a Service publishes the UI',
  },
  {
    name: 'JUNJO_BACKEND_HOST_PORT',
    group: 'Passed over: only compose uses them',
    meaning: 'Port of the API on the compose host',
    type: text,
    insteadOfCompose: 'a Service publishes the API',
  },
  {
    name: 'JUNJO_INGESTION_HOST_PORT',
    group: 'Passed over: only compose uses them',
    meaning: 'Port for spans on the compose host',
    type: text,
    insteadOfCompose: 'a Service publishes the port for spans',
  },
] as const satisfies readonly Variable[];

type Row = (typeof variables)[number];

/** A name that the table knows at compile time. */
export type VariableName = Row['name'];

/** What each variable is once its text is parsed; it may be missing where the table has no default. */
export type ParsedValues = {
  readonly [R in Row as R['name']]: R extends { readonly default: string }
    ? ParsedBy<R['type']>
    : ParsedBy<R['type']> | undefined;
};

type ParsedBy<Type> = Type extends ValueType<infer Value> ? Value : never;

/** The table for one release line: what all lines share, then the line's own variables and fixed values. */
export function variablesOf(line: ReleaseLine): readonly Variable[] {
  const own = componentsOf(line);
  const shared = variables.map((variable: Variable): Variable => {
    const { refused, ...row } = variable;
    const pinned = own.some((component) => variable.name in (line.environment[component] ?? {}));
    if (refused && pinned) return { ...row, setByManifests: 'a fixed value of the release' };
    const all = line.fewerReaders?.[variable.name] ?? variable.readers;
    const readers = all?.filter((reader) => own.includes(reader));
    const isUnread = readers?.length === 0 && !variable.alsoForManifests;
    return { ...variable, readers, required: isUnread ? undefined : variable.required };
  });
  const known = new Set<string>(variables.map(({ name }) => name));
  const fixed = own
    .flatMap((component) => Object.keys(line.environment[component] ?? {}).map((name) => ({ name, component })))
    .filter(({ name }) => !known.has(name))
    .map(
      ({ name, component }): Variable => ({
        name,
        group: 'Set by the manifests',
        meaning: 'Fixed by the release',
        type: text,
        readers: [component],
        setByManifests: 'a fixed value of the release',
      }),
    );
  return [...shared, ...line.variables.map((variable) => ownVariable(variable, line)), ...fixed];
}

function ownVariable(variable: LineVariable, line: ReleaseLine): Variable {
  const {
    name,
    nameInEnvFile = name,
    meaning,
    readers,
    writtenOut,
    percentOfMemory: share,
    bySize,
    ofRuntime,
  } = variable;
  const secret = variable.type === 'token';
  return {
    name: nameInEnvFile,
    group: secret ? 'Secrets' : 'Tuning',
    meaning,
    type: lineValueType(variable.type, line),
    default: writtenOut ? variable.default : undefined,
    defaultText: bySize ? textBySize(bySize) : share ? textOfShare(share) : variable.default,
    example: variable.default,
    required: secret ? 'always' : undefined,
    secret,
    readers,
    nameInContainer: name,
    percentOfMemory: share,
    bySize,
    ofRuntime,
  };
}

function textBySize(bySize: NonNullable<Variable['bySize']>): string {
  const values = Object.values(bySize);
  return `${values.join(', ')} by \`JUNJO_K8S_SIZE\``;
}

function textOfShare({ percent, component }: NonNullable<Variable['percentOfMemory']>): string {
  return `${percent} % of the memory limit of ${component}`;
}
