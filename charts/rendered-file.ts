import { type App, Chart, Yaml } from 'cdk8s';

/** A file of the output folder. */
export interface RenderedFile {
  /** Relative to the output folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Unix permissions. */
  readonly mode: number;
}

/** Renders the charts of an app; the construct path of each is its file. */
export function renderCharts(app: App): readonly RenderedFile[] {
  return app.node
    .findAll()
    .filter((construct) => construct instanceof Chart)
    .map((chart) => {
      const objects: { kind: string }[] = chart.toJson();
      return {
        path: `${chart.node.path}.k8s.yaml`,
        text: Yaml.stringify(...objects),
        mode: objects.some(({ kind }) => kind === 'Secret') ? 0o600 : 0o644,
      };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
