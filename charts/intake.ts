import { ApiObject, Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { INTAKE_REPLICAS, intakeClaimNames, intakeName, otlpHttpPortName } from '../config/names';
import type { Image, Intake, SpansService, StudioConfig } from '../config/studio-config';
import { spansTlsSecretName } from './certificates';
import { collectorFile, intakeKeys, intakePorts, QUEUE_PATH } from './intake-config';
import { annotated, claimMeta, objectMeta, type StudioIdentity, selectorLabels } from './metadata';
import { reloadOn, workloadMeta } from './pod/component';
import { digest } from './pod/digest';
import { type PodProps, podDefaults, podMeta } from './pod/pod';
import { NODE_DISK_MI, quantity, resources } from './pod/resources';
import { containerSecurityContext } from './pod/security';
import { addOtlpHttpService, addSpansService, servicePort } from './service';
import {
  addSpansTlsService,
  CERTIFICATES,
  certificateMaker,
  certificateVolume,
  type ShownCertificate,
  SPANS_TLS_PORT,
} from './spans-proxy';

/** uid and gid of the image: distributions/otelcol-contrib/Dockerfile of open-telemetry/opentelemetry-collector-releases. */
const USER = 10001;

/** Folders beside each other: none can be mounted in another one that is read-only. */
const CONFIG_PATH = '/etc/otelcol/config';
const CERTIFICATES_PATH = '/etc/otelcol/certificates';

/** MiB. Measured: 34 MiB at 1,000 spans a second. The rest is for clients that send the largest requests at one time. */
const MEMORY = { requestMi: 64, limitMi: 512 };

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
        spec: {
          accessModes: ['ReadWriteOnce'],
          volumeMode: 'Filesystem',
          storageClassName: storage.storageClass,
          resources: { requests: { storage: quantity(storage.size) } },
        },
      });
    }
  }
}

/** The collectors, and the spans that they take. */
export interface IntakeChartProps extends Omit<PodProps, 'user' | 'imageTarget' | 'version'> {
  readonly intake: Intake;
  /** OTLP/gRPC, for applications; ingestion has the same port. */
  readonly otlpPort: number;
  /** Secret with the certificate that the ports for applications show. @default they are in the clear */
  readonly certificateSecret?: string;
  /** The image with openssl, for an edge that speaks HTTP/2 to pods over TLS only. @default the edge is none of those */
  readonly edgeCertificate?: Image;
  /** How the Service is published. @default on localhost, for a studio without an edge */
  readonly published?: SpansService;
  /** Whether the edge has a host for OTLP/HTTP. */
  readonly httpAtEdge: boolean;
  /** What the controller of the edge reads on the Service. */
  readonly serviceAnnotations: Readonly<Record<string, string>>;
}

/** The Secret with the certificate for TLS at the ports for spans, where they speak it. */
export function intakeCertificate({ spansService: { certificate } }: Pick<StudioConfig, 'spansService'>) {
  return certificate && spansTlsSecretName(certificate);
}

/** OpenTelemetry Collectors with a queue on a disk: https://opentelemetry.io/docs/collector/resiliency/ */
export class IntakeChart extends Chart {
  constructor(scope: Construct, id: string, props: IntakeChartProps) {
    super(scope, id);
    const { otlpPort } = props;
    const config = { 'config.yaml': configOf(props) };
    new k8s.KubeConfigMap(this, 'config', { metadata: objectMeta(props, intakeName, 'intake'), data: config });
    this.addStatefulSet(props, config);
    new k8s.KubePodDisruptionBudget(this, 'disruption-budget', {
      metadata: objectMeta(props, intakeName, 'intake'),
      spec: {
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        selector: { matchLabels: selectorLabels('intake') },
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    });
    addSpansService(this, {
      ...props,
      component: 'intake',
      port: otlpPort,
      target: { port: otlpPort, isTls: props.certificateSecret !== undefined },
      annotations: props.serviceAnnotations,
      otherPorts: [servicePort('otlp-http', intakePorts.http)],
    });
    if (props.edgeCertificate) addSpansTlsService(this, props, 'intake');
    if (props.httpAtEdge) addOtlpHttpService(this, props);
    // A StatefulSet names a headless Service. Applications use the one above.
    new k8s.KubeService(this, 'headless-service', {
      metadata: objectMeta(props, intakeName, 'intake'),
      spec: {
        type: 'ClusterIP',
        clusterIp: 'None',
        selector: selectorLabels('intake'),
        ports: [servicePort('metrics', intakePorts.metrics)],
      },
    });
  }

  private addStatefulSet(props: IntakeChartProps, config: Readonly<Record<string, string>>): void {
    const { intake } = props;
    const pod: PodProps = { ...props, user: USER, imageTarget: 'production', version: versionOf(intake) };
    const certificate = certificateOf(props);
    const { spec, ...set } = k8s.KubeStatefulSet.manifest({
      metadata: annotated(workloadMeta(pod, intakeName, 'intake'), {
        ...SPREAD,
        ...(intake.keysSecret && reloadOn(intake.keysSecret)),
      }),
      spec: {
        replicas: INTAKE_REPLICAS,
        serviceName: intakeName,
        // Each starts by itself: neither waits for the other.
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
        // Clients of the one that was replaced have connected again before the next one goes.
        minReadySeconds: 5,
        selector: { matchLabels: selectorLabels('intake') },
        template: {
          metadata: podMeta(pod, { component: 'intake', digests: { 'checksum/config': digest(config) } }),
          spec: {
            ...podDefaults(pod),
            // Calls under way end first. What is not sent by then stays in the queue.
            terminationGracePeriodSeconds: 60,
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: 'kubernetes.io/hostname',
                whenUnsatisfiable: 'ScheduleAnyway',
                labelSelector: { matchLabels: selectorLabels('intake') },
              },
            ],
            ...(certificate?.kind === 'selfSigned' && {
              initContainers: certificateMaker({ tls: { port: SPANS_TLS_PORT, certificate } }),
            }),
            containers: [collector(props)],
            volumes: [
              { name: 'config', configMap: { name: intakeName } },
              ...(certificate ? [certificateVolume(certificate)] : []),
              ...(intake.keysSecret
                ? [
                    {
                      name: 'keys',
                      secret: { secretName: intake.keysSecret, items: [{ key: intakeKeys.key, path: intakeKeys.key }] },
                    },
                  ]
                : []),
            ],
          },
        },
      },
    });
    new ApiObject(this, 'stateful-set', { ...set, spec: { ...spec, volumeClaimTemplates: [CLAIM_TEMPLATE] } });
  }
}

/** It looks for podAntiAffinity alone: pkg/templates/antiaffinity/template.go of stackrox/kube-linter. */
const SPREAD = {
  'ignore-check.kube-linter.io/no-anti-affinity': 'topologySpreadConstraints spread the pods over the nodes',
};

/**
 * The StatefulSet finds the claims of foundation/ by their names, and makes none. A template cannot change once it is applied, so it
 * has neither the size nor the class of the claims: these can grow. Kind and status are what the API server stores, which KubeStatefulSet
 * has no props for: pkg/apis/apps/v1/conversion.go and pkg/apis/core/v1/defaults.go of Kubernetes.
 */
const CLAIM_TEMPLATE = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'queue' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    volumeMode: 'Filesystem',
    resources: { requests: { storage: '1Gi' } },
  },
  status: { phase: 'Pending' },
};

/** A Secret for applications, or a certificate that the edge does not verify. No studio has both: the address decides (SpansWay). */
function certificateOf({ certificateSecret, edgeCertificate }: IntakeChartProps): ShownCertificate | undefined {
  if (certificateSecret) return { kind: 'secret', name: certificateSecret };
  return edgeCertificate && { kind: 'selfSigned', ...edgeCertificate };
}

function configOf({ intake, otlpPort, certificateSecret, edgeCertificate, httpAtEdge }: IntakeChartProps): string {
  const tls = { path: CERTIFICATES_PATH };
  return collectorFile({
    otlpPort,
    storageSize: intake.storage.size,
    tls: certificateSecret === undefined ? undefined : tls,
    edgeTls: edgeCertificate && { ...tls, port: SPANS_TLS_PORT },
    httpAtEdge,
    corsOrigins: intake.corsOrigins,
    checksKeys: intake.keysSecret !== undefined,
  });
}

/** Tag of the image, for the label `app.kubernetes.io/version`. */
function versionOf({ image }: Intake): string {
  return /:([A-Za-z0-9][\w.-]{0,62})(?:@|$)/.exec(image.image)?.[1] ?? 'unknown';
}

function collector(props: IntakeChartProps): k8s.Container {
  const health = { httpGet: { path: '/', port: k8s.IntOrString.fromString('health') }, timeoutSeconds: 5 };
  const { intake, otlpPort } = props;
  return {
    name: 'intake',
    image: intake.image.image,
    imagePullPolicy: intake.image.imagePullPolicy,
    args: [`--config=${CONFIG_PATH}/config.yaml`],
    // Go collects its garbage before the kernel ends the container: https://go.dev/doc/gc-guide#Memory_limit
    env: [{ name: 'GOMEMLIMIT', value: `${Math.floor(MEMORY.limitMi * 0.8)}MiB` }],
    ports: [
      { name: 'otlp-grpc', containerPort: otlpPort, protocol: 'TCP' },
      { name: 'otlp-http', containerPort: intakePorts.http, protocol: 'TCP' },
      ...(props.httpAtEdge
        ? [{ name: otlpHttpPortName, containerPort: intakePorts.httpFromEdge, protocol: 'TCP' }]
        : []),
      ...(props.edgeCertificate ? [{ name: 'otlp-tls', containerPort: SPANS_TLS_PORT, protocol: 'TCP' }] : []),
      { name: 'metrics', containerPort: intakePorts.metrics, protocol: 'TCP' },
      { name: 'health', containerPort: intakePorts.health, protocol: 'TCP' },
    ],
    // Five minutes: it compacts the queue before it answers.
    startupProbe: { ...health, periodSeconds: 2, failureThreshold: 150 },
    readinessProbe: { ...health, periodSeconds: 10, failureThreshold: 3 },
    livenessProbe: { ...health, periodSeconds: 20, failureThreshold: 6 },
    // Measured: 0.09 cores at 1,000 spans a second, 0.26 at 20,000.
    resources: resources(100, MEMORY, NODE_DISK_MI),
    securityContext: containerSecurityContext(),
    volumeMounts: [
      { name: 'config', mountPath: CONFIG_PATH, readOnly: true },
      { name: 'queue', mountPath: QUEUE_PATH },
      ...(certificateOf(props) ? [{ name: CERTIFICATES, mountPath: CERTIFICATES_PATH, readOnly: true }] : []),
      ...(intake.keysSecret ? [{ name: 'keys', mountPath: intakeKeys.path, readOnly: true }] : []),
    ],
  };
}
