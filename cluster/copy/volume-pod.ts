import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { besideTheVolume, VOLUME_LABEL } from '../../charts/pod/placement';
import { containerSecurityContext } from '../../charts/pod/security';
import { UPGRADE_GUARD_PATH, upgradeGuardName } from '../../charts/upgrade-guard';
import { fieldsOf, listOf, type Manifest } from '../../render/manifest';
import { sleep } from '../interruption';
import { type Kubectl, KubectlError } from '../kubectl';
import { Refusal } from '../refusal';
import type { Pace } from './pace';

/** Copies the volume of a studio, in the Python of the backend's image. */
const volumeProgram = textOf('volume.py');

function textOf(name: string): string {
  return readFileSync(join(__dirname, name), 'utf8');
}

/** The pod that copies; there is one at a time in a namespace. */
export const VOLUME_POD = 'junjo-ai-studio-copy';

/** What the pod is for. */
export interface VolumePodProps {
  /** The backend's Deployment, whose image, user and place the pod has. */
  readonly backend: Manifest;
  readonly claim: string;
  /** @default false */
  readonly readOnly?: boolean;
}

/** The manifest: the backend's own image, user and place, beside the volume, without network, token or settings. */
export function volumePod({ backend, claim, readOnly = false }: VolumePodProps): object {
  const { metadata, spec } = fieldsOf(backend.spec?.template);
  const containers = listOf(spec?.containers);
  const container = containers.find(({ name }) => name === 'backend') ?? containers[0];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: VOLUME_POD,
      labels: {
        ...metadata?.labels,
        ...VOLUME_LABEL,
        // No Service and no policy of the backend may take it for the backend.
        'app.kubernetes.io/component': 'copy',
        'app.kubernetes.io/managed-by': 'junjo-k8s',
      },
    },
    spec: {
      restartPolicy: 'Never',
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      // Its process hears no SIGTERM, and has nothing to put in order.
      terminationGracePeriodSeconds: 1,
      // A pod that was left over ends by itself after a day.
      activeDeadlineSeconds: 86400,
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
          command: ['python3', '-I', '-c', 'import signal; signal.pause()'],
          env: [
            // In the environment, because what an exec runs is part of a URL, and proxies limit those.
            { name: 'VOLUME_PROGRAM', value: volumeProgram },
            { name: 'VOLUME', value: DATA_PATH },
            { name: 'TMPDIR', value: '/tmp' },
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

/** What the program on the other side tells of its work, a line of JSON at a time. */
export interface ProgramNews {
  readonly bytes?: number;
  readonly checks?: string;
  readonly done?: object;
}

/** What `look` tells of the volume. */
export interface Holdings {
  /** Names at its top, without what belongs to the file system or to restores. */
  readonly entries: readonly string[];
  readonly files: number;
  readonly bytes: number;
  readonly free: number;
  /** What the guard of the backend wrote there. */
  readonly mark: { readonly line?: string } | null;
}

/** A run of the program in the pod. */
export interface ProgramRun {
  readonly command: 'look' | 'archive' | 'receive' | 'swap' | 'discard';
  readonly args?: readonly string[];
  /** What it reads. @default nothing */
  readonly input?: NodeJS.ReadableStream;
  /** Where its output goes. @default it is returned */
  readonly output?: NodeJS.WritableStream;
  readonly onNews?: (news: ProgramNews) => void;
  readonly signal?: AbortSignal;
}

/** The pod, from its creation until it is gone. */
export class VolumePod {
  constructor(
    private readonly kubectl: Kubectl,
    private readonly pace: Pace,
  ) {}

  /** Creates it, in place of one that was left over, and waits until it runs. */
  async create(props: VolumePodProps, signal: AbortSignal): Promise<void> {
    const call = { input: JSON.stringify(volumePod(props)), signal };
    const args = ['create', '--validate=false', '-f', '-'];
    try {
      await this.kubectl.text(args, call);
    } catch (error) {
      if (!(error instanceof KubectlError && error.failure === 'already exists')) throw error;
      await this.delete(signal);
      await this.kubectl.text(args, call);
    }
    const deadline = Date.now() + this.pace.podSeconds * 1000;
    for (;;) {
      const pod = await this.kubectl.json<Manifest>(['get', 'pod', VOLUME_POD], { signal });
      if (pod.status?.phase === 'Running' && listOf(pod.status.containerStatuses).every(({ ready }) => ready)) return;
      const trouble = troubleOf(pod);
      if (trouble.final || Date.now() > deadline) {
        throw new Refusal(`The pod ${VOLUME_POD} that copies does not run: ${trouble.text}`);
      }
      await sleep(this.pace.pollMs, signal);
    }
  }

  /** Runs the program. @returns what it prints */
  async run({ command, args = [], ...streams }: ProgramRun): Promise<string> {
    return this.exec(
      ['sh', '-c', 'exec python3 -I -c "$VOLUME_PROGRAM" "$@"', 'volume.py', command, DATA_PATH, ...args],
      streams,
    );
  }

  /**
   * Judges a folder on the volume by the guard of the release that is applied here.
   * @returns why the release would not start on it; nothing where it would, or where no guard is applied
   */
  async judge(folder: string, signal: AbortSignal): Promise<string | undefined> {
    const guard = `${UPGRADE_GUARD_PATH}/upgrade-guard.py`;
    const script = `test -f ${guard} || exit 0; python3 -I ${guard} ${UPGRADE_GUARD_PATH}/facts.json "$1" /tmp/reason >/tmp/log 2>&1 || cat /tmp/reason`;
    const reason = await this.exec(['sh', '-c', script, 'judge', `${DATA_PATH}/${folder}`], { signal });
    return reason.trim() || undefined;
  }

  /** Removes it, if it is there, and waits until it is gone. */
  async delete(signal?: AbortSignal): Promise<void> {
    await this.kubectl.text(['delete', 'pod', VOLUME_POD, '--ignore-not-found', '--timeout=60s'], { signal });
  }

  private async exec(
    command: readonly string[],
    { input, output, onNews, signal }: Omit<ProgramRun, 'command' | 'args'>,
  ) {
    signal?.throwIfAborted();
    const interactive = input ? ['--stdin'] : [];
    const child = this.kubectl.start(['exec', ...interactive, VOLUME_POD, '--container=copy', '--', ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new Exec(child, this.kubectl, this.pace.stallSeconds).finish({ input, output, onNews, signal });
  }
}

/** One kubectl exec: its streams, and its end. */
class Exec {
  private readonly complaints: string[] = [];
  private rest = '';
  private stalled = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly child: ChildProcess,
    private readonly kubectl: Kubectl,
    private readonly stallSeconds: number,
  ) {}

  async finish({ input, output, onNews, signal }: Omit<ProgramRun, 'command' | 'args'>): Promise<string> {
    const { stdin, stdout, stderr } = this.child;
    if (!stdin || !stdout || !stderr) throw new Error('kubectl was started without pipes');
    const text: Buffer[] = [];
    const end = () => this.child.kill('SIGTERM');
    signal?.addEventListener('abort', end);
    this.moved();
    stdout.on('data', (data: Buffer) => {
      this.moved();
      if (!output) text.push(data);
    });
    stderr.on('data', (data: Buffer) => {
      this.moved();
      this.hear(data.toString(), onNews);
    });
    const closed = new Promise<number | null>((resolve, reject) => {
      this.child.once('error', (error: NodeJS.ErrnoException) => reject(this.kubectl.notRun(error)));
      this.child.once('close', resolve);
    });
    try {
      // What is written to a kubectl that has ended is lost; its own words say why it ended.
      const sent = input ? pipeline(this.counted(input), stdin).catch(() => undefined) : stdin.end();
      const received = output ? pipeline(stdout, output) : undefined;
      const [code] = await Promise.all([closed, sent, received]);
      signal?.throwIfAborted();
      if (this.stalled) throw new KubectlError('unreachable', `Nothing came from the pod for ${this.stallSeconds} s`);
      if (code !== 0) throw this.failure();
      return Buffer.concat(text).toString();
    } catch (error) {
      end();
      throw error;
    } finally {
      clearTimeout(this.timer);
      signal?.removeEventListener('abort', end);
    }
  }

  private async *counted(input: NodeJS.ReadableStream): AsyncGenerator<Buffer | string> {
    for await (const chunk of Readable.from(input)) {
      this.moved();
      yield chunk;
    }
  }

  /** Something came or went: the connection is alive. */
  private moved(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.stalled = true;
      this.child.kill('SIGTERM');
    }, this.stallSeconds * 1000);
  }

  private hear(data: string, onNews: ProgramRun['onNews']): void {
    const lines = `${this.rest}${data}`.split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('{')) onNews?.(JSON.parse(line) as ProgramNews);
      else this.complaints.push(line);
    }
  }

  /** The words of the program, or of kubectl where the program said nothing. */
  private failure(): Error {
    const words = [...this.complaints, this.rest].join('\n').trim();
    const [own, code] = words.split(/\n?command terminated with exit code /);
    return code !== undefined && own ? new Refusal(own) : this.kubectl.failed(words);
  }
}

/** Why a pod does not run yet, and whether waiting helps. */
function troubleOf({ status }: Manifest): { readonly text: string; readonly final: boolean } {
  const waiting = listOf(status?.containerStatuses)
    .map(({ state }) => state?.waiting)
    .find((each) => each?.message ?? each?.reason);
  const condition = listOf(status?.conditions).find((each) => each.status === 'False' && each.message);
  const text = waiting?.message ?? waiting?.reason ?? condition?.message ?? status?.message ?? `it is ${status?.phase}`;
  return { text, final: status?.phase === 'Failed' || status?.phase === 'Succeeded' };
}
