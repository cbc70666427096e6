import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { causes, type Diagnosis } from '../../../cluster/diagnosis';
import { Kubectl } from '../../../cluster/kubectl';
import { diagnosisOf, madeState, type RecordedState, recording } from '../../support/cluster-state';
import { Folder } from '../../support/folder';
import { clusterOf, commandsOf, followed } from '../../support/follow-advice';
import { crashes, made, stateOfCrash } from '../../support/made-states';
import { describeWith } from '../../support/programs';
import { development, files, render } from '../../support/studio';

/** Their commands wait for controllers, which the tests of rescue bring: test/cluster/diagnosis/claims.test.ts. */
const RUN_ELSEWHERE = ['claim-terminating', 'namespace-terminating', 'volume-released'];

const namesIn = (folder: string) =>
  readdirSync(`test/cluster/diagnosis/${folder}`).map((file) => file.replace('.json', ''));

const states: readonly (readonly [string, RecordedState])[] = [
  ...namesIn('states').map((name) => [name, recording(name)] as const),
  ...namesIn('made').map((name) => [name, madeState(name)] as const),
  ...Object.entries(made).map(([name, [state]]) => [name, state] as const),
  ...crashes.map(([log]) => [log.slice(0, 40), stateOfCrash(log)] as const),
];

/** Every cause with the first state that has it; another advice of the same cause is another row. */
const advised = new Map<string, readonly [cause: string, state: string, RecordedState, Diagnosis]>();
for (const [name, state] of states) {
  for (const finding of diagnosisOf(state)) {
    const shape = commandsOf(finding).map((command) => command.split(' ').slice(0, 5).join(' '));
    const key = [finding.cause, finding.severity, ...shape].join();
    if (!advised.has(key)) advised.set(key, [finding.cause, name, state, finding]);
  }
}

const rows = [...advised.values()].filter(
  ([cause, , , finding]) => !RUN_ELSEWHERE.includes(cause) && commandsOf(finding).length > 0,
);

const CHANGES =
  /^kubectl( -\S+)* (apply|delete|scale|patch|annotate|label|taint|uncordon|cordon|create|rollout (resume|restart|undo))\b/;

/** A folder in which the studio of a state was rendered. */
function rendered(namespace: string): Folder {
  const folder = new Folder();
  for (const { path, text } of files(development({ JUNJO_K8S_NAMESPACE: namespace }))) {
    mkdirSync(join(folder.path, 'dist', dirname(path)), { recursive: true });
    folder.write(join('dist', path), text);
  }
  return folder;
}

/** The fake API server does not read the protobuf in which kubectl creates some kinds. */
function stored(command: string): string {
  const isProtobuf = / create (serviceaccount|rolebinding) /.test(command);
  return isProtobuf ? `${command} --dry-run=client --output=yaml | kubectl apply -f -` : command;
}

describeWith(['kubectl'], 'the commands that status advises', () => {
  test.each(rows)('%s in %s: each runs, and shows or changes something', async (cause, _, state, finding) => {
    const cluster = await clusterOf(state);
    for (const { metadata } of cluster.store.list('pods')) {
      if (!cluster.logs.get(metadata.name)) cluster.logs.set(metadata.name, `the log of ${metadata.name}\n`);
    }
    const settings = development({ JUNJO_K8S_NAMESPACE: state.namespace });
    // Recordings have no ConfigMaps.
    if (cause !== 'configmap-missing') cluster.apply(...render(settings).ofKind('ConfigMap'));
    const folder = rendered(state.namespace);
    // As docker login writes it.
    writeFileSync(join(folder.path, 'config.json'), '{"auths":{"docker.io":{"auth":"dTpw"}}}');
    try {
      for (const command of commandsOf(finding)) {
        const { version } = cluster.store;
        const [ran] = await followed(cluster, { fix: stored(command) }, folder.path);
        // "no" is what shows that a permission is missing.
        if (/ auth can-i /.test(command)) expect(ran?.output).toMatch(/^no$/m);
        // This machine has no such host.
        else if (/ getent hosts /.test(command)) expect(ran?.code).toBe(2);
        else expect(ran).toMatchObject({ code: 0 });
        expect(ran?.output).not.toMatch(/^(Error from server|error:)/m);
        if (CHANGES.test(command)) expect(cluster.store.version).toBeGreaterThan(version);
        else expect(ran?.output).toMatch(/\S/);
      }
    } finally {
      await cluster.close();
      folder.remove();
    }
  });
});

/** It begins with a capital letter, and says more than to wait. Commands have lines of their own. */
const SENTENCE = /^(?!Wait$)(?!.*kubectl )[A-Z]/;

test('the first line of every advice is a sentence without a command', () => {
  for (const [name, state] of states) {
    for (const { cause, fix } of diagnosisOf(state)) {
      const [sentence = ''] = fix.split('\n');
      expect({ name, cause, sentence }).toEqual({ name, cause, sentence: expect.stringMatching(SENTENCE) });
    }
  }
});

/** Most words of a sentence of a message: CONTRIBUTING.md, "How to write". */
const LONGEST = 25;

/** The strings of a value, such as the messages of events and the lines of logs. */
function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value.replace(/\s+/g, ' ')];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** The sentences of a message, without the words that it quotes from the cluster after a colon or in brackets. */
function ownSentences(text: string, cluster: string): readonly string[] {
  const isQuoted = (words: string) => cluster.includes(words.replace(/^\W+/, '').slice(0, 16));
  return text
    .split(/(?<=[.!?]) /)
    .filter((sentence) => !isQuoted(sentence))
    .map((sentence) => {
      const quote = [...sentence.matchAll(/: |\(/g)].find(({ index }) => isQuoted(sentence.slice(index + 2)));
      return quote ? sentence.slice(0, quote.index) : sentence;
    });
}

test('a quote of the cluster is not counted, and anything else is', () => {
  const cluster = 'a long message of some controller';
  expect(ownSentences(`It fails: ${cluster}. Wait (${cluster}).`, cluster)).toEqual(['It fails', 'Wait ']);
  expect(ownSentences('It fails: read its log. Then wait.', cluster)).toEqual([
    'It fails: read its log.',
    'Then wait.',
  ]);
});

test('no sentence of a finding has more than 25 words', () => {
  const long = states.flatMap(([, state]) => {
    const cluster = stringsIn([state.objects, state.logs]).join('\n');
    return diagnosisOf(state).flatMap(({ cause, text, fix }) =>
      [text, fix.split('\n')[0] ?? '']
        .flatMap((each) => ownSentences(each, cluster))
        .filter((sentence) => sentence.split(' ').filter((word) => /[\p{L}\d]/u.test(word)).length > LONGEST)
        .map((sentence) => `${cause}: ${sentence}`),
    );
  });
  expect([...new Set(long)]).toEqual([]);
});

test('every cause is in a state whose advice is checked', () => {
  const seen = [...advised.values()].map(([cause]) => cause);
  expect(causes.map(({ name }) => name).filter((name) => !seen.includes(name))).toEqual([]);
});

test('every command of another program that connects to a cluster names the right one', () => {
  const healthy = recording('healthy');
  const backup = {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name: 'nightly', namespace: 'velero' },
    spec: { includedNamespaces: [healthy.namespace] },
    status: { phase: 'Failed', startTimestamp: healthy.recorded },
  };
  const withBackup: RecordedState = { ...healthy, objects: [...healthy.objects, backup] };
  const kubectl = new Kubectl({ context: 'staging', kubeconfig: '/tmp/a b' });
  const seen = new Set<string>();
  for (const state of [withBackup, ...states.map(([, each]) => each)]) {
    const lines = diagnosisOf(state, { kubectl }).flatMap(({ fix }) => fix.split('\n').slice(1));
    for (const line of lines.filter(
      (each) => !/^(kubectl|echo|ps|curl|nslookup|mkdir|chown|minikube|docker|#) ?/.test(each),
    )) {
      expect(line).toMatch(/ '--kubeconfig=\/tmp\/a b' --(kube)?context=staging --namespace=/);
      seen.add(line.split(' ')[0] ?? '');
    }
  }
  expect([...seen].sort()).toEqual(['cmctl', 'npm', 'velero']);
});
