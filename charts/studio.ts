import { Construct } from 'constructs';
import type { Edge, EdgeRoute, StudioConfig } from '../config/studio-config';
import { type Component, needsBackendFirst } from '../releases';
import { API_GUARD_PORT } from './api-guard';
import { ArgoCdChart, type ArgoCdStudio, allowedBelow, tolerateMissingCrds } from './argo-cd';
import { BackendChart } from './backend';
import { BackupChart, claimsToBackUp } from './backup';
import { addSpansCertificate, spansTlsSecretName, usesSolver } from './certificates';
import { FrontendChart } from './frontend';
import { GatewayChart } from './gateway';
import { IngestionChart } from './ingestion';
import {
  type EdgePorts,
  edgeFacts,
  IngressChart,
  type IngressChartProps,
  KongPluginsChart,
  TraefikMiddlewaresChart,
  told,
} from './ingress';
import { addExtra, type StudioIdentity } from './metadata';
import { NamespaceChart, podSecurityOf } from './namespace';
import { NetworkPoliciesChart } from './network-policies';
import type { ComponentProps, StatefulComponentProps } from './pod/component';
import { QdrantChart, QdrantStorageChart } from './qdrant';
import { ExternalSecretsChart, SealedSecretsChart, SecretsChart } from './secrets';
import { cloudAnnotations, externalDnsAnnotations } from './service';
import { SettingsChart } from './settings';
import { type ShownCertificate, SPANS_TLS_PORT, type SpansTlsProps } from './spans-tls';
import { mountedClaim, StorageChart } from './storage';
import { UpgradeGuardChart } from './upgrade-guard';

/** A studio, and how it goes together with others. */
export interface StudioProps {
  readonly config: StudioConfig;
  /** An ApplicationSet applies it together with others. @default false, it has an Application of its own */
  readonly inSet?: boolean;
}

/**
 * All charts of one studio, below any App. A chart's path below the studio is its file, and the numbers are the order of
 * `kubectl apply`; `foundation/` holds what must outlive the rest.
 */
export class Studio extends Construct {
  /** What Argo CD must be allowed to apply. */
  readonly argoCd: ArgoCdStudio;

  constructor(scope: Construct, id: string, { config, inSet = false }: StudioProps) {
    super(scope, id);
    const identity = { studio: config.name, namespace: config.namespace };
    const onLocalhost = config.environment === 'development';
    const { ports } = config.line;

    const foundation = new Construct(this, 'foundation');
    new NamespaceChart(foundation, '00-namespace', {
      ...identity,
      podSecurity: podSecurityOf(config),
    });
    if (config.storage.kind !== 'existing') {
      new StorageChart(foundation, '10-storage', { ...identity, storage: config.storage });
    }
    if (config.qdrant) {
      new QdrantStorageChart(foundation, '11-qdrant-storage', { ...identity, storage: config.qdrant.storage });
    }
    new SettingsChart(this, '20-settings', { ...identity, settings: config.settings, apiUrl: config.apiUrl });
    new UpgradeGuardChart(this, '25-upgrade-guard', {
      ...identity,
      line: config.line,
      lines: config.lines,
      acceptedLosses: config.acceptedLosses,
    });
    this.addSecrets(config, identity);
    new BackendChart(this, '40-backend', {
      ...statefulComponent(config, 'backend'),
      acceptedLosses: config.acceptedLosses,
      httpPort: ports.backend.http,
      internalGrpcPort: ports.backend.internalGrpc,
      serviceAnnotations: webServiceAnnotations(config, 'api'),
      onLocalhost,
      guard: config.apiGuard
        ? {
            ...identity,
            imageRegistry: config.imageRegistry,
            api: config.line.api,
            backendPort: ports.backend.http,
          }
        : undefined,
    });
    if (config.qdrant) {
      const { secretKey, secretDigest } = config.qdrant;
      new QdrantChart(this, '45-qdrant', {
        ...identity,
        extra: config.extra,
        placement: config.placement,
        imagePullSecret: config.imagePullSecret,
        imageRegistry: config.imageRegistry,
        secretName: config.secrets.name,
        secretKey,
        secretDigest,
        secretFromElsewhere: config.secrets.source.kind !== 'manifest',
      });
    }
    new IngestionChart(this, '50-ingestion', {
      ...statefulComponent(config, 'ingestion'),
      otlpPort: ports.ingestion.otlp,
      internalGrpcPort: ports.ingestion.internalGrpc,
      facts: config.line.ingestion,
      lineName: config.line.name,
      waitForPort: needsBackendFirst(config.line) ? ports.backend.internalGrpc : undefined,
      published: onLocalhost ? undefined : config.spansService,
      serviceAnnotations: spansServiceAnnotations(config),
      tls: spansTls(config),
    });
    new FrontendChart(this, '60-frontend', {
      ...component(config, 'frontend'),
      ports: ports.frontend[config.imageTarget],
      configPath: config.line.frontendConfigPath,
      apiUrl: config.apiUrl,
      replicas: config.frontendReplicas,
      serviceAnnotations: webServiceAnnotations(config, 'ui'),
      onLocalhost,
    });
    if (config.edge) this.addEdge(config, config.edge, identity);
    if (config.networkPolicy) this.addNetworkPolicies(config, identity);
    if (config.backup.kind !== 'none') {
      new BackupChart(this, '90-backup', {
        ...identity,
        backup: config.backup,
        claims: claimsToBackUp(config),
        imageTarget: config.imageTarget,
      });
    }
    this.argoCd = { name: config.name, namespace: config.namespace, ...allowedBelow(this, config.namespace) };
    if (config.git) {
      tolerateMissingCrds(this);
      if (!inSet) {
        const argoCd = new Construct(this, 'argocd');
        new ArgoCdChart(argoCd, '00-application', { studio: this.argoCd, git: config.git });
      }
    }
    addExtra(this, config.extra);
  }

  private addSecrets({ extra, secrets: { name, source } }: StudioConfig, identity: StudioIdentity): void {
    // Git ignores *secrets.k8s.yaml: the file of the Secret, and no other, has such a name.
    if (source.kind === 'manifest') new SecretsChart(this, '30-secrets', { ...identity, secretName: name, source });
    if (source.kind === 'sealed')
      new SealedSecretsChart(this, '30-sealed-secret', { ...identity, extra, secretName: name, source });
    if (source.kind === 'external') {
      new ExternalSecretsChart(this, '30-external-secret', { ...identity, secretName: name, source });
    }
  }

  private addEdge(config: StudioConfig, edge: Edge, identity: StudioIdentity): void {
    const ports = edgePorts(config);
    const { route } = edge;
    const { extra, placement, spansService } = config;
    const { certificate, host } = spansService;
    const props = { ...identity, extra, placement, edge, ports };
    const chart =
      route.kind === 'ingress' ? this.addIngress(route, props) : new GatewayChart(this, '70-edge', { ...props, route });
    if (certificate && host) addSpansCertificate(chart, { ...identity, extra, certificate, host });
  }

  private addIngress(
    { className, controller }: Extract<EdgeRoute, { kind: 'ingress' }>,
    props: Omit<IngressChartProps, 'className' | 'controller'>,
  ): IngressChart {
    const { studio, namespace, edge } = props;
    const objects = { studio, namespace, sourceRanges: edge.webSourceRanges };
    if (controller?.objects === 'traefik') new TraefikMiddlewaresChart(this, '69-traefik-middlewares', objects);
    if (controller?.objects === 'kong') new KongPluginsChart(this, '69-kong-plugins', objects);
    return new IngressChart(this, '70-edge', { ...props, className, controller });
  }

  private addNetworkPolicies(config: StudioConfig, identity: StudioIdentity): void {
    const { edge, line, spansService } = config;
    const { otlp } = line.ports.ingestion;
    const port = spansService.certificate ? SPANS_TLS_PORT : otlp;
    const published = !edge || spansService.type !== 'ClusterIP';
    // Spans that are neither published nor ours to lead come through an edge of the operator's own.
    const fromEdge = edge?.hosts.spans ? (selfSignedForEdge(config) ? SPANS_TLS_PORT : otlp) : port;
    new NetworkPoliciesChart(this, '80-network-policies', {
      ...identity,
      ports: {
        ui: line.ports.frontend[config.imageTarget].container,
        api: config.apiGuard ? API_GUARD_PORT : line.ports.backend.http,
        apiKeys: line.ports.backend.internalGrpc,
        spanReads: line.ports.ingestion.internalGrpc,
      },
      edgeNamespace: edge && config.ingressNamespace,
      spansFromEdge: edge?.hosts.spans || !published ? fromEdge : undefined,
      spansPublished: published ? { port, sourceRanges: edge ? spansService.sourceRanges : [] } : undefined,
      solver: edge !== undefined && (usesSolver(edge.certificate) || spansService.certificate?.kind === 'issued'),
      egress: config.egress,
      qdrant: config.qdrant !== undefined,
      volSync: config.backup.kind === 'volsync',
    });
  }
}

/** The ports of the Services behind the edge. */
function edgePorts({ line, imageTarget }: StudioConfig): EdgePorts {
  return {
    ui: line.ports.frontend[imageTarget].published[0],
    api: line.ports.backend.http,
    spans: line.ports.ingestion.otlp,
  };
}

/** What the Services of UI and API are told, for controllers that read annotations there. */
function webServiceAnnotations(config: StudioConfig, service: 'ui' | 'api'): Record<string, string> {
  const { edge } = config;
  if (edge?.route.kind !== 'ingress') return {};
  const { controller } = edge.route;
  const facts = edgeFacts({ edge, controller, ports: edgePorts(config) });
  return { ...told(controller, facts, ({ webServices }) => webServices?.[service]) };
}

/** Whether spans come through an edge that speaks HTTP/2 to backends over TLS only, with any certificate. */
function selfSignedForEdge({ edge }: StudioConfig): boolean {
  return Boolean(edge?.hosts.spans && edge.route.kind === 'ingress' && edge.route.controller?.tlsToBackend);
}

/** The sidecar in which TLS for spans ends, where it does. */
function spansTls(config: StudioConfig): SpansTlsProps | undefined {
  const certificate = spansTlsCertificate(config);
  return (
    certificate && {
      studio: config.name,
      namespace: config.namespace,
      imageRegistry: config.imageRegistry,
      certificate,
      user: config.line.users.ingestion,
      otlpPort: config.line.ports.ingestion.otlp,
    }
  );
}

function spansTlsCertificate(config: StudioConfig): ShownCertificate | undefined {
  const { images, imagePullPolicies, spansService } = config;
  if (spansService.certificate) return { kind: 'secret', name: spansTlsSecretName(spansService.certificate) };
  if (!selfSignedForEdge(config)) return undefined;
  // The backend's image has openssl, and is on the node already: both pods are on one.
  return { kind: 'selfSigned', image: images.backend, imagePullPolicy: imagePullPolicies.backend };
}

/** What the Service for spans is told of its load balancer, of the protocol behind it, and of its host name. */
function spansServiceAnnotations(config: StudioConfig): Record<string, string> {
  const { edge, line, spansService } = config;
  if (!edge) return {};
  const { host, externalDns } = spansService;
  const { controller } = edge.route.kind === 'ingress' ? edge.route : {};
  const facts = edgeFacts({ edge, controller, ports: edgePorts(config) });
  return {
    ...cloudAnnotations(spansService, line.ports.ingestion.otlp),
    ...(edge.hosts.spans && told(controller, facts, (answer) => answer.spansService?.(facts))),
    ...(host && externalDns && externalDnsAnnotations([host])),
  };
}

function component(config: StudioConfig, name: Component): ComponentProps {
  return {
    studio: config.name,
    namespace: config.namespace,
    image: config.images[name],
    imagePullPolicy: config.imagePullPolicies[name],
    imagePullSecret: config.imagePullSecret,
    version: config.tag,
    placement: config.placement,
    extra: config.extra,
    imageTarget: config.imageTarget,
    settings: config.settings[name],
    fixedEnvironment: config.fixedEnvironment[name],
    user: config.line.users[name],
    memory: config.line.memory[config.size][name],
    writable: config.line.writable[name],
  };
}

function statefulComponent(config: StudioConfig, name: Component): StatefulComponentProps {
  const { name: secretName, source, readers, digests } = config.secrets;
  return {
    ...component(config, name),
    claimName: mountedClaim(config.storage),
    dataPath: config.line.dataPath,
    secretName,
    secretKeys: readers[name],
    secretsDigest: digests[name],
    secretsFromElsewhere: source.kind !== 'manifest',
  };
}
