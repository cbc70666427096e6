import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import type { StudioConfig } from '../config/studio-config';
import { keepOnDelete, labels, type StudioIdentity } from './metadata';

/** Level of the Pod Security Standards. */
export type PodSecurity = 'restricted' | 'baseline';

/** Root in the container of a development image is what `restricted` forbids; the rest of it holds there too. */
export function podSecurityOf({ imageTarget }: Pick<StudioConfig, 'imageTarget'>): PodSecurity {
  return imageTarget === 'development' ? 'baseline' : 'restricted';
}

/** The namespace, and how strict it is with its pods. */
export interface NamespaceChartProps extends StudioIdentity {
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
          ...labels(props.studio),
          // What is not enforced is not warned of either: development images would bring a warning at every apply.
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
