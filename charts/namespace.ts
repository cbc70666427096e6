import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { keepOnDelete, labels, type StudioIdentity } from './metadata';

/** The namespace, and how strict it is with its pods. */
export interface NamespaceChartProps extends StudioIdentity {
  /** Pod Security level that the API server enforces. */
  readonly podSecurity: 'restricted' | 'baseline';
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
          'pod-security.kubernetes.io/enforce': props.podSecurity,
          'pod-security.kubernetes.io/enforce-version': 'latest',
          'pod-security.kubernetes.io/audit': 'restricted',
          'pod-security.kubernetes.io/audit-version': 'latest',
          'pod-security.kubernetes.io/warn': 'restricted',
          'pod-security.kubernetes.io/warn-version': 'latest',
        },
        // The certificates live in it, and Let's Encrypt issues the same one only five times a week.
        annotations: keepOnDelete,
      },
    });
  }
}
