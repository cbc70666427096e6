import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { qdrantName } from '../config/names';
import type { Qdrant } from '../config/studio-config';
import { annotated, claimMeta, objectMeta, type StudioIdentity, selectorLabels } from './metadata';
import { reloadOn, singleWriter, workloadMeta } from './pod/component';
import { type PodProps, podDefaults, podMeta } from './pod/pod';
import { NODE_DISK_MI, quantity, resources } from './pod/resources';
import { containerSecurityContext } from './pod/security';
import { servicePort } from './service';

/** https://github.com/qdrant/qdrant/releases; the tags `-unprivileged` run as the user below instead of root. */
const VERSION = '1.17.1';
const IMAGE = `qdrant/qdrant:v${VERSION}-unprivileged`;

/** uid of the image's user, and gid of its files. */
export const QDRANT_USER = 1000;

const DATA_PATH = '/qdrant/data';

/** https://qdrant.tech/documentation/guides/configuration/ */
export const qdrantPorts = { http: 6333, grpc: 6334 } as const;

/** A vector store of the studio's own. */
export interface QdrantChartProps extends Omit<PodProps, 'user' | 'imageTarget' | 'version'> {
  /** Registry, with path, that mirrors Docker Hub. */
  readonly imageRegistry: string;
  readonly secretName: string;
  /** Key of the API key in the Secret. */
  readonly secretKey: string;
  /** Digest of its value; it rolls the pod. @default no annotation */
  readonly secretDigest?: string;
  /** Another tool writes the Secret whenever its value changes. */
  readonly secretFromElsewhere: boolean;
}

/** The claim of the vectors, which outlives the rest. */
export class QdrantStorageChart extends Chart {
  constructor(
    scope: Construct,
    id: string,
    { storage, namespace }: Pick<StudioIdentity, 'namespace'> & Pick<Qdrant, 'storage'>,
  ) {
    super(scope, id);
    new k8s.KubePersistentVolumeClaim(this, 'claim', {
      metadata: claimMeta({ namespace }, qdrantName),
      spec: {
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Filesystem',
        storageClassName: storage.storageClass,
        resources: { requests: { storage: quantity(storage.size) } },
      },
    });
  }
}

/** QDrant: one pod, because a folder of it has one writer, and reachable by the backend alone. */
export class QdrantChart extends Chart {
  constructor(scope: Construct, id: string, props: QdrantChartProps) {
    super(scope, id);
    const pod: PodProps = { ...props, user: QDRANT_USER, imageTarget: 'production', version: VERSION };
    // Both answer without the API key: qdrant/qdrant#2401.
    const ready = { httpGet: { path: '/readyz', port: k8s.IntOrString.fromString('http') }, timeoutSeconds: 5 };
    const live = { httpGet: { path: '/livez', port: k8s.IntOrString.fromString('http') }, timeoutSeconds: 5 };

    new k8s.KubeDeployment(this, 'deployment', {
      metadata: annotated(
        workloadMeta(pod, qdrantName, 'qdrant'),
        props.secretFromElsewhere ? reloadOn(props.secretName) : {},
      ),
      spec: {
        ...singleWriter('qdrant'),
        progressDeadlineSeconds: 1200,
        template: {
          metadata: podMeta(pod, {
            component: 'qdrant',
            digests: props.secretDigest ? { 'checksum/secrets': props.secretDigest } : {},
          }),
          spec: {
            ...podDefaults(pod),
            // It flushes its write-ahead log on SIGTERM.
            terminationGracePeriodSeconds: 60,
            containers: [
              {
                name: 'qdrant',
                image: `${props.imageRegistry}/${IMAGE}`,
                imagePullPolicy: 'IfNotPresent',
                env: [
                  { name: 'QDRANT__STORAGE__STORAGE_PATH', value: `${DATA_PATH}/storage` },
                  { name: 'QDRANT__STORAGE__SNAPSHOTS_PATH', value: `${DATA_PATH}/snapshots` },
                  // It lies beside the binary otherwise, where nothing can be written, and without it QDrant ends at once.
                  { name: 'QDRANT_INIT_FILE_PATH', value: `${DATA_PATH}/.initialized` },
                  { name: 'QDRANT__TELEMETRY_DISABLED', value: 'true' },
                  {
                    name: 'QDRANT__SERVICE__API_KEY',
                    valueFrom: { secretKeyRef: { name: props.secretName, key: props.secretKey } },
                  },
                ],
                ports: [
                  { name: 'http', containerPort: qdrantPorts.http, protocol: 'TCP' },
                  { name: 'grpc', containerPort: qdrantPorts.grpc, protocol: 'TCP' },
                ],
                // Fifteen minutes: it loads every segment before it is ready.
                startupProbe: { ...ready, periodSeconds: 5, failureThreshold: 180 },
                readinessProbe: { ...ready, periodSeconds: 10, failureThreshold: 3 },
                livenessProbe: { ...live, periodSeconds: 20, failureThreshold: 6 },
                // Not measured with vectors: no release of the studio has any.
                resources: resources(50, { requestMi: 128, limitMi: 512 }, NODE_DISK_MI),
                securityContext: containerSecurityContext(),
                volumeMounts: [
                  { name: 'data', mountPath: DATA_PATH },
                  { name: 'tmp', mountPath: '/tmp' },
                ],
              },
            ],
            volumes: [
              { name: 'data', persistentVolumeClaim: { claimName: qdrantName } },
              { name: 'tmp', emptyDir: { sizeLimit: quantity('64Mi') } },
            ],
          },
        },
      },
    });
    new k8s.KubeService(this, 'service', {
      metadata: objectMeta(props, qdrantName, 'qdrant'),
      spec: {
        type: 'ClusterIP',
        selector: selectorLabels('qdrant'),
        ports: [servicePort('http', qdrantPorts.http), servicePort('grpc', qdrantPorts.grpc)],
      },
    });
  }
}
