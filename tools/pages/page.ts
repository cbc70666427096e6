import { readFileSync, writeFileSync } from 'node:fs';

/** The generated parts of a page, by their names. */
export type Parts = Readonly<Record<string, string>>;

/**
 * A page with its generated parts: each replaces what stands between `<!-- NAME: written by npm run docs -->` and
 * `<!-- end of NAME -->`. The rest of the page is written by hand.
 * @throws when the page has no place for a part
 */
export function filled(page: string, parts: Parts): string {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const [begin, end] = [`<!-- ${name}: written by npm run docs -->\n`, `\n<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`the page has no place for ${name}`);
    return `${text.slice(0, from + begin.length)}\n${part}\n${text.slice(to)}`;
  }, page);
}

/** Writes the generated parts into a page. */
export function fill(path: string, parts: Parts): void {
  writeFileSync(path, filled(readFileSync(path, 'utf8'), parts));
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
