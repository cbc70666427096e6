import type { k8s } from 'cdk8s-plus-27';
import type { Placement } from '../../config/studio-config';
import { annotated, type ExtraProps, labels, type StudioIdentity } from '../metadata';
import { schedulingFields, VOLUME_LABEL } from './placement';
import { podSecurityContext, type RunAsProps } from './security';

/** A pod of the studio, whatever workload it belongs to. */
export interface PodProps extends StudioIdentity, ExtraProps, RunAsProps {
  /** Tag of the release, for the label `app.kubernetes.io/version`. */
  readonly version: string;
  /** Existing Secret with registry credentials. @default none */
  readonly imagePullSecret?: string;
  readonly placement: Placement;
}

/** What a pod's metadata has beside the labels of the studio. */
export interface PodMetaProps {
  readonly component: string;
  /** Annotations; a changed one replaces the pods. @default none */
  readonly digests?: Readonly<Record<string, string>>;
  /** It mounts the volume with the databases. @default false */
  readonly besideTheVolume?: boolean;
}

/** Metadata of the pods of a workload. */
export function podMeta(
  { studio, version, extra }: Pick<PodProps, 'studio' | 'version' | 'extra'>,
  { component, digests = {}, besideTheVolume = false }: PodMetaProps,
): k8s.ObjectMeta {
  const meta = {
    labels: {
      ...extra.labels,
      ...labels(studio, component),
      'app.kubernetes.io/version': version,
      ...(besideTheVolume && VOLUME_LABEL),
    },
  };
  return annotated(meta, { ...extra.annotations, ...digests });
}

/** The fields that every pod of the studio has. */
export function podDefaults(props: PodProps): Omit<k8s.PodSpec, 'containers'> {
  return {
    // Service links would set JUNJO_…_PORT=tcp://… and the like, which the backend's settings reject.
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    ...(props.imagePullSecret && { imagePullSecrets: [{ name: props.imagePullSecret }] }),
    ...schedulingFields(props.placement),
    securityContext: podSecurityContext(props),
  };
}
