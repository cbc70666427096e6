import { workloadNames } from '../../../config/names';
import { lineOf } from '../../../releases';
import { listOf } from '../../../render/manifest';
import { tagOf } from '../../studio-manifests';
import { advice, type Cause } from '../cause';
import type { ClusterState } from '../cluster-state';
import { isForeign } from '../foreign';
import { lineFrom, settingIn, withoutSecrets } from '../log';
import { crashes, ofWorkload, previousLog, waiting } from '../pods';
import { lacksMemoryToStart } from './start';

const SECRET_NOT_SYNCED_DEADLINE_SECONDS = 60;

export const configurationCauses: readonly Cause[] = [
  // The controller cannot write the Secret: a value does not unseal, or a store does not answer.
  {
    name: 'secret-not-synced',
    *findings(state) {
      for (const object of [...state.ofKind('SealedSecret'), ...state.ofKind('ExternalSecret')]) {
        if (isForeign(state, object)) continue;
        const { kind, metadata, spec, status } = object;
        const [refused] = listOf(status?.conditions).filter(({ status: answer }) => answer === 'False');
        // The condition of an ExternalSecret only says that it failed, and older controllers of sealed-secrets write none.
        const last = state.eventsOf(object).findLast(({ warns }) => warns)?.message;
        const told = listOf(status?.conditions).length === 0 ? last : undefined;
        const bad = refused?.message || refused?.reason || told;
        const more = refused && last && !String(bad).includes(last) ? ` (${last})` : '';
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
            ? `${made ? 'no longer updates its Secret' : 'does not create its Secret'}: ${withoutSecrets(`${bad}${more}`)}`
            : 'no controller has processed it',
          fix: advice(
            /decrypt/.test(String(bad))
              ? 'Seal the values again with kubeseal: the controller has no key that decrypts them. Use this name and namespace, and the certificate of this cluster'
              : bad
                ? 'Fix what the controller reports in its conditions and events'
                : `Check whether ${controller} is installed. The command shows whether it has processed the object`,
            state.command('describe', kind.toLowerCase(), metadata.name),
          ),
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
        yield ofWorkload(workload, `its Secret ${name} does not exist`, secretAdvice(state, name));
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
          advice(
            `Set ${key} in the env file, or wherever the ${kind} comes from. Then render and apply again. The pod then starts by itself`,
          ),
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
        const fix = advice(
          'Apply the whole folder dist/. The pod then starts by itself',
          state.clusterCommand('apply', '-f', 'dist/'),
        );
        yield ofWorkload(workload, `its ConfigMap ${name} does not exist`, fix);
      }
    },
  },
  // The backend rejects one of its settings, and says which.
  {
    name: 'setting-refused',
    *findings(state) {
      for (const crash of crashes(state)) {
        const { workload, container, how, log } = crash;
        const refused = lineOf(tagOf(workload.object))?.refusedSettings;
        if (!refused || container.name !== 'backend' || how.exitCode !== refused.exitCode) continue;
        const said = lineFrom(log, refused.log);
        yield ofWorkload(
          workload,
          `the backend rejects a setting${said ? `: ${said}` : ', and its log does not say which'}`,
          advice(
            `Correct ${settingIn(said ?? '') ?? 'that setting'} in the env file, then render and apply again. The last command shows the settings that the backend reads`,
            ...(said ? [] : [previousLog(state, crash)]),
            state.command('get', 'configmap', `${workloadNames.backend}-settings`, '--output=yaml'),
          ),
        );
      }
    },
  },
  // Any other error that the kubelet reports before a container starts.
  {
    name: 'container-config',
    *findings(state) {
      for (const { workload, pod, container, message } of waiting(state, [
        'CreateContainerConfigError',
        'CreateContainerError',
      ])) {
        if (lacksMemoryToStart(container)) continue;
        const fix = advice(
          'Undo the patch that changed the container, then render and apply again. The command shows the events of the pod',
          state.command('describe', 'pod', pod.name),
        );
        yield ofWorkload(workload, `its container ${container.name} cannot be created: ${message}`, fix);
      }
    },
  },
];

/** Where a Secret comes from that is not there. */
function secretAdvice(state: ClusterState, name: string): string {
  const source = [...state.ofKind('SealedSecret'), ...state.ofKind('ExternalSecret')].find(
    ({ metadata, spec }) => (spec?.target?.name ?? metadata.name) === name,
  );
  return source
    ? advice(
        'Find out why its controller does not create it. The pod starts by itself when the Secret exists',
        state.command('describe', source.kind.toLowerCase(), source.metadata.name),
      )
    : advice(
        'Apply the whole folder dist/, or create the Secret with the tool that manages your secrets. The pod then starts by itself',
        state.clusterCommand('apply', '-f', 'dist/'),
      );
}
