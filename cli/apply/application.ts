import { type Connection, confirmed } from '../../cluster/connection';
import { healing } from '../../cluster/copy/argo-cd';
import type { GitOpsPaused } from '../../cluster/copy/downtime';
import { reconciling } from '../../cluster/copy/flux';
import type { Pace } from '../../cluster/copy/pace';
import { stoppedMark } from '../../cluster/copy/writers';
import { firstUserSteps, lineOfTag, usersExist } from '../../cluster/first-user';
import { Kubectl, KubectlError } from '../../cluster/kubectl';
import { readNamespace } from '../../cluster/read';
import { Refusal } from '../../cluster/refusal';
import { type StudioManifests, uiComponentOf } from '../../cluster/studio-manifests';
import { howToRun } from '../../config/how-to-run';
import { workloadNames } from '../../config/names';
import { inOneLine } from '../../config/text';
import type { Manifest } from '../../render/manifest';
import type { ExitCode } from '../command';
import { goesFirst, isIntake } from '../synth/left-behind';
import { findLeftBehind, type LeftBehind, removalArgs } from './left-behind';
import { openServices, type Parts } from './parts';

/** What is applied. */
export interface ApplicationProps extends GitOpsPaused {
  /** As the user names it. */
  readonly folder: string;
  readonly parts: Parts;
  readonly studio: StudioManifests;
  /** Asks nothing. @default false */
  readonly yes?: boolean;
  /** Prints the commands, and runs none. @default false */
  readonly dryRun?: boolean;
}

/** Arguments of one call of kubectl. */
type Args = readonly string[];

/** Nothing, where the namespace does not exist yet. */
const NONE: LeftBehind = { references: [], unread: [] };

/** Applies a studio with the calls of kubectl that a person would make, in their order. */
export class Application {
  /** Objects, and the arguments of this class, name their namespaces. */
  private readonly kubectl: Kubectl;

  constructor(
    private readonly props: ApplicationProps,
    private readonly connection: Connection,
    private readonly pace: Pace,
    private readonly signal: AbortSignal,
  ) {
    // Waits take longer than a request may.
    this.kubectl = new Kubectl({ ...connection.kubectl.options, namespace: undefined, requestTimeout: 0 });
  }

  /** Applies, or prints the commands. @returns 4 where the edge waits for the first user */
  async run(): Promise<ExitCode> {
    const { yes, dryRun } = this.props;
    const { console, target } = this.connection;
    await this.refuseUnlessReady();
    const left = await this.leftBehind();
    const removals = removalArgs(left.references);
    const early = goesFirst(left.references) ? removals : [];
    const late = early.length > 0 ? [] : removals;
    if (dryRun) {
      for (const args of [...early, ...this.beforeEdge()]) this.print(args);
      if (this.needsUser)
        console.err('Here apply stops, unless the studio has a user. The next command opens the edge:');
      for (const args of [...this.fromEdge(), ...late]) this.print(args);
      return 0;
    }
    console.err(this.heading(left));
    if (!yes && !(await confirmed(`Apply ${this.props.folder} to ${target.context}?`, console, this.signal))) return 1;
    try {
      if (early.length > 0 && !(await this.removed(early))) {
        console.err('Nothing was applied: delete these objects first.');
        return 1;
      }
      for (const args of this.beforeEdge()) await this.call(args);
      if (this.needsUser && !(await this.hasUser(left))) return 4;
      for (const args of this.fromEdge()) await this.call(args);
      if (late.length > 0) await this.removed(late);
    } catch (error) {
      const status = howToRun('status', ...this.own.globalFlags());
      console.err(inOneLine(`Not finished. To see the state of the studio: ${status}`));
      console.err(inOneLine(`Fix the problem, then run this again: ${this.again()}`));
      throw error;
    }
    console.out(inOneLine(`Applied. Look at the studio: ${howToRun('status', ...this.own.globalFlags())}`));
    return 0;
  }

  /** kubectl with the namespace of the studio, for commands that a person pastes. */
  private get own(): Kubectl {
    return this.connection.kubectl;
  }

  /** Only what is reached from outside needs a user first. */
  private get needsUser(): boolean {
    return this.props.parts.edge.length > 0;
  }

  private beforeEdge(): readonly Args[] {
    const { foundation, studio } = this.props.parts;
    const applies = [foundation, studio].filter((args) => args.length > 0);
    // Ingestion may wait for a certificate of the edge; the backend never does.
    return this.needsUser ? [...applies, this.wait('deployment', workloadNames.backend)] : applies;
  }

  private fromEdge(): readonly Args[] {
    const { parts, studio } = this.props;
    const workloads = [...studio.ofKind('Deployment'), ...studio.ofKind('StatefulSet')];
    const running = workloads.filter(({ spec }) => spec?.replicas !== 0);
    return [
      ...(parts.edge.length > 0 ? [parts.edge] : []),
      ...running.map(({ kind, metadata }) => this.wait(kind.toLowerCase(), metadata.name)),
    ];
  }

  private wait(type: string, name: string): Args {
    const namespace = `--namespace=${this.props.studio.namespace}`;
    return ['rollout', 'status', `${type}/${name}`, namespace, `--timeout=${this.pace.readySeconds}s`];
  }

  private print(args: Args): void {
    this.connection.console.out(this.kubectl.commandLine(args));
  }

  private async call(args: Args): Promise<void> {
    const { out, err } = this.connection.console;
    try {
      const { text, warnings } = await this.kubectl.said(args, { signal: this.signal });
      if (text.trim()) out(text.trimEnd());
      for (const warning of warnings) err(`Warning: ${inOneLine(warning)}`);
    } catch (error) {
      // Of many objects, some may have been applied.
      if (error instanceof KubectlError && error.output.trim()) out(error.output.trimEnd());
      throw error;
    }
  }

  /** Objects that are no longer rendered. A namespace that does not exist has none. */
  private async leftBehind(): Promise<LeftBehind> {
    const { studio } = this.props;
    const [found] = await readNamespace(this.own, studio.namespace, []);
    if (!found) return NONE;
    return findLeftBehind(this.own.in(undefined), studio.namespace, studio.manifests);
  }

  private heading({ references, unread }: LeftBehind): string {
    const { folder, studio } = this.props;
    const { context, server, namespace } = this.connection.target;
    const open = openServices(studio.manifests, [workloadNames[uiComponentOf(studio)], workloadNames.backend]);
    return [
      `Context    ${context} (${server})`,
      `Namespace  ${namespace}`,
      `Studio     ${studio.tag ?? 'of an unknown release'}, from ${folder}`,
      ...(studio.isProduction && open.length > 0
        ? [`The Service ${open.join(', ')} is reachable from outside at once. Create the first user immediately.`]
        : []),
      ...(references.length > 0 ? ['No longer rendered:', ...references.map(({ resource }) => `  ${resource}`)] : []),
      ...(references.some(isIntake)
        ? [
            'The queues of the intake may hold spans, which stay on its claims. Let the queues empty before you delete it.',
          ]
        : []),
      ...(unread.length > 0 ? [`You lack permission to read: ${unread.join(', ')}.`] : []),
    ]
      .map(inOneLine)
      .join('\n');
  }

  /** Deletes what is no longer rendered, where the person agrees; else it prints how. */
  private async removed(removals: readonly Args[]): Promise<boolean> {
    const { console } = this.connection;
    const question = 'Delete what is no longer rendered? Claims, volumes, and Secrets stay.';
    if (!this.props.yes && !(await confirmed(question, console, this.signal))) {
      console.err('To delete it later:');
      for (const args of removals) console.err(`  ${this.kubectl.commandLine(args)}`);
      return false;
    }
    for (const args of removals) await this.call(args);
    return true;
  }

  /** Whether the studio has a user. If not, the person learns how to create one; if that is unknown, how to continue. */
  private async hasUser(left: LeftBehind): Promise<boolean> {
    const { console } = this.connection;
    const { studio, parts } = this.props;
    const line = lineOfTag(studio.tag);
    const steps = firstUserSteps(this.own, line.api);
    try {
      if (await usersExist(this.own, line, this.signal)) return true;
    } catch (error) {
      this.signal.throwIfAborted();
      console.err(inOneLine(`Whether the studio has a user is unknown: ${(error as Error).message}.`));
      console.err([...steps, 'When the studio has a user, open the edge:'].join('\n'));
      console.err(`  ${this.kubectl.commandLine(parts.edge)}`);
      throw new Refusal('The edge was not applied');
    }
    console.err('The studio has no user, so the edge was not applied: anyone could create the first user.');
    const open = await this.openEdge(left);
    if (open.length > 0) {
      const close = this.own.commandLine(['delete', ...open]);
      console.err(`The edge of an earlier apply is still open. Close it until the user exists:\n  ${close}`);
    }
    console.err([...steps, 'Then open the edge:', `  ${this.again()}`].join('\n'));
    return false;
  }

  /** What already leads from outside to the studio, also under names that are no longer rendered. */
  private async openEdge({ references }: LeftBehind): Promise<readonly string[]> {
    const files = this.props.parts.edge.filter((arg) => !['apply', '--server-side'].includes(arg));
    const names = await this.namesOf(['get', ...files, '--ignore-not-found', '--output=name']);
    const all = [...names, ...references.map(({ resource }) => resource)];
    return all.filter((name) => /^(ingress|[a-z]+route)\./.test(name));
  }

  /** The objects that kubectl finds. It names those that it can read, and the person learns of an error. */
  private async namesOf(args: Args): Promise<readonly string[]> {
    try {
      return (await this.kubectl.text(args, { signal: this.signal })).split('\n');
    } catch (error) {
      if (!(error instanceof KubectlError)) throw error;
      this.connection.console.err(
        inOneLine(`An earlier edge may be open, because it cannot be read: ${error.message}`),
      );
      return error.output.split('\n');
    }
  }

  /** This command again, for the same studio. */
  private again(): string {
    const { folder, argoCdPaused, fluxSuspended } = this.props;
    const { context, kubeconfig } = this.own.options;
    return howToRun(
      'apply',
      folder,
      ...(kubeconfig ? [`--kubeconfig=${kubeconfig}`] : []),
      ...(context ? [`--context=${context}`] : []),
      ...(argoCdPaused ? ['--argocd-paused'] : []),
      ...(fluxSuspended ? ['--flux-suspended'] : []),
    );
  }

  /** Refuses while a backup or restore keeps the studio stopped, and where Argo CD or Flux would undo the changes. */
  private async refuseUnlessReady(): Promise<void> {
    const { argoCdPaused, fluxSuspended } = this.props;
    const backend = await this.liveBackend();
    if (!backend) return;
    const mark = stoppedMark(backend);
    if (mark) {
      throw new Refusal(
        `${mark.command} on ${mark.host} stopped this studio (${mark.since}). An apply would start it too early.`,
        `Wait until ${mark.command} ends. If it was interrupted, this says what to do: ${howToRun('status', ...this.own.globalFlags())}`,
      );
    }
    const byArgoCd = argoCdPaused ? undefined : await healing(this.own, backend);
    const tool = byArgoCd ?? (fluxSuspended ? undefined : await reconciling(this.own, backend));
    if (!tool) return;
    throw new Refusal(
      `${byArgoCd ? 'Argo CD' : 'Flux'} applies this studio, and would revert what is applied here.`,
      'To deploy, commit the manifests. To apply them by hand anyway:',
      tool.advice,
    );
  }

  /** The backend in the cluster; nothing where there is none, or it cannot be read. */
  private async liveBackend(): Promise<Manifest | undefined> {
    try {
      return await this.own.jsonIfFound<Manifest>(['get', 'deployment', workloadNames.backend], {
        signal: this.signal,
      });
    } catch (error) {
      if (error instanceof KubectlError && error.failure === 'forbidden') return undefined;
      throw error;
    }
  }
}
