import { release085 } from './0.85';
import { parquetEnvironmentWithPorts, statefulMemory, statefulUsers } from './common';
import type { ReleaseLine } from './release-line';

// Facts: server/src/config.rs and schema/ of apps/studio in mdrideout/junjo at studio-v0.86.0.

/** One program in Rust serves UI and API under one host; ingestion runs beside it. */
export const release086: ReleaseLine = {
  ...release085,
  name: '0.86',
  tags: ['0.86.0'],
  released: { '0.86.0': '2026-10-08' },
  sdk: { '0.86.0': '0.69.0' },
  images: { backend: 'mdrideout/junjo-ai-studio-app', ingestion: 'mdrideout/junjo-ai-studio-ingestion' },
  // compose.yaml: Vite is a service of the profile `development`, in an image that is not among those of the release.
  noDevelopmentImages:
    'the UI needs a third container with Vite, and the backend needs several GB of memory to compile',
  hotReload: undefined,
  // Debian without Python, sqlite3 and the certificates of public authorities.
  backendHasPython: false,
  callsOut: false,
  // ingestion/src/client.rs: "validated an API key without naming it".
  namesKeys: true,
  refusedSettings: { exitCode: 2, log: 'Configuration error:' },
  ports: { backend: release085.ports.backend, ingestion: release085.ports.ingestion },
  frontendConfigPath: undefined,
  environment: {
    backend: { ...parquetEnvironmentWithPorts.backend, PORT: '26154' },
    ingestion: parquetEnvironmentWithPorts.ingestion,
  },
  // logging.rs: the filter is tracing's here too.
  variables: release085.variables.map((variable) =>
    variable.name === 'RUST_LOG' ? { ...variable, readers: ['backend', 'ingestion'] } : variable,
  ),
  fewerReaders: {
    ...release085.fewerReaders,
    JUNJO_SESSION_SECRET: [],
    JUNJO_SECURE_COOKIE_KEY: [],
    JUNJO_PROD_FRONTEND_URL: [],
    JUNJO_PROD_BACKEND_URL: [],
    JUNJO_ALLOW_ORIGINS: [],
    RUN_MIGRATIONS: [],
    HTTPS_PROXY: [],
    ALL_PROXY: [],
    all_proxy: [],
    REQUESTS_CA_BUNDLE: [],
    CURL_CA_BUNDLE: [],
    https_proxy: [],
    HTTP_PROXY: [],
    http_proxy: [],
    NO_PROXY: [],
    no_proxy: [],
  },
  api: {
    spansPath: '/api/v1/observability',
    signInTestPath: '/api/v1/auth-test',
    signInPath: '/api/v1/sign-in',
    firstUserPath: '/api/v1/users/create-first-user',
    spansNeedSignIn: true,
    cookie: 'stored',
    bodyLimitMb: 2,
  },
  stores: {
    ...release085.stores,
    since: '0.86.0',
    columns: { count: 22, last: 'api_key_id' },
    flushPath: '/api/v1/admin/flush-wal',
    usersSchema: { userVersion: 4 },
  },
  users: statefulUsers,
  memory: statefulMemory,
  writable: { backend: release085.writable.backend, ingestion: release085.writable.ingestion },
};
