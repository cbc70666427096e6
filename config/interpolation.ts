/** A value after its `$` references are replaced. */
export interface Interpolated {
  readonly value: string;
  /** What compose refuses, without any value in the text; empty when the value holds. */
  readonly problems: readonly Refusal[];
  /** Variables that are not set and have no operator with a default. Compose makes them empty. */
  readonly unset: readonly string[];
  /** Its references expand to more characters than are allowed, so the value is incomplete. */
  readonly tooLong: boolean;
}

/** What compose refuses in a template. */
export interface Refusal {
  readonly message: string;
  /** The same without a word of the template, which may be a part of a secret. @default the message has none */
  readonly discreet?: string;
}

const INVALID_TEMPLATE =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax is what the message teaches
  'Invalid template: write ${NAME}, ${NAME:-default} or ${NAME:?message} on one line, or $$ for a dollar sign';

// Compose matches names case-insensitively, and in Go that folding adds the long s and the Kelvin sign.
const NAME = /[_a-zA-Z\u017f\u212a][_a-zA-Z0-9\u017f\u212a]*/y;
const OPERATOR = /(:?)([-+?])/y;

/**
 * Replaces `$NAME`, `${NAME}` and the operators `:-` `-` `:+` `+` `:?` `?` by the rules of compose-go's template package.
 * Never throws: what compose refuses is in `problems`.
 * @param room characters that its references may stand for
 */
export function interpolate(
  template: string,
  lookup: (name: string) => string | undefined,
  room = Number.POSITIVE_INFINITY,
): Interpolated {
  return new Interpolation(template, lookup, room).read();
}

/** The whole template, or the text behind an operator. */
interface Text {
  readonly end: number;
  /** Inside a reason of `?`, where references stay as written. */
  readonly inReason: boolean;
  /** What to do with its output. @default it stays */
  readonly finish?: () => void;
}

class Interpolation {
  private readonly output: string[] = [];
  private readonly problems: Refusal[] = [];
  private readonly unset = new Set<string>();
  /** The innermost last. A list and no recursive calls: a hostile file nests deeper than the call stack allows. */
  private readonly texts: Text[];
  private position = 0;
  private dollar = -1;
  private braces: Braces | undefined;

  constructor(
    private readonly template: string,
    private readonly lookup: (name: string) => string | undefined,
    private room: number,
  ) {
    this.texts = [{ end: template.length, inReason: false }];
  }

  read(): Interpolated {
    for (let text = this.texts.at(-1); text; text = this.texts.at(-1)) {
      const dollar = this.nextDollar();
      this.output.push(this.template.slice(this.position, Math.min(dollar, text.end)));
      if (dollar < text.end) {
        this.position = this.readReference(dollar, text);
      } else {
        text.finish?.();
        this.texts.pop();
        this.position = text.end + 1;
      }
    }
    const isInvalid = ({ message }: Refusal) => message === INVALID_TEMPLATE;
    const firstInvalid = this.problems.findIndex(isInvalid);
    return {
      value: this.output.join(''),
      problems: this.problems.filter((problem, index) => !isInvalid(problem) || index === firstInvalid),
      unset: [...this.unset],
      tooLong: this.room < 0,
    };
  }

  private nextDollar(): number {
    // Search again only after this dollar sign. Otherwise every closing brace would scan the template to its end.
    if (this.dollar < this.position) {
      const found = this.template.indexOf('$', this.position);
      this.dollar = found === -1 ? this.template.length : found;
    }
    return this.dollar;
  }

  /** Reads what a dollar sign starts. Returns where to read on, as the methods below do. */
  private readReference(dollar: number, text: Text): number {
    const next = dollar + 1;
    if (this.template[next] === '{') return this.readBraces(next + 1, text);
    const name = matchAt(NAME, this.template, next)?.[0];
    if (name !== undefined) {
      this.refer(name, text);
      return next + name.length;
    }
    this.output.push('$');
    return this.template[next] === '$' ? next + 1 : next;
  }

  private readBraces(start: number, text: Text): number {
    const name = matchAt(NAME, this.template, start)?.[0];
    if (name === undefined) return this.refuse(start);
    const nameEnd = start + name.length;
    if (nameEnd < text.end && this.template[nameEnd] === '}') {
      this.refer(name, text);
      return nameEnd + 1;
    }
    const [operator, colon, sign] = matchAt(OPERATOR, this.template, nameEnd) ?? [];
    if (operator === undefined) return this.refuse(start);
    const inner = nameEnd + operator.length;
    this.braces ??= new Braces(this.template);
    const end = this.braces.endOf(start - 1, inner, text.end);
    if (end === -1) return this.refuse(start);

    const value = this.lookup(name);
    const usable = value !== undefined && !(colon && value === '');
    const readsText = usable === (sign === '+');
    if (!readsText || text.inReason) this.write(name, value ?? '', text);
    if (!readsText) return end + 1;
    this.texts.push(sign === '?' ? this.reason(name, end) : this.alternative(end, text));
    return inner;
  }

  private refuse(start: number): number {
    this.problems.push({ message: INVALID_TEMPLATE });
    return start;
  }

  /** Text that stands for a variable; inside a reason it is read for its faults alone. */
  private alternative(end: number, { inReason }: Text): Text {
    const before = this.output.length;
    return inReason ? { end, inReason, finish: () => this.output.splice(before) } : { end, inReason };
  }

  /** Text that says why a variable is required. */
  private reason(variable: string, end: number): Text {
    const [before, problemsBefore] = [this.output.length, this.problems.length];
    const finish = () => {
      const reason = this.output.splice(before).join('');
      // A fault inside the reason is what compose reports, instead of the reason.
      if (this.problems.length === problemsBefore) this.problems.push(missing(variable, reason));
    };
    return { end, inReason: true, finish };
  }

  private refer(name: string, text: Text): void {
    const value = this.lookup(name);
    if (value === undefined && !text.inReason) this.unset.add(name);
    this.write(name, value ?? '', text);
  }

  private write(name: string, value: string, { inReason }: Text): void {
    const text = inReason ? `\${${name}}` : value;
    this.room -= text.length;
    if (this.room >= 0) this.output.push(text);
  }
}

/** References in the reason stay as written, because the value behind one could be a secret. */
function missing(variable: string, reason: string): Refusal {
  const fact = `required variable ${variable} is missing a value`;
  const message =
    reason === ''
      ? `${fact}; set ${variable} above this line or in the environment and run again`
      : `${fact}: ${reason}`;
  const discreet =
    'a variable that it requires has no value; set it, or put the value in single quotes if the $ is part of it';
  return { message, discreet };
}

/**
 * Finds the brace that closes a `${`, for all of them in one pass.
 * Compose matches up to the last `}` of the line, then cuts at the first one that balances;
 * where none balances, it takes the text up to that last one.
 */
class Braces {
  private readonly closing: Int32Array;
  private readonly lastBefore: Int32Array;
  private readonly lineEnds: Int32Array;

  constructor(text: string) {
    this.closing = new Int32Array(text.length).fill(-1);
    this.lastBefore = new Int32Array(text.length + 1).fill(-1);
    this.lineEnds = new Int32Array(text.length);
    let open: number[] = [];
    let lineStart = 0;
    let skip = false;
    for (let i = 0; i <= text.length; i += 1) {
      const char = text[i];
      if (char === '\n' || char === undefined) {
        this.lineEnds.fill(i, lineStart, i + 1);
        lineStart = i + 1;
        open = [];
      } else {
        this.lastBefore[i + 1] = char === '}' ? i : (this.lastBefore[i] ?? -1);
      }
      // Compose does not look at the character behind an opening brace: `{}` closes nothing.
      if (skip || (char !== '{' && char !== '}')) {
        skip = false;
      } else if (char === '{') {
        open.push(i);
        skip = true;
      } else {
        const opening = open.pop();
        if (opening !== undefined) {
          this.closing[opening] = i;
        }
      }
    }
  }

  /** The index of the `}` that ends the text from `start`, or -1 when no brace before `limit` does. */
  endOf(opening: number, start: number, limit: number): number {
    const closing = this.closing[opening] ?? -1;
    if (closing !== -1 && closing < limit) {
      return closing;
    }
    const last = this.lastBefore[Math.min(limit, this.lineEnds[opening] ?? limit)] ?? -1;
    return last >= start ? last : -1;
  }
}

function matchAt(pattern: RegExp, text: string, position: number): RegExpExecArray | null {
  pattern.lastIndex = position;
  return pattern.exec(text);
}
