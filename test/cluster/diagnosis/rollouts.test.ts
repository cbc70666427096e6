import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kubectl } from '../../../cluster/kubectl';
import { Manifests } from '../../../render/manifest';
import { diagnosisOf, madeState, type RecordedState, recording, summaryOf } from '../../support/cluster-state';
import type { FakeApiServer } from '../../support/fake-api-server';
import { clusterOf, findingOf, followed } from '../../support/follow-advice';
import { changed, pod } from '../../support/made-states';
import { describeWith } from '../../support/programs';

const first = (state: RecordedState) => diagnosisOf(state)[0];

/** A made state with something changed in it. */
function changedMade(name: string, change: (state: RecordedState) => void): RecordedState {
  const state = madeState(name);
  change(state);
  return state;
}

describe('a sidecar that does not start', () => {
  const sidecar = (change: (container: RecordedState['objects'][number], state: RecordedState) => void) =>
    changedMade('istio-native-sidecar', (state) =>
      change(pod(state, 'backend').status.initContainerStatuses[0], state),
    );

  test('is named with its image and the message of its probe', () => {
    expect(first(madeState('istio-native-sidecar'))).toMatchObject({
      severity: 'error',
      cause: 'sidecar-not-starting',
      text: expect.stringMatching(
        /^its sidecar istio-proxy \(docker\.io\/istio\/proxyv2:1\.27\.1, not part of the studio\) is running but is not ready \(Get .*connection refused\)\. .*\(6m so far, at most 5m/,
      ),
    });
  });

  test('may take its time at first, and as long as its probe allows where no probe failed', () => {
    const young = sidecar((container, { recorded }) => {
      container.state.running.startedAt = new Date(Date.parse(recorded) - 20_000).toISOString();
    });
    expect(summaryOf(young)[0]).toBe('wait sidecar-not-starting: backend');
    const silent = sidecar((_, { objects }) => {
      for (const object of objects) if (object.reason === 'Unhealthy') object.reason = 'Other';
    });
    expect(first(silent)?.text).toMatch(/6m so far, up to 10m is normal/);
  });

  test('that exits again and again is reported with its exit code', () => {
    const state = sidecar((container) => {
      const terminated = { exitCode: 255, reason: 'Error', finishedAt: '2026-11-23T21:09:00Z' };
      const waiting = { reason: 'CrashLoopBackOff', message: 'back-off' };
      Object.assign(container, { state: { waiting }, lastState: { terminated }, restartCount: 5 });
    });
    expect(first(state)).toMatchObject({
      cause: 'sidecar-not-starting',
      text: expect.stringContaining('exits with code 255 (Error), 5 times so far'),
    });
  });

  test('whose image cannot be pulled is reported as a cause of images', () => {
    const state = sidecar((container) => {
      container.state = { waiting: { reason: 'ImagePullBackOff', message: 'Back-off: ErrImagePull: not found' } };
    });
    expect(first(state)?.cause).toBe('image-missing');
  });

  test('is not reported after it has started', () => {
    const state = sidecar((container) => {
      Object.assign(container, { started: true, ready: true });
    });
    expect(summaryOf(state).join()).not.toContain('sidecar');
    expect(summaryOf(madeState('init-waits-for-ever')).join()).not.toContain('sidecar');
  });

  test('of the studio itself is not called part of another tool', () => {
    const state = sidecar((_, { objects }) => {
      const backend = objects.find(({ kind, metadata }) => kind === 'Deployment' && /backend/.test(metadata.name));
      backend.spec.template.spec.initContainers = [{ name: 'istio-proxy' }];
    });
    expect(first(state)?.text).toMatch(/^its sidecar istio-proxy is running/);
  });
});

test('an init container that waits forever is named, with its image and its log', () => {
  const found = first(madeState('init-waits-for-ever'));
  expect(found).toMatchObject({ severity: 'error', cause: 'starting' });
  expect(found?.text).toBe(
    'is running its init container vault-agent-init (hashicorp/vault:1.18.1, not part of the studio) (50m so far, at most 10m is normal)',
  );
  expect(found?.fix).toMatch(
    /container vault-agent-init and the events of the pod junjo-ai-studio-backend-\S+\. .*\n.*-c vault-agent-init/,
  );
});

describe('a pod that its node rejected', () => {
  const rejected = (reason: string, message: string) =>
    first(
      changedMade('sysctl-forbidden', ({ objects }) => {
        for (const { status } of objects)
          if (status?.reason === 'SysctlForbidden') Object.assign(status, { reason, message });
      }),
    );

  test('is reported once, with the number of pods, and how to allow the sysctl', () => {
    const found = first(madeState('sysctl-forbidden'));
    expect(found?.text).toMatch(
      /^its node node-1 rejected the pod \S+, the last of 12 pods \(SysctlForbidden\): .*ip_unprivileged_port_start/,
    );
    expect(found?.fix).toMatch(/allowedUnsafeSysctls.*JUNJO_K8S_NODE_SELECTOR/);
  });

  test.each([
    [
      'SysctlForbidden',
      'forbidden sysctl: "net.core.somaxconn" not allowlisted',
      /sets the sysctl net\.core\.somaxconn/,
    ],
    ['OutOfmemory', "Node didn't have enough resource: memory, requested: 1", /JUNJO_K8S_SIZE/],
    ['OutOfcpu', "Node didn't have enough resource: cpu, requested: 1", /Make room/],
    ['NodeAffinity', 'Predicate NodeAffinity failed', /labels/],
    ['Terminated', 'Pod was terminated in response to imminent node shutdown.', /Start the node again/],
    ['AppArmor', 'Cannot enforce AppArmor: AppArmor is not enabled on the host', /AppArmor profile/],
    ['UnexpectedAdmissionError', 'Allocate failed due to no healthy devices', /device plugins/],
    ['SomethingNew', 'no', /conditions of the node/],
  ])('%s has its advice', (reason, message, words) => {
    const found = rejected(reason, message);
    expect(found?.cause).toBe('pod-rejected');
    expect(found?.fix).toMatch(words);
    expect(found?.text).toContain(reason === 'Terminated' ? 'ended the pod' : 'rejected the pod');
  });
});

test.each([
  ['Usage of EmptyDir volume "tmp" exceeds the limit "2Mi". ', /volume tmp.*sizeLimit/],
  ['Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ', /limit of ephemeral-storage/],
  ['Container backend exceeded its local ephemeral storage limit "2Mi". ', /limit of ephemeral-storage/],
  ['The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ', /memory on the node/],
  ['The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi', /disk of the node/],
  ['The node had condition: [DiskPressure]. ', /disk of the node/],
  ['The node was low on resource: pids. ', /what the node lacks/],
])('an eviction has the advice for what was used up: %s', (message, words) => {
  const state = changed('evicted', ({ objects }) => {
    for (const object of objects) if (object.reason === 'Evicted') object.message = message;
  });
  expect(first(state)?.fix).toMatch(words);
});

describe('an old pod that does not end', () => {
  const late = (change: (pod: RecordedState['objects'][number], state: RecordedState) => void) =>
    first(
      changed('rollout-in-progress', (state) => {
        const old = pod(state, 'backend');
        Object.assign(old.metadata, { deletionTimestamp: '2026-11-23T21:00:00Z', deletionGracePeriodSeconds: 30 });
        change(old, state);
      }),
    );

  test('is not forced while its node answers', () => {
    const found = late(() => {});
    expect(found).toMatchObject({ severity: 'error', cause: 'old-pod-ending' });
    expect(found?.fix).not.toContain('--force');
  });

  test('is forced only where its node is gone', () => {
    const gone = (old: RecordedState['objects'][number]) => {
      old.spec.nodeName = 'node-9';
    };
    const found = late(gone);
    expect(found?.cause).toBe('old-pod-ending');
    expect(found?.fix).toMatch(/only if the machine of the node node-9 is off.*--force$/s);
    expect(
      late((old, state) => {
        gone(old);
        state.objects.splice(0, Infinity, ...state.objects.filter(({ kind }) => kind !== 'Node'));
        Object.assign(state, { forbidden: ['list nodes'] });
      })?.fix,
    ).not.toContain('--force');
  });

  test('is not forced where a finalizer blocks it, because that would not help', () => {
    const found = late(({ metadata }) => {
      metadata.finalizers = ['example.com/guard'];
    });
    expect(found?.text).toContain('finalizers block it: example.com/guard');
    expect(found?.fix).not.toContain('--force');
  });
});

test('a user who may not list Deployments has no advice to apply', () => {
  const state = { ...recording('only-foundation'), forbidden: ['list deployments'] };
  expect(summaryOf(state).filter((line) => line.includes('not-applied'))).toEqual([]);
});

test('a studio whose pods cannot be read has only the finding not-readable', () => {
  expect(summaryOf(madeState('no-pods'))).toEqual(['error not-readable: permissions']);
});

test('commands carry the context that the user named', () => {
  const kubectl = new Kubectl({ context: 'staging' });
  const rendered = new Manifests(recording('healthy').objects);
  for (const state of [recording('only-foundation'), { ...recording('healthy'), objects: [] }]) {
    const [found] = diagnosisOf(state, { kubectl, rendered });
    expect(found?.fix).toMatch(/\nkubectl --context=staging apply -f dist\/foundation -f dist\/$/);
  }
});

describeWith(['kubectl'], 'the advice about rollouts', () => {
  let cluster: FakeApiServer;
  afterEach(() => cluster.close());

  const follow = async (state: RecordedState, cause: string, folder?: string) => {
    cluster = await clusterOf(state);
    const done = await followed(cluster, findingOf(state, cause), folder);
    expect(done.filter(({ code }) => code !== 0)).toEqual([]);
    return done.map(({ output }) => output).join('\n');
  };
  const pods = () => cluster.store.list('pods').map(({ metadata }) => metadata.name as string);

  test('shows the log of a sidecar', async () => {
    const state = changedMade('istio-native-sidecar', (each) => {
      Object.assign(each, { logs: { [`${pod(each, 'backend').metadata.name}/istio-proxy`]: 'no istiod\n' } });
    });
    expect(await follow(state, 'sidecar-not-starting')).toMatch(/no istiod.*istio-proxy/s);
  });

  test('shows the log of an init container', async () => {
    const state = changedMade('init-waits-for-ever', (each) => {
      Object.assign(each, { logs: { [`${pod(each, 'backend').metadata.name}/vault-agent-init`]: 'no vault\n' } });
    });
    expect(await follow(state, 'starting')).toMatch(/no vault.*vault-agent-init/s);
  });

  test('deletes the pods that a node rejected, and no other', async () => {
    const state = changedMade('sysctl-forbidden', ({ objects, namespace }) => {
      const metadata = { name: 'somebodys-job', namespace };
      objects.push({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] }, status: { phase: 'Failed' } });
    });
    expect(await follow(state, 'pod-rejected')).toMatch(/Allocatable/);
    expect(pods().filter((name) => name.includes('frontend'))).toEqual([]);
    expect(pods()).toContain('somebodys-job');
    expect(pods().filter((name) => /backend|ingestion/.test(name))).toHaveLength(2);
  });

  test('deletes a pod that was evicted', async () => {
    await follow(recording('evicted'), 'evicted');
    expect(pods()).not.toContain('junjo-ai-studio-backend-559d7958f4-s4vkc');
    expect(pods().some((name) => name.includes('backend'))).toBe(true);
  });

  test.each([
    ['starting', recording('starting'), /junjo-ai-studio-backend/],
    [
      'deadline-exceeded',
      changed('deadline-exceeded', (state) => {
        for (const event of state.objects) if (event.reason === 'Unhealthy') event.reason = 'Other';
      }),
      /Readiness/,
    ],
    [
      'old-pod-ending',
      changed('rollout-in-progress', (state) => {
        const times = { deletionTimestamp: '2026-11-23T21:00:00Z', deletionGracePeriodSeconds: 30 };
        Object.assign(pod(state, 'backend').metadata, times);
      }),
      /Terminating/,
    ],
  ])('%s shows the reason', async (cause, state, words) => {
    expect(await follow(state, cause)).toMatch(words);
  });

  test('forces the end of an old pod whose node is gone', async () => {
    const state = changed('rollout-in-progress', (each) => {
      const old = pod(each, 'backend');
      Object.assign(old.metadata, { deletionTimestamp: '2026-11-23T21:00:00Z', deletionGracePeriodSeconds: 30 });
      old.spec.nodeName = 'node-9';
    });
    expect(await follow(state, 'old-pod-ending')).toMatch(/junjo-ai-studio-backend-\S+" force deleted/);
  });

  test('applies what is missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'junjo-apply-'));
    mkdirSync(join(folder, 'dist/foundation'), { recursive: true });
    const state = recording('only-foundation');
    const { namespace } = state;
    const file = (name: string, object: object) => writeFileSync(join(folder, 'dist', name), JSON.stringify(object));
    file('foundation/00-namespace.json', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const metadata = { name: 'junjo-ai-studio-backend', namespace };
    file('10-backend.json', { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: {} });
    await follow(state, 'not-applied', folder);
    expect(cluster.store.list('deployments').map((each) => each.metadata.name)).toEqual(['junjo-ai-studio-backend']);
    rmSync(folder, { recursive: true });
  });
});
