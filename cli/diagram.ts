import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { Manifest } from '../render/manifest';
import type { Command, ExitCode, Io } from './command';
import { dotOf } from './diagram/dot';
import { mermaidOf } from './diagram/mermaid';
import { diagramOf } from './diagram/read';
import { themed } from './diagram/svg';

/** What a picture is made of, and where it goes. */
export interface DiagramOptions {
  /** Folder of one rendered studio. @default dist */
  readonly folder?: string;
  readonly format: string;
  /** @default stdout */
  readonly output?: string;
}

/** Graphviz as WebAssembly: larger than all the rest, so that it is in a clone, but not in the package. */
const GRAPHVIZ = '@viz-js/viz';

export const diagram: Command<DiagramOptions> = {
  name: 'diagram',
  summary: 'Draw a rendered studio: who may talk to whom, what is public, where TLS ends, where the data lies',
  argument: { name: '[folder]', text: 'folder that synth rendered (default: "dist")' },
  options: [
    { flags: '--format <format>', text: 'svg or mermaid', default: 'svg' },
    { flags: '--output <file>', text: 'file to write, instead of stdout' },
  ],
  examples: [
    ['diagram --output studio.svg', 'a picture that follows the light and dark of its page'],
    ['diagram dist/team --format mermaid', 'one of several studios, as text that Git platforms draw'],
  ],
  run: drawStudio,
};

async function drawStudio({ folder = 'dist', format, output }: DiagramOptions, io: Io): Promise<ExitCode> {
  if (format !== 'svg' && format !== 'mermaid') {
    io.err(`--format is svg or mermaid, and not ${format}`);
    return 2;
  }
  const manifests = manifestsOf(folder);
  if (manifests.length === 0) {
    io.err(`${folder}: holds no rendered studio. Render one: junjo-k8s synth${otherStudios(folder)}`);
    return 1;
  }
  const picture = format === 'svg' ? await drawn(manifests).catch(withoutGraphviz) : mermaidOf(diagramOf(manifests));
  if (picture === undefined) {
    io.err(
      `Graphviz is not part of the package: npx --package junjo-ai-studio-cdk8s --package ${GRAPHVIZ} junjo-k8s diagram. Or --format mermaid, which needs nothing`,
    );
    return 1;
  }
  if (output) writeFileSync(output, picture);
  else io.out(picture);
  return 0;
}

/** Draws objects as a picture by itself. Graphviz is loaded here and nowhere else: it is larger than all the rest. */
export async function drawn(manifests: readonly Manifest[]): Promise<string> {
  // Not by import(): of a bundle that V8 has the code of, Node.js 20 cannot.
  const { instance } = require('@viz-js/viz') as typeof import('@viz-js/viz', { with: { 'resolution-mode': 'import' }});
  const graphviz = await instance();
  return themed(graphviz.renderString(dotOf(diagramOf(manifests)), { format: 'svg' }));
}

function withoutGraphviz(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
}

/** The objects of a studio in a folder of its own; what Argo CD applies to itself is not among them. */
export function manifestsOf(folder: string): readonly Manifest[] {
  return [folder, join(folder, 'foundation')].filter(existsSync).flatMap((path) =>
    readdirSync(path)
      .filter((name) => name.endsWith('.yaml'))
      .sort()
      .flatMap((name) => loadAll(readFileSync(join(path, name), 'utf8')) as Manifest[]),
  );
}

function otherStudios(folder: string): string {
  if (!existsSync(folder)) return '';
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'foundation')));
  return names.length > 0 ? `. It has a folder for each of several studios: ${names.join(', ')}` : '';
}
