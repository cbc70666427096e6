import { getDomain } from 'tldts';
import type { FrontendPorts } from '../../releases';
import type { Values } from '../values';
import type { VariableName } from '../variables';

const UI = 'JUNJO_PROD_FRONTEND_URL';
const API = 'JUNJO_PROD_BACKEND_URL';
const SPANS = 'JUNJO_PROD_INGESTION_URL';
const ORIGINS = 'JUNJO_ALLOW_ORIGINS';

/** The addresses of a production studio: what the browser's cookie rules and the edge can serve. */
export function checkUrls(values: Values): void {
  const ui = checkUrl(values, UI, ['https:']);
  const api = checkUrl(values, API, ['https:']);
  const spans = checkUrl(values, SPANS, ['https:', 'http:']);
  if (ui && api) checkSite(values, ui.hostname, api.hostname);
  if (spans?.protocol === 'https:' && spans.port === '') {
    for (const [other, name] of [
      [ui, UI],
      [api, API],
    ] as const) {
      if (other?.hostname === spans.hostname) {
        values.error(
          SPANS,
          `has the host of ${name}; spans need a host of their own, for example https://spans.example.com`,
        );
      }
    }
  }
}

/** UI and API must be two hosts of one site, because the session cookie is SameSite=Strict. */
function checkSite(values: Values, ui: string, api: string): void {
  if (ui === api) {
    values.error(API, `has the host of ${UI}; UI and API need a host each, for example studio.${ui} and api.${ui}`);
    return;
  }
  // Browsers count private suffixes (github.io, run.app) as suffixes; upstream's own check does not.
  const site = (host: string) => getDomain(host, { allowPrivateDomains: true });
  const uiSite = site(ui);
  const apiSite = site(api);
  const name = (host: string, of: string | null) => (of ? `${host} is of ${of}` : `${host} is itself a public suffix`);
  if (uiSite === null || apiSite === null || uiSite !== apiSite) {
    values.error(
      API,
      `is on another site than ${UI} (${name(ui, uiSite)}, ${name(api, apiSite)}), so the browser keeps back the session cookie. Use two hosts of one domain of yours`,
    );
  }
}

function checkUrl(values: Values, name: VariableName, schemes: readonly string[]): URL | undefined {
  const written = values.get(name);
  if (written === undefined) return undefined;
  const problem = urlProblem(written, schemes, name === SPANS);
  if (problem) {
    values.error(name, problem);
    return undefined;
  }
  return new URL(written);
}

function urlProblem(written: string, schemes: readonly string[], isForSpans: boolean): string | undefined {
  const example = 'Write it as https://host.example.com';
  const scheme = /^([a-z][a-z0-9+.-]*:)\/\//i.exec(written)?.[1]?.toLowerCase();
  if (scheme === undefined) return `is no URL: it does not begin with https://. ${example}`;
  if (!schemes.includes(scheme)) {
    return schemes.includes('http:')
      ? `must begin with https:// or http://, not ${scheme}//`
      : `must begin with https://, not ${scheme}//: the session cookie is only sent over HTTPS`;
  }
  if (/[\s,;"'<>\\]/.test(written)) return `has characters after or in it that no host has. ${example}`;
  let url: URL;
  try {
    url = new URL(written);
  } catch {
    return `is no URL. ${example}`;
  }
  // The user info may be a password: it is not repeated.
  if (url.username || url.password || written.includes('@'))
    return `contains user info, which browsers drop. ${example}`;
  if (written.includes('?')) return `has a query. ${example}`;
  if (written.includes('#')) return `has a fragment. ${example}`;
  const afterHost = written.slice(scheme.length + 2);
  if (url.pathname !== '/') return `has a path; the studio is served at the root of its host. ${example}`;
  if (afterHost.includes('/')) return 'ends with a slash. Write it without';
  if (url.hostname === 'localhost' || url.hostname.endsWith('.localhost')) {
    return `is localhost, which in production is each visitor's own machine. ${example}`;
  }
  const isAddress = /^[0-9.]+$/.test(url.hostname) || url.hostname.startsWith('[');
  if (isAddress && url.protocol === 'http:') return undefined;
  if (isAddress) {
    return `is an IP address; certificates and cookies need a host name. ${example}`;
  }
  if (!url.hostname.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))) {
    return `has a host that DNS does not allow. ${example}`;
  }
  if (!url.hostname.includes('.')) return `has a host without a domain. ${example}`;
  if (afterHost.replace(/:[0-9]*$/, '') !== url.hostname) {
    return `has a host that browsers write as ${url.hostname}, and origins are compared to the letter. Write it so`;
  }
  const port = /:([0-9]*)$/.exec(afterHost)?.[1];
  if (port !== undefined && !(isForSpans && port !== '' && port !== '443')) {
    return `names a port; the edge serves HTTPS on 443 only. Write it without :${port}`;
  }
  return undefined;
}

/** The origins of a studio that sets none: its own UI, as upstream does in production. */
export function uiOrigin(values: Values, ports: FrontendPorts): string | undefined {
  return values.get('JUNJO_ENV') === 'production' ? values.get(UI) : `http://localhost:${ports.published[0]}`;
}

/** The origins that may call the API with the visitor's cookies. */
export function checkOrigins(values: Values, ports: FrontendPorts): void {
  const written = values.get(ORIGINS);
  if (written === undefined) return;
  const production = values.get('JUNJO_ENV') === 'production';
  const origins = parseOrigins(written);
  if (typeof origins === 'string') {
    values.error(ORIGINS, origins);
    return;
  }
  for (const origin of origins) {
    const problem = originProblem(origin, production);
    if (problem) values.error(ORIGINS, problem);
  }
  const own = uiOrigin(values, ports);
  const ownIsSound = !production || values.isSound(UI);
  if (own && ownIsSound && values.isSound(ORIGINS) && !origins.includes(own)) {
    values.error(
      ORIGINS,
      `does not contain ${own}, the origin of the UI itself, which then cannot call the API. Add it`,
    );
  }
}

/** The origins of a list, or what is wrong with the list. */
function parseOrigins(written: string): readonly string[] | string {
  if (!written.trimStart().startsWith('[')) return written.split(',').map((origin) => origin.trim());
  const fix = 'Write origins with commas between them: https://studio.example.com,https://other.example.com';
  try {
    const parsed: unknown = JSON.parse(written);
    return Array.isArray(parsed) && parsed.every((origin) => typeof origin === 'string')
      ? parsed
      : `is JSON, but not an array of strings. ${fix}`;
  } catch {
    return `begins like a JSON array but cannot be parsed. ${fix}`;
  }
}

function originProblem(origin: string, production: boolean): string | undefined {
  if (origin === '') return 'has an empty origin. Remove the comma too many';
  if (origin.includes('*')) return 'contains *; browsers refuse it together with cookies. Name each origin';
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    return `contains "${withoutUserInfo(origin)}", which is no origin. Write scheme and host: https://studio.example.com`;
  }
  const shown = withoutUserInfo(origin);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return `contains "${shown}", which is no origin. Write scheme and host: https://studio.example.com`;
  }
  if (origin === `${url.origin}/`)
    return `contains "${shown}" with a slash at the end, which no browser sends. Write ${url.origin}`;
  if (origin !== url.origin) return `contains "${shown}", which no browser sends as an origin. Write ${url.origin}`;
  if (production && /^(localhost|.*\.localhost|127\.[0-9.]+|\[::1\])$/.test(url.hostname)) {
    return `contains ${origin}, left over from development. Remove it`;
  }
  if (production && url.protocol === 'http:') return `contains ${origin}; in production origins begin with https://`;
  return undefined;
}

function withoutUserInfo(origin: string): string {
  return origin.replace(/\/\/[^/]*@/, '//…@');
}
