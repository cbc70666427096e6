import { readFileSync } from 'node:fs';
import { causes } from '../../../cluster/diagnosis';
import { Manifests } from '../../../render/manifest';
import { diagnosisOf, type RecordedState, recording, summaryOf } from '../../support/cluster-state';
import {
  changed,
  crashes,
  diagnosisOfCrash,
  made,
  ofTwoContainers,
  refusesSetting,
  runsRelease,
} from '../../support/made-states';

test.each(Object.entries(made))('%s', (_, [state, first]) => {
  expect(summaryOf(state)[0]).toBe(first);
});

test.each(crashes)('the log decides the cause of a crash: %s', (log, cause) => {
  expect(diagnosisOfCrash(log)[0]?.cause).toBe(cause);
});

test('any other crash is reported with its last log line', () => {
  const log =
    'Traceback (most recent call last):\n  File "x.py"\nValueError: JUNJO_ALLOW_ORIGINS must not be *\n  at y\n';
  expect(diagnosisOfCrash(log)[0]?.text).toBe(
    'backend exits with code 1, 3 times so far: ValueError: JUNJO_ALLOW_ORIGINS must not be *',
  );
});

describe('a backend that rejects a setting', () => {
  const first = (log: string) => diagnosisOf(refusesSetting(log))[0];

  test('is reported with its log line, and with the source of the setting', () => {
    const log = '{"level":"info"}\nConfiguration error: PORT must be between 1 and 65535\n';
    expect(first(log)?.text).toBe('the backend rejects a setting: PORT must be between 1 and 65535');
    expect(first(log)?.fix).toMatch(/env file[\s\S]*get configmap junjo-ai-studio-backend-settings --output=yaml$/);
  });

  test('is reported without that line', () => {
    expect(first('started\n')?.text).toBe('the backend rejects a setting, and its log does not say which');
    expect(first('started\n')?.fix).toMatch(/logs junjo-ai-studio-backend-\S+ -c backend --previous/);
  });

  test('is reported with the last such line', () => {
    const log = 'Configuration error: GRPC_PORT is not a number\nConfiguration error: PORT is not a number\n';
    expect(first(log)?.text).toBe('the backend rejects a setting: PORT is not a number');
  });

  test('is not reported for another container of the pod', () => {
    const state = refusesSetting('Configuration error: of another program\n');
    for (const { kind, status } of state.objects) {
      if (kind === 'Pod' && status.containerStatuses[0].lastState.terminated?.exitCode === 2) {
        status.containerStatuses[0].name = 'mesh-proxy';
      }
    }
    expect(diagnosisOf(state).map(({ cause }) => cause)).not.toContain('setting-refused');
    expect(diagnosisOf(state)[0]?.cause).toBe('crash-loop');
  });

  test('shows no value that may be secret, and no more than a line', () => {
    const secret = Buffer.from('a token of this test, of some length').toString('base64');
    const log = `Configuration error: JUNJO_INTERNAL_GRPC_TOKEN=short is too short, ${secret} is not ${'x '.repeat(400)}\n`;
    expect(first(log)?.text).not.toMatch(new RegExp(`short is|${secret}`));
    expect(first(log)?.text.length).toBeLessThan(400);
  });

  test.each([
    ['another exit code', { exitCode: 1 }, '0.86.0'],
    ['a release that ends otherwise', { exitCode: 2 }, '0.82.1'],
  ])('is not taken for a crash with %s', (_, { exitCode }, tag) => {
    const state = refusesSetting('Configuration error: PORT');
    runsRelease(tag, 'backend', 'ingestion')(state);
    for (const { status } of state.objects.filter(({ kind }) => kind === 'Pod')) {
      const { terminated } = status.containerStatuses[0].lastState;
      if (terminated?.exitCode === 2) terminated.exitCode = exitCode;
    }
    expect(diagnosisOf(state)[0]?.cause).toBe('crash-loop');
  });
});

test('a studio of two containers is healthy without a frontend', () => {
  expect(summaryOf(changed('healthy', ofTwoContainers))).toEqual([]);
});

test.each([
  ['0.86.0', '0.85.0', 'spans are stored without the id of their API key'],
  ['0.85.0', '0.86.0', 'ingestion rejects every API key as UNAVAILABLE'],
  ['0.82.1', '0.81.5', 'which belong to different release lines'],
])('backend %s and ingestion %s: %s', (backend, ingestion, consequence) => {
  const state = changed('healthy', (each) => {
    runsRelease(backend, 'backend')(each);
    runsRelease(ingestion, 'ingestion')(each);
  });
  const found = diagnosisOf(state).find(({ cause }) => cause === 'mixed-releases');
  expect(found?.text).toContain(consequence);
  expect(found?.fix).toContain('both roll out together');
});

test.each([
  ['of its own name, whatever its tag', 'registry.example.com:5000/team/ingestion:0.81.5'],
  ['without a tag', `docker.io/mdrideout/junjo-ai-studio-ingestion@sha256:${'0'.repeat(64)}`],
  ['for one platform', 'ghcr.io/mirror/junjo-ai-studio-ingestion:0.86.0-arm64'],
])('an image %s is of the release that its label says', (_, image) => {
  const state = changed('healthy', (each) => {
    ofTwoContainers(each);
    const { spec } = each.objects.find(
      ({ kind, metadata }) => kind === 'Deployment' && /ingestion/.test(metadata.name),
    );
    spec.template.spec.containers[0].image = image;
  });
  expect(summaryOf(state)).toEqual([]);
});

test('two tags of one release line fit together', () => {
  const state = changed('healthy', (each) => {
    runsRelease('0.82.1', 'backend')(each);
    runsRelease('0.82.0', 'ingestion')(each);
  });
  expect(summaryOf(state)).toEqual([]);
});

test('QDrant is a part of every release', () => {
  const state = changed('healthy', ({ objects }) => {
    const [frontend] = objects.filter(({ kind, metadata }) => kind === 'Deployment' && /frontend/.test(metadata.name));
    objects.push({ ...frontend, metadata: { ...frontend.metadata, name: 'junjo-ai-studio-qdrant', uid: 'qdrant' } });
  });
  expect(summaryOf(state).filter((line) => line.includes('not-rendered'))).toEqual([]);
});

test('the rendering decides what is not rendered, where there is one', () => {
  const state = changed('healthy', runsRelease('0.86.0', 'backend', 'ingestion'));
  const rendered = new Manifests(state.objects);
  expect(summaryOf(state, { rendered })).toEqual([]);
  const others = new Manifests(state.objects.filter(({ metadata }) => !metadata.name.includes('ingestion')));
  expect(summaryOf(state, { rendered: others })).toEqual(['error not-rendered: Deployment junjo-ai-studio-ingestion']);
});

test('a Deployment of another owner that only reads the data, or is stopped, is left alone', () => {
  const state = changed('healthy', ({ objects }) => {
    const backend = objects.find(({ kind, metadata }) => kind === 'Deployment' && /backend/.test(metadata.name));
    const copy = (name: string) => ({ ...structuredClone(backend), metadata: { name } });
    const [reader, mounter, stopped] = [copy('reader'), copy('mounter'), copy('stopped')];
    stopped.spec.replicas = 0;
    stopped.status = reader.status = { readyReplicas: 1, updatedReplicas: 1, replicas: 1 };
    mounter.status = reader.status;
    for (const container of mounter.spec.template.spec.containers) {
      for (const mount of container.volumeMounts ?? []) mount.readOnly = true;
    }
    for (const volume of reader.spec.template.spec.volumes) {
      if (volume.persistentVolumeClaim) volume.persistentVolumeClaim.readOnly = true;
    }
    objects.push(reader, mounter, stopped);
  });
  expect(summaryOf(state).filter((line) => line.includes('not-rendered'))).toEqual([]);
});

describe('a workload of another owner in the namespace', () => {
  const beside = (change: (copy: RecordedState['objects'][number], state: RecordedState) => void) =>
    changed('healthy', (state) => {
      const backend = state.objects.find(
        ({ kind, metadata }) => kind === 'Deployment' && /backend/.test(metadata.name),
      );
      const copy = { ...structuredClone(backend), metadata: { name: 'theirs' }, status: {} };
      state.objects.push(copy);
      change(copy, state);
    });
  const found = (...args: Parameters<typeof summaryOf>) =>
    summaryOf(...args).filter((line) => line.includes('not-rendered'));

  test('may write a claim of its own', () => {
    const state = beside(({ spec }) => {
      for (const { persistentVolumeClaim } of spec.template.spec.volumes) {
        if (persistentVolumeClaim) persistentVolumeClaim.claimName = 'theirs';
      }
    });
    expect(found(state)).toEqual([]);
  });

  test('may not write the data of the studio, even as a StatefulSet', () => {
    const state = beside((copy) => {
      copy.kind = 'StatefulSet';
    });
    expect(found(state)).toEqual(['error not-rendered: StatefulSet theirs']);
  });

  test('is reported where the backend is rendered but does not run', () => {
    const rendered = new Manifests(recording('healthy').objects);
    const state = beside((_, { objects }) => {
      const others = objects.filter(({ kind, metadata }) => kind !== 'Deployment' || !/backend/.test(metadata.name));
      objects.splice(0, Infinity, ...others);
    });
    expect(found(state)).toEqual([]);
    expect(found(state, { rendered })).toEqual(['error not-rendered: Deployment theirs']);
  });
});

test('a volume is reported before it is full', () => {
  const volumes = (usedBytes: number) => new Map([['junjo-ai-studio-data', { usedBytes, capacityBytes: 100 }]]);
  expect(summaryOf(recording('healthy'), { volumes: volumes(84) })).toEqual([]);
  expect(summaryOf(recording('healthy'), { volumes: volumes(91) })).toEqual([
    'warning volume-full: claim junjo-ai-studio-data',
  ]);
});

test('old warnings of a start do not affect a healthy studio', () => {
  const state = changed('healthy', ({ objects }) => {
    const event = objects.find(({ reason }) => reason === 'Unhealthy');
    objects.push({ ...event, reason: 'FailedScheduling', message: '0/1 nodes are available: 1 Insufficient memory.' });
  });
  expect(summaryOf(state)).toEqual([]);
});

test('a load balancer that takes too long is no longer a wait', () => {
  const state = { ...recording('load-balancer-pending'), recorded: '2026-11-23T21:30:00Z' };
  expect(summaryOf(state)[0]).toMatch(/^error load-balancer-pending/);
});

test('every cause is shown by a state or a log of these tests', () => {
  const tests = ['recordings', 'intake'].map((name) => `test/cluster/diagnosis/${name}.test.ts`);
  const sources = [...tests, 'test/support/made-states.ts'];
  const text = sources.map((file) => readFileSync(file, 'utf8')).join();
  const shown = (name: string) => new RegExp(`(error|warning|wait) ${name}: |, '${name}'\\]`).test(text);
  expect(causes.map(({ name }) => name).filter((name) => !shown(name))).toEqual([]);
});

test('no two causes have the same name', () => {
  const names = causes.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});
