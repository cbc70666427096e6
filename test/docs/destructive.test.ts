import { readFileSync } from 'node:fs';
import { pages } from '../support/documents';
import { isDestructive, unguarded } from '../support/shell';
import { shownByStatus } from '../support/troubleshooting';

const more = ['CONTRIBUTING.md', 'SECURITY.md'].map((path) => ({ path, text: readFileSync(path, 'utf8') }));

/** The blocks of a page that are copied into a shell, be they in a list or not. */
function blocksOf(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms)];
  return blocks
    .filter(([, , language = '']) => ['bash', 'sh', 'shell', 'console'].includes(language))
    .map(([, , , block = '']) => block);
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
