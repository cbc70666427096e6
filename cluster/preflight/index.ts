import type { Finding } from '../../config/problems';
import type { StudioManifests } from '../studio-manifests';
import type { Check, PreflightView } from './check';
import { claim } from './checks/claim';
import { dns } from './checks/dns';
import { dryRun } from './checks/dry-run';
import { gateway } from './checks/gateway';
import { ingressClass } from './checks/ingress-class';
import { issuer } from './checks/issuer';
import { kinds } from './checks/kinds';
import { liveRelease } from './checks/live-release';
import { loadBalancer } from './checks/load-balancer';
import { node } from './checks/node';
import { podSecurity } from './checks/pod-security';
import { quota } from './checks/quota';
import { rights } from './checks/rights';
import { room } from './checks/room';
import { secrets } from './checks/secrets';
import { serverVersion } from './checks/server-version';
import { storageClass } from './checks/storage-class';

export { type Check, type DryRun, type PreflightFacts, PreflightView } from './check';

/** Everything that is looked at before a studio is applied, in the order in which it is told. */
export const checks: readonly Check[] = [
  serverVersion,
  rights,
  kinds,
  podSecurity,
  quota,
  storageClass,
  claim,
  node,
  room,
  secrets,
  ingressClass,
  gateway,
  issuer,
  loadBalancer,
  liveRelease,
  dryRun,
  dns,
];

/** What a cluster lacks for a studio, and what it has. The subject of each finding is the check. */
export function preflight(studio: StudioManifests, cluster: PreflightView): readonly Finding[] {
  return checks.flatMap(({ name, results }) =>
    [...results(studio, cluster)].map((result) => ({ subject: name, ...result })),
  );
}
