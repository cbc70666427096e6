import { diagnosisOf, madeState, type RecordedState, recording, summaryOf } from '../../support/cluster-state';
import { clusterOf, commandsOf, findingOf, followed } from '../../support/follow-advice';
import { changed, pod } from '../../support/made-states';
import { describeWith } from '../../support/programs';

const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';
const TAINT = 'kubectl taint nodes node-1 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute';

const of = ({ objects }: RecordedState, kind: string) => objects.find((object) => object.kind === kind);

function adapted(state: RecordedState, ...changes: readonly ((state: RecordedState) => void)[]): RecordedState {
  for (const change of changes) change(state);
  return state;
}

/** The volume is a disk of the cloud, in a zone. */
function zonal(key = 'topology.ebs.csi.aws.com/zone', zone = 'eu-west-1a') {
  return (state: RecordedState) => {
    const { spec } = of(state, 'PersistentVolume');
    delete spec.local;
    delete spec.hostPath;
    spec.csi = { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-1' };
    spec.nodeAffinity = {
      required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [zone] }] }] },
    };
  };
}

/** The only node has these labels too. */
function labelled(labels: object) {
  return (state: RecordedState) => {
    Object.assign(of(state, 'Node').metadata.labels, labels);
  };
}

/** Another node, which is ready. */
function beside(name: string, labels: object = {}, spec: object = {}) {
  return (state: RecordedState) => {
    const node = structuredClone(recording('healthy').objects.find(({ kind }) => kind === 'Node'));
    node.metadata = { ...node.metadata, name, labels: { ...node.metadata.labels, [HOSTNAME]: name, ...labels } };
    state.objects.push({ ...node, spec });
  };
}

/** The scheduler says this of every pod that it has not placed. */
function reasons(list: string) {
  return (state: RecordedState) => {
    for (const { kind, status } of state.objects) {
      const condition =
        kind === 'Pod' && status.conditions?.find((each: { type: string }) => each.type === 'PodScheduled');
      if (condition && condition.status === 'False')
        condition.message = `0/2 nodes are available: ${list}. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.`;
    }
  };
}

const conflict = '1 node(s) had volume node affinity conflict';
const lostZonal = () =>
  adapted(
    madeState('node-not-ready'),
    zonal(ZONE),
    labelled({ [ZONE]: 'eu-west-1a' }),
    beside('node-2', { [ZONE]: 'eu-west-1a' }),
  );

describe('a lost node', () => {
  test('is reported with its age, and pods with data on its disk stay there', () => {
    const [first] = diagnosisOf(madeState('node-not-ready'));
    expect(first?.cause).toBe('node-lost');
    expect(first?.text).toBe('its node node-1 has not been ready for 60s: Kubelet stopped posting node status.');
    expect(first?.fix).toContain('the data is on its disk');
    expect(first?.fix).not.toMatch(/taint|delete node/);
  });

  test('is tainted only when it is off, and where the volume can be mounted elsewhere', () => {
    const { fix } = findingOf(lostZonal(), 'node-lost');
    expect(commandsOf({ fix })).toEqual([TAINT]);
    expect(fix).toMatch(/Only if it is switched off, .*second writer damages the databases/);
  });

  test.each([
    [
      'no other node is ready',
      () => adapted(madeState('node-not-ready'), zonal(ZONE), labelled({ [ZONE]: 'eu-west-1a' })),
    ],
    [
      'no other ready node can mount the volume',
      () =>
        adapted(
          madeState('node-not-ready'),
          zonal(ZONE),
          labelled({ [ZONE]: 'eu-west-1a' }),
          beside('node-2', { [ZONE]: 'eu-west-1b' }),
        ),
    ],
  ])('must be brought back where %s', (why, state) => {
    const { fix } = findingOf(state(), 'node-lost');
    expect(fix).toContain(why);
    expect(fix).not.toContain('taint');
  });

  test('may have the data where volumes cannot be read', () => {
    const state = adapted(lostZonal(), (each) => {
      each.objects.splice(0, Infinity, ...each.objects.filter(({ kind }) => kind !== 'PersistentVolume'));
    });
    const [first] = diagnosisOf(state, { unread: ['persistentvolumes'] });
    expect(first?.fix).toContain('and the data is not on its disk');
  });

  test('is also the cause when its pods are gone', () => {
    const state = adapted(
      recording('node-cordoned'),
      reasons('1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }'),
      (each) => {
        const node = of(each, 'Node');
        node.spec = { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }] };
        const ready = node.status.conditions.find(({ type }: { type: string }) => type === 'Ready');
        Object.assign(ready, { status: 'Unknown', lastTransitionTime: '2026-11-23T20:00:00Z' });
      },
    );
    expect(summaryOf(state)).toEqual(['error node-lost: backend, frontend, ingestion']);
    expect(diagnosisOf(state)[0]?.text).toMatch(/^the only node for it, node-1, has not been ready for 66m: /);
  });

  test('that is ready again and still tainted is reported', () => {
    const state = adapted(recording('node-cordoned'), reasons('1 node(s) had untolerated taint(s)'), (each) => {
      of(each, 'Node').spec = {
        taints: [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }],
      };
    });
    const [first] = diagnosisOf(state);
    expect(first?.cause).toBe('node-tainted');
    expect(first?.fix).toBe(
      'Remove the taint, so pods can start there again\nkubectl taint nodes node-1 node.kubernetes.io/out-of-service-',
    );
  });
});

describe('a volume that only some nodes can mount', () => {
  const absent = () => recording('volume-on-absent-node');
  const text = (state: RecordedState) => {
    const [first] = diagnosisOf(state);
    expect(first?.cause).toBe('volume-on-absent-node');
    return first?.text;
  };

  test.each([ZONE, 'topology.ebs.csi.aws.com/zone', 'topology.gke.io/zone'])(
    'lies in a zone without nodes: %s',
    (key) => {
      const state = adapted(absent(), zonal(key), labelled({ [key]: 'eu-west-1b' }), reasons(conflict));
      expect(text(state)).toBe('its volume can be mounted only in zone eu-west-1a, but no node is there');
      expect(commandsOf(findingOf(state, 'volume-on-absent-node'))).toEqual([
        `kubectl get nodes --label-columns=${key}`,
      ]);
    },
  );

  test('lies in a zone whose nodes are named', () => {
    const state = adapted(
      absent(),
      zonal(ZONE),
      labelled({ [ZONE]: 'eu-west-1b' }),
      beside('node-2', { [ZONE]: 'eu-west-1a' }),
      reasons(`1 node(s) didn't please a plugin, ${conflict}`),
    );
    expect(text(state)).toContain('only in zone eu-west-1a (node-2), where no pod can be scheduled at the moment');
  });

  test('leaves the cause to the nodes that could mount it', () => {
    const state = adapted(
      absent(),
      zonal(ZONE),
      labelled({ [ZONE]: 'eu-west-1b' }),
      beside('node-2', { [ZONE]: 'eu-west-1a' }, { unschedulable: true }),
      beside('node-3', { [ZONE]: 'eu-west-1b' }, { unschedulable: true }),
      reasons(`1 node(s) were unschedulable, ${conflict}`),
    );
    const [first] = diagnosisOf(state);
    expect(first?.cause).toBe('node-cordoned');
    expect(first?.text).toContain('Its volume can be mounted only on node-2');
    expect(first?.fix).toMatch(/\nkubectl uncordon node-2$/);
  });

  test('is bound to a label of the hostname, which is not the name of the node', () => {
    const state = adapted(absent(), reasons(conflict), (each) => {
      const { metadata } = of(each, 'Node');
      Object.assign(metadata, { name: 'node-2', labels: { [HOSTNAME]: 'ip-10-0-0-2' } });
    });
    expect(text(state)).toMatch(
      /label kubernetes.io\/hostname=node-2\. The node node-2 has kubernetes.io\/hostname=ip-10-0-0-2$/,
    );
    expect(diagnosisOf(state)[0]?.fix).toContain('JUNJO_K8S_NODE');
  });

  test('finds its node by the label, whatever its name is', () => {
    const state = adapted(absent(), reasons(`1 Insufficient cpu, ${conflict}`), beside('other'), (each) => {
      Object.assign(of(each, 'Node').metadata, { name: 'ip-10-0-0-2', labels: { [HOSTNAME]: 'node-2' } });
    });
    expect(summaryOf(state)[0]).toBe('error unschedulable-resources: backend, ingestion');
    expect(diagnosisOf(state)[0]?.text).toContain('Its volume can be mounted only on ip-10-0-0-2');
  });

  test('is on a node that the selector leaves out', () => {
    const state = adapted(
      absent(),
      reasons(`${conflict}, 1 node(s) didn't match Pod's node affinity/selector`),
      beside('node-2'),
      (each) => {
        for (const name of ['backend', 'ingestion']) pod(each, name).spec.nodeSelector = { pool: 'junjo' };
      },
    );
    expect(text(state)).toBe(
      'its volume can be mounted only on the node node-2, but no node there has the labels that it requires (pool=junjo)',
    );
    expect(diagnosisOf(state)[0]?.fix).toContain('kubectl label nodes node-2 pool=junjo');
  });
});

describe('a node under pressure', () => {
  test.each([
    ['named', '1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }'],
    ['not named, as since 1.34', '1 node(s) had untolerated taint(s)'],
  ])('takes no pods, and its taint is %s', (_, words) => {
    const state = adapted(madeState('disk-pressure'), reasons(words));
    expect(summaryOf(state)[0]).toBe('error node-disk-full: backend, frontend, ingestion');
    expect(diagnosisOf(state)[0]?.text).toContain('node-1 has disk pressure');
  });

  test('is recognised by the reason alone where nodes cannot be read', () => {
    const state = madeState('disk-pressure');
    state.objects.splice(0, Infinity, ...state.objects.filter(({ kind }) => kind !== 'Node'));
    const [first] = diagnosisOf(state, { unread: ['nodes'] });
    expect(first?.text).toContain('A node has disk pressure');
  });

  test('warns while the studio still runs there', () => {
    const state = changed('healthy', (each) => {
      const { conditions } = of(each, 'Node').status;
      Object.assign(
        conditions.find(({ type }: { type: string }) => type === 'DiskPressure'),
        { status: 'True' },
      );
    });
    expect(summaryOf(state)).toEqual(['warning node-disk-full: node node-1']);
  });

  test('without a pod of the studio is not reported', () => {
    const state = adapted(
      recording('healthy'),
      beside('node-2', {}, { taints: [{ key: 'node.kubernetes.io/disk-pressure' }] }),
    );
    expect(summaryOf(state)).toEqual([]);
  });
});

describe('a pod that was preempted', () => {
  const alone = () => recording('unschedulable-memory-backend');

  test('is recognised by the condition of the old pod, or by its kubelet', () => {
    const old = (status: object) => (state: RecordedState) => {
      const gone = structuredClone(pod(state, 'backend'));
      gone.metadata = { ...gone.metadata, name: `${gone.metadata.name}-old`, uid: 'old' };
      state.objects.push({ ...gone, status });
    };
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }];
    expect(summaryOf(adapted(alone(), old({ phase: 'Failed', conditions })))[0]).toMatch(/^error preempted: backend/);
    expect(summaryOf(adapted(alone(), old({ phase: 'Failed', reason: 'Preempting' })))[0]).toMatch(/^error preempted/);
  });

  test('is not a pod of another workload', () => {
    const state = madeState('preempted');
    for (const { reason, involvedObject } of state.objects) {
      if (reason === 'Preempted') involvedObject.name = 'junjo-ai-studio-backend-canary-76b46ddddf-aaaa1-x';
    }
    expect(summaryOf(state)[0]).toBe('error unschedulable-resources: backend');
  });
});

describeWith(['kubectl'], 'what is advised about nodes', () => {
  jest.setTimeout(60_000);

  const stateOf: Readonly<Record<string, readonly [RecordedState, RegExp]>> = {
    'volume-on-absent-node': [recording('volume-on-absent-node'), /node-1/],
    'unschedulable-resources': [recording('unschedulable-memory'), /Allocated resources/],
    'unschedulable-selector': [recording('unschedulable-selector'), /node-1/],
    'node-disk-full': [madeState('disk-pressure'), /KubeletHasDiskPressure/],
    preempted: [madeState('preempted'), /Allocated resources/],
  };

  test.each(Object.entries(stateOf))(
    '%s: every command runs, and shows what it is about',
    async (cause, [state, shows]) => {
      const cluster = await clusterOf(state);
      const all = await followed(cluster, findingOf(state, cause));
      await cluster.close();
      expect(all.length).toBeGreaterThan(0);
      expect(all.map(({ code, output }) => (code === 0 ? '' : output))).toEqual(all.map(() => ''));
      expect(all.map(({ output }) => output).join()).toMatch(shows);
    },
  );

  test('a label makes the node fit the pods', async () => {
    const state = recording('unschedulable-selector');
    const cluster = await clusterOf(state);
    await followed(cluster, findingOf(state, 'unschedulable-selector'));
    expect(cluster.object('nodes', undefined, 'node-1').metadata.labels).toMatchObject({ 'node-pool': 'junjo' });
    await cluster.close();
  });

  test('a node is uncordoned', async () => {
    const state = recording('node-cordoned');
    const cluster = await clusterOf(state);
    await followed(cluster, findingOf(state, 'node-cordoned'));
    expect(cluster.object('nodes', undefined, 'node-1').spec.unschedulable).toBeFalsy();
    await cluster.close();
  });

  test('a node is tainted as out of service, and status then advises to remove the taint', async () => {
    const state = lostZonal();
    const cluster = await clusterOf(state);
    const [tainted] = await followed(cluster, findingOf(state, 'node-lost'));
    expect(tainted).toMatchObject({ command: TAINT, code: 0 });
    const node = () => cluster.object('nodes', undefined, 'node-1');
    expect(node().spec.taints).toContainEqual({
      key: 'node.kubernetes.io/out-of-service',
      value: 'nodeshutdown',
      effect: 'NoExecute',
    });

    const later = { ...state, objects: state.objects.map((each) => (each.metadata.name === 'node-1' ? node() : each)) };
    const then = findingOf(later, 'node-lost');
    expect(then.text).toContain('and has the out-of-service taint');
    const all = await followed(cluster, then);
    expect(all.map(({ code }) => code)).toEqual([0]);
    expect(node().spec.taints.map(({ key }: { key: string }) => key)).not.toContain(
      'node.kubernetes.io/out-of-service',
    );
    await cluster.close();
  });
});
