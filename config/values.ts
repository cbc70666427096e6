import { type ReleaseLine, shareOfMemory } from '../releases';
import { holdsCredentials } from './credentials';
import type { Entry } from './env-files';
import { isPlaceholder, whyGuessable } from './placeholders';
import type { Problem } from './problems';
import type { ParsedValues, Variable, VariableName } from './variables';

/** What the env files say about a variable, regardless of its default. */
export type InFile =
  /** No line, or a line without a value. No program distinguishes the two. */
  | { readonly kind: 'none'; readonly hasLine: boolean }
  /** A secret that still has the text of an example file, or in production one that is easy to guess. */
  | {
      readonly kind: 'placeholder';
      /** Why, in words that follow its name. */
      readonly reason: string;
    }
  /** A text that the variable's type does not accept. */
  | { readonly kind: 'unsound'; readonly problem: string }
  | {
      readonly kind: 'sound';
      readonly value: unknown;
      /** As containers get it. */
      readonly text: string;
    };

/** Of a name, `=`, a value and the NUL at its end together, Linux hands so much to a program: MAX_ARG_STRLEN of include/uapi/linux/binfmts.h. */
const OF_CONTAINERS = {
  bytes: 128 * 1024,
  problem: 'is longer than 128 KiB, so no container can start with it. Set a shorter value',
};

/** The API server takes no larger object, give or take: MaxSecretSize of pkg/apis/core/types.go in Kubernetes. */
const OF_MANIFESTS = {
  bytes: 1024 * 1024,
  problem: 'is longer than 1 MiB, so no Kubernetes object can hold it. Set a shorter value',
};

/** What is wrong with the length of a value of any type. */
export function lengthProblem(name: string, text: string, readers: Variable['readers']): string | undefined {
  const { bytes, problem } = readers?.length ? OF_CONTAINERS : OF_MANIFESTS;
  return Buffer.byteLength(`${name}=${text}\0`) > bytes ? problem : undefined;
}

/** What is set, by name. A value that no file sets has no place. */
export type Entries = ReadonlyMap<string, Pick<Entry, 'value'> & Partial<Entry>>;

/** The problem of a password or token in a setting that is not a secret. */
function noSecret(advice?: string): string {
  return advice
    ? `contains credentials. ${advice}`
    : 'contains credentials, which would end up in committed files. Remove them';
}

/**
 * The values of one studio: `inFile` is what a person wrote, `inEffect` includes defaults.
 * It never changes, so checks can use it in any order.
 */
export class Values {
  private readonly table: ReadonlyMap<string, Variable>;

  constructor(
    /** Env file to name when a line is missing. */
    private readonly file: string,
    private readonly entries: Entries,
    table: readonly Variable[],
    private readonly line: ReleaseLine,
  ) {
    this.table = new Map(table.map((variable) => [variable.name, variable]));
  }

  /** What the env files say about a variable. */
  inFile(name: string): InFile {
    const written = this.entries.get(name)?.value;
    if (!written) return { kind: 'none', hasLine: this.entries.has(name) };
    const { secret, readers, type, anyTextWith } = this.table.get(name) ?? {};
    const tooLong = lengthProblem(name, written, readers);
    if (tooLong) return { kind: 'unsound', problem: tooLong };
    if (!secret && holdsCredentials(written)) return { kind: 'unsound', problem: noSecret(type?.credentialsBelong) };
    const judged = secret && readers?.length && !anyTextWith?.some((other) => this.isSet(other));
    if (judged && isPlaceholder(written)) return { kind: 'placeholder', reason: 'still holds a placeholder' };
    const parsed = type?.parse(written) ?? { value: written };
    if ('problem' in parsed) return { kind: 'unsound', problem: parsed.problem };
    const reason = judged && this.inEffect('JUNJO_ENV') === 'production' ? whyGuessable(written) : undefined;
    return reason
      ? { kind: 'placeholder', reason }
      : { kind: 'sound', value: parsed.value, text: parsed.text ?? written };
  }

  /** Whether the env files set a variable to a value, valid or not. */
  isSet(name: string): boolean {
    return this.inFile(name).kind !== 'none';
  }

  /** The value of the file, or else the default. An invalid text counts as no value; `parts/` see none (load-studio.ts). */
  inEffect<Name extends VariableName>(name: Name): ParsedValues[Name] {
    // The type that parsed it is the one in the row of that name, from which ParsedValues is made.
    return this.parsed(name) as ParsedValues[Name];
  }

  /** The value in effect as containers get it, of any variable of the release. */
  textInEffect(name: string): string | undefined {
    const inFile = this.inFile(name);
    if (inFile.kind === 'sound') return inFile.text;
    const { default: fixed, bySize, percentOfMemory } = this.table.get(name) ?? {};
    const size = this.inEffect('JUNJO_K8S_SIZE');
    return fixed ?? bySize?.[size] ?? (percentOfMemory && String(shareOfMemory(this.line, size, percentOfMemory)));
  }

  /** The file, and the line if there is one, that sets a variable. */
  place(name: string): Pick<Problem, 'file' | 'line'> {
    const entry = this.entries.get(name);
    return { file: entry?.file ?? this.file, line: entry?.line };
  }

  /** An error at the line of a variable. */
  error(name: string, text: string): Problem {
    return this.problem('error', name, text);
  }

  /** A warning at the line of a variable. */
  warning(name: string, text: string): Problem {
    return this.problem('warning', name, text);
  }

  /** A note at the line of a variable. */
  note(name: string, text: string): Problem {
    return this.problem('note', name, text);
  }

  private parsed(name: VariableName): unknown {
    const inFile = this.inFile(name);
    if (inFile.kind === 'sound') return inFile.value;
    const { type, default: fixed } = this.table.get(name) ?? {};
    if (!type || fixed === undefined) return undefined;
    const parsed = type.parse(fixed);
    if ('problem' in parsed) throw new Error(`the default of ${name} ${parsed.problem}`);
    return parsed.value;
  }

  private problem(severity: Problem['severity'], name: string, text: string): Problem {
    return { severity, ...this.place(name), variable: name, text };
  }
}
