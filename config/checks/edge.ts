import type { ReleaseLine } from '../../releases';
import type { CertificateSource, Cloud, Edge, EdgeRoute, SpansService } from '../studio-config';
import { list } from '../value-types';
import type { Values } from '../values';
import type { VariableName } from '../variables';

// https://letsencrypt.org/docs/acme-protocol-updates/ and https://letsencrypt.org/docs/staging-environment/
const acmeDirectories: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

const edgeSettings: readonly VariableName[] = [
  'JUNJO_K8S_INGRESS_CLASS',
  'JUNJO_K8S_GATEWAY',
  'JUNJO_K8S_INGRESS_NAMESPACE',
  'JUNJO_K8S_ACME_EMAIL',
  'JUNJO_K8S_ACME_SERVER',
  'JUNJO_K8S_CLUSTER_ISSUER',
  'JUNJO_K8S_TLS_SECRET',
  'JUNJO_K8S_INGESTION_SERVICE',
  'JUNJO_K8S_INGESTION_SOURCE_RANGES',
  'JUNJO_K8S_CLOUD',
  'JUNJO_K8S_EXTERNAL_DNS',
];

/** How a production studio is reached; nothing while its addresses have problems of their own. */
export function checkEdge(values: Values): Edge | undefined {
  if (values.get('JUNJO_ENV') !== 'production') {
    for (const name of edgeSettings.filter(
      (setting) => values.written(setting) !== undefined && values.isSound(setting),
    )) {
      values.note(name, 'has no effect in development, where the studio is on localhost');
    }
    return undefined;
  }
  const route = edgeRoute(values);
  const certificate = certificateSource(values, route);
  const ui = hostOf(values, 'JUNJO_PROD_FRONTEND_URL');
  const api = hostOf(values, 'JUNJO_PROD_BACKEND_URL');
  const spans = hostOf(values, 'JUNJO_PROD_INGESTION_URL');
  if (!ui || !api || !spans) return undefined;
  const overTls = values.get('JUNJO_PROD_INGESTION_URL')?.startsWith('https://');
  return {
    route,
    certificate,
    hosts: { ui, api, ...(overTls && { spans }) },
    externalDns: values.get('JUNJO_K8S_EXTERNAL_DNS') === 'true',
  };
}

function hostOf(values: Values, name: VariableName): string | undefined {
  const url = values.get(name);
  return url !== undefined && values.isSound(name) ? new URL(url).hostname : undefined;
}

function edgeRoute(values: Values): EdgeRoute {
  const gateway = values.get('JUNJO_K8S_GATEWAY');
  const className = values.get('JUNJO_K8S_INGRESS_CLASS');
  if (gateway && className) {
    values.error('JUNJO_K8S_GATEWAY', 'and JUNJO_K8S_INGRESS_CLASS exclude each other. Remove one of the two lines');
  }
  if (gateway?.startsWith('class:')) return { kind: 'gateway', className: gateway.slice('class:'.length) };
  if (gateway) {
    const [namespace = '', name = ''] = gateway.split('/');
    return { kind: 'sharedGateway', namespace, name };
  }
  if (values.isSound('JUNJO_K8S_INGRESS_CLASS')) noteClass(values, className);
  return { kind: 'ingress', className };
}

/** What a person should know of the controller that was chosen. */
function noteClass(values: Values, className: string | undefined): void {
  if (className === 'nginx') {
    values.note(
      'JUNJO_K8S_INGRESS_CLASS',
      'ingress-nginx was retired in March 2026 and gets no security fixes; plan for another controller or a Gateway. Raise client-body-timeout in its ConfigMap if applications stream spans for longer than 60 s',
    );
  } else if (className !== 'traefik' && className !== 'caddy') {
    const which = className
      ? `of class ${className}`
      : "of the cluster's default class (JUNJO_K8S_INGRESS_CLASS names another)";
    values.note(
      'JUNJO_K8S_INGRESS_CLASS',
      `UI and API get a plain Ingress ${which}. The controller itself must redirect HTTP to HTTPS, send HSTS, wait ten minutes for an answer, take bodies of 32 MB, and speak h2c to the port for spans`,
    );
  }
}

function certificateSource(values: Values, route: EdgeRoute): CertificateSource {
  const issuer = values.get('JUNJO_K8S_CLUSTER_ISSUER');
  const secret = values.get('JUNJO_K8S_TLS_SECRET');
  const acme = (['JUNJO_K8S_ACME_EMAIL', 'JUNJO_K8S_ACME_SERVER'] as const).filter((name) => values.written(name));
  if (secret && issuer) {
    values.error(
      'JUNJO_K8S_TLS_SECRET',
      'and JUNJO_K8S_CLUSTER_ISSUER exclude each other. Remove one of the two lines',
    );
  }
  const winner = secret ? 'JUNJO_K8S_TLS_SECRET' : issuer ? 'JUNJO_K8S_CLUSTER_ISSUER' : undefined;
  for (const name of winner ? acme : []) {
    values.error(name, `has no effect beside ${winner}. Remove one of the two lines`);
  }
  if (route.kind === 'sharedGateway') {
    for (const name of [
      ...acme,
      ...(issuer ? ['JUNJO_K8S_CLUSTER_ISSUER'] : []),
      ...(secret ? ['JUNJO_K8S_TLS_SECRET'] : []),
    ]) {
      values.error(
        name,
        'has no effect on a Gateway that is there already: its listeners bring the certificate. Remove the line',
      );
    }
    return { kind: 'elsewhere' };
  }
  if (secret) return { kind: 'secret', name: secret };
  const caddy = route.kind === 'ingress' && route.className === 'caddy';
  if (issuer && caddy) {
    values.warning(
      'JUNJO_K8S_CLUSTER_ISSUER',
      'newer releases of the Caddy controller load no route at all while a certificate is missing, so HTTP-01 never succeeds. Use an issuer with DNS-01, or remove the line: Caddy obtains certificates by itself',
    );
  }
  if (issuer) return { kind: 'clusterIssuer', name: issuer };
  if (caddy) {
    for (const name of acme) {
      values.error(
        name,
        'has no effect with the class caddy, which obtains certificates by itself. Remove the line, and set the e-mail address in the ConfigMap of the controller',
      );
    }
    return { kind: 'elsewhere' };
  }
  const server = values.get('JUNJO_K8S_ACME_SERVER') ?? '';
  return { kind: 'acme', server: acmeDirectories[server] ?? server, email: values.get('JUNJO_K8S_ACME_EMAIL') };
}

/** How the port for spans is published, apart from the edge. */
export function checkSpansService(values: Values, line: ReleaseLine): SpansService {
  const type = values.get('JUNJO_K8S_INGESTION_SERVICE') as SpansService['type'];
  const cloud = values.get('JUNJO_K8S_CLOUD') as Cloud | undefined;
  const ranges = values.get('JUNJO_K8S_INGESTION_SOURCE_RANGES');
  const service: SpansService = { type, cloud, sourceRanges: ranges ? list(ranges) : [] };
  if (values.get('JUNJO_ENV') !== 'production') return service;

  if (ranges && type === 'ClusterIP') {
    values.error(
      'JUNJO_K8S_INGESTION_SOURCE_RANGES',
      'has no effect on a ClusterIP Service, where the edge connects for everybody. Limit the addresses at the edge, and remove the line',
    );
  }
  if (ranges && cloud === 'hetzner') {
    // https://github.com/hetznercloud/hcloud-cloud-controller-manager/issues/218
    values.error(
      'JUNJO_K8S_INGESTION_SOURCE_RANGES',
      'cannot be kept on Hetzner: its load balancers filter no addresses and hide those of their clients. Remove the line, and set JUNJO_K8S_INGESTION_SERVICE=ClusterIP to send spans through the edge',
    );
  }
  if (cloud && type !== 'LoadBalancer') {
    values.note('JUNJO_K8S_CLOUD', `has no effect on a ${type} Service`);
  }
  if (cloud === 'hetzner' && type === 'LoadBalancer') {
    values.note(
      'JUNJO_K8S_CLOUD',
      'the cloud controller makes no load balancer until it knows where: set HCLOUD_LOAD_BALANCERS_LOCATION in it',
    );
  }
  const url = values.get('JUNJO_PROD_INGESTION_URL');
  if (!url?.startsWith('http://') || !values.isSound('JUNJO_PROD_INGESTION_URL')) return service;

  values.warning(
    'JUNJO_PROD_INGESTION_URL',
    'sends API keys and spans over the network unencrypted. Write https://host to send them through the edge over TLS',
  );
  const { hostname, port } = new URL(url);
  if (type === 'LoadBalancer' && Number(port || 80) !== line.ports.ingestion.otlp) {
    values.error(
      'JUNJO_PROD_INGESTION_URL',
      `names port ${port || 80}, but the load balancer listens on ${line.ports.ingestion.otlp}. Write http://${hostname}:${line.ports.ingestion.otlp}`,
    );
  }
  const forDns = values.get('JUNJO_K8S_EXTERNAL_DNS') === 'true' && type === 'LoadBalancer';
  return forDns ? { ...service, externalDnsHost: hostname } : service;
}
