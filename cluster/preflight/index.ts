import type { Finding } from '../../config/problems';
import type { StudioManifests } from '../studio-manifests';
import type { Check, PreflightView } from './check';
import { dryRun, kinds, rights, serverVersion } from './checks/cluster';
import { dns, gateway, ingressClass, issuer, loadBalancer } from './checks/edge';
import { podSecurity, quota } from './checks/namespace';
import { notRendered } from './checks/not-rendered';
import { securityContextConstraints } from './checks/openshift';
import { liveRelease } from './checks/release';
import { room } from './checks/room';
import { secrets } from './checks/secrets';
import { sources } from './checks/sources';
import { claim, node, storageClass } from './checks/storage';

export { type Check, type DryRun, type PreflightFacts, PreflightView } from './check';

/** All checks, in the order of the output. */
export const checks: readonly Check[] = [
  serverVersion,
  rights,
  kinds,
  podSecurity,
  securityContextConstraints,
  quota,
  storageClass,
  claim,
  node,
  sources,
  room,
  secrets,
  ingressClass,
  gateway,
  issuer,
  loadBalancer,
  liveRelease,
  notRendered,
  dryRun,
  dns,
];

/** Compares a cluster with what a studio needs. The subject of each finding is the check. */
export function preflight(studio: StudioManifests, cluster: PreflightView): readonly Finding[] {
  return checks.flatMap(({ name, results }) =>
    [...results(studio, cluster)].map((result) => ({ subject: name, ...result })),
  );
}
