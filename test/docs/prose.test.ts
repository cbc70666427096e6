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

/** The same for messages and pages. A comment may have them. */
const WORDS_OF_TEXTS: typeof WORDS = [
  [/\bwhoever\b/i, 'anyone who, people who'],
  [/(?<!\b(?:are|is|be) )\ball the same\b/i, 'anyway'],
  [/\b(?:is|are) there already\b/i, 'already exists'],
  [/\b(?:is|are) not there\b/i, 'does not exist'],
  [/\bbe it\b/i, 'whether, even if'],
  [/\bunless (?:you say so|told otherwise)\b/i, 'by default'],
  [/\btold (?:from|apart)\b/i, 'distinguish, detect'],
  [/\bin vain\b/i, 'without success'],
  [/\bwhich (?:is|are) to\b/i, 'which must, which you want to'],
  [/\bcannot be kept here\b|\bcannot be kept on\b/i, 'cannot be enforced'],
  [/\bown words\b/i, 'the message'],
  [/\bdid not live\b|\bto live on\b/i, 'exited, keep running'],
  [/\byou may not:/i, 'you lack permission to:'],
  [/\band its kin\b/i, 'and similar'],
  [/\bof (?:its|your|their) own(?= *(?:[.,;:)]|$))|\bof yours\b/i, 'its own …, a separate …'],
  [/\b(?:any|every|some|no)body\b/i, 'anyone, everyone, someone, no one'],
  [/\b(?:is|are|was|were) (?:said|told)\b/i, 'prints, gets, received'],
  [/(?<!\bthere )\b(?:is|are) no (?!longer\b|more\b|less\b)\w+/i, 'is not a …'],
  [/\bmeanwhile\b(?=[.;])/i, 'during this time'],
  [/, so that\b/i, 'so'],
  [/\bin (?:the|its|their) words\b/i, 'the message'],
  [/\bwhat is there\b/i, 'what exists'],
  [/\b(?:is|are) whole\b/i, 'is complete'],
  [/\bis going\b(?! to\b)/i, 'is being deleted'],
  [/\bsay --\w/i, 'pass --…'],
  [/\bnor anything\b|\bwithout others\b/i, 'unknown, no dependencies'],
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
const documents = [...pages.map(({ path }) => path), 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];

/** Every text in quotes of a Python program or a shell script, `…` for each value in it. */
function textsOfProgram(program: string): readonly string[] {
  const code = program
    .replace(/^ *#.*$/gm, '')
    .replace(/"""[\s\S]*?"""/g, '')
    // Python joins texts that follow each other.
    .replace(/"\s*\n\s*f?"/g, '');
  const quoted = code.matchAll(/"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'/g);
  return [...quoted].map(([, double, single = '']) => (double ?? single).replace(/\{[^}]*\}/g, '…'));
}

/** Every text in quotes of a source file, `…` for each value in it. */
function textsOf(path: string): readonly string[] {
  if (/\.(py|sh)$/.test(path)) return textsOfProgram(readFileSync(path, 'utf8'));
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
  // Styles are not prose.
  return texts.filter((text) => !/;\s*}/.test(text));
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

/** What CONTRIBUTING.md says not to write. */
const examples = [
  ...(readFileSync('CONTRIBUTING.md', 'utf8').split('| do not write |')[1]?.split('\n\n')[0] ?? '').matchAll(
    /^\| (.*?) \|.*$/gm,
  ),
].slice(1);

/** What a text has of a list of words, and what to write instead. */
function found(text: string, words: typeof WORDS): readonly string[] {
  return words.flatMap(([pattern, better]) => {
    const [word] = pattern.exec(text) ?? [];
    return word ? [`"${word}": write ${better}`] : [];
  });
}

/** The paragraphs, rows and items of a page, each in one line. */
function blocksOf(page: string): readonly string[] {
  return page.split(/\n\s*\n|\n(?=\s*(?:[-|]|\d+\.) ?)/).map((block) => block.replace(/\s+/g, ' '));
}

/** The words of the lists in a file. */
function oddWords(path: string): readonly string[] {
  const file = readFileSync(path, 'utf8');
  if (path.endsWith('.md')) {
    const isExample = (block: string) => path === 'CONTRIBUTING.md' && examples.some(([row]) => row === block.trim());
    const blocks = blocksOf(file).filter((block) => !isExample(block));
    return blocks.flatMap((block) => found(block, [...WORDS, ...WORDS_OF_TEXTS]).map((word) => `${word} in ${block}`));
  }
  return [
    ...file.split('\n').flatMap((line, index) => found(line, WORDS).map((word) => `${path}:${index + 1}: ${word}`)),
    ...textsOf(path).flatMap((text) => found(text, WORDS_OF_TEXTS).map((word) => `${word} in ${text}`)),
  ];
}

test('a long sentence and an odd word are noticed', () => {
  expect(longSentences('One two three. One two three four.', 3)).toEqual(['One two three four.']);
  expect(longSentences('One two, three!\n\nFour five:\nSix seven', 3)).toEqual([]);
  expect(textsOf('cli/synth.ts').join('\n')).toContain('Rendered …');
  expect(textsOf('charts/programs/upgrade-guard.py').join('\n')).toContain('No setting helps');
  expect(textsOfProgram('raise E(f"One {two} three"\n  "and four.", \'five\')  # "six"')).toEqual([
    'One … threeand four.',
    'five',
    'six',
  ]);
  expect(proseOf('README.md')).toContain('Kubernetes');
  expect(found('It goes on, and is passed over.', WORDS)).toEqual([
    '"goes on": write continues',
    '"passed over": write ignored',
  ]);
  expect(found('There is no studio here. It is no longer rendered.', WORDS_OF_TEXTS)).toEqual([]);
  expect(blocksOf('It is passed\nover.\n- One\n  item\n| a | row |')).toEqual([
    'It is passed over.',
    '- One item',
    '| a | row |',
  ]);
});

test('the list finds every phrase that CONTRIBUTING.md names', () => {
  const phrases = examples.flatMap(([, phrase = '']) => phrase.split(', '));
  expect(phrases.length).toBeGreaterThan(10);
  expect(phrases.filter((phrase) => found(phrase, [...WORDS, ...WORDS_OF_TEXTS]).length === 0)).toEqual([]);
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
