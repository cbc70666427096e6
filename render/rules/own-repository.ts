import { fieldsOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** No two claims are backed up into one repository. */
export const ownRepository: Rule = {
  name: 'own-repository',
  asks: 'Each ReplicationSource names a repository of its own',
  reason:
    'VolSync restores the newest snapshot of a repository, and removes older ones of the same day, whichever claim they are of',
  source: 'https://volsync.readthedocs.io/en/stable/usage/restic/',
  *violations(studio: RenderedStudio) {
    const owners = new Map<unknown, string>();
    for (const source of studio.ofKind('ReplicationSource')) {
      const object = titleOf(source);
      const { repository } = fieldsOf(fieldsOf(source.spec).restic);
      const owner = owners.get(repository);
      if (owner) yield { object, text: `has the repository ${repository}, as ${owner} has` };
      else owners.set(repository, object);
    }
  },
};
