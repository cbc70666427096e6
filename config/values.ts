import type { ReleaseLine, Size } from '../releases';
import type { Entry } from './env-files';
import type { Problem, Severity } from './problems';
import type { Variable, VariableName } from './variables';

/**
 * The values of one studio, with their defaults, and the problems found in them.
 * An empty value counts as none, because that is what every reader of these variables makes of it.
 */
export class Values {
  private readonly found: Problem[] = [];
  private readonly table: ReadonlyMap<string, Variable>;

  constructor(
    /** Env file to name when a line is missing. */
    private readonly file: string,
    private readonly entries: ReadonlyMap<string, Entry>,
    table: readonly Variable[],
    private readonly line: ReleaseLine,
  ) {
    this.table = new Map(table.map((variable) => [variable.name, variable]));
  }

  /** The value of a variable, or its default. */
  get(name: VariableName): string | undefined {
    return this.find(name);
  }

  /** As `get`, for a name that only a release line knows. */
  find(name: string): string | undefined {
    const { default: fixed, bySize, percentOfMemory: share } = this.table.get(name) ?? {};
    return this.written(name) ?? fixed ?? bySize?.[this.size()] ?? (share && String(this.shareOfMemory(share)));
  }

  /** The studio's size; one that does not exist is reported by itself, and counts as the default. */
  size(): Size {
    const size = this.get('JUNJO_K8S_SIZE') as Size;
    return size in this.line.memory ? size : 'small';
  }

  /** What the containers of this release have at a size. */
  memoryOf(size: Size): ReleaseLine['memory'][Size] {
    return this.line.memory[size];
  }

  /** MiB that a share of a container's memory limit comes to. @param size the studio's own unless given */
  shareOfMemory({ component, percent }: NonNullable<Variable['percentOfMemory']>, size = this.size()): number {
    return Math.floor((this.line.memory[size][component].limitMi * percent) / 100);
  }

  /** The value that stands in the file, in its canonical form, without the default. */
  written(name: string): string | undefined {
    const value = this.entries.get(name)?.value || undefined;
    const canonical = this.table.get(name)?.type.canonical;
    return value !== undefined && canonical ? canonical(value) : value;
  }

  /** Whether the file has a line for it, be it an empty one. */
  isWritten(name: string): boolean {
    return this.entries.has(name);
  }

  /** Every secret of the table. */
  secretNames(): readonly string[] {
    return [...this.table.values()].filter(({ secret, readers }) => secret && readers).map(({ name }) => name);
  }

  /** The file, and the line if there is one, that sets a variable. */
  place(name: string): Pick<Problem, 'file' | 'line'> {
    const entry = this.entries.get(name);
    return { file: entry?.file ?? this.file, line: entry?.line };
  }

  /** Whether a value passed its checks so far, so that later checks can build on it. */
  isSound(name: string): boolean {
    return !this.found.some(({ severity, variable }) => severity === 'error' && variable === name);
  }

  error(name: string, text: string): void {
    this.add('error', name, text);
  }

  warning(name: string, text: string): void {
    this.add('warning', name, text);
  }

  note(name: string, text: string): void {
    this.add('note', name, text);
  }

  get problems(): readonly Problem[] {
    return this.found;
  }

  /** A problem of another file. */
  report(problem: Problem): void {
    this.found.push(problem);
  }

  private add(severity: Severity, name: string, text: string): void {
    this.report({ severity, ...this.place(name), variable: name, text });
  }
}
