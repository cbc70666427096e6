import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { objectMeta, type StudioIdentity } from './metadata';

/** The Secret with all secrets of a studio; each container reads its keys one by one. */
export const secretName = 'junjo-ai-studio-secrets';

export interface SecretsChartProps extends StudioIdentity {
  /** Secrets by key, in plain text. */
  readonly values: Readonly<Record<string, string>>;
}

/** The Secret, alone in its file. */
export class SecretsChart extends Chart {
  constructor(scope: Construct, id: string, props: SecretsChartProps) {
    super(scope, id);
    const encoded = Object.entries(props.values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
    new k8s.KubeSecret(this, 'secret', {
      metadata: objectMeta(props, secretName),
      type: 'Opaque',
      // Not stringData: the API server turns it into data, and every later apply would show a change.
      data: Object.fromEntries(encoded),
    });
  }
}
