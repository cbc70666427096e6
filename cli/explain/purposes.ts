/** An object that a file may hold. */
export interface ObjectPurpose {
  readonly kind: string;
  /** @default a setting, or the studio, names it */
  readonly name?: string;
  /** What it is for, without a full stop. */
  readonly text: string;
}

/** A file of the output folder. */
export interface FilePurpose {
  /** Path below the folder of a studio, without `.k8s.yaml`. */
  readonly file: string;
  /** Source that makes it. */
  readonly madeBy: string;
  /** What it is for, without a full stop. */
  readonly text: string;
  readonly objects: readonly ObjectPurpose[];
}

/** What each file and object of a studio is for; a test holds the table and what is rendered together. */
export const purposes: readonly FilePurpose[] = [
  {
    file: 'foundation/00-namespace',
    madeBy: 'charts/namespace.ts',
    text: 'The namespace, apart from the rest so that deleting the studio does not reach the data',
    objects: [{ kind: 'Namespace', text: 'Holds the studio and nothing else, and refuses pods that are not confined' }],
  },
  {
    file: 'foundation/10-storage',
    madeBy: 'charts/storage.ts',
    text: 'The storage of the databases, apart from the rest so that deleting the studio does not reach the data',
    objects: [
      {
        kind: 'PersistentVolumeClaim',
        name: 'junjo-ai-studio-data',
        text: 'Asks for the volume that backend and ingestion share',
      },
      { kind: 'PersistentVolume', text: 'The folder of a node in which the data lies, reserved for the claim' },
    ],
  },
  {
    file: 'foundation/11-qdrant-storage',
    madeBy: 'charts/qdrant.ts',
    text: 'The storage of QDrant, apart from the rest so that deleting the studio does not reach the data',
    objects: [{ kind: 'PersistentVolumeClaim', name: 'junjo-ai-studio-qdrant', text: 'Asks for the volume of QDrant' }],
  },
  {
    file: 'foundation/12-intake-storage',
    madeBy: 'charts/intake.ts',
    text: 'The storage of the collectors, apart from the rest so that deleting the studio does not reach spans in their queues',
    objects: [
      {
        kind: 'PersistentVolumeClaim',
        name: 'queue-junjo-ai-studio-intake-0',
        text: 'Asks for the volume of the queue of the first collector',
      },
      {
        kind: 'PersistentVolumeClaim',
        name: 'queue-junjo-ai-studio-intake-1',
        text: 'Asks for the volume of the queue of the second collector',
      },
    ],
  },
  {
    file: '20-settings',
    madeBy: 'charts/settings.ts',
    text: 'What each container reads of the env file, secrets excepted',
    objects: [
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-backend-settings',
        text: 'Environment of the backend, secrets excepted',
      },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-ingestion-settings',
        text: 'Environment of ingestion, secrets excepted',
      },
      { kind: 'ConfigMap', name: 'junjo-ai-studio-frontend-settings', text: 'Environment of the frontend' },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-frontend-config',
        text: 'The file config.js, which tells browsers where the API is',
      },
    ],
  },
  {
    file: '25-upgrade-guard',
    madeBy: 'charts/upgrade-guard.ts',
    text: 'The guard that keeps a release from starting on a volume whose spans it would hide',
    objects: [
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-upgrade-guard',
        text: 'The program of the init container upgrade-guard, and what it knows of each release line',
      },
    ],
  },
  {
    file: '30-secrets',
    madeBy: 'charts/secrets.ts',
    text: 'The secrets of the env file; the one file that must not be shown or committed',
    objects: [{ kind: 'Secret', text: 'The secrets that backend and ingestion read, key by key' }],
  },
  {
    file: '30-sealed-secret',
    madeBy: 'charts/secrets.ts',
    text: 'The secrets, encrypted for one cluster, so that they can be committed',
    objects: [
      { kind: 'SealedSecret', text: 'The sealed-secrets controller makes of it the Secret that the pods read' },
    ],
  },
  {
    file: '30-external-secret',
    madeBy: 'charts/secrets.ts',
    text: 'Where the secrets are fetched from; it holds none',
    objects: [{ kind: 'ExternalSecret', text: 'External Secrets Operator makes of it the Secret that the pods read' }],
  },
  {
    file: '40-backend',
    madeBy: 'charts/backend.ts',
    text: 'The backend: the API of the studio, and its UI where there is no frontend',
    objects: [
      {
        kind: 'Deployment',
        name: 'junjo-ai-studio-backend',
        text: 'Runs the backend as one pod, because its databases have one writer',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-backend',
        text: 'The API, and the UI where there is no frontend, for browsers, by way of the edge',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-backend-internal',
        text: 'Where ingestion has API keys checked',
      },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-backend-guard',
        text: 'Configuration of the nginx in the pod that asks for a sign-in where the API of the release does not',
      },
    ],
  },
  {
    file: '45-qdrant',
    madeBy: 'charts/qdrant.ts',
    text: 'QDrant, the vector store, for whoever asked for it',
    objects: [
      { kind: 'Deployment', name: 'junjo-ai-studio-qdrant', text: 'Runs QDrant as one pod' },
      { kind: 'Service', name: 'junjo-ai-studio-qdrant', text: 'Where the backend would find QDrant' },
    ],
  },
  {
    file: '47-intake',
    madeBy: 'charts/intake.ts',
    text: 'The intake: collectors in front of ingestion, which keep spans on a disk until ingestion has taken them',
    objects: [
      { kind: 'ConfigMap', name: 'junjo-ai-studio-intake', text: 'What the collectors do' },
      {
        kind: 'StatefulSet',
        name: 'junjo-ai-studio-intake',
        text: 'Runs two collectors, each with a queue on a volume',
      },
      {
        kind: 'PodDisruptionBudget',
        name: 'junjo-ai-studio-intake',
        text: 'Lets the cluster take one of the collectors away at a time',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-ingestion',
        text: 'Where applications send spans; the collectors pass them on to ingestion',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-otlp-http',
        text: 'Where the edge sends spans over HTTP, to a port of the collectors that nobody else reaches',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-ingestion-tls',
        text: 'Where the edge reaches the collectors over TLS, for a controller that speaks no HTTP/2 without it',
      },
      { kind: 'Service', name: 'junjo-ai-studio-intake', text: 'Names the two collectors, and shows their metrics' },
    ],
  },
  {
    file: '50-ingestion',
    madeBy: 'charts/ingestion.ts',
    text: 'Ingestion: the receiver of spans',
    objects: [
      {
        kind: 'Deployment',
        name: 'junjo-ai-studio-ingestion',
        text: 'Runs ingestion as one pod, on the node of the backend, with which it shares the volume',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-ingestion',
        text: 'Where applications send spans, through the edge or past it',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-ingestion-internal',
        text: 'Where the backend reads spans that are not yet in files',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-ingestion-tls',
        text: 'Spans for an edge that speaks HTTP/2 to pods over TLS alone',
      },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-ingestion-tls',
        text: 'Configuration of the nginx in the pod in which TLS for spans ends',
      },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-ingestion-proxy',
        text: 'Configuration of the nginx through which spans reach ingestion, so that a planned stop loses none that it acknowledged',
      },
    ],
  },
  {
    file: '60-frontend',
    madeBy: 'charts/frontend.ts',
    text: 'The frontend: the UI of the studio, on releases that have it in a container of its own',
    objects: [
      { kind: 'Deployment', name: 'junjo-ai-studio-frontend', text: 'Runs the nginx that serves the UI' },
      { kind: 'Service', name: 'junjo-ai-studio-frontend', text: 'The UI, for browsers, by way of the edge' },
      {
        kind: 'PodDisruptionBudget',
        name: 'junjo-ai-studio-frontend',
        text: 'Lets a drain take one pod of the UI at a time',
      },
    ],
  },
  {
    file: '69-traefik-middlewares',
    madeBy: 'charts/ingress-controllers/traefik.ts',
    text: 'What an Ingress of Traefik refers to',
    objects: [
      { kind: 'Middleware', name: 'junjo-ai-studio-redirect', text: 'Leads plain HTTP to HTTPS' },
      { kind: 'Middleware', name: 'junjo-ai-studio-hsts', text: 'Tells browsers to use HTTPS alone' },
      {
        kind: 'Middleware',
        name: 'junjo-ai-studio-source-ranges',
        text: 'Lets only some addresses see UI and API',
      },
    ],
  },
  {
    file: '69-kong-plugins',
    madeBy: 'charts/ingress-controllers/kong.ts',
    text: 'What an Ingress of Kong refers to',
    objects: [
      { kind: 'KongPlugin', name: 'junjo-ai-studio-hsts', text: 'Tells browsers to use HTTPS alone' },
      {
        kind: 'KongPlugin',
        name: 'junjo-ai-studio-source-ranges',
        text: 'Lets only some addresses see UI and API',
      },
    ],
  },
  {
    file: '70-edge',
    // GatewayChart, where a Gateway is the edge, has its own file.
    madeBy: 'charts/ingress.ts or charts/gateway.ts',
    text: 'The way into the cluster: hosts, TLS and certificates',
    objects: [
      { kind: 'Ingress', name: 'junjo-ai-studio', text: 'Leads the hosts of UI and API to their Services, over HTTPS' },
      { kind: 'Ingress', name: 'junjo-ai-studio-spans', text: 'Leads spans, which are gRPC, to ingestion' },
      {
        kind: 'Ingress',
        name: 'junjo-ai-studio-otlp-http',
        text: 'Leads spans over HTTP to the collectors, from applications and pages without gRPC',
      },
      { kind: 'Ingress', name: 'junjo-ai-studio-redirect', text: 'Leads plain HTTP to HTTPS' },
      { kind: 'Gateway', name: 'junjo-ai-studio', text: 'Listens for the hosts of the studio' },
      { kind: 'HTTPRoute', name: 'junjo-ai-studio-ui', text: 'Leads the host of the UI to its Service' },
      {
        kind: 'HTTPRoute',
        name: 'junjo-ai-studio-api',
        text: 'Leads the host of the API to its Service, where it is not that of the UI',
      },
      {
        kind: 'HTTPRoute',
        name: 'junjo-ai-studio-otlp-http',
        text: 'Leads spans over HTTP to the collectors, from applications and pages without gRPC',
      },
      { kind: 'HTTPRoute', name: 'junjo-ai-studio-redirect', text: 'Leads plain HTTP to HTTPS' },
      { kind: 'GRPCRoute', name: 'junjo-ai-studio-spans', text: 'Leads spans to ingestion' },
      {
        kind: 'SecurityPolicy',
        name: 'junjo-ai-studio-source-ranges',
        text: 'Lets only some addresses see UI and API',
      },
      {
        kind: 'Issuer',
        name: 'junjo-ai-studio',
        text: 'The ACME account with which cert-manager obtains certificates',
      },
      { kind: 'Certificate', name: 'junjo-ai-studio-tls', text: 'The certificate of the hosts at the edge' },
      {
        kind: 'Certificate',
        name: 'junjo-ai-studio-spans-tls',
        text: 'The certificate of the host for spans, where TLS ends in the pod of ingestion',
      },
    ],
  },
  {
    file: '80-network-policies',
    madeBy: 'charts/network-policies.ts',
    text: 'Who may connect to whom',
    objects: [
      { kind: 'NetworkPolicy', name: 'junjo-ai-studio-default-deny', text: 'Closes what no other policy opens' },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-backend',
        text: 'Who may reach the backend, and what it may call',
      },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-ingestion',
        text: 'Who may reach ingestion, and what it may call',
      },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-intake',
        text: 'Opens the collectors to applications or the edge, and leads them to ingestion alone',
      },
      { kind: 'NetworkPolicy', name: 'junjo-ai-studio-frontend', text: 'Who may reach the UI' },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-qdrant',
        text: 'Who may reach QDrant, which is the backend alone',
      },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-intake-metrics',
        text: 'Lets Prometheus read the metrics of the intake',
      },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-acme-solver',
        text: 'Lets the challenge of the certificate authority reach the pods that cert-manager answers it with',
      },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-backup',
        text: 'Lets the pods of VolSync reach the storage that the backups go to',
      },
    ],
  },
  {
    file: '90-backup',
    madeBy: 'charts/backup.ts',
    text: 'What copies the data away on a schedule',
    objects: [
      { kind: 'ReplicationSource', text: 'VolSync copies a snapshot of the data into a repository of restic' },
      { kind: 'Schedule', text: 'Velero backs up the namespace, the data with it' },
    ],
  },
  {
    file: '95-monitoring',
    madeBy: 'charts/monitoring.ts',
    text: 'What the Prometheus operator and Grafana read of the studio',
    objects: [
      { kind: 'PrometheusRule', name: 'junjo-ai-studio', text: 'Alerts for what a studio needs help with' },
      {
        kind: 'PodMonitor',
        name: 'junjo-ai-studio-intake',
        text: 'Lets Prometheus collect the metrics of the intake',
      },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-dashboard',
        text: 'A dashboard, which the sidecar of Grafana finds by its label',
      },
    ],
  },
  {
    file: 'argocd/00-application',
    madeBy: 'charts/argo-cd.ts',
    text: 'What Argo CD applies to itself, so that it applies the studio from Git',
    objects: [
      { kind: 'AppProject', text: 'What Argo CD may apply for the studio, and where' },
      { kind: 'Application', text: 'Where in Git the studio lies, and how Argo CD keeps the cluster to it' },
    ],
  },
  {
    file: 'argocd/00-application-set',
    madeBy: 'charts/argo-cd.ts',
    text: 'What Argo CD applies to itself, so that it applies all studios from Git',
    objects: [
      { kind: 'AppProject', text: 'What Argo CD may apply for the studios, and where' },
      { kind: 'ApplicationSet', text: 'Makes an Application for each studio' },
    ],
  },
  {
    file: 'flux/00-source',
    madeBy: 'charts/flux.ts',
    text: 'Where Flux finds the studios',
    objects: [
      { kind: 'GitRepository', text: 'The Git repository, and which revision of it Flux follows' },
      { kind: 'OCIRepository', text: 'The repository of artifacts, and which of them Flux follows' },
    ],
  },
  {
    file: 'flux/10-kustomizations',
    madeBy: 'charts/flux.ts',
    text: 'What Flux applies to itself, so that it applies each studio from Git',
    objects: [{ kind: 'Kustomization', text: 'Which folder Flux applies, how it prunes, and what it waits for' }],
  },
];

/** The rows of an object in the file of that path, if the table has them. */
export function purposeOf(
  path: string,
  object: { readonly kind: string; readonly metadata: { readonly name: string } },
): { readonly file: FilePurpose; readonly object: ObjectPurpose } | undefined {
  const file = filePurposeOf(path);
  const ofKind = file?.objects.filter(({ kind }) => kind === object.kind) ?? [];
  const row = ofKind.find(({ name }) => name === object.metadata.name) ?? ofKind.find(({ name }) => !name);
  return file && row && { file, object: row };
}

/** The row of a file of the output folder, whatever folder of a studio it is in. */
export function filePurposeOf(path: string): FilePurpose | undefined {
  return purposes.find(({ file }) => `/${path}`.endsWith(`/${file}.k8s.yaml`));
}

/** Names a row of the table: `Deployment junjo-ai-studio-backend`, or the kind where the name is not fixed. */
export function rowName({ kind, name }: ObjectPurpose): string {
  return name ? `${kind} ${name}` : kind;
}
