import { dump } from 'js-yaml';
import { internalServiceNames } from '../config/names';
import { quantityBytes } from '../config/quantity';

/**
 * Where the collectors take OTLP/HTTP from applications and from the edge, answer probes, and show their metrics. For the edge it
 * is always in the clear, as controllers reach pods, and the network policies open that port to nobody else.
 */
export const intakePorts = { http: 4318, httpFromEdge: 4320, health: 13133, metrics: 8888 } as const;

/** Where the volume of the queue is mounted. */
export const QUEUE_PATH = '/var/lib/otelcol/queue';

/** The one key of the Secret with the keys that the collectors accept, and the folder in which it is a file. */
export const intakeKeys = { key: 'keys', path: '/etc/otelcol/keys' } as const;

/**
 * The largest request, in MiB. Ingestion keeps the default of tonic, DEFAULT_MAX_RECV_MESSAGE_SIZE of tonic/src/codec/mod.rs: its
 * main.rs sets no other, and its Cargo.lock has tonic 0.14.2. What the collectors took above it would never arrive.
 */
export const REQUEST_LIMIT_MI = 4;

/**
 * The exporters. The id of the first is part of the name of the queue's file: with another id the collectors would begin an empty
 * queue, and never send what is in the old one.
 */
export const intakeExporters = { queue: 'otlp_grpc/queue', ingestion: 'otlp_grpc/ingestion' } as const;

/** The receivers: for applications, for an edge with a separate port, and for requests from the queue. */
export const intakeReceivers = { applications: 'otlp', edge: 'otlp/edge', queued: 'otlp/queued' } as const;

/** What has been in the queue comes back here, from the collector itself. */
export const QUEUED_PORT = 4319;

const MEBIBYTE = 1024 * 1024;

/** Where the collectors end TLS. */
export interface IntakeTls {
  /** Folder of `tls.crt` and `tls.key`. */
  readonly path: string;
}

/** What the configuration of the collectors depends on. */
export interface CollectorProps {
  /** OTLP/gRPC, here and at ingestion. */
  readonly otlpPort: number;
  /** Size of the queue's volume, as a Kubernetes quantity. */
  readonly storageSize: string;
  /** At the ports for applications. @default they are in the clear */
  readonly tls?: IntakeTls;
  /** On a separate port, for an edge that uses HTTP/2 to pods only over TLS. @default there is no such port */
  readonly edgeTls?: IntakeTls & { readonly port: number };
  /** Whether the edge sends OTLP/HTTP. */
  readonly httpAtEdge: boolean;
  /** Origins whose pages may send spans over OTLP/HTTP. Empty: none. */
  readonly corsOrigins: readonly string[];
  /** The collectors accept the keys of a file alone. @default false, they accept any */
  readonly checksKeys: boolean;
}

/**
 * What a queue may take of its volume, in bytes. Compaction writes a second file beside the first, so a file has less than
 * half of the volume; the rest is what the file system needs itself. The queue must be full before the file is: a collector whose
 * file is full loses what it was sending when it stops, and cannot put that back. The file keeps AllocSize of bbolt free
 * (DefaultAllocSize of internal/common/types.go of etcd-io/bbolt). Requests from 1 kB on take at most twice their size, as pages
 * of 4 KiB are not full.
 */
export function queueSizes(storageSize: string): { readonly file: number; readonly queue: number } {
  const volume = quantityBytes(storageSize) ?? 0;
  const file = Math.floor(volume * 0.45);
  return { file, queue: Math.floor((file - 16 * MEBIBYTE) / 2) };
}

/** The file that the collectors read: https://opentelemetry.io/docs/collector/configuration/ */
export function collectorFile(props: CollectorProps): string {
  return `${HEADER}${dump(collectorConfig(props), { lineWidth: -1, noRefs: true })}`;
}

const HEADER = `# Each request is written to a file before it is acknowledged, and stays there until ingestion has taken it.
#
# Requests are not batched: a batch has no API key, and is lost when the collector is killed.
# The id of the exporter otlp_grpc/queue names the file. Under another id, what is in the file would never be sent.
# The queue sends requests back to the collector, whose limit refuses what is too large for ingestion. A collector encodes a
# request again, in up to five times as many bytes. If it is then too large, ingestion answers OUT_OF_RANGE, and an exporter
# would retry it forever. Two such requests, from any client, would stop the queue.
`;

/** The same as an object. Numbers without a reason beside them are measurements of docs/intake.md. */
export function collectorConfig(props: CollectorProps): object {
  const { otlpPort, edgeTls, httpAtEdge, checksKeys } = props;
  const receivers = {
    [intakeReceivers.applications]: {
      protocols: {
        grpc: grpc(props, otlpPort, props.tls),
        http: http(props, intakePorts.http, props.tls),
      },
    },
    ...((edgeTls || httpAtEdge) && {
      [intakeReceivers.edge]: {
        protocols: {
          ...(edgeTls && { grpc: grpc(props, edgeTls.port, edgeTls) }),
          ...(httpAtEdge && { http: http(props, intakePorts.httpFromEdge, undefined) }),
        },
      },
    }),
  };
  const queued = { endpoint: `127.0.0.1:${QUEUED_PORT}`, ...ofRequests };
  return {
    receivers: { ...receivers, [intakeReceivers.queued]: { protocols: { grpc: queued } } },
    processors: {
      // A collector that the kernel kills for its memory at each start loses what it was sending.
      memory_limiter: { check_interval: '1s', limit_percentage: 75, spike_limit_percentage: 20 },
    },
    exporters: {
      [intakeExporters.queue]: { ...to(`127.0.0.1:${QUEUED_PORT}`, '30s'), ...queue(props) },
      // What ingestion answers becomes the answer to the queue, which tries again.
      [intakeExporters.ingestion]: {
        ...to(`${internalServiceNames.ingestion}:${otlpPort}`, '25s'),
        // Without probes, a connection to a node that is lost stays for a quarter of an hour.
        keepalive: { time: '30s', timeout: '10s' },
        retry_on_failure: { enabled: false },
        sending_queue: { enabled: false },
      },
    },
    extensions: {
      health_check: { endpoint: everyAddress(intakePorts.health) },
      file_storage: fileStorage(props),
      headers_setter: {
        headers: [{ action: 'upsert', key: API_KEY_HEADER, from_context: API_KEY_HEADER }],
      },
      ...(checksKeys && {
        // Without a scheme the header holds the key alone, as ingestion expects it.
        bearertokenauth: { header: API_KEY_HEADER, scheme: '', filename: `${intakeKeys.path}/${intakeKeys.key}` },
      }),
    },
    service: {
      extensions: ['health_check', 'file_storage', 'headers_setter', ...(checksKeys ? ['bearertokenauth'] : [])],
      pipelines: {
        'traces/queue': {
          receivers: Object.keys(receivers),
          processors: ['memory_limiter'],
          exporters: [intakeExporters.queue],
        },
        'traces/ingestion': { receivers: [intakeReceivers.queued], exporters: [intakeExporters.ingestion] },
      },
      telemetry: {
        logs: { encoding: 'json' },
        metrics: { readers: [{ pull: { exporter: { prometheus } } }] },
      },
    },
  };
}

/** In which clients send their API key: ingestion/src/server/auth.rs of upstream. */
const API_KEY_HEADER = 'x-junjo-api-key';

/** On IPv4 and IPv6: Go opens a socket for both where the kernel has both, listen of the package net. */
function everyAddress(port: number): string {
  return `0.0.0.0:${port}`;
}

/** Keeps the header with the API key beside its spans. */
const ofRequests = { include_metadata: true, max_recv_msg_size_mib: REQUEST_LIMIT_MI };

function grpc(props: CollectorProps, port: number, tls: IntakeTls | undefined): object {
  return {
    endpoint: everyAddress(port),
    ...ofRequests,
    keepalive: {
      server_parameters: {
        // Without probes, load balancers drop idle connections. The default is two hours.
        time: '1m',
        // Unfinished calls end, and after a rollout both collectors get clients again. Calls under way have the grace to end.
        max_connection_age: '30m',
        max_connection_age_grace: '1m',
      },
      // By default gRPC for Go disconnects clients that probe more often than every five minutes, which ingestion does not.
      enforcement_policy: { min_time: '10s', permit_without_stream: true },
    },
    ...tlsOf(tls),
    ...authOf(props),
  };
}

function http(props: CollectorProps, port: number, tls: IntakeTls | undefined): object {
  return {
    endpoint: everyAddress(port),
    include_metadata: true,
    max_request_body_size: REQUEST_LIMIT_MI * MEBIBYTE,
    // zstd takes as much memory as a client names. Measured: 20 unfinished requests of 1 kB, and all others get 503. Exporters
    // have gzip or none: https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-compression
    compression_algorithms: ['', 'gzip'],
    // A request keeps its memory until it is whole. Exporters give up after ten seconds: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
    read_timeout: '1m',
    // The default is read_timeout. An edge, which keeps connections for longer, would find them closed: net/http of Go.
    idle_timeout: '1h',
    ...corsOf(props),
    ...tlsOf(tls),
    ...authOf(props),
  };
}

/** Without origins there is no CORS at all: config/confighttp/server.go of open-telemetry/opentelemetry-collector. */
function corsOf({ corsOrigins }: CollectorProps) {
  return (
    corsOrigins.length > 0 && {
      cors: {
        allowed_origins: corsOrigins,
        // Listed in full: a list replaces the defaults of github.com/rs/cors.
        allowed_headers: ['content-type', API_KEY_HEADER],
        // Two hours; Chrome remembers an answer for no longer: https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Access-Control-Max-Age
        max_age: 7200,
      },
    }
  );
}

function tlsOf(tls: IntakeTls | undefined) {
  return tls && { tls: { cert_file: `${tls.path}/tls.crt`, key_file: `${tls.path}/tls.key`, reload_interval: '10m' } };
}

function authOf({ checksKeys }: CollectorProps) {
  return checksKeys && { auth: { authenticator: 'bearertokenauth' } };
}

/** The time is longer than ingestion may take for a key and a write: what is sent twice is stored twice. */
function to(endpoint: string, timeout: string): object {
  return {
    endpoint,
    tls: { insecure: true },
    // Ingestion takes nothing compressed, and the default is gzip.
    compression: 'none',
    auth: { authenticator: 'headers_setter' },
    timeout,
  };
}

function queue({ storageSize }: CollectorProps): object {
  return {
    // Zero: without an end.
    retry_on_failure: { enabled: true, initial_interval: '1s', max_interval: '10s', max_elapsed_time: 0 },
    sending_queue: {
      enabled: true,
      storage: 'file_storage',
      sizer: 'bytes',
      queue_size: queueSizes(storageSize).queue,
      // A request that is being sent is at risk when the collector is killed while it starts.
      num_consumers: 2,
      // A full queue answers UNAVAILABLE at once, and clients keep what they have.
      block_on_overflow: false,
      wait_for_result: false,
      // Newer collectors may batch by default: the feature gate pkg.exporterhelper.queueBatchEnabled.
      batch: { enabled: false },
    },
  };
}

function fileStorage({ storageSize }: CollectorProps): object {
  const { file } = queueSizes(storageSize);
  return {
    directory: QUEUE_PATH,
    max_size: file,
    // A file that a crash of the node has damaged is put aside. Otherwise the collector would never start again.
    recreate: true,
    compaction: {
      directory: QUEUE_PATH,
      on_start: true,
      on_rebound: true,
      cleanup_on_start: true,
      // At most max_size, which the collector checks.
      rebound_needed_threshold_mib: Math.min(100, Math.floor(file / MEBIBYTE / 2)),
      rebound_trigger_threshold_mib: 10,
    },
  };
}

/** The names of metrics depend on the last three, which the reader has by default. */
const prometheus = {
  host: '0.0.0.0',
  port: intakePorts.metrics,
  without_scope_info: true,
  without_type_suffix: true,
  without_units: true,
};
