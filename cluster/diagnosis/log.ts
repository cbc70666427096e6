/** How many characters of a line are shown. */
const SHOWN = 300;

/** How many characters of a line are read: a line of a log may be endless. */
const LONGEST = 4000;

/** A part of a log that explains why a program ended. */
interface Told {
  readonly first: number;
  readonly last: number;
  readonly words: string;
}

/** Lines that follow the reason, or only repeat that something failed. */
const NOISE: readonly RegExp[] = [
  // "Migration failed." of upstream's entrypoint, "Application startup failed. Exiting." of uvicorn.
  /^(?:error|fatal)?[\s:]*(?:\w+\s){0,3}(?:failed|aborted|exiting|exited|terminated)[.!]?(?:\s*exiting[.!]?)?$/i,
  /^nginx: configuration file \S+ test failed$/,
  /^(?:see|hint|usage|try|help|note)\b[:\s]/i,
  /^(?:For further information|For more information|\(Background on this error|Background on this error)/,
  /^\[(?:SQL|parameters|cached since)\b/,
  /^(?:During handling of the above|The above exception was)/,
  /^(?:Caused by|Stack backtrace|stack backtrace|Location|goroutine \d+.*|exit status \d+|Node\.js v\S+):?$/,
  /^(?:https?:\/\/\S+|[^\p{L}\p{N}]+)$/u,
  // These follow the panic of another thread: https://doc.rust-lang.org/std/sync/struct.PoisonError.html
  /PoisonError|JoinError::Panic|thread caused non-unwinding panic|panic in a destructor/,
];

const TRACEBACK = /Traceback \(most recent call last\):$/;

/** A time at the start of a line, in the forms of common loggers. */
const TIME = String.raw`[[(]?\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d| UTC)?[\])]?[\s|-]*`;

/** `ERROR: …`, `2026-11-23 21:00:00 | ERROR | app.main:run:12 - …`, `ERROR:root:…`, `[FATAL tini (7)] …`, and their like. */
const LEVELLED = new RegExp(
  String.raw`^(?:badger )?(?:${TIME})?(?:[\w.]+ - )?[[<]?(?:ERROR|ERRO|FATAL|FATA|CRITICAL|PANIC|error|fatal|Error|Fatal)\b(?:\[\d+\]| tini \(\d+\))?[\]>]?[\s:|-]*(?:[\w.<>]+:[\w.<>]+:\d+ - )?(.*)$`,
);

/** `E1123 21:00:00.000000 1 main.go:12] …`: https://github.com/kubernetes/klog */
const KLOG = /^[EF]\d{4} [\d:.]+\s+\d+ \S+\] (.*)$/;

/** `Error: …` of Node, and an exception of Python without its traceback. */
const EXCEPTION = /^(?:Uncaught )?(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)(?: \[\w+\])?: .+$/;

const NGINX = /^(?:nginx: |\d{4}\/\d\d\/\d\d [\d:]+ )\[(?:emerg|alert|crit)\] (?:\d+#\d+: )?(?:\*\d+ )?(.*)$/;

/** Where Go's `log` package writes the time. */
const GO_TIME = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:\S+\.go:\d+: )?/;

/**
 * The line of a log that explains why its program ended, without anything that may be a secret. It is empty if the log is. It is
 * rarely the last line: shells, servers and runtimes add a summary, a trace, or a hint.
 */
export function tellingLine(log: string): string {
  const lines = linesOf(log);
  const told = [...formats].flatMap((format) => [...format(lines)]);
  const outer = told.filter((one) => !told.some((other) => other !== one && contains(other, one)));
  const byPlace = outer.filter(({ words }) => words.trim() !== '').sort((a, b) => a.last - b.last);
  const telling = byPlace.findLast(({ words }) => !isNoise(words));
  const plain = lines.filter((line) => /^\S/.test(line));
  const words =
    telling?.words ?? plain.findLast((line) => !isNoise(line)) ?? byPlace.at(-1)?.words ?? plain.at(-1) ?? '';
  return shortened(withoutSecrets(words.replace(GO_TIME, '').replace(/\s+/g, ' ').trim()));
}

/** The last line of a log with a given start, without that start and without anything that may be a secret. */
export function lineFrom(log: string, start: string): string | undefined {
  const line = linesOf(log).findLast((each) => each.startsWith(start));
  return line && shortened(withoutSecrets(line.slice(start.length).trim()));
}

/** The name of a setting in a text. */
export function settingIn(words: string): string | undefined {
  return /\bJUNJO_[A-Z0-9]+(?:_[A-Z0-9]+)*\b/.exec(words)?.[0];
}

function linesOf(log: string): readonly string[] {
  const lines = log
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
    .replace(/\u001b\[[\d;]*m/g, '')
    // These have several lines.
    .replace(/input_value=[\s\S]{0,4000}?(?=, input_type=)/g, 'input_value=…')
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '…')
    .split(/\r?\n/);
  const plain = lines.map((line) => line.slice(0, LONGEST).trimEnd());
  // The traces of a group of exceptions stand behind bars: https://docs.python.org/3/library/traceback.html
  return log.includes('Exception Group Traceback')
    ? plain.map((line) => line.replace(/^\s*\+-[+-].*$/, '').replace(/^\s+\| ?/, ''))
    : plain;
}

function isNoise(words: string): boolean {
  return NOISE.some((noise) => noise.test(words.trim()));
}

function contains(outer: Told, inner: Told): boolean {
  const larger = outer.last - outer.first > inner.last - inner.first;
  return larger && outer.first <= inner.first && inner.last <= outer.last;
}

function shortened(words: string): string {
  return words.length > SHOWN ? `${words.slice(0, SHOWN)}…` : words;
}

/** Recognises one form in which programs report why they end. */
type Format = (lines: readonly string[]) => Iterable<Told>;

const formats: readonly Format[] = [
  tracebacks,
  refusedValues,
  causedBy,
  rustPanics,
  goPanics,
  objects,
  pattern(NGINX),
  pattern(KLOG),
  pattern(LEVELLED),
  pattern(EXCEPTION),
];

function pattern(expression: RegExp): Format {
  return function* matching(lines) {
    for (const [at, line] of lines.entries()) {
      const found = expression.exec(line);
      if (found && !TRACEBACK.test(line)) yield { first: at, last: at, words: found[1] ?? found[0] };
    }
  };
}

/** Tracebacks of Python with everything that is chained to them: the last exception is the one that ended the program. */
function* tracebacks(lines: readonly string[]): Generator<Told> {
  let at = 0;
  while (at < lines.length) {
    if (!TRACEBACK.test(lines[at] ?? '')) {
      at += 1;
      continue;
    }
    const first = at;
    const chain: { readonly words: string; readonly caused: boolean }[] = [];
    let caused = false;
    for (;;) {
      const frames = at + 1;
      at = lines.findIndex((line, index) => index >= frames && /^[^\s>]/.test(line));
      if (at === -1) at = lines.length;
      const end = endOfMessage(lines, at);
      const frame = lines.slice(frames, at).findLast((line) => /^[\s>]*File "/.test(line));
      chain.push({ words: exceptionWords(lines.slice(at, end), frame), caused });
      at = end;
      const next = lines.findIndex((line, index) => index >= end && line !== '');
      const link = lines[next] ?? '';
      const again = lines.findIndex((line, index) => index > next && line !== '');
      if (!/^(?:During handling of|The above exception)/.test(link) || !TRACEBACK.test(lines[again] ?? '')) break;
      caused = link.startsWith('The above exception');
      at = again;
    }
    // A program that is told to end, or ends itself, does so because of what was raised before.
    const last = chain.findLast(({ words }) => !/^(?:SystemExit|\S*CancelledError|KeyboardInterrupt)\b/.test(words));
    const index = last ? chain.indexOf(last) : -1;
    const before = last?.caused ? chain[index - 1]?.words : undefined;
    const repeated = before === undefined || last?.words.includes(before.replace(/^[\w.]+: /, ''));
    const words = last?.words ?? chain.at(-1)?.words ?? '';
    yield { first, last: Math.max(first, at - 1), words: repeated ? words : `${words} (caused by ${before})` };
  }
}

function endOfMessage(lines: readonly string[], from: number): number {
  const ends = (line: string, index: number) =>
    index > from &&
    (line === '' ||
      TRACEBACK.test(line) ||
      LEVELLED.test(line) ||
      (/^\S/.test(line) && isNoise(line)) ||
      /^(?:INFO|WARN|\{")/.test(line));
  const end = lines.findIndex(ends);
  return end === -1 ? lines.length : end;
}

function exceptionWords(lines: readonly string[], frame: string | undefined): string {
  const [first = '', ...rest] = lines;
  if (/\d+ validation errors? for /.test(first)) return refusals(rest) || first;
  if (first.endsWith(':')) return [first, ...rest].join(' ');
  // An assertion says nothing but where it is.
  return /^[\w.]+$/.test(first) && frame ? `${first} (${frame.trim()})` : first;
}

/** Values that pydantic rejects, without a traceback. */
function* refusedValues(lines: readonly string[]): Generator<Told> {
  for (const [first, line] of lines.entries()) {
    if (!/^(?:[\w.]+: )?\d+ validation errors? for /.test(line)) continue;
    const last = endOfMessage(lines, first) - 1;
    yield { first, last, words: refusals(lines.slice(first + 1, last + 1)) || line };
  }
}

/** The fields that pydantic refuses and why, without their values: https://docs.pydantic.dev/latest/errors/errors/ */
function refusals(lines: readonly string[]): string {
  const entry = /^(?:(\S.*)\n)? {2}(\S[\s\S]*?) \[type=\w+(?:\]|[\s\S]*?input_type=[^\]\n]*\])/gm;
  const found = [...lines.join('\n').matchAll(entry)].map(([, field = '', message = '']) => {
    const why = withoutSecrets(message.replace(/^(?:Value error|Assertion failed), /, ''));
    return field === '' || why.includes(field) ? why : `${field} is refused: ${why}`;
  });
  const more = found.length > 3 ? `; and ${found.length - 3} more` : '';
  return `${found.slice(0, 3).join('; ')}${more}`;
}

/** Errors of Rust that have causes, as anyhow and eyre print them: what failed, and the innermost reason. */
function* causedBy(lines: readonly string[]): Generator<Told> {
  for (const [at, line] of lines.entries()) {
    const eyre = /^Error:$/.test(line.trim()) && /^\s+0: /.test(lines[at + 1] ?? '');
    if (line.trim() !== 'Caused by:' && !eyre) continue;
    const end = lines.findIndex((each, index) => index > at && !/^\s+\S/.test(each));
    const causes = lines.slice(at + 1, end === -1 ? lines.length : end);
    const numbered = causes.filter((each) => /^\s+\d+: /.test(each)).map((each) => each.replace(/^\s+\d+: /, ''));
    const outerAt = lines.findLastIndex((each, index) => index < at && each !== '');
    const outer = eyre ? numbered[0] : lines[outerAt];
    const inner = numbered.at(-1) ?? causes[0]?.trim();
    const words = [outer && (LEVELLED.exec(outer)?.[1] ?? outer), inner].filter(Boolean);
    yield { first: eyre ? at : Math.max(0, outerAt), last: at + causes.length, words: [...new Set(words)].join(': ') };
  }
}

/** The message of a panic stands before its place up to Rust 1.72, and on the next lines since. */
function* rustPanics(lines: readonly string[]): Generator<Told> {
  for (const [first, line] of lines.entries()) {
    const [, text = ''] = /^thread .* panicked at (.*)$/.exec(line) ?? [];
    if (text === '') continue;
    const end = lines.findIndex((each, index) => index > first && /^(?:note: |stack backtrace:|thread )|^$/.test(each));
    const message = lines.slice(first + 1, end === -1 ? first + 5 : Math.min(end, first + 5));
    const old = /^'(.*)', \S+:\d+:\d+$/.exec([text, ...message].join(' '));
    const last = first + message.length;
    yield { first, last, words: old ? `panicked: ${old[1]}` : `panicked at ${[text, ...message].join(' ')}` };
    // What follows is the trace.
    if (/^stack backtrace:/.test(lines[end] ?? '')) return;
  }
}

/** Everything behind a panic of Go is its trace. */
function* goPanics(lines: readonly string[]): Generator<Told> {
  const first = lines.findIndex((line) => /^(?:panic|fatal error): /.test(line));
  const trace = lines.some(
    (line, index) => index > first && /^(?:goroutine \d+ \[|\[signal |runtime stack:)/.test(line),
  );
  if (first === -1 || !trace) return;
  const again = lines[first + 1]?.trim() ?? '';
  const words = again.startsWith('panic: ') ? again : lines[first];
  yield { first, last: lines.length - 1, words: words ?? '' };
}

const LEVELS = /^(?:error|err|fatal|critical|crit|panic|dpanic|alert|emerg|emergency)$/i;

/** Lines of JSON, and of `level=error msg="…"`, whose level is that of an error. */
function* objects(lines: readonly string[]): Generator<Told> {
  for (const [at, line] of lines.entries()) {
    const fields = fieldsIn(line);
    const words = fields && objectWords(fields);
    if (words) yield { first: at, last: at, words };
  }
}

function fieldsIn(line: string): Readonly<Record<string, unknown>> | undefined {
  const start = line.indexOf('{"');
  if (start !== -1 && start < 60) {
    try {
      const value: unknown = JSON.parse(line.slice(start));
      return typeof value === 'object' && value !== null ? { ...value } : undefined;
    } catch {
      return undefined;
    }
  }
  if (!/\blevel="?\w+/i.test(line)) return undefined;
  const pairs = [...line.matchAll(/([\w.]+)=("(?:\\.|[^"\\])*"|\S+)/g)];
  return Object.fromEntries(pairs.map(([, name, value = '']) => [name, value.replace(/^"|"$/g, '')]));
}

function objectWords(fields: Readonly<Record<string, unknown>>): string | undefined {
  // loguru writes its record below the text, tracing its fields.
  const inner = { ...fields, ...objectOf(fields.record), ...objectOf(fields.fields) };
  const level = inner.level ?? inner.severity ?? inner.lvl ?? inner['log.level'];
  const name = String(objectOf(level).name ?? level);
  // pino counts: 50 is error, 60 fatal.
  if (!LEVELS.test(name) && !(Number(name) >= 50)) return undefined;
  const text = (...names: readonly string[]) => {
    const value = names.map((each) => inner[each]).find((each) => each !== undefined && each !== null && each !== '');
    if (typeof value === 'string') return value;
    const { message, value: said, stack } = objectOf(value);
    return [message, said, stack].find((each): each is string => typeof each === 'string');
  };
  const message = text('msg', 'message', 'event');
  const error = text('error', 'err', 'exception', 'exc_info', 'stack', 'reason', 'cause');
  const reason = error?.includes('\n') ? tellingLine(error) : error;
  const said = message?.includes('\n') ? tellingLine(message) : message;
  if (!reason || said?.includes(reason)) return said;
  return said ? `${said}: ${reason}` : reason;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Words that follow the name of a secret in a message about it. */
const ABOUT =
  /^(?:a|an|the|is|are|was|were|be|has|have|had|does|do|did|got|must|should|may|might|can|cannot|could|will|would|not|no|none|too|only|at|of|in|for|to|expected|invalid|missing|required|incorrect|illegal|wrong|malformed|unable|failed|failure|error|field|value|input|string|length|base64|bytes?|exactly|neither|either|empty|unknown|unset|undefined|null|permission|open|read|file)[,.:;]?$/i;

const SECRET = String.raw`[\w.-]*(?:secret|key|token|passw(?:or)?d|passphrase|pwd|credential|cookie|authorization)[\w.-]*`;
const QUOTED = String.raw`\\?"(?:\\.|[^"\\])*\\?"?|'(?:\\.|[^'\\])*'?`;

const NAMED = new RegExp(
  String.raw`((?<![\w.-])(?!\w*Error\b)${SECRET}\\?["']?\s*(?:=>|[:=])\s*)(${QUOTED}|[^\s&]+)`,
  'gi',
);
const BESIDE = new RegExp(String.raw`((?<![\w.-])${SECRET}\s+)(${QUOTED})`, 'gi');

/** A text without anything that may be a secret. */
export function withoutSecrets(text: string): string {
  return (
    text
      // pydantic repeats the value that it refuses, on as many lines as it has.
      .replace(/input_value=[\s\S]*?(?=, input_type=|$)/g, 'input_value=…')
      .replace(/\b(Bearer|Basic)\s+[^\s,;'"]+/g, '$1 …')
      // A password may hold what separates it.
      .replace(/:\/\/[^\s/@:'"]*:[^\s'"]*@|:\/\/[^\s/@'"]+@/g, '://…@')
      .replace(NAMED, (whole, name: string, value: string) =>
        /[:]\s+$/.test(name) && ABOUT.test(value) ? whole : `${name}…`,
      )
      .replace(BESIDE, (whole, name: string, value: string) =>
        /^['"][A-Z]+_[A-Z0-9_]+['"]$/.test(value) ? whole : `${name}…`,
      )
      // Keys and tokens are long runs of the letters of base64, of which paths and names are made as well.
      .replace(/[A-Za-z0-9+/_-]{20,}(?:={1,2}(?![\w=.]))?/g, (run) => (isSecretRun(run) ? '…' : run))
  );
}

function isSecretRun(run: string): boolean {
  const isWord = (part: string) => part.length <= 10 || (part.length <= 20 && /^(?:[A-Z]?[a-z]*|[A-Z]*)$/.test(part));
  const strange = run.split(/[/_-]/).filter((part) => !isWord(part));
  if (strange.length === 0) return false;
  return run.endsWith('=') || run.length >= 32 || strange.some((part) => part.length >= 16 && /\d/.test(part));
}
