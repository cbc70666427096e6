import { diagnosisOf, madeState, type RecordedState, recording, summaryOf } from '../../support/cluster-state';
import { clusterOf, commandsOf, findingOf, followed } from '../../support/follow-advice';
import { changed, grows, made, pod } from '../../support/made-states';
import { describeWith } from '../../support/programs';

const of = ({ objects }: RecordedState, kind: string) => objects.find((object) => object.kind === kind);
const first = (state: RecordedState) => diagnosisOf(state)[0];
const causesOf = (state: RecordedState) => diagnosisOf(state).map(({ cause }) => cause);

/** The kubelet says this of the pods that mount the volume, for so long. */
function mounts(message: string, { reason = 'FailedMount', since = '2026-11-23T21:00:00Z' } = {}) {
  return changed('hostpath-missing', (state) => {
    for (const event of state.objects.filter((each) => each.reason === 'FailedMount'))
      Object.assign(event, { reason, message, firstTimestamp: since });
    for (const name of ['backend', 'ingestion']) pod(state, name).status.startTime = since;
  });
}

describe('a driver that is not registered', () => {
  test('is reported with its node', () => {
    expect(first(madeState('csi-driver-missing'))?.text).toContain(
      'the CSI driver ebs.csi.aws.com is not registered on its node node-1. The volume cannot',
    );
  });

  test('after a reboot is found in the events since then, not in the containers that the reboot ended', () => {
    const state = madeState('csi-missing-after-reboot');
    expect(summaryOf(state)).toEqual(['error csi-driver-missing: backend, ingestion']);
    expect(first(state)?.text).toContain('on its node node-1, which was restarted');
  });

  test.each([
    [
      'MountVolume.SetUp failed for volume "x" : kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name rbd.csi.ceph.com not found in the list of registered CSI drivers',
      'FailedMount',
    ],
    [
      'AttachVolume.Attach failed for volume "x" : CSINode node-1 does not contain driver rbd.csi.ceph.com',
      'FailedAttachVolume',
    ],
  ])('is recognised by %s', (message, reason) => {
    expect(first(mounts(message, { reason }))?.text).toContain('the CSI driver rbd.csi.ceph.com is not registered');
  });

  test('is a wait in the first two minutes', () => {
    const state = mounts('driver name a.b not found in the list of registered CSI drivers', {
      since: '2026-11-23T21:08:00Z',
    });
    expect(summaryOf(state)).toContainEqual('wait csi-driver-missing: backend, ingestion');
  });

  test('is not reported for a container that crashed since', () => {
    const state = changed('crash-loop', (each) => {
      const backend = pod(each, 'backend');
      each.objects.push({
        kind: 'Event',
        metadata: { name: 'old', creationTimestamp: '2026-11-23T20:00:00Z' },
        involvedObject: { kind: 'Pod', name: backend.metadata.name, uid: backend.metadata.uid },
        reason: 'FailedMount',
        message: 'driver name a.b not found in the list of registered CSI drivers',
        lastTimestamp: '2026-11-23T20:00:00Z',
      });
    });
    expect(causesOf(state)).not.toContain('csi-driver-missing');
  });
});

describe('a mount that timed out', () => {
  test.each([
    'Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: context deadline exceeded',
    'Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[kube-api-access-x data]: timed out waiting for the condition',
  ])('is reported with the volume and its claim, without a guess: %s', (message) => {
    expect(first(mounts(message))?.text).toBe(
      'the volume data (claim junjo-ai-studio-data) is not mounted, and the kubelet reports only a timeout',
    );
  });

  test('is not reported where another event says why', () => {
    const state = mounts('MountVolume.SetUp failed for volume "x" : mount failed: exit status 32');
    const event = state.objects.find(({ reason }) => reason === 'FailedMount');
    state.objects.push({ ...event, message: 'Unable to attach or mount volumes: unmounted volumes=[data]' });
    expect(first(state)?.text).toContain('exit status 32');
  });
});

describe('a volume that another node has', () => {
  const attached = () =>
    changed('hostpath-missing', (state) => {
      for (const event of state.objects.filter((each) => each.reason === 'FailedMount'))
        event.message = 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) old';
    });
  /** A pod on another node mounts the claim. */
  const held = (ready: string, metadata: object = {}) => {
    const state = attached();
    const old = structuredClone(pod(state, 'backend'));
    const node = structuredClone(of(state, 'Node'));
    Object.assign(old, {
      metadata: { name: 'old', labels: {}, ...metadata },
      spec: { ...old.spec, nodeName: 'node-0' },
    });
    node.metadata = { name: 'node-0', labels: { 'kubernetes.io/hostname': 'node-0' } };
    node.status.conditions.find(({ type }: { type: string }) => type === 'Ready').status = ready;
    state.objects.push(old, node);
    const { spec } = of(state, 'PersistentVolume');
    Object.assign(spec, { hostPath: undefined, nodeAffinity: undefined, csi: { driver: 'ebs.csi.aws.com' } });
    return state;
  };

  test('is a wait for some minutes, then an error', () => {
    expect(summaryOf(attached())[0]).toBe('wait volume-multi-attach: backend, ingestion');
    expect(summaryOf({ ...attached(), recorded: '2026-11-23T21:40:00Z' })[0]).toMatch(/^error volume-multi-attach/);
  });

  test('is an error while a pod there keeps running', () => {
    expect(summaryOf(held('True'))[0]).toBe('error volume-multi-attach: backend, ingestion');
    expect(first(held('True'))?.text).toBe(
      'its volume is still attached to another node, node-0, where the pod old mounts it',
    );
    expect(summaryOf(held('True', { deletionTimestamp: '2026-11-23T21:20:00Z' }))[0]).toMatch(/^wait/);
  });

  test('on a node that is off has the advice for a dead node', () => {
    const { text, fix } = findingOf(held('Unknown'), 'volume-multi-attach');
    expect(text).toBe('its volume is still attached to another node, node-0, which is not ready');
    expect(commandsOf({ fix })).toContain(
      'kubectl taint nodes node-0 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute',
    );
    expect(fix).toContain('Only if it is switched off');
  });
});

describe('a released volume', () => {
  /** The claim of a folder on a node was deleted, and applied again: it names the volume, which remembers the first claim. */
  const again = (change: (state: RecordedState) => void = () => undefined) =>
    changed('volume-on-absent-node', (state) => {
      const claim = of(state, 'PersistentVolumeClaim');
      const volume = of(state, 'PersistentVolume');
      claim.metadata.uid = 'of the second';
      claim.status = { phase: 'Pending' };
      volume.status = { phase: 'Released' };
      state.objects.push({
        kind: 'Event',
        metadata: { name: 'binding' },
        involvedObject: { kind: 'PersistentVolumeClaim', name: claim.metadata.name },
        reason: 'FailedBinding',
        message: `volume "${volume.metadata.name}" already bound to a different claim.`,
        lastTimestamp: state.recorded,
      });
      change(state);
    });

  test('is reserved for the claim that names it, without advice about provisioners', () => {
    expect(summaryOf(again())[0]).toBe('error volume-released: claim junjo-ai-studio-data, backend, ingestion');
    const { fix } = findingOf(again(), 'volume-released');
    expect(fix).toContain(
      `kubectl patch persistentvolume state-volume-other-node-data --type=json -p '[{"op":"remove","path":"/spec/claimRef/uid"}]' &&`,
    );
    expect(fix).not.toMatch(/provisioner|Retain/);
  });

  test('that would be deleted is retained first', () => {
    const state = again((each) => {
      of(each, 'PersistentVolume').spec.persistentVolumeReclaimPolicy = 'Delete';
    });
    expect(
      findingOf(state, 'volume-released')
        .fix.split('\n')
        .map((line) => line.split(' ')[1]),
    ).toEqual(['the', 'patch', 'wait', 'patch', 'apply']);
  });

  test('is not reserved for a claim that names another volume', () => {
    const state = again((each) => {
      of(each, 'PersistentVolumeClaim').spec.volumeName = 'another';
    });
    expect(causesOf(state)).not.toContain('volume-released');
    expect(first(state)?.text).toBe('its volume another does not exist');
    expect(diagnosisOf(state, { unread: ['persistentvolumes'] })[0]?.text).not.toContain('does not exist');
  });
});

describe('a claim that asks for more than it has', () => {
  const condition = (type: string, message = '', lastTransitionTime = '2026-11-23T20:30:00Z') => ({
    conditions: [{ type, status: 'True', message, lastTransitionTime }],
  });
  const text = (status: object, wanted?: string) => first(changed('healthy', grows(status, wanted)))?.text;

  test('is reported with what is missing, and for how long', () => {
    const state = madeState('resize-no-resizer');
    expect(summaryOf(state)).toEqual(['warning claim-smaller-than-requested: claim junjo-ai-studio-data']);
    expect(first(state)?.text).toMatch(
      /^requests 20Gi but has 10Gi: no CSI resizer has expanded the volume \(50m so far, at most 10m/,
    );
  });

  test.each([
    ['its disk grows', condition('Resizing'), /the storage system is expanding the volume \(39m/],
    ['its file system has not grown', condition('FileSystemResizePending'), /the file system has not grown yet \(39m/],
    [
      'its controller fails',
      condition('ControllerResizeError', 'quota of the project is used up'),
      /cannot be expanded: quota of the project is used up$/,
    ],
    ['its node fails', condition('NodeResizeError', 'xfs_growfs failed'), /cannot be expanded: xfs_growfs failed$/],
    [
      'it cannot succeed',
      { allocatedResourceStatuses: { storage: 'ControllerResizeInfeasible' } },
      /cannot be expanded: its storage system rejects that size$/,
    ],
    ['nothing is told', {}, /no CSI resizer has expanded the volume$/],
  ])('where %s', (_, status, said) => {
    expect(text(status)).toMatch(said);
  });

  test('is a wait in its first ten minutes', () => {
    const state = changed('healthy', grows(condition('Resizing', '', '2026-11-23T21:05:00Z')));
    expect(summaryOf(state)).toEqual(['wait claim-smaller-than-requested: claim junjo-ai-studio-data']);
  });

  test.each(['10Gi', '10737418240', '10240Mi', '8Gi'])(
    'is not reported where it has 10Gi and requests %s',
    (wanted) => {
      expect(text({}, wanted)).toBeUndefined();
    },
  );

  test('is not a claim of another owner', () => {
    const state = changed('healthy', (each) => {
      const claim = structuredClone(of(each, 'PersistentVolumeClaim'));
      claim.metadata = { name: 'theirs', namespace: each.namespace };
      claim.spec.resources.requests.storage = '20Gi';
      each.objects.push(claim);
    });
    expect(summaryOf(state)).toEqual([]);
  });
});

describe('a claim without a volume', () => {
  const pending = (event?: object, minutes = 5) => {
    const state = changed('claim-class-missing', (each) => {
      const claim = of(each, 'PersistentVolumeClaim');
      claim.spec.storageClassName = 'lab';
      claim.metadata.annotations = { 'volume.kubernetes.io/selected-node': 'node-1' };
      const started = new Date(new Date(each.recorded).getTime() - minutes * 60_000).toISOString();
      claim.metadata.creationTimestamp = started;
      const events = each.objects.filter(({ involvedObject }) => involvedObject?.kind === 'PersistentVolumeClaim');
      for (const old of events) each.objects.splice(each.objects.indexOf(old), 1);
      if (event) {
        const involvedObject = { kind: 'PersistentVolumeClaim', name: claim.metadata.name };
        each.objects.push({
          kind: 'Event',
          metadata: { name: 'e' },
          involvedObject,
          firstTimestamp: started,
          lastTimestamp: each.recorded,
          ...event,
        });
      }
    });
    return state;
  };
  const external = { reason: 'ExternalProvisioning', message: 'Waiting for a volume to be created' };

  test('waits for its provisioner for two minutes', () => {
    expect(summaryOf(pending(external, 1))[0]).toMatch(/^wait claim-unbound: claim/);
    expect(summaryOf(pending(external))[0]).toMatch(/^error claim-unbound: claim/);
    expect(first(pending(external))?.text).toMatch(/^waits for its storage provisioner lab\.local\/path .* \(5m/);
  });

  test('without events says so, and how to see new ones', () => {
    expect(first(pending(undefined, 90))?.text).toContain('no event says why: a cluster keeps events for an hour');
    expect(commandsOf(findingOf(pending(undefined, 90), 'claim-unbound')).join()).toContain('get events --watch');
  });

  test('says nothing where events cannot be read', () => {
    expect(diagnosisOf(pending(undefined, 90), { unread: ['events'] }).map(({ cause }) => cause)).not.toContain(
      'claim-unbound',
    );
  });

  test('may wait for a pod that has no node yet', () => {
    const state = pending(undefined, 90);
    of(state, 'PersistentVolumeClaim').metadata.annotations = {};
    expect(causesOf(state)).not.toContain('claim-unbound');
  });

  test('is not reported as lacking a class where classes cannot be read', () => {
    const state = recording('claim-no-default-class');
    state.objects.splice(0, Infinity, ...state.objects.filter(({ kind }) => kind !== 'StorageClass'));
    expect(diagnosisOf(state, { unread: ['storageclasses.storage.k8s.io'] })[0]?.fix).not.toContain('no storage class');
  });
});

test('a volume with several access modes is not reported', () => {
  const state = recording('crash-loop');
  of(state, 'PersistentVolume').spec.accessModes = ['ReadWriteOnce', 'ReadOnlyMany'];
  expect(diagnosisOf(state)[0]?.cause).toBe('crash-loop');
});

describeWith(['kubectl'], 'what is advised about volumes', () => {
  jest.setTimeout(60_000);

  const stateNamed = (name: string) => {
    const [state] = made[name] ?? [];
    if (!state) throw new Error(`nothing is made for ${name}`);
    return state;
  };
  const stateOf: Readonly<Record<string, readonly [RecordedState, RegExp]>> = {
    'claim-no-default-class': [recording('claim-no-default-class'), /lab-retain/],
    'claim-unbound': [stateNamed('claim whose volume is lost'), /Status: +Lost/],
    'claim-volume-taken': [stateNamed('claim that names a volume of another claim'), /disk/],
    'claim-missing': [stateNamed('claim that does not exist'), /./],
    'claim-in-use': [stateNamed('claim that only one pod may mount'), /junjo-ai-studio-ingestion/],
    'claim-smaller-than-requested': [madeState('resize-no-resizer'), /waiting for an external controller/],
    'volume-multi-attach': [stateNamed('volume that another node holds'), /junjo-ai-studio-backend/],
    'csi-driver-missing': [madeState('csi-driver-missing'), /junjo-ai-studio-backend/],
    'mount-source-missing': [
      stateNamed('Secret of a certificate that is mounted and missing'),
      /junjo-ai-studio-secrets/,
    ],
    'mount-failed': [madeState('mount-timeout-only'), /context deadline exceeded/],
    'sandbox-failed': [stateNamed('node without a network'), /junjo-ai-studio-backend/],
  };

  test.each(Object.entries(stateOf))(
    '%s: every command runs, and shows what it is about',
    async (cause, [state, shows]) => {
      const cluster = await clusterOf(state);
      const all = await followed(cluster, findingOf(state, cause));
      await cluster.close();
      expect(all.length).toBeGreaterThan(0);
      expect(all.filter(({ code }) => code !== 0)).toEqual([]);
      expect(all.map(({ output }) => output).join()).toMatch(shows);
    },
  );

  test('a claim whose class does not exist is deleted, and has no data', async () => {
    const state = recording('claim-class-missing');
    expect(of(state, 'PersistentVolumeClaim').spec.volumeName).toBeUndefined();
    const cluster = await clusterOf(state);
    const all = await followed(cluster, findingOf(state, 'claim-class-missing'));
    expect(all.map(({ code }) => code)).toEqual([0]);
    expect(cluster.store.list('persistentvolumeclaims', state.namespace)).toEqual([]);
    await cluster.close();
  });

  test('the pods that mount a disk whose file system has not grown are restarted, and no other', async () => {
    const state = stateNamed('claim whose file system has not grown');
    const cluster = await clusterOf(state);
    const [restart] = await followed(cluster, findingOf(state, 'claim-smaller-than-requested'));
    const restarted = cluster.store
      .list('deployments', state.namespace)
      .filter(({ spec }) => spec.template.metadata.annotations?.['kubectl.kubernetes.io/restartedAt'])
      .map(({ metadata }) => metadata.name);
    await cluster.close();
    expect(restart?.code).toBe(0);
    expect(restarted.sort()).toEqual(['junjo-ai-studio-backend', 'junjo-ai-studio-ingestion']);
  });
});

describe('sources that the node does not have', () => {
  /** In a cluster of minikube, unless the node loses its label. */
  const missing = (label = 'minikube'): RecordedState => {
    const state = structuredClone(made['sources that the node does not have']?.[0]);
    if (!state) throw new Error('there is no such state');
    for (const { kind, metadata } of state.objects) {
      if (kind === 'Node') metadata.labels = label ? { 'minikube.k8s.io/name': label } : {};
    }
    return state;
  };

  test('are mounted by a command in minikube', () => {
    expect(findingOf(missing(), 'sources-missing').fix).toMatch(
      /\nminikube mount --profile=minikube CHECKOUT:\/src\/junjo$/,
    );
  });

  test('need a new cluster in kind and k3d, without a command here', () => {
    const { fix } = findingOf(missing(''), 'sources-missing');
    expect(fix).toContain('kind and k3d mount folders only when they create a cluster');
    expect(fix).not.toContain('\n');
  });
});
