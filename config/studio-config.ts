import type { PerComponent, ReleaseLine, Size } from '../releases';
import type { GatewayController } from './gateway-controllers';
import type { IngressController } from './ingress-controllers/ingress-controller';
import type { KnownSecrets } from './known-secrets';
import type { Patch, Waiver } from './patch-file';
import type { SealingScope } from './sealing';

/** A secret as the containers see it: a key of the Secret, which is also the name of the environment variable. */
export interface SecretKey {
  readonly key: string;
  /** The container starts without it. */
  readonly optional: boolean;
}

/** An image, and when a node pulls it. */
export interface Image {
  /** The whole reference, as a container names it. */
  readonly image: string;
  readonly imagePullPolicy: 'IfNotPresent' | 'Always';
}

/** Storage that the cluster provisions. */
export interface ProvisionedStorage {
  readonly kind: 'provisioned';
  /** Kubernetes quantity. */
  readonly size: string;
  /** @default the cluster's default class */
  readonly storageClass?: string;
  readonly accessMode: 'ReadWriteOnce' | 'ReadWriteMany';
}

/** A folder on one node. */
export interface NodeStorage {
  readonly kind: 'node';
  readonly size: string;
  readonly storageClass?: string;
  readonly accessMode: 'ReadWriteOnce' | 'ReadWriteMany';
  /** Absolute path on the node. */
  readonly path: string;
  readonly node: string;
}

/** A claim that the user created. */
export interface ExistingStorage {
  readonly kind: 'existing';
  readonly claimName: string;
}

/** Where the databases are stored. */
export type Storage = ProvisionedStorage | NodeStorage | ExistingStorage;

/** Where the certificate of the edge comes from. */
export type CertificateSource =
  /** An ACME Issuer in the namespace. */
  | { readonly kind: 'acme'; readonly server: string; readonly email?: string }
  | { readonly kind: 'clusterIssuer'; readonly name: string }
  /** A Secret that the user manages. */
  | { readonly kind: 'secret'; readonly name: string }
  /** The controller obtains it by itself, or the owner of the Gateway does. */
  | { readonly kind: 'elsewhere' };

/** What carries HTTPS into the cluster. */
export type EdgeRoute =
  | {
      readonly kind: 'ingress';
      /** @default the cluster's default class */
      readonly className?: string;
      /** What runs the class. @default not known: a plain Ingress */
      readonly controller?: IngressController;
    }
  /** A Gateway of the studio's own. */
  | { readonly kind: 'gateway'; readonly className: string; readonly controller?: GatewayController }
  /** A Gateway that the user manages. */
  | {
      readonly kind: 'sharedGateway';
      readonly namespace: string;
      readonly name: string;
      /** Names of its listeners; no `http` where the Gateway redirects by itself. */
      readonly listeners: { readonly https: string; readonly http?: string };
      readonly controller?: GatewayController;
    };

/** How a production studio is reached over HTTPS. */
export interface Edge {
  readonly route: EdgeRoute;
  readonly certificate: CertificateSource;
  readonly hosts: {
    readonly ui: string;
    /** @default UI and API have one host */
    readonly api?: string;
    /** Set when spans come through the edge too. */
    readonly spans?: string;
    /** Set when the collectors of the intake take OTLP/HTTP through the edge. */
    readonly otlpHttp?: string;
  };
  /** CIDRs that can reach UI and API. Empty: all addresses. */
  readonly webSourceRanges: readonly string[];
  /** Writes host names for external-dns. */
  readonly externalDns: boolean;
  /** A load balancer that is made for this edge has no address on the internet. */
  readonly internal: boolean;
  /** Whose load balancer it is. @default not known */
  readonly cloud?: Cloud;
}

/** Clouds whose load balancers need settings for long-lived gRPC streams. */
export type Cloud = 'aws' | 'gcp' | 'azure' | 'digitalocean' | 'hetzner' | 'metallb';

/** Where the certificate comes from with which TLS ends in the pod of ingestion. */
export type SpansCertificate =
  /** The one of the edge, or a Secret that the user manages. It already covers the host. */
  | { readonly kind: 'secret'; readonly name: string }
  /** A separate one, from the issuer of the edge or a ClusterIssuer. */
  | { readonly kind: 'issued'; readonly by: Exclude<CertificateSource, { kind: 'secret' | 'elsewhere' }> };

/** The Service of the port to which applications send spans. */
export interface SpansService {
  readonly type: 'LoadBalancer' | 'NodePort' | 'ClusterIP';
  readonly cloud?: Cloud;
  /** The load balancer has no address on the internet. */
  readonly internal: boolean;
  /** CIDRs that may connect. @default all */
  readonly sourceRanges: readonly string[];
  /** The port of the node that the address names. @default the cluster chooses one */
  readonly nodePort?: number;
  /** Host at which applications reach this Service itself. @default they come through the edge */
  readonly host?: string;
  /** Set when this port uses TLS; the host is set too. @default in the clear */
  readonly certificate?: SpansCertificate;
  /** Writes the host for external-dns. @default false */
  readonly externalDns: boolean;
}

/** A store of External Secrets Operator. */
export interface SecretStore {
  readonly kind: 'SecretStore' | 'ClusterSecretStore';
  readonly name: string;
}

/** Where the values of the Secret come from. */
export type SecretSource =
  /** A rendered Secret, which is never committed. Values in plain text. */
  | { readonly kind: 'manifest'; readonly values: Readonly<Record<string, string>> }
  /** A Secret that the user manages. */
  | { readonly kind: 'existing' }
  /** A SealedSecret, and the file that keeps its ciphertexts between renders. */
  | {
      readonly kind: 'sealed';
      readonly scope: SealingScope;
      readonly ciphertexts: Readonly<Record<string, string>>;
      readonly kept: { readonly path: string; readonly text: string };
    }
  /** An ExternalSecret on a store of External Secrets Operator. */
  | {
      readonly kind: 'external';
      readonly store: SecretStore;
      /** Entry of the store that holds the keys as its properties. */
      readonly remoteKey: string;
      readonly keys: readonly string[];
    };

/** The Secret of a studio, and what each container reads of it. */
export interface Secrets {
  readonly name: string;
  readonly source: SecretSource;
  /** The keys that each container reads. */
  readonly readers: PerComponent<readonly SecretKey[]>;
  /** Digest of what each container reads, where the values are known here; a change restarts the pod. It reveals nothing. */
  readonly digests: PerComponent<string | undefined>;
  /** The same for a single key, for a workload that upstream does not have. */
  readonly keyDigests: Readonly<Record<string, string | undefined>>;
}

/** A vector store of the studio's own. */
export interface Qdrant {
  readonly storage: {
    /** Kubernetes quantity. */
    readonly size: string;
    /** @default the cluster's default class */
    readonly storageClass?: string;
  };
  /** Key of its API key in the Secret. */
  readonly secretKey: string;
  /** Digest of that value, where it is known here; a change restarts the pod. It reveals nothing. */
  readonly secretDigest?: string;
}

/** OpenTelemetry Collectors in front of ingestion, which keep spans on a disk until ingestion has taken them. */
export interface Intake {
  readonly image: Image;
  /** The volume of each collector's queue. */
  readonly storage: {
    /** Kubernetes quantity. */
    readonly size: string;
    /** @default the cluster's default class */
    readonly storageClass?: string;
  };
  /** Existing Secret with the API keys that the collectors accept. @default ingestion alone checks keys */
  readonly keysSecret?: string;
  /** Origins whose pages may send spans over OTLP/HTTP. @default none */
  readonly corsOrigins: readonly string[];
}

/** What watches a studio: nothing, or a Prometheus whose operator reads alerts from the namespace of the studio. */
export type Monitoring =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'prometheus';
      /** Namespace in which Prometheus runs. */
      readonly namespace: string;
    };

/** Where VolSync copies a claim to, and when. */
export interface ClaimBackup {
  /** Secret with the address, the password and the credentials of a repository that no other claim uses. */
  readonly repository: string;
  /** A schedule of cron, in the time zone of the operator. */
  readonly schedule: string;
}

/** Snapshots that VolSync copies into a repository of restic. */
export interface VolSyncBackup {
  readonly kind: 'volsync';
  /** The claim with the data. */
  readonly data: ClaimBackup;
  /** The claim of QDrant. @default the studio has no QDrant */
  readonly vectors?: ClaimBackup;
  /** Days of which the last backup is kept. */
  readonly keepDays: number;
  /** @default the cluster's default class for snapshots */
  readonly snapshotClass?: string;
}

/** Snapshots that Velero copies into the storage of its backups. */
export interface VeleroBackup {
  readonly kind: 'velero';
  /** Where Velero runs, and looks for its objects. */
  readonly namespace: string;
  readonly schedule: string;
  /** Days for which a backup is kept. */
  readonly keepDays: number;
}

/** What backs up the data on a schedule. */
export type Backup = { readonly kind: 'none' } | VolSyncBackup | VeleroBackup;

/** What applies a studio from Git. */
export type GitOps = 'argocd' | 'flux';

/** Where the manifests are, and what applies them from there. */
export interface GitSource {
  readonly gitops: GitOps;
  /** A Git repository, or with Flux a repository of artifacts, which begins with `oci://`. */
  readonly repo: string;
  /** Folder of the output in the repo. */
  readonly path: string;
  readonly revision: string;
  /** Secret in the namespace of Flux with the credentials of the repository. @default it needs none, or Argo CD has them */
  readonly secret?: string;
}

/** An address range, and the port of it that is open. */
export interface Egress {
  readonly cidr: string;
  readonly port: number;
}

/** A taint that the pods tolerate. */
export interface Toleration {
  readonly key: string;
  readonly operator: 'Exists' | 'Equal';
  readonly value?: string;
  /** @default every effect */
  readonly effect?: string;
}

/** Which nodes take the pods of a studio, and how much they matter there. */
export interface Placement {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  /** @default the cluster's default priority */
  readonly priorityClassName?: string;
}

/** What every object of a studio carries beside its own labels and annotations. */
export interface Extra {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A checked studio: everything that the charts need. Nothing in it can be wrong. */
export interface StudioConfig {
  readonly name: string;
  readonly namespace: string;
  /** `production` is reached through an edge over HTTPS, `development` on ports of localhost. */
  readonly environment: 'development' | 'production';
  /** `development` images hot-reload, run as root and are built by the person who runs them. */
  readonly imageTarget: 'development' | 'production';
  /** Folder of the nodes with a checkout of the studio, from which development images reload. @default they run the code in them */
  readonly sourcePath?: string;
  readonly line: ReleaseLine;
  /** Every line whose data the volume may hold. */
  readonly lines: readonly ReleaseLine[];
  /** The step between lines that may lose spans. */
  readonly acceptedLosses: readonly string[];
  /** Tag of the release, for labels. */
  readonly tag: string;
  /** Registry, with path, that mirrors Docker Hub. */
  readonly imageRegistry: string;
  readonly images: PerComponent<Image>;
  /** The image with Python and openssl, in which the programs of these manifests run. */
  readonly toolsImage: Image;
  /** The image of the sidecars in front of the API and of ingestion. */
  readonly nginxImage: Image;
  /** Name of an existing Secret with registry credentials. */
  readonly imagePullSecret?: string;
  /** What each container reads of the env file, apart from secrets. */
  readonly settings: PerComponent<Readonly<Record<string, string>>>;
  /** Variables with a value that the manifests decide. */
  readonly fixedEnvironment: PerComponent<Readonly<Record<string, string>>>;
  readonly secrets: Secrets;
  /** Finds secrets in a text, of this release or another, used or not. */
  readonly knownSecrets: KnownSecrets;
  readonly storage: Storage;
  readonly backup: Backup;
  /** @default the studio has none */
  readonly qdrant?: Qdrant;
  /** @default clients connect to ingestion itself */
  readonly intake?: Intake;
  readonly monitoring: Monitoring;
  readonly size: Size;
  readonly placement: Placement;
  readonly extra: Extra;
  /** Changes to the rendered objects, in their order. */
  readonly patches: readonly Patch[];
  /** Rules that the patches may break. */
  readonly waivers: readonly Waiver[];
  readonly frontendReplicas: number;
  /** Address at which browsers call the API. */
  readonly apiUrl: string;
  /** Production only. @default none: a development studio is on localhost */
  readonly edge?: Edge;
  /** Whether the API shows spans only through a guard that requires a sign-in. */
  readonly apiGuard: boolean;
  /** Production only; in development the port is on localhost. */
  readonly spansService: SpansService;
  /** Whether network policies close everything else. */
  readonly networkPolicy: boolean;
  /** What the backend may call beside public addresses on 443; on 53 what every pod may ask for names. */
  readonly egress: readonly Egress[];
  /** Namespace of the ingress or gateway controller. @default unknown: the edge may be in any namespace */
  readonly ingressNamespace?: string;
  /** @default nothing applies the studio from Git */
  readonly git?: GitSource;
}
