import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../cluster/connection';
import { type ClusterState, type Diagnosis, diagnose } from '../cluster/diagnosis';
import { overviewOf } from '../cluster/diagnosis/overview';
import { readStudio } from '../cluster/diagnosis/read-studio';
import { KubectlError } from '../cluster/kubectl';
import { hasError } from '../config/problems';
import { inOneLine } from '../config/text';
import { connectedTo, type LookOptions, lookOptions } from './cluster-options';
import { type Command, type ExitCode, type Io, jsonOption } from './command';
import { folderArgument } from './manifests';
import { findingLines, screen, whereabouts } from './status-screen';

/** Which studio is looked at, and how. */
export interface StatusOptions extends LookOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** How long a rollout is followed. */
export interface Patience {
  /** Milliseconds between two looks. */
  readonly pollMs: number;
  /** Looks after which a failure that stays the same holds the rollout up. */
  readonly looks: number;
}

// A container that fails once may be well at the next try: the first back-offs of the kubelet are 10 and 20 s.
const usualPatience: Patience = { pollMs: 2000, looks: 15 };

export const status: Command<StatusOptions> = {
  name: 'status',
  summary: 'Tell how a studio in a cluster is: what runs, where it is, and what is wrong with it and why',
  argument: folderArgument,
  options: [
    ...lookOptions,
    { flags: '-w, --watch', text: 'follow a rollout until it is ready, or say what blocks it' },
    jsonOption,
  ],
  examples: [
    ['status', 'one screen; the exit code is 1 when something is broken'],
    ['status --watch', 'after kubectl apply: ends with the addresses, or with what blocks it'],
    ['status --namespace team --json', 'the same for programs'],
  ],
  run: (options, io) => tellStatus(options, io),
};

/** Tells how a studio is. */
export async function tellStatus(options: StatusOptions, io: Io, patience = usualPatience): Promise<ExitCode> {
  return connectedTo(options, io, async (connection) =>
    options.watch ? follow(connection, io, patience) : show(connection, options, io),
  );
}

async function show(connection: Connection, { json }: StatusOptions, io: Io): Promise<ExitCode> {
  const { kubectl, target, manifests } = connection;
  const state = await readStudio(kubectl, target.namespace, manifests);
  const { unread, now } = state;
  const [overview, findings] = [overviewOf(state), diagnose(state)];
  if (json) io.out(JSON.stringify({ ...target, ...overview, findings, unread }, undefined, 2));
  else io.out(screen({ target, overview, findings, now }));
  return hasError(findings) ? 1 : 0;
}

/** Says what changes, until all is ready or the same failure stays. */
async function follow(connection: Connection, io: Io, { pollMs, looks }: Patience): Promise<ExitCode> {
  let said = '';
  for (let held = 0; ; ) {
    const state = await stateOf(connection, io);
    if (state) {
      const findings = diagnose(state);
      const fails = findings.filter(({ severity }) => severity === 'error');
      const waits = findings.filter(({ severity }) => severity === 'wait');
      const news = progressOf(state, findings);
      if (news !== said) io.err(inOneLine(news));
      held = fails.length > 0 && news === said ? held + 1 : 0;
      said = news;
      if (fails.length === 0 && waits.length === 0) {
        io.out([...findingLines(findings), ...whereabouts(overviewOf(state))].join('\n'));
        return 0;
      }
      if (held >= looks) {
        io.out(['Held up:', ...findingLines(findings)].join('\n'));
        return 1;
      }
    }
    await sleep(pollMs);
  }
}

/** A rollout continues while the network is down. */
async function stateOf({ kubectl, target, manifests }: Connection, io: Io): Promise<ClusterState | undefined> {
  try {
    return await readStudio(kubectl, target.namespace, manifests);
  } catch (error) {
    if (!(error instanceof KubectlError) || error.failure !== 'unreachable') throw error;
    io.err(error.message);
    return undefined;
  }
}

/** What is left to do, without the seconds that count up. */
function progressOf({ workloads }: ClusterState, findings: readonly Diagnosis[]): string {
  const ready = workloads.map(({ name, readyPods, desired }) => `${name} ${readyPods}/${desired}`);
  const causes = findings
    .filter(({ severity }) => severity !== 'warning')
    .map(({ subjects, cause }) => `${subjects.join(', ')}: ${cause}`);
  return [ready.join(', '), ...causes].join('; ');
}
