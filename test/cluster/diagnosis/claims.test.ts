import { Manifests } from '../../../render/manifest';
import { diagnosisOf, type RecordedState, recording, summaryOf } from '../../support/cluster-state';
import { changed, claimGone } from '../../support/made-states';
import { development, render } from '../../support/studio';

const of = ({ objects }: RecordedState, kind: string) => objects.find((object) => object.kind === kind);

/** Another retained volume of the same namespace. */
function released(state: RecordedState, name: string, claim: string, since: string): void {
  const { spec, metadata } = of(state, 'PersistentVolume');
  state.objects.push({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { ...metadata, name },
    spec: { ...spec, claimRef: { ...spec.claimRef, name: claim, uid: 'of before' } },
    status: { phase: 'Released', lastPhaseTransitionTime: since },
  });
}

test('a claim that is being deleted comes before everything else that is wrong', () => {
  const state = changed('claim-terminating', ({ objects }) => {
    const index = objects.findIndex(({ kind, metadata }) => kind === 'Deployment' && /ingestion/.test(metadata.name));
    objects.splice(index, 1);
  });
  const rendered = new Manifests(render(development()).objects);
  expect(summaryOf(state, { rendered })).toEqual([
    'error claim-terminating: claim junjo-ai-studio-data',
    'error not-applied: ingestion',
  ]);
});

test('no command of the rescue can run after one that failed', () => {
  const [{ fix } = { fix: '' }] = diagnosisOf(recording('claim-terminating'));
  const [, ...commands] = fix.split('\n');
  expect(commands).toHaveLength(6);
  expect(commands.map((line) => line.endsWith(' &&'))).toEqual([true, true, true, true, true, false]);
  expect(commands[0]).toContain('patch persistentvolume pvc-57f30285-df56-476d-9605-a6c65b759271 ');
});

test('a claim of another owner in the namespace may be deleted', () => {
  const state = changed('healthy', (each) => {
    const claim = structuredClone(of(each, 'PersistentVolumeClaim'));
    claim.metadata = { name: 'theirs', namespace: each.namespace, deletionTimestamp: each.recorded };
    each.objects.push(claim);
  });
  expect(summaryOf(state)).toEqual([]);
});

test('a claim that never had a volume holds no data, and none is retained', () => {
  const state = changed('claim-terminating', (each) => {
    const claim = of(each, 'PersistentVolumeClaim');
    claim.spec.volumeName = undefined;
    claim.status = { phase: 'Pending' };
  });
  const [{ fix } = { fix: '' }] = diagnosisOf(state);
  expect(fix).toContain('There is no volume');
  expect(fix).not.toContain('Retain');
});

test('volumes of claims that are already gone are saved too when a namespace is deleted', () => {
  const state = changed('namespace-terminating', (each) => {
    released(each, 'qdrant-volume', 'junjo-ai-studio-qdrant', '2026-11-23T21:00:00Z');
  });
  const [{ fix } = { fix: '' }] = diagnosisOf(state);
  const volumes = 'pvc-c0d9a01f-e771-44ef-9d22-3de4dbaaad56 qdrant-volume';
  expect(fix).toContain(`kubectl patch persistentvolume ${volumes} -p`);
  expect(fix).toContain(`kubectl patch persistentvolume ${volumes} --type=json`);
  expect(fix).not.toContain('delete --cascade');
});

test('of several volumes that a claim had, the last one is bound again', () => {
  const state = changed('claim-terminating', (each) => {
    claimGone(each);
    of(each, 'PersistentVolume').status.lastPhaseTransitionTime = '2026-11-22T00:00:00Z';
    released(each, 'newest', 'junjo-ai-studio-data', '2026-11-23T00:00:00Z');
    released(each, 'oldest', 'junjo-ai-studio-data', '2026-11-21T00:00:00Z');
  });
  expect(summaryOf(state)).toContain('error volume-released: volume newest');
  expect(summaryOf(state).filter((line) => line.includes('volume-released'))).toHaveLength(1);
});

test.each([
  ['a claim that has another volume by now', 'junjo-ai-studio-data'],
  ['QDrant, which is switched off', 'junjo-ai-studio-qdrant'],
])('the retained volume of %s does not affect a healthy studio', (_, claim) => {
  const state = changed('healthy', (each) => released(each, 'old', claim, '2026-11-21T00:00:00Z'));
  expect(summaryOf(state)).toEqual([]);
});

test('a released volume on another node does not hide the node of the mounted volume', () => {
  const state = changed('volume-on-absent-node', (each) => {
    const { spec } = of(each, 'PersistentVolume');
    released(each, 'old', 'junjo-ai-studio-data', '2026-11-21T00:00:00Z');
    const old = each.objects[each.objects.length - 1];
    old.spec = { ...structuredClone(spec), claimRef: old.spec.claimRef };
    old.spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values = ['node-3'];
  });
  expect(diagnosisOf(state)[0]?.text).toContain('(node-2), which is not in the cluster');
});
