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
  /** Value if the file does not set it. @default none */
  readonly default?: string;
  /** How the documentation describes a default that is not a fixed text. @default `default` */
  readonly defaultText?: string;
  /** Value in `.env.example`, which describes a studio on localhost. @default a commented-out line */
  readonly local?: string;
  /** Value to show in the commented-out line of `.env.example`. @default `default` */
  readonly example?: string;
  /** Must be set always, or only with `JUNJO_ENV=production`. @default never */
  readonly required?: 'always' | 'production';
  /** It is not checked in development, where it has no effect. @default false */
  readonly anyTextInDevelopment?: boolean;
  /** It is in the Secret and is never printed. @default false */
  readonly secret?: boolean;
  /** Containers that get it as an environment variable; an empty list: none of this release. @default only the manifests use it */
  readonly readers?: readonly Component[];
  /** The manifests use it too, whatever containers read it. @default they use it only when no release has a reader */
  readonly alsoForManifests?: true;
  /** A placeholder is left out with a warning, instead of being an error. @default false */
  readonly leftOutAsPlaceholder?: boolean;
  /** With one of these variables it may be any text: a user's own server may need no key. @default it is checked as a secret */
  readonly anyTextWith?: readonly string[];
  /** Upper bound, and default without `bySize`, as a share of the memory limit of a container. */
  readonly percentOfMemory?: LineVariable['percentOfMemory'];
  /** Value when the file does not set it, by the size of the studio. */
  readonly bySize?: LineVariable['bySize'];
  /** Other words that a container uses for some values. @default all readers get the value unchanged */
  readonly wordsOf?: Readonly<Partial<Record<Component, Readonly<Record<string, string>>>>>;
  /** The Secret has this key only if the file has a line for it. @default false, it may be in any Secret */
  readonly onlyWhenWritten?: boolean;
  /** It exists only if this setting is `true`. @default always */
  readonly onlyWith?: 'JUNJO_K8S_QDRANT';
  /** The file may set it for another program, so it does not indicate a release. @default false */
  readonly ofRuntime?: boolean;
  /** Its name in the containers. @default `name` */
  readonly nameInContainer?: string;
  /** What the manifests set it to; a value in the file has no effect. */
  readonly setByManifests?: string;
  /** What replaces it on Kubernetes, where only upstream's compose deployments use the variable. */
  readonly insteadOfCompose?: string;
  /** Why the file may not set it. */
  readonly refused?: string;
}

/** Both spellings are in use: programs differ in which they read. */
export const proxyNames = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'] as const;

/**
 * Servers that replace the providers' own, as LiteLLM reads them: completion() of litellm/main.py in BerriAI/litellm, of which
 * upstream's backend/uv.lock has 1.79.0 up to 0.81 and 1.91.3 from 0.82 on.
 */
export const apiBaseNames = [
  'OPENAI_BASE_URL',
  'OPENAI_API_BASE',
  'ANTHROPIC_API_BASE',
  'ANTHROPIC_BASE_URL',
  'GEMINI_API_BASE',
] as const;

/** Trusted authorities: the first two by httpx (https://www.python-httpx.org/environment_variables), the others by requests. */
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
    meaning:
      'Which images run: `production` for the published ones, `development` for hot-reloading ones that you build',
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
    meaning: 'Address of the UI in production',
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
      'Address of the API in production: another host of the same registrable domain as the UI. Releases that serve UI and API under one host ignore it',
    type: webAddress,
    required: 'production',
    anyTextInDevelopment: true,
    readers: ['backend', 'frontend'],
    example: 'https://api.example.com',
  },
  {
    name: 'JUNJO_PROD_INGESTION_URL',
    group: 'Addresses',
    meaning:
      'Address to which applications send spans in production. Its form decides how spans reach the studio (docs/edge.md)',
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
    meaning: 'The backend checks this number, but always listens on the port of its image',
    type: port,
    readers: ['backend'],
    example: '1323',
  },
  {
    name: 'JUNJO_LOG_LEVEL',
    group: 'Logging',
    meaning: 'Minimum severity of log lines',
    type: logLevel,
    readers: ['backend', 'ingestion'],
    // loguru knows WARNING and no WARN: with that, the backend of every release dies at import.
    wordsOf: { backend: { warn: 'WARNING' } },
    local: 'info',
  },
  {
    name: 'JUNJO_LOG_FORMAT',
    group: 'Logging',
    meaning: 'Format of log lines',
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
    meaning: 'Google AI Studio key, under the other name that LiteLLM reads',
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
      'Server that receives the prompts instead of the provider. The list of models still comes from the provider',
    type: apiBase,
    readers: ['backend'] as const,
    ofRuntime: true,
    example: 'https://llm.example.com/v1',
  })),
  ...(['OPENAI_ORGANIZATION', 'OPENAI_ORG_ID', 'OPENAI_PROJECT_ID'] as const).map((name) => ({
    name,
    group: 'LLM providers',
    meaning: 'Organization or project at OpenAI that is charged for the calls',
    type: text,
    readers: ['backend'] as const,
    ofRuntime: true,
    example: 'org-0123456789',
  })),
  ...certificateNames.map((name) => ({
    name,
    group: 'LLM providers',
    meaning: 'CA certificates that the backend trusts: a file or folder that a patch mounts (docs/runbook.md)',
    type: pathInContainer,
    readers: ['backend'] as const,
    ofRuntime: true,
    example: '/etc/ssl/certs/ca-certificates.crt',
  })),
  {
    name: clientCertificateName,
    group: 'LLM providers',
    meaning: 'Client certificate and its key: one file that a patch mounts (docs/runbook.md)',
    type: pathInContainer,
    readers: ['backend'],
    ofRuntime: true,
    example: '/etc/company/client.pem',
  },
  {
    name: 'SSL_VERIFY',
    group: 'LLM providers',
    meaning: 'Whether LiteLLM verifies certificates',
    type: boolean,
    readers: ['backend'],
    ofRuntime: true,
    example: 'true',
  },
  ...(
    [
      ['LITELLM_LOG', 'Minimum severity that LiteLLM logs', 'INFO'],
      [
        'LITELLM_LOCAL_MODEL_COST_MAP',
        'With `True`, LiteLLM uses its built-in model prices and does not download newer ones',
        'True',
      ],
      ['AIOHTTP_TRUST_ENV', 'With `True`, LiteLLM uses the proxies of the group Proxy', 'True'],
      ['DISABLE_AIOHTTP_TRANSPORT', 'With `True`, LiteLLM uses httpx instead of aiohttp for its calls', 'True'],
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
    meaning: 'Proxy through which the backend calls LLM providers. It is a secret, because it may contain a password',
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
    meaning: "Hosts that the backend calls without the proxy. The cluster's own names are always added",
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
    meaning: 'Namespace of the studio. Use it for nothing else',
    type: dnsLabel,
    defaultText: '`JUNJO_K8S_NAME`',
    example: defaultStudioName,
  },
  {
    name: 'JUNJO_K8S_RELEASE',
    group: 'Kubernetes: names and images',
    meaning: 'Release of Junjo AI Studio: the tag of its images',
    type: text,
    default: defaultTag,
  },
  {
    name: 'JUNJO_K8S_IMAGE_REGISTRY',
    group: 'Kubernetes: names and images',
    meaning: 'Registry that mirrors the published images, with a path if it has one',
    type: imageRegistry,
    default: 'docker.io',
  },
  {
    name: 'JUNJO_K8S_IMAGE_PULL_SECRET',
    group: 'Kubernetes: names and images',
    meaning: 'Existing Secret in the namespace with the credentials of the registry',
    type: dnsSubdomain,
    example: 'registry-credentials',
  },
  {
    name: 'JUNJO_K8S_BACKEND_IMAGE',
    group: 'Kubernetes: names and images',
    meaning:
      'Full image reference of the backend, for a digest or your own image. An image from upstream must belong to the release line',
    type: imageReference,
    defaultText: 'image of the release',
    example: 'registry.example.com/team/backend:build-7',
  },
  {
    name: 'JUNJO_K8S_INGESTION_IMAGE',
    group: 'Kubernetes: names and images',
    meaning: 'Full image reference of ingestion',
    type: imageReference,
    defaultText: 'image of the release',
    example: 'registry.example.com/team/ingestion:build-7',
  },
  {
    name: 'JUNJO_K8S_FRONTEND_IMAGE',
    group: 'Kubernetes: names and images',
    meaning: 'Full image reference of the frontend',
    type: imageReference,
    defaultText: 'image of the release',
    example: 'registry.example.com/team/frontend:build-7',
  },
  {
    name: 'JUNJO_K8S_TOOLS_IMAGE',
    group: 'Kubernetes: names and images',
    meaning:
      'Image with Python and openssl, for releases whose backend has no Python. It runs the upgrade guard and copies of the volume',
    type: imageReference,
    defaultText: '`library/python:3.13.7-slim-trixie` of the registry',
    example: 'registry.example.com/library/python:3.13.7-slim-trixie',
  },
  {
    name: 'JUNJO_K8S_NGINX_IMAGE',
    group: 'Kubernetes: names and images',
    meaning:
      'Full image reference of nginx, for the API guard and the proxy in front of ingestion. It needs nginx 1.22 or newer, a shell, and the stop signal SIGQUIT',
    type: imageReference,
    defaultText: '`library/nginx:1.30.4-alpine-slim` of the registry',
    example: 'registry.example.com/team/nginx:1.30.4-alpine-slim',
  },
  {
    name: 'JUNJO_K8S_SOURCE_PATH',
    group: 'Kubernetes: names and images',
    meaning:
      "Folder on the nodes with upstream's sources (`backend/`, `ingestion/`, `frontend/`, `proto/`). Development images reload from it. Pod Security is then `privileged` (docs/development.md)",
    type: sourcesFolder,
    defaultText: 'none: development images run the code in them',
    example: '/src/junjo/apps/studio',
  },
  {
    name: 'JUNJO_HOST_DB_DATA_PATH',
    group: 'Storage',
    meaning:
      'Where the data is stored. A relative path means storage of the cluster. An absolute path is a folder on the node `JUNJO_K8S_NODE`, unless another setting of this group names other storage',
    type: dataPath,
    default: './.dbdata',
    local: './.dbdata',
  },
  {
    name: 'JUNJO_K8S_NODE',
    group: 'Storage',
    meaning: 'Node with the folder of an absolute `JUNJO_HOST_DB_DATA_PATH`. Backend and ingestion run there',
    type: nodeName,
    example: 'worker-1',
  },
  {
    name: 'JUNJO_K8S_STORAGE_SIZE',
    group: 'Storage',
    meaning: 'Size of the volume. It can grow later if the storage class allows that, but never shrink',
    type: storageQuantity,
    default: '10Gi',
  },
  {
    name: 'JUNJO_K8S_STORAGE_CLASS',
    group: 'Storage',
    meaning: 'Storage class of the claim. Use block storage: the databases break on NFS and SMB',
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
    meaning: 'Your own claim in the namespace, to use instead of a new one',
    type: dnsSubdomain,
    example: 'my-claim',
  },
  {
    name: 'JUNJO_K8S_ACCEPT_DATA_LOSS',
    group: 'Storage',
    meaning:
      'Step between two release lines that you accept although it may lose spans. Without it, the backend refuses to start (docs/runbook.md). Remove it after the step',
    type: step,
    example: '0.70-to-0.82',
  },
  {
    name: 'JUNJO_K8S_QDRANT',
    group: 'Storage',
    meaning:
      "Run QDrant, which upstream's notes name as the vector store of the backend. No release connects to it yet (docs/runbook.md)",
    type: boolean,
    default: 'false',
  },
  {
    name: 'JUNJO_K8S_QDRANT_STORAGE_SIZE',
    group: 'Storage',
    meaning: 'Size of the volume of QDrant. Its storage class is `JUNJO_K8S_STORAGE_CLASS`',
    type: storageQuantity,
    default: '5Gi',
  },
  {
    name: 'JUNJO_K8S_INTAKE',
    group: 'Intake',
    meaning:
      'Run OpenTelemetry Collectors in front of ingestion. They keep spans on disk while ingestion is unavailable, and accept OTLP/HTTP on port 4318 (docs/intake.md)',
    type: boolean,
    default: 'false',
  },
  {
    name: 'JUNJO_K8S_INTAKE_KEYS',
    group: 'Intake',
    meaning:
      'Existing Secret with the API keys that the collectors accept, one per line under its key `keys`. They refuse any other key immediately',
    type: dnsSubdomain,
    defaultText: 'only ingestion checks keys, after the collectors have accepted the spans',
    example: 'junjo-ai-studio-intake-keys',
  },
  {
    name: 'JUNJO_K8S_INTAKE_STORAGE_SIZE',
    group: 'Intake',
    meaning:
      'Size of the volume of each of the two collectors. The queue uses a fifth of it. Its storage class is `JUNJO_K8S_STORAGE_CLASS`',
    type: storageQuantity,
    default: '4Gi',
  },
  {
    name: 'JUNJO_K8S_INTAKE_HTTP_HOST',
    group: 'Intake',
    meaning: 'Separate host at the edge for OTLP/HTTP. Applications send spans to `https://HOST/v1/traces`',
    type: edgeHost,
    defaultText: 'no OTLP/HTTP through the edge',
    example: 'otlp.example.com',
  },
  {
    name: 'JUNJO_K8S_INTAKE_CORS_ORIGINS',
    group: 'Intake',
    meaning:
      'Origins whose pages may send spans over OTLP/HTTP. Everyone who opens such a page can read the API key in it (docs/edge.md)',
    type: origins,
    defaultText: 'none',
    example: 'https://app.example.com',
  },
  {
    name: 'JUNJO_K8S_INTAKE_IMAGE',
    group: 'Kubernetes: names and images',
    meaning: 'Full image reference of the OpenTelemetry Collector: the contrib distribution, 0.156 or newer',
    type: imageReference,
    defaultText: '`otel/opentelemetry-collector-contrib:0.159.0` of the registry',
    example: 'registry.example.com/team/opentelemetry-collector-contrib:0.159.0',
  },
  {
    name: 'JUNJO_K8S_BACKUP',
    group: 'Backup',
    meaning:
      'What backs up the data on a schedule: `volsync` copies snapshots into a restic repository, `velero` into its backup storage (docs/runbook.md)',
    type: choice('none', 'volsync', 'velero'),
    default: 'none',
    example: 'volsync',
  },
  {
    name: 'JUNJO_K8S_BACKUP_REPOSITORY',
    group: 'Backup',
    meaning:
      'Existing Secret in the namespace, for `volsync`: `RESTIC_REPOSITORY`, `RESTIC_PASSWORD` and the credentials of the bucket',
    type: dnsSubdomain,
    example: 'backup-repository',
  },
  {
    name: 'JUNJO_K8S_BACKUP_QDRANT_REPOSITORY',
    group: 'Backup',
    meaning:
      'Existing Secret with the repository for the volume of QDrant. VolSync needs a separate repository for each volume',
    type: dnsSubdomain,
    defaultText: '`JUNJO_K8S_BACKUP_REPOSITORY` with `-qdrant` at the end',
    example: 'backup-repository-qdrant',
  },
  {
    name: 'JUNJO_K8S_BACKUP_SCHEDULE',
    group: 'Backup',
    meaning: 'When a backup starts, in the time zone of VolSync or Velero. That is UTC by default',
    type: cron,
    defaultText: 'a time between 01:00 and 04:59, derived from the namespace',
    example: '17 3 * * *',
  },
  {
    name: 'JUNJO_K8S_BACKUP_KEEP',
    group: 'Backup',
    meaning: 'Number of days for which backups are kept, one per day',
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
      'What monitors the studio: `prometheus` renders alerts for the Prometheus operator and a dashboard for Grafana (docs/monitoring.md)',
    type: choice('none', 'prometheus'),
    default: 'none',
    example: 'prometheus',
  },
  {
    name: 'JUNJO_K8S_MONITORING_NAMESPACE',
    group: 'Monitoring',
    meaning: 'Namespace in which Prometheus runs. It may read the metrics of the intake',
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
      'Number of pods that serve the UI. Backend and ingestion always have one pod each, because their databases have one writer',
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
    meaning: 'Taints that the pods tolerate, in the format of `kubectl taint`',
    type: tolerations,
    example: 'dedicated=observability:NoSchedule',
  },
  {
    name: 'JUNJO_K8S_PRIORITY_CLASS',
    group: 'Kubernetes: capacity',
    meaning: 'Existing PriorityClass for the pods',
    type: dnsSubdomain,
    defaultText: "the cluster's default",
    example: 'high-priority',
  },
  {
    name: 'JUNJO_K8S_PATCHES',
    group: 'Kubernetes: changes',
    meaning: 'Files with patches for the rendered objects (docs/patches.md)',
    type: filePaths,
    example: 'patches.yaml',
  },
  {
    name: 'JUNJO_K8S_LABELS',
    group: 'Kubernetes: changes',
    meaning: 'Additional labels for every object and pod, except namespace, claims and volume (docs/patches.md)',
    type: extraLabels,
    example: 'team=ml,cost-centre=42',
  },
  {
    name: 'JUNJO_K8S_ANNOTATIONS',
    group: 'Kubernetes: changes',
    meaning: 'Additional annotations for every object and pod',
    type: extraAnnotations,
    example: 'example.com/owner=team-ml',
  },
  {
    name: 'JUNJO_K8S_INGRESS_CLASS',
    group: 'Kubernetes: edge',
    meaning:
      'Ingress class for UI, API and spans. For the controllers in docs/edge.md, the manifests also configure what a plain Ingress cannot',
    type: { ...dnsSubdomain, samples: ['sample', ...usualClasses(ingressControllers)] },
    defaultText: "the cluster's default class",
    example: 'traefik',
  },
  {
    name: 'JUNJO_K8S_GATEWAY',
    group: 'Kubernetes: edge',
    meaning: 'Gateway to use instead of an Ingress',
    type: {
      ...gateway,
      samples: [...gateway.samples, ...usualClasses(gatewayControllers).map((name) => `class:${name}`)],
    },
    example: 'class:envoy',
  },
  {
    name: 'JUNJO_K8S_GATEWAY_HTTPS_LISTENER',
    group: 'Kubernetes: edge',
    meaning: 'Name of the HTTPS listener of an existing Gateway',
    type: dnsSubdomain,
    default: 'https',
  },
  {
    name: 'JUNJO_K8S_GATEWAY_HTTP_LISTENER',
    group: 'Kubernetes: edge',
    meaning:
      'Name of the plain HTTP listener of an existing Gateway, for the redirect to HTTPS. Use `none` if the Gateway redirects by itself',
    type: { ...dnsSubdomain, samples: ['sample', 'none'] },
    default: 'http',
  },
  {
    name: 'JUNJO_K8S_INGRESS_NAMESPACE',
    group: 'Kubernetes: edge',
    meaning:
      'Namespace of the ingress or gateway controller. Network policies then allow no other namespace to reach UI and API',
    type: dnsLabel,
    example: 'traefik',
  },
  {
    name: 'JUNJO_K8S_INGRESS_CONTROLLER',
    group: 'Kubernetes: edge',
    meaning:
      'Controller that runs the ingress class or the Gateway. Set it if the name of the class does not show it (docs/edge.md)',
    type: choice(...new Set([...Object.keys(ingressControllers), ...Object.keys(gatewayControllers), 'other'])),
    defaultText: 'derived from the class',
    example: 'traefik',
  },
  {
    name: 'JUNJO_K8S_WEB_SOURCE_RANGES',
    group: 'Kubernetes: edge',
    meaning: 'Addresses that may reach UI and API, if the controller can filter by address (docs/edge.md)',
    type: cidrs,
    defaultText: 'all addresses',
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
    meaning: 'ACME directory from which cert-manager obtains the certificate. Try `letsencrypt-staging` first',
    type: acmeServer,
    default: 'letsencrypt',
  },
  {
    name: 'JUNJO_K8S_CLUSTER_ISSUER',
    group: 'Kubernetes: edge',
    meaning: 'Existing ClusterIssuer of cert-manager, to use instead of an Issuer in the namespace',
    type: dnsSubdomain,
    example: 'letsencrypt',
  },
  {
    name: 'JUNJO_K8S_TLS_SECRET',
    group: 'Kubernetes: edge',
    meaning: 'Existing TLS Secret in the namespace, with the certificate for all hosts',
    type: dnsSubdomain,
    example: 'studio-tls',
  },
  {
    name: 'JUNJO_K8S_INGESTION_SERVICE',
    group: 'Kubernetes: edge',
    meaning: 'Type of the Service for spans in production, for spans that do not come through the edge',
    type: choice('LoadBalancer', 'NodePort', 'ClusterIP'),
    defaultText: '`ClusterIP` if spans come through the edge, otherwise `LoadBalancer`',
    example: 'LoadBalancer',
  },
  {
    name: 'JUNJO_K8S_INGESTION_SOURCE_RANGES',
    group: 'Kubernetes: edge',
    meaning: 'Addresses that may connect to the load balancer or node port for spans',
    type: cidrs,
    defaultText: 'all addresses',
    example: '203.0.113.0/24',
  },
  {
    name: 'JUNJO_K8S_CLOUD',
    group: 'Kubernetes: edge',
    meaning: 'Cloud of the load balancer. The manifests then add the settings that long-lived gRPC streams need there',
    type: choice('aws', 'gcp', 'azure', 'digitalocean', 'hetzner', 'metallb'),
    example: 'aws',
  },
  {
    name: 'JUNJO_K8S_LOAD_BALANCER',
    group: 'Kubernetes: edge',
    meaning:
      'Whether the load balancers of these manifests are reachable from the internet: `internal` keeps them in the private network of the cloud (docs/edge.md)',
    type: choice('internet', 'internal'),
    defaultText: 'on the internet',
    example: 'internal',
  },
  {
    name: 'JUNJO_K8S_EXTERNAL_DNS',
    group: 'Kubernetes: edge',
    meaning: 'Publish the host names of UI, API and spans for external-dns',
    type: boolean,
    default: 'false',
  },
  {
    name: 'JUNJO_K8S_API_GUARD',
    group: 'Kubernetes: edge',
    meaning:
      'Require a sign-in before spans are shown, in production on releases whose API does not require one (docs/releases.md)',
    type: boolean,
    default: 'true',
  },
  {
    name: 'JUNJO_K8S_NETWORK_POLICY',
    group: 'Kubernetes: edge',
    meaning: 'Block all traffic that docs/network.md does not list',
    type: boolean,
    default: 'true',
  },
  {
    name: 'JUNJO_K8S_EGRESS',
    group: 'Kubernetes: edge',
    meaning:
      'More addresses that the backend and VolSync may call, such as a proxy or a model server. An entry for port 53 is a DNS server for every pod (docs/network.md)',
    type: egress,
    defaultText: 'only public addresses on port 443',
    example: '10.0.0.5/32:3128',
  },
  {
    name: 'JUNJO_K8S_SECRETS',
    group: 'Kubernetes: secrets and GitOps',
    meaning:
      'Where the Secret comes from: `manifest` renders it from this file, `existing` uses a Secret that you create, `sealed` renders a SealedSecret, `external` an ExternalSecret',
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
    meaning:
      'Where sealed values can be decrypted: only under their name, anywhere in the namespace, or anywhere in the cluster',
    type: choice('strict', 'namespace-wide', 'cluster-wide'),
    default: 'strict',
  },
  {
    name: 'JUNJO_K8S_SECRET_STORE',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'Store that External Secrets Operator reads. Its entry named after the studio has one property per secret',
    type: secretStore,
    example: 'ClusterSecretStore/vault',
  },
  {
    name: 'JUNJO_K8S_GIT_REPO',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'Repository from which Argo CD or Flux applies the studio. Only Flux supports `oci://`',
    type: gitRepo,
    example: 'https://git.example.com/team/studio.git',
  },
  {
    name: 'JUNJO_K8S_GITOPS',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'Tool that applies the studio from `JUNJO_K8S_GIT_REPO`',
    type: choice('argocd', 'flux'),
    default: 'argocd',
  },
  {
    name: 'JUNJO_K8S_GIT_PATH',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'Folder of the rendered output in the repository. For `oci://` the default is the root',
    type: repoPath,
    default: 'dist',
  },
  {
    name: 'JUNJO_K8S_GIT_REVISION',
    group: 'Kubernetes: secrets and GitOps',
    meaning:
      'Branch, tag or commit that Argo CD or Flux follows. For Flux, a plain name is a branch; write a tag as `refs/tags/v1`. For `oci://`, it is a tag or a digest. The default with Flux is `main`, and `latest` for `oci://`',
    type: gitRevision,
    default: 'HEAD',
  },
  {
    name: 'JUNJO_K8S_GIT_SECRET',
    group: 'Kubernetes: secrets and GitOps',
    meaning: 'Secret in the namespace `flux-system` with which Flux reads a private repository',
    type: dnsSubdomain,
    example: 'studio-repository',
  },
  {
    name: 'INGESTION_HOST',
    group: 'Set by the manifests',
    meaning: 'Host at which the backend reaches the internal port of ingestion',
    type: text,
    readers: ['backend'],
    setByManifests: internalServiceNames.ingestion,
  },
  {
    name: 'QDRANT_URL',
    group: 'Set by the manifests',
    meaning: 'Address of QDrant for the backend, with `JUNJO_K8S_QDRANT=true`',
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
    meaning: 'Host at which ingestion validates API keys',
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
    meaning: 'Internal port for the backend, but public port for ingestion',
    type: text,
    refused:
      'is the internal port for the backend but the public port for ingestion, so one value breaks one of them. Remove the line',
  },
  {
    name: 'CLOUDFLARE_API_TOKEN',
    group: 'Ignored: only compose uses them',
    meaning: "Certificates of compose's Caddy container",
    type: text,
    secret: true,
    insteadOfCompose: 'cert-manager obtains the certificates',
  },
  {
    name: 'JUNJO_LETS_ENCRYPT_STAGING_CA_DIRECTIVE',
    group: 'Ignored: only compose uses them',
    meaning: "Certificates of compose's Caddy container",
    type: text,
    insteadOfCompose: 'cert-manager obtains the certificates',
  },
  {
    name: 'JUNJO_AI_STUDIO_API_KEY',
    group: 'Ignored: only compose uses them',
    meaning: 'API key of a sample application',
    type: text,
    secret: true,
    insteadOfCompose: 'applications keep their own API key',
  },
  {
    name: 'COMPOSE_PROFILES',
    group: 'Ignored: only compose uses them',
    meaning: 'Optional services that compose starts',
    type: text,
    insteadOfCompose: 'all containers of the release always run',
  },
  {
    name: 'JUNJO_DEV_BACKEND_URL',
    group: 'Ignored: only compose uses them',
    meaning: 'Address of the API for the development server of the UI',
    type: text,
    insteadOfCompose: 'the development server of the UI does not run',
  },
  {
    name: 'JUNJO_BACKEND_MEM_RESERVATION',
    group: 'Ignored: only compose uses them',
    meaning: 'Memory that compose reserves for the backend',
    type: text,
    insteadOfCompose: 'JUNJO_K8S_SIZE sets memory',
  },
  {
    name: 'JUNJO_BACKEND_MEM_LIMIT',
    group: 'Ignored: only compose uses them',
    meaning: 'Memory limit of the backend in compose',
    type: text,
    insteadOfCompose: 'JUNJO_K8S_SIZE sets memory',
  },
  {
    name: 'JUNJO_BACKEND_MEMSWAP_LIMIT',
    group: 'Ignored: only compose uses them',
    meaning: 'Memory and swap limit of the backend in compose',
    type: text,
    insteadOfCompose: 'JUNJO_K8S_SIZE sets memory, and pods do not swap',
  },
  {
    name: 'JUNJO_BACKEND_PIDS_LIMIT',
    group: 'Ignored: only compose uses them',
    meaning: 'Process limit of the backend in compose',
    type: text,
    insteadOfCompose: 'the kubelet limits the processes of a pod',
  },
  {
    name: 'JUNJO_FRONTEND_HOST_PORT',
    group: 'Ignored: only compose uses them',
    meaning: 'Port of the UI on the compose host',
    type: text,
    insteadOfCompose: 'a Service publishes the UI',
  },
  {
    name: 'JUNJO_BACKEND_HOST_PORT',
    group: 'Ignored: only compose uses them',
    meaning: 'Port of the API on the compose host',
    type: text,
    insteadOfCompose: 'a Service publishes the API',
  },
  {
    name: 'JUNJO_INGESTION_HOST_PORT',
    group: 'Ignored: only compose uses them',
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
  return `${values.join(', ')}, depending on \`JUNJO_K8S_SIZE\``;
}

function textOfShare({ percent, component }: NonNullable<Variable['percentOfMemory']>): string {
  return `${percent} % of the memory limit of ${component}`;
}
