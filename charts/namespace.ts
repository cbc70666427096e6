import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import type { StudioConfig } from '../config/studio-config';
import { dataLabels, keepOnDelete, type StudioIdentity } from './metadata';

/** Level of the Pod Security Standards. */
export type PodSecurity = 'restricted' | 'baseline';

/** `restricted`, unless development images run as root, which only `baseline` allows. */
export function podSecurityOf({ imageTarget }: Pick<StudioConfig, 'imageTarget'>): PodSecurity {
  return imageTarget === 'development' ? 'baseline' : 'restricted';
}

/** The namespace, and the level of Pod Security that it enforces. */
export interface NamespaceChartProps extends Pick<StudioIdentity, 'namespace'> {
  /** What the API server enforces. */
  readonly podSecurity: PodSecurity;
}

/** The namespace, with Pod Security admission. */
export class NamespaceChart extends Chart {
  constructor(scope: Construct, id: string, props: NamespaceChartProps) {
    super(scope, id);
    new k8s.KubeNamespace(this, 'namespace', {
      metadata: {
        name: props.namespace,
        labels: {
          ...dataLabels,
          // The same level for warnings: otherwise development images would cause one at every apply.
          ...Object.fromEntries(
            ['enforce', 'audit', 'warn'].flatMap((mode) => [
              [`pod-security.kubernetes.io/${mode}`, props.podSecurity],
              [`pod-security.kubernetes.io/${mode}-version`, 'latest'],
            ]),
          ),
        },
        // The certificates live in it, and Let's Encrypt issues the same one only five times a week.
        annotations: keepOnDelete,
      },
    });
  }
}
