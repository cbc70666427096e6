import type { ReadFile } from '../files';
import type { PatchFile } from '../patch-file';
import type { Built } from '../problems';
import type { Values } from '../values';

/** The patches and waivers of all files that the setting names, in their order. */
export function patchesOf(values: Values, readFile: ReadFile): Built<Omit<PatchFile, 'problems'>> {
  const files = (values.inEffect('JUNJO_K8S_PATCHES') ?? []).map((path): PatchFile => {
    const text = readFile(path);
    if (typeof text === 'string') return patchFiles().readPatchFile(path, text);
    const reason = text?.problem ?? 'cannot be read. Write the path relative to the folder in which you run synth';
    return { patches: [], waivers: [], problems: [values.error('JUNJO_K8S_PATCHES', `${path} ${reason}`)] };
  });
  return {
    value: {
      patches: files.flatMap(({ patches }) => patches),
      waivers: files.flatMap(({ waivers }) => waivers),
    },
    problems: files.flatMap(({ problems }) => problems),
  };
}

/** Loaded only if there are patches, because its YAML parser is large. */
function patchFiles() {
  return require('../patch-file') as typeof import('../patch-file');
}
