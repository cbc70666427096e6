import { run } from '../../cli/cli';
import { publication } from '../../config/how-to-run';
import { name as packageName, scripts } from '../../package.json';

/** Whether npx finds this project by a name: the command once it is installed, a tarball, or the package once it is published. */
export function isOurs(name: string): boolean {
  return /^(junjo-k8s|\.\/junjo-.*\.tgz)$/.test(name) || (publication.onNpm && name === packageName);
}

/** The arguments of a command of this project, called as a script of npm or by npx; nothing for another program. */
export function argumentsOf([program, ...words]: readonly string[]): readonly string[] | undefined {
  if (program === 'npx' && isOurs(words[0] ?? '')) return words.slice(1);
  if (program !== 'npm' || words[0] !== 'run') return undefined;
  const [script = '', ...more] = words.slice(1).filter((word) => word !== '--silent');
  const source: string = (scripts as Record<string, string>)[script] ?? '';
  const [fromSource, command] = source.split(/(?<=cli\/cli\.ts) ?/);
  if (fromSource !== scripts['junjo-k8s']) return undefined;
  // npm takes options before -- for its own.
  expect({
    words,
    taken: more.slice(0, more.indexOf('--') + 1 || more.length).filter((word) => /^-./.test(word) && word !== '--'),
  }).toEqual({ words, taken: [] });
  return [...(command ? [command] : []), ...more.filter((word) => word !== '--')];
}

/** What our command line parser says of arguments, without starting a command. */
export async function refusalOf(args: readonly string[]): Promise<string> {
  let text = '';
  const io = {
    environment: {},
    out: () => undefined,
    err: (part: string) => {
      text += part;
    },
    color: false,
  };
  const exit = await run(args, io, async () => 0);
  return exit === 0 ? '' : text;
}
