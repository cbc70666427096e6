import type { k8s } from 'cdk8s-plus-27';
import type { SecretKey } from '../../config/studio-config';

/** The keys of a Secret that a container reads. */
export interface SecretsProps {
  readonly secretName: string;
  readonly secretKeys: readonly SecretKey[];
}

/** Fixed variables as values, and secrets key by key, so no container gets a secret that it does not read. */
export function environment(
  fixed: Readonly<Record<string, string>>,
  { secretName, secretKeys }: SecretsProps = { secretName: '', secretKeys: [] },
): k8s.EnvVar[] | undefined {
  const variables = [
    ...Object.entries(fixed).map(([name, value]) => ({ name, value })),
    ...secretKeys.map(({ key, optional }) => ({
      name: key,
      valueFrom: { secretKeyRef: { name: secretName, key, ...(optional && { optional }) } },
    })),
  ];
  return variables.length > 0 ? variables : undefined;
}
