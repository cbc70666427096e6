import { howToRun } from '../config/how-to-run';
import { OTLP_HTTP_PATH, otlpHttpName, webNames, workloadNames } from '../config/names';
import { type Component, lineOf, uiOf } from '../releases';
import { fieldsOf, listOf, type Manifest, Manifests, type Pod, podsOf, textsOf } from '../render/manifest';
import { Refusal } from './refusal';

/**
 * The objects of one studio, from a rendering or an output folder. Commands use these and not the settings, because a patch may
 * have changed any object.
 */
export class StudioManifests extends Manifests {
  readonly namespace: string;
  /** The pods of its workloads. */
  readonly pods: readonly Pod[];

  /** @throws Refusal when there is no backend, or nothing says in which namespace it lies */
  constructor(manifests: readonly Manifest[]) {
    super(manifests);
    this.pods = manifests.flatMap(podsOf);
    const backend = this.named('Deployment', workloadNames.backend);
    if (!backend) throw new Refusal(`The manifests contain no studio: there is no Deployment ${workloadNames.backend}`);
    const { namespace } = backend.metadata;
    if (!namespace) throw new Refusal(`The Deployment ${workloadNames.backend} has no namespace`);
    this.namespace = namespace;
  }

  /** Tag of the release: `0.82.1`. */
  get tag(): string | undefined {
    return tagOf(this.named('Deployment', workloadNames.backend));
  }

  /** Whether users reach it over HTTPS, and not on localhost. */
  get isProduction(): boolean {
    return settingsOf(this, uiComponentOf(this)).JUNJO_ENV === 'production';
  }
}

/** Tag of the release that a workload runs. */
export function tagOf(workload: Manifest | undefined): string | undefined {
  return fieldsOf(workload?.metadata.labels)['app.kubernetes.io/version'];
}

/** The settings that a container reads, without secrets. */
export function settingsOf(objects: Manifests, component: Component): Readonly<Record<string, string>> {
  return fieldsOf(objects.named('ConfigMap', `${workloadNames[component]}-settings`)?.data);
}

/**
 * The component that serves the UI. What an upgrade left behind does not count: the release of the backend decides, and the
 * Services only where that is not known.
 */
export function uiComponentOf(objects: Manifests): 'frontend' | 'backend' {
  const line = lineOf(tagOf(objects.named('Deployment', workloadNames.backend)));
  if (line) return uiOf(line, 'production').component;
  return objects.named('Service', workloadNames.frontend) ? 'frontend' : 'backend';
}

/** Where users and applications reach a part of the studio. */
export interface Address {
  readonly name: 'UI' | 'Hot reload' | 'API' | 'Spans' | 'OTLP/HTTP';
  readonly url: string;
  /** It is on localhost only while `forward` runs, or if the cluster has load balancers there, as Docker Desktop does. */
  readonly forwarded?: true;
}

/** The addresses of a studio: its hosts in production, else the ports of its Services on localhost. */
export function addressesOf(objects: Manifests): readonly Address[] {
  const ui = uiComponentOf(objects);
  const settings = settingsOf(objects, ui);
  if (settings.JUNJO_ENV === 'production') {
    const { JUNJO_PROD_FRONTEND_URL, JUNJO_PROD_BACKEND_URL, JUNJO_PROD_INGESTION_URL } = settings;
    // A backend that serves the UI is told no host of its own; the edge knows it, where it is not closed.
    const host = webHostOf(objects);
    const own = host === undefined ? undefined : `https://${host}`;
    const all = [
      ['UI', ui === 'backend' ? own : JUNJO_PROD_FRONTEND_URL],
      ['API', ui === 'backend' ? own : JUNJO_PROD_BACKEND_URL],
      ['Spans', JUNJO_PROD_INGESTION_URL],
      ['OTLP/HTTP', otlpHttpUrlOf(objects)],
    ] as const;
    return all.flatMap(([name, url]) => (url ? [{ name, url }] : []));
  }
  const at = (name: Address['name'], component: Component, scheme: string): readonly Address[] => {
    const service = objects.named('Service', workloadNames[component]);
    if (!service) return [];
    const own = hostOf(service);
    // The page of a UI with a container of its own calls the API on localhost, wherever the page itself came from.
    const host = name === 'UI' && ui === 'frontend' ? 'localhost' : (own ?? 'localhost');
    const url = `${scheme}${host}:${listOf(service.spec?.ports)[0]?.port}`;
    return [{ name, url, ...(host === 'localhost' && own !== 'localhost' && { forwarded: true }) }];
  };
  const [spans] = at('Spans', 'ingestion', '');
  const http = listOf(objects.named('Service', workloadNames.ingestion)?.spec?.ports).find(
    ({ name }) => name === 'otlp-http',
  );
  return [
    ...at('UI', ui, 'http://'),
    ...at('API', 'backend', 'http://'),
    ...(spans ? [spans] : []),
    ...(spans && http ? [{ ...spans, url: `http://${spans.url.replace(/:\d+$/, `:${http.port}`)}` }] : []),
  ];
}

/** The host of the edge for UI and API, where one container serves both. */
function webHostOf(objects: Manifests): string | undefined {
  return edgeHostOf(objects, webNames.ingress, webNames.routes.ui);
}

/** Where applications and pages send spans over HTTP, if the edge has a route for them. */
function otlpHttpUrlOf(objects: Manifests): string | undefined {
  const host = edgeHostOf(objects, otlpHttpName, otlpHttpName);
  return host && `https://${host}${OTLP_HTTP_PATH}`;
}

/** The first host of an Ingress or a route. */
function edgeHostOf(objects: Manifests, ingress: string, route: string): string | undefined {
  const [rule] = listOf(objects.named('Ingress', ingress)?.spec?.rules);
  return rule?.host ?? textsOf(objects.named('HTTPRoute', route)?.spec?.hostnames)[0];
}

/** One line per address. Parts with the same address share a line. */
export function addressLines(addresses: readonly Address[]): readonly string[] {
  return addressRows(addresses).map((row) => row.join(''));
}

/** The same, with names and values separate. @param width columns of the names. @default the longest of them */
export function addressRows(
  addresses: readonly Address[],
  width = 0,
): readonly (readonly [name: string, value: string])[] {
  const urls = [...new Set(addresses.map(({ url }) => url))];
  const rows = urls.map((url) => {
    const names = addresses.filter((address) => address.url === url).map(({ name }) => name);
    return [names.join(', '), url] as const;
  });
  const column = Math.max(width, ...rows.map(([names]) => names.length + 1));
  const start = (names: string) => `${names.padEnd(column)} `;
  const lines = rows.map(([names, url]) => [start(names), url] as const);
  if (!addresses.some(({ forwarded }) => forwarded)) return lines;
  return [
    ...lines,
    [start(''), `(for localhost, run ${howToRun('forward')}, unless the cluster has load balancers there)`],
  ];
}

/** The address that a load balancer gave a Service. */
function hostOf({ status }: Manifest): string | undefined {
  const [first] = listOf(status?.loadBalancer?.ingress);
  return first?.hostname ?? (first?.ip === '127.0.0.1' ? 'localhost' : first?.ip);
}
