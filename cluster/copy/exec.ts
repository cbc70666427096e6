import type { ChildProcess } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Kubectl, KubectlError } from '../kubectl';
import { Refusal } from '../refusal';

/** Progress of the program in the pod, reported as lines of JSON. */
export interface ProgramNews {
  readonly bytes?: number;
}

/** The streams of a program in the pod. */
export interface ProgramStreams {
  /** What it reads. @default nothing */
  readonly input?: NodeJS.ReadableStream;
  /** Where its output goes. @default it is returned */
  readonly output?: NodeJS.WritableStream;
  readonly onNews?: (news: ProgramNews) => void;
  readonly signal?: AbortSignal;
}

/** Bytes of output that are returned, and of complaints that are kept: the program prints a few lines of both. */
const MAX_TEXT = 16 << 20;
const MAX_COMPLAINTS = 64 << 10;

/** One `kubectl exec`: its streams and its end. An error in any of them rejects `finish`, and is thrown nowhere else. */
export class Exec {
  private complaints = '';
  private stalled = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly child: ChildProcess,
    private readonly kubectl: Kubectl,
    /** Seconds without a byte after which it is ended. */
    private readonly stallSeconds: number,
  ) {}

  /** @returns what the program printed */
  async finish({ input, output, onNews, signal }: ProgramStreams): Promise<string> {
    const { stdin, stdout, stderr } = this.child;
    if (!stdin || !stdout || !stderr) throw new Error('kubectl was started without pipes');
    const end = () => this.child.kill('SIGTERM');
    signal?.addEventListener('abort', end);
    try {
      this.moved();
      const [code, text] = await Promise.all([
        this.kubectl.ended(this.child),
        output ? pipeline(stdout, (chunks) => this.counted(chunks), output) : this.textOf(stdout),
        this.listen(stderr.setEncoding('utf8'), onNews),
        input ? this.send(input, stdin) : stdin.end(),
      ]);
      signal?.throwIfAborted();
      if (this.stalled) throw new KubectlError('unreachable', `The pod sent nothing for ${this.stallSeconds} s`);
      if (code !== 0) throw this.failure();
      return text ?? '';
    } catch (error) {
      end();
      throw error;
    } finally {
      clearTimeout(this.timer);
      signal?.removeEventListener('abort', end);
    }
  }

  /** Errors of writing are ignored: kubectl reports itself why it ended. Errors of reading are thrown. */
  private async send(input: NodeJS.ReadableStream, stdin: NodeJS.WritableStream): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    const read = async function* (this: Exec) {
      try {
        yield* this.counted(Readable.from(input));
      } catch (error) {
        failure = { error };
        throw error;
      }
    };
    await pipeline(read.call(this), stdin).catch(() => {
      if (failure) throw failure.error;
    });
  }

  private async textOf(stdout: AsyncIterable<Buffer>): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.counted(stdout)) {
      size += chunk.length;
      if (size > MAX_TEXT) throw new Refusal('The pod sent more output than this command expects');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  }

  private async listen(stderr: AsyncIterable<string>, onNews: ProgramStreams['onNews']): Promise<void> {
    let rest = '';
    for await (const chunk of this.counted(stderr)) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.hear(line, onNews);
      if (rest.length > MAX_COMPLAINTS) rest = rest.slice(-MAX_COMPLAINTS);
    }
    this.hear(rest, onNews);
  }

  private hear(line: string, onNews: ProgramStreams['onNews']): void {
    const news = newsIn(line);
    if (news) onNews?.(news);
    else if (line !== '') this.complaints = `${this.complaints}${line}\n`.slice(-MAX_COMPLAINTS);
  }

  private async *counted<T>(chunks: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const chunk of chunks) {
      this.moved();
      yield chunk;
    }
  }

  /** Something was sent or received: the connection works. */
  private moved(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.stalled = true;
      this.child.kill('SIGTERM');
    }, this.stallSeconds * 1000);
  }

  /** The message of the program, or of kubectl if the program printed none. */
  private failure(): Error {
    const words = this.complaints.trim();
    const [own, code] = words.split(/\n?command terminated with exit code /);
    if (code === undefined) return this.kubectl.failed(words);
    if (own) return new Refusal(own);
    const why = code === '137' ? '. It ran out of memory, or its pod was deleted' : '';
    return new Refusal(`The program in the pod ended with exit code ${code}${why}`);
  }
}

/** The progress that a line reports; nothing for a line that is not such a report. */
function newsIn(line: string): ProgramNews | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { bytes } = JSON.parse(line);
    return typeof bytes === 'number' ? { bytes } : {};
  } catch {
    return undefined;
  }
}
