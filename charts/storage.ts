import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { claimName } from '../config/names';
import type { NodeStorage, ProvisionedStorage, Storage } from '../config/studio-config';
import { claimMeta, dataLabels, keepOnDelete, type StudioIdentity } from './metadata';
import { quantity } from './pod/resources';

/** The claim that backend and ingestion mount. */
export function mountedClaim(storage: Storage): string {
  return storage.kind === 'existing' ? storage.claimName : claimName;
}

/** Storage that the studio makes itself. */
export interface StorageChartProps extends Pick<StudioIdentity, 'namespace'> {
  readonly storage: ProvisionedStorage | NodeStorage;
}

/** The claim for the databases, and for a folder on a node the volume that it binds. */
export class StorageChart extends Chart {
  constructor(scope: Construct, id: string, props: StorageChartProps) {
    super(scope, id);
    const { storage } = props;
    const onNode = storage.kind === 'node';
    // Volumes belong to the cluster, so the name carries the namespace.
    const volumeName = `${props.namespace}-data`;
    // An empty class keeps a provisioner from making a volume for the claim.
    const storageClassName = storage.storageClass ?? (onNode ? '' : undefined);
    const capacity = { storage: quantity(storage.size) };

    if (onNode) {
      new k8s.KubePersistentVolume(this, 'volume', {
        metadata: { name: volumeName, labels: { ...dataLabels }, annotations: keepOnDelete },
        spec: {
          capacity,
          volumeMode: 'Filesystem',
          accessModes: [storage.accessMode],
          persistentVolumeReclaimPolicy: 'Retain',
          // Left out where it is empty: unlike that of a claim, an empty class of a volume is not stored.
          ...(storage.storageClass && { storageClassName: storage.storageClass }),
          // `local`, not `hostPath`: only then does the kubelet give the files to the pods' group.
          local: { path: storage.path },
          claimRef: { namespace: props.namespace, name: claimName },
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [storage.node] }] },
              ],
            },
          },
        },
      });
    }
    new k8s.KubePersistentVolumeClaim(this, 'claim', {
      metadata: claimMeta(props, claimName),
      spec: {
        accessModes: [storage.accessMode],
        volumeMode: 'Filesystem',
        storageClassName,
        ...(onNode && { volumeName }),
        resources: { requests: capacity },
      },
    });
  }
}
