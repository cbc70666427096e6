import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { Studio as StudioCharts, type StudioProps } from '../charts/studio';
import { howToRun } from '../config/how-to-run';
import { formatProblem, type Problem } from '../config/problems';
import type { StudioConfig } from '../config/studio-config';
import { manifestsBelow, objectsOf } from './files';
import type { PlacedManifest } from './manifest';
import { byRule, factsOf, inForce, patchAndCheck, ruleText, textOf } from './patch-and-check';
import { brokenRules } from './rules';

/**
 * A studio in your own cdk8s App: all its charts, with its patches applied. `loadStudio` makes its `config`.
 * `app.synth()` fails if a patch is wrong, if a patch or the App breaks a rule, or if two studios of the App have the same
 * namespace.
 */
export class Studio extends StudioCharts {
  /** Problems of the patches: errors, which also fail `app.synth()`, and a warning for each rule that is waived. */
  readonly problems: readonly Problem[];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: StudioProps,
  ) {
    super(scope, id, props);
    const { config } = props;
    const rendered = manifestsBelow(this);
    const { manifests, problems } = patchAndCheck(rendered, config);
    this.problems = problems;
    if (config.patches.length > 0) this.replaceObjects(rendered, manifests);
    const errors = problems.filter(({ severity }) => severity === 'error').map(formatProblem);
    const known = new Set(brokenRules(manifests, factsOf(config), rendered).map(textOf));
    this.node.addValidation({
      validate: () => [
        ...errors,
        ...this.withFlux(config),
        ...this.brokenByApp(config, known, rendered),
        ...this.sameNamespace(),
      ],
    });
  }

  /**
   * Replaces each object of the chart with the patched one. It has no type: types of cdk8s drop unknown fields. All objects of
   * the chart are recreated, because cdk8s writes them in the order in which they were made.
   */
  private replaceObjects(rendered: readonly PlacedManifest[], patched: readonly PlacedManifest[]): void {
    let index = 0;
    for (const chart of this.node.findAll().filter((construct) => construct instanceof Chart)) {
      const objects = objectsOf(chart);
      const [before, after] = [rendered, patched].map((all) => all.slice(index, index + objects.length));
      index += objects.length;
      if (JSON.stringify(before) === JSON.stringify(after)) continue;
      for (const { node } of objects) node.scope?.node.tryRemoveChild(node.id);
      after?.forEach(({ manifest }, position) => {
        const { node } = objects[position] ?? chart;
        new ApiObject(node.scope ?? chart, node.id, manifest);
      });
    }
  }

  /** Rules that were kept after the patches, and are broken now: the App changed an object of the studio. */
  private brokenByApp(
    config: StudioConfig,
    known: ReadonlySet<string>,
    rendered: readonly PlacedManifest[],
  ): readonly string[] {
    const broken = brokenRules(manifestsBelow(this), factsOf(config), rendered).filter(
      (each) => !known.has(textOf(each)),
    );
    return byRule(inForce(broken, config)).map(
      (violations) => `${this.node.path}: the App changed the studio, which ${ruleText(violations)}`,
    );
  }

  /** Without the lists for kustomize, which charts cannot write, Flux would apply every folder as one. */
  private withFlux({ git }: StudioConfig): readonly string[] {
    if (git?.gitops !== 'flux') return [];
    const way = `Remove the setting and write the Kustomizations yourself, or render with ${howToRun('synth')}`;
    return [`${this.node.path}: JUNJO_K8S_GITOPS=flux needs files for kustomize, which cdk8s does not write. ${way}`];
  }

  private sameNamespace(): readonly string[] {
    const { namespace } = this.props.config;
    const studios = this.node.root.node.findAll().filter((construct) => construct instanceof Studio);
    return studios
      .filter((other) => other !== this && other.props.config.namespace === namespace)
      .map(
        (other) =>
          `${this.node.path}: ${other.node.path} also has the namespace ${namespace}. Set JUNJO_K8S_NAMESPACE of one of them to another name`,
      );
  }
}
