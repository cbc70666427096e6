import { execFileSync } from 'node:child_process';
import { describeWith } from '../support/programs';

const program = `
const { openTerminal } = require('./cli/terminal');
const terminal = openTerminal();
terminal.ask('Continue? ').then((answer) => {
  terminal.close();
  console.log('answer: ' + answer);
});
`;

/** What a terminal shows of a question and of what comes next. */
function shown(answer: string): string {
  const command = ['node', '-r', 'tsx/cjs', '-e', program];
  const args = ['test/support/terminal.py', JSON.stringify([['Continue? ', answer]]), ...command];
  // Without carriage returns and the sequences that move the cursor.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it removes
  return execFileSync('python3', args, { encoding: 'utf8' }).replace(/\r|\u001b\[\d+[A-Z]/g, '');
}

describeWith(['python3'], 'a question on a terminal', () => {
  test.each(['^C', '^D'])('that %s ends is followed by a line break', (key) => {
    expect(shown(key)).toMatch(/Continue\? (\^C)?\nanswer: undefined\n$/);
  });

  test('that is answered is followed by no empty line', () => {
    expect(shown('y')).toMatch(/Continue\? y\nanswer: y\n$/);
  });
});
