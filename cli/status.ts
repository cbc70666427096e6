import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../cluster/connection';
import { type ClusterState, type Diagnosis, diagnose, duration } from '../cluster/diagnosis';
import { overviewOf } from '../cluster/diagnosis/overview';
import { readStudio } from '../cluster/diagnosis/read-studio';
import { KubectlError } from '../cluster/kubectl';
import { hasError } from '../config/problems';
import { inOneLine } from '../config/text';
import { connectedTo, failureOf, type LookOptions, lookOptions } from './cluster-options';
import { type Command, type ExitCode, type Io, type JsonOptions, jsonOption } from './command';
import { folderArgument } from './manifests';
import { wrapped } from './output';
import { diagnosisLines, screen, whereabouts } from './status-screen';

/** The options of `status`. */
export interface StatusOptions extends LookOptions, JsonOptions {
  readonly watch?: boolean;
  readonly timeout?: string;
}

/** How `--watch` polls. */
export interface Patience {
  /** Milliseconds between two looks. */
  readonly pollMs: number;
  /** The number of looks after which a failure that stays the same counts as blocking. */
  readonly looks: number;
}

/** A studio at one moment. */
interface Look {
  readonly state: ClusterState;
  readonly findings: readonly Diagnosis[];
}

// A container that fails once may succeed at the next try: the first back-offs of the kubelet are 10 and 20 s.
const usualPatience: Patience = { pollMs: 2000, looks: 15 };

// Longer than the startup probes of a studio, which take 15 minutes, so that a failed start is reported as broken.
const USUAL_TIMEOUT = '20m';

const TIMED_OUT = 3;

export const status: Command<StatusOptions> = {
  name: 'status',
  summary: 'Show the state of a studio in a cluster: what runs, its addresses, and what is wrong and why',
  argument: folderArgument,
  options: [
    ...lookOptions,
    { flags: '-w, --watch', text: 'follow a rollout until it is ready or blocked' },
    {
      flags: '--timeout <duration>',
      text: `with --watch: the longest time to wait, for example 90s, 15m or 1h (default: ${USUAL_TIMEOUT})`,
    },
    { ...jsonOption, text: 'print one JSON object; with --watch, one line of JSON for each change' },
  ],
  examples: [
    ['status', 'print one screen; the exit code is 1 if something is broken'],
    ['status --watch', 'after kubectl apply: wait until the studio is ready, or print what blocks it'],
    [
      'status --watch --timeout 5m',
      'the same in a pipeline; the exit code is 3 if something is still waiting after that time',
    ],
    ['status --namespace team --json', 'print one JSON object'],
  ],
  run: (options, io) => tellStatus(options, io),
};

/** Shows the state of a studio. */
export async function tellStatus(options: StatusOptions, io: Io, patience = usualPatience): Promise<ExitCode> {
  const { watch, timeout = USUAL_TIMEOUT } = options;
  const seconds = secondsOf(timeout);
  const isAlone = options.timeout !== undefined && !watch;
  if (isAlone || seconds === undefined) {
    const problem = isAlone ? 'requires --watch' : 'is not a duration. Use a value like 90s, 15m, 1h or 1h30m';
    io.err(inOneLine(`--timeout ${timeout}: ${problem}`));
    return 2;
  }
  return connectedTo(options, io, (connection) =>
    watch ? new Watch(connection, options, io, patience).follow(seconds) : show(connection, options, io),
  );
}

/** Seconds of a duration in the form that kubectl takes, as `1h30m`. @returns nothing where it has another form */
function secondsOf(text: string): number | undefined {
  const [, hours, minutes, seconds] = /^(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  if (hours === undefined && minutes === undefined && seconds === undefined) return undefined;
  return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
}

async function show(connection: Connection, { json }: StatusOptions, io: Io): Promise<ExitCode> {
  const look = await lookAt(connection);
  const { state, findings } = look;
  const { target } = connection;
  if (json) io.out(JSON.stringify(resultOf(connection, look), undefined, 2));
  else
    io.out(
      screen({
        target,
        overview: overviewOf(state),
        findings,
        backupCommand: state.ownCommand('backup'),
        now: state.now,
        columns: io.columns,
      }),
    );
  return hasError(findings) ? 1 : 0;
}

async function lookAt({ kubectl, target, manifests }: Connection): Promise<Look> {
  const state = await readStudio(kubectl, target.namespace, manifests);
  return { state, findings: diagnose(state) };
}

/** What `--json` prints. */
function resultOf({ target }: Connection, { state, findings }: Look): object {
  return { ...target, ...overviewOf(state), findings };
}

/** Follows a rollout and prints what changes. */
class Watch {
  /** What was printed last. */
  private said = '';
  /** What is broken, since so many looks. */
  private broken = '';
  private held = 0;

  constructor(
    private readonly connection: Connection,
    private readonly options: JsonOptions,
    private readonly io: Io,
    private readonly patience: Patience,
  ) {}

  /** @returns when all is ready, the same failure stays, or the time is over */
  async follow(seconds: number): Promise<ExitCode> {
    const { pollMs } = this.patience;
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const look = await this.lookAgain();
      const exit = look && this.judge(look);
      if (exit !== undefined) return exit;
      if (Date.now() + pollMs > deadline) return this.timedOut(look, `after ${duration(seconds)}`);
      await sleep(pollMs);
    }
  }

  /** A rollout continues while the network is down. */
  private async lookAgain(): Promise<Look | undefined> {
    try {
      return await lookAt(this.connection);
    } catch (error) {
      if (!(error instanceof KubectlError) || error.failure !== 'unreachable') throw error;
      this.say(error.message, error.message, failureOf(error));
      return undefined;
    }
  }

  private judge(look: Look): ExitCode | undefined {
    const { state, findings } = look;
    const { text, key } = progressOf(look);
    this.say(key, text, resultOf(this.connection, look));
    const broken = findings
      .filter(({ severity }) => severity === 'error')
      .map(keyOf)
      .join('\n');
    this.held = broken !== '' && broken === this.broken ? this.held + 1 : 0;
    this.broken = broken;
    if (broken === '' && findings.every(({ severity }) => severity !== 'wait')) {
      this.end([...diagnosisLines(findings, this.io.columns), ...whereabouts(overviewOf(state), this.io.columns)]);
      return 0;
    }
    if (this.held < this.patience.looks) return undefined;
    this.end(['Blocked:', ...diagnosisLines(findings, this.io.columns)]);
    return 1;
  }

  private timedOut(look: Look | undefined, when: string): ExitCode {
    if (!look) {
      this.end([`Timed out ${when}: the cluster cannot be reached.`]);
      return TIMED_OUT;
    }
    this.end([`Timed out ${when}:`, ...diagnosisLines(look.findings, this.io.columns)]);
    return hasError(look.findings) ? 1 : TIMED_OUT;
  }

  /** Prints a change: the whole result for programs, one line for people. */
  private say(key: string, text: string, result: object): void {
    if (key === this.said) return;
    this.said = key;
    if (this.options.json) this.io.out(JSON.stringify(result));
    // Outside of a terminal, each change has one line.
    else this.io.err(wrapped('', text, this.io.columns ?? Number.POSITIVE_INFINITY).join('\n'));
  }

  /** Prints how it ended. With `--json`, the last object already shows that. */
  private end(lines: readonly string[]): void {
    if (!this.options.json) this.io.out(lines.join('\n'));
  }
}

/** The remaining findings, with the text of the first one, and a key without the numbers that change at each look. */
function progressOf({ state, findings }: Look): { readonly text: string; readonly key: string } {
  const ready = state.workloads.map(({ name, readyPods, desired }) => `${name} ${readyPods}/${desired}`).join(', ');
  const [first, ...others] = findings.filter(({ severity }) => severity !== 'warning');
  if (!first) return { text: ready, key: ready };
  const { subjects, cause, text } = first;
  const rest = others.map((each) => `${each.subjects.join(', ')}: ${each.cause}`);
  return {
    text: [ready, `${subjects.join(', ')}: ${text} [${cause}]`, ...rest].join('; '),
    key: [ready, keyOf(first), text.replace(/\d+[smhd]?/g, '#'), ...rest].join('\n'),
  };
}

/** Identifies a finding without its text, whose numbers change. */
function keyOf({ severity, subjects, cause }: Diagnosis): string {
  return `${severity} ${subjects.join(', ')}: ${cause}`;
}
