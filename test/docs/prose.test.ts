import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseSync } from '@swc/core';
import { LONGEST_SENTENCE, longSentences } from '../../tools/fuzz/prose';
import { pages } from '../support/documents';

/** Most words of a sentence of a message, and of a page. CONTRIBUTING.md, "How to write". */
const LONGEST = { message: LONGEST_SENTENCE, page: 30 };

/** Words and phrases that make a reader stop, and what to write instead. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bis told of\b|\bare told of\b|\btells of\b|\btold of\b/i, 'is mentioned, describes, reports'],
  [/\bgoes on\b|\bgo on\b/i, 'continues'],
  [/\blet go\b|\blets go\b/i, 'releases'],
  [/\bpassed over\b|\bpasses over\b/i, 'ignored'],
  [/\bways? of spans\b/i, 'how spans get in'],
  [/\bby no line\b/i, 'not set'],
  [/\btoo many\b(?= *(?:[.,;`']|$))/i, 'extra'],
  [/\bexclude each other\b/i, 'cannot be combined'],
  [/\bis no (?:URL|number|name|file|folder|terminal|tag|time|address)\b/i, 'is not a …'],
  [/\bkeeps? back\b/i, 'does not send'],
  [/\bgoes as well\b/i, 'works too'],
  [/\bwell\?/i, 'healthy?'],
  [/\bbroke off\b|\bbroken off\b/i, 'was interrupted'],
  [/\bin the place of\b/i, 'instead of'],
  [/\bmend(?:ed|s|ing)?\b/i, 'fix'],
  [/\bis to be\b|\bare to be\b/i, 'must be'],
  [/\bmade anew\b|\bmake anew\b|\banew\b/i, 'again, recreate'],
  [/\blead(?:s)? (?:there|it)\b/i, 'points to'],
  [/\bcannot tell\b|\bdoes not tell\b|\bwould tell\b/i, 'does not show, is unknown'],
  [/\bsomebody else'?s?\b/i, 'another person, another tool'],
  [/\bnobody can\b/i, 'cannot'],
];

const sources = execFileSync('git', [
  'ls-files',
  'main.ts',
  'index.ts',
  'charts',
  'cli',
  'cluster',
  'config',
  'releases',
  'render',
  'tools',
])
  .toString()
  .split('\n')
  .filter((path) => /\.(ts|py|sh)$/.test(path));
const documents = [...pages.map(({ path }) => path), 'CONTRIBUTING.md', 'SECURITY.md'];

/** Every text in quotes of a source file, `…` for each value in it. */
function textsOf(path: string): readonly string[] {
  if (/\.(py|sh)$/.test(path)) {
    const program = readFileSync(path, 'utf8')
      .replace(/^ *#.*$/gm, '')
      .replace(/"""[\s\S]*?"""/g, '');
    return [...program.matchAll(/f?"((?:[^"\\\n]|\\.)*)"/g)].map(([, text = '']) => text.replace(/\{[^}]*\}/g, '…'));
  }
  const texts: string[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, value, quasis } = node as { type?: string; value?: unknown; quasis?: { cooked?: string }[] };
    if (type === 'ImportDeclaration') return;
    if (type === 'StringLiteral') texts.push(String(value));
    if (type === 'TemplateLiteral') texts.push((quasis ?? []).map(({ cooked = '' }) => cooked).join('…'));
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseSync(readFileSync(path, 'utf8'), { syntax: 'typescript' }));
  return texts;
}

/** The running text of a page: no code blocks, no tables of sources, no markup. */
function proseOf(path: string): string {
  return readFileSync(path, 'utf8')
    .replace(/^```.*?^```$/gms, '\n\n')
    .replace(/<!--.*?-->/gs, '')
    .replace(/`[^`\n]*`/g, 'code')
    .replace(/\]\([^)]*\)/g, ']')
    .replace(/^(#.*|\|[-| :]+\|)$/gm, '\n\n')
    .replace(/ \| |^\| ?| ?\|$/gm, '\n\n')
    .replace(/^ *(?:[-*]|\d+\.) /gm, '\n\n');
}

/** The lines of a file with a word of the list, and what to write instead. */
function oddWords(path: string): readonly string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line, index) =>
    WORDS.flatMap(([pattern, better]) =>
      pattern.test(line) ? [`${path}:${index + 1}: "${pattern.exec(line)?.[0]}": write ${better}`] : [],
    ),
  );
}

test('a long sentence and an odd word are noticed', () => {
  expect(longSentences('One two three. One two three four.', 3)).toEqual(['One two three four.']);
  expect(longSentences('One two, three!\n\nFour five:\nSix seven', 3)).toEqual([]);
  expect(textsOf('cli/synth.ts').join('\n')).toContain('Rendered …');
  expect(textsOf('charts/programs/upgrade-guard.py').join('\n')).toContain('No setting helps');
  expect(proseOf('README.md')).toContain('Kubernetes');
});

test.each(sources)('%s: no message has a sentence of more than 25 words', (path) => {
  expect(textsOf(path).flatMap((text) => longSentences(text, LONGEST.message))).toEqual([]);
});

test.each(documents)('%s: no sentence has more than 30 words', (path) => {
  expect(longSentences(proseOf(path), LONGEST.page)).toEqual([]);
});

test.each([...sources, ...documents])('%s: no word of the list', (path) => {
  expect(oddWords(path)).toEqual([]);
});
