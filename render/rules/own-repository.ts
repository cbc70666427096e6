import { fieldsOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Each claim has its own backup repository. */
export const ownRepository: Rule = {
  name: 'own-repository',
  asks: 'Each ReplicationSource has its own repository',
  reason:
    'VolSync restores the newest snapshot of a repository and removes older ones of the same day, even if they are of another claim',
  source: 'https://volsync.readthedocs.io/en/stable/usage/restic/',
  *violations(studio: RenderedStudio) {
    const owners = new Map<unknown, string>();
    for (const source of studio.ofKind('ReplicationSource')) {
      const object = titleOf(source);
      const { repository } = fieldsOf(fieldsOf(source.spec).restic);
      const owner = owners.get(repository);
      if (owner) yield { object, text: `has the same repository ${repository} as ${owner}` };
      else owners.set(repository, object);
    }
  },
};
