import { hasOneHost, type ReleaseLine, uiOf } from '../../releases';
import type { Built, Problem } from '../problems';
import { withoutUserInfo } from '../text';
import type { Values } from '../values';
import type { Variable } from '../variables';
import { isOwnMachine, parsedUrl } from '../web-address';

const UI = 'JUNJO_PROD_FRONTEND_URL';
const API = 'JUNJO_PROD_BACKEND_URL';
const SPANS = 'JUNJO_PROD_INGESTION_URL';
const ORIGINS = 'JUNJO_ALLOW_ORIGINS';

/** The addresses of a production studio; in development there are none. */
export interface Addresses {
  readonly ui?: URL;
  /** That of the UI, where one container serves both. */
  readonly api?: URL;
  readonly spans?: URL;
}

/** The addresses of a production studio, checked against the cookie rules of browsers and the abilities of the edge. */
export function addressesOf(values: Values, line: ReleaseLine): Built<Addresses> {
  if (values.inEffect('JUNJO_ENV') !== 'production') return { value: {}, problems: [] };
  const [ui, spans] = [addressOf(values, UI), addressOf(values, SPANS)];
  const oneHost = hasOneHost(line);
  const api = oneHost ? ui : addressOf(values, API);
  const sites = !oneHost && ui && api ? siteProblems(values, ui.hostname, api.hostname) : [];
  const others = [{ name: UI, url: ui }, ...(oneHost ? [] : [{ name: API, url: api }])];
  const hosts = spans ? spansHostProblems(values, spans, others) : [];
  return { value: { ui, api, spans }, problems: [...sites, ...hosts] };
}

/** Through the edge, on port 443, spans need a host that neither UI nor API has. */
function spansHostProblems(
  values: Values,
  spans: URL,
  others: readonly { readonly name: string; readonly url?: URL }[],
): readonly Problem[] {
  if (spans.protocol !== 'https:' || spans.port !== '') return [];
  return others
    .filter(({ url }) => url?.hostname === spans.hostname)
    .map(({ name }) =>
      values.error(
        SPANS,
        `has the same host as ${name}. Give spans a separate host, for example https://spans.example.com`,
      ),
    );
}

/** UI and API must be two hosts of one site, because the session cookie is SameSite=Strict. */
function siteProblems(values: Values, ui: string, api: string): readonly Problem[] {
  if (ui === api) {
    const text = `has the same host as ${UI}. Use two hosts, for example studio.${ui} and api.${ui}`;
    return [values.error(API, text)];
  }
  // Loaded here, because the list of public suffixes is large, and a studio on localhost has no use for it.
  const { getDomain } = require('tldts') as typeof import('tldts');
  // Browsers count private suffixes (github.io, run.app) as suffixes; upstream's own check does not.
  const site = (host: string) => getDomain(host, { allowPrivateDomains: true });
  const uiSite = site(ui);
  const apiSite = site(api);
  if (uiSite !== null && uiSite === apiSite) return [];
  const name = (host: string, of: string | null) => (of ? `${host} belongs to ${of}` : `${host} is a public suffix`);
  const text = `is not on the same site as ${UI}: ${name(ui, uiSite)}, but ${name(api, apiSite)}. So the browser does not send the session cookie. Use two hosts of one domain that you own`;
  return [values.error(API, text)];
}

function addressOf(values: Values, name: typeof UI | typeof API | typeof SPANS): URL | undefined {
  const text = values.inEffect(name);
  return text === undefined ? undefined : parsedUrl(text);
}

/** The UI's own origin, which may call the API where the file names no others; upstream does so in production. */
export function uiOrigin(values: Values, { ui }: Addresses, line: ReleaseLine): string | undefined {
  if (values.inEffect('JUNJO_ENV') === 'production') return ui?.origin;
  return `http://localhost:${uiOf(line, values.inEffect('JUNJO_BUILD_TARGET')).published[0]}`;
}

/** Checks the origins that may call the API with the visitor's cookies. */
export function checkOrigins(values: Values, addresses: Addresses, line: ReleaseLine): readonly Problem[] {
  const origins = values.inEffect(ORIGINS);
  // With one host for UI and API there are no other origins.
  if (origins === undefined || hasOneHost(line)) return [];
  const production = values.inEffect('JUNJO_ENV') === 'production';
  const texts = origins.map((origin) => originProblem(origin, production)).filter((text) => text !== undefined);
  if (texts.length > 0) return [...new Set(texts)].map((text) => values.error(ORIGINS, text));
  const own = uiOrigin(values, addresses, line);
  if (!own || origins.includes(own)) return [];
  const text = `does not contain ${own}, the origin of the UI, so the UI cannot call the API. Add it`;
  return [values.error(ORIGINS, text)];
}

/** The image listens on a fixed port, even in releases that read the variable. */
export function checkBackendPort(
  values: Values,
  table: readonly Variable[],
  { ports }: ReleaseLine,
): readonly Problem[] {
  const port = values.inEffect('JUNJO_BACKEND_PORT');
  const isUnread = table.some(({ name, readers }) => name === 'JUNJO_BACKEND_PORT' && readers?.length === 0);
  if (port === undefined || port === ports.backend.http || isUnread) return [];
  return [values.note('JUNJO_BACKEND_PORT', `has no effect: the image always listens on ${ports.backend.http}`)];
}

function originProblem(origin: string, production: boolean): string | undefined {
  if (origin === '') return 'has an empty origin. Remove the extra comma';
  if (origin.includes('*')) return 'contains *, which browsers refuse for requests with cookies. Name each origin';
  const shown = withoutUserInfo(origin);
  const url = parsedUrl(origin);
  const isOrigin = url?.protocol === 'https:' || url?.protocol === 'http:';
  // The standard of URLs allows more characters in a host than any browser can reach.
  if (!isOrigin || /["'<>\\]/.test(origin) || !/^[a-z0-9.[\]:_-]+$/.test(url.hostname)) {
    return `contains "${shown}", which is not an origin. Write scheme and host: https://studio.example.com`;
  }
  if (origin === `${url.origin}/`)
    return `contains "${shown}" with a slash at the end, which browsers do not send. Write ${url.origin}`;
  if (origin !== url.origin) return `contains "${shown}", which browsers do not send as an origin. Write ${url.origin}`;
  if (production && isOwnMachine(url.hostname)) {
    return `contains ${origin}, which is left over from development. Remove it`;
  }
  if (production && url.protocol === 'http:')
    return `contains ${origin}, but in production origins must start with https://`;
  return undefined;
}
