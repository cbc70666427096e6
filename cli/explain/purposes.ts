/** An object that a file may hold. */
export interface ObjectPurpose {
  readonly kind: string;
  /** @default its name depends on the settings */
  readonly name?: string;
  /** Its purpose, without a full stop. */
  readonly text: string;
}

/** A file of the output folder. */
export interface FilePurpose {
  /** Path below the folder of a studio, without `.k8s.yaml`. */
  readonly file: string;
  /** Source that makes it. */
  readonly madeBy: string;
  /** Its purpose, without a full stop. */
  readonly text: string;
  readonly objects: readonly ObjectPurpose[];
}

/** The purpose of each file and object of a studio. A test compares the table with what is rendered. */
export const purposes: readonly FilePurpose[] = [
  {
    file: 'foundation/00-namespace',
    madeBy: 'charts/namespace.ts',
    text: 'The namespace. It is in a separate folder, so deleting the studio keeps the data',
    objects: [
      {
        kind: 'Namespace',
        text: 'Contains only the studio, and rejects pods that violate its Pod Security Standard',
      },
    ],
  },
  {
    file: 'foundation/10-storage',
    madeBy: 'charts/storage.ts',
    text: 'The storage of the databases. It is in a separate folder, so deleting the studio keeps the data',
    objects: [
      {
        kind: 'PersistentVolumeClaim',
        name: 'junjo-ai-studio-data',
        text: 'Requests the volume that backend and ingestion share',
      },
      { kind: 'PersistentVolume', text: 'The folder on a node that stores the data, reserved for the claim' },
    ],
  },
  {
    file: 'foundation/11-qdrant-storage',
    madeBy: 'charts/qdrant.ts',
    text: 'The storage of QDrant. It is in a separate folder, so deleting the studio keeps the data',
    objects: [{ kind: 'PersistentVolumeClaim', name: 'junjo-ai-studio-qdrant', text: 'Requests the volume of QDrant' }],
  },
  {
    file: 'foundation/12-intake-storage',
    madeBy: 'charts/intake.ts',
    text: 'The storage of the collectors. It is in a separate folder, so deleting the studio keeps the spans in their queues',
    objects: [
      {
        kind: 'PersistentVolumeClaim',
        name: 'queue-junjo-ai-studio-intake-0',
        text: 'Requests the volume for the queue of the first collector',
      },
      {
        kind: 'PersistentVolumeClaim',
        name: 'queue-junjo-ai-studio-intake-1',
        text: 'Requests the volume for the queue of the second collector',
      },
    ],
  },
  {
    file: '20-settings',
    madeBy: 'charts/settings.ts',
    text: 'The settings that containers read from the env file, without secrets',
    objects: [
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-backend-settings',
        text: 'Environment of the backend, without secrets',
      },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-ingestion-settings',
        text: 'Environment of ingestion, without secrets',
      },
      { kind: 'ConfigMap', name: 'junjo-ai-studio-frontend-settings', text: 'Environment of the frontend' },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-frontend-config',
        text: 'The file config.js, which contains the address of the API for browsers',
      },
    ],
  },
  {
    file: '25-upgrade-guard',
    madeBy: 'charts/upgrade-guard.ts',
    text: 'The guard that stops a release from starting on a volume with spans that it cannot read',
    objects: [
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-upgrade-guard',
        text: 'The program of the init container upgrade-guard, and its facts about each release line',
      },
    ],
  },
  {
    file: '30-secrets',
    madeBy: 'charts/secrets.ts',
    text: 'The secrets of the env file. Do not show or commit this file',
    objects: [{ kind: 'Secret', text: 'The secrets that backend and ingestion read, one key for each' }],
  },
  {
    file: '30-sealed-secret',
    madeBy: 'charts/secrets.ts',
    text: 'The secrets, encrypted for one cluster. You can commit this file',
    objects: [
      { kind: 'SealedSecret', text: 'The sealed-secrets controller uses it to create the Secret that the pods read' },
    ],
  },
  {
    file: '30-external-secret',
    madeBy: 'charts/secrets.ts',
    text: 'Where the secrets are stored. The file contains no secret',
    objects: [
      { kind: 'ExternalSecret', text: 'External Secrets Operator uses it to create the Secret that the pods read' },
    ],
  },
  {
    file: '40-backend',
    madeBy: 'charts/backend.ts',
    text: 'The backend, which serves the API, and the UI if there is no frontend',
    objects: [
      {
        kind: 'Deployment',
        name: 'junjo-ai-studio-backend',
        text: 'Runs the backend as one pod, because its databases allow one writer',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-backend',
        text: 'Serves the API, and the UI if there is no frontend, to browsers through the edge',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-backend-internal',
        text: 'Serves the API key check to ingestion',
      },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-backend-guard',
        text: 'Configuration of the nginx in the pod. It requires a sign-in if the API of the release does not',
      },
    ],
  },
  {
    file: '45-qdrant',
    madeBy: 'charts/qdrant.ts',
    text: 'QDrant, an optional vector store',
    objects: [
      { kind: 'Deployment', name: 'junjo-ai-studio-qdrant', text: 'Runs QDrant as one pod' },
      { kind: 'Service', name: 'junjo-ai-studio-qdrant', text: 'Address of QDrant for the backend' },
    ],
  },
  {
    file: '47-intake',
    madeBy: 'charts/intake.ts',
    text: 'The intake: collectors in front of ingestion, which store spans on a volume until ingestion accepts them',
    objects: [
      { kind: 'ConfigMap', name: 'junjo-ai-studio-intake', text: 'Configuration of the collectors' },
      {
        kind: 'StatefulSet',
        name: 'junjo-ai-studio-intake',
        text: 'Runs two collectors, each with a queue on a volume',
      },
      {
        kind: 'PodDisruptionBudget',
        name: 'junjo-ai-studio-intake',
        text: 'Allows the eviction of one collector at a time',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-ingestion',
        text: 'Receives spans from applications. The collectors forward them to ingestion',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-otlp-http',
        text: 'Receives spans over HTTP from the edge. No other client reaches this port of the collectors',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-ingestion-tls',
        text: 'Receives spans over TLS from an edge whose controller needs TLS for HTTP/2',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-intake',
        text: 'Gives each collector a DNS name, and serves their metrics',
      },
    ],
  },
  {
    file: '50-ingestion',
    madeBy: 'charts/ingestion.ts',
    text: 'Ingestion, which receives spans',
    objects: [
      {
        kind: 'Deployment',
        name: 'junjo-ai-studio-ingestion',
        text: 'Runs ingestion as one pod on the node of the backend, because they share a volume',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-ingestion',
        text: 'Receives spans from applications, through the edge or directly',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-ingestion-internal',
        text: 'Serves to the backend the spans that are not in files yet',
      },
      {
        kind: 'Service',
        name: 'junjo-ai-studio-ingestion-tls',
        text: 'Receives spans from an edge that needs TLS for HTTP/2 to pods',
      },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-ingestion-tls',
        text: 'Configuration of the nginx in the pod that terminates TLS for spans',
      },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-ingestion-proxy',
        text: 'Configuration of the nginx in front of ingestion. With it, a planned stop loses no acknowledged span',
      },
    ],
  },
  {
    file: '60-frontend',
    madeBy: 'charts/frontend.ts',
    text: 'The frontend, which serves the UI on releases with a separate UI container',
    objects: [
      { kind: 'Deployment', name: 'junjo-ai-studio-frontend', text: 'Runs the nginx that serves the UI' },
      { kind: 'Service', name: 'junjo-ai-studio-frontend', text: 'Serves the UI to browsers through the edge' },
      {
        kind: 'PodDisruptionBudget',
        name: 'junjo-ai-studio-frontend',
        text: 'Allows the eviction of one UI pod at a time',
      },
    ],
  },
  {
    file: '69-traefik-middlewares',
    madeBy: 'charts/ingress-controllers/traefik.ts',
    text: 'The middlewares that the Ingress for Traefik uses',
    objects: [
      { kind: 'Middleware', name: 'junjo-ai-studio-redirect', text: 'Redirects plain HTTP to HTTPS' },
      { kind: 'Middleware', name: 'junjo-ai-studio-hsts', text: 'Makes browsers use only HTTPS' },
      {
        kind: 'Middleware',
        name: 'junjo-ai-studio-source-ranges',
        text: 'Limits UI and API to some source addresses',
      },
    ],
  },
  {
    file: '69-kong-plugins',
    madeBy: 'charts/ingress-controllers/kong.ts',
    text: 'The plugins that the Ingress for Kong uses',
    objects: [
      { kind: 'KongPlugin', name: 'junjo-ai-studio-hsts', text: 'Makes browsers use only HTTPS' },
      {
        kind: 'KongPlugin',
        name: 'junjo-ai-studio-source-ranges',
        text: 'Limits UI and API to some source addresses',
      },
    ],
  },
  {
    file: '70-edge',
    // A Gateway comes from another chart than an Ingress.
    madeBy: 'charts/ingress.ts or charts/gateway.ts',
    text: 'The edge: hosts, TLS, and certificates',
    objects: [
      {
        kind: 'Ingress',
        name: 'junjo-ai-studio',
        text: 'Routes the hosts of UI and API to their Services, over HTTPS',
      },
      { kind: 'Ingress', name: 'junjo-ai-studio-spans', text: 'Routes spans over gRPC to ingestion' },
      {
        kind: 'Ingress',
        name: 'junjo-ai-studio-otlp-http',
        text: 'Routes spans over HTTP to the collectors, for applications and web pages without gRPC',
      },
      { kind: 'Ingress', name: 'junjo-ai-studio-redirect', text: 'Redirects plain HTTP to HTTPS' },
      { kind: 'Gateway', name: 'junjo-ai-studio', text: 'Listens for the hosts of the studio' },
      { kind: 'HTTPRoute', name: 'junjo-ai-studio-ui', text: 'Routes the host of the UI to its Service' },
      {
        kind: 'HTTPRoute',
        name: 'junjo-ai-studio-api',
        text: 'Routes the host of the API to its Service, if the UI has another host',
      },
      {
        kind: 'HTTPRoute',
        name: 'junjo-ai-studio-otlp-http',
        text: 'Routes spans over HTTP to the collectors, for applications and web pages without gRPC',
      },
      { kind: 'HTTPRoute', name: 'junjo-ai-studio-redirect', text: 'Redirects plain HTTP to HTTPS' },
      { kind: 'GRPCRoute', name: 'junjo-ai-studio-spans', text: 'Routes spans to ingestion' },
      {
        kind: 'SecurityPolicy',
        name: 'junjo-ai-studio-source-ranges',
        text: 'Limits UI and API to some source addresses',
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
        text: 'The certificate of the host for spans, if the pod of ingestion terminates TLS',
      },
    ],
  },
  {
    file: '80-network-policies',
    madeBy: 'charts/network-policies.ts',
    text: 'Which connections are allowed',
    objects: [
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-default-deny',
        text: 'Denies all connections that no other policy allows',
      },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-backend',
        text: 'Connections to and from the backend',
      },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-ingestion',
        text: 'Connections to and from ingestion',
      },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-intake',
        text: 'Allows applications or the edge to reach the collectors, and the collectors to reach only ingestion',
      },
      { kind: 'NetworkPolicy', name: 'junjo-ai-studio-frontend', text: 'Connections to the UI' },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-qdrant',
        text: 'Allows only the backend to reach QDrant',
      },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-intake-metrics',
        text: 'Allows Prometheus to read the metrics of the intake',
      },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-acme-solver',
        text: 'Allows the certificate authority to reach the pods with which cert-manager answers its challenge',
      },
      {
        kind: 'NetworkPolicy',
        name: 'junjo-ai-studio-backup',
        text: 'Allows the pods of VolSync to reach the backup storage',
      },
    ],
  },
  {
    file: '90-backup',
    madeBy: 'charts/backup.ts',
    text: 'The scheduled backup of the data',
    objects: [
      { kind: 'ReplicationSource', text: 'VolSync copies a snapshot of the data to a restic repository' },
      { kind: 'Schedule', text: 'Velero backs up the namespace and the data' },
    ],
  },
  {
    file: '95-monitoring',
    madeBy: 'charts/monitoring.ts',
    text: 'Alerts, metrics, and the dashboard for the Prometheus operator and Grafana',
    objects: [
      { kind: 'PrometheusRule', name: 'junjo-ai-studio', text: 'Alerts for problems of the studio' },
      {
        kind: 'PodMonitor',
        name: 'junjo-ai-studio-intake',
        text: 'Makes Prometheus collect the metrics of the intake',
      },
      {
        kind: 'ConfigMap',
        name: 'junjo-ai-studio-dashboard',
        text: 'A dashboard, which the Grafana sidecar finds by its label',
      },
    ],
  },
  {
    file: 'argocd/00-application',
    madeBy: 'charts/argo-cd.ts',
    text: 'Makes Argo CD apply the studio from Git',
    objects: [
      { kind: 'AppProject', text: 'What Argo CD may apply for the studio, and where' },
      { kind: 'Application', text: 'Where the studio is in Git, and how Argo CD syncs it' },
    ],
  },
  {
    file: 'argocd/00-application-set',
    madeBy: 'charts/argo-cd.ts',
    text: 'Makes Argo CD apply all studios from Git',
    objects: [
      { kind: 'AppProject', text: 'What Argo CD may apply for the studios, and where' },
      { kind: 'ApplicationSet', text: 'Creates an Application for each studio' },
    ],
  },
  {
    file: 'flux/00-source',
    madeBy: 'charts/flux.ts',
    text: 'The source from which Flux reads the studios',
    objects: [
      { kind: 'GitRepository', text: 'The Git repository, and the revision that Flux follows' },
      { kind: 'OCIRepository', text: 'The artifact repository, and the tag or digest that Flux follows' },
    ],
  },
  {
    file: 'flux/10-kustomizations',
    madeBy: 'charts/flux.ts',
    text: 'Makes Flux apply each studio',
    objects: [{ kind: 'Kustomization', text: 'The folder that Flux applies, and how it prunes and waits' }],
  },
];

/** The rows of an object and its file, if the table has them. */
export function purposeOf(
  path: string,
  object: { readonly kind: string; readonly metadata: { readonly name: string } },
): { readonly file: FilePurpose; readonly object: ObjectPurpose } | undefined {
  const file = filePurposeOf(path);
  const ofKind = file?.objects.filter(({ kind }) => kind === object.kind) ?? [];
  const row = ofKind.find(({ name }) => name === object.metadata.name) ?? ofKind.find(({ name }) => !name);
  return file && row && { file, object: row };
}

/** The row of a file in the output folder, or in the folder of one of several studios. */
export function filePurposeOf(path: string): FilePurpose | undefined {
  return purposes.find(({ file }) => `/${path}`.endsWith(`/${file}.k8s.yaml`));
}

/** The name of a row: `Deployment junjo-ai-studio-backend`, or only the kind if the name is not fixed. */
export function rowName({ kind, name }: ObjectPurpose): string {
  return name ? `${kind} ${name}` : kind;
}
