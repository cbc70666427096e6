import { readdirSync, readFileSync } from 'node:fs';

/** A page that people read. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** Every page of documentation. */
export const pages: readonly Page[] = [
  'README.md',
  'examples/README.md',
  'examples/argocd-plugin/README.md',
  'tools/schemas/README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map((path) => ({ path, text: readFileSync(path, 'utf8') }));

/** The lines of the blocks that a reader copies into a shell, also of those in a list. A line that ends in `\` includes the next one. */
export function shellLines({ text }: Page): readonly string[] {
  const blocks = [...text.matchAll(/^ *```(\w*)\n(.*?)^ *```$/gms)].filter(([, language]) => language === 'bash');
  return blocks.flatMap(([, , block = '']) =>
    block
      .replace(/\\\n\s*/g, ' ')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#')),
  );
}

/** Code in the running text, outside of blocks. */
export function inlineCode({ text }: Page): readonly string[] {
  return [...text.replace(/^ *```.*?^ *```$/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** Simple commands of a page, as words: what stands between `|`, `&&`, `;` and at the end of `$(…)`. */
export function commandsOf(page: Page): readonly (readonly string[])[] {
  const inline = inlineCode(page).filter((code) => /^(kubectl|npx|npm|node|sh) /.test(code));
  return [...shellLines(page), ...inline].flatMap(simpleCommands);
}

/**
 * Words of each simple command of a line, quotes taken off, assignments in front of it and redirections left out.
 * @throws when a quote is not closed
 */
export function simpleCommands(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  const endWord = () => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  for (let i = 0; i < line.length; i += 1) {
    const char = line[i] ?? '';
    if (char === '"' || char === "'") {
      const end = line.indexOf(char, i + 1);
      if (end < 0) throw new Error(`a quote is not closed: ${line}`);
      word = `${word ?? ''}${line.slice(i + 1, end)}`;
      i = end;
    } else if (/\s/.test(char)) endWord();
    else if (char === '#' && word === undefined) break;
    else if (/[|&;()]/.test(char)) {
      endWord();
      commands.push([]);
    } else word = `${word ?? ''}${char}`;
  }
  endWord();
  return commands
    .map((words) => words.slice(words.findIndex((each) => !/^[A-Za-z_]\w*=/.test(each))))
    .map((words) => words.filter((word, index) => !/^[<>]+$/.test(word) && !/^[<>]+$/.test(words[index - 1] ?? '')))
    .filter(([first]) => first !== undefined);
}
