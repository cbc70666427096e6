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
  ) {
    this.table = new Map(table.map((variable) => [variable.name, variable]));
  }

  /** The value of a variable, or its default. */
  get(name: VariableName): string | undefined {
    return this.find(name);
  }

  /** As `get`, for a name that only a release line knows. */
  find(name: string): string | undefined {
    return this.written(name) ?? this.table.get(name)?.default;
  }

  /** The value that stands in the file, without the default. */
  written(name: string): string | undefined {
    return this.entries.get(name)?.value || undefined;
  }

  /** Whether the file has a line for it, be it an empty one. */
  isWritten(name: string): boolean {
    return this.entries.has(name);
  }

  /** Whether a value passed its checks so far, so that later checks can build on it. */
  isSound(name: VariableName): boolean {
    return !this.found.some(({ severity, variable }) => severity === 'error' && variable === name);
  }

  error(name: string, text: string): void {
    this.report('error', name, text);
  }

  warning(name: string, text: string): void {
    this.report('warning', name, text);
  }

  note(name: string, text: string): void {
    this.report('note', name, text);
  }

  get problems(): readonly Problem[] {
    return this.found;
  }

  private report(severity: Severity, name: string, text: string): void {
    const entry = this.entries.get(name);
    this.found.push({ severity, file: entry?.file ?? this.file, line: entry?.line, variable: name, text });
  }
}
