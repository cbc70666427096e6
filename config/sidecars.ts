import { ignoresSigterm } from '../releases';
import type { Edge, StudioConfig } from './studio-config';

/** Whether spans come through an edge that speaks HTTP/2 to pods over TLS only, whatever their certificate is. */
export function edgeNeedsTls(edge: Edge | undefined): boolean {
  return Boolean(edge?.hosts.spans && edge.route.kind === 'ingress' && edge.route.controller?.tlsToBackend);
}

/** Whether an nginx runs in front of ingestion: for TLS, and where ingestion ignores SIGTERM. */
export function hasSpansProxy({
  line,
  edge,
  spansService,
  intake,
}: Pick<StudioConfig, 'line' | 'edge' | 'spansService' | 'intake'>): boolean {
  // The collectors of the intake end TLS by themselves.
  return ignoresSigterm(line) || (!intake && (spansService.certificate !== undefined || edgeNeedsTls(edge)));
}
