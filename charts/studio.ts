import { Construct } from 'constructs';
import { edgeNeedsTls } from '../config/sidecars';
import { nodeMountsOf } from '../config/source-mounts';
import type { Edge, GitSource, StudioConfig } from '../config/studio-config';
import { type Component, type HotReload, type Memory, needsBackendFirst, type PerComponent } from '../releases';
import { API_GUARD_PORT } from './api-guard';
import { ArgoCdChart, type ArgoCdStudio, allowedBelow, tolerateMissingCrds } from './argo-cd';
import { BackendChart } from './backend';
import { BackupChart, claimsToBackUp } from './backup';
import { addSpansCertificate, usesSolver } from './certificates';
import { controllerAnnotations, edgeServices } from './edge';
import { addFlux, awaitedBelow, type FluxStudio, keepFromFlux } from './flux';
import { FrontendChart } from './frontend';
import { GatewayChart } from './gateway';
import { IngestionChart } from './ingestion';
import { IngressChart } from './ingress';
import { objectsOf } from './ingress-controllers';
import { IntakeChart, IntakeStorageChart, intakeCertificate } from './intake';
import { addExtra, type StudioIdentity } from './metadata';
import { MonitoringChart, watchedStudio } from './monitoring';
import { NamespaceChart, podSecurityOf } from './namespace';
import { NetworkPoliciesChart, spansEntrances } from './network-policies';
import type { ComponentProps, StatefulComponentProps } from './pod/component';
import { QdrantChart, QdrantStorageChart } from './qdrant';
import { ExternalSecretsChart, SealedSecretsChart, SecretsChart } from './secrets';
import { SettingsChart } from './settings';
import { spansProxyOf } from './spans-proxy';
import { mountedClaim, StorageChart } from './storage';
import { UpgradeGuardChart } from './upgrade-guard';

/** A studio, and whether Argo CD or Flux applies it together with others. */
export interface StudioProps {
  readonly config: StudioConfig;
  /** One ApplicationSet, or one source of Flux, is for it and others. @default false, it has its own */
  readonly inSet?: boolean;
}

/**
 * All charts of one studio, below any App. A chart's path below the studio is its file, and the numbers are the order of
 * `kubectl apply`; `foundation/` holds what must outlive the rest.
 */
export class Studio extends Construct {
  /** What Argo CD must be allowed to apply. */
  readonly argoCd: ArgoCdStudio;
  /** What Flux must wait for. */
  readonly flux: FluxStudio;

  constructor(scope: Construct, id: string, { config, inSet = false }: StudioProps) {
    super(scope, id);
    const identity = { studio: config.name, namespace: config.namespace };
    const onLocalhost = config.environment === 'development';
    const { ports } = config.line;
    const { edge } = config;
    const annotations = controllerAnnotations(edge, edgeServices(config));

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
    if (config.intake) {
      new IntakeStorageChart(foundation, '12-intake-storage', { ...identity, storage: config.intake.storage });
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
      serviceAnnotations: ports.frontend
        ? annotations.apiService
        : { ...annotations.uiService, ...annotations.apiService },
      onLocalhost,
      toolsImage: config.toolsImage,
      guard: config.apiGuard
        ? {
            ...identity,
            image: config.nginxImage,
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
    const published = onLocalhost ? undefined : config.spansService;
    if (config.intake) {
      new IntakeChart(this, '47-intake', {
        ...identity,
        extra: config.extra,
        placement: config.placement,
        imagePullSecret: config.imagePullSecret,
        intake: config.intake,
        otlpPort: ports.ingestion.otlp,
        certificateSecret: intakeCertificate(config),
        edgeCertificate: edgeNeedsTls(edge) ? config.toolsImage : undefined,
        httpAtEdge: edge?.hosts.otlpHttp !== undefined,
        published,
        serviceAnnotations: annotations.spansService,
      });
    }
    new IngestionChart(this, '50-ingestion', {
      ...statefulComponent(config, 'ingestion'),
      otlpPort: ports.ingestion.otlp,
      internalGrpcPort: ports.ingestion.internalGrpc,
      facts: config.line.ingestion,
      lineName: config.line.name,
      waitForPort: needsBackendFirst(config.line) ? ports.backend.internalGrpc : undefined,
      published,
      behindIntake: config.intake !== undefined,
      serviceAnnotations: annotations.spansService,
      proxy: spansProxyOf(config),
    });
    if (ports.frontend && config.line.frontendConfigPath) {
      new FrontendChart(this, '60-frontend', {
        ...component(config, 'frontend'),
        ports: ports.frontend[config.imageTarget],
        configPath: config.line.frontendConfigPath,
        apiUrl: config.apiUrl,
        replicas: config.frontendReplicas,
        serviceAnnotations: annotations.uiService,
        onLocalhost,
      });
    }
    if (edge) this.addEdge(config, edge, identity);
    if (config.networkPolicy) {
      const { certificate } = config.spansService;
      new NetworkPoliciesChart(this, '80-network-policies', {
        ...identity,
        ports: {
          ui: ports.frontend?.[config.imageTarget].container,
          api: config.apiGuard ? API_GUARD_PORT : ports.backend.http,
          apiKeys: ports.backend.internalGrpc,
          spanReads: ports.ingestion.internalGrpc,
        },
        edgeNamespace: edge && config.ingressNamespace,
        ...spansEntrances(config),
        solver: edge !== undefined && (usesSolver(edge.certificate) || certificate?.kind === 'issued'),
        backendCallsOut: config.line.callsOut,
        egress: config.egress,
        qdrant: config.qdrant !== undefined,
        metricsReaders: config.monitoring.kind === 'prometheus' ? config.monitoring.namespace : undefined,
        volSync: config.backup.kind === 'volsync',
      });
    }
    if (config.backup.kind !== 'none') {
      new BackupChart(this, '90-backup', {
        ...identity,
        backup: config.backup,
        claims: claimsToBackUp(config),
        imageTarget: config.imageTarget,
      });
    }
    if (config.monitoring.kind === 'prometheus') {
      new MonitoringChart(this, '95-monitoring', { ...identity, watched: watchedStudio(config) });
    }
    this.argoCd = { name: config.name, namespace: config.namespace, ...allowedBelow(this, config.namespace) };
    this.flux = { name: config.name, ...awaitedBelow(this) };
    if (config.git) this.addGitOps(config.git, inSet);
    addExtra(this, config.extra);
  }

  private addGitOps(git: GitSource, inSet: boolean): void {
    if (git.gitops === 'flux') keepFromFlux(this);
    else tolerateMissingCrds(this);
    if (inSet) return;
    if (git.gitops === 'flux') {
      addFlux(this, { name: this.flux.name, git, studios: [this.flux] });
    } else {
      new ArgoCdChart(new Construct(this, 'argocd'), '00-application', { studio: this.argoCd, git });
    }
  }

  private addSecrets({ extra, secrets: { name, source } }: StudioConfig, identity: StudioIdentity): void {
    // Git ignores *secrets.k8s.yaml: the file of the Secret, and no other, has such a name.
    if (source.kind === 'manifest') new SecretsChart(this, '30-secrets', { ...identity, secretName: name, source });
    if (source.kind === 'sealed')
      new SealedSecretsChart(this, '30-sealed-secret', { ...identity, extra, secretName: name, source });
    if (source.kind === 'external') {
      new ExternalSecretsChart(this, '30-external-secret', { ...identity, extra, secretName: name, source });
    }
  }

  private addEdge(config: StudioConfig, edge: Edge, identity: StudioIdentity): void {
    const { extra, placement, spansService } = config;
    const { route } = edge;
    const props = { ...identity, extra, placement, edge, services: edgeServices(config) };
    const objects = route.kind === 'ingress' ? objectsOf(route.controller) : undefined;
    if (objects) new objects.chart(this, objects.id, { ...identity, sourceRanges: edge.webSourceRanges });
    const chart =
      route.kind === 'ingress'
        ? new IngressChart(this, '70-edge', { ...props, route })
        : new GatewayChart(this, '70-edge', { ...props, route });
    const { certificate, host } = spansService;
    if (certificate && host) addSpansCertificate(chart, { ...identity, extra, certificate, host });
  }
}

function component(config: StudioConfig, name: Component): ComponentProps {
  const { line } = config;
  const own = <T>(each: PerComponent<T>): T => {
    const value = each[name];
    if (value === undefined) throw new Error(`release line ${line.name} has no ${name}`);
    return value;
  };
  const facts = config.imageTarget === 'development' ? line.hotReload?.[name] : undefined;
  return {
    studio: config.name,
    namespace: config.namespace,
    ...own(config.images),
    imagePullSecret: config.imagePullSecret,
    version: config.tag,
    placement: config.placement,
    extra: config.extra,
    imageTarget: config.imageTarget,
    settings: own(config.settings),
    fixedEnvironment: own(config.fixedEnvironment),
    user: own(line.users),
    memory: withRoomToCompile(own(line.memory[config.size]), facts),
    writable: own(line.writable),
    ...(facts && config.sourcePath && { sources: { mounts: nodeMountsOf(config, name), facts } }),
  };
}

/** Development images compile or bundle their sources whenever they start. */
function withRoomToCompile(memory: Memory, { memoryLimitMi = 0 }: Partial<HotReload> = {}): Memory {
  return { ...memory, limitMi: Math.max(memory.limitMi, memoryLimitMi) };
}

function statefulComponent(config: StudioConfig, name: Component): StatefulComponentProps {
  const { name: secretName, source, readers, digests } = config.secrets;
  return {
    ...component(config, name),
    claimName: mountedClaim(config.storage),
    dataPath: config.line.dataPath,
    secretName,
    secretKeys: readers[name] ?? [],
    secretsDigest: digests[name],
    secretsFromElsewhere: source.kind !== 'manifest',
  };
}
