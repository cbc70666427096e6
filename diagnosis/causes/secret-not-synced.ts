import { listOf } from '../../rules/rendered-studio';
import type { Recogniser } from '../finding';

/** What writes the Secret does not: a value that does not unseal, a store that does not answer. */
export const secretNotSynced: Recogniser = {
  name: 'secret-not-synced',
  *findings(state) {
    for (const object of [...state.ofKind('SealedSecret'), ...state.ofKind('ExternalSecret')]) {
      const { kind, metadata, status } = object;
      const bad = listOf(status?.conditions).find(({ status: answer }) => answer === 'False');
      if (!bad && listOf(status?.conditions).length > 0) continue;
      const controller = kind === 'SealedSecret' ? 'sealed-secrets' : 'External Secrets Operator';
      yield {
        severity: 'fail',
        subject: `${kind} ${metadata.name}`,
        text: bad
          ? `does not become a Secret: ${bad.message || bad.reason}`
          : `nothing reads it: is ${controller} installed?`,
        next: `${state.kubectl} describe ${kind.toLowerCase()} ${metadata.name}`,
      };
    }
  },
};
