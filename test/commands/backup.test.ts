import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackupOptions, backUp } from '../../commands/backup';
import { describeWithKubectl } from '../support/kubectl';
import { fillVolume, hasty, LiveStudio } from '../support/live-studio';

// Each runs some thirty processes of kubectl, which take their time on a busy machine.
jest.setTimeout(600_000);

describeWithKubectl('backup', () => {
  let studio: LiveStudio;
  let folder: string;

  beforeEach(async () => {
    studio = await LiveStudio.start();
    fillVolume(studio.volume);
    folder = mkdtempSync(join(tmpdir(), 'junjo-backup-'));
  });

  afterEach(async () => {
    await studio.close();
    rmSync(folder, { recursive: true });
  });

  const run = async (options: BackupOptions = {}) => {
    const io = studio.io();
    const file = join(folder, 'studio.tar.gz');
    const exit = await backUp({ file, namespace: studio.namespace, yes: true, ...options }, io, hasty);
    return { exit, said: io.said.join('\n'), file };
  };

  test('stops the studio, copies its volume, starts it again, and says how long that took', async () => {
    const { exit, file } = await run();
    expect(exit).toBe(0);
    expect(studio.trouble).toEqual([]);
    expect(readdirSync(folder)).toEqual(['studio.tar.gz']);
    expect(existsSync(file)).toBe(true);
    // For status to tell when the data was copied last.
    const { annotations } = studio.cluster.object(
      'persistentvolumeclaims',
      studio.namespace,
      'junjo-ai-studio-data',
    ).metadata;
    expect(Date.now() - Date.parse(annotations['junjo-ai-studio/last-backup'])).toBeLessThan(600_000);
  });
});
