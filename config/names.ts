import type { Component } from '../releases';

/** Name of the studio unless `JUNJO_K8S_NAME` gives another. */
export const defaultStudioName = 'junjo-ai-studio';

/** Workloads have the names of the services in upstream's compose file. Each studio has its own namespace. */
export const workloadNames: Readonly<Record<Component, string>> = {
  backend: 'junjo-ai-studio-backend',
  ingestion: 'junjo-ai-studio-ingestion',
  frontend: 'junjo-ai-studio-frontend',
};

/** The Services between backend and ingestion, which are also their host names in the cluster. */
export const internalServiceNames = {
  backend: `${workloadNames.backend}-internal`,
  ingestion: `${workloadNames.ingestion}-internal`,
} as const;

/** The Ingress, or the routes, from the hosts of UI and API to their Services. */
export const webNames = {
  ingress: 'junjo-ai-studio',
  routes: { ui: 'junjo-ai-studio-ui', api: 'junjo-ai-studio-api' },
} as const;

/** The Secrets that cert-manager writes for a studio. */
export const tlsSecretNames = {
  /** Certificate of the hosts at the edge. */
  edge: 'junjo-ai-studio-tls',
  /** Certificate of the host for spans, where TLS ends in the pod of ingestion. */
  spans: 'junjo-ai-studio-spans-tls',
  /** Key of the account at the ACME server. */
  acmeAccount: 'junjo-ai-studio-acme-account',
} as const;

/**
 * The pods in which cert-manager answers an HTTP-01 challenge, and the port on which they listen:
 * https://cert-manager.io/docs/configuration/acme/http01/
 */
export const acmeSolver = { labels: { 'acme.cert-manager.io/http01-solver': 'true' }, port: 8089 } as const;

/** The collectors in front of ingestion: their StatefulSet and its Service, and how many there are. */
export const intakeName = 'junjo-ai-studio-intake';
export const INTAKE_REPLICAS = 2;

/** The claims of the collectors, by the names that a StatefulSet gives them. */
export const intakeClaimNames: readonly string[] = Array.from(
  { length: INTAKE_REPLICAS },
  (_, index) => `queue-${intakeName}-${index}`,
);

/** The Service, and the Ingress or route, for OTLP/HTTP from the edge to the collectors. */
export const otlpHttpName = 'junjo-ai-studio-otlp-http';

/** The port of the collectors for that, the only one of their ports that never uses TLS. */
export const otlpHttpPortName = 'http-from-edge';

/** The path of OTLP/HTTP for spans: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request */
export const OTLP_HTTP_PATH = '/v1/traces';

/** The vector store's Deployment, Service and claim. */
export const qdrantName = 'junjo-ai-studio-qdrant';

/** The claim that a studio makes for its data. */
export const claimName = 'junjo-ai-studio-data';

/** Longest name of a Kustomization: Flux writes it into a label of each object (SetOwnerLabels in ssa/manager.go of fluxcd/pkg). */
export const MAX_KUSTOMIZATION_NAME = 63;

/** The Kustomizations of a studio: all that Flux applies share one namespace. @param inSet it is one of several studios */
export function fluxKustomizations(studio: string, inSet: boolean) {
  const name = inSet ? `${defaultStudioName}-${studio}` : studio;
  return { studio: name, foundation: `${name}-foundation` } as const;
}

/** Annotation of a Deployment that a backup, restore or set-aside stopped: how to start it again, and which command must do that. */
export const STOPPED = 'junjo-ai-studio/stopped';

/** On a claim whose volume holds folders with data that a restore or set-aside moved aside: their names, with commas. */
export const KEPT = 'junjo-ai-studio/kept';

/** The pod of a backup, restore or set-aside. There is one at a time in a namespace, so two commands never work on one volume. */
export const COPY_POD = 'junjo-ai-studio-copy';

/** On that pod: the command that it belongs to. */
export const COPY_OWNER = 'junjo-ai-studio/copy-owner';

/** Label by which the sidecar of Grafana finds dashboards: charts/grafana/values.yaml of grafana/helm-charts. */
export const dashboardLabel = 'grafana_dashboard';
