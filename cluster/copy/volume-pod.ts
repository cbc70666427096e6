import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { besideTheVolume, VOLUME_LABEL } from '../../charts/pod/placement';
import { containerSecurityContext } from '../../charts/pod/security';
import { GUARD_CONTAINER, UPGRADE_GUARD_PATH, upgradeGuardName } from '../../charts/upgrade-guard';
import { COPY_OWNER, COPY_POD } from '../../config/names';
import { fieldsOf, listOf, type Manifest } from '../../render/manifest';
import type { Console } from '../console';
import { sleep } from '../interruption';
import { type Kubectl, KubectlError, type KubectlFailure } from '../kubectl';
import { Refusal } from '../refusal';
import { Exec, type ProgramStreams } from './exec';
import { type Owner, ownerIn, stillRuns } from './owner';
import { type Pace, patient } from './pace';

/** Copies the volume of a studio, in the Python of the backend's image. */
const volumeProgram = textOf('volume.py');

const program = ['sh', '-c', 'exec python3 -I -c "$VOLUME_PROGRAM" "$@"', 'volume.py'];

function textOf(name: string): string {
  return readFileSync(join(__dirname, name), 'utf8');
}

/** Seconds without a program after which the pod ends. No command waits that long between two programs. */
const IDLE_SECONDS = 900;

// A pod of another machine that does not run after so long belongs to a command that has given up: see Pace.podSeconds.
const PENDING_MS = 10 * 60_000;

/** What the pod is for. */
export interface VolumePodProps {
  /** The backend's Deployment, whose guard's image, user and place the pod has. */
  readonly backend: Manifest;
  readonly claim: string;
  /** @default false */
  readonly readOnly?: boolean;
  readonly owner: Owner;
}

/** The manifest of the pod: the image of the backend's guard, the backend's user, and no network, token, or settings. */
export function volumePod({ backend, claim, readOnly = false, owner }: VolumePodProps): object {
  const { metadata, spec } = fieldsOf(backend.spec?.template);
  const containers = listOf(spec?.containers);
  const container =
    // Its image has Python in every release; that of the backend need not.
    listOf(spec?.initContainers).find(({ name }) => name === GUARD_CONTAINER) ??
    containers.find(({ name }) => name === 'backend') ??
    containers[0];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: COPY_POD,
      labels: {
        ...metadata?.labels,
        ...VOLUME_LABEL,
        // No Service and no policy of the backend may take it for the backend.
        'app.kubernetes.io/component': 'copy',
        'app.kubernetes.io/managed-by': 'junjo-k8s',
      },
      annotations: { [COPY_OWNER]: JSON.stringify(owner) },
    },
    spec: {
      restartPolicy: 'Never',
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      // Its process hears no SIGTERM, and has nothing to put in order.
      terminationGracePeriodSeconds: 1,
      securityContext: spec?.securityContext,
      imagePullSecrets: spec?.imagePullSecrets,
      nodeSelector: spec?.nodeSelector,
      tolerations: spec?.tolerations,
      priorityClassName: spec?.priorityClassName,
      affinity: besideTheVolume,
      containers: [
        {
          name: 'copy',
          image: container?.image,
          imagePullPolicy: container?.imagePullPolicy,
          // It ends by itself when its command is gone, so that other machines can tell.
          command: [...program, 'wait', DATA_PATH, String(IDLE_SECONDS)],
          env: [
            // In the environment, because what an exec runs is part of a URL, and proxies limit those.
            { name: 'VOLUME_PROGRAM', value: volumeProgram },
            { name: 'VOLUME', value: DATA_PATH },
            { name: 'TMPDIR', value: '/tmp' },
            { name: 'ALIVE', value: '/tmp/alive' },
            { name: 'OWNER', value: owner.token },
          ],
          securityContext: containerSecurityContext(),
          // gzip and SHA-256 keep one core busy; memory holds one chunk, and in a live copy one file of the log.
          resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '384Mi' } },
          volumeMounts: [
            { name: 'data', mountPath: DATA_PATH, readOnly },
            { name: 'tmp', mountPath: '/tmp' },
            { name: 'guard', mountPath: UPGRADE_GUARD_PATH, readOnly: true },
          ],
        },
      ],
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: claim } },
        // Copies of databases that are checked.
        { name: 'tmp', emptyDir: { sizeLimit: '4Gi' } },
        { name: 'guard', configMap: { name: upgradeGuardName, optional: true } },
      ],
    },
  };
}

/** Where the pod has the volume. */
export const DATA_PATH = '/volume';

/** The data of a studio: what is on the volume, or in a folder of it that was set aside. */
export interface Held {
  readonly files: number;
  readonly bytes: number;
  /** What the guard of the backend wrote there. */
  readonly mark: { readonly line?: unknown } | null;
  /** Why it cannot be copied. */
  readonly obstacle: string | null;
}

/** What `look` finds on the volume. */
export interface Holdings extends Held {
  /** Names at its top, without what belongs to the file system or to restores. */
  readonly entries: readonly string[];
  readonly free: number;
  /** Plans of interrupted moves: the volume holds some of the old data and some of the new. */
  readonly plans: readonly string[];
  /** What restores copied to the volume but never used. */
  readonly leftovers: readonly string[];
  /** Folders with what was moved aside. */
  readonly asides: readonly string[];
}

/** A run of the program in the pod. */
export interface ProgramRun extends ProgramStreams {
  readonly command: 'look' | 'asides' | 'archive' | 'receive' | 'swap' | 'finish' | 'discard';
  readonly args?: readonly string[];
}

// Failures that a repetition would meet again.
const FINAL: readonly KubectlFailure[] = ['missing program', 'unauthorized', 'forbidden', 'not found'];

/** The pod of one command, from its creation until it is gone. */
export class VolumePod {
  private readonly kubectl: Kubectl;

  constructor(
    private readonly pace: Pace,
    private readonly owner: Owner,
    { kubectl, console }: { readonly kubectl: Kubectl; readonly console: Console },
  ) {
    this.kubectl = patient(kubectl, pace, console);
  }

  /**
   * The command that left its pod behind and no longer runs.
   * @throws Refusal when that command still runs
   */
  async leftOver(signal: AbortSignal): Promise<Partial<Owner> | undefined> {
    const pod = await this.find(signal);
    if (!pod || this.isOwn(pod)) return undefined;
    this.refuseIfInUse(pod);
    return ownerOf(pod) ?? {};
  }

  /**
   * Creates the pod, replaces one that was left over, and waits until it runs.
   * @throws Refusal when another command still runs, or the pod does not run
   */
  async create(props: Omit<VolumePodProps, 'owner'>, signal: AbortSignal): Promise<void> {
    const input = JSON.stringify(volumePod({ ...props, owner: this.owner }));
    const deadline = Date.now() + this.pace.podSeconds * 1000;
    for (;;) {
      try {
        await this.kubectl.text(['create', '--validate=false', '-f', '-'], { input, signal });
        break;
      } catch (error) {
        if (!(error instanceof KubectlError && error.failure === 'already exists')) throw error;
        const pod = await this.find(signal);
        // The answer to the first attempt was lost.
        if (pod && this.isOwn(pod)) break;
        if (pod) {
          this.refuseIfInUse(pod);
          await this.remove(pod, signal);
        }
        if (Date.now() > deadline) throw new Refusal(...this.stillExists());
      }
    }
    for (;;) {
      const pod = await this.find(signal);
      if (!pod || !this.isOwn(pod)) {
        throw new Refusal(`The pod ${COPY_POD} was deleted while this command used it. Run the command again`);
      }
      if (pod.status?.phase === 'Running' && listOf(pod.status.containerStatuses).every(({ ready }) => ready)) return;
      const trouble = troubleOf(pod);
      if (trouble.final || Date.now() > deadline) {
        throw new Refusal(`The pod ${COPY_POD} does not start: ${trouble.text}`);
      }
      await sleep(this.pace.pollMs, signal);
    }
  }

  /** Runs the program once. @returns what it prints */
  async run({ command, args = [], ...streams }: ProgramRun): Promise<string> {
    return this.exec([...program, command, DATA_PATH, ...args], streams);
  }

  /**
   * Runs the program, and repeats it if the connection fails. Its commands are safe to repeat.
   * @returns the JSON that it prints
   */
  async ask<Answer>(
    run: ProgramRun & { readonly command: 'look' | 'asides' | 'swap' | 'finish' | 'discard' },
  ): Promise<Answer> {
    // Half-done moves are worth every attempt.
    const isWorthIt = ({ failure }: KubectlError) =>
      failure === 'unreachable' || (['swap', 'finish'].includes(run.command) && !FINAL.includes(failure));
    return answerIn(await this.kubectl.repeated(() => this.run(run), isWorthIt, run.signal));
  }

  /** Has the program receive a copy. @returns what SQLite says of each database in it */
  async receive(stage: string, bytes: number, streams: ProgramStreams): Promise<Readonly<Record<string, string>>> {
    const args = [stage, JSON.stringify({ bytes })];
    const text = await this.run({ command: 'receive', args, ...streams });
    return answerIn<{ readonly databases: Readonly<Record<string, string>> }>(text).databases;
  }

  /**
   * Judges a folder on the volume by the guard of the release that is applied here. The folder stays as it is: the guard looks at
   * it through links, beside which it writes its mark.
   * @returns why the release would not start on it, and what to do; nothing where it would, or where no guard is applied
   */
  async judge(folder: string, signal: AbortSignal): Promise<readonly [string, ...string[]] | undefined> {
    const guard = `${UPGRADE_GUARD_PATH}/upgrade-guard.py`;
    const linked =
      'import os, sys; [os.symlink(os.path.join(sys.argv[1], name), os.path.join(sys.argv[2], name)) for name in os.listdir(sys.argv[1])]';
    const script = `test -f ${guard} || exit 0
      view=$(mktemp -d) && python3 -I -c '${linked}' "$1" "$view" || exit 1
      python3 -I ${guard} ${UPGRADE_GUARD_PATH}/facts.json "$view" /tmp/reason >/tmp/log 2>&1 || cat /tmp/reason`;
    const words = ['sh', '-c', script, 'judge', `${DATA_PATH}/${folder}`];
    const isWorthIt = ({ failure }: KubectlError) => failure === 'unreachable';
    const reason = await this.kubectl.repeated(() => this.exec(words, { signal }), isWorthIt, signal);
    if (!reason.trim()) return undefined;
    return [
      'The applied release does not start on this data.',
      // That advice is for data that is already in place.
      ...reason
        .trim()
        .split('\n')
        .filter((line) => !/\bset-aside\b/.test(line)),
      'Render and apply a release that can read it, then run this command again.',
    ];
  }

  /** Deletes the pod, if it exists, and waits until it is gone. */
  async delete(signal?: AbortSignal): Promise<void> {
    const pod = await this.find(signal);
    if (pod && this.isOwn(pod)) await this.remove(pod, signal);
  }

  private find(signal?: AbortSignal): Promise<Manifest | undefined> {
    return this.kubectl.jsonIfFound<Manifest>(['get', 'pod', COPY_POD], { signal });
  }

  private isOwn(pod: Manifest): boolean {
    return ownerOf(pod)?.token === this.owner.token;
  }

  /** Deletes this pod, but not another one that has the same name. */
  private async remove({ metadata }: Manifest, signal?: AbortSignal): Promise<void> {
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: metadata.uid } };
    const isThere = async () => (await this.find(signal))?.metadata.uid === metadata.uid;
    try {
      await this.kubectl.text(['delete', '--raw', path, '-f', '-'], { input: JSON.stringify(options), signal });
    } catch (error) {
      const isGone = error instanceof KubectlError && ['not found', 'conflict'].includes(error.failure);
      if (!isGone || (await isThere())) throw error;
    }
    const deadline = Date.now() + this.pace.stopSeconds * 1000;
    while (await isThere()) {
      if (Date.now() > deadline) throw new Refusal(...this.stillExists());
      await sleep(this.pace.pollMs, signal);
    }
  }

  private stillExists(): readonly string[] {
    return [
      `The pod ${COPY_POD} was deleted but still exists. Find out why it does not end:`,
      this.kubectl.commandLine(['describe', 'pod', COPY_POD]),
    ];
  }

  private refuseIfInUse(pod: Manifest): void {
    const owner = ownerOf(pod);
    const deletion = this.kubectl.commandLine(['delete', 'pod', COPY_POD]);
    if (!owner) {
      throw new Refusal(
        `The pod ${COPY_POD} exists, but does not name the command that uses it.`,
        'If no backup, restore, or set-aside of this studio runs, delete it:',
        deletion,
      );
    }
    if (!isInUse(pod, owner)) return;
    const { command, host, pid, since } = owner;
    // A later process may have the number of one that was killed.
    const here = `If process ${pid} is a different program, run:`;
    const elsewhere = `If that process is gone, wait ${IDLE_SECONDS / 60} minutes, or run:`;
    throw new Refusal(
      `Another command is working on this studio: ${command}, process ${pid} on ${host}, since ${since}. Wait until it ends.`,
      stillRuns(owner) ? here : elsewhere,
      deletion,
    );
  }

  private async exec(command: readonly string[], streams: ProgramStreams) {
    streams.signal?.throwIfAborted();
    const interactive = streams.input ? ['--stdin'] : [];
    // Another command's pod may have the same name by now. Nothing is run in it.
    const own =
      'test "$OWNER" = "$1" || { echo "The pod of this command was replaced by a pod of another command" >&2; exit 1; }';
    const words = ['sh', '-c', `${own}; shift; exec "$@"`, 'own', this.owner.token, ...command];
    const child = this.kubectl.start(['exec', ...interactive, COPY_POD, '--container=copy', '--', ...words], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new Exec(child, this.kubectl, this.pace.stallSeconds).finish(streams);
  }
}

/** A warning that the pod of a command was not deleted. */
export function notDeleted({ message }: Error): string {
  return `Could not delete the pod ${COPY_POD}. The next command deletes it. Cause: ${message}`;
}

/** @throws Refusal when it is not JSON */
function answerIn<Answer>(text: string): Answer {
  try {
    // `discard` answers nothing.
    return JSON.parse(text || 'null');
  } catch {
    throw new Refusal(`The answer of the pod ${COPY_POD} is not JSON`);
  }
}

function ownerOf({ metadata }: Manifest): Owner | undefined {
  return ownerIn(fieldsOf(metadata.annotations)[COPY_OWNER]);
}

/** Whether the command of a pod still runs. A command of another machine counts as running as long as its pod runs. */
function isInUse({ metadata, status }: Manifest, owner: Owner): boolean {
  if (['Succeeded', 'Failed'].includes(status?.phase)) return false;
  const isStarting = Date.now() - Date.parse(metadata.creationTimestamp) < PENDING_MS;
  return stillRuns(owner) ?? (status?.phase === 'Running' || isStarting);
}

/** Why a pod does not run yet, and whether it can still start. */
function troubleOf({ status }: Manifest): { readonly text: string; readonly final: boolean } {
  const waiting = listOf(status?.containerStatuses)
    .map(({ state }) => state?.waiting)
    .find((each) => each?.message ?? each?.reason);
  const condition = listOf(status?.conditions).find((each) => each.status === 'False' && each.message);
  const text = waiting?.message ?? waiting?.reason ?? condition?.message ?? status?.message ?? `it is ${status?.phase}`;
  return { text, final: status?.phase === 'Failed' || status?.phase === 'Succeeded' };
}
