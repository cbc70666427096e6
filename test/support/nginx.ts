import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathOf } from './programs';

/** The uid of nginx in a pod, and here where the tests run as root. */
const UNPRIVILEGED = 101;

/** Below those that Linux and macOS give to connections that go out, any of which could take it before it is listened on. */
const PORTS = { min: 15_000, max: 32_000 };

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.min, PORTS.max);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** A running nginx. */
export interface Nginx {
  readonly process: ChildProcess;
  /** What it wrote to its error log. */
  log(): string;
  /** Resolves when its error log holds something; what nginx wrote may reach this process after the answer that it is about. */
  logged(what: RegExp): Promise<void>;
  /** The most memory that the worker has had, in MiB. @default 0 where there is no /proc */
  peakMemory(): number;
  /** The same, of the worker and the main process together. */
  peakMemoryOfBoth(): number;
  stop(): Promise<void>;
}

/** What is still running. A test that fails leaves its own behind, which would keep the tests from ever ending. */
const running = new Set<Nginx>();
afterAll(() => Promise.all([...running].map((nginx) => nginx.stop())));

/** Whether this machine has IPv6. */
export const hasIpv6 = Object.values(networkInterfaces()).some((each) =>
  each?.some(({ address }) => address === '::1'),
);

/** Where nginx finds its configuration, and where it may write. */
export interface NginxFolders {
  readonly config: string;
  readonly run: string;
}

/** nginx as its container starts it, apart from the shell. */
function plainCommand({ config, run }: NginxFolders): string[] {
  return [pathOf('nginx'), '-p', run, '-c', join(config, 'nginx.conf'), '-e', 'stderr', '-g', 'daemon off;'];
}

/** Starts nginx as its container does: its own user, configuration by file name, one folder that can be written. */
export async function startNginx(
  config: Readonly<Record<string, string>>,
  port: number,
  commandIn = plainCommand,
): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const user = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  const run = join(folder, 'run');
  mkdirSync(run);
  for (const [name, text] of Object.entries(config)) writeFileSync(join(folder, name), text);
  if (user.uid) for (const path of [folder, run]) chownSync(path, user.uid, user.gid);

  const [command = '', ...args] = commandIn({ config: folder, run });
  const child = spawn(command, args, { ...user, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr?.on('data', (data) => {
    log += data;
  });
  const nginx: Nginx = {
    process: child,
    log: () => log,
    logged: async (what) => {
      while (!what.test(log)) {
        if (child.exitCode !== null) throw new Error(`nginx did not log ${what}, but: ${log}`);
        await sleep(20);
      }
    },
    peakMemory: () => peakOf(workerOf(child.pid)),
    peakMemoryOfBoth: () => peakOf(String(child.pid)) + peakOf(workerOf(child.pid)),
    stop: async () => {
      running.delete(nginx);
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  running.add(nginx);
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`nginx does not start: ${log}`);
    await sleep(20);
  }
  return nginx;
}

function workerOf(pid: number | undefined): string {
  const children = `/proc/${pid}/task/${pid}/children`;
  return existsSync(children) ? readFileSync(children, 'utf8').trim() : '';
}

/** The most memory of a process, in MiB. */
function peakOf(pid: string): number {
  const status = `/proc/${pid}/status`;
  return existsSync(status) ? Number(/^VmHWM:\s+([0-9]+) kB/m.exec(readFileSync(status, 'utf8'))?.[1]) / 1024 : 0;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const connected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  });
  socket.destroy();
  return connected;
}

/** Sends bytes as they are, and collects what comes back until the other side closes or falls silent after it has begun. */
export function talk(port: number, text: string, silence = 250): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    const done = () => {
      socket.destroy();
      resolve(received);
    };
    socket.setTimeout(20_000, done);
    socket.on('data', (data) => {
      received += data.toString('latin1');
      socket.setTimeout(silence);
    });
    // A refused upload is answered, and then the connection is reset.
    socket.on('error', done).on('close', done);
  });
}
