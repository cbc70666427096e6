import { fieldsOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import { ofWorkload, STABLE_SECONDS } from '../pods';

/** For how long a kill is worth a word when the container runs again. */
const REPORTED_SECONDS = 3600;

/** The container needs more memory than its limit; far too little does not even let it start. */
export const oomKilled: Cause = {
  name: 'oom-killed',
  *findings(state) {
    for (const workload of state.workloads) {
      for (const container of workload.pods.flatMap(({ containers }) => containers)) {
        const { ended, resources } = container;
        const killed = ended?.reason === 'OOMKilled';
        const strangled = ended?.reason === 'StartError' && /cannot start a stopped process|cgroup/.test(ended.message);
        if (!ended || (!killed && !strangled)) continue;
        const text = `${container.name} needs more memory than its limit of ${fieldsOf(resources.limits).memory}`;
        const fix = 'the next JUNJO_K8S_SIZE, synth and apply';
        const since = state.secondsSince(ended.at);
        const loops = !container.running || since < STABLE_SECONDS;
        if (!workload.healthy && loops) yield ofWorkload(workload, text, fix);
        else if (workload.healthy && since < REPORTED_SECONDS)
          yield {
            severity: 'warning',
            subject: workload.name,
            text: `${text}, and was killed for it at ${ended.at.toISOString()}`,
            fix,
          };
      }
    }
  },
};
