import type { Diagram, DiagramEdge, DiagramNode, NodeKind } from './diagram';

const BRACKETS: Readonly<Record<NodeKind, readonly [string, string]>> = {
  outside: ['([', '])'],
  edge: ['[/', '/]'],
  workload: ['[', ']'],
  data: ['[(', ')]'],
  secret: ['>', ']'],
};

/** The picture in the language of Mermaid, which GitHub and GitLab draw. */
export function mermaidOf({ title, nodes, edges, notes }: Diagram): string {
  const ids = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const node = ({ id, kind, lines }: DiagramNode) => {
    const [open, close] = BRACKETS[kind];
    return `${ids.get(id)}${open}${quoted(lines)}${close}`;
  };
  const arrow = ({ from, to, kind, lines }: DiagramEdge) => {
    const shaft = { flow: '-->', open: '==>', data: '---', secret: '-.->' }[kind];
    return `${ids.get(from)} ${shaft}${lines.length > 0 ? `|${quoted(lines)}|` : ''} ${ids.get(to)}`;
  };
  return [
    'flowchart LR',
    ...nodes.filter(({ inside }) => !inside).map((each) => `  ${node(each)}`),
    `  subgraph studio [${quoted([title])}]`,
    ...nodes.filter(({ inside }) => inside).map((each) => `    ${node(each)}`),
    '  end',
    ...edges.map((each) => `  ${arrow(each)}`),
    ...notes.map((note) => `  %% ${note}`),
    '',
  ].join('\n');
}

function quoted(lines: readonly string[]): string {
  return `"${lines.map((line) => line.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('\n', '<br/>')).join('<br/>')}"`;
}
