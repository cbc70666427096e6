import type { Problem } from '../problems';
import type { SpansService } from '../studio-config';
import { withoutUserInfo } from '../text';
import type { Values } from '../values';
import type { VariableName } from '../variables';
import { parsedUrl } from '../web-address';
import { spansWay } from './spans';
import type { Addresses } from './web';

const HOST = 'JUNJO_K8S_INTAKE_HTTP_HOST';
const ORIGINS = 'JUNJO_K8S_INTAKE_CORS_ORIGINS';
const RANGES = 'JUNJO_K8S_INGESTION_SOURCE_RANGES';

/** The host at the edge for OTLP/HTTP, where the studio has one. */
export function otlpHttpHostOf(values: Values): string | undefined {
  return values.inEffect('JUNJO_K8S_INTAKE') ? values.inEffect(HOST) : undefined;
}

/** What is wrong with the host at the edge for OTLP/HTTP, and with the origins whose pages may use it. */
export function checkOtlpHttp(values: Values, addresses: Addresses, service: SpansService): readonly Problem[] {
  if (!values.inEffect('JUNJO_K8S_INTAKE')) return [];
  const origins = values.inEffect(ORIGINS) ?? [];
  const texts = origins.map(originProblem).filter((text) => text !== undefined);
  const malformed = [...new Set(texts)].map((text) => values.error(ORIGINS, text));
  if (values.inEffect('JUNJO_ENV') !== 'production') {
    const text = 'has no effect in development, where the studio is on localhost';
    return [...malformed, ...(values.isSet(HOST) ? [values.note(HOST, text)] : [])];
  }
  const host = otlpHttpHostOf(values);
  return [
    ...(host ? [...sharedHosts(values, host, addresses), ...rangeProblems(values)] : []),
    ...malformed,
    ...(origins.length > 0 && !host ? wayProblems(values, origins, addresses, service) : []),
  ];
}

/** A host needs one protocol. Controllers set it for a whole Ingress, and a Gateway accepts one kind of route for a host. */
function sharedHosts(values: Values, host: string, { ui, api, spans }: Addresses): readonly Problem[] {
  const others: readonly (readonly [VariableName, URL | undefined])[] = [
    ['JUNJO_PROD_FRONTEND_URL', ui],
    ['JUNJO_PROD_BACKEND_URL', api === ui ? undefined : api],
    ['JUNJO_PROD_INGESTION_URL', spans],
  ];
  return others
    .filter(([, url]) => url?.hostname === host)
    .map(([name]) =>
      values.error(HOST, `is already used by ${name}. Use a separate host for OTLP/HTTP, for example otlp.example.com`),
    );
}

function rangeProblems(values: Values): readonly Problem[] {
  if (!values.isSet(RANGES)) return [];
  const text = `does not limit ${HOST}, because those connections come from the edge. Limit the addresses at the edge too, or remove that line`;
  return [values.warning(RANGES, text)];
}

/** Whether pages reach the port for OTLP/HTTP without the edge. */
function wayProblems(
  values: Values,
  origins: readonly string[],
  addresses: Addresses,
  { type }: SpansService,
): readonly Problem[] {
  const way = spansWay(addresses);
  if (!way) return [];
  const fix = `Set ${HOST} to a host at the edge, or remove the line`;
  if (type === 'ClusterIP') {
    return [values.error(ORIGINS, `has no effect: OTLP/HTTP is not reachable from outside the cluster. ${fix}`)];
  }
  // https://developer.mozilla.org/en-US/docs/Web/Security/Mixed_content
  if (way.kind === 'tls' || !origins.some((origin) => origin.startsWith('https:'))) return [];
  const text = `has no effect for pages over HTTPS: browsers block their requests to a port without TLS. ${fix}`;
  return [values.error(ORIGINS, text)];
}

/**
 * Origins are compared as they are, and `*` stands for any text: CORSConfig in config/confighttp/server.go of
 * open-telemetry/opentelemetry-collector.
 */
function originProblem(origin: string): string | undefined {
  if (origin === '') return 'has an empty origin. Remove the extra comma';
  if (origin.includes('*')) return 'contains *, so unknown pages could send spans. Name each origin';
  const shown = withoutUserInfo(origin);
  const url = parsedUrl(origin);
  const isOrigin = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!isOrigin || !/^[a-z0-9.[\]:_-]+$/.test(url.hostname)) {
    return `contains "${shown}", which is not an origin. Write scheme and host: https://app.example.com`;
  }
  if (origin !== url.origin) return `contains "${shown}", which browsers do not send as an origin. Write ${url.origin}`;
  return undefined;
}
