import { freshSecret, type Settings } from './studio';

/** Distributions of upstream that have a `.env.example` of their own, from 0.81.2 on. */
export type Distribution = 'root' | 'minimal' | 'vm-caddy';

/** What upstream's `.env.example` of a tag sets, placeholders filled, and what it has commented out. */
export function upstreamExample(tag: string, distribution: Distribution = 'root') {
  const [, minor = 0, patch = 0] = tag.split('.').map(Number);
  const newPorts = minor > 81 || (minor === 81 && patch > 0);
  const oneHost = minor >= 86;
  const isRoot = distribution === 'root';
  const withoutLimits = oneHost && isRoot;
  const set = {
    ...(distribution === 'vm-caddy' && { JUNJO_AI_STUDIO_API_KEY: 'junjo_ai_studio_api_key_here' }),
    ...(isRoot && { JUNJO_BUILD_TARGET: 'development' }),
    ...(oneHost && isRoot && { COMPOSE_PROFILES: 'development' }),
    JUNJO_ENV: 'development',
    ...(!oneHost && { JUNJO_SESSION_SECRET: freshSecret(), JUNJO_SECURE_COOKIE_KEY: freshSecret() }),
    ...(minor >= 82 && { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() }),
    ...(!newPorts && { JUNJO_BACKEND_PORT: '1323' }),
    ...(minor >= 81 && {
      JUNJO_BACKEND_MEM_RESERVATION: withoutLimits ? '0' : '300m',
      JUNJO_BACKEND_MEM_LIMIT: withoutLimits ? '0' : '450m',
      JUNJO_BACKEND_MEMSWAP_LIMIT: withoutLimits ? '0' : '900m',
      JUNJO_BACKEND_PIDS_LIMIT: withoutLimits ? '-1' : '128',
      JUNJO_MALLOC_ARENA_MAX: '2',
      JUNJO_MALLOC_TRIM_THRESHOLD: '131072',
      JUNJO_DF_TARGET_PARTITIONS: '1',
      JUNJO_DF_BATCH_SIZE: '4096',
      JUNJO_DF_PARQUET_PRUNING: 'true',
      JUNJO_DF_SPILL_ENABLED: 'true',
      JUNJO_DF_SPILL_POOL_MB: '192',
      JUNJO_DF_SPILL_PATH: '/tmp/junjo-datafusion-spill',
    }),
    JUNJO_HOST_DB_DATA_PATH: './.dbdata',
    JUNJO_LOG_LEVEL: 'info',
    JUNJO_LOG_FORMAT: 'text',
    ...(distribution === 'vm-caddy' && { CLOUDFLARE_API_TOKEN: 'your_api_token' }),
  };
  const llmKeys = { GEMINI_API_KEY: freshSecret(), OPENAI_API_KEY: freshSecret(), ANTHROPIC_API_KEY: freshSecret() };
  const hostPorts = {
    ...(!oneHost && { JUNJO_FRONTEND_HOST_PORT: '26153' }),
    JUNJO_BACKEND_HOST_PORT: '26154',
    JUNJO_INGESTION_HOST_PORT: '26155',
  };
  const commentedOut = {
    ...(!isRoot && hostPorts),
    ...(!oneHost && {
      JUNJO_PROD_FRONTEND_URL: '',
      JUNJO_PROD_BACKEND_URL: '',
      JUNJO_ALLOW_ORIGINS: newPorts
        ? 'http://localhost:26151,http://localhost:26153'
        : 'http://localhost:5151,http://localhost:5153',
    }),
    JUNJO_PROD_INGESTION_URL: '',
    ...(minor <= 82 && llmKeys),
    ...(minor >= 80 && {
      BACKPRESSURE_MAX_MB: '300',
      FLUSH_MAX_MB: '25',
      PREPARE_HOT_SNAPSHOT_CACHE_TTL_MS: '1000',
      RECENT_COLD_MAX_FILES: '20',
      RECENT_COLD_MAX_AGE_SECS: '120',
      FLUSH_MAX_AGE_SECS: '3600',
      BATCH_SIZE: '1000',
    }),
    ...(minor >= 82 && {
      JUNJO_API_KEY_CACHE_TTL_SECONDS: '10',
      JUNJO_API_KEY_CACHE_MAX_ENTRIES: '1024',
      JUNJO_API_KEY_VALIDATION_MAX_CONCURRENCY: '8',
      JUNJO_API_KEY_VALIDATION_MAX_PENDING: '32',
      JUNJO_API_KEY_VALIDATION_TIMEOUT_MS: '2000',
    }),
  };
  return { set, commentedOut } satisfies Readonly<Record<string, Settings>>;
}
