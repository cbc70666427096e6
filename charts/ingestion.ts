import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { workloadNames } from '../config/names';
import type { SpansService } from '../config/studio-config';
import type { ReleaseLine } from '../releases';
import {
  containerDefaults,
  type StatefulComponentProps,
  singleWriter,
  statefulMeta,
  statefulPodMeta,
  statefulVolumes,
} from './pod/component';
import { environment } from './pod/environment';
import { besideTheVolume } from './pod/placement';
import { podDefaults } from './pod/pod';
import { NODE_DISK_MI, resources } from './pod/resources';
import { mountedSources, PATIENCE } from './pod/sources';
import { addInternalService, addSpansService, H2C, servicePort } from './service';
import {
  addSpansProxy,
  certificateMaker,
  type SpansProxyProps,
  spansProxyContainer,
  spansProxyDigest,
  spansProxyVolumes,
  spansTarget,
} from './spans-proxy';
import { stopIngestion, waitForBackend } from './start-and-stop';
import { upgradeGuardVolumes, waitForMarkContainer } from './upgrade-guard';

/** What ingestion has beyond the backend: the ways in which spans arrive. */
export interface IngestionChartProps extends StatefulComponentProps {
  /** OTLP/gRPC, for applications. */
  readonly otlpPort: number;
  /** Reads by the backend, and the gRPC health service. */
  readonly internalGrpcPort: number;
  /** How this release starts, runs and stops. */
  readonly facts: ReleaseLine['ingestion'];
  /** Name of the release line, which the mark on the volume must have. */
  readonly lineName: string;
  /** Where the backend checks API keys, for a release that must not start before it. @default it may start first */
  readonly waitForPort?: number;
  /** How the port for spans is published. @default on localhost, for a studio without an edge */
  readonly published?: SpansService;
  /** What the controller of the edge reads on the Service. */
  readonly serviceAnnotations: Readonly<Record<string, string>>;
  /** Only the collectors of the intake send spans, and the studio has another Service for spans. @default false */
  readonly behindIntake?: boolean;
  /** The nginx in front of ingestion. @default clients connect to ingestion itself */
  readonly proxy?: SpansProxyProps;
}

/** The OTLP receiver: one pod, because its write-ahead log has one writer. */
export class IngestionChart extends Chart {
  constructor(scope: Construct, id: string, props: IngestionChartProps) {
    super(scope, id);
    const name = workloadNames.ingestion;
    const { volumes, mounts } = statefulVolumes(props);
    const { otlpPort, proxy } = props;
    const sources = mountedSources(props);
    const initContainers = [
      waitForMarkContainer(props, props.lineName),
      ...(props.waitForPort ? [waitForBackend(props, props.waitForPort)] : []),
      ...(proxy ? certificateMaker(proxy) : []),
      ...sources.initContainers,
    ];
    const { lifecycle, terminationGracePeriodSeconds } = stopIngestion(props.facts);
    const health = {
      // The kubelet's own gRPC probe: the probe binary in the 0.70 image is amd64 on every platform.
      ...(props.facts.health === 'grpc'
        ? { grpc: { port: props.internalGrpcPort, service: '' } }
        : { tcpSocket: { port: k8s.IntOrString.fromString('grpc-internal') } }),
      timeoutSeconds: 5,
    };

    new k8s.KubeDeployment(this, 'deployment', {
      metadata: statefulMeta(props, name, 'ingestion'),
      spec: {
        ...singleWriter('ingestion'),
        // Longer than the startup probe, so that waiting for the backend does not mark the rollout as failed.
        progressDeadlineSeconds: 4200,
        template: {
          metadata: statefulPodMeta(props, 'ingestion', proxy && spansProxyDigest(proxy)),
          spec: {
            ...podDefaults(props),
            affinity: besideTheVolume,
            terminationGracePeriodSeconds,
            initContainers,
            containers: [
              {
                ...containerDefaults(props, 'ingestion'),
                ...(sources.args && { args: sources.args }),
                env: environment(props.fixedEnvironment, props),
                ports: [
                  { name: 'otlp-grpc', containerPort: otlpPort, protocol: 'TCP' },
                  { name: 'grpc-internal', containerPort: props.internalGrpcPort, protocol: 'TCP' },
                ],
                // An hour where no port opens until the backend answers, however long its image or migrations take.
                startupProbe: {
                  ...health,
                  periodSeconds: 5,
                  failureThreshold: props.facts.waitsForBackend ? 720 : 60,
                  ...(props.sources && PATIENCE.startupProbe),
                },
                readinessProbe: { ...health, periodSeconds: 10, failureThreshold: 3 },
                livenessProbe: {
                  ...health,
                  periodSeconds: 20,
                  failureThreshold: 6,
                  ...(props.sources && PATIENCE.livenessProbe),
                },
                lifecycle,
                resources: resources(100, props.memory, NODE_DISK_MI),
                volumeMounts: mounts,
              },
              ...(proxy ? [spansProxyContainer(proxy)] : []),
            ],
            volumes: [...volumes, ...upgradeGuardVolumes, ...(proxy ? spansProxyVolumes(proxy) : [])],
          },
        },
      },
    });

    const target = spansTarget(otlpPort, proxy);
    const fromIntake = props.behindIntake ? [servicePort('otlp-grpc', otlpPort, target.port, H2C)] : [];
    if (!props.behindIntake) {
      addSpansService(this, {
        ...props,
        component: 'ingestion',
        port: otlpPort,
        target,
        annotations: props.serviceAnnotations,
      });
    }
    addInternalService(this, props, 'ingestion', props.internalGrpcPort, fromIntake);
    if (proxy) addSpansProxy(this, proxy);
  }
}
