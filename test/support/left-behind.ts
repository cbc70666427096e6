import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { leftBehind as leftBehindOf, manifestsIn, type OutputFile, removalScript } from '../../cli/synth/left-behind';
import { committedExample, exampleNames } from '../../tools/example-studios';
import type { Manifest } from './studio';

/** What each example renders to, and the objects in it. */
const examples = new Map(
  exampleNames().map((name) => {
    const output: readonly OutputFile[] = [...committedExample(name)].map(([path, text]) => ({ path, text }));
    return [name, { output, manifests: output.flatMap(manifestsIn), objects: everyday(output) }] as const;
  }),
);

/** What an output leaves behind of the one before. */
export function leftBehind(before: readonly OutputFile[], after: readonly OutputFile[]) {
  return leftBehindOf(before, after.flatMap(manifestsIn));
}

/** A change from one example to another leaves behind exactly what only the first one has, and the script removes that. */
export function testChanges(pairs: readonly (readonly [from: string, to: string])[]): void {
  test.each(pairs)('from %s to %s exactly what is no longer rendered is removed', (from, to) => {
    const [before, after] = [from, to].map((name) => examples.get(name));
    if (!before || !after) throw new Error('there is no such example');
    const gone = leftBehindOf(before.output, after.manifests);
    const expected = before.objects.filter((object) => !after.objects.includes(object)).sort();
    // Secrets of examples are not committed, so that none is among them.
    expect(gone.map(({ namespace, resource }) => `${namespace} ${resource}`).sort()).toEqual(expected);
    const removed = gone.length > 0 ? deleted(removalScript(gone)) : [];
    expect([...removed].sort()).toEqual(expected);
    expect(removed.filter((object) => / (namespace|persistentvolume|persistentvolumeclaim)\//.test(object))).toEqual(
      [],
    );
  });
}

/** Runs a script with a kubectl that takes down its words, and fails where these hold `refuses`. */
export function run(script: string, refuses = 'nothing') {
  const folder = mkdtempSync(join(tmpdir(), 'left-behind-'));
  const path = join(folder, 'left-behind.sh');
  const calls = join(folder, 'calls');
  try {
    const kubectl = `#!/bin/sh\nprintf '%s\\n' "$*" >> '${calls}'\ncase "$*" in *${refuses}*) exit 1;; esac\n`;
    writeFileSync(join(folder, 'kubectl'), kubectl);
    chmodSync(join(folder, 'kubectl'), 0o755);
    writeFileSync(path, script);
    const { status, stderr } = spawnSync('sh', [path], {
      env: { PATH: `${folder}:${process.env.PATH}` },
      encoding: 'utf8',
    });
    return { status, stderr, isThere: existsSync(path), calls: readFileSync(calls, 'utf8').trim().split('\n') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What kubectl is told to delete, by the words of its command line. */
export function deleted(script: string): readonly string[] {
  const { status, isThere, calls } = run(script);
  expect([status, isThere]).toEqual([0, false]);
  return calls.flatMap((call) => {
    const [flag, namespace, verb, ...words] = call.split(' ');
    expect([flag, verb]).toEqual(['-n', 'delete']);
    return words.filter((word) => !word.startsWith('--')).map((word) => `${namespace} ${word}`);
  });
}

/** The objects of an output that `kubectl apply -f dist/` reads, counted without the code under test. */
export function everyday(output: readonly OutputFile[]): readonly string[] {
  return output
    .filter(({ path }) => /^([a-z-]+\/)?[0-9]{2}-/.test(path) && !/foundation/.test(path))
    .flatMap(({ text }) => loadAll(text) as Manifest[])
    .map(({ apiVersion, kind, metadata }) => {
      const [group] = apiVersion.split('/');
      const suffix = apiVersion.includes('/') ? `.${group}` : '';
      return `${metadata.namespace} ${kind.toLowerCase()}${suffix}/${metadata.name}`;
    });
}
