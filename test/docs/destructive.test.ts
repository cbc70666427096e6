import { readFileSync } from 'node:fs';
import { pages } from '../support/documents';
import { isDestructive, unguarded } from '../support/shell';
import { shownByStatus } from '../support/troubleshooting';

const more = ['CONTRIBUTING.md', 'SECURITY.md'].map((path) => ({ path, text: readFileSync(path, 'utf8') }));

/** The blocks of a page that are copied into a shell, be they in a list or not. */
function blocksOf(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^ *(```|~~~)(\w*)\n(.*?)^ *\1$/gms)];
  // What a program prints, and the files of other languages, are not pasted into a shell.
  const others = ['text', 'yaml', 'json', 'ts', 'typescript', 'dotenv', 'cron', 'mermaid', 'diff'];
  return blocks.filter(([, , language = '']) => !others.includes(language)).map(([, , , block = '']) => block);
}

test.each([
  ['npm run backup\nkubectl delete -f dist/\n', ['kubectl delete -f dist/']],
  ['npm run backup &&\nkubectl delete -f dist/ &&\n  rm x\n', []],
  ['npm run backup && \\\n  rm x\n', []],
  ['npm run backup; rm x', ['rm x']],
  ['npm run backup || rm x', ['rm x']],
  ['a && b\nc && kubectl -n x scale deployment y --replicas=0', ['kubectl -n x scale deployment y --replicas=0']],
  ['kubectl delete -f dist/', []],
  ['# first\n\nkubectl delete -f dist/ # all of it; yes', []],
  ['kubectl get pods | rm x', ['rm x']],
  [
    `kubectl get pods\nkubectl patch pv x -p '[{"op":"remove","path":"/a"}]'`,
    [`kubectl patch pv x -p '[{"op":"remove","path":"/a"}]'`],
  ],
  ['kubectl get x\nkubectl wait pod x --for=delete', []],
  ['npm run restore -- a\nnpm run restore -- a --replace', ['npm run restore -- a --replace']],
  ['kubectl get nodes\nkubectl taint nodes x y:NoExecute', ['kubectl taint nodes x y:NoExecute']],
  ['(cd x && ls)\nsh dist/left-behind.sh', ['sh dist/left-behind.sh']],
  ...[
    "kubectl exec a -- sh -c 'rm -rf /x'",
    'sh -c "mv a b"',
    'echo $(rm -rf x)',
    '/bin/rm x',
    'find . -delete',
    'kubectl scale deployment y --replicas 0',
    'kubectl replace --force -f x',
    `kubectl patch pv x -p '{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}'`,
    'kubectl rollout undo deployment y',
    'git push -f',
    'git checkout .',
    'helm uninstall x',
    'argocd app delete x',
    'velero backup delete x',
    'restic forget --prune ID',
    'kind delete cluster',
    'k3d cluster delete',
    'docker-compose down',
    'docker volume prune -f',
    'curl -X DELETE https://x',
    'echo x > studio.env',
  ].map((command) => [`ls\n${command}`, [command]] as [string, string[]]),
])('a command that destroys and that a failure before it does not stop is noticed: %j', (block, expected) => {
  expect(unguarded(block)).toEqual(expected);
});

const all = [...pages, ...more];

test.each(all.map(({ path, text }) => [path, text] as const))(
  '%s: no command that destroys runs after one that failed',
  (_, text) => {
    expect(blocksOf(text).flatMap(unguarded)).toEqual([]);
  },
);

test('the pages have blocks that destroy', () => {
  expect(
    all.flatMap(({ text }) => blocksOf(text)).filter((block) => block.split('\n').some(isDestructive)).length,
  ).toBeGreaterThan(10);
});

test.each([...shownByStatus()])('what status prints of %s can be pasted as it is', (_, text) => {
  const commands = text.split('\n').filter((line) => /^ +kubectl /.test(line));
  expect(unguarded(commands.join('\n'))).toEqual([]);
});
