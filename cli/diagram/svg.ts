interface Palette {
  readonly page: string;
  readonly text: string;
  readonly line: string;
  readonly workload: string;
  readonly edge: string;
  readonly data: string;
  readonly secret: string;
  /** Of connections without TLS. */
  readonly open: string;
}

const LIGHT: Palette = {
  page: '#ffffff',
  text: '#1f2328',
  line: '#59636e',
  workload: '#f6f8fa',
  edge: '#ddf4ff',
  data: '#dafbe1',
  secret: '#fff8c5',
  open: '#cf222e',
};

const DARK: Palette = {
  page: '#0d1117',
  text: '#f0f6fc',
  line: '#9198a1',
  workload: '#212830',
  edge: '#121d2f',
  data: '#12261e',
  secret: '#272215',
  open: '#f85149',
};

/** Written twice, because not every viewer knows CSS variables. */
function rules({ page, text, line, workload, edge, data, secret, open }: Palette): string {
  return `
text { fill: ${text}; }
.arrow text { stroke: ${page}; }
.page { fill: ${page}; }
path, polygon, ellipse, polyline { stroke: ${line}; fill: none; }
.workload path { fill: ${workload}; }
.edge path { fill: ${edge}; }
.data path { fill: ${data}; }
.secret polygon { fill: ${secret}; }
.arrow polygon { fill: ${line}; }
.arrow.open path, .arrow.open polygon { stroke: ${open}; }
.arrow.open polygon, .arrow.open text { fill: ${open}; }
.arrow path { fill: none; }`;
}

// The font is the one whose widths Graphviz knows.
const STYLE = `
text { font-family: Helvetica, Arial, sans-serif; }
.arrow text { paint-order: stroke; stroke-width: 4px; stroke-linejoin: round; }
.cluster polygon { stroke-dasharray: 4 3; }${rules(LIGHT)}
@media (prefers-color-scheme: dark) {${rules(DARK)}
}
`;

/** Adds styles to what Graphviz drew: the picture is never wider than its page, and follows the reader's light or dark theme. */
export function themed(svg: string): string {
  const [, width = '', height = ''] = /<svg width="([0-9.]+)pt" height="([0-9.]+)pt"/.exec(svg) ?? [];
  return svg
    .replace(/^[\s\S]*?<svg /, '<svg ')
    .replace(
      /<svg width="[^"]*" height="[^"]*"/,
      `<svg width="${width}" height="${height}" style="max-width:100%;height:auto"`,
    )
    .replace(/<!--[\s\S]*?-->\n?/g, '')
    .replace(/ (fill|stroke|font-family)="[^"]*"/g, '')
    .replace(/class="edge /g, 'class="arrow ')
    .replace(/class="node /g, 'class="')
    .replace(/<polygon points="[^"]*"\/>/, '<rect class="page" x="-100%" y="-100%" width="300%" height="300%"/>')
    .replace(/(<svg [\s\S]*?>)/, `$1\n<style>${STYLE}</style>`);
}
