import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkArchive } from '../../../cluster/copy/archive';
import { Refusal } from '../../../cluster/refusal';
import { honestArchive, hostileArchives } from '../../support/hostile-archives';
import { describeWith } from '../../support/programs';
import { withSystemPython } from '../../support/python';

/** What became of an archive in the pod. */
interface Outcome {
  readonly name: string;
  readonly taken: boolean;
  readonly words: string;
  /** MiB. */
  readonly memory: number;
  readonly changed: string;
}

jest.setTimeout(600_000);

describeWith(['python3'], 'archives that were made to do harm', () => {
  const archives = hostileArchives(20261127).map((archive, index) => ({
    ...archive,
    name: `${index}`.padStart(4, '0'),
  }));
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'junjo-hostile-'));
    mkdirSync(join(folder, 'archives'));
    for (const { name, bytes } of archives) writeFileSync(join(folder, 'archives', name), bytes);
    writeFileSync(join(folder, 'honest'), honestArchive());
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test('change nothing on the volume but what they may bring, now and at the next restore', () => {
    const args = ['cluster/copy/volume.py', join(folder, 'archives'), join(folder, 'honest')];
    const said = execFileSync('python3', ['test/support/unpack-archives.py', ...args], {
      encoding: 'utf8',
      env: withSystemPython,
      maxBuffer: 1 << 28,
    });
    const outcomes = said
      .trim()
      .split('\n')
      .map((line): Outcome => JSON.parse(line));
    expect(outcomes.length).toBe(archives.length);
    expect(outcomes.length).toBeGreaterThanOrEqual(500);
    const whatOf = ({ name }: Outcome) => archives[Number(name)]?.what;
    expect(
      outcomes.filter(({ changed }) => changed !== '').map((each) => [whatOf(each), each.changed, each.words]),
    ).toEqual([]);
    // A refusal is one sentence, and the pod has 384 MiB.
    const speechless = outcomes.filter(
      ({ taken, words }) => !taken && (/Traceback/.test(words) || words.trim() === ''),
    );
    expect(speechless.map((each) => [whatOf(each), each.words])).toEqual([]);
    expect(Math.max(...outcomes.map(({ memory }) => memory))).toBeLessThan(100);
    // Nothing larger than its manifest says was written until the system refused it.
    expect(outcomes.filter(({ words }) => /File too large/.test(words)).map(whatOf)).toEqual([]);
    // The check can fail: some were taken, most were not.
    const taken = outcomes.filter((each) => each.taken).length;
    expect(taken).toBeGreaterThan(20);
    expect(taken).toBeLessThan(outcomes.length / 2);
  });

  test('are refused in a sentence on this machine, those that grow before they are read', async () => {
    let refused = 0;
    for (const { name, what } of archives) {
      try {
        await checkArchive(join(folder, 'archives', name));
      } catch (error) {
        expect([what, error]).toEqual([what, expect.any(Refusal)]);
        if (/a huge (manifest|header|attribute)|more files/.test(what))
          expect((error as Error).message).toMatch(/more than|max size/);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(archives.length / 3);
  });
});
