import { App, Chart, Yaml } from 'cdk8s';
import { Construct } from 'constructs';
import type { Edge, StudioConfig } from '../config/studio-config';
import type { Service } from '../releases';
import { BackendChart } from './backend';
import { usesSolver } from './certificates';
import { FrontendChart } from './frontend';
import { GatewayChart } from './gateway';
import { IngestionChart } from './ingestion';
import { IngressChart, TraefikMiddlewaresChart } from './ingress';
import { controllerOf } from './ingress-controllers';
import type { StudioIdentity } from './metadata';
import { NamespaceChart } from './namespace';
import { NetworkPoliciesChart } from './network-policies';
import { keyedDigest, type StatefulWorkloadProps, type WorkloadProps } from './pod';
import { SecretsChart, secretName } from './secrets';
import { cloudAnnotations, externalDnsAnnotations } from './service';
import { SettingsChart } from './settings';
import { claimName, StorageChart } from './storage';

/** A file of the output folder. */
export interface RenderedFile {
  /** Relative to the output folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Unix permissions. */
  readonly mode: number;
}

/**
 * All charts of one studio. A chart's construct path is its file, and the numbers are the order of `kubectl apply`;
 * `foundation/` holds what must outlive the rest.
 */
export class Studio extends App {
  constructor(config: StudioConfig) {
    super();
    const identity = { studio: config.name, namespace: config.namespace };
    const onLocalhost = config.environment === 'development';
    const { ports } = config.line;

    const foundation = new Construct(this, 'foundation');
    new NamespaceChart(foundation, '00-namespace', {
      ...identity,
      // Root in the container of a development image is what `restricted` forbids; the rest of it holds there too.
      podSecurity: config.imageTarget === 'development' ? 'baseline' : 'restricted',
    });
    if (config.storage.kind !== 'existing') {
      new StorageChart(foundation, '10-storage', { ...identity, storage: config.storage });
    }
    new SettingsChart(this, '20-settings', { ...identity, settings: config.settings, apiUrl: config.apiUrl });
    new SecretsChart(this, '30-secrets', { ...identity, values: config.secrets.values });
    new BackendChart(this, '40-backend', {
      ...statefulWorkload(config, 'backend'),
      httpPort: ports.backend.http,
      internalGrpcPort: ports.backend.internalGrpc,
      onLocalhost,
    });
    new IngestionChart(this, '50-ingestion', {
      ...statefulWorkload(config, 'ingestion'),
      otlpPort: ports.ingestion.otlp,
      internalGrpcPort: ports.ingestion.internalGrpc,
      published: onLocalhost ? undefined : config.spansService,
      serviceAnnotations: spansServiceAnnotations(config),
    });
    new FrontendChart(this, '60-frontend', {
      ...workload(config, 'frontend'),
      ports: ports.frontend[config.imageTarget],
      configPath: config.line.frontendConfigPath,
      apiUrl: config.apiUrl,
      replicas: config.frontendReplicas,
      onLocalhost,
    });
    if (config.edge) this.addEdge(config, config.edge, identity);
    if (config.networkPolicy) this.addNetworkPolicies(config, identity);
  }

  private addEdge(config: StudioConfig, edge: Edge, identity: StudioIdentity): void {
    const { line, imageTarget } = config;
    const ports = {
      ui: line.ports.frontend[imageTarget].published[0],
      api: line.ports.backend.http,
      spans: line.ports.ingestion.otlp,
    };
    const { route } = edge;
    if (route.kind !== 'ingress') {
      new GatewayChart(this, '70-edge', { ...identity, edge, route, ports });
      return;
    }
    const { className } = route;
    if (controllerOf(className).middlewares) new TraefikMiddlewaresChart(this, '69-traefik-middlewares', identity);
    new IngressChart(this, '70-edge', { ...identity, edge, className, ports });
  }

  private addNetworkPolicies(config: StudioConfig, identity: StudioIdentity): void {
    const { edge, line, spansService } = config;
    new NetworkPoliciesChart(this, '80-network-policies', {
      ...identity,
      ports: {
        ui: line.ports.frontend[config.imageTarget].container,
        api: line.ports.backend.http,
        apiKeys: line.ports.backend.internalGrpc,
        spans: [line.ports.ingestion.otlp],
        spanReads: line.ports.ingestion.internalGrpc,
      },
      edgeNamespace: edge && config.ingressNamespace,
      spansPublished: !edge || spansService.type !== 'ClusterIP',
      spansThroughEdge: edge?.hosts.spans !== undefined,
      spansSourceRanges: edge ? spansService.sourceRanges : [],
      solver: edge !== undefined && usesSolver(edge.certificate),
    });
  }

  /** Renders every chart, in the order of the files. */
  files(): readonly RenderedFile[] {
    return this.node
      .findAll()
      .filter((construct) => construct instanceof Chart)
      .map((chart) => {
        const objects: { kind: string }[] = chart.toJson();
        return {
          path: `${chart.node.path}.k8s.yaml`,
          text: Yaml.stringify(...objects),
          mode: objects.some(({ kind }) => kind === 'Secret') ? 0o600 : 0o644,
        };
      })
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }
}

/** What the Service for spans is told of its load balancer, of the protocol behind it, and of its host name. */
function spansServiceAnnotations({ edge, line, spansService }: StudioConfig): Record<string, string> {
  if (!edge) return {};
  const throughIngress = edge.hosts.spans !== undefined && edge.route.kind === 'ingress';
  const { className } = edge.route.kind === 'ingress' ? edge.route : {};
  return {
    ...cloudAnnotations(spansService, line.ports.ingestion.otlp),
    ...(throughIngress && controllerOf(className).spansService),
    ...(spansService.externalDnsHost && externalDnsAnnotations([spansService.externalDnsHost])),
  };
}

function workload(config: StudioConfig, service: Service): WorkloadProps {
  return {
    studio: config.name,
    namespace: config.namespace,
    image: config.images[service],
    imagePullPolicy: config.imagePullPolicies[service],
    imagePullSecret: config.imagePullSecret,
    version: config.tag,
    imageTarget: config.imageTarget,
    settings: config.settings[service],
    fixedEnvironment: config.fixedEnvironment[service],
    user: config.line.users[service],
    memory: config.line.memory[config.size][service],
    writable: config.line.writable[service],
  };
}

function statefulWorkload(config: StudioConfig, service: Service): StatefulWorkloadProps {
  const secretKeys = config.secrets.readers[service];
  const read = secretKeys.map(({ key }) => [key, config.secrets.values[key] ?? '']);
  return {
    ...workload(config, service),
    claimName: claimName(config.storage),
    dataPath: config.line.dataPath,
    secretName,
    secretKeys,
    secretsDigest: read.length > 0 ? keyedDigest(Object.fromEntries(read), config.secrets.digestKey) : undefined,
  };
}
