/** The three containers of a studio. */
export type Service = 'backend' | 'ingestion' | 'frontend';

/** In the order in which documents and outputs name them. */
export const services: readonly Service[] = ['backend', 'ingestion', 'frontend'];

/** The same for each of the three. */
export function perService<T>(of: (service: Service) => T): Record<Service, T> {
  return { backend: of('backend'), ingestion: of('ingestion'), frontend: of('frontend') };
}

/** `small`, `medium` and `large`: a machine of 1, 2 or 4 GB for the whole studio. */
export type Size = 'small' | 'medium' | 'large';

/** What a variable of a release line may hold. */
export type LineValueType =
  | { readonly kind: 'integer'; readonly min: number; readonly max?: number }
  | { readonly kind: 'boolean' }
  /** Absolute path in the container, below one of its writable folders or the data. */
  | { readonly kind: 'writablePath'; readonly service: Service };

/** A variable that only some release lines have. */
export interface LineVariable {
  /** The name under which the container reads it. */
  readonly name: string;
  /** One sentence for the table of variables, units included. */
  readonly meaning: string;
  /** What it may hold; secrets have a check of their own. */
  readonly type: LineValueType | 'secret';
  readonly readers: readonly Service[];
  /** What upstream uses when the variable is not set, for the table of variables. */
  readonly default?: string;
  /** The name it has in the env file, where compose renames it on the way to the container. @default `name` */
  readonly nameInEnvFile?: string;
  /** The image has no default of its own, so the manifests set `default` when the file does not. @default false */
  readonly writtenOut?: boolean;
  /** The value may be at most so many percent of the memory limit of a container, in MiB, and is that when the file sets none. */
  readonly percentOfMemory?: { readonly service: Service; readonly percent: number };
}

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
}

/**
 * What upstream promises of a family of releases that share ports, stores and variables.
 * A new family is one new file beside this one; nothing outside this folder asks which line it renders.
 */
export interface ReleaseLine {
  /** Name of the line, for example `0.70`. */
  readonly name: string;
  /** Image tags of the line, oldest first. */
  readonly tags: readonly [string, ...string[]];
  /** Repositories of the published images, without registry and tag. */
  readonly images: Readonly<Record<Service, string>>;
  readonly ports: {
    /** Published image (nginx) and development image (Vite). */
    readonly frontend: Readonly<Record<'production' | 'development', FrontendPorts>>;
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
  /** File of the frontend's image that holds the address of the API. */
  readonly frontendConfigPath: string;
  /** Variables with a fixed value in this line (paths, ports that must be told); the env file cannot change them. */
  readonly environment: Readonly<Record<Service, Readonly<Record<string, string>>>>;
  readonly variables: readonly LineVariable[];
  /** uid, and gid, of each container. Backend and ingestion have the same, so that each reads and writes the other's files. */
  readonly users: Readonly<Record<Service, number>>;
  readonly writable: Readonly<Record<Service, readonly WritableFolder[]>>;
  readonly memory: Readonly<Record<Size, Readonly<Record<Service, Memory>>>>;
}

/** The newest tag of a line. */
export function newestTag(line: ReleaseLine): string {
  return line.tags[line.tags.length - 1] ?? line.tags[0];
}
