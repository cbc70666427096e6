import { type PatchFile, readPatchFile } from '../patch-file';
import type { Problem } from '../problems';
import { list } from '../value-types';
import type { Values } from '../values';

/** The patches of all files that the setting names, in their order. */
export function checkPatches(values: Values, readFile: (path: string) => string | undefined): PatchFile {
  const paths = list(values.get('JUNJO_K8S_PATCHES') ?? '').filter((path) => path !== '');
  const files = paths.map((path): PatchFile => {
    const text = readFile(path);
    if (text !== undefined) return readPatchFile(path, text);
    const problem: Problem = {
      severity: 'error',
      ...values.place('JUNJO_K8S_PATCHES'),
      variable: 'JUNJO_K8S_PATCHES',
      text: `${path} cannot be read. Paths are relative to the folder in which synth runs`,
    };
    return { patches: [], waivers: [], problems: [problem] };
  });
  return {
    patches: files.flatMap(({ patches }) => patches),
    waivers: files.flatMap(({ waivers }) => waivers),
    problems: files.flatMap(({ problems }) => problems),
  };
}
