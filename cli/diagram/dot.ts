import type { Diagram, DiagramEdge, DiagramNode, EdgeKind, NodeKind } from './diagram';

const SHAPES: Readonly<Record<NodeKind, string>> = {
  outside: 'plain',
  edge: 'box',
  workload: 'box',
  data: 'cylinder',
  secret: 'note',
};

const STYLES: Readonly<Record<EdgeKind, string>> = {
  flow: 'solid',
  open: 'bold',
  data: 'solid',
  secret: 'dotted',
};

/** The picture in the language of Graphviz; what each thing is, is its class, which svg.ts gives colours. */
export function dotOf({ title, nodes, edges, notes }: Diagram): string {
  const inside = nodes.filter((node) => node.inside);
  const outside = nodes.filter((node) => !node.inside);
  return [
    'digraph studio {',
    '  rankdir=TB; nodesep=0.3; ranksep=0.55; fontname="Helvetica"; fontsize=13; margin=0.1;',
    '  node [fontname="Helvetica", fontsize=12, margin="0.18,0.1"]; edge [fontname="Helvetica", fontsize=10, arrowsize=0.7];',
    `  label=${leftAligned([`${title} (dashed frame)`, ...notes, ''])}; labelloc=t; labeljust=l; class="notes";`,
    ...outside.map((node) => `  ${nodeLine(node)}`),
    '  subgraph cluster_studio { label=""; class="studio"; margin=16;',
    ...inside.map((node) => `    ${nodeLine(node)}`),
    '  }',
    ...edges.map((edge) => `  ${edgeLine(edge)}`),
    '}',
  ].join('\n');
}

function nodeLine({ id, kind, lines }: DiagramNode): string {
  const style = kind === 'workload' || kind === 'edge' ? 'rounded' : '""';
  return `${quoted(id)} [label=${quoted(lines.join('\n'))}, shape=${SHAPES[kind]}, style=${style}, class=${quoted(kind)}];`;
}

function edgeLine({ from, to, kind, lines }: DiagramEdge): string {
  const direction = kind === 'data' ? ', dir=none' : '';
  // A Secret stands beside its readers and not before them in the line of those who call.
  const rank = kind === 'secret' ? ', constraint=true, arrowhead=open' : '';
  return `${quoted(from)} -> ${quoted(to)} [label=${quoted(spaced(lines))}, style=${STYLES[kind]}, class=${quoted(kind)}${direction}${rank}];`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function leftAligned(lines: readonly string[]): string {
  return quoted(lines.map((line) => `${line}\n`).join('')).replaceAll('\\n', '\\l');
}

/** Graphviz puts a text right beside its arrow. */
function spaced(lines: readonly string[]): string {
  return lines
    .flatMap((line) => line.split('\n'))
    .map((line) => `  ${line}  `)
    .join('\n');
}
