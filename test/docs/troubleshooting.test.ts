import { readFileSync } from 'node:fs';
import { causes } from '../../cluster/diagnosis';
import { shownByStatus, withOutput } from '../support/troubleshooting';

const page = readFileSync('docs/troubleshooting.md', 'utf8');
const sections = [...page.matchAll(/^### `([a-z-]+)`\n\n```text\n(.*?)^```\n\n(.*?)(?=^##|(?![\s\S]))/gms)];

test('each recogniser has one section, and no section is of another', () => {
  expect(sections.map(([, name]) => name).sort()).toEqual(causes.map(({ name }) => name).sort());
});

test('each section shows what status prints of a state (npm run docs writes it)', () => {
  expect(withOutput(page)).toBe(page);
  const shown = shownByStatus();
  for (const [, name = '', output = ''] of sections) {
    expect(output).toMatch(/^(error|warning|wait) {2,}\S/);
    expect(output.trimEnd()).toBe(shown.get(name));
  }
});

test('each section says what it means and what to do', () => {
  const short = sections.filter(([, , , text = '']) => text.trim().split(/\s+/).length < 6);
  expect(short.map(([, name]) => name)).toEqual([]);
});
