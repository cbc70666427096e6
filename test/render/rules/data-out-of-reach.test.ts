import { dataOutOfReach } from '../../../render/rules/data-out-of-reach';
import { lets, refuses, SpoiltStudio, workload } from '../../support/rules';
import { production } from '../../support/studio';

const CLAIM = 'PersistentVolumeClaim junjo-ai-studio-data';
const annotation = 'argocd.argoproj.io/sync-options';
const move = (studio: SpoiltStudio, kind: string, file: string) => {
  const index = studio.placed.findIndex(({ manifest }) => manifest.kind === kind);
  const [moved] = studio.placed.splice(index, 1);
  studio.add(moved?.manifest, file);
};

refuses(dataOutOfReach, [
  [
    'a claim beside the rest, where `kubectl delete -f dist/` takes it along',
    (s) => move(s, 'PersistentVolumeClaim', '10-storage.k8s.yaml'),
    `${CLAIM}: is not in foundation/`,
  ],
  [
    'a namespace beside the rest',
    (s) => move(s, 'Namespace', '00-namespace.k8s.yaml'),
    'Namespace junjo-ai-studio: is not in foundation/',
  ],
  [
    'a Service in foundation/',
    (s) => move(s, 'Service', 'foundation/20-service.k8s.yaml'),
    'Service junjo-ai-studio-backend: is in foundation/, which is only for objects that hold the data',
  ],
  [
    'a claim that Argo CD prunes',
    (s) => Object.assign(s.get('PersistentVolumeClaim', 'data').metadata.annotations, { [annotation]: 'Delete=false' }),
    `${CLAIM}: has no sync option Prune=false`,
  ],
  [
    'a claim that goes with the Application',
    (s) => Object.assign(s.get('PersistentVolumeClaim', 'data').metadata.annotations, { [annotation]: 'Prune=false' }),
    `${CLAIM}: has no sync option Delete=false`,
  ],
  [
    'a namespace without annotations',
    (s) => delete s.get('Namespace', 'junjo-ai-studio').metadata.annotations,
    'Namespace junjo-ai-studio: has no sync option Delete=false, Prune=false',
  ],
  [
    'a volume that is deleted with its claim',
    (s) =>
      Object.assign(s.get('PersistentVolume', 'junjo-ai-studio-data').spec, {
        persistentVolumeReclaimPolicy: 'Delete',
      }),
    'PersistentVolume junjo-ai-studio-data: its reclaim policy is Delete, but must be Retain',
  ],
  [
    'a StatefulSet that deletes its claims when it is deleted',
    (s) => {
      const set = workload('StatefulSet');
      set.spec.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete', whenScaled: 'Retain' };
      s.add(set);
    },
    'StatefulSet junjo-ai-studio-extra: persistentVolumeClaimRetentionPolicy deletes its claims',
  ],
  [
    'a StatefulSet that deletes its claims when it is scaled down',
    (s) => {
      const set = workload('StatefulSet');
      set.spec.persistentVolumeClaimRetentionPolicy = { whenScaled: 'Delete' };
      s.add(set);
    },
    'StatefulSet junjo-ai-studio-extra: persistentVolumeClaimRetentionPolicy deletes its claims',
  ],
]);

lets(dataOutOfReach, [
  [
    'further sync options',
    (s) => {
      s.get('PersistentVolumeClaim', 'data').metadata.annotations[annotation] =
        'Prune=false,ServerSideApply=true,Delete=false';
    },
  ],
  [
    'a volume without a policy, which is kept',
    (s) => delete s.get('PersistentVolume', 'junjo-ai-studio-data').spec.persistentVolumeReclaimPolicy,
  ],
]);

test('the rule data-out-of-reach refuses a Schedule that takes its backups along', () => {
  const studio = new SpoiltStudio(production({ JUNJO_K8S_BACKUP: 'velero' }));
  expect(studio.broken(dataOutOfReach)).toEqual([]);
  studio.get('Schedule', 'junjo-ai-studio').spec.useOwnerReferencesInBackup = true;
  expect(studio.broken(dataOutOfReach)).toEqual([
    'Schedule junjo-ai-studio: useOwnerReferencesInBackup deletes its backups when it is deleted',
  ]);
});
