import { run } from '../../cli/cli';

/** Runs a command line with no cluster to ask. */
async function call(...args: readonly string[]) {
  const said: string[] = [];
  const note = (text: string) => said.push(text);
  const options: Record<string, unknown>[] = [];
  const io = { environment: { PATH: '' }, out: note, err: note, color: false };
  const exit = await run(['set-aside', ...args], io, async (command, given, its) => {
    options.push(given);
    return command.run(given, its);
  });
  return { exit, said: said.join('\n'), options };
}

describe('the command set-aside', () => {
  test('cannot list and bring back at once', async () => {
    expect(await call('--list', '--back', '.junjo-before-1', '-n', 'junjo')).toMatchObject({
      exit: 2,
      said: 'set-aside: --list cannot be combined with --back',
    });
  });

  test('takes the options of every command that changes a cluster', async () => {
    const { options } = await call('--context', 'a', '-n', 'b', '-e', 'c', '--argocd-paused', '--yes', '--list');
    expect(options).toEqual([
      { context: 'a', namespace: 'b', envFile: ['c'], argocdPaused: true, yes: true, list: true },
    ]);
  });

  test('needs kubectl, and says so', async () => {
    expect(await call('--namespace', 'junjo')).toMatchObject({
      exit: 1,
      said: expect.stringContaining('kubectl cannot be run'),
    });
  });

  test('shows in its help how to bring data back', async () => {
    expect(await call('--help')).toMatchObject({ exit: 0, said: expect.stringContaining('--back <folder>') });
  });
});
