import { GUARD_CONTAINER } from '../../../charts/upgrade-guard';
import { workloadNames } from '../../../config/names';
import { fieldsOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import { ended, lastWords, ofWorkload, referenceOf, STABLE_SECONDS, waiting } from '../pods';

/** For how long a kill is worth a word when the container runs again. */
const REPORTED_SECONDS = 3600;

export const startCauses: readonly Cause[] = [
  // The upgrade guard found the data of another release line, and keeps the studio from starting on it.
  {
    name: 'guard-tripped',
    *findings(state) {
      for (const { workload, container, how } of ended(state)) {
        if (container.name !== GUARD_CONTAINER || how.exitCode === 0) continue;
        const message = how.message.trim().replace(/\s*\n\s*/g, ' ');
        const fix = `decide as the guard says: ${state.kubectl} logs ${referenceOf(workload)} -c ${container.name}`;
        yield ofWorkload(
          workload,
          message || 'the upgrade guard does not let it start on the data of another release',
          fix,
        );
      }
    },
  },
  // The container needs more memory than its limit; far too little does not even let it start.
  {
    name: 'oom-killed',
    *findings(state) {
      for (const workload of state.workloads) {
        for (const container of workload.pods.flatMap(({ containers }) => containers)) {
          const { ended, resources } = container;
          const killed = ended?.reason === 'OOMKilled';
          const strangled =
            ended?.reason === 'StartError' && /cannot start a stopped process|cgroup/.test(ended.message);
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
  },
  // A container that prepares the start ends with an error.
  {
    name: 'init-failed',
    *findings(state) {
      for (const { workload, pod, container, how } of ended(state)) {
        if (!container.init || container.running || how.reason === 'OOMKilled') continue;
        const said = lastWords(state.logOf(pod, container) ?? how.message);
        yield ofWorkload(
          workload,
          `its init container ${container.name} ends with code ${how.exitCode}${said ? `: ${said}` : ''}`,
          `${state.kubectl} logs ${referenceOf(workload)} -c ${container.name}`,
        );
      }
    },
  },
  // The container's program is not in its image, or may not run.
  {
    name: 'start-error',
    *findings(state) {
      const fix = 'undo the patch of its command, or correct the image: the published images start by themselves';
      const text = (name: string, message: string) =>
        `${name} cannot start: ${message.split('unable to start container process: ').pop()}`;
      for (const { workload, container, how } of ended(state)) {
        if (!['StartError', 'ContainerCannotRun'].includes(how.reason)) continue;
        yield ofWorkload(workload, text(container.name, how.message), fix);
      }
      for (const { workload, container, message } of waiting(state, ['RunContainerError'])) {
        yield ofWorkload(workload, text(container.name, message), fix);
      }
    },
  },
  // Somebody paused the Deployment, so that no change reaches its pods.
  {
    name: 'rollout-paused',
    *findings(state) {
      for (const { object, name, healthy } of state.workloads) {
        if (!object.spec?.paused) continue;
        yield {
          severity: healthy ? 'warning' : 'error',
          subject: name,
          text: 'is paused: no change reaches its pods',
          fix: `${state.kubectl} rollout resume deployment ${object.metadata.name}`,
        };
      }
    },
  },
  // Ingestion runs and waits, because the backend that checks its keys does not answer.
  {
    name: 'waits-for-backend',
    *findings(state) {
      const backend = state.workloads.find(({ object }) => object.metadata.name === workloadNames.backend);
      if (!backend || backend.readyPods > 0) return;
      for (const workload of state.unhealthy) {
        if (workload.object.metadata.name !== workloadNames.ingestion) continue;
        const runs = workload.pods.some(({ containers }) => containers.some(({ running }) => running));
        if (!runs) continue;
        yield {
          severity: 'wait',
          since: undefined,
          subject: workload.name,
          text: 'waits for the backend, which does not answer yet',
          fix: 'see why the backend is not ready; ingestion starts when the backend answers',
        };
      }
    },
  },
];
