import { spawnSync } from 'node:child_process';
import { kubernetesTool } from './kubernetes-tools';
import { asUserOfPods, withSystemPython } from './python';

/** Programs that some tests run and that a machine may lack. */
export type Program = keyof typeof PROGRAMS;

/** The first of these programs that starts. */
function firstThatRuns(
  programs: readonly string[],
  args: readonly string[],
  as = (command: readonly string[]) => command,
) {
  return programs.find((program) => {
    const [first = '', ...rest] = as([program, ...args]);
    return spawnSync(first, rest, { env: withSystemPython }).status === 0;
  });
}

const PROGRAMS = {
  kubectl: { find: () => kubernetesTool('kubectl'), install: 'npm ci installs it on Linux on amd64' },
  nginx: {
    // Debian has it in a folder that only root's PATH names.
    find: () => firstThatRuns(['nginx', '/usr/sbin/nginx'], ['-v']),
    install: 'apt install nginx-light',
  },
  openssl: { find: () => firstThatRuns(['openssl'], ['version']), install: 'apt install openssl' },
  promtool: { find: () => firstThatRuns(['promtool'], ['--version']), install: 'apt install prometheus' },
  python3: {
    find: () => firstThatRuns(['python3'], ['-c', 'import sqlite3'], asUserOfPods),
    install: 'apt install python3',
  },
} satisfies Readonly<Record<string, { readonly find: () => string | undefined; readonly install: string }>>;

/** The path of a program. @throws when the machine lacks it */
export function pathOf(program: Program): string {
  const path = PROGRAMS[program].find();
  if (!path) throw new Error(`There is no ${program}: ${PROGRAMS[program].install}`);
  return path;
}

/** `describe` for tests that run these programs. Where one is missing, they are skipped; in CI they fail. */
export function describeWith(needed: readonly Program[], name: string, tests: () => void): void {
  const missing = needed.filter((program) => !PROGRAMS[program].find());
  if (missing.length === 0) describe(name, tests);
  else if (process.env.CI) test(name, () => missing.forEach(pathOf));
  else test.skip(`${name}: there is no ${missing.join(' and no ')}`, () => undefined);
}

/** Says before the first test which programs are missing. */
export default function tellOfMissing(): void {
  for (const [program, { find, install }] of Object.entries(PROGRAMS)) {
    if (!find()) console.warn(`There is no ${program}, and the tests that run it are skipped: ${install}`);
  }
}
