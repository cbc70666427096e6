import { reachOfGkeClass } from '../gateway-controllers';
import type { Problem } from '../problems';
import type { Edge, SpansService } from '../studio-config';
import type { Values } from '../values';
import { ingressSettingOf } from './ingress-setting';

const LOAD_BALANCER = 'JUNJO_K8S_LOAD_BALANCER';
const CLOUD = 'JUNJO_K8S_CLOUD';
const SPANS_RANGES = 'JUNJO_K8S_INGESTION_SOURCE_RANGES';
const WEB_RANGES = 'JUNJO_K8S_WEB_SOURCE_RANGES';

/** What a person should know of the load balancers that the manifests ask for. */
export function loadBalancerProblems(values: Values, spans: SpansService, edge: Edge | undefined): readonly Problem[] {
  const isChosen = values.isSet(LOAD_BALANCER);
  return [
    ...cloudNotes(values, spans, edge),
    ...(isChosen ? [] : publicNotes(values, spans, edge)),
    ...(spans.internal ? internalProblems(values, spans, edge) : []),
  ];
}

/** Whether the manifests ask a cloud for the load balancer of the edge: with the Ingress, or with a Gateway of the studio. */
function edgeHasOwn(edge: Edge | undefined): boolean {
  if (edge?.route.kind === 'ingress') return edge.route.controller?.outsideCluster === true;
  return edge?.route.kind === 'gateway' && edge.route.controller?.oneForAllGateways !== true;
}

function cloudNotes(values: Values, { type, cloud, internal }: SpansService, edge: Edge | undefined): Problem[] {
  const isForGateway = internal && edge?.route.kind === 'gateway' && edgeHasOwn(edge);
  if (!cloud || isForGateway) return [];
  if (type !== 'LoadBalancer') return [values.note(CLOUD, `has no effect on a ${type} Service`)];
  const text =
    'the cloud controller makes no load balancer until it knows where: set HCLOUD_LOAD_BALANCERS_LOCATION in it';
  return cloud === 'hetzner' ? [values.note(CLOUD, text)] : [];
}

/** Where a cloud puts a load balancer on the internet, and nobody said that it should. */
function publicNotes(values: Values, { type, cloud, sourceRanges }: SpansService, edge: Edge | undefined): Problem[] {
  const choices = (ranges: string, canFilter = true) =>
    `${LOAD_BALANCER}=internal keeps it in the private network, ${canFilter ? `${ranges} limits who connects, ` : ''}and ${LOAD_BALANCER}=internet leaves it as it is without this note`;
  const problems: Problem[] = [];
  if (type === 'LoadBalancer' && cloud && cloud !== 'metallb' && sourceRanges.length === 0) {
    // Source ranges are refused there.
    const canFilter = cloud !== 'hetzner';
    const text = `the load balancer for spans gets an address on the internet. ${choices(SPANS_RANGES, canFilter)}`;
    problems.push(values.note(CLOUD, text));
  }
  if (edge?.route.kind === 'ingress' && edgeHasOwn(edge) && edge.webSourceRanges.length === 0) {
    const text = `the load balancer of the edge gets an address on the internet. ${choices(WEB_RANGES)}`;
    problems.push(values.note(ingressSettingOf(values), text));
  }
  return problems;
}

function internalProblems(values: Values, { type, cloud }: SpansService, edge: Edge | undefined): Problem[] {
  const isForGateway = edge?.route.kind === 'gateway' && edgeHasOwn(edge);
  const isForSpans = type === 'LoadBalancer';
  const gke = edge?.route.kind === 'gateway' ? reachOfGkeClass(edge.route.className) : undefined;
  if (gke === 'internet') {
    const text =
      'makes a load balancer on the internet: the classes of GKE say where it is, whatever else is set. Write class:gke-l7-rilb';
    return [values.error('JUNJO_K8S_GATEWAY', text)];
  }
  if ((isForSpans || (isForGateway && !gke)) && !cloud) {
    const text = `needs ${CLOUD}, because each cloud is asked for an internal load balancer in its own words. Set it, or remove this line`;
    return [values.error(LOAD_BALANCER, text)];
  }
  const problems: Problem[] = [];
  if (cloud === 'metallb') {
    problems.push(values.note(LOAD_BALANCER, 'has no effect on MetalLB, whose pools decide the address'));
  }
  if (isForGateway && !gke && !edge.route.controller && cloud !== 'metallb') {
    const text =
      'is asked for in spec.infrastructure of the Gateway, which needs Gateway API 1.2 or newer and an implementation that reads it. Look at the address of the Gateway before you use it';
    problems.push(values.note(LOAD_BALANCER, text));
  }
  if (isForGateway && edge?.certificate.kind === 'acme' && isLetsEncrypt(edge.certificate.server)) {
    const text = `keeps Let's Encrypt from reaching the hosts on port 80, so that no certificate is issued. Set JUNJO_K8S_CLUSTER_ISSUER to an issuer with DNS-01, or JUNJO_K8S_TLS_SECRET`;
    problems.push(values.error(LOAD_BALANCER, text));
  }
  if (edge && !edgeHasOwn(edge)) {
    const text = `affects ${isForSpans ? 'only the load balancer of spans' : 'no load balancer of these manifests'}: the controller of the edge makes its own. Make that one internal there`;
    problems.push(values.note(LOAD_BALANCER, text));
  }
  return problems;
}

function isLetsEncrypt(server: string): boolean {
  return /^https:\/\/[^/]*\.letsencrypt\.org\//.test(server);
}
