import { filesOf, gitOpsOf } from '../render/files';
import { type Command, tell } from './command';
import { renderSelected, type StudioOptions, shown, studioOptions } from './manifests';

/** For programs that read manifests from a pipe, such as Argo CD's config management plugin: stdout has only YAML. */
export const stream: Command<StudioOptions> = {
  name: 'stream',
  summary: 'Print the manifests as one YAML stream, without writing files',
  options: studioOptions,
  examples: [
    ['stream | kubectl apply -f -', 'renders .env and applies the result'],
    ['stream --env-file shared.env --env-file alpha.env', 'renders one studio from two files'],
  ],
  run: async (options, io) => {
    const { manifests, problems } = renderSelected(options, io);
    const exit = tell({ problems: shown(problems, options, io) }, {}, io);
    const applied = filesOf(manifests.filter(({ file }) => gitOpsOf(file) === undefined));
    const inOrder = [...applied].sort((a, b) => Number(isFoundation(b.path)) - Number(isFoundation(a.path)));
    if (exit === 0) io.out(inOrder.map(({ text }) => `---\n${text}`).join(''));
    return exit;
  },
};

/** A namespace must come before the objects in it. */
function isFoundation(path: string): boolean {
  return path.split('/').includes('foundation');
}
