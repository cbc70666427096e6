import { realpathSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { howToRunWith } from '../config/how-to-run';
import { inOneLine } from '../config/text';
import { unwritable, writeFiles } from '../render/files';
import type { Manifest } from '../render/manifest';
import { withoutStackTrace } from './cluster-options';
import { type Command, type ExitCode, type Io, tell } from './command';
import { dotOf } from './diagram/dot';
import { mermaidOf } from './diagram/mermaid';
import { diagramOf } from './diagram/read';
import { themed } from './diagram/svg';
import { folderArgument, type ManifestOptions, oneStudio, studioOptions } from './manifests';

/** The studio to draw, and where the picture goes. */
export interface DiagramOptions extends ManifestOptions {
  readonly format: string;
  /** @default stdout */
  readonly output?: string;
}

/** Graphviz as WebAssembly. A clone has it. The package does not, because it is larger than everything else. */
const GRAPHVIZ = '@viz-js/viz';

export const diagram: Command<DiagramOptions> = {
  name: 'diagram',
  summary: 'Draw a rendered studio: which connections are allowed, what is public, where TLS ends, where the data is',
  argument: folderArgument,
  options: [
    ...studioOptions.filter(({ flags }) => flags.includes('--env-file')),
    { flags: '--format <format>', text: 'svg or mermaid', default: 'svg', choices: ['svg', 'mermaid'] },
    { flags: '--output <file>', text: 'file to write, instead of stdout' },
  ],
  examples: [
    ['diagram --output studio.svg', 'an SVG that follows the light or dark theme of its page'],
    ['diagram dist/team --format mermaid', 'one of several studios, as text that GitHub and GitLab draw'],
  ],
  run: (options, io) => withoutStackTrace(io, () => drawStudio(options, io)),
};

async function drawStudio({ format, output, ...options }: DiagramOptions, io: Io): Promise<ExitCode> {
  if (format !== 'svg' && format !== 'mermaid') {
    io.err(inOneLine(`--format ${format} does not exist. Use svg or mermaid`));
    return 2;
  }
  const { studio, problems } = oneStudio(options, io);
  if (!studio) return tell({ problems }, {}, io);
  const { manifests } = studio;
  const picture = format === 'svg' ? await drawn(manifests).catch(withoutGraphviz) : mermaidOf(diagramOf(manifests));
  if (picture === undefined) {
    const { folder, envFile = [] } = options;
    const inputs = [...(folder ? [folder] : []), ...envFile.flatMap((file) => ['--env-file', file])];
    const again = ['diagram', ...inputs, ...(output ? ['--output', output] : [])];
    const commands = howToRunWith(GRAPHVIZ, ...again).map((command) => `\n  ${command}`);
    const how = commands.length > 0 ? `, or add Graphviz:${commands.join('')}` : '.';
    io.err(`An SVG needs Graphviz, which is not in this package. Use --format mermaid${how}`);
    return 1;
  }
  if (output) writePicture(output, picture);
  else io.out(picture);
  return 0;
}

/** Replaces a file in one step; writes into anything else, such as /dev/stdout. */
function writePicture(path: string, text: string): void {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    const file = found ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
    if (found && !found.isFile()) writeFileSync(path, text);
    else writeFiles([{ path: basename(file), text, mode: 0o644 }], dirname(file));
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Draws objects as an SVG picture. Graphviz is loaded here alone, because it is larger than everything else. */
export async function drawn(manifests: readonly Manifest[]): Promise<string> {
  // Node.js 20 cannot run import() in a bundle whose code V8 has cached.
  const { instance } = require('@viz-js/viz') as typeof import('@viz-js/viz', { with: { 'resolution-mode': 'import' }});
  const graphviz = await instance();
  return themed(graphviz.renderString(dotOf(diagramOf(manifests)), { format: 'svg' }));
}

function withoutGraphviz(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
}
