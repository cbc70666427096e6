import { reachOfGkeClass } from '../gateway-controllers';
import type { Problem } from '../problems';
import type { Edge, SpansService } from '../studio-config';
import type { Values } from '../values';
import { ingressSettingOf } from './ingress-setting';

const LOAD_BALANCER = 'JUNJO_K8S_LOAD_BALANCER';
const CLOUD = 'JUNJO_K8S_CLOUD';
const SPANS_RANGES = 'JUNJO_K8S_INGESTION_SOURCE_RANGES';
const WEB_RANGES = 'JUNJO_K8S_WEB_SOURCE_RANGES';

/** What the user should know about the load balancers that the manifests request. */
export function loadBalancerProblems(values: Values, spans: SpansService, edge: Edge | undefined): readonly Problem[] {
  const isChosen = values.isSet(LOAD_BALANCER);
  return [
    ...cloudNotes(values, spans, edge),
    ...(isChosen ? [] : publicNotes(values, spans, edge)),
    ...(spans.internal ? internalProblems(values, spans, edge) : []),
  ];
}

/** Whether the manifests request the load balancer of the edge: with the Ingress, or with a Gateway of the studio. */
function edgeHasOwn(edge: Edge | undefined): boolean {
  if (edge?.route.kind === 'ingress') return edge.route.controller?.outsideCluster === true;
  return edge?.route.kind === 'gateway' && edge.route.controller?.oneForAllGateways !== true;
}

function cloudNotes(values: Values, { type, cloud, internal }: SpansService, edge: Edge | undefined): Problem[] {
  const isForGateway = internal && edge?.route.kind === 'gateway' && edgeHasOwn(edge);
  if (!cloud || isForGateway) return [];
  if (type !== 'LoadBalancer') return [values.note(CLOUD, `has no effect on a ${type} Service`)];
  const text =
    'the cloud controller of Hetzner creates no load balancer without a location. Set HCLOUD_LOAD_BALANCERS_LOCATION in the controller';
  return cloud === 'hetzner' ? [values.note(CLOUD, text)] : [];
}

/** Load balancers that a cloud puts on the internet although no setting says so. */
function publicNotes(values: Values, { type, cloud, sourceRanges }: SpansService, edge: Edge | undefined): Problem[] {
  const choices = (ranges: string, canFilter = true) =>
    `Set ${LOAD_BALANCER}=internal to keep it in the private network${canFilter ? `, or ${ranges} to limit who can connect` : ''}. To keep it and hide this note, set ${LOAD_BALANCER}=internet`;
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
      'creates a load balancer on the internet, because on GKE the class decides that. Write class:gke-l7-rilb';
    return [values.error('JUNJO_K8S_GATEWAY', text)];
  }
  if ((isForSpans || (isForGateway && !gke)) && !cloud) {
    const text = `needs ${CLOUD}, because each cloud has its own settings for internal load balancers. Set ${CLOUD}, or remove this line`;
    return [values.error(LOAD_BALANCER, text)];
  }
  const problems: Problem[] = [];
  if (cloud === 'metallb') {
    problems.push(values.note(LOAD_BALANCER, 'has no effect on MetalLB, where pools decide the address'));
  }
  if (isForGateway && !gke && !edge.route.controller && cloud !== 'metallb') {
    const text =
      'uses spec.infrastructure of the Gateway, which needs Gateway API 1.2 or newer and a controller that supports it. Check the address of the Gateway before you use it';
    problems.push(values.note(LOAD_BALANCER, text));
  }
  if (isForGateway && edge?.certificate.kind === 'acme' && isLetsEncrypt(edge.certificate.server)) {
    const text = `prevents Let's Encrypt from reaching the hosts on port 80, so it issues no certificate. Set JUNJO_K8S_CLUSTER_ISSUER to an issuer with DNS-01, or JUNJO_K8S_TLS_SECRET`;
    problems.push(values.error(LOAD_BALANCER, text));
  }
  if (edge && !edgeHasOwn(edge)) {
    const text = `affects ${isForSpans ? 'only the load balancer of spans' : 'no load balancer of these manifests'}: the controller of the edge creates its own. Make that one internal in the controller`;
    problems.push(values.note(LOAD_BALANCER, text));
  }
  return problems;
}

function isLetsEncrypt(server: string): boolean {
  return /^https:\/\/[^/]*\.letsencrypt\.org\//.test(server);
}
