import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { committedExample, exampleNames } from '../../commands/example-studios';
import { hasWorkload, LEFT_BEHIND, leftBehind, type OutputFile, removalScript } from '../../commands/left-behind';
import { development, envText, files, type Manifest, production, type Settings } from '../support/studio';
import { Workspace } from '../support/workspace';

const outputOf = (name: string): readonly OutputFile[] =>
  [...committedExample(name)].map(([path, text]) => ({ path, text }));

/** What kubectl is told to delete, by the words of its command line. */
function deleted(script: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'left-behind-'));
  const path = join(folder, 'left-behind.sh');
  try {
    writeFileSync(join(folder, 'kubectl'), `#!/bin/sh\nprintf '%s\\n' "$*" >> '${folder}/calls'\n`);
    chmodSync(join(folder, 'kubectl'), 0o755);
    writeFileSync(path, script);
    const { status } = spawnSync('sh', [path], { env: { PATH: `${folder}:${process.env.PATH}` } });
    expect([status, existsSync(path)]).toEqual([0, false]);
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
    return calls.flatMap((call) => {
      const [flag, namespace, verb, ...words] = call.split(' ');
      expect([flag, verb]).toEqual(['-n', 'delete']);
      return words.filter((word) => !word.startsWith('--')).map((word) => `${namespace} ${word}`);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The objects of an output that `kubectl apply -f dist/` reads, counted without the code under test. */
function everyday(output: readonly OutputFile[]): readonly string[] {
  return output
    .filter(({ path }) => /^([a-z-]+\/)?[0-9]{2}-/.test(path) && !/foundation|argocd/.test(path))
    .flatMap(({ text }) => loadAll(text) as Manifest[])
    .map(({ apiVersion, kind, metadata }) => {
      const [group] = apiVersion.split('/');
      const suffix = apiVersion.includes('/') ? `.${group}` : '';
      return `${metadata.namespace} ${kind.toLowerCase()}${suffix}/${metadata.name}`;
    });
}

const pairs = exampleNames().flatMap((from) =>
  exampleNames().flatMap((to) => (from === to ? [] : [[from, to] as const])),
);

test.each(pairs)('from %s to %s exactly what is no longer rendered is removed', (from, to) => {
  const [before, after] = [outputOf(from), outputOf(to)];
  const gone = leftBehind(before, after);
  const expected = everyday(before).filter((object) => !everyday(after).includes(object));
  // Secrets of examples are not committed, so that none is among them.
  expect(gone.map(({ namespace, resource }) => `${namespace} ${resource}`).sort()).toEqual([...expected].sort());
  const removed = gone.length > 0 ? deleted(removalScript(gone)) : [];
  expect([...removed].sort()).toEqual([...expected].sort());
  expect(removed.filter((object) => / (namespace|persistentvolume|persistentvolumeclaim)\//.test(object))).toEqual([]);
});

describe('what a change leaves behind', () => {
  const change = (before: Settings, after: Settings) =>
    leftBehind(files(before), files(after)).map(({ resource }) => resource);
  const base = production();

  test('are the policies, when they are switched off', () => {
    expect(change(base, { ...base, JUNJO_K8S_NETWORK_POLICY: 'false' })).toEqual(
      ['acme-solver', 'backend', 'default-deny', 'frontend', 'ingestion'].map(
        (name) => `networkpolicy.networking.k8s.io/junjo-ai-studio-${name}`,
      ),
    );
  });

  test('is the disruption budget, when there is one pod of the UI again', () => {
    expect(change({ ...base, JUNJO_K8S_FRONTEND_REPLICAS: '2' }, base)).toEqual([
      'poddisruptionbudget.policy/junjo-ai-studio-frontend',
    ]);
  });

  test('is everything but the data, when the namespace changes, and before the new one starts', () => {
    const gone = leftBehind(files(base), files({ ...base, JUNJO_K8S_NAMESPACE: 'elsewhere' }));
    expect(gone).toHaveLength(everyday(files(base)).length);
    expect(hasWorkload(gone)).toBe(true);
    expect(hasWorkload(leftBehind(files(base), files({ ...base, JUNJO_K8S_NETWORK_POLICY: 'false' })))).toBe(false);
  });

  test('is never a Secret that the pods still read, whoever writes it from now on', () => {
    const existing = {
      JUNJO_K8S_SECRETS: 'existing',
      JUNJO_SESSION_SECRET: undefined,
      JUNJO_SECURE_COOKIE_KEY: undefined,
    };
    expect(change(base, { ...base, ...existing })).toEqual([]);
    expect(change(base, { ...base, JUNJO_K8S_SECRET_NAME: 'other' })).toEqual(['secret/junjo-ai-studio-secrets']);
  });

  test('is remembered until it is removed, and forgotten when it is rendered again', () => {
    const off = { ...base, JUNJO_K8S_NETWORK_POLICY: 'false' };
    const script = { path: LEFT_BEHIND, text: removalScript(leftBehind(files(base), files(off))) };
    expect(leftBehind([...files(off), script], files(off))).toHaveLength(5);
    expect(leftBehind([...files(off), script], files(base))).toEqual([]);
  });

  test('never names the data, whatever stands in the script', () => {
    const text = 'kubectl -n team delete persistentvolumeclaim/junjo-ai-studio-data namespace/team configmap/old\n';
    expect(leftBehind([{ path: LEFT_BEHIND, text }], [])).toEqual([{ namespace: 'team', resource: 'configmap/old' }]);
  });

  test('is nothing where the output is no YAML any more', () => {
    expect(leftBehind([{ path: '20-settings.k8s.yaml', text: '{{ not: yaml' }], files(base))).toEqual([]);
  });
});

describe('npm run synth', () => {
  let workspace: Workspace;
  const synth = (settings: Settings) => {
    writeFileSync(join(workspace.path, '.env'), envText(settings));
    return workspace.run('npm', ['run', '--silent', 'synth']);
  };

  beforeEach(() => {
    workspace = new Workspace();
  });

  afterEach(() => workspace.remove());

  test('says what is left behind, and how to remove it', () => {
    const base = development();
    expect(synth(base).stdout).not.toContain(LEFT_BEHIND);
    const { stdout } = synth({ ...base, JUNJO_K8S_NETWORK_POLICY: 'false' });
    expect(stdout).toContain(
      'After you applied, remove what is no longer rendered (4 objects; kubectl apply leaves them): sh dist/left-behind.sh',
    );
    expect(readFileSync(join(workspace.path, 'dist', LEFT_BEHIND), 'utf8')).toContain(
      'networkpolicy.networking.k8s.io/junjo-ai-studio-default-deny',
    );
  });

  test('leaves it to Argo CD where that prunes', () => {
    const base = production({ JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' });
    synth(base);
    const { status, stdout } = synth({ ...base, JUNJO_K8S_NETWORK_POLICY: 'false' });
    expect(status).toBe(0);
    expect(stdout).not.toContain(LEFT_BEHIND);
    expect(existsSync(join(workspace.path, 'dist', LEFT_BEHIND))).toBe(false);
  });
});
