import { createHash } from 'node:crypto';
import { k8s } from 'cdk8s-plus-27';
import { canonicalQuantity } from '../config/quantity';
import type { SecretKey, StudioConfig } from '../config/studio-config';
import type { Component, Memory, WritableFolder } from '../releases';
import { labels, objectMeta, type StudioIdentity, selectorLabels } from './metadata';
import { settingsName } from './settings';

type Texts = Readonly<Record<string, string>>;

/** What the charts of backend, ingestion and frontend have in common. */
export interface WorkloadProps extends StudioIdentity {
  readonly image: string;
  readonly imagePullPolicy: 'IfNotPresent' | 'Always';
  /** Existing Secret with registry credentials. @default none */
  readonly imagePullSecret?: string;
  /** Tag of the release, for the label `app.kubernetes.io/version`. */
  readonly version: string;
  readonly imageTarget: StudioConfig['imageTarget'];
  /** What the container reads of its ConfigMap; its digest rolls the pod. */
  readonly settings: Texts;
  /** Variables with a value that the manifests decide. */
  readonly fixedEnvironment: Texts;
  /** uid and gid of the container. */
  readonly user: number;
  readonly memory: Memory;
  readonly writable: readonly WritableFolder[];
}

/** What backend and ingestion have in common beyond that: the volume and secrets. */
export interface StatefulWorkloadProps extends WorkloadProps {
  readonly claimName: string;
  readonly dataPath: string;
  readonly secretName: string;
  /** The keys that the container reads. */
  readonly secretKeys: readonly SecretKey[];
  /** Digest of the values of those keys; it rolls the pod. @default no annotation */
  readonly secretsDigest?: string;
  /** Somebody else writes the Secret, after the pods are applied or whenever a value changes. @default false */
  readonly secretsFromElsewhere: boolean;
}

/** Both pods that mount the volume carry it, and both have affinity to it: ReadWriteOnce is per node. */
const VOLUME_LABEL = { 'junjo-ai-studio/volume': 'data' };

/** Metadata of a workload: the version tells which release runs. */
export function workloadMeta(props: WorkloadProps, name: string, component: Component) {
  const meta = objectMeta(props, name, component);
  return { ...meta, labels: { ...meta.labels, 'app.kubernetes.io/version': props.version } };
}

/** Metadata of a workload that reads secrets; Reloader, where it runs, rolls it when somebody else changes the Secret. */
export function statefulMeta(props: StatefulWorkloadProps, name: string, component: Component) {
  const reload = props.secretsFromElsewhere && props.secretKeys.length > 0;
  return {
    ...workloadMeta(props, name, component),
    ...(reload && { annotations: { 'secret.reloader.stakater.com/reload': props.secretName } }),
  };
}

/** Metadata of the pods; a changed digest replaces them. */
export function podMeta(props: WorkloadProps, component: Component, digests: Texts) {
  return {
    labels: { ...labels(props.studio, component), 'app.kubernetes.io/version': props.version },
    annotations: digests,
  };
}

/** The same for a pod that mounts the volume. */
export function statefulPodMeta(props: StatefulWorkloadProps, component: Component) {
  const meta = podMeta(props, component, {
    'checksum/settings': digest(props.settings),
    ...(props.secretsDigest && { 'checksum/secrets': props.secretsDigest }),
  });
  return { ...meta, labels: { ...meta.labels, ...VOLUME_LABEL } };
}

/** What every pod of the studio says alike. */
export function podDefaults(
  props: WorkloadProps,
): Pick<k8s.PodSpec, 'enableServiceLinks' | 'automountServiceAccountToken' | 'imagePullSecrets' | 'securityContext'> {
  return {
    // Service links would set JUNJO_…_PORT=tcp://… and the like, which the backend's settings reject.
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    ...(props.imagePullSecret && { imagePullSecrets: [{ name: props.imagePullSecret }] }),
    securityContext: podSecurityContext(props),
  };
}

function podSecurityContext({ imageTarget, user }: WorkloadProps): k8s.PodSecurityContext {
  const volumes = {
    fsGroup: user,
    // Without it the kubelet walks the whole volume at every start.
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
  // Development images keep their tools, caches and source tree in folders that only root may write.
  return imageTarget === 'development'
    ? { runAsUser: 0, runAsGroup: 0, ...volumes }
    : { runAsNonRoot: true, runAsUser: user, runAsGroup: user, ...volumes };
}

/** What every container of the studio says alike. */
export function containerDefaults(
  props: WorkloadProps,
  component: Component,
): Pick<k8s.Container, 'name' | 'image' | 'imagePullPolicy' | 'envFrom' | 'securityContext'> {
  return {
    name: component,
    image: props.image,
    imagePullPolicy: props.imagePullPolicy,
    envFrom: [{ configMapRef: { name: settingsName(component) } }],
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      // Hot reload compiles and caches inside the image's own tree.
      readOnlyRootFilesystem: props.imageTarget === 'production',
    },
  };
}

/** A quantity in the form in which the API server stores it. */
export function quantity(text: string): k8s.Quantity {
  return k8s.Quantity.fromString(canonicalQuantity(text));
}

/** Requests, and a limit on memory alone: a CPU limit would only slow queries down while the node idles. */
export function resources(cpuMilli: number, memory: Memory): k8s.ResourceRequirements {
  return {
    requests: {
      cpu: quantity(`${cpuMilli}m`),
      memory: quantity(`${memory.requestMi}Mi`),
    },
    limits: { memory: quantity(`${memory.limitMi}Mi`) },
  };
}

/** Fixed variables in the open, secrets key by key, so that no container gets a secret it does not read. */
export function environment(fixed: Texts, secretName = '', keys: readonly SecretKey[] = []): k8s.EnvVar[] | undefined {
  const variables = [
    ...Object.entries(fixed).map(([name, value]) => ({ name, value })),
    ...keys.map(({ key, optional }) => ({
      name: key,
      valueFrom: { secretKeyRef: { name: secretName, key, ...(optional && { optional }) } },
    })),
  ];
  return variables.length > 0 ? variables : undefined;
}

/** Folders that the container may write although its root file system is read-only. */
export function writableVolumes({ imageTarget, writable }: WorkloadProps) {
  const folders = imageTarget === 'production' ? writable : [];
  const name = ({ path }: WritableFolder) => path.slice(1).replaceAll('/', '-');
  return {
    volumes: folders.map((folder) => ({
      name: name(folder),
      emptyDir: { sizeLimit: quantity(`${folder.sizeLimitMi}Mi`) },
    })),
    mounts: folders.map((folder) => ({ name: name(folder), mountPath: folder.path })),
  };
}

/** Volumes and mounts of a pod with the databases. */
export function statefulVolumes(props: StatefulWorkloadProps) {
  const { volumes, mounts } = writableVolumes(props);
  return {
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: props.claimName } }, ...volumes],
    mounts: [{ name: 'data', mountPath: props.dataPath }, ...mounts],
  };
}

/**
 * Keeps the two pods of the volume on one node, whichever comes first: the scheduler lets the first of a group with
 * affinity to itself go anywhere (https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/).
 */
export const besideTheVolume: k8s.Affinity = {
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { labelSelector: { matchLabels: VOLUME_LABEL }, topologyKey: 'kubernetes.io/hostname' },
    ],
  },
};

/** One writer: a second pod, even for a moment, fails on the stores' locks or corrupts them. */
export function singleWriter(component: Component): Pick<k8s.DeploymentSpec, 'replicas' | 'strategy' | 'selector'> {
  return {
    replicas: 1,
    strategy: { type: 'Recreate' },
    selector: { matchLabels: selectorLabels(component) },
  };
}

/** Digest of what is no secret. */
export function digest(values: Texts): string {
  return createHash('sha256').update(canonical(values)).digest('hex');
}

function canonical(values: Texts): string {
  return JSON.stringify(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}
