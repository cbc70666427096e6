/** A component of an upstream release: one image, one container of a studio. */
export type Component = 'backend' | 'ingestion' | 'frontend';

/** In the order in which documents and outputs name them. */
export const components: readonly Component[] = ['backend', 'ingestion', 'frontend'];

/** One of each for the components of a line. A line without a frontend serves the UI from its backend. */
export type PerComponent<T> = {
  readonly backend: T;
  readonly ingestion: T;
  readonly frontend?: T;
};

/** The same for each component of a line. */
export function perComponent<T>(line: ReleaseLine, of: (component: Component) => T): PerComponent<T> {
  return {
    backend: of('backend'),
    ingestion: of('ingestion'),
    ...(line.images.frontend !== undefined && { frontend: of('frontend') }),
  };
}

/** The components of a line, in the order in which documents and outputs name them. */
export function componentsOf(line: ReleaseLine): readonly Component[] {
  return components.filter((component) => line.images[component] !== undefined);
}

/** `small`, `medium` and `large`: a machine of 1, 2 or 4 GB for the whole studio. */
export type Size = 'small' | 'medium' | 'large';

/** What a variable of a release line may hold. */
export type LineValueType =
  | { readonly kind: 'integer'; readonly min: number; readonly max?: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'text' }
  /** Absolute path in the container, below one of its writable folders or the data. */
  | { readonly kind: 'writablePath'; readonly component: Component };

/** A variable that only some release lines have. */
export interface LineVariable {
  /** The name under which the container reads it. */
  readonly name: string;
  /** One sentence for the table of variables, units included. */
  readonly meaning: string;
  /** What it may hold. A `token` is a required secret that travels in gRPC metadata, which is ASCII. */
  readonly type: LineValueType | 'token';
  readonly readers: readonly Component[];
  /** What upstream uses when the variable is not set, for the table of variables. */
  readonly default?: string;
  /** The name it has in the env file, where compose renames it on the way to the container. @default `name` */
  readonly nameInEnvFile?: string;
  /** The image has no default of its own, so the manifests set `default` when the file does not. @default false */
  readonly writtenOut?: boolean;
  /** Upper bound of the value, in MiB, as a share of the memory limit of a container; also its default. @default no bound */
  readonly percentOfMemory?: MemoryShare;
  /** A name of the container's runtime rather than of upstream: a file may have it for another program. @default false */
  readonly ofRuntime?: boolean;
  /** What upstream sets on machines of each size; used when the file sets none. @default upstream's `default` */
  readonly bySize?: Readonly<Record<Size, string>>;
}

/** A part of the memory limit of a container. */
export interface MemoryShare {
  readonly component: Component;
  readonly percent: number;
}

/** How ingestion starts, runs and stops. */
export interface IngestionFacts {
  /** The gRPC health service on the internal port, or none: then probes can only connect to its TCP port. */
  readonly health: 'grpc' | 'tcp';
  /** It opens no port, not even for health, until the backend validates API keys. Otherwise it starts at once. */
  readonly waitsForBackend: boolean;
  /**
   * What a client gets while its key cannot be checked. Of these, OTLP exporters retry only `UNAVAILABLE`:
   * https://opentelemetry.io/docs/specs/otlp/#failures
   */
  readonly uncheckedKey: 'INTERNAL' | 'UNAUTHENTICATED' | 'UNAVAILABLE';
  /** Seconds for which a checked key is trusted, so that a revoked one still works; or the variable that sets them. */
  readonly keyTrustedFor: number | { readonly variable: string };
  /** On SIGTERM it drains streams and writes what it acknowledged, which takes at most `drainSeconds`; or it ignores SIGTERM. */
  readonly stop: { readonly drainSeconds: number } | 'ignores SIGTERM';
  /** Spans that it acknowledged in the last so many seconds are only in memory: when it is killed, they are lost. */
  readonly unwrittenSeconds: number;
  /**
   * What a client gets for spans that cannot be written, for example on a full volume. Either the same as for others, so
   * that they are lost. Or `status`, when as many acknowledged spans as the variable says already wait in memory.
   */
  readonly failedWrite: 'acknowledged' | { readonly status: 'INTERNAL'; readonly variable: string };
}

/** What the API shows without the manifests, and to whom. */
export interface ApiFacts {
  /** Path below which the API serves spans, prompts and answers included. */
  readonly spansPath: string;
  /** Answers 200 to a signed-in browser and 401 to all others. */
  readonly signInTestPath: string;
  /** Takes an address and a password, and answers with the session cookie. */
  readonly signInPath: string;
  /** Creates the first user. Anyone can call it until there is one. */
  readonly firstUserPath: string;
  /** Only signed-in users get spans. Otherwise anyone who reaches the port gets them. */
  readonly spansNeedSignIn: boolean;
  /**
   * What the two secrets do to the session cookie; a cookie that is only signed outlives a new cookie key. Or it is an id of
   * a session that the user database holds, which no secret ends.
   */
  readonly cookie: 'signed' | 'signed and encrypted' | 'stored';
  /** Megabytes of a request body above which the API refuses it. @default no limit of its own */
  readonly bodyLimitMb?: number;
}

/** What a release writes on the volume, as far as another release may have to read it. */
export interface StoreFacts {
  /** Names the databases and files, for documents. */
  readonly description: string;
  /** How spans are kept. */
  readonly spans: 'DuckDB' | 'Parquet';
  /** First tag with these stores. Lines with the same are one family, each of which reads what the others wrote. */
  readonly since: string;
  /** Columns of the files for spans, if lines share a folder: they show which line wrote a file. @default no line shares the folder */
  readonly columns?: { readonly count: number; readonly last: string };
  /** Queries name the columns that they want, so that files with further ones are read. @default other columns are an error */
  readonly readsFurtherColumns?: true;
  /** Version of what the SDK sends, which the views of workflows understand in this version alone. @default not known */
  readonly telemetryContract?: number;
  /** Files and folders for spans, below the volume. */
  readonly spanPaths: readonly string[];
  /** The one of them with the write-ahead log: what another line left there stops every flush. @default another line's is not read */
  readonly logPath?: string;
  /** Where a signed-in user has the write-ahead log flushed to files. @default nothing needs flushing */
  readonly flushPath?: string;
  /** The database with users and API keys, below the volume. */
  readonly usersPath: string;
  /** How that database says which schema it has. The backend does not start on one with another. */
  readonly usersSchema: UsersSchema;
  /** A table of it that the release needs and that a database made by a later one lacks for good. @default none */
  readonly usersTable?: string;
  /**
   * A copy may be taken while the studio writes: databases are SQLite, and all else is files that nobody changes once they
   * are there. @default a store holds a lock on files that change in place
   */
  readonly copiesWhileRunning?: true;
}

/** The revision in the table of Alembic, or SQLite's `PRAGMA user_version`. */
export type UsersSchema = { readonly alembic: string } | { readonly userVersion: number };

/** Mebibytes of memory that a container asks for and may not exceed. */
export interface Memory {
  readonly requestMi: number;
  readonly limitMi: number;
}

/** A folder that the container must be able to write, apart from the data. */
export interface WritableFolder {
  readonly path: string;
  /** Upper bound of what the folder may hold on the node's disk, in MiB. */
  readonly sizeLimitMi: number;
}

/** How the UI is reached: what its container listens on, and the ports that compose publishes on the host. */
export interface FrontendPorts {
  readonly container: number;
  /** Each is forwarded to `container`; browsers use the first. */
  readonly published: readonly [number, ...number[]];
  /** The one of them that hot reload uses: `server.hmr.clientPort` of Vite. @default the first */
  readonly hotReload?: number;
}

/** A file or folder of a checkout of upstream's studio, and where the development image expects it. */
export interface SourceMount {
  /** Path below the folder with compose's file. */
  readonly source: string;
  readonly mountPath: string;
  /** As the field `type` of a hostPath has it. */
  readonly type: 'Directory' | 'File';
  /** The tools write there, or the container runtime makes the folders there on which other volumes are mounted. */
  readonly writable: boolean;
}

/** A folder that stays the container's own although sources are mounted around it. */
export interface OwnFolder extends WritableFolder {
  /** What the image has there is copied into it, as Docker does for a new volume. Else it begins empty. */
  readonly fromImage: boolean;
}

/** How the development image of a component reloads: what compose mounts, and what the tools in the image need. */
export interface HotReload {
  readonly sources: readonly SourceMount[];
  readonly ownFolders: readonly OwnFolder[];
  /** In place of the image's own arguments. @default those of the image */
  readonly args?: readonly string[];
  /** @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Least memory limit, in MiB, of a container that compiles or bundles. Our own number: upstream's compose sets no limit for
   * these containers. @default that of the size
   */
  readonly memoryLimitMi?: number;
}

/**
 * What is known of a family of releases. They share every fact below that does not name a tag.
 * A new family is one new file in this folder and its name in `index.ts`. No code outside this folder depends on a particular line.
 */
export interface ReleaseLine {
  /** Name of the line, for example `0.70`. */
  readonly name: string;
  /** Image tags of the line, oldest first. */
  readonly tags: readonly [string, ...string[]];
  /** The day on which upstream released a tag, as YYYY-MM-DD. @default not known */
  readonly released?: Readonly<Record<string, string>>;
  /** Tags without a known published image, and what is known of them. @default none */
  readonly unproven?: Readonly<Record<string, string>>;
  /** Tags that are known to lose data, and how. They are never recommended. @default none */
  readonly faults?: Readonly<Record<string, string>>;
  /** Repositories of the published images, without registry and tag. They tell which components the line has. */
  readonly images: PerComponent<string>;
  readonly ports: {
    /** Published image (nginx) and development image (Vite). @default the backend serves the UI, on its port for HTTP */
    readonly frontend?: Readonly<Record<'production' | 'development', FrontendPorts>>;
    readonly backend: {
      /** REST and UI API. */
      readonly http: number;
      /** Validation of API keys, for ingestion only. */
      readonly internalGrpc: number;
    };
    readonly ingestion: {
      /** OTLP/gRPC, for applications. */
      readonly otlp: number;
      /** Reads of the write-ahead log and the gRPC health service, for the backend only. */
      readonly internalGrpc: number;
    };
  };
  /** Where the containers expect the shared volume. */
  readonly dataPath: string;
  /** File of the frontend's image that holds the address of the API. @default there is none */
  readonly frontendConfigPath?: string;
  /** Why images of the target `development` cannot run on a cluster, so that the published ones do. @default they can */
  readonly noDevelopmentImages?: string;
  /** How development images reload from mounted sources. @default the line has no such images */
  readonly hotReload?: PerComponent<HotReload>;
  /** The image of the backend has Python, for the upgrade guard and copies of the volume. */
  readonly backendHasPython: boolean;
  /** The backend calls addresses outside the cluster. */
  readonly callsOut: boolean;
  /**
   * The backend gives an id with each API key that it has checked, and ingestion stores it with the spans and refuses a key
   * without one as `UNAVAILABLE`. @default there are no ids
   */
  readonly namesKeys?: true;
  /** How a backend that refuses its settings ends: its exit code, and how the line of its log begins. @default as for any other error */
  readonly refusedSettings?: { readonly exitCode: number; readonly log: string };
  /** Variables with a fixed value in this line (paths, ports that must be told); the env file cannot change them. */
  readonly environment: PerComponent<Readonly<Record<string, string>>>;
  readonly variables: readonly LineVariable[];
  /** Readers of a variable that all lines share, if the line has fewer than the table says. @default those of the table */
  readonly fewerReaders?: Readonly<Record<string, readonly Component[]>>;
  /** Variables that containers get although it is unknown whether they read them. They do not indicate a release. @default none */
  readonly perhapsUnread?: readonly string[];
  readonly ingestion: IngestionFacts;
  readonly api: ApiFacts;
  readonly stores: StoreFacts;
  /** Version of the Python SDK that belongs to a tag; workflow graphs of another one are not understood. @default not known */
  readonly sdk?: Readonly<Record<string, string>>;
  /** uid, and gid, of each container. Backend and ingestion have the same, so that each reads and writes the other's files. */
  readonly users: PerComponent<number>;
  readonly writable: PerComponent<readonly WritableFolder[]>;
  readonly memory: Readonly<Record<Size, PerComponent<Memory>>>;
}

/** Name of a published image without its path, which mirrors keep. */
export function publishedName({ images }: ReleaseLine, component: Component): string | undefined {
  return images[component]?.split('/').at(-1);
}

/** Whether ingestion would refuse spans for good if it started before the backend. */
export function needsBackendFirst({ ingestion }: ReleaseLine): boolean {
  return !ingestion.waitsForBackend && ingestion.uncheckedKey !== 'UNAVAILABLE';
}

/** Whether ingestion accepts spans until it is killed, and so loses the last ones that it acknowledged. */
export function ignoresSigterm({ ingestion }: ReleaseLine): boolean {
  return ingestion.stop === 'ignores SIGTERM';
}

/** The component that serves the UI, what it listens on, and the ports under which compose publishes it. */
export function uiOf(
  { ports }: ReleaseLine,
  target: 'production' | 'development',
): FrontendPorts & { readonly component: 'frontend' | 'backend' } {
  const { http } = ports.backend;
  return ports.frontend
    ? { component: 'frontend', ...ports.frontend[target] }
    : { component: 'backend', container: http, published: [http] };
}

/** Whether UI and API are on one host, because one container serves both. */
export function hasOneHost({ ports }: ReleaseLine): boolean {
  return ports.frontend === undefined;
}

/** MiB that a share of a container's memory limit comes to. */
export function shareOfMemory({ memory }: ReleaseLine, size: Size, { component, percent }: MemoryShare): number {
  return Math.floor(((memory[size][component]?.limitMi ?? 0) * percent) / 100);
}

/** A tag of a line with the day of its release, if that is known: `0.70.3 (16 November 2025)`. */
export function dated({ released }: ReleaseLine, tag: string): string {
  const day = released?.[tag];
  if (day === undefined) return tag;
  const written = { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' } as const;
  return `${tag} (${new Date(day).toLocaleDateString('en-GB', written)})`;
}

/** The newest tag of a line that is not known to lose data. */
export function recommendedTag(line: ReleaseLine): string {
  return line.tags.findLast((tag) => !line.faults?.[tag]) ?? newestTag(line);
}

/** The newest tag of a line. */
export function newestTag(line: ReleaseLine): string {
  return line.tags[line.tags.length - 1] ?? line.tags[0];
}
