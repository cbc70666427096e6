import { titleOf } from '../../../render/manifest';
import { type Check, error, ok, warning } from '../check';

/** What the API server, and every admission webhook that it asks, says of each object; nothing is stored. */
export const dryRun: Check = {
  name: 'dry-run',
  *results(_, { facts }) {
    const refused = facts.dryRuns.filter(({ refused: words }) => words !== undefined);
    for (const { manifest, refused: words = '' } of refused) {
      yield error(
        `the API server refuses ${titleOf(manifest)}: ${words}`,
        "its own words say what to change; a webhook of the cluster is its operator's",
      );
    }
    for (const { manifest, warnings } of facts.dryRuns) {
      for (const text of warnings) yield warning(`${titleOf(manifest)}: ${text}`);
    }
    const taken = facts.dryRuns.length - refused.length;
    if (taken > 0)
      yield ok(`the API server takes ${taken} of ${facts.dryRuns.length} objects, tried without storing them`);
  },
};
