import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backUp } from '../../../cli/backup';
import { checkArchive } from '../../../cluster/copy/archive';
import { kubectlInProcess } from '../../support/kubectl-in-process';
import { contents, fillVolume, hasty, LiveStudio } from '../../support/live-studio';
import { describeWith } from '../../support/programs';

// Each command is a process of its own, and starts some thirty of kubectl.
jest.setTimeout(3_600_000);

describeWith(['kubectl', 'python3'], 'an error in any callback', () => {
  let studio: LiveStudio;
  let folder: string;

  beforeEach(async () => {
    studio = await LiveStudio.start();
    folder = mkdtempSync(join(tmpdir(), 'junjo-callbacks-'));
    for (const name of ['old', 'new']) fillVolume(join(folder, name));
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await studio.close();
    rmSync(folder, { recursive: true });
  });

  const command = (args: readonly string[], env: NodeJS.ProcessEnv) =>
    new Promise<void>((resolve) => {
      const all = [
        '-r',
        './test/support/throw-in-callback.cjs',
        '-r',
        'tsx/cjs',
        'cli/cli.ts',
        ...args,
        '--namespace',
        studio.namespace,
        '--yes',
      ];
      const child = execFile(process.execPath, all, { env: { ...process.env, ...studio.cluster.environment, ...env } });
      child.once('close', () => resolve());
    });
  const reset = () => {
    for (const name of readdirSync(studio.volume)) rmSync(join(studio.volume, name), { recursive: true });
    cpSync(join(folder, 'old'), studio.volume, { recursive: true, verbatimSymlinks: true });
    rmSync(join(folder, 'copy.tar.gz'), { force: true });
  };

  /** Where the data is: on the volume, or in the only folder on it. */
  const dataFolder = () => {
    const [name = '', ...others] = readdirSync(studio.volume);
    return join(studio.volume, others.length === 0 && name.startsWith('.junjo-before-') ? name : '');
  };

  test.each([
    ['backup', () => ['backup', join(folder, 'copy.tar.gz')]],
    ['restore', () => ['restore', join(folder, 'new'), '--replace']],
    ['set-aside', () => ['set-aside']],
  ])('of a %s leaves a studio that runs, or that the next command starts, and whole data', async (_, args) => {
    reset();
    const list = join(folder, 'callbacks');
    await command(args(), { CALLBACKS: list });
    const places = readFileSync(list, 'utf8').trim().split('\n');
    expect(places.length).toBeGreaterThan(25);
    const states = ['old', 'new'].map((name) => JSON.stringify(contents(join(folder, name))));
    const wrong: string[] = [];
    const started: string[] = [];
    for (const place of places) {
      reset();
      await command(args(), { THROW_AT: place });
      if (studio.trouble.some((trouble) => !trouble.includes('available'))) started.push(place);
      kubectlInProcess(studio.cluster);
      const io = studio.io();
      const file = join(folder, 'next.tar.gz');
      const exit = await backUp({ file, namespace: studio.namespace, yes: true }, io, hasty);
      jest.restoreAllMocks();
      if (exit !== 0) wrong.push(`${place}: the next backup says ${io.said.join('\n')}`);
      else await checkArchive(file);
      rmSync(file, { force: true });
      await studio.ready();
      if (!states.includes(JSON.stringify(contents(dataFolder(), /^\.junjo-/))))
        wrong.push(`${place}: the data is not whole`);
    }
    expect(wrong).toEqual([]);
    console.info(
      `${places.length} callbacks threw; the next command had to start the studio after: ${started.join(', ') || 'none'}`,
    );
  });
});
