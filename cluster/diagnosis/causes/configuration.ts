import { workloadNames } from '../../../config/names';
import { lineOf } from '../../../releases';
import { listOf } from '../../../render/manifest';
import { tagOf } from '../../studio-manifests';
import type { Cause } from '../cause';
import { crashes, lineFrom, ofWorkload, previousLog, referenceOf, waiting } from '../pods';

const SECRET_NOT_SYNCED_DEADLINE_SECONDS = 60;

export const configurationCauses: readonly Cause[] = [
  // The controller cannot write the Secret: a value does not unseal, or a store does not answer.
  {
    name: 'secret-not-synced',
    *findings(state) {
      for (const object of [...state.ofKind('SealedSecret'), ...state.ofKind('ExternalSecret')]) {
        const { kind, metadata, spec, status } = object;
        const bad = listOf(status?.conditions).find(({ status: answer }) => answer === 'False');
        if (!bad && listOf(status?.conditions).length > 0) continue;
        const made = state.named('Secret', spec?.target?.name ?? metadata.name) !== undefined;
        // Older controllers of sealed-secrets write no status.
        if (!bad && (made || !state.canRead('secrets'))) continue;
        const controller = kind === 'SealedSecret' ? 'sealed-secrets' : 'External Secrets Operator';
        yield {
          ...(made || bad
            ? ({ severity: made ? 'warning' : 'error' } as const)
            : state.unanswered(object, SECRET_NOT_SYNCED_DEADLINE_SECONDS)),
          subject: `${kind} ${metadata.name}`,
          text: bad
            ? `${made ? 'does not reach its Secret any more' : 'does not become a Secret'}: ${bad.message || bad.reason}`
            : `nothing reads it: is ${controller} installed?`,
          fix: `${state.kubectl} describe ${kind.toLowerCase()} ${metadata.name}`,
        };
      }
    },
  },
  // The Secret that a container reads does not exist.
  {
    name: 'secret-missing',
    *findings(state) {
      for (const { workload, message } of waiting(state, ['CreateContainerConfigError'])) {
        const name = /secret "([^"]+)" not found/.exec(message)?.[1];
        if (!name) continue;
        yield ofWorkload(
          workload,
          `its Secret ${name} does not exist`,
          `kubectl apply -f dist/, or look at what writes it: ${state.kubectl} get sealedsecrets,externalsecrets. The pod then starts by itself`,
        );
      }
    },
  },
  // The Secret is there and lacks a key that a container reads.
  {
    name: 'secret-key-missing',
    *findings(state) {
      for (const { workload, message } of waiting(state, ['CreateContainerConfigError'])) {
        const [, key, kind, name] = /couldn't find key (\S+) in (Secret|ConfigMap) [^/\s]+\/(\S+)/.exec(message) ?? [];
        if (!key) continue;
        yield ofWorkload(
          workload,
          `the ${kind} ${name} has no key ${key}`,
          `set ${key} where the ${kind} comes from (the env file, then synth and apply). The pod then starts by itself`,
        );
      }
    },
  },
  // The ConfigMap with the settings of a container does not exist.
  {
    name: 'configmap-missing',
    *findings(state) {
      for (const { workload, message } of waiting(state, ['CreateContainerConfigError'])) {
        const name = /configmap "([^"]+)" not found/.exec(message)?.[1];
        if (!name) continue;
        const fix = 'kubectl apply -f dist/ (the whole folder). The pod then starts by itself';
        yield ofWorkload(workload, `its ConfigMap ${name} does not exist`, fix);
      }
    },
  },
  // The backend refuses one of its settings, and says which.
  {
    name: 'setting-refused',
    *findings(state) {
      for (const crash of crashes(state)) {
        const { workload, container, exitCode, log } = crash;
        const refused = lineOf(tagOf(workload.object))?.refusedSettings;
        if (container.name !== 'backend' || exitCode !== refused?.exitCode) continue;
        const said = lineFrom(log, refused.log);
        yield ofWorkload(
          workload,
          `the backend refuses a setting${said ? `: ${said}` : ', and its log does not say which'}`,
          `${said ? '' : `${previousLog(state, crash)}; `}correct it in the env file, then synth and apply. What the backend reads: ${state.kubectl} get configmap ${workloadNames.backend}-settings -o yaml`,
        );
      }
    },
  },
  // Any other error that the kubelet reports before a container starts.
  {
    name: 'container-config',
    *findings(state) {
      for (const { workload, container, message } of waiting(state, [
        'CreateContainerConfigError',
        'CreateContainerError',
      ])) {
        const fix = `${state.kubectl} describe ${referenceOf(workload)}; undo the patch that changed it`;
        yield ofWorkload(workload, `its container ${container.name} cannot be made: ${message}`, fix);
      }
    },
  },
];
