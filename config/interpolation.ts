/** What a value becomes once its `$` references are replaced. */
export interface Interpolated {
  readonly value: string;
  /** What compose refuses, without any value in the text; empty when the value holds. */
  readonly problems: readonly string[];
  /** Variables that nothing sets and no operator catches; compose makes them empty. */
  readonly unset: readonly string[];
}

const INVALID_TEMPLATE =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax is what the message teaches
  'Invalid template: write ${NAME}, ${NAME:-default} or ${NAME:?message} on one line, or $$ for a dollar sign';

// Compose matches names case-insensitively, and in Go that folding adds the long s and the Kelvin sign.
const NAME = /[_a-zA-Z\u017f\u212a][_a-zA-Z0-9\u017f\u212a]*/y;
const OPERATOR = /(:?)([-+?])/y;

/** Where to go on once the text behind an operator is read, and what to do with the output since `mark`. */
interface Frame {
  readonly resume: number;
  readonly end: number;
  readonly mark: number;
  /** `drop` is for a text inside a `?` reason, which is read for its faults only; `require` makes the output the reason. */
  readonly then: 'keep' | 'drop' | 'require';
  readonly variable: string;
  readonly faultsBefore: number;
}

/**
 * Replaces `$NAME`, `${NAME}` and the operators `:-` `-` `:+` `+` `:?` `?` by the rules of compose-go's template package.
 * Never throws: what compose refuses is in `problems`.
 */
export function interpolate(template: string, lookup: (name: string) => string | undefined): Interpolated {
  const output: string[] = [];
  const problems: string[] = [];
  const unset = new Set<string>();
  // A stack of its own: a hostile file nests deeper than the call stack.
  const frames: Frame[] = [];
  let reasons = 0;
  let faults = 0;
  let braces: Braces | undefined;
  let position = 0;
  let end = template.length;
  let dollar = -1;

  const write = (name: string, value: string) => output.push(reasons > 0 ? `\${${name}}` : value);
  const refer = (name: string) => {
    const value = lookup(name);
    if (value === undefined && reasons === 0) {
      unset.add(name);
    }
    write(name, value ?? '');
  };

  for (;;) {
    // Searched again only once passed: every closing brace would otherwise scan to the end of the text.
    if (dollar < position) {
      const found = template.indexOf('$', position);
      dollar = found === -1 ? template.length : found;
    }
    if (dollar >= end) {
      output.push(template.slice(position, end));
      const frame = frames.pop();
      if (!frame) {
        return { value: output.join(''), problems, unset: [...unset] };
      }
      if (frame.then === 'require') {
        reasons -= 1;
        const reason = output.splice(frame.mark).join('');
        // A fault inside the message is what compose reports, instead of the message.
        if (faults === frame.faultsBefore) {
          faults += 1;
          problems.push(missing(frame.variable, reason));
        }
      } else if (frame.then === 'drop') {
        output.length = frame.mark;
      }
      position = frame.resume;
      end = frame.end;
      continue;
    }

    output.push(template.slice(position, dollar));
    const braced = template[dollar + 1] === '{';
    const name = matchAt(NAME, template, dollar + (braced ? 2 : 1))?.[0];

    if (!braced) {
      if (name !== undefined) {
        refer(name);
        position = dollar + 1 + name.length;
      } else {
        output.push('$');
        position = dollar + (template[dollar + 1] === '$' ? 2 : 1);
      }
      continue;
    }

    const nameEnd = dollar + 2 + (name?.length ?? 0);
    if (name !== undefined && nameEnd < end && template[nameEnd] === '}') {
      refer(name);
      position = nameEnd + 1;
      continue;
    }

    const operator = name === undefined ? null : matchAt(OPERATOR, template, nameEnd);
    const textStart = nameEnd + (operator?.[0].length ?? 0);
    braces ??= new Braces(template);
    const textEnd = operator ? braces.endOf(dollar + 1, textStart, end) : -1;
    if (name === undefined || !operator || textEnd === -1) {
      faults += 1;
      if (!problems.includes(INVALID_TEMPLATE)) {
        problems.push(INVALID_TEMPLATE);
      }
      position = dollar + 2;
      continue;
    }

    const value = lookup(name);
    const usable = value !== undefined && !(operator[1] === ':' && value === '');
    const readsText = usable === (operator[2] === '+');
    if (!readsText || reasons > 0) {
      write(name, value ?? '');
    }
    if (!readsText) {
      position = textEnd + 1;
      continue;
    }
    const required = operator[2] === '?';
    const then = required ? 'require' : reasons > 0 ? 'drop' : 'keep';
    frames.push({
      resume: textEnd + 1,
      end,
      mark: output.length,
      then,
      variable: name,
      faultsBefore: faults,
    });
    reasons += required ? 1 : 0;
    position = textStart;
    end = textEnd;
  }
}

/** References in the reason stay as written, because the value behind one could be a secret. */
function missing(variable: string, reason: string): string {
  const fact = `required variable ${variable} is missing a value`;
  return reason === ''
    ? `${fact}; set ${variable} above this line or in the environment and run again`
    : `${fact}: ${reason}`;
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
