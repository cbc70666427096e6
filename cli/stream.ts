import { render } from '../main';
import { filesOf, gitOpsOf } from '../render/files';
import { type Command, tell } from './command';
import { type StudioOptions, selected, studioOptions } from './manifests';

/** For whoever reads manifests from a pipe, such as Argo CD's config management plugin: nothing but YAML on stdout. */
export const stream: Command<StudioOptions> = {
  name: 'stream',
  summary: 'Print the manifests as one stream of YAML, and write nothing',
  options: studioOptions,
  examples: [
    ['stream | kubectl apply -f -', 'renders .env and applies it'],
    ['stream --env-file shared.env --env-file alpha.env', 'the same studio, with what two files say'],
  ],
  run: async (options, io) => {
    const { manifests, problems } = render(selected(options, io), io.environment);
    const exit = tell({ problems }, {}, io);
    const applied = filesOf(manifests.filter(({ file }) => gitOpsOf(file) === undefined));
    const inOrder = [...applied].sort((a, b) => Number(isFoundation(b.path)) - Number(isFoundation(a.path)));
    if (exit === 0) io.out(inOrder.map(({ text }) => `---\n${text}`).join(''));
    return exit;
  },
};

/** The namespace comes before what lies in it. */
function isFoundation(path: string): boolean {
  return path.split('/').includes('foundation');
}
