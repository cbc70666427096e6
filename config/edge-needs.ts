/** Seconds for which the edge waits for an answer, because LLM calls through the API take minutes. */
export const READ_TIMEOUT_SECONDS = 600;

/** Largest request body at the edge, in MiB: prompts with long contexts. */
export const BODY_LIMIT_MI = 32;

/** Seconds for which browsers remember to use HTTPS: one year. */
export const HSTS_SECONDS = 31536000;

/** What every edge has to do, in words that follow "must". */
export const edgeNeeds = {
  grpc: 'speak HTTP/2 without TLS (h2c) to the port for spans',
  timeout: 'wait ten minutes for an answer',
  body: `accept bodies of ${BODY_LIMIT_MI} MB`,
  redirect: 'redirect HTTP to HTTPS',
  hsts: 'send HSTS',
  sourceRanges: 'apply JUNJO_K8S_WEB_SOURCE_RANGES',
} as const;

/** One of those. */
export type EdgeNeed = keyof typeof edgeNeeds;
