import { readFileSync } from 'node:fs';
import { App, Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { loadAll } from 'js-yaml';
import { Studio } from '../../charts/studio';
import { formatProblem } from '../../config/problems';
import { manifestsBelow } from '../../render/files';
import { patchAndCheck } from '../../render/patch-and-check';
import {
  development,
  envText,
  freshSecret,
  isOfEveryStudio,
  load,
  type Manifest,
  production,
  Rendered,
  render,
  renderAll,
  type Settings,
} from '../support/studio';

/** One studio, so that two renders differ by their patches alone. */
const base = production({ OPENAI_API_KEY: freshSecret(), JUNJO_K8S_FRONTEND_REPLICAS: '2' });

/** What a person sees who renders the studio with a patch file: objects, or what is wrong. */
function patchedWith(text: string, settings: Settings = {}, more: Readonly<Record<string, string>> = {}) {
  const files: Readonly<Record<string, string>> = { 'patches.yaml': text, ...more };
  const env = envText({ ...base, JUNJO_K8S_PATCHES: 'patches.yaml', ...settings });
  const { files: rendered, problems } = renderAll([{ files: [{ path: '.env', text: env }] }], {
    readFile: (path) => files[path],
  });
  return {
    studio: new Rendered(rendered),
    files: rendered,
    problems: problems.filter((problem) => !isOfEveryStudio(problem)).map(formatProblem),
  };
}

/** The studio after patches that are sound. */
function sound(text: string, settings?: Settings, more?: Readonly<Record<string, string>>): Rendered {
  const { studio, problems } = patchedWith(text, settings, more);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return studio;
}

/** What is wrong with patches that are not; nothing is rendered. */
function wrong(text: string, settings?: Settings): string[] {
  const { files, problems } = patchedWith(text, settings);
  expect(files).toEqual([]);
  return problems;
}

const unpatched = render(base);
const onBackend = (patch: string) => `patches:
  - target: { kind: Deployment, name: junjo-ai-studio-backend }
    patch: ${patch}
`;

describe('a patch', () => {
  test.each([
    ['operations', '[{ op: add, path: /spec/revisionHistoryLimit, value: 3 }]'],
    [
      'operations in a text of YAML, as kustomize writes it',
      '|-\n      - op: add\n        path: /spec/revisionHistoryLimit\n        value: 3',
    ],
    ['operations in a text of JSON', `'[{"op": "add", "path": "/spec/revisionHistoryLimit", "value": 3}]'`],
    ['fields to merge', '{ spec: { revisionHistoryLimit: 3 } }'],
    ['fields to merge in a text', '|-\n      spec:\n        revisionHistoryLimit: 3'],
  ])('is written as %s', (_, patch) => {
    const after = sound(onBackend(patch));
    expect(after.get('Deployment', 'junjo-ai-studio-backend').spec.revisionHistoryLimit).toBe(3);
    const spec = ({ revisionHistoryLimit: _limit, ...rest }: Manifest) => rest;
    expect(spec(after.get('Deployment', 'junjo-ai-studio-backend').spec)).toEqual(
      unpatched.get('Deployment', 'junjo-ai-studio-backend').spec,
    );
    const others = (studio: Rendered) =>
      studio.objects.filter(({ kind, metadata }) => kind !== 'Deployment' || !metadata.name.endsWith('-backend'));
    expect(others(after)).toEqual(others(unpatched));
  });

  test('without a target is for the object that it names itself', () => {
    const text = `patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: { name: junjo-ai-studio-frontend }
      spec: { revisionHistoryLimit: 3 }
`;
    const limits = sound(text)
      .ofKind('Deployment')
      .map(({ spec }) => spec.revisionHistoryLimit);
    expect(limits).toEqual([undefined, undefined, 3]);
  });

  test('is for all objects that its expressions match as a whole', () => {
    const text = (target: string) =>
      `patches: [{ target: ${target}, patch: { spec: { internalTrafficPolicy: Local } } }]`;
    const local = (target: string) =>
      sound(text(target))
        .ofKind('Service')
        .filter(({ spec }) => spec.internalTrafficPolicy)
        .map(({ metadata }) => metadata.name);
    expect(local('{ kind: Service }')).toHaveLength(5);
    expect(local('{ kind: Service, name: junjo-ai-studio-backend }')).toEqual(['junjo-ai-studio-backend']);
    expect(local("{ kind: Service, name: 'junjo-ai-studio-(backend|frontend)' }")).toEqual([
      'junjo-ai-studio-backend',
      'junjo-ai-studio-frontend',
    ]);
    expect(local("{ kind: Service, name: '.*-internal' }")).toHaveLength(2);
    expect(local("{ kind: Service, version: v1, group: '' }")).toHaveLength(5);
  });

  test('comes after those before it, in the order of the files', () => {
    const patch = (op: string, value: number) =>
      onBackend(`[{ op: ${op}, path: /spec/revisionHistoryLimit, value: ${value} }]`);
    const after = sound(
      patch('add', 1),
      { JUNJO_K8S_PATCHES: 'patches.yaml, second.yaml' },
      { 'second.yaml': patch('replace', 2) },
    );
    expect(after.get('Deployment', 'junjo-ai-studio-backend').spec.revisionHistoryLimit).toBe(2);
  });

  test('keeps numbers, quantities and texts what they are', () => {
    const { files } = patchedWith(
      onBackend(`
      spec:
        revisionHistoryLimit: 0
        template:
          spec:
            hostAliases: [{ ip: 10.0.0.1, hostnames: [a.example.com] }]
            containers:
              - name: backend
                env: [{ name: A, value: "3" }, { name: B, value: "0x10" }, { name: C, value: "1e3" }, { name: D, value: "yes" }]
                resources: { requests: { cpu: 250m }, limits: { memory: 1Gi } }`),
    );
    const { text = '' } = files.find(({ path }) => path === '40-backend.k8s.yaml') ?? {};
    const { spec } = loadAll(text).find((object: Manifest) => object.kind === 'Deployment') as Manifest;
    const [backend] = spec.template.spec.containers;
    expect(spec.revisionHistoryLimit).toBe(0);
    expect(backend.resources).toEqual({
      requests: { cpu: '250m', memory: '300Mi', 'ephemeral-storage': '128Mi' },
      limits: { memory: '1Gi' },
    });
    // kubectl reads YAML 1.1, where these would be a number, a number, a number and true.
    for (const value of ['"3"', '"0x10"', '"1e3"', '"yes"']) expect(text).toContain(`value: ${value}\n`);
  });

  test('does every operation of JSON 6902', () => {
    const after = sound(
      onBackend(`
      - { op: test, path: /spec/replicas, value: 1 }
      - { op: add, path: /metadata/annotations, value: {} }
      - { op: add, path: /metadata/annotations/example.com~1owner, value: ml }
      - { op: copy, from: /metadata/annotations/example.com~1owner, path: /metadata/annotations/copied }
      - { op: move, from: /metadata/annotations/copied, path: /metadata/annotations/moved }
      - { op: add, path: /spec/template/spec/containers/0/env/-, value: { name: LAST, value: a } }
      - { op: add, path: /spec/template/spec/containers/0/env/0, value: { name: FIRST, value: b } }
      - { op: remove, path: /spec/template/spec/containers/0/env/1 }`),
    );
    expect(after.get('Deployment', 'junjo-ai-studio-backend').metadata.annotations).toEqual({
      'example.com/owner': 'ml',
      moved: 'ml',
    });
    const names = (studio: Rendered) => studio.container('backend').env.map(({ name }: Manifest) => name);
    const [, ...kept] = names(unpatched);
    expect(names(after)).toEqual(['FIRST', ...kept, 'LAST']);
  });

  test('adds and copies lists as lists', () => {
    const after = sound(
      onBackend(`
      - { op: add, path: /spec/template/spec/hostAliases, value: [{ ip: 10.0.0.1, hostnames: [a] }] }
      - { op: add, path: /spec/template/spec/dnsConfig, value: {} }
      - { op: copy, from: /spec/template/spec/hostAliases/0/hostnames, path: /spec/template/spec/dnsConfig/searches }`),
    );
    expect(after.pod('backend').spec.hostAliases).toEqual([{ ip: '10.0.0.1', hostnames: ['a'] }]);
    expect(after.pod('backend').spec.dnsConfig).toEqual({ searches: ['a'] });
  });

  test('merges lists of Kubernetes by their keys: changes, adds and removes the named ones', () => {
    const after = sound(
      onBackend(`
      spec:
        template:
          spec:
            containers:
              - name: backend
                env: [{ name: HOME, $patch: delete }, { name: TZ, value: UTC }, { name: RUN_MIGRATIONS, value: "false" }]
                livenessProbe: { httpGet: { path: /live } }`),
    );
    const before = unpatched.container('backend');
    const container = after.container('backend');
    expect(after.pod('backend').spec.containers).toHaveLength(unpatched.pod('backend').spec.containers.length);
    expect(container.livenessProbe).toEqual({ ...before.livenessProbe, httpGet: { path: '/live', port: 'http' } });
    const env = (of: Manifest) => Object.fromEntries(of.env.map(({ name, ...rest }: Manifest) => [name, rest]));
    const { HOME: _home, ...rest } = env(before);
    expect(env(container)).toEqual({ ...rest, TZ: { value: 'UTC' }, RUN_MIGRATIONS: { value: 'false' } });
  });

  test('merges ports of a Service by their numbers, and mounts by their paths', () => {
    const after = sound(`patches:
  - target: { kind: Service, name: junjo-ai-studio-frontend }
    patch: { spec: { ports: [{ port: 5153, appProtocol: kubernetes.io/ws }] } }
  - target: { kind: Deployment, name: junjo-ai-studio-frontend }
    patch: { spec: { template: { spec: { containers: [{ name: frontend, volumeMounts: [{ mountPath: /run, readOnly: false }] }] } } } }
`);
    const [port, ...more] = after.get('Service', 'junjo-ai-studio-frontend').spec.ports;
    expect([port.targetPort, port.appProtocol, more]).toEqual([80, 'kubernetes.io/ws', []]);
    const mounts = (studio: Rendered) => studio.container('frontend').volumeMounts;
    expect(mounts(after)).toEqual(
      mounts(unpatched).map((mount: Manifest) => (mount.mountPath === '/run' ? { ...mount, readOnly: false } : mount)),
    );
  });

  test('replaces a list without keys, and one that it says it replaces', () => {
    const after = sound(`patches:
  - target: { kind: PersistentVolumeClaim }
    patch: { spec: { accessModes: [ReadWriteMany] } }
  - target: { kind: Deployment, name: junjo-ai-studio-frontend }
    patch:
      spec: { template: { spec: { containers: [{ name: frontend, env: [{ $patch: replace }, { name: A, value: b }] }] } } }
`);
    expect(after.ofKind('PersistentVolumeClaim')[0].spec.accessModes).toEqual(['ReadWriteMany']);
    expect(after.container('frontend').env).toEqual([{ name: 'A', value: 'b' }]);
  });

  test('replaces the lists of custom resources, which have no keys', () => {
    const after = sound('patches: [{ target: { kind: Certificate }, patch: { spec: { dnsNames: [a.example.com] } } }]');
    expect(after.ofKind('Certificate')[0].spec.dnsNames).toEqual(['a.example.com']);
  });

  test('removes a field with null, and with $patch: delete', () => {
    const after = sound(
      onBackend(
        '{ spec: { progressDeadlineSeconds: 5000, template: { spec: { containers: [{ name: backend, lifecycle: { preStop: { sleep: { seconds: 5 } } } }] } } } }',
      ) +
        onBackend(
          '{ spec: { template: { spec: { containers: [{ name: backend, lifecycle: { preStop: null, $patch: delete } }] } } } }',
        ).replace('patches:\n', ''),
    );
    expect(after.container('backend')).not.toHaveProperty('lifecycle');
  });
});

describe('pods', () => {
  test('have no digest of patches where no ConfigMap is patched', () => {
    const after = sound('patches: [{ target: { kind: Service }, patch: { spec: { internalTrafficPolicy: Local } } }]');
    for (const { spec } of after.ofKind('Deployment')) {
      expect(spec.template.metadata.annotations).not.toHaveProperty('checksum/patches');
    }
  });

  const rolled = (text: string) => {
    const after = sound(text);
    return ['backend', 'ingestion', 'frontend'].filter(
      (name) => JSON.stringify(after.pod(name)) !== JSON.stringify(unpatched.pod(name)),
    );
  };
  const settings = (component: string, data: string) =>
    `patches: [{ target: { kind: ConfigMap, name: junjo-ai-studio-${component} }, patch: { data: ${data} } }]`;

  test.each([
    [
      'a patched Service',
      'patches: [{ target: { kind: Service }, patch: { spec: { internalTrafficPolicy: Local } } }]',
      [],
    ],
    [
      'a patched number of pods',
      'patches: [{ target: { kind: Deployment, name: junjo-ai-studio-frontend }, patch: { spec: { replicas: 4 } } }]',
      [],
    ],
    [
      'an annotation of a ConfigMap',
      'patches: [{ target: { kind: ConfigMap }, patch: { metadata: { annotations: { a: b } } } }]',
      [],
    ],
    [
      'a template of its own',
      onBackend('{ spec: { template: { metadata: { annotations: { a: b } } } } }'),
      ['backend'],
    ],
    ["the backend's ConfigMap", settings('backend-settings', '{ JUNJO_LOG_LEVEL: DEBUG }'), ['backend']],
    [
      "the frontend's own file",
      settings('frontend-config', '{ config.js: "window.runtimeConfig = {};" }'),
      ['frontend'],
    ],
  ])('roll for %s where they read it, and nowhere else', (_, text, expected) => {
    expect(rolled(text)).toEqual(expected);
  });

  test("roll for the guard's ConfigMap, where that is waived", () => {
    const waive = 'waive: [{ rule: guards, reason: a test }]\n';
    const { studio } = patchedWith(`${settings('backend-guard', '{ more.conf: "#" }')}\n${waive}`);
    expect(studio.pod('backend').metadata.annotations).toHaveProperty('checksum/patches');
    expect(studio.pod('ingestion')).toEqual(unpatched.pod('ingestion'));
  });

  test('roll again when the patch of a ConfigMap changes', () => {
    const annotations = ['DEBUG', 'ERROR'].map(
      (level) =>
        sound(settings('backend-settings', `{ JUNJO_LOG_LEVEL: ${level} }`)).pod('backend').metadata.annotations,
    );
    expect(annotations[0]).not.toEqual(annotations[1]);
  });

  test('do not roll for a file that says the same in other words', () => {
    const [one, other] = ['{ JUNJO_LOG_LEVEL: DEBUG }', '{ "JUNJO_LOG_LEVEL": "DEBUG" } # as yesterday'].map(
      (data) =>
        sound(
          `patches:\n  - target: { kind: ConfigMap, name: junjo-ai-studio-backend-settings }\n    patch:\n      data: ${data}\n`,
        ).objects,
    );
    expect(one).toEqual(other);
  });
});

describe('nothing is rendered, and file and line are told, of', () => {
  test.each([
    [
      'a kind that does not exist',
      'patches:\n  - target: { kind: DaemonSet }\n    patch: { spec: {} }\n',
      'patches.yaml:2: no DaemonSet exists. Existing kinds: ',
    ],
    [
      'a name that does not exist',
      'patches:\n  - target: { kind: Deployment, name: junjo }\n    patch: { spec: {} }\n',
      'patches.yaml:2: no Deployment with the name junjo exists in this group and version. Existing names: junjo-ai-studio-backend, junjo-ai-studio-ingestion and junjo-ai-studio-frontend',
    ],
    [
      'a group that does not exist',
      'patches:\n\n  - target: { kind: Deployment, group: batch }\n    patch: { spec: {} }\n',
      'patches.yaml:3: no Deployment exists in this group and version',
    ],
    [
      'an operation on what does not exist',
      onBackend(
        '\n      - { op: add, path: /spec/paused, value: true }\n      - { op: replace, path: /spec/nothing, value: 1 }',
      ),
      'patches.yaml:5: Deployment junjo-ai-studio-backend: /spec/nothing does not exist',
    ],
    [
      'an operation in a text',
      onBackend('|-\n      - op: remove\n        path: /spec/nothing'),
      'patches.yaml:4: Deployment junjo-ai-studio-backend: /spec/nothing does not exist',
    ],
    [
      'a place past the end of a list',
      onBackend('[{ op: add, path: /spec/template/spec/containers/9, value: {} }]'),
      'patches.yaml:3: Deployment junjo-ai-studio-backend: /spec/template/spec/containers/9 does not exist',
    ],
    [
      'a name in a list',
      onBackend('[{ op: replace, path: /spec/template/spec/containers/backend, value: {} }]'),
      'patches.yaml:3: Deployment junjo-ai-studio-backend: /spec/template/spec/containers/backend does not exist',
    ],
    [
      'the length of a list',
      onBackend('[{ op: remove, path: /spec/template/spec/containers/length }]'),
      'patches.yaml:3: Deployment junjo-ai-studio-backend: /spec/template/spec/containers/length does not exist',
    ],
    [
      'a field of what has none',
      onBackend('[{ op: add, path: /spec/replicas/more, value: 1 }]'),
      'patches.yaml:3: Deployment junjo-ai-studio-backend: /spec/replicas/more does not exist',
    ],
    [
      'a source that does not exist',
      onBackend('[{ op: copy, from: /spec/nothing, path: /spec/paused }]'),
      'patches.yaml:3: Deployment junjo-ai-studio-backend: /spec/nothing does not exist',
    ],
    [
      'a test that fails',
      onBackend('[{ op: test, path: /spec/replicas, value: 2 }]'),
      'patches.yaml:3: Deployment junjo-ai-studio-backend: /spec/replicas does not have the value that the patch tests for',
    ],
    [
      'null for what does not exist',
      onBackend('{ spec: { nothing: null } }'),
      'patches.yaml:3: Deployment junjo-ai-studio-backend: /spec/nothing does not exist',
    ],
    [
      'the deletion of what does not exist',
      onBackend('{ spec: { template: { spec: { containers: [{ name: none, $patch: delete }] } } } }'),
      'patches.yaml:3: Deployment junjo-ai-studio-backend: /spec/template/spec/containers has no entry with name none',
    ],
    [
      'the deletion of an object',
      onBackend('{ $patch: delete }'),
      'patches.yaml:3: Deployment junjo-ai-studio-backend: the object itself: $patch: delete is not supported here',
    ],
    [
      'a directive that is not known',
      onBackend('{ spec: { $retainKeys: [replicas] } }'),
      'patches.yaml:3: Deployment junjo-ai-studio-backend: /spec/$retainKeys is not a known directive',
    ],
    [
      'another name',
      onBackend('{ metadata: { name: other } }'),
      'patches.yaml:2: Deployment junjo-ai-studio-backend: a patch must not change apiVersion, kind, name or namespace, because other objects refer to them',
    ],
    [
      'no metadata',
      onBackend('[{ op: remove, path: /metadata }]'),
      'patches.yaml:2: Deployment junjo-ai-studio-backend: a patch must not change apiVersion, kind, name or namespace, because other objects refer to them',
    ],
    [
      'a Secret',
      'patches:\n  - target: { kind: Secret }\n    patch: { data: { A: Yg== } }\n',
      'patches.yaml:2: a Secret cannot be patched, because its values would be readable here. Set them in the env file',
    ],
    [
      'a Secret among all objects',
      "patches:\n  - target: { kind: '.*' }\n    patch: { metadata: { annotations: { a: b } } }\n",
      'patches.yaml:2: a Secret cannot be patched',
    ],
  ])('%s', (_, text, expected) => {
    expect(wrong(text)).toEqual([expect.stringContaining(expected)]);
  });

  test.each([
    ['', 'patches.yaml:1: is not a map. '],
    ['- a\n', 'patches.yaml:1: is not a map. '],
    ['patches: {}\n', 'patches.yaml:1: is not a list. '],
    ['resources: []\n', 'patches.yaml:1: resources is not a known key. Use one of: patches, waive'],
    ['patches:\n  - 1\n', 'patches.yaml:2: is not a patch. '],
    [
      'patches:\n  - target: { kind: A }\n',
      'patches.yaml:2: has no patch. Write JSON 6902 operations, or the fields to merge',
    ],
    ['patches:\n  - path: a.yaml\n', 'patches.yaml:2: path is not a known key. Use one of: target, patch'],
    ['patches:\n  - patch: { spec: {} }\n', 'patches.yaml:2: has no target. '],
    ['patches:\n  - target: A\n    patch: {}\n', 'patches.yaml:2: is not a target. '],
    ['patches:\n  - target: { name: a }\n    patch: {}\n', 'patches.yaml:2: the target has no kind. Write it as '],
    [
      'patches:\n  - target: { kind: A, labelSelector: a=b }\n    patch: {}\n',
      'patches.yaml:2: labelSelector is not a known key. Use one of: kind, name, group, version',
    ],
    [
      "patches:\n  - target: { kind: '(' }\n    patch: {}\n",
      'patches.yaml:2: kind must be a name or a valid regular expression',
    ],
    [
      'patches:\n  - target: { kind: 1 }\n    patch: {}\n',
      'patches.yaml:2: kind must be a name or a valid regular expression',
    ],
    [onBackend("''"), 'patches.yaml:3: the patch is empty. Write operations, or the fields to merge'],
    [onBackend('7'), 'patches.yaml:3: must be a list of operations or a map of fields'],
    [onBackend('[replace]'), 'patches.yaml:3: is not an operation. '],
    [
      onBackend('[{ op: set, path: /a, value: 1 }]'),
      'patches.yaml:3: set is not an operation. Use one of: add, remove, replace, move, copy, test',
    ],
    [onBackend('[{ op: add, path: spec, value: 1 }]'), 'patches.yaml:3: path must start with a slash: /spec/replicas'],
    [onBackend('[{ op: add, path: /__proto__/a, value: 1 }]'), 'patches.yaml:3: path must start with a slash'],
    [onBackend('[{ op: move, path: /a }]'), 'patches.yaml:3: move needs a field from that starts with a slash'],
    [onBackend('[{ op: add, path: /a }]'), 'patches.yaml:3: add needs a value'],
    [
      onBackend('[{ op: add, path: /a, values: 1 }]'),
      'patches.yaml:3: values is not a known key. Use one of: op, path, from, value',
    ],
    ['patches: [\n', 'patches.yaml:2: is not YAML: '],
    [`patches:\n${'['.repeat(1_000_000)}`, 'patches.yaml:2: has more than 1000 levels of nesting'],
    [`patches: ${'- '.repeat(100_000)}x`, 'patches.yaml:1: '],
    [
      onBackend(`|-\n      spec:\n        a: ${'['.repeat(100_000)}\n`),
      'patches.yaml:5: has more than 1000 levels of nesting',
    ],
    ['patches: []\n---\npatches: []\n', 'patches.yaml:2: contains several documents. '],
    ['patches: []\npatches: []\n', 'patches.yaml:2: is not YAML: Map keys must be unique'],
    [onBackend('|-\n      spec:\n        a: [\n'), 'patches.yaml:5: is not YAML: '],
    [onBackend('{ spec: &a { b: 1 }, more: *a }'), 'patches.yaml:3: *a is an alias. Write the value itself'],
    [
      onBackend('{ spec: { defaultMode: 0644 } }'),
      'patches.yaml:3: 0644 is octal for some programs and decimal for others. Write it without the zero, or in quotes',
    ],
    ['waive: [probes]\n', 'patches.yaml:1: is not a waiver. Write it as {rule: probes, reason: …}'],
    ['waive: [{ reason: a }]\n', 'patches.yaml:1: has no rule'],
    ["waive: [{ rule: '', reason: a }]\n", 'patches.yaml:1: has no rule'],
    ['waive: [{ rule: probes }]\n', 'patches.yaml:1: waives the rule probes without a reason. Add the field reason'],
    [
      "waive: [{ rule: probes, reason: ' ' }]\n",
      'patches.yaml:1: waives the rule probes without a reason. Add the field reason',
    ],
    ['waive: [{ rule: probe, reason: a }]\n', 'patches.yaml:1: probe is not a rule. Did you mean probes?'],
  ])('a file that makes no sense: %j', (text, expected) => {
    expect(wrong(text)).toEqual([expect.stringContaining(expected)]);
  });

  test('a file that cannot be read', () => {
    expect(wrong('patches: []', { JUNJO_K8S_PATCHES: 'patches.yaml,none.yaml' })).toEqual([
      expect.stringMatching(
        /^\.env:\d+ JUNJO_K8S_PATCHES: none\.yaml cannot be read\. Write the path relative to the folder in which you run synth$/,
      ),
    ]);
  });

  test('every patch that is wrong, at once', () => {
    const text = 'patches:\n  - target: { kind: A }\n    patch: {}\n  - target: { kind: B }\n    patch: {}\n';
    expect(wrong(text).map((line) => line.split('. ')[0])).toEqual([
      'patches.yaml:2: no A exists',
      'patches.yaml:4: no B exists',
    ]);
  });

  test('a patch of one of several studios, and then of none of them', () => {
    const studio = (name: string, more: Settings) => {
      const text = envText(development({ JUNJO_K8S_NAMESPACE: name, ...more }));
      return { folder: name, files: [{ path: `${name}.env`, text }] };
    };
    const { files, problems } = renderAll(
      [studio('blue', {}), studio('green', { JUNJO_K8S_PATCHES: 'patches.yaml' })],
      {
        readFile: () => 'patches: [{ target: { kind: A }, patch: {} }]',
      },
    );
    expect(files).toEqual([]);
    expect(problems.map(formatProblem)).toContainEqual(expect.stringContaining('patches.yaml:1: no A exists'));
  });
});

describe('a rule that a patch breaks', () => {
  const replicas = onBackend('[{ op: replace, path: /spec/replicas, value: 2 }]');

  test('is told with file and line of that patch, the reason and the source', () => {
    const harmless = '  - { target: { kind: Service }, patch: { spec: { internalTrafficPolicy: Local } } }\n';
    expect(wrong(replicas.replace('patches:\n', `patches:\n${harmless}`))).toEqual([
      'patches.yaml:3: breaks the rule one-writer. Deployment junjo-ai-studio-backend: replicas is 2, but must be 1. The rule exists because SQLite, DuckDB and the write-ahead log have one writer each, which needs time to close (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#recreate-deployment)',
    ]);
  });

  test('is told once of a patch, however many objects it is about', () => {
    const [problem, ...others] = wrong(
      'patches:\n  - target: { kind: Deployment }\n    patch: [{ op: remove, path: /spec/template/spec/enableServiceLinks }]\n',
    );
    expect(others).toEqual([]);
    for (const name of ['backend', 'ingestion', 'frontend'])
      expect(problem).toContain(`Deployment junjo-ai-studio-${name}: enableServiceLinks must be false`);
  });

  test('keeps later patches from mending it unseen: the end counts', () => {
    const mended =
      onBackend('[{ op: replace, path: /spec/replicas, value: 2 }]') +
      onBackend('[{ op: replace, path: /spec/replicas, value: 1 }]').replace('patches:\n', '');
    expect(patchedWith(mended).problems).toEqual([]);
  });

  test.each([
    [
      'a container that was meant to be the backend',
      onBackend('{ spec: { template: { spec: { containers: [{ name: backnd, image: a }] } } } }'),
      ['pod-security', 'probes', 'resources'],
    ],
    [
      'a Service that leads to the pods of another',
      'patches:\n  - target: { kind: Service, name: junjo-ai-studio-frontend }\n    patch: { spec: { selector: { app.kubernetes.io/component: backend } } }\n',
      ['internal-ports', 'ports'],
    ],
    [
      'a claim that Argo CD prunes',
      'patches:\n  - target: { kind: PersistentVolumeClaim }\n    patch: { metadata: { annotations: { argocd.argoproj.io/sync-options: Delete=false } } }\n',
      ['data-out-of-reach'],
    ],
  ])('stops %s', (_, text, expected) => {
    const rules = wrong(text).map((line) => /breaks the rule ([a-z-]+)\./.exec(line)?.[1]);
    expect(rules).toEqual(expected);
  });

  test('passes when it is waived, and is told every time with the reason', () => {
    const text = `${onBackend('{ spec: { template: { spec: { containers: [{ name: backend, resources: { limits: { cpu: "2" } } }] } } } }')}waive:
  - rule: cpu-limits
    reason: the quota wants limits
`;
    for (const _ of ['the first time', 'the second time']) {
      const { studio, problems } = patchedWith(text);
      expect(problems).toEqual([
        'warning: patches.yaml:5: waives the rule cpu-limits (the quota wants limits). Deployment junjo-ai-studio-backend, container backend: has a CPU limit (2)',
      ]);
      expect(studio.container('backend').resources.limits.cpu).toBe('2');
    }
  });

  test('is not waived with another', () => {
    const { files, problems } = patchedWith(`${replicas}waive: [{ rule: probes, reason: a }]\n`);
    expect(files).toEqual([]);
    expect(problems).toEqual([
      'warning: patches.yaml:4: waives the rule probes, which nothing breaks. Remove it',
      expect.stringContaining('patches.yaml:2: breaks the rule one-writer. '),
    ]);
  });
});

test.each([
  ['without patches', 'patches: []'],
  ['with patches', 'patches: [{ target: { kind: Deployment }, patch: { spec: { revisionHistoryLimit: 3 } } }]'],
])('a rule that our own charts break is a mistake of ours, %s', (_, text) => {
  const config = load({ ...base, JUNJO_K8S_PATCHES: 'patches.yaml' }, { readFile: () => text });
  const app = new App();
  const studio = new Studio(app, 'studio', { config });
  const chart = new Chart(studio, '90-made-up');
  new k8s.KubePod(chart, 'pod', {
    metadata: { name: 'made-up', namespace: config.namespace },
    spec: { containers: [{ name: 'made-up', image: 'a' }] },
  });
  const { problems } = patchAndCheck(manifestsBelow(studio), config);
  const told = problems.map(formatProblem);
  expect(
    told.map((line) => /^studio junjo-ai-studio: breaks the rule ([a-z-]+)\. Pod made-up/.exec(line)?.[1]),
  ).toEqual(['pod-security', 'service-account-token', 'service-links', 'probes', 'resources', 'labels']);
  for (const line of told) {
    expect(line).toContain(
      'This is a bug in these charts, not your mistake: please report it. Until it is fixed, a file of JUNJO_K8S_PATCHES can waive the rule',
    );
  }
});

test('the examples of docs/patches.md do what the page says', () => {
  const [patches = '', waiver = ''] = [...readFileSync('docs/patches.md', 'utf8').matchAll(/```yaml\n([^`]*)```/g)].map(
    ([, text = '']) => text,
  );
  const after = sound(patches);
  expect(after.get('Deployment', 'junjo-ai-studio-frontend').spec.revisionHistoryLimit).toBe(3);
  expect(after.get('Service', 'junjo-ai-studio-backend').spec.internalTrafficPolicy).toBe('Local');
  expect(patchedWith(waiver).problems).toEqual([
    'warning: patches.yaml:2: waives the rule cpu-limits, which nothing breaks. Remove it',
  ]);
});
