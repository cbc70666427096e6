import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { WebSocket } from 'ws';
import { withSystemPython } from '../python';
import type { Manifest } from '../studio';
import type { Fault } from './faults';

// Channels of the subprotocol v5.channel.k8s.io; 255 closes the channel whose number follows.
const [STDIN, STDOUT, STDERR, STATUS, CLOSE] = [0, 1, 2, 3, 255];

/** What a container runs for an exec, on this machine. */
export interface ContainerCommand {
  readonly words: readonly string[];
  readonly pod: Manifest;
  readonly container: Manifest;
  /** Folder on this machine for each path at which the container mounts a volume. */
  readonly folders: ReadonlyMap<string, string>;
}

/** Starts a command. The paths of mounted volumes in it and in the container's variables become the folders that play the volumes. */
export function startCommand({ words, container, folders }: ContainerCommand): ChildProcessWithoutNullStreams {
  // In one pass: a folder may have the path of another mount in its name.
  const mounted = new RegExp(`(?<![\\w/-])(${[...folders.keys()].join('|')})(?![\\w-])`, 'g');
  const here = (text: string) => (folders.size > 0 ? text.replace(mounted, (path) => folders.get(path) ?? path) : text);
  const variables = (container.env ?? []).map(({ name, value = '' }: Manifest) => [name, here(value)]);
  const [program = '', ...args] = words.map(here);
  return spawn(program, args, { env: { PATH: withSystemPython.PATH, ...Object.fromEntries(variables) } });
}

/** Connects the command of an exec with its client, in the WebSocket protocol of that. */
export function bridge(socket: WebSocket, child: ChildProcessWithoutNullStreams, fault?: Fault): void {
  // Of what goes through the stream; at that point a fault strikes.
  let room = fault && 'afterBytes' in fault ? fault.afterBytes : Number.POSITIVE_INFINITY;

  /** Whether the stream still works after so many further bytes. */
  const passes = (length: number): boolean => {
    room -= length;
    if (room >= 0) return true;
    if (fault?.kind === 'cut') socket.terminate();
    return false;
  };

  for (const [channel, output] of [
    [STDOUT, child.stdout],
    [STDERR, child.stderr],
  ] as const) {
    output.on('data', (data: Buffer) => {
      if (!passes(data.length)) return;
      // One message at a time, so that a slow client slows the command down.
      output.pause();
      socket.send(Buffer.concat([Buffer.of(channel), data]), () => output.resume());
    });
  }
  socket.on('message', (message: Buffer) => {
    if (message[0] === CLOSE && message[1] === STDIN) child.stdin.end();
    if (message[0] !== STDIN || !passes(message.length - 1)) return;
    if (child.stdin.write(message.subarray(1))) return;
    socket.pause();
    child.stdin.once('drain', () => socket.resume());
  });
  // A command that ended before it read everything; or a client that is gone, which ends stdin and breaks the other pipes.
  child.stdin.on('error', () => socket.resume());
  socket.on('close', () => {
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  });
  child.on('error', (error) => finish(socket, { reason: 'InternalError', message: error.message, code: 500 }));
  child.on('close', (code, signal) => {
    if (room < 0 && fault?.kind === 'short') return finish(socket);
    if (room < 0) return;
    const failure = {
      reason: 'NonZeroExitCode',
      message: `command terminated with non-zero exit code: exit status ${code ?? signal}`,
      details: { causes: [{ reason: 'ExitCode', message: String(code ?? 137) }] },
    };
    finish(socket, code === 0 ? undefined : failure);
  });
}

/** Tells how the command ended, and closes. */
function finish(socket: WebSocket, failure?: object): void {
  const status = failure ? { status: 'Failure', ...failure } : { status: 'Success' };
  socket.send(Buffer.concat([Buffer.of(STATUS), Buffer.from(JSON.stringify({ metadata: {}, ...status }))]), () =>
    socket.close(1000),
  );
}
