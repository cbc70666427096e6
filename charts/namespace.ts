import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import type { StudioConfig } from '../config/studio-config';
import { dataLabels, keepOnDelete, type StudioIdentity } from './metadata';

/** Level of the Pod Security Standards. */
export type PodSecurity = 'restricted' | 'baseline' | 'privileged';

/**
 * `restricted`, unless development images run as root, which only `baseline` allows, or mount sources from their node, which
 * only `privileged` allows: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
 */
export function podSecurityOf({
  imageTarget,
  sourcePath,
}: Pick<StudioConfig, 'imageTarget' | 'sourcePath'>): PodSecurity {
  if (sourcePath !== undefined) return 'privileged';
  return imageTarget === 'development' ? 'baseline' : 'restricted';
}

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#description */
const WHY_PRIVILEGED = {
  'kubernetes.io/description':
    'Enforces Pod Security privileged, because development images mount their sources from the node (JUNJO_K8S_SOURCE_PATH), and baseline forbids hostPath volumes. Warnings and audit stay at baseline.',
};

function warningLevel(level: PodSecurity): PodSecurity {
  return level === 'privileged' ? 'baseline' : level;
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
          // The same level for warnings: otherwise development images would cause one at every apply. Only folders of nodes
          // are worth one each time: nothing else keeps other pods of the namespace from more than baseline allows.
          ...Object.fromEntries(
            ['enforce', 'audit', 'warn'].flatMap((mode) => [
              [
                `pod-security.kubernetes.io/${mode}`,
                mode === 'enforce' ? props.podSecurity : warningLevel(props.podSecurity),
              ],
              [`pod-security.kubernetes.io/${mode}-version`, 'latest'],
            ]),
          ),
        },
        // The certificates live in it, and Let's Encrypt issues the same one only five times a week.
        annotations: { ...keepOnDelete, ...(props.podSecurity === 'privileged' && WHY_PRIVILEGED) },
      },
    });
  }
}
