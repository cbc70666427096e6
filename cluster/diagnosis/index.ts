import type { Severity } from '../../config/problems';
import type { Cause, Diagnosis } from './cause';
import { admissionRefused } from './causes/admission-refused';
import { backupFailed } from './causes/backup-failed';
import { certificateExpiring } from './causes/certificate-expiring';
import { certificatePending } from './causes/certificate-pending';
import { claimClassMissing } from './causes/claim-class-missing';
import { claimGrowing } from './causes/claim-growing';
import { claimMissing } from './causes/claim-missing';
import { claimNoDefaultClass } from './causes/claim-no-default-class';
import { claimTerminating } from './causes/claim-terminating';
import { claimUnbound } from './causes/claim-unbound';
import { configmapMissing } from './causes/configmap-missing';
import { containerConfig } from './causes/container-config';
import { crashLoop } from './causes/crash-loop';
import { deadlineExceeded } from './causes/deadline-exceeded';
import { evicted } from './causes/evicted';
import { gatewayPending } from './causes/gateway-pending';
import { guardTripped } from './causes/guard-tripped';
import { imageDenied } from './causes/image-denied';
import { imageMissing } from './causes/image-missing';
import { imageNameInvalid } from './causes/image-name-invalid';
import { imageNotPulled } from './causes/image-not-pulled';
import { imagePlatform } from './causes/image-platform';
import { imagePulling } from './causes/image-pulling';
import { imageRateLimited } from './causes/image-rate-limited';
import { imageUnreachable } from './causes/image-unreachable';
import { ingressPending } from './causes/ingress-pending';
import { initFailed } from './causes/init-failed';
import { limitRange } from './causes/limit-range';
import { livenessFailing } from './causes/liveness-failing';
import { loadBalancerPending } from './causes/load-balancer-pending';
import { mountFailed } from './causes/mount-failed';
import { mountSourceMissing } from './causes/mount-source-missing';
import { namespaceMissing } from './causes/namespace-missing';
import { namespaceTerminating } from './causes/namespace-terminating';
import { nodeCordoned } from './causes/node-cordoned';
import { nodeLost } from './causes/node-lost';
import { nodeTainted } from './causes/node-tainted';
import { notApplied } from './causes/not-applied';
import { oldPodEnding } from './causes/old-pod-ending';
import { oomKilled } from './causes/oom-killed';
import { podRejected } from './causes/pod-rejected';
import { podSecurity } from './causes/pod-security';
import { quotaExceeded } from './causes/quota-exceeded';
import { readinessFailing } from './causes/readiness-failing';
import { restarting } from './causes/restarting';
import { rolloutInProgress } from './causes/rollout-in-progress';
import { rolloutPaused } from './causes/rollout-paused';
import { routeRefused } from './causes/route-refused';
import { sandboxFailed } from './causes/sandbox-failed';
import { scaledToZero } from './causes/scaled-to-zero';
import { secondWriter } from './causes/second-writer';
import { secretKeyMissing } from './causes/secret-key-missing';
import { secretMissing } from './causes/secret-missing';
import { secretNotSynced } from './causes/secret-not-synced';
import { serviceAccountMissing } from './causes/service-account-missing';
import { startError } from './causes/start-error';
import { starting } from './causes/starting';
import { startupFailing } from './causes/startup-failing';
import { unschedulable } from './causes/unschedulable';
import { unschedulableAffinity } from './causes/unschedulable-affinity';
import { unschedulableResources } from './causes/unschedulable-resources';
import { unschedulableSelector } from './causes/unschedulable-selector';
import { volumeFull } from './causes/volume-full';
import { volumeMultiAttach } from './causes/volume-multi-attach';
import { volumeOnAbsentNode } from './causes/volume-on-absent-node';
import { volumePathMissing } from './causes/volume-path-missing';
import { volumePermissionDenied } from './causes/volume-permission-denied';
import { waitsForBackend } from './causes/waits-for-backend';
import type { ClusterState } from './cluster-state';

export type { Cause, Diagnosis } from './cause';
export * from './cluster-state';

/**
 * Every cause that is known, the deeper before what follows from it: the first that explains something is its cause, and what
 * comes later is a symptom.
 */
export const causes: readonly Cause[] = [
  namespaceMissing,
  namespaceTerminating,
  notApplied,
  claimTerminating,
  claimClassMissing,
  claimNoDefaultClass,
  claimUnbound,
  claimGrowing,
  claimMissing,
  nodeLost,
  volumeOnAbsentNode,
  unschedulableSelector,
  unschedulableResources,
  nodeCordoned,
  unschedulableAffinity,
  nodeTainted,
  unschedulable,
  podSecurity,
  quotaExceeded,
  limitRange,
  serviceAccountMissing,
  admissionRefused,
  volumeMultiAttach,
  volumePathMissing,
  mountSourceMissing,
  mountFailed,
  sandboxFailed,
  secretNotSynced,
  secretMissing,
  secretKeyMissing,
  configmapMissing,
  containerConfig,
  imageNameInvalid,
  imageDenied,
  imageRateLimited,
  imagePlatform,
  imageUnreachable,
  imageMissing,
  imageNotPulled,
  imagePulling,
  guardTripped,
  oomKilled,
  initFailed,
  startError,
  scaledToZero,
  rolloutPaused,
  waitsForBackend,
  livenessFailing,
  startupFailing,
  volumePermissionDenied,
  volumeFull,
  secondWriter,
  crashLoop,
  readinessFailing,
  restarting,
  oldPodEnding,
  evicted,
  podRejected,
  deadlineExceeded,
  rolloutInProgress,
  starting,
  loadBalancerPending,
  ingressPending,
  gatewayPending,
  routeRefused,
  certificatePending,
  certificateExpiring,
  backupFailed,
];

const ORDER: readonly Severity[] = ['error', 'warning', 'wait'];

/** What is wrong in a state: one cause for each thing that is not as it should be. Things with the same cause stand together. */
export function diagnose(state: ClusterState): readonly Diagnosis[] {
  const explained = new Set<string>();
  const found = new Map<string, Diagnosis>();
  for (const { name, findings } of causes) {
    for (const { subject, ...finding } of findings(state)) {
      if (explained.has(subject)) continue;
      explained.add(subject);
      const key = [name, finding.text, finding.fix].join('\n');
      found.set(key, { cause: name, ...finding, subjects: [...(found.get(key)?.subjects ?? []), subject] });
    }
  }
  return [...found.values()].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
