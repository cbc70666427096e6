import { listOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import { unanswered } from '../patience';

const PATIENCE_SECONDS = 60;

/** What writes the Secret does not: a value that does not unseal, a store that does not answer. */
export const secretNotSynced: Cause = {
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
        severity: made ? 'warning' : unanswered(state, object, bad ? 0 : PATIENCE_SECONDS),
        subject: `${kind} ${metadata.name}`,
        text: bad
          ? `${made ? 'does not reach its Secret any more' : 'does not become a Secret'}: ${bad.message || bad.reason}`
          : `nothing reads it: is ${controller} installed?`,
        fix: `${state.kubectl} describe ${kind.toLowerCase()} ${metadata.name}`,
      };
    }
  },
};
