import type { Cause } from '../cause';
import { ofWorkload, refused } from '../pods';

export const admissionCauses: readonly Cause[] = [
  // Pod Security of the namespace refuses the pod.
  {
    name: 'pod-security',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        if (!/violates PodSecurity/.test(message)) continue;
        yield ofWorkload(
          workload,
          `Pod Security refuses its pods: ${message.replace(/^.*?violates PodSecurity/, 'violates')}`,
          'remove the patch or admission rule that changes its security context; what synth renders passes restricted',
        );
      }
    },
  },
  // A quota of the namespace is used up, or asks for what the pod does not say.
  {
    name: 'quota-exceeded',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        if (!/exceeded quota|failed quota/.test(message)) continue;
        yield ofWorkload(
          workload,
          `a quota refuses its pods: ${message}`,
          `raise it (${state.kubectl} get resourcequota), or choose a smaller JUNJO_K8S_SIZE`,
        );
      }
    },
  },
  // A LimitRange of the namespace allows no pod of this size.
  {
    name: 'limit-range',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        if (!/(maximum|minimum) .* usage per|(cpu|memory) max limit to request ratio/.test(message)) continue;
        yield ofWorkload(
          workload,
          `a LimitRange refuses its pods: ${message}`,
          `change it (${state.kubectl} get limitrange -o yaml), or choose another JUNJO_K8S_SIZE`,
        );
      }
    },
  },
  // The pod names a service account that does not exist.
  {
    name: 'service-account-missing',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        const name = /serviceaccount "([^"]+)" not found/.exec(message)?.[1];
        if (!name) continue;
        const fix = `${state.kubectl} create serviceaccount ${name}, or remove the patch that names it`;
        yield ofWorkload(workload, `its service account ${name} does not exist`, fix);
      }
    },
  },
  // Any other reason why the API server refuses the pods: a webhook, a policy, a missing priority class.
  {
    name: 'admission-refused',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        const fix = `${state.kubectl} describe replicasets | grep FailedCreate; whoever runs that policy must allow the pods`;
        yield ofWorkload(workload, `the API server refuses its pods: ${message}`, fix);
      }
    },
  },
];
