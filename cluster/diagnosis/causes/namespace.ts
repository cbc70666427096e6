import { intakeName, workloadNames } from '../../../config/names';
import { fieldsOf, listOf, type Manifest } from '../../../render/manifest';
import { rescueAdvice } from '../../rescue';
import { advice, type Cause } from '../cause';
import type { ClusterState } from '../cluster-state';

export const namespaceCauses: readonly Cause[] = [
  // Nothing was applied, or the context or namespace is wrong.
  {
    name: 'namespace-missing',
    *findings(state) {
      if (state.named('Namespace', state.namespace)) return;
      yield {
        severity: 'error',
        subject: `namespace ${state.namespace}`,
        text: 'does not exist in this cluster',
        fix: advice(
          'Check that this is the right cluster and the right namespace, then apply',
          state.clusterCommand('get', 'namespaces'),
          applyAll(state),
        ),
      };
    },
  },
  // The namespace is being deleted, with everything in it, including the claim with the data.
  {
    name: 'namespace-terminating',
    *findings(state) {
      if (!state.endsNamespace) return;
      const namespace = state.named('Namespace', state.namespace);
      const remaining = listOf(namespace?.status?.conditions)
        .filter(({ type, status }) => /Remaining|Failure/.test(type) && status === 'True')
        .map(({ message }) => String(message).replace(/\.$/, ''));
      const claims = state.ofKind('PersistentVolumeClaim');
      const volumes = state.ofKind('PersistentVolume');
      yield {
        severity: 'error',
        subject: `namespace ${state.namespace}`,
        text: ['is being deleted, with every claim in it', ...remaining].join('. '),
        fix: `If a finalizer blocks the deletion, its owner must remove it. ${rescueAdvice({ kubectl: state.commands, claims, volumes, endsNamespace: true })}`,
      };
    },
  },
  // Workloads are not in the namespace: only `foundation/` was applied, `dist/` was deleted, or one of them was.
  {
    name: 'not-applied',
    *findings(state) {
      const namespace = state.named('Namespace', state.namespace);
      if (!namespace || namespace.metadata.deletionTimestamp) return;
      if (!['deployments.apps', 'statefulsets.apps'].every((resource) => state.canRead(resource))) return;
      const fix = advice('Apply everything that synth wrote', applyAll(state));
      if (state.workloads.length === 0) {
        yield {
          severity: 'error',
          subject: 'workloads',
          text: 'are not in the namespace. Data in an existing claim is safe',
          fix,
        };
        return;
      }
      for (const { kind, metadata } of ['Deployment', 'StatefulSet'].flatMap(
        (each) => state.rendered?.ofKind(each) ?? [],
      )) {
        if (state.named(kind, metadata.name)) continue;
        const subject = fieldsOf(metadata.labels)['app.kubernetes.io/component'] ?? metadata.name;
        yield { severity: 'error', subject, text: 'is rendered but is not in the namespace', fix };
      }
      const spans = state.named('Service', workloadNames.ingestion);
      if (selects(spans, 'intake') && !state.named('StatefulSet', intakeName)) {
        yield {
          severity: 'error',
          subject: 'intake',
          text: `is not in the namespace, but the Service ${workloadNames.ingestion} selects its pods: applications cannot send spans`,
          fix,
        };
      }
    },
  },
];

function selects(service: Manifest | undefined, component: string): boolean {
  return fieldsOf(service?.spec?.selector)['app.kubernetes.io/component'] === component;
}

/** Applies the whole output of synth. */
export function applyAll(state: ClusterState): string {
  return state.clusterCommand('apply', '-f', 'dist/foundation', '-f', 'dist/');
}
