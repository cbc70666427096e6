import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backUp } from '../../commands/backup';
import { type RestoreOptions, restoreInto } from '../../commands/restore';
import { describeWithKubectl } from '../support/kubectl';
import { contents, fillVolume, hasty, LiveStudio } from '../support/live-studio';

// Each runs some thirty processes of kubectl, which take their time on a busy machine.
jest.setTimeout(600_000);

describeWithKubectl('restore', () => {
  let studio: LiveStudio;
  let folder: string;

  beforeEach(async () => {
    studio = await LiveStudio.start();
    folder = mkdtempSync(join(tmpdir(), 'junjo-restore-'));
  });

  afterEach(async () => {
    await studio.close();
    rmSync(folder, { recursive: true });
  });

  const run = async (options: RestoreOptions) => {
    const io = studio.io();
    const exit = await restoreInto({ namespace: studio.namespace, yes: true, ...options }, io, hasty);
    return { exit, said: io.said.join('\n') };
  };
  const archive = async () => {
    const file = join(folder, 'studio.tar.gz');
    const io = studio.io();
    if ((await backUp({ file, namespace: studio.namespace, yes: true }, io, hasty)) !== 0)
      throw new Error(io.said.join('\n'));
    return file;
  };

  test('brings back every byte that backup took, after everything was lost', async () => {
    fillVolume(studio.volume, { mebibytes: 40 });
    const before = contents(studio.volume);
    const source = await archive();
    for (const name of readdirSync(studio.volume)) rmSync(join(studio.volume, name), { recursive: true });
    const { exit } = await run({ source });
    expect(exit).toBe(0);
    expect(contents(studio.volume)).toEqual(before);
    expect(studio.trouble).toEqual([]);
  });

  test('moves in from the folder of compose', async () => {
    const source = join(folder, '.dbdata');
    mkdirSync(source);
    fillVolume(source);
    const { exit } = await run({ source });
    expect(exit).toBe(0);
    expect(contents(studio.volume)).toEqual(contents(source));
    expect(studio.trouble).toEqual([]);
  });
});
