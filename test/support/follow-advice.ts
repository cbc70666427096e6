import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Diagnosis, diagnose } from '../../cluster/diagnosis';
import { clusterState, type RecordedState } from './cluster-state';
import { FakeApiServer } from './fake-api-server';

const run = promisify(execFile);

/** A command of an advice, and what came of it. */
export interface Followed {
  readonly command: string;
  /** What it printed, on both streams. */
  readonly output: string;
  /** 0 when it succeeded. */
  readonly code: number;
}

/** A cluster that shows a state, and changes nothing by itself. The caller closes it. */
export async function clusterOf({ objects, logs = {}, forbidden = [] }: RecordedState): Promise<FakeApiServer> {
  const cluster = await FakeApiServer.start();
  cluster.controllers.close();
  cluster.apply(...objects);
  for (const [container, log] of Object.entries(logs)) cluster.logs.set(container.split('/')[0] ?? '', log);
  for (const each of forbidden) cluster.forbidden.add(each);
  return cluster;
}

/** The kubectl commands of an advice: every line but the sentence that begins it. */
export function commandsOf({ fix }: Pick<Diagnosis, 'fix'>): readonly string[] {
  return fix.split('\n').filter((line) => line.startsWith('kubectl '));
}

/** The first finding of a cause in a state. */
export function findingOf(state: RecordedState, cause: string): Diagnosis {
  const found = diagnose(clusterState(state)).find((each) => each.cause === cause);
  if (!found) throw new Error(`${cause} is not found in this state`);
  return found;
}

/** Runs what a cause advises, with the real kubectl, as a person would paste it. A command that watches is ended. */
export async function followed(cluster: FakeApiServer, finding: Diagnosis): Promise<readonly Followed[]> {
  const all: Followed[] = [];
  for (const command of commandsOf(finding)) {
    try {
      const { stdout, stderr } = await run('sh', ['-c', command], {
        env: { ...process.env, ...cluster.environment },
        timeout: / --watch\b/.test(command) ? 1500 : 20_000,
      });
      all.push({ command, output: stdout + stderr, code: 0 });
    } catch (error) {
      const { stdout = '', stderr = '', code, killed } = error as { [key in 'stdout' | 'stderr']?: string } & {
        readonly code?: number;
        readonly killed?: boolean;
      };
      all.push({ command, output: stdout + stderr, code: killed ? 0 : (code ?? 1) });
    }
  }
  return all;
}
