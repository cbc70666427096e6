import type { ReleaseLine } from './release-line';

/** SQLite and DuckDB in the backend, BadgerDB in ingestion. */
export const release070: ReleaseLine = {
  name: '0.70',
  tags: ['0.70.3', '0.70.4'],
  images: {
    backend: 'mdrideout/junjo-ai-studio-backend',
    ingestion: 'mdrideout/junjo-ai-studio-ingestion',
    frontend: 'mdrideout/junjo-ai-studio-frontend',
  },
  ports: {
    frontend: {
      production: { container: 80, published: [5153] },
      // Compose publishes the hot-reload port 5152 onto the same Vite server.
      development: { container: 5151, published: [5151, 5152] },
    },
    backend: { http: 1323, internalGrpc: 50053 },
    ingestion: { otlp: 50051, internalGrpc: 50052 },
  },
  dataPath: '/app/.dbdata',
  frontendConfigPath: '/usr/share/nginx/html/config.js',
  environment: {
    backend: {
      JUNJO_SQLITE_PATH: '/app/.dbdata/sqlite/junjo.db',
      JUNJO_DUCKDB_PATH: '/app/.dbdata/duckdb/traces.duckdb',
    },
    ingestion: {
      JUNJO_BADGERDB_PATH: '/app/.dbdata/badgerdb',
    },
    frontend: {},
  },
  variables: [
    {
      name: 'SPAN_POLL_INTERVAL',
      meaning: 'Seconds between two reads of spans from ingestion',
      type: { kind: 'integer', min: 1, max: 3600 },
      readers: ['backend'],
      default: '5',
    },
    {
      name: 'SPAN_BATCH_SIZE',
      meaning: 'Spans per read',
      type: { kind: 'integer', min: 1, max: 10000 },
      readers: ['backend'],
      default: '100',
    },
    {
      name: 'SPAN_STRICT_MODE',
      meaning: 'Refuse a whole batch when one span in it cannot be stored',
      type: { kind: 'boolean' },
      readers: ['backend'],
      default: 'false',
    },
  ],
  // The images name no user but root; 101 is nginx's own, 10001 is free in all of them.
  users: { backend: 10001, ingestion: 10001, frontend: 101 },
  writable: {
    // HOME is in /tmp too: the public suffix list is cached there.
    backend: [{ path: '/tmp', sizeLimitMi: 512 }],
    ingestion: [{ path: '/tmp', sizeLimitMi: 64 }],
    frontend: [
      { path: '/var/cache/nginx', sizeLimitMi: 64 },
      { path: '/run', sizeLimitMi: 1 },
    ],
  },
  memory: {
    // Backend: upstream's own limits for machines of 1, 2 and 4 GB. Ingestion: what those leave of the machine. Frontend:
    // nginx starts a worker of about 2 MiB for each core of the node, whatever the pod's share of it is.
    small: {
      backend: { requestMi: 300, limitMi: 450 },
      ingestion: { requestMi: 250, limitMi: 500 },
      frontend: { requestMi: 32, limitMi: 128 },
    },
    medium: {
      backend: { requestMi: 700, limitMi: 1200 },
      ingestion: { requestMi: 400, limitMi: 700 },
      frontend: { requestMi: 32, limitMi: 128 },
    },
    large: {
      backend: { requestMi: 1200, limitMi: 2500 },
      ingestion: { requestMi: 800, limitMi: 1400 },
      frontend: { requestMi: 32, limitMi: 128 },
    },
  },
};
