import { ownRepository } from '../../../render/rules/own-repository';
import { lets, refuses, type SpoiltStudio } from '../../support/rules';

const add = (studio: SpoiltStudio, name: string, repository: string) =>
  studio.add({
    apiVersion: 'volsync.backube/v1alpha1',
    kind: 'ReplicationSource',
    metadata: { name, namespace: 'junjo-ai-studio' },
    spec: { sourcePVC: name, restic: { repository } },
  });

refuses(ownRepository, [
  [
    'two claims in one repository',
    (s) => {
      for (const name of ['data', 'vectors', 'more']) add(s, name, 'backups');
    },
    [
      'ReplicationSource vectors: has the same repository backups as ReplicationSource data',
      'ReplicationSource more: has the same repository backups as ReplicationSource data',
    ],
  ],
]);

lets(ownRepository, [
  [
    'a repository for each claim',
    (s) => {
      add(s, 'data', 'backups');
      add(s, 'vectors', 'vectors');
    },
  ],
]);
