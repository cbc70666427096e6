import type { ReleaseLine, Service, Size } from '../releases';

/** A secret as the containers see it: a key of the Secret, which is also the name of the environment variable. */
export interface SecretKey {
  readonly key: string;
  /** The container starts without it. */
  readonly optional: boolean;
}

/** Storage that the cluster provisions. */
export interface ProvisionedStorage {
  readonly kind: 'provisioned';
  /** Kubernetes quantity. */
  readonly size: string;
  /** @default the cluster's default class */
  readonly storageClass?: string;
  readonly accessMode: string;
}

/** A folder of one node. */
export interface NodeStorage {
  readonly kind: 'node';
  readonly size: string;
  readonly storageClass?: string;
  readonly accessMode: string;
  /** Absolute path on the node. */
  readonly path: string;
  readonly node: string;
}

/** A claim that somebody else made. */
export interface ExistingStorage {
  readonly kind: 'existing';
  readonly claimName: string;
}

export type Storage = ProvisionedStorage | NodeStorage | ExistingStorage;

/** A checked studio: everything that the charts need, and nothing that still can be wrong. */
export interface StudioConfig {
  readonly name: string;
  readonly namespace: string;
  /** `production` is reached through an edge over HTTPS, `development` on ports of localhost. */
  readonly environment: 'development' | 'production';
  /** `development` images hot-reload, run as root and are built by the person who runs them. */
  readonly imageTarget: 'development' | 'production';
  readonly line: ReleaseLine;
  /** Tag of the release, for labels. */
  readonly tag: string;
  readonly images: Readonly<Record<Service, string>>;
  readonly imagePullPolicies: Readonly<Record<Service, 'IfNotPresent' | 'Always'>>;
  /** Name of an existing Secret with registry credentials. */
  readonly imagePullSecret?: string;
  /** What each container reads of the env file, apart from secrets. */
  readonly settings: Readonly<Record<Service, Readonly<Record<string, string>>>>;
  /** Variables with a value that the manifests decide. */
  readonly fixedEnvironment: Readonly<Record<Service, Readonly<Record<string, string>>>>;
  readonly secrets: {
    /** All secrets by key. */
    readonly values: Readonly<Record<string, string>>;
    /** The keys that each container reads. */
    readonly readers: Readonly<Record<Service, readonly SecretKey[]>>;
    /** What the digest of secrets in a pod's annotation is keyed with, so that it tells nothing. */
    readonly digestKey: string;
  };
  readonly storage: Storage;
  readonly size: Size;
  readonly frontendReplicas: number;
  /** Address at which browsers call the API. */
  readonly apiUrl: string;
}
