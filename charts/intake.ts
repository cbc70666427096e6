import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { INTAKE_REPLICAS, intakeClaimNames, intakeName, internalServiceNames } from '../config/names';
import { edgeNeedsTls } from '../config/sidecars';
import type { Intake, SpansService, StudioConfig } from '../config/studio-config';
import { spansTlsSecretName } from './certificates';
import { claimMeta, objectMeta, type StudioIdentity, selectorLabels } from './metadata';
import {
  addOtlpHttpService,
  OTLP_HTTP_EDGE_PORT,
  OTLP_HTTP_PORT,
  otlpHttpEdgePort,
  otlpHttpReceiver,
} from './otlp-http';
import { workloadMeta } from './pod/component';
import { digest } from './pod/digest';
import { type PodProps, podDefaults, podMeta } from './pod/pod';
import { quantity, resources } from './pod/resources';
import { containerSecurityContext } from './pod/security';
import { addSpansService, servicePort } from './service';
import { CERTIFICATE_FILES, SPANS_TLS_PORT } from './spans-proxy';

/** uid and gid of the image: distributions/otelcol-contrib/Dockerfile of open-telemetry/opentelemetry-collector-releases. */
const USER = 10001;

/** Where the collectors take OTLP/HTTP, answer probes, and show their metrics. */
export const intakePorts = { http: OTLP_HTTP_PORT, health: 13133, metrics: 8888 } as const;

const QUEUE_PATH = '/var/lib/otelcol/queue';
const CONFIG_PATH = '/etc/otelcol-contrib';
const CERTIFICATES_PATH = '/etc/otelcol-contrib/certificates';

/** The claims of the queues, which outlive the rest: they may hold spans that ingestion has not taken. */
export class IntakeStorageChart extends Chart {
  constructor(
    scope: Construct,
    id: string,
    { storage, namespace }: Pick<StudioIdentity, 'namespace'> & Pick<Intake, 'storage'>,
  ) {
    super(scope, id);
    for (const name of intakeClaimNames) {
      new k8s.KubePersistentVolumeClaim(this, name, {
        metadata: claimMeta({ namespace }, name),
        spec: claimSpec(storage),
      });
    }
  }
}

/** The collectors, and the spans that they take. */
export interface IntakeChartProps extends Omit<PodProps, 'user' | 'imageTarget' | 'version'> {
  readonly intake: Intake;
  /** OTLP/gRPC, for applications; ingestion has the same port. */
  readonly otlpPort: number;
  /** Secret with the certificate that the ports for spans show. @default in the clear */
  readonly certificateSecret?: string;
  /** Whether the edge speaks HTTP/2 to pods over TLS only. */
  readonly edgeNeedsTls: boolean;
  /** How the Service is published. @default on localhost, for a studio without an edge */
  readonly published?: SpansService;
  /** Whether the edge has a host for OTLP/HTTP. */
  readonly httpAtEdge: boolean;
  /** What the controller of the edge reads on the Service. */
  readonly serviceAnnotations: Readonly<Record<string, string>>;
}

/** The ports of the pods at which spans arrive. */
export function intakeEntrances({ edge, line }: Pick<StudioConfig, 'edge' | 'line'>) {
  const grpc = line.ports.ingestion.otlp;
  return { fromEdge: edgeNeedsTls(edge) ? SPANS_TLS_PORT : grpc, published: [grpc, intakePorts.http] };
}

/** The Secret with the certificate for TLS at the ports for spans, where they speak it. */
export function intakeCertificate({ spansService: { certificate } }: Pick<StudioConfig, 'spansService'>) {
  return certificate && spansTlsSecretName(certificate);
}

/** OpenTelemetry Collectors with a queue on a disk: https://opentelemetry.io/docs/collector/resiliency/ */
export class IntakeChart extends Chart {
  constructor(scope: Construct, id: string, props: IntakeChartProps) {
    super(scope, id);
    const { intake, otlpPort, certificateSecret } = props;
    const pod: PodProps = { ...props, user: USER, imageTarget: 'production', version: versionOf(intake) };
    const config = { 'config.yaml': JSON.stringify(collectorConfig(props), undefined, 2) };
    const health = { httpGet: { path: '/', port: k8s.IntOrString.fromString('health') }, timeoutSeconds: 5 };
    new k8s.KubeConfigMap(this, 'config', { metadata: objectMeta(props, intakeName, 'intake'), data: config });
    new k8s.KubeStatefulSet(this, 'stateful-set', {
      metadata: workloadMeta(pod, intakeName, 'intake'),
      spec: {
        replicas: INTAKE_REPLICAS,
        serviceName: intakeName,
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: selectorLabels('intake') },
        template: {
          metadata: podMeta(pod, { component: 'intake', digests: { 'checksum/config': digest(config) } }),
          spec: {
            ...podDefaults(pod),
            terminationGracePeriodSeconds: 60,
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: 'kubernetes.io/hostname',
                whenUnsatisfiable: 'ScheduleAnyway',
                labelSelector: { matchLabels: selectorLabels('intake') },
              },
            ],
            containers: [
              {
                name: 'collector',
                image: intake.image.image,
                imagePullPolicy: intake.image.imagePullPolicy,
                args: [`--config=${CONFIG_PATH}/config.yaml`],
                ports: [
                  { name: 'otlp-grpc', containerPort: otlpPort, protocol: 'TCP' },
                  { name: 'otlp-http', containerPort: intakePorts.http, protocol: 'TCP' },
                  ...(props.httpAtEdge ? [otlpHttpEdgePort()] : []),
                  { name: 'metrics', containerPort: intakePorts.metrics, protocol: 'TCP' },
                  { name: 'health', containerPort: intakePorts.health, protocol: 'TCP' },
                ],
                startupProbe: { ...health, periodSeconds: 5, failureThreshold: 60 },
                readinessProbe: { ...health, periodSeconds: 10, failureThreshold: 3 },
                livenessProbe: { ...health, periodSeconds: 20, failureThreshold: 6 },
                resources: resources(100, { requestMi: 64, limitMi: 512 }),
                securityContext: containerSecurityContext(),
                volumeMounts: [
                  { name: 'config', mountPath: CONFIG_PATH, readOnly: true },
                  { name: 'queue', mountPath: QUEUE_PATH },
                  ...(certificateSecret
                    ? [{ name: 'certificates', mountPath: CERTIFICATES_PATH, readOnly: true }]
                    : []),
                ],
              },
            ],
            volumes: [
              { name: 'config', configMap: { name: intakeName } },
              ...(certificateSecret
                ? [{ name: 'certificates', secret: { secretName: certificateSecret, items: CERTIFICATE_FILES } }]
                : []),
            ],
          },
        },
        // The claims of foundation/ have these names, and the StatefulSet takes them.
        volumeClaimTemplates: [{ metadata: { name: 'queue' }, spec: claimSpec(intake.storage) }],
      },
    });
    new k8s.KubePodDisruptionBudget(this, 'budget', {
      metadata: objectMeta(props, intakeName, 'intake'),
      spec: { maxUnavailable: k8s.IntOrString.fromNumber(1), selector: { matchLabels: selectorLabels('intake') } },
    });
    addSpansService(this, {
      ...props,
      component: 'intake',
      port: otlpPort,
      target: { port: otlpPort, isTls: certificateSecret !== undefined },
      annotations: props.serviceAnnotations,
      otherPorts: [servicePort('otlp-http', intakePorts.http)],
    });
    if (props.httpAtEdge) addOtlpHttpService(this, props);
  }
}

function claimSpec({ size, storageClass }: Intake['storage']): k8s.PersistentVolumeClaimSpec {
  return {
    accessModes: ['ReadWriteOnce'],
    volumeMode: 'Filesystem',
    storageClassName: storageClass,
    resources: { requests: { storage: quantity(size) } },
  };
}

function versionOf({ image }: Intake): string {
  return /:([A-Za-z0-9][\w.-]{0,62})(?:@|$)/.exec(image.image)?.[1] ?? 'unknown';
}

/** What the collectors do. JSON is YAML. */
export function collectorConfig({ intake, otlpPort, certificateSecret, httpAtEdge }: IntakeChartProps): object {
  const http = otlpHttpReceiver(intake);
  const tls = certificateSecret && {
    tls: { cert_file: `${CERTIFICATES_PATH}/tls.crt`, key_file: `${CERTIFICATES_PATH}/tls.key`, reload_interval: '1h' },
  };
  return {
    receivers: {
      otlp: {
        protocols: {
          grpc: { endpoint: `0.0.0.0:${otlpPort}`, include_metadata: true, max_recv_msg_size_mib: 4, ...tls },
          http: { ...http, endpoint: `0.0.0.0:${intakePorts.http}`, ...tls },
        },
      },
      ...(httpAtEdge && {
        'otlp/edge': { protocols: { http: { ...http, endpoint: `0.0.0.0:${OTLP_HTTP_EDGE_PORT}` } } },
      }),
    },
    exporters: {
      otlp: {
        endpoint: `${internalServiceNames.ingestion}:${otlpPort}`,
        tls: { insecure: true },
        compression: 'none',
        auth: { authenticator: 'headers_setter' },
        retry_on_failure: { max_elapsed_time: 0 },
        sending_queue: { storage: 'file_storage', sizer: 'bytes', num_consumers: 2 },
      },
    },
    extensions: {
      file_storage: { directory: QUEUE_PATH },
      headers_setter: { headers: [{ key: 'x-junjo-api-key', from_context: 'x-junjo-api-key' }] },
      health_check: { endpoint: `0.0.0.0:${intakePorts.health}` },
    },
    service: {
      extensions: ['file_storage', 'headers_setter', 'health_check'],
      pipelines: { traces: { receivers: ['otlp', ...(httpAtEdge ? ['otlp/edge'] : [])], exporters: ['otlp'] } },
    },
  };
}
