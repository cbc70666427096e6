import type { k8s } from 'cdk8s-plus-27';
import type { Component, Memory, WritableFolder } from '../../releases';
import { annotated, objectMeta, selectorLabels } from '../metadata';
import { settingsName } from '../settings';
import { digest } from './digest';
import type { SecretsProps } from './environment';
import { type PodProps, podMeta } from './pod';
import { containerSecurityContext } from './security';
import { mountedSources, type SourcesProps } from './sources';
import { type DataVolumeProps, dataVolume, type VolumesAndMounts, writableFolders } from './volumes';

/** What the charts of upstream's three components have in common. */
export interface ComponentProps extends PodProps {
  readonly image: string;
  readonly imagePullPolicy: 'IfNotPresent' | 'Always';
  /** What the container reads of its ConfigMap; its digest rolls the pod. */
  readonly settings: Readonly<Record<string, string>>;
  /** Variables with a value that the manifests decide. */
  readonly fixedEnvironment: Readonly<Record<string, string>>;
  readonly memory: Memory;
  readonly writable: readonly WritableFolder[];
  /** Only development images reload. @default the container runs what its image holds */
  readonly sources?: SourcesProps;
}

/** What backend and ingestion have in common beyond that: the databases, and secrets. */
export interface StatefulComponentProps extends ComponentProps, DataVolumeProps, SecretsProps {
  /** Digest of the values of the keys that the container reads; it rolls the pod. @default no annotation */
  readonly secretsDigest?: string;
  /** Another tool writes the Secret, after the pods are applied or whenever a value changes. @default false */
  readonly secretsFromElsewhere: boolean;
}

/** Metadata of a workload: the version shows which release runs. */
export function workloadMeta(
  props: Pick<PodProps, 'studio' | 'namespace' | 'version'>,
  name: string,
  component: string,
) {
  const meta = objectMeta(props, name, component);
  return { ...meta, labels: { ...meta.labels, 'app.kubernetes.io/version': props.version } };
}

/** Metadata of a workload that reads secrets; Reloader, if it runs, restarts it when another tool changes the Secret. */
export function statefulMeta(props: StatefulComponentProps, name: string, component: Component) {
  const reload = props.secretsFromElsewhere && props.secretKeys.length > 0;
  return annotated(workloadMeta(props, name, component), reload ? reloadOn(props.secretName) : {});
}

/** Lets Reloader roll a workload when a Secret changes: https://github.com/stakater/Reloader */
export function reloadOn(secretName: string): Record<string, string> {
  return { 'secret.reloader.stakater.com/reload': secretName };
}

/** Metadata of a pod that mounts the volume; further digests are of what its sidecars read. */
export function statefulPodMeta(
  props: StatefulComponentProps,
  component: Component,
  digests: Readonly<Record<string, string>> = {},
): k8s.ObjectMeta {
  return podMeta(props, {
    component,
    besideTheVolume: true,
    digests: {
      'checksum/settings': digest(props.settings),
      ...(props.secretsDigest && { 'checksum/secrets': props.secretsDigest }),
      ...digests,
    },
  });
}

/** The fields that the containers of all components have. */
export function containerDefaults(
  props: ComponentProps,
  component: Component,
): Pick<k8s.Container, 'name' | 'image' | 'imagePullPolicy' | 'envFrom' | 'securityContext'> {
  return {
    name: component,
    image: props.image,
    imagePullPolicy: props.imagePullPolicy,
    envFrom: [{ configMapRef: { name: settingsName(component) } }],
    securityContext: containerSecurityContext(props.imageTarget),
  };
}

/** Volumes and mounts of a component with the databases. */
export function statefulVolumes(props: StatefulComponentProps): VolumesAndMounts {
  // Sources first: the data is mounted below them.
  const parts = [mountedSources(props), dataVolume(props), writableFolders(props)];
  return { volumes: parts.flatMap(({ volumes }) => volumes), mounts: parts.flatMap(({ mounts }) => mounts) };
}

/** One writer: a second pod, even for a moment, fails on the stores' locks or corrupts them. */
export function singleWriter(component: string): Pick<k8s.DeploymentSpec, 'replicas' | 'strategy' | 'selector'> {
  return {
    replicas: 1,
    strategy: { type: 'Recreate' },
    selector: { matchLabels: selectorLabels(component) },
  };
}
