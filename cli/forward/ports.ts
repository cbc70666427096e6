import { execFile } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { promisify } from 'node:util';
import { shellWord } from '../../config/text';

/** kubectl forwards from both addresses of localhost. */
const LOCALHOST = ['127.0.0.1', '::1'];

/** Milliseconds that a program may take to name the user of a port. */
const PATIENCE = 5000;

/** The ports of localhost that another program uses. */
export async function takenPorts(ports: readonly number[]): Promise<readonly number[]> {
  const taken = await Promise.all(ports.map(isTaken));
  return ports.filter((_, index) => taken[index]);
}

async function isTaken(port: number): Promise<boolean> {
  if (await isListening(port)) return true;
  for (const host of LOCALHOST) if (await isInUse(host, port)) return true;
  return false;
}

/** Whether a program accepts connections to a port of localhost. */
export async function isListening(port: number): Promise<boolean> {
  const accepted = LOCALHOST.map(
    (host) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ host, port, timeout: PATIENCE });
        const end = (isOpen: boolean) => {
          socket.destroy();
          resolve(isOpen);
        };
        socket.once('connect', () => end(true));
        socket.once('timeout', () => end(false));
        socket.once('error', () => end(false));
      }),
  );
  return (await Promise.all(accepted)).includes(true);
}

/** A computer without IPv6 has no `::1`: that is another error. */
function isInUse(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EADDRINUSE'));
    server.listen({ host, port }, () => server.close(() => resolve(false)));
  });
}

/** Which program uses a port, and how to free it. */
export interface Holder {
  readonly kind: 'compose' | 'container' | 'process' | 'unknown';
  /** One or two sentences for a person. */
  readonly text: string;
}

/** Asks Docker and the operating system which program uses a port. A person without rights on it may get no answer. */
export async function holderOf(port: number, environment: NodeJS.ProcessEnv): Promise<Holder> {
  return (
    (await containerAt(port, environment)) ??
    (await processAt(port, environment)) ?? {
      kind: 'unknown',
      text: 'docker compose uses the same ports and may be running. Check with: docker compose ps',
    }
  );
}

async function containerAt(port: number, environment: NodeJS.ProcessEnv): Promise<Holder | undefined> {
  const format = '{{.Names}} {{.Label "com.docker.compose.project"}}';
  const output = await outputOf('docker', ['ps', '--filter', `publish=${port}`, '--format', format], environment);
  const [, name, project] = /^(\S+) ?(\S*)/.exec(output) ?? [];
  if (!name) return undefined;
  if (!project) {
    return { kind: 'container', text: `The Docker container ${name} uses it. Stop it: docker stop ${shellWord(name)}` };
  }
  const stop = `docker compose --project-name ${shellWord(project)} stop`;
  return { kind: 'compose', text: `docker compose seems to be running, with the project ${project}. Stop it: ${stop}` };
}

async function processAt(port: number, environment: NodeJS.ProcessEnv): Promise<Holder | undefined> {
  const ofLsof = await outputOf('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], environment);
  const ofSs = await outputOf('ss', ['-Hltnp', `sport = :${port}`], environment);
  const pid = /^p(\d+)$/m.exec(ofLsof)?.[1] ?? /pid=(\d+)/.exec(ofSs)?.[1];
  const name = /^c(.+)$/m.exec(ofLsof)?.[1] ?? /\(\("([^"]+)"/.exec(ofSs)?.[1];
  if (!pid || !name) return undefined;
  const program = `${name} (process ${pid})`;
  if (/docker|vpnkit/i.test(name)) {
    return {
      kind: 'compose',
      text: `docker compose seems to be running: ${program} uses it. Check with: docker compose ps`,
    };
  }
  const another = name.startsWith('kubectl') ? 'Another kubectl port-forward' : 'Another program';
  return { kind: 'process', text: `${another} uses it: ${program}. Stop that program first` };
}

/** What a program prints, and nothing where it is not installed, fails, or takes too long. */
async function outputOf(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    return (await promisify(execFile)(program, args, { env, timeout: PATIENCE })).stdout;
  } catch {
    return '';
  }
}
