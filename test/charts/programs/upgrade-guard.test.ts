import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VOLUME_MARK } from '../../../charts/upgrade-guard';
import { moveOf, type ReleaseLine, recommendedTag, releaseLines, stepName } from '../../../releases';
import { hostile, harmless as printable } from '../../support/controls';
import { describeWith } from '../../support/programs';
import { type Ended, lineCalled, Volume } from '../../support/volume';

let volume: Volume;

beforeEach(() => {
  volume = new Volume();
});
afterEach(() => {
  volume.remove();
});

const pairs = releaseLines.flatMap((from) => releaseLines.map((to) => [from.name, to.name, from, to] as const));
const losing = pairs.filter(([, , from, to]) => moveOf(from.stores, to.stores) !== 'harmless');
const harmless = pairs.filter(([, , from, to]) => moveOf(from.stores, to.stores) === 'harmless');
const line082 = lineCalled('0.82');
const line081 = lineCalled('0.81');
const line070 = lineCalled('0.70');

/** A volume on which a line ran under these manifests. */
function ranOn(line: ReleaseLine): Volume {
  expect(volume.guard(line).status).toBe(0);
  return volume.fill(line);
}

/** What a refusal says in its three lines. */
function expectRefusal({ status, log, reason }: Ended, from: ReleaseLine, to: ReleaseLine): void {
  const step = `JUNJO_K8S_ACCEPT_DATA_LOSS=${stepName(from, to)}`;
  expect(status).toBe(1);
  expect(log).toContain(reason);
  const [lost, back, on, ...rest] = reason.trimEnd().split('\n');
  expect(lost).toContain(`the spans of Junjo AI Studio ${from.name}`);
  expect(back).toMatch(/^Set JUNJO_K8S_RELEASE=0\.[0-9.]+ to go back/);
  expect(on).toContain(step);
  expect(rest).toEqual([]);
}

describeWith(['python3'], 'the guard of the volume', () => {
  test.each(releaseLines.map((line) => [line.name, line] as const))('an empty volume is marked: %s', (name, line) => {
    const before = Date.now();
    const { status, reason } = volume.guard(line);
    expect({ status, reason }).toEqual({ status: 0, reason: '' });
    expect(volume.mark).toMatchObject({ line: name, manifests: expect.stringMatching(/^[0-9]+\.[0-9]+\.[0-9]+/) });
    const since = Date.parse(volume.mark?.since ?? '');
    // The mark counts whole seconds.
    expect(since).toBeGreaterThanOrEqual(before - 1000);
    expect(since).toBeLessThanOrEqual(Date.now());
    expect(volume.files).toEqual([VOLUME_MARK]);
  });

  test.each(releaseLines.map((line) => [line.name, line] as const))(
    'a restart passes and writes nothing: %s',
    (_, line) => {
      const { mark, files } = ranOn(line);
      const { status, log } = volume.guard(line);
      expect({ status, log }).toEqual({ status: 0, log: '' });
      expect({ mark: volume.mark, files: volume.files }).toEqual({ mark, files });
    },
  );

  describe.each(losing)('%s to %s, which loses something', (_, __, from, to) => {
    test('does not start on the marked volume, and says why', () => {
      const { mark } = ranOn(from);
      expectRefusal(volume.guard(to), from, to);
      expect(volume.mark).toEqual(mark);
      // The way back is open.
      expect(volume.guard(from)).toMatchObject({ status: 0 });
    });

    test('does not start on a volume that compose filled', () => {
      volume.fill(from);
      const { status, reason } = volume.guard(to);
      const shown = releaseLines.filter(({ stores }) => stores.columnsSince === from.stores.columnsSince);
      expect(status).toBe(1);
      // Its files do not tell lines of one schema apart: the newest of them is named.
      expect(reason).toContain(`${stepName(shown[shown.length - 1] ?? from, to)},`);
      expect(volume.mark).toBeUndefined();
    });

    test('goes on with the step that was accepted, and with no other', () => {
      ranOn(from);
      const others = losing.filter(([, , otherFrom, otherTo]) => {
        return otherTo !== to || moveOf(otherFrom.stores, from.stores) !== 'harmless';
      });
      expect(
        volume.guard(
          to,
          others.map(([, , otherFrom, otherTo]) => stepName(otherFrom, otherTo)),
        ).status,
      ).toBe(1);
      expect(volume.guard(to, [stepName(from, to)])).toMatchObject({ status: 0, reason: '' });
      expect(volume.mark?.line).toBe(to.name);
      // What was accepted is not asked again.
      expect(volume.guard(to)).toMatchObject({ status: 0 });
    });

    test('goes on when the files were put aside', () => {
      ranOn(from);
      for (const path of from.stores.spanPaths) {
        renameSync(join(volume.path, path), join(volume.path, `aside-${path.replace('/', '-')}`));
      }
      expect(volume.guard(to)).toMatchObject({ status: 0, reason: '' });
      expect(volume.mark?.line).toBe(to.name);
    });
  });

  test.each(harmless)('%s to %s passes, and the mark follows', (_, name, from, to) => {
    ranOn(from);
    expect(volume.guard(to)).toMatchObject({ status: 0, reason: '' });
    expect(volume.mark?.line).toBe(name);
  });

  test.each(harmless)('%s to %s passes on a volume that compose filled', (_, name, from, to) => {
    volume.fill(from);
    expect(volume.guard(to)).toMatchObject({ status: 0, reason: '' });
    expect(volume.mark?.line).toBe(name);
  });

  test('a studio that moved on before there were marks keeps running beside its old files', () => {
    volume.fill(line070, 60 * 24).fill(line081);
    expect(volume.guard(line081)).toMatchObject({ status: 0 });
  });

  test('the line that wrote last is the one whose spans would be lost', () => {
    volume.fill(line081, 60 * 24).fill(line070);
    expectRefusal(volume.guard(line081), line070, line081);
  });

  test('a segment left in the write-ahead log stops the start, even where the newest spans are of this line', () => {
    volume.copy('14.ipc', 'spans/wal/batch_1_0001.ipc', 60);
    volume.copy('21.parquet', 'spans/parquet/year=2026/spans.parquet');
    expectRefusal(volume.guard(line082), line081, line082);
    volume.delete('spans/wal');
    expect(volume.guard(line082)).toMatchObject({ status: 0 });
  });

  test('a segment is known in either of the two forms that Arrow has', () => {
    const stream = readFileSync('test/support/span-files/14.ipc');
    mkdirSync(join(volume.path, 'spans/wal'), { recursive: true });
    writeFileSync(join(volume.path, 'spans/wal/0001.arrow'), Buffer.concat([Buffer.from('ARROW1\0\0'), stream]));
    expectRefusal(volume.guard(line082), line081, line082);
    expect(volume.guard(line081)).toMatchObject({ status: 0 });
  });

  test('flushed as the releases page says and put aside, the step to the new columns passes', () => {
    ranOn(line081);
    renameSync(join(volume.path, 'spans'), join(volume.path, 'spans-0.81'));
    expect(volume.guard(line082)).toMatchObject({ status: 0 });
  });

  test('what a crash left half written is not taken for spans', () => {
    volume.write('spans/wal/batch_1_0001.ipc.tmp', 'half');
    expect(volume.guard(line082)).toMatchObject({ status: 0 });
  });

  test.each([
    ['nonsense', 'nonsense'],
    ['Parquet without its end', `PAR1${'x'.repeat(100)}`],
    ['nothing', ''],
  ])('a span file of %s is asked about', (_, text) => {
    volume.write('spans/parquet/spans.parquet', text);
    const { status, reason } = volume.guard(line082);
    expect(status).toBe(1);
    expect(reason).toContain('spans/parquet/spans.parquet');
    expect(volume.mark).toBeUndefined();
  });

  test('an old release is told when the user database lacks its table', () => {
    ranOn(line081);
    expect(volume.guard(line070).reason).toContain('lacks the table poller_state');
    volume.database('sqlite/junjo.db', ['poller_state']);
    const { status, reason } = volume.guard(line070);
    expect(status).toBe(1);
    expect(reason).not.toContain('poller_state');
  });

  test('a mark of a line that these manifests do not know stops the start', () => {
    volume.write(VOLUME_MARK, JSON.stringify({ line: '7.0', schema: 'Tape 7.0.0', manifests: '9.8.7' }));
    const { status, reason } = volume.guard(line082);
    expect(status).toBe(1);
    expect(reason).toMatch(/7\.0 .*\n.*9\.8\.7.*\n.*delete/);
  });

  test.each(['', '{"line": "0.8', '[]'])('a mark that is none (%j) does not let a line pass', (text) => {
    volume.write(VOLUME_MARK, text);
    volume.fill(line081);
    expectRefusal(volume.guard(line082), line081, line082);
    expect(volume.guard(line081)).toMatchObject({ status: 0 });
    expect(volume.mark?.line).toBe('0.81');
  });

  test('a volume that cannot be written says so, and what to do', () => {
    chmodSync(volume.path, 0o555);
    const { status, reason } = volume.guard(line082);
    chmodSync(volume.path, 0o755);
    expect(status).toBe(1);
    expect(reason).toMatch(/may not write the volume.*\n.*chown -R [0-9]+:[0-9]+ .*\n.*\.junjo-studio\.json/);
  });

  test('a full volume says so, and leaves no half mark', () => {
    const { files } = ranOn(line081);
    // What is written there is written to a device that is always full.
    symlinkSync('/dev/full', join(volume.path, `${VOLUME_MARK}.new`));
    expect(volume.guard(line081)).toMatchObject({ status: 0 });
    const { status, reason } = volume.guard(lineCalled('0.80'));
    expect(status).toBe(1);
    expect(reason).toMatch(/The volume is full.*\nMake it larger.*\nNothing was changed/);
    expect(volume.mark?.line).toBe('0.81');
    expect(volume.files).toEqual(files);
  });

  test('a restore that broke off while it moved folders stops every start, also one that is a restart', () => {
    ranOn(line081).write('.junjo-restore-20260102T030405Z.plan', '{}');
    const { files } = volume;
    const { status, reason } = volume.guard(line081);
    expect({ status, reason }).toMatchObject({
      status: 1,
      reason: expect.stringMatching(/^A restore or set-aside broke off.*\n.*\n.*$/m),
    });
    expect(volume.files).toEqual(files);
    volume.delete('.junjo-restore-20260102T030405Z.plan');
    expect(volume.guard(line081).status).toBe(0);
  });

  test.each<[string, () => void]>([
    [
      'a mark',
      () => volume.write(VOLUME_MARK, JSON.stringify({ schema: 'x', line: `0.99${hostile}`, manifests: hostile })),
    ],
    ['the name of a file', () => volume.write(`spans/parquet/${hostile.replaceAll('/', '')}`, 'x')],
  ])('shows what %s says without controls, and in no line of its own', (_, prepare) => {
    prepare();
    const { status, reason } = volume.guard(line082);
    expect(status).toBe(1);
    expect(reason).toMatch(printable);
    expect(reason.trimEnd().split('\n')).toHaveLength(3);
  });

  test('looks at the files where a mark is made of lists inside each other', () => {
    volume.write(VOLUME_MARK, '['.repeat(100_000));
    expect(volume.guard(line082)).toMatchObject({ status: 0, log: expect.stringContaining('is not readable') });
    expect(volume.mark).toMatchObject({ line: '0.82' });
  });

  test('among many files the newest tell which line wrote last', () => {
    for (const index of Array(300).keys()) volume.copy('21.parquet', `spans/parquet/part_${index}.parquet`);
    volume.copy('14.parquet', 'spans/parquet/part_old.parquet', 60 * 24 * 365);
    expect(volume.guard(line082)).toMatchObject({ status: 0 });
  });

  describe('ingestion', () => {
    const wait = (line: ReleaseLine) =>
      spawn('sh', [volume.program('wait-for-mark.sh'), join(volume.path, VOLUME_MARK), line.name]);

    test('waits until the volume is marked for its own line', async () => {
      const waiting = wait(line082);
      const [first] = await once(waiting.stdout, 'data');
      expect(String(first)).toContain('waiting until the backend has let Junjo AI Studio 0.82 onto the volume');
      expect(volume.guard(line081)).toMatchObject({ status: 0 });
      await sleep(1500);
      expect(waiting.exitCode).toBeNull();
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
      const [code] = await once(waiting, 'exit');
      expect(code).toBe(0);
    });

    test('waits while a restore is half done, although the mark is that of its line', async () => {
      ranOn(line082).write('.junjo-restore-20260102T030405Z.plan', '{}');
      const waiting = wait(line082);
      await once(waiting.stdout, 'data');
      await sleep(1500);
      expect(waiting.exitCode).toBeNull();
      volume.delete('.junjo-restore-20260102T030405Z.plan');
      expect(await once(waiting, 'exit')).toEqual([0, null]);
    });

    test('ends at once when the pod stops: PID 1 hears only the signals that it handles', async () => {
      const waiting = wait(line082);
      await once(waiting.stdout, 'data');
      waiting.kill('SIGTERM');
      // What a signal without a handler ends has no exit status.
      expect(await once(waiting, 'exit')).toEqual([143, null]);
    });

    test('does not wait after a restart', async () => {
      ranOn(line081);
      const [code] = await once(wait(line081), 'exit');
      expect(code).toBe(0);
    });
  });

  test('every release that is named as the way back is one of the line itself', () => {
    for (const [, , from, to] of losing) {
      const own = new Volume().fill(from);
      const { reason } = own.guard(to);
      own.remove();
      const same = releaseLines.filter(({ stores }) => moveOf(from.stores, stores) === 'harmless').map(recommendedTag);
      expect(same).toContain(/JUNJO_K8S_RELEASE=([0-9.]+[0-9])/.exec(reason)?.[1]);
      expect(existsSync(join(own.path))).toBe(false);
    }
  });
});
