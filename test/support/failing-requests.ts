import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backUp } from '../../cli/backup';
import type { ExitCode } from '../../cli/command';
import { restoreInto } from '../../cli/restore';
import { moveAside } from '../../cli/set-aside';
import { checkArchive } from '../../cluster/copy/archive';
import type { Pace } from '../../cluster/copy/pace';
import type { FakeApiServer } from './fake-api-server';
import { atStep, faultOf, type SeenRequest } from './fake-cluster/faults';
import { contents, fillVolume, hasty, LiveStudio } from './live-studio';
import { describeWith } from './programs';

/** What a release writes on a volume when it starts, and what restores keep there. */
const BESIDE = /^\.junjo-/;

/**
 * Tests that whatever single request of a backup, a restore or a set-aside fails, the studio runs afterwards and its data is whole.
 * @param use replaces the real kubectl, or leaves it
 */
export function testFailingRequests(use: (cluster: FakeApiServer) => void, pace: Pace): void {
  describeWith(['kubectl', 'python3'], 'whatever single request fails', () => {
    let studio: LiveStudio;
    let folder: string;

    beforeEach(async () => {
      studio = await LiveStudio.start();
      folder = mkdtempSync(join(tmpdir(), 'junjo-failing-requests-'));
      for (const name of ['old', 'new']) fillVolume(join(folder, name));
    });

    afterEach(async () => {
      jest.restoreAllMocks();
      await studio.close();
      rmSync(folder, { recursive: true });
    });

    /** Puts the old data on the volume. */
    const reset = () => {
      for (const name of readdirSync(studio.volume)) rmSync(join(studio.volume, name), { recursive: true });
      cpSync(join(folder, 'old'), studio.volume, { recursive: true, verbatimSymlinks: true });
    };

    /** Runs a command where all goes well. @returns its requests */
    const requestsOf = async (command: (pace: Pace) => Promise<ExitCode>): Promise<readonly SeenRequest[]> => {
      reset();
      studio.cluster.requests.length = 0;
      expect(await command(hasty)).toBe(0);
      return [...studio.cluster.requests];
    };

    /** Runs a command once for each of its requests, which fails. @returns what was wrong afterwards */
    const eachFailing = async (
      command: (pace: Pace) => Promise<ExitCode>,
      check: (exit: ExitCode) => Promise<string | undefined>,
    ): Promise<readonly string[]> => {
      const real = await requestsOf(command);
      use(studio.cluster);
      const requests = await requestsOf(command);
      expect(withoutRepeated(requests)).toEqual(withoutRepeated(real));
      expect(requests.length).toBeGreaterThan(20);
      const wrong: string[] = [];
      for (const [step, { method, path }] of requests.entries()) {
        reset();
        const fault = faultOf(method, step);
        studio.cluster.faults.add(atStep(step, fault));
        const exit = await command(pace);
        studio.cluster.faults.clear();
        await studio.ready();
        const trouble = await check(exit);
        if (trouble) wrong.push(`${method} ${path}, ${fault.kind}: exit ${exit}, ${trouble}`);
      }
      return wrong;
    };

    test('of a backup, the studio runs afterwards, and no half file is left', async () => {
      const backups = mkdtempSync(join(folder, 'backups-'));
      const file = join(backups, 'studio.tar.gz');
      const command = (pace: Pace) => {
        rmSync(file, { force: true });
        return backUp({ file, namespace: studio.namespace, yes: true }, studio.io(), pace);
      };
      const wrong = await eachFailing(command, async (exit) => {
        if (exit === 0) await checkArchive(file);
        const left = readdirSync(backups).join();
        return left === (exit === 0 ? 'studio.tar.gz' : '') ? undefined : `files ${left}`;
      });
      expect(wrong).toEqual([]);
    });

    test('of a restore, the studio runs afterwards, and the volume holds one state whole', async () => {
      const source = join(folder, 'new');
      const command = (pace: Pace) =>
        restoreInto({ source, replace: true, namespace: studio.namespace, yes: true }, studio.io(), pace);
      const states = ['old', 'new'].map((name) => contents(join(folder, name))).map((state) => JSON.stringify(state));
      const wrong = await eachFailing(command, async (exit) => {
        const state = states.indexOf(JSON.stringify(contents(studio.volume, BESIDE)));
        return state < 0 || (exit === 0 && state !== 1) ? `state ${state}` : undefined;
      });
      expect(wrong).toEqual([]);
    });

    test('of a set-aside, the studio runs afterwards, and all of its data is on the volume or in one folder', async () => {
      const command = (pace: Pace) => moveAside({ namespace: studio.namespace, yes: true }, studio.io(), pace);
      const old = JSON.stringify(contents(join(folder, 'old')));
      const wrong = await eachFailing(command, async (exit) => {
        const left = readdirSync(studio.volume).filter((name) => BESIDE.test(name));
        const isThere = left.length === 0 && JSON.stringify(contents(studio.volume)) === old;
        const [aside = ''] = left;
        const isAside =
          readdirSync(studio.volume).join() === aside && JSON.stringify(contents(join(studio.volume, aside))) === old;
        return isAside || (isThere && exit !== 0) ? undefined : `the volume holds ${readdirSync(studio.volume).join()}`;
      });
      expect(wrong).toEqual([]);
    });
  });
}

/** Requests as text, without those that repeat the one before: how often a command looks is a matter of time. */
function withoutRepeated(requests: readonly SeenRequest[]): readonly string[] {
  const lines = requests.map(({ method, path, query }) => [method, path, ...query.getAll('command')].join(' '));
  // Of the moment at which the command runs.
  const timeless = lines.map((line) =>
    line.replace(/\b\d{8}T\d{6,9}Z|\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time').replace(/\b[0-9a-f-]{36}\b/g, 'token'),
  );
  return timeless.filter((line, index) => line !== timeless[index - 1]);
}
