import { readFileSync } from 'node:fs';
import { COPY_POD } from '../../../config/names';
import { diagnosisOf, madeState, type RecordedState, recording, summaryOf } from '../../support/cluster-state';
import { clusterOf, findingOf, followed } from '../../support/follow-advice';
import { changed, made, pod } from '../../support/made-states';
import { describeWith } from '../../support/programs';

type Terminated = Readonly<Record<string, unknown>>;

/** The first finding about the backend. */
const first = (state: RecordedState) => diagnosisOf(state).find(({ subjects }) => subjects.includes('backend'));

/** The backend of a crash loop, with what it wrote and how it ended. */
function crash(log: string | undefined, terminated: Terminated = {}, change?: (state: RecordedState) => void) {
  const state = recording('crash-loop');
  const backend = pod(state, 'backend');
  const status = backend.status.containerStatuses[0];
  Object.assign(status.lastState.terminated, terminated);
  change?.(state);
  return log === undefined ? state : { ...state, logs: { [`${backend.metadata.name}/backend`]: log } };
}

/** The backend whose guard ended in some way. */
function guard(terminated: Terminated, log?: string, waiting: object = { reason: 'CrashLoopBackOff' }): RecordedState {
  const state = madeState('guard-oom');
  const backend = pod(state, 'backend');
  const [status] = backend.status.initContainerStatuses;
  status.state = { waiting };
  status.lastState = {
    terminated: {
      reason: 'Error',
      startedAt: '2026-11-23T21:10:40Z',
      finishedAt: '2026-11-23T21:10:50Z',
      ...terminated,
    },
  };
  return log === undefined ? state : { ...state, logs: { [`${backend.metadata.name}/upgrade-guard`]: log } };
}

const mounted = (state: RecordedState) => pod(state, 'backend').spec.containers[0].volumeMounts[0];
const claim = ({ objects }: RecordedState) => objects.find(({ kind }) => kind === 'PersistentVolumeClaim');

describe('the upgrade guard', () => {
  test('rejects data only with its own exit code and message', () => {
    const message = 'This volume holds other spans.\nSet JUNJO_K8S_RELEASE=0.70.3 to go back.\n';
    expect(first(guard({ exitCode: 1, message }))).toMatchObject({
      cause: 'guard-tripped',
      text: 'This volume holds other spans. Set JUNJO_K8S_RELEASE=0.70.3 to go back.',
    });
  });

  test('rejects data in its log too, where it cannot leave the message', () => {
    const log = 'upgrade-guard stops the start.\nThis volume holds other spans.\n';
    expect(first(guard({ exitCode: 1 }, log))).toMatchObject({
      cause: 'guard-tripped',
      text: 'This volume holds other spans.',
    });
  });

  test.each<[string, RecordedState, RegExp, RegExp]>([
    [
      'is killed for its memory',
      madeState('guard-oom'),
      /memory limit of 128Mi \(OOMKilled\)/,
      /Raise the memory limit/,
    ],
    [
      'has too little memory to start',
      guard({ exitCode: 128, reason: 'StartError', message: 'container init was OOM-killed (memory limit too low?)' }),
      /memory limit of 128Mi/,
      /Raise the memory limit/,
    ],
    [
      'has no python3',
      guard({
        exitCode: 128,
        reason: 'StartError',
        message:
          'OCI runtime create failed: runc create failed: unable to start container process: exec: "python3": executable file not found in $PATH: unknown',
      }),
      /has no python3: .*executable file not found/,
      /JUNJO_K8S_TOOLS_IMAGE/,
    ],
    [
      'is told why python crashed',
      guard(
        { exitCode: 1 },
        'Traceback (most recent call last):\n  File "/x.py", line 1, in main\nKeyError: \'lines\'\n',
      ),
      /crashed with code 1: KeyError: 'lines'/,
      /Read its log/,
    ],
    [
      'is told why python crashed, where the message is taken from the log',
      guard({ exitCode: 1, message: 'Traceback (most recent call last):\n  File "/x.py"\nKeyError: \'lines\'\n' }),
      /crashed with code 1: KeyError: 'lines'/,
      /Read its log/,
    ],
    [
      'does not find its program',
      guard(
        { exitCode: 2 },
        "python3: can't open file '/etc/junjo-upgrade-guard/upgrade-guard.py': [Errno 2] No such file or directory\n",
      ),
      /crashed with code 2: python3: can't open file/,
      /apply the whole output/,
    ],
    ['is killed from outside', guard({ exitCode: 137 }), /was killed with code 137 \(SIGKILL\)/, /short of memory/],
    [
      'is for another processor, where its log may not be read',
      madeState('exec-format-error-log-forbidden'),
      /255 within a second of its start.*image.*processor architecture.*lack permission to read its log/,
      /built for the processor architecture of the node/,
    ],
  ])('%s: it has not checked the data', (_, state, text, fix) => {
    const found = first(state);
    expect(found?.cause).toBe('guard-crashed');
    expect(found?.text).toMatch(text);
    expect(found?.text).toContain('It has not checked the data, and has not changed it');
    expect(found?.fix).toMatch(fix);
    expect(found?.fix).not.toMatch(/ACCEPT_DATA_LOSS/);
  });

  test('that finds the volume full, read-only or of another user reports that cause', () => {
    const of = (message: string) => first(guard({ exitCode: 1, message }, undefined))?.cause;
    const withClaim = (message: string) => {
      const state = guard({ exitCode: 1, message });
      const { spec } = pod(state, 'backend');
      spec.initContainers[0].volumeMounts = spec.containers[0].volumeMounts;
      return first(state)?.cause;
    };
    const program = readFileSync('charts/programs/upgrade-guard.py', 'utf8');
    const said = (start: RegExp) => start.exec(program)?.[0] ?? '';
    expect(withClaim(said(/The volume is full[^\\"]*/))).toBe('volume-full');
    expect(withClaim(said(/The volume is read-only[^\\"]*/))).toBe('volume-read-only');
    expect(of(said(/The user \{os\.getuid\(\)\} of the pod[^\\"]*/))).toBe('volume-permission-denied');
    expect(of('The user 10001 of the pod may not read or write all of the volume')).toBe('volume-permission-denied');
  });
});

describe('a container that ends with 255', () => {
  const at = { startedAt: '2026-11-23T21:09:00Z', finishedAt: '2026-11-23T21:09:00Z', exitCode: 255 };

  test('at once and without a log has an image for another processor', () => {
    expect(first(crash('', at))?.text).toMatch(/a different processor architecture.*Its log is empty/);
    const forbidden = { ...crash(undefined, at), forbidden: ['get pods/log'] };
    expect(first(forbidden)?.text).toMatch(/a different processor architecture.*You lack permission to read its log/);
  });

  test.each<[string, string, Terminated]>([
    ['later', '', { ...at, startedAt: '2026-11-23T21:08:00Z' }],
    ['and says why', 'no such setting', at],
    ['in words of another code', '', { ...at, exitCode: 1 }],
  ])('%s: is an ordinary crash', (_, log, terminated) => {
    expect(first(crash(log, terminated))?.text).not.toContain('processor');
  });

  test('because its node was rebooted did not crash', () => {
    const found = diagnosisOf(madeState('csi-missing-after-reboot')).map(({ cause }) => cause);
    expect(found).not.toContain('crash-loop');
    for (const reason of ['Unknown', 'ContainerStatusUnknown'])
      expect(first(crash('', { ...at, reason }))?.cause).not.toBe('crash-loop');
  });

  test('because its node was rebooted was not restarted for a crash', () => {
    const state = changed('healthy', (each) => {
      const [status] = pod(each, 'backend').status.containerStatuses;
      const terminated = { exitCode: 255, reason: 'Unknown', finishedAt: each.recorded };
      Object.assign(status, { restartCount: 4, lastState: { terminated } });
    });
    expect(summaryOf(state)).toEqual([]);
  });
});

describe('the reason of a crash', () => {
  test.each([
    ['bad-cookie-key', /JUNJO_SECURE_COOKIE_KEY must be a valid base64 string/, 'Correct JUNJO_SECURE_COOKIE_KEY'],
    ['frontend-rollout-crashes', /JUNJO_PROD_BACKEND_URL is required/, 'Correct JUNJO_PROD_BACKEND_URL'],
  ])('%s: the line names the setting', (name, text, fix) => {
    const [found] = diagnosisOf(madeState(name));
    expect(found?.cause).toBe('crash-loop');
    expect(found?.text).toMatch(text);
    expect(found?.fix).toContain(fix);
  });

  test('is unknown where logs may not be read', () => {
    const found = first({ ...crash(undefined), forbidden: ['get pods/log'] });
    expect(found?.text).toMatch(/exits with code 1, \d times so far\. You lack permission to read its log/);
    expect(found?.fix).not.toContain(' logs ');
  });

  test('names the signal that ended it', () => {
    expect(first(crash('', { exitCode: 139 }))?.text).toContain('code 139 (SIGSEGV)');
  });
});

describe('a volume that cannot be written', () => {
  const readonly = '(sqlite3.OperationalError) attempt to write a readonly database\n';
  const rofs = "OSError: [Errno 30] Read-only file system: '/app/.dbdata/sqlite/junjo.db'\n";

  test.each<[string, (state: RecordedState) => void, RegExp]>([
    [
      'the container',
      (state) => {
        mounted(state).readOnly = true;
      },
      /container backend mounts it with readOnly/,
    ],
    [
      'the pod',
      (state) => {
        for (const { persistentVolumeClaim } of pod(state, 'backend').spec.volumes)
          if (persistentVolumeClaim) persistentVolumeClaim.readOnly = true;
      },
      /pod mounts the claim junjo-ai-studio-data with readOnly/,
    ],
    [
      'an option of the volume',
      ({ objects }) => {
        objects.find(({ kind }) => kind === 'PersistentVolume').spec.mountOptions = ['ro'];
      },
      /volume pvc-\S+ itself is read-only/,
    ],
    [
      'the driver of the volume',
      ({ objects }) => {
        objects.find(({ kind }) => kind === 'PersistentVolume').spec.csi = { driver: 'x', readOnly: true };
      },
      /volume pvc-\S+ itself is read-only/,
    ],
    [
      'its access mode',
      (state) => {
        claim(state).spec.accessModes = ['ReadOnlyMany'];
      },
      /only the access mode ReadOnlyMany/,
    ],
  ])('because of %s', (_, change, text) => {
    for (const log of [readonly, rofs]) {
      const found = first(crash(log, {}, change));
      expect(found?.cause).toBe('volume-read-only');
      expect(found?.text).toMatch(text);
      expect(found?.fix).not.toContain('chown');
    }
  });

  test('because the node mounted it read-only', () => {
    const found = first(crash(rofs));
    expect(found?.cause).toBe('volume-read-only');
    expect(found?.text).toContain('finds an error in it');
    expect(found?.fix).not.toContain('chown -R');
  });

  test('for one of two reasons is reported with both', () => {
    const found = first(crash(readonly));
    expect(found?.cause).toBe('volume-permission-denied');
    expect(found?.text).toMatch(/another user, or the node mounted the volume read-only/);
    expect(found?.fix).toMatch(
      /exec junjo-ai-studio-ingestion-\S+ -c ingestion -- grep \/app\/\.dbdata \/proc\/mounts/,
    );
  });

  test('because of the owner of its files', () => {
    const found = first(crash("PermissionError: [Errno 13] Permission denied: '/app/.dbdata/x'"));
    expect(found).toMatchObject({ cause: 'volume-permission-denied', text: expect.stringContaining('another user') });
  });

  test('although the log complains only about another folder', () => {
    for (const log of [
      "OSError: [Errno 30] Read-only file system: '/usr/share/x'",
      "PermissionError: [Errno 13] Permission denied: '/root/.cache'",
    ])
      expect(first(crash(log))?.cause).toBe('crash-loop');
  });

  test('by the container that only waits for its mark is not reported', () => {
    expect(summaryOf(recording('healthy'))).toEqual([]);
  });
});

describe('a full disk', () => {
  const volumes = (usedBytes: number) => new Map([['junjo-ai-studio-data', { usedBytes, capacityBytes: 100 }]]);

  test('on the volume', () => {
    const found = first(crash("OSError: [Errno 28] No space left on device: '/app/.dbdata/x'"));
    expect(found).toMatchObject({ cause: 'volume-full', text: expect.stringContaining('its volume is full') });
    expect(found?.fix).toMatch(/JUNJO_K8S_STORAGE_SIZE/);
  });

  test('on a volume that is nearly empty', () => {
    const [found] = diagnosisOf(crash('sqlite3.OperationalError: database or disk is full'), { volumes: volumes(10) });
    expect(found?.text).toContain('only 10 % full');
  });

  test.each([
    ['an emptyDir', '/tmp/spill/1', /emptyDir tmp, at most \S+\).*on the disk of its node/],
    ['the file system of the container', '/var/x', /file system of the container backend.*on the disk of its node/],
  ])('in %s', (_, path, text) => {
    const found = first(crash(`OSError: [Errno 28] No space left on device: '${path}'`));
    expect(found?.cause).toBe('node-storage-full');
    expect(found?.text).toMatch(text);
    expect(found?.fix).toContain('JUNJO_K8S_STORAGE_SIZE does not help');
  });

  test('in an emptyDir that is in memory', () => {
    const state = crash("OSError: [Errno 28] No space left on device: '/tmp/x'", {}, (each) => {
      for (const { emptyDir } of pod(each, 'backend').spec.volumes) if (emptyDir) emptyDir.medium = 'Memory';
    });
    expect(first(state)?.text).toContain('in memory');
    expect(first(state)?.fix).toContain('sizeLimit');
  });
});

describe('memory', () => {
  const start = (message: string) =>
    changed('start-error', (state) => {
      pod(state, 'backend').status.containerStatuses[0].lastState = {
        terminated: { exitCode: 128, reason: 'StartError', message, finishedAt: '2026-11-23T21:08:26Z' },
      };
    });

  test.each([
    'cannot start a stopped process: unknown',
    'failed to create containerd task: OCI runtime create failed: runc create failed: unable to start container process: container init was OOM-killed (memory limit too low?): unknown',
    'unable to apply cgroup configuration: failed to write "524288": write /sys/fs/cgroup/kubepods.slice/x/memory.max: device or resource busy',
    'unable to set memory limit to 524288 (current usage: 1257472, peak usage: 1257472)',
    'set memory limit 524288 too low; should be at least 12582912 bytes',
  ])('that does not let a container start: %s', (message) => {
    expect(first(start(message))?.cause).toBe('oom-killed');
    expect(first(start(message))?.fix).not.toContain('command');
  });

  test.each(['RunContainerError', 'CreateContainerError'])('that a container waits for with %s', (reason) => {
    const state = changed('crash-loop', (each) => {
      const [status] = pod(each, 'backend').status.containerStatuses;
      status.lastState = {};
      status.state = { waiting: { reason, message: 'container init was OOM-killed (memory limit too low?)' } };
    });
    expect(first(state)?.cause).toBe('oom-killed');
  });

  test('is not reported for another limit of a cgroup', () => {
    expect(
      first(start('unable to start container process: unable to apply cgroup configuration: cpu.max: x'))?.cause,
    ).toBe('start-error');
  });

  test('of the node, where the container has no limit', () => {
    const state = changed('oom-killed', (each) => {
      pod(each, 'backend').spec.containers[0].resources = {};
    });
    expect(first(state)?.text).toMatch(/has no memory limit, and was killed because its node/);
  });
});

describe('a container that is ended from outside', () => {
  test('with SIGKILL', () => {
    const found = first(madeState('exit-137'));
    expect(found?.cause).toBe('killed');
    expect(found?.text).toMatch(/SIGKILL.*without the reason OOMKilled/);
  });

  test('with SIGTERM', () => {
    expect(first(crash('', { exitCode: 143 }))).toMatchObject({
      cause: 'killed',
      text: expect.stringContaining('SIGTERM'),
    });
  });

  test('because of a probe is reported as such', () => {
    expect(diagnosisOf(recording('liveness-killing'))[0]?.cause).toBe('liveness-failing');
  });

  test('for its memory is reported as such', () => {
    expect(diagnosisOf(recording('oom-killed'))[0]?.cause).toBe('oom-killed');
  });
});

describe('a lock', () => {
  test.each([
    'sqlite3.OperationalError: database is locked',
    'duckdb.duckdb.IOException: IO Error: Could not set lock on file "/app/.dbdata/duckdb/traces.duckdb": Conflicting lock is held in /usr/bin/python3 (PID 1).',
    'while opening memtables error: Cannot acquire directory lock on "/app/.dbdata/badgerdb".  Another process is using this Badger database. error: resource temporarily unavailable',
  ])('that another process holds: %s', (log) => {
    expect(first(crash(log))?.cause).toBe('second-writer');
  });

  test.each(["RuntimeError: can't start new thread: Resource temporarily unavailable", 'the account is locked'])(
    'is not meant by: %s',
    (log) => {
      expect(first(crash(log))?.cause).toBe('crash-loop');
    },
  );
});

describe('two writers', () => {
  const [twice] = made['two pods that write the same data'] ?? [recording('healthy')];

  /** A pod beside the studio that mounts its data. */
  const beside = (change: (foreign: RecordedState['objects'][number]) => void = () => {}) =>
    changed('healthy', (state) => {
      const foreign = structuredClone(pod(state, 'backend'));
      foreign.metadata = { name: 'debug', namespace: state.namespace };
      change(foreign);
      state.objects.push(foreign);
    });

  test('of one component are reported before anything crashes', () => {
    const found = first(twice);
    expect(found?.text).toMatch(/2 pods write to the claim junjo-ai-studio-data at the same time/);
    expect(found?.text).not.toContain('still serve');
  });

  test('of which one has no owner, or belongs to a Job', () => {
    expect(summaryOf(beside())[0]).toBe('error two-writers: pod debug');
    const job = beside(({ metadata }) => {
      metadata.ownerReferences = [{ kind: 'Job', name: 'export', controller: true }];
    });
    expect(diagnosisOf(job)[0]?.fix).toContain('delete job export');
  });

  test.each<[string, (foreign: RecordedState['objects'][number]) => void]>([
    [
      'has ended',
      ({ status }) => {
        status.phase = 'Succeeded';
      },
    ],
    [
      'is ending',
      ({ metadata }) => {
        metadata.deletionTimestamp = '2026-11-23T21:00:00Z';
      },
    ],
    [
      'copies for a backup',
      ({ metadata }) => {
        metadata.name = COPY_POD;
        metadata.annotations = {};
      },
    ],
    [
      'copies for VolSync',
      ({ metadata }) => {
        metadata.labels = { 'app.kubernetes.io/created-by': 'volsync' };
      },
    ],
    [
      'belongs to a Deployment',
      ({ metadata }) => {
        metadata.ownerReferences = [{ kind: 'ReplicaSet', name: 'x' }];
      },
    ],
    [
      'only reads',
      ({ spec }) => {
        for (const { volumeMounts } of spec.containers) for (const mount of volumeMounts) mount.readOnly = true;
      },
    ],
    [
      'has another claim',
      ({ spec }) => {
        for (const { persistentVolumeClaim } of spec.volumes)
          if (persistentVolumeClaim) persistentVolumeClaim.claimName = 'x';
      },
    ],
  ])('are not found where the other %s', (_, change) => {
    expect(summaryOf(beside(change)).filter((line) => line.includes('two-writers'))).toEqual([]);
  });

  test('are not found during a rollout, whose old pod ends first', () => {
    expect(summaryOf(recording('rollout-in-progress')).filter((line) => line.includes('two-writers'))).toEqual([]);
  });
});

test('no advice about a crash has a command in a sentence', () => {
  for (const [state] of Object.values(made)) {
    for (const { fix, cause } of diagnosisOf(state)) {
      if (
        /^(guard|volume-(read|per|full)|node-storage|two|second|killed|crash|oom|init|start-|restarting|setting|secret|config)/.test(
          cause,
        )
      )
        expect(fix.split('\n')[0]).not.toMatch(/kubectl|junjo-k8s|…/);
    }
  }
});

describeWith(['kubectl'], 'what is advised about crashes', () => {
  const killed = crash('', { exitCode: 143 });
  const ambiguous = crash('attempt to write a readonly database');
  const cases: readonly (readonly [cause: string, state: RecordedState, shows: readonly RegExp[]])[] = [
    [
      'guard-tripped',
      { ...madeState('guard-tripped'), logs: logsOf(madeState('guard-tripped'), 'spans of 0.70') },
      [/spans of 0\.70/],
    ],
    ['guard-crashed', madeState('guard-oom'), [/OOMKilled/]],
    ['guard-crashed', madeState('exec-format-error-log-forbidden'), [/node-1/]],
    ['guard-crashed', guard({ exitCode: 2 }, "can't open file"), [/can't open file/]],
    ['oom-killed', recording('oom-killed'), [/OOMKilled/]],
    ['start-error', recording('start-error'), [/StartError/]],
    ['init-failed', made['init container that fails']?.[0] ?? recording('healthy'), [/^$/]],
    [
      'container-config',
      made['container runs as root against its policy']?.[0] ?? recording('healthy'),
      [/CreateContainerConfigError/],
    ],
    ['crash-loop', madeState('bad-cookie-key'), [/JUNJO_SECURE_COOKIE_KEY must be/]],
    ['crash-loop', madeState('frontend-rollout-crashes'), [/JUNJO_PROD_BACKEND_URL is required/]],
    ['killed', madeState('exit-137'), [/MemoryPressure|node-1/, /Exit Code:\s+137/]],
    ['killed', killed, [/Exit Code:\s+143/, /^$/]],
    ['volume-read-only', madeState('read-only-volume-with-data'), [/"readOnly":true/]],
    [
      'volume-read-only',
      crash('Read-only file system', {}, ({ objects }) => {
        objects.find(({ kind }) => kind === 'PersistentVolume').spec.mountOptions = ['ro'];
      }),
      [/Access Modes/, /- ro/],
    ],
    ['volume-full', crash('No space left on device'), [/Status:\s+Bound/]],
    ['node-storage-full', crash("No space left on device: '/tmp/x'"), [/node-1/, /\/tmp from tmp/]],
    ['second-writer', crash('database is locked'), [/junjo-ai-studio-backend-/, /Used By/]],
    ['readiness-failing', recording('readiness-failing'), [/^$/]],
    ['liveness-failing', recording('liveness-killing'), [/^$/]],
    ['startup-failing', recording('startup-failing'), [/^$/]],
    ['restarting', made['container that is healthy between two crashes']?.[0] ?? recording('healthy'), [/^$/]],
  ];

  const stopped = made['Deployment that somebody paused']?.[0] ?? recording('healthy');

  const withSettings = made['setting that the backend rejects']?.[0] ?? recording('healthy');
  withSettings.objects.push({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'junjo-ai-studio-backend-settings', namespace: withSettings.namespace },
    data: { JUNJO_PROD_INGESTION_URL: 'spans.example.com' },
  });

  test.each<[string, RecordedState, RegExp]>([
    ['scaled-to-zero', recording('ingestion-waits-for-backend'), /scaled/],
    ['rollout-paused', stopped, /resumed/],
    ['setting-refused', withSettings, /JUNJO_PROD_INGESTION_URL/],
  ])('%s: the command helps', async (cause, state, words) => {
    const cluster = await clusterOf(state);
    try {
      const all = await followed(cluster, findingOf(state, cause));
      expect(all.map(({ code, output }) => [code, words.test(output) ? '' : output])).toEqual([[0, '']]);
    } finally {
      cluster.close();
    }
  });

  function logsOf(state: RecordedState, log: string) {
    return { [`${pod(state, 'backend').metadata.name}/upgrade-guard`]: log };
  }

  test.each(cases)('%s: the commands show why', async (cause, state, shows) => {
    const cluster = await clusterOf(state);
    try {
      const all = await followed(cluster, findingOf(state, cause));
      expect(all.map(({ code, command, output }) => [code, command, code ? output : ''])).toEqual(
        all.map(({ command }) => [0, command, '']),
      );
      expect(all).toHaveLength(shows.length);
      for (const [index, words] of shows.entries()) expect(all[index]?.output).toMatch(words);
    } finally {
      cluster.close();
    }
  });

  test('one writer is left when the advice about two is followed', async () => {
    const [state] = made['two pods that write the same data'] ?? [recording('healthy')];
    const cluster = await clusterOf(state);
    try {
      const all = await followed(cluster, findingOf(state, 'two-writers'));
      expect(all.map(({ code }) => code)).toEqual([0]);
      const backend = cluster.store
        .list('deployments', state.namespace)
        .find(({ metadata }) => /backend/.test(metadata.name));
      expect(backend?.spec.replicas).toBe(1);
    } finally {
      cluster.close();
    }
  });

  test('the pod without an owner is gone after the advice is followed', async () => {
    const state = changed('healthy', (each) => {
      const foreign = structuredClone(pod(each, 'backend'));
      foreign.metadata = { name: 'debug', namespace: each.namespace };
      each.objects.push(foreign);
    });
    const cluster = await clusterOf(state);
    try {
      const all = await followed(cluster, findingOf(state, 'two-writers'));
      expect(all.map(({ code }) => code)).toEqual([0, 0]);
      expect(cluster.store.list('pods', state.namespace).some(({ metadata }) => metadata.name === 'debug')).toBe(false);
    } finally {
      cluster.close();
    }
  });

  test('files of another user: the studio stops, and starts again', async () => {
    const state = crash("PermissionError: [Errno 13] Permission denied: '/app/.dbdata/x'", {}, ({ objects }) => {
      Object.assign(objects.find(({ kind }) => kind === 'PersistentVolume').spec, {
        csi: null,
        local: { path: '/mnt/junjo data' },
      });
    });
    const cluster = await clusterOf(state);
    try {
      const finding = findingOf(state, 'volume-permission-denied');
      expect(finding.fix).toMatch(/\nchown -R 10001:10001 '\/mnt\/junjo data'\n/);
      expect((await followed(cluster, finding)).map(({ code }) => code)).toEqual([0, 0]);
    } finally {
      cluster.close();
    }
  });

  test('a running container can show which of two reasons it is', () => {
    expect(findingOf(ambiguous, 'volume-permission-denied').fix).toContain(' exec ');
  });
});

test.each<[string, string, string]>([
  ['names a program and the volume', '/entrypoint.sh: line 5: /app/.dbdata/x: No space left on device', 'volume-full'],
  ['is of watched files', 'inotify_add_watch: No space left on device', 'crash-loop'],
  ['names a program alone', 'exec /entrypoint.sh: Permission denied', 'crash-loop'],
  [
    'is of the volume, in words of Go',
    'open /app/.dbdata/badgerdb/1.vlog: permission denied',
    'volume-permission-denied',
  ],
])('a line that %s', (_, log, cause) => {
  expect(first(crash(log))?.cause).toBe(cause);
});

test('a volume that is mounted read-only explains a crash whose log may not be read', () => {
  const state = crash(undefined, {}, (each) => {
    mounted(each).readOnly = true;
  });
  expect(first({ ...state, forbidden: ['get pods/log'] })?.cause).toBe('volume-read-only');
});

test('a container without a claim finds no room on its node', () => {
  const state = madeState('frontend-rollout-crashes');
  const [name = ''] = Object.keys(state.logs ?? {});
  const full = { ...state, logs: { [name]: 'write error: No space left on device\n' } };
  expect(diagnosisOf(full)[0]?.cause).toBe('node-storage-full');
});
