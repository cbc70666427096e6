import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Kubectl } from '../../cluster/kubectl';
import type { FakeApiServer, Outcome } from './fake-api-server';
import type { SeenRequest } from './fake-cluster/faults';
import { apiVersion } from './fake-cluster/store';
import type { Manifest } from './studio';

/**
 * Replaces the process of kubectl until `jest.restoreAllMocks()`. What backup and restore call makes the requests of the real
 * kubectl in their order, prints what that prints, and fails with its words. Where the real one waits, until a request times
 * out or before it repeats one, this one fails at once.
 * @param inPod changes the commands that are run in pods
 */
export function kubectlInProcess(
  cluster: FakeApiServer,
  inPod: (words: readonly string[]) => readonly string[] = (words) => words,
): void {
  jest.spyOn(Kubectl.prototype, 'start').mockImplementation(function (this: Kubectl, args) {
    const at = args.indexOf('--') + 1;
    const all = at > 0 ? [...args.slice(0, at), ...inPod(args.slice(at))] : args;
    return new Call(cluster, this.options.namespace ?? 'default', all) as EventEmitter as ChildProcess;
  });
}

/** Why kubectl fails. */
class Failure extends Error {
  constructor(
    /** What stands before the words. */
    readonly start: string,
    readonly words: string,
  ) {
    super(`${start}: ${words}`);
  }
}

/** One call of kubectl, with what its callers use of a child process. */
class Call extends EventEmitter {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();

  constructor(
    private readonly cluster: FakeApiServer,
    private readonly namespace: string,
    args: readonly string[],
  ) {
    super();
    const ended = this.run(args).catch((error) => {
      this.complain(error instanceof Failure ? error.message : error.stack);
      return 1;
    });
    const killed = once(this, 'kill').then(() => null);
    void Promise.race([ended, killed]).then((code) => this.end(code));
  }

  kill(): boolean {
    return this.emit('kill');
  }

  private async end(code: number | null): Promise<void> {
    this.stdin.destroy();
    const open = [this.stdout, this.stderr].filter((stream) => !stream.closed);
    await Promise.all(open.map((stream) => once(stream.end(), 'close')));
    this.emit('close', code);
  }

  /** @returns the exit code */
  private async run(args: readonly string[]): Promise<number> {
    const [verb, word = '', name = '', change = ''] = args.filter((arg) => !arg.startsWith('-'));
    if (verb === 'config') this.print(this.config());
    else if (verb === 'create') this.create(JSON.parse(await text(this.stdin)));
    else if (verb === 'delete' && args.includes('--raw')) await this.deleteRaw(word);
    else if (verb === 'port-forward') await this.forward(word, name);
    else if (verb === 'exec') return this.exec(`${this.pathOf('pod')}/${word}`, args);
    else {
      const path = this.pathOf(word, args.includes('--all-namespaces'));
      if (verb === 'get') this.print(name ? this.get(path, name) : this.ask('GET', path));
      else if (verb === 'patch') this.patch(`${path}/${name}`, flag('--patch', args));
      else if (verb === 'annotate') this.patch(`${path}/${name}`, JSON.stringify(annotation(change)));
      else throw new Error(`this kubectl does not know ${args.join(' ')}`);
    }
    return 0;
  }

  private complain(words: string): void {
    if (!this.stderr.writableEnded) this.stderr.write(`${words}\n`);
  }

  private print(object: object): void {
    this.stdout.write(JSON.stringify(object));
  }

  private config(): object {
    const contexts = [{ name: 'fake', context: { cluster: 'fake' } }];
    return { contexts, clusters: [{ name: 'fake', cluster: { server: this.cluster.url } }] };
  }

  private pathOf(word: string, inAllNamespaces = false): string {
    const resource = this.cluster.resources.find(({ kind, plural, group }) =>
      [kind.toLowerCase(), plural, `${plural}.${group}`].includes(word),
    );
    if (!resource) throw new Failure('error', `the server doesn't have a resource type "${word}"`);
    const root = resource.group === '' ? '/api/v1' : `/apis/${apiVersion(resource)}`;
    const isNarrow = resource.namespaced && !inAllNamespaces;
    return `${root}/${isNarrow ? `namespaces/${this.namespace}/` : ''}${resource.plural}`;
  }

  private ask(method: string, path: string, body = ''): Manifest {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    return answerOf(method, this.cluster.ask(requestOf(method, path, body), type));
  }

  /** Gets one object. Where there is none, kubectl looks whether there is the namespace. */
  private get(path: string, name: string): Manifest {
    const outcome = this.cluster.ask(requestOf('GET', `${path}/${name}`));
    if ('refusal' in outcome && outcome.refusal.reason === 'NotFound' && path.includes('/namespaces/')) {
      this.cluster.ask(requestOf('GET', `/api/v1/namespaces/${this.namespace}`));
    }
    return answerOf('GET', outcome);
  }

  private patch(path: string, patch: string): void {
    this.ask('GET', path);
    this.ask('PATCH', path, patch);
  }

  private create(object: Manifest): void {
    try {
      this.ask('POST', this.pathOf(object.kind.toLowerCase()), JSON.stringify(object));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const start = error.start.startsWith('Error from server') ? error.start : 'error';
      throw new Failure(start, `error when creating "STDIN": ${error.words}`);
    }
  }

  /** Deletes what has that path in the API, as the options on stdin say. */
  private async deleteRaw(path: string): Promise<void> {
    const outcome = this.cluster.ask(requestOf('DELETE', path, await text(this.stdin)));
    this.print(answerOf('DELETE', outcome));
  }

  /** Serves the pages of a port of a pod on localhost, until it is killed. */
  private async forward(target: string, ports: string): Promise<void> {
    const [, pod = ''] = target.split('/');
    const path = `${this.pathOf('pod')}/${pod}`;
    this.ask('GET', path);
    this.ask('POST', `${path}/portforward`);
    const server = createServer(({ url = '' }, response) => {
      const page = this.cluster.pages.get(`${pod}${ports}${url}`);
      response.writeHead(page === undefined ? 404 : 200).end(page);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    this.stdout.write(`Forwarding from 127.0.0.1:${port} -> ${ports.slice(1)}\n`);
    await once(this, 'kill');
    server.closeAllConnections();
    server.close();
  }

  private async exec(pod: string, args: readonly string[]): Promise<number> {
    await this.patiently(this.cluster.ask(requestOf('GET', pod)));
    const query = new URLSearchParams({ container: flag('--container', args) });
    for (const word of args.slice(args.indexOf('--') + 1)) query.append('command', word);
    const outcome = this.cluster.askExec({ ...requestOf('GET', `${pod}/exec`), query });
    if ('refusal' in outcome) throw new Failure('error', `unable to upgrade connection: ${outcome.refusal.message}`);
    if ('fault' in outcome && outcome.fault.kind === 'reset') throw new Failure('error', RESET);
    const child = await this.patiently(outcome);
    this.once('kill', () => child.kill('SIGKILL'));
    // A command that ends need not have read everything.
    child.stdin.on('error', () => undefined);
    this.stdin.pipe(child.stdin);
    child.stdout.pipe(this.stdout, { end: false });
    child.stderr.pipe(this.stderr, { end: false });
    const [code] = await once(child, 'close');
    if (code !== 0) this.complain(`command terminated with exit code ${code}`);
    return code;
  }

  /** The answer to a request for which kubectl waits as long as it takes. */
  private async patiently<T>(outcome: Outcome<T>): Promise<T> {
    if ('fault' in outcome && outcome.fault.kind === 'hang') await new Promise(() => undefined);
    return answerOf('GET', outcome);
  }
}

const RESET = 'read tcp 127.0.0.1:2->127.0.0.1:1: read: connection reset by peer';
const LATE = 'net/http: request canceled (Client.Timeout exceeded while awaiting headers)';

/** What the server answered. @throws where it did not, a Failure in kubectl's words */
function answerOf<T>(method: string, outcome: Outcome<T>): T {
  if ('answer' in outcome) return outcome.answer;
  if ('refusal' in outcome) throw new Failure(`Error from server (${outcome.refusal.reason})`, outcome.refusal.message);
  const { kind } = outcome.fault;
  if (kind === 'reset' && method === 'GET') {
    const attempt = `context deadline exceeded - error from a previous attempt: ${RESET}`;
    throw new Failure('error', `client rate limiter Wait returned an error: ${attempt}`);
  }
  throw new Failure(
    'Unable to connect to the server',
    kind === 'reset' ? RESET : kind === 'lost answer' ? 'EOF' : LATE,
  );
}

function requestOf(method: string, path: string, body = ''): SeenRequest {
  return { method, path, query: new URLSearchParams(), body, raw: Buffer.from(body) };
}

function flag(name: string, args: readonly string[]): string {
  return args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

function annotation(words: string): object {
  const [name = '', value] = words.split('=');
  // `name-` removes it.
  const annotations = value === undefined ? { [name.replace(/-$/, '')]: null } : { [name]: value };
  return { metadata: { annotations } };
}
