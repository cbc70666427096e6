import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { applyPatch, type Operation } from 'rfc6902';
import { WebSocketServer } from 'ws';
import { accessReview } from './fake-cluster/access-review';
import { Controllers, type Pace } from './fake-cluster/controllers';
import { bridge, type ContainerCommand, startCommand } from './fake-cluster/exec';
import { type Fault, Faults, type SeenRequest } from './fake-cluster/faults';
import { merged } from './fake-cluster/patch';
import {
  aggregatedGroups,
  apiGroups,
  apiResources,
  argoCdApplication,
  builtIn,
  fluxKustomization,
  grouped,
  openApi,
  type Resource,
} from './fake-cluster/resources';
import { selected } from './fake-cluster/selectors';
import { apiVersion, type Change, Store } from './fake-cluster/store';
import { kubernetesTool } from './kubernetes-tools';
import type { Manifest } from './studio';

/** What a fake cluster has beyond the built-in kinds. */
export interface FakeClusterOptions {
  /** Kinds of custom resources. @default Argo CD's Application and Flux's Kustomization */
  readonly custom?: readonly Resource[];
  readonly pace?: Pace;
  /** Tells of groups one by one, as servers before 1.26 did. @default all at once */
  readonly legacyDiscovery?: boolean;
  /** @default v1.35.0 */
  readonly version?: string;
}

/** Where in the API a request leads. */
interface Route {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** A refusal as the API server words it. */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

/** What a client gets for a request: an answer, a refusal, or nothing because of a fault. */
export type Outcome<T> = { readonly answer: T } | { readonly refusal: ApiError } | { readonly fault: Fault };

/**
 * A cluster for the real kubectl: an API server on localhost that keeps objects, controllers that make pods of Deployments,
 * and containers whose commands run on this machine over folders that play the volumes. Any request can be made to fail.
 */
export class FakeApiServer {
  readonly store = new Store();
  readonly faults = new Faults();
  readonly controllers: Controllers;
  /** Every request but those for discovery, in their order. */
  readonly requests: SeenRequest[] = [];
  /** What may not be done, as `verb resource` or `verb resource/subresource`. */
  readonly forbidden = new Set<string>();
  /** What alone may be done, in the same words. @default everything */
  allowed: ReadonlySet<string> | undefined;
  /** Lines that `kubectl logs` shows, by pod. */
  readonly logs = new Map<string, string>();
  /** Pages that pods serve over HTTP, by `pod:port/path`; a forward reads them. */
  readonly pages = new Map<string, string>();
  /** Sees each object that is written, and may refuse it as admission does. */
  admit: (object: Manifest, request: SeenRequest) => string | undefined = () => undefined;

  /** Every kind that the server serves. */
  readonly resources: readonly Resource[];
  private readonly folder = mkdtempSync(join(tmpdir(), 'junjo-fake-cluster-'));
  private readonly server = createServer((request, response) => void this.answer(request, response));
  private readonly sockets = new Set<Socket>();
  private readonly commands = new Map<string, Set<ChildProcess>>();

  private constructor(private readonly options: FakeClusterOptions) {
    this.resources = [...builtIn, ...(options.custom ?? [argoCdApplication, fluxKustomization])];
    this.controllers = new Controllers(this.store, options.pace ?? {}, (pod) => this.killCommands(pod));
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.serveExec();
  }

  /** A cluster on a free port of localhost. */
  static async start(options: FakeClusterOptions = {}): Promise<FakeApiServer> {
    const cluster = new FakeApiServer(options);
    await new Promise<void>((resolve) => cluster.server.listen(0, '127.0.0.1', resolve));
    cluster.writeKubeconfig();
    const kubectl = kubernetesTool('kubectl');
    if (kubectl) symlinkSync(kubectl, join(cluster.folder, 'kubectl'));
    return cluster;
  }

  /** Ends everything, and removes the volumes. */
  async close(): Promise<void> {
    this.controllers.close();
    for (const pod of this.commands.keys()) for (const child of this.commands.get(pod) ?? []) child.kill('SIGKILL');
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Takes the server off the network, as a lost connection would; `listen` brings it back on the same port. */
  async disconnect(): Promise<() => Promise<void>> {
    const { port } = this.server.address() as AddressInfo;
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    return () => new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** A kubeconfig with the context `fake`. */
  get kubeconfig(): string {
    return join(this.folder, 'kubeconfig');
  }

  /** For commands that call kubectl: the pinned one comes first, and finds this cluster. */
  get environment(): NodeJS.ProcessEnv {
    return { PATH: `${this.folder}:${process.env.PATH}`, HOME: this.folder, KUBECONFIG: this.kubeconfig };
  }

  /** Folder that plays the volume of a claim. */
  volume(namespace: string, claim: string): string {
    const path = join(this.folder, 'volumes', namespace, claim);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Stores objects as they are, without a request. */
  apply(...objects: readonly Manifest[]): void {
    for (const object of objects) {
      const resource = this.resources.find(
        (each) => each.kind === object.kind && apiVersion(each) === object.apiVersion,
      );
      if (!resource) throw new Error(`the fake cluster has no ${object.apiVersion} ${object.kind}`);
      this.store.put(resource, structuredClone(object));
    }
  }

  /** The object of that kind and name, which must be there. */
  object(plural: string, namespace: string | undefined, name: string): Manifest {
    const found = this.store.list(plural, namespace).find(({ metadata }) => metadata.name === name);
    if (!found) throw new Error(`the fake cluster has no ${plural}/${name}`);
    return found;
  }

  /** Resolves when a condition holds after some change. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const stop = this.store.watch(() => {
        if (!condition()) return;
        stop();
        resolve();
      });
    });
  }

  private writeKubeconfig(): void {
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'fake', cluster: { server: this.url } }],
      users: [{ name: 'fake', user: {} }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
      'current-context': 'fake',
    };
    writeFileSync(this.kubeconfig, JSON.stringify(config));
  }

  /** Handles a request that needs no connection. */
  ask(seen: SeenRequest, contentType = ''): Outcome<Manifest> {
    this.requests.push(seen);
    return this.outcome(seen, () => this.handle(this.route(seen), seen, contentType)[1]);
  }

  /** Starts the command of an exec that needs no connection. */
  askExec(seen: SeenRequest): Outcome<ChildProcessWithoutNullStreams> {
    this.requests.push(seen);
    return this.outcome(seen, () => this.start(this.commandOf(seen)));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = await see(request);
    const discovery = this.discovery(seen, request.headers.accept ?? '');
    if (!discovery) this.requests.push(seen);
    const outcome = this.outcome(seen, () => {
      if (discovery) return () => send(response, 200, ...discovery);
      const route = this.route(seen);
      if (['true', '1'].includes(seen.query.get('watch') ?? '')) return () => this.watch(route, seen, response);
      const [code, body] = this.handle(route, seen, String(request.headers['content-type']));
      if (typeof body !== 'string') return () => send(response, code, body);
      return () => response.writeHead(code, { 'content-type': 'text/plain' }).end(body);
    });
    if ('answer' in outcome) outcome.answer();
    else if ('refusal' in outcome) send(response, outcome.refusal.code, statusOf(outcome.refusal));
    else if (outcome.fault.kind === 'reset') request.socket.resetAndDestroy();
    else if (outcome.fault.kind === 'lost answer') request.socket.destroy();
  }

  /** Lets the fault of a request strike, and does the work where it leaves that. */
  private outcome<T>(seen: SeenRequest, work: (fault?: Fault) => T): Outcome<T> {
    const fault = this.faults.of(seen);
    if (fault?.kind === 'reset' || fault?.kind === 'hang') return { fault };
    try {
      if (fault?.kind === 'status') throw new ApiError(fault.code, fault.reason, fault.message);
      const answer = work(fault);
      return fault?.kind === 'lost answer' ? { fault } : { answer };
    } catch (error) {
      return { refusal: error instanceof ApiError ? error : new ApiError(500, 'InternalError', String(error)) };
    }
  }

  /** What kubectl asks before anything else: which kinds there are. */
  private discovery({ path }: SeenRequest, accept: string): readonly [body: object, type?: string] | undefined {
    const aggregated = accept.includes('as=APIGroupDiscoveryList') && !this.options.legacyDiscovery;
    const inGroup = (wanted: string) => this.resources.filter((each) => (each.group === '') === (wanted === ''));
    if (aggregated && (path === '/api' || path === '/apis')) {
      const items = aggregatedGroups(inGroup(path === '/api' ? '' : 'others'));
      const kind = { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {} };
      return [{ ...kind, items }, 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'];
    }
    if (path === '/api') return [{ kind: 'APIVersions', versions: ['v1'] }];
    if (path === '/apis') return [{ kind: 'APIGroupList', apiVersion: 'v1', groups: apiGroups(this.resources) }];
    if (path === '/version') return [version(this.options.version ?? 'v1.35.0')];
    const groupVersions = grouped(this.resources, apiVersion);
    if (path === '/openapi/v3') {
      const entries = [...groupVersions.keys()].map((name) => {
        const at = name === 'v1' ? 'api/v1' : `apis/${name}`;
        return [at, { serverRelativeURL: `/openapi/v3/${at}` }];
      });
      return [{ paths: Object.fromEntries(entries) }];
    }
    const [, schema, groupVersion = ''] = /^\/(openapi\/v3\/)?(?:api|apis)\/(v1|[^/]+\/[^/]+)$/.exec(path) ?? [];
    const resources = groupVersions.get(groupVersion);
    if (!resources) return undefined;
    if (schema) return [openApi(resources)];
    return [{ kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: apiResources(resources) }];
  }

  private route({ path }: SeenRequest): Route {
    const [, core, group, rest = ''] = /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))\/(.*)$/.exec(path) ?? [];
    const parts = rest.split('/').map(decodeURIComponent);
    const inNamespace = parts[0] === 'namespaces' && parts.length > 2;
    const [plural, name, subresource] = inNamespace ? parts.slice(2) : parts;
    const resource = this.resources.find((each) => each.plural === plural && apiVersion(each) === (core ?? group));
    if (!resource) throw new ApiError(404, 'NotFound', 'the server could not find the requested resource');
    return { resource, namespace: inNamespace ? parts[1] : undefined, name, subresource };
  }

  private handle(
    route: Route,
    request: SeenRequest,
    contentType: string,
  ): readonly [code: number, body: object | string] {
    const { resource, namespace, name, subresource } = route;
    if (resource.kind === 'SelfSubjectAccessReview') return [201, this.review(accessReview(request.raw))];
    this.authorize(route, request);
    const items = () => this.store.list(resource.plural, namespace).filter(selected(request.query));
    if (name === undefined) {
      if (request.method === 'POST') return [201, this.create(route, request)];
      return [
        200,
        { apiVersion: apiVersion(resource), kind: `${resource.kind}List`, metadata: this.listMeta(), items: items() },
      ];
    }
    const object = this.store.get(resource, namespace, name);
    if (!object && !(request.method === 'PATCH' && contentType.includes('apply-patch'))) {
      throw new ApiError(404, 'NotFound', `${qualified(resource)} "${name}" not found`);
    }
    if (subresource === 'log') return [200, this.logs.get(name) ?? ''];
    if (subresource === 'scale') return [200, this.scale(resource, object, request)];
    if (request.method === 'PATCH') return [object ? 200 : 201, this.patch(route, object, request, contentType)];
    if (request.method === 'PUT') return [200, this.write(resource, JSON.parse(request.body), request)];
    if (request.method === 'DELETE') return [200, this.delete(resource, object, request)];
    return [200, object];
  }

  private listMeta(): object {
    return { resourceVersion: String(this.store.version) };
  }

  private authorize({ resource, name, subresource }: Route, { method }: SeenRequest): void {
    const verbs: Record<string, string> = { POST: 'create', PATCH: 'patch', PUT: 'update', DELETE: 'delete' };
    const verb = verbs[method] ?? (name ? 'get' : 'list');
    const what = subresource ? `${resource.plural}/${subresource}` : resource.plural;
    if (!this.forbidden.has(`${verb} ${what}`) && (this.allowed?.has(`${verb} ${what}`) ?? true)) return;
    const target = `${qualified(resource)}${name ? ` "${name}"` : ''}`;
    const rule = `User "fake" cannot ${verb} resource "${what}" in API group "${resource.group}"`;
    throw new ApiError(403, 'Forbidden', `${target} is forbidden: ${rule}`);
  }

  private review(review: Manifest): object {
    const { verb, resource, subresource } = review.spec.resourceAttributes;
    const allowed = !this.forbidden.has(`${verb} ${subresource ? `${resource}/${subresource}` : resource}`);
    return { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', ...review, status: { allowed } };
  }

  private create({ resource, namespace }: Route, request: SeenRequest): object {
    const object = load(request.body) as Manifest;
    const { name } = object.metadata;
    if (this.store.get(resource, namespace, name)) {
      throw new ApiError(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`);
    }
    return this.write(resource, { ...object, metadata: { ...object.metadata, namespace } }, request);
  }

  private write(resource: Resource, object: Manifest, request: SeenRequest): object {
    const { namespace } = object.metadata;
    if (resource.namespaced && !this.store.list('namespaces').some(({ metadata }) => metadata.name === namespace)) {
      throw new ApiError(404, 'NotFound', `namespaces "${namespace}" not found`);
    }
    const refusal = this.admit(object, request);
    if (refusal)
      throw new ApiError(403, 'Forbidden', `${qualified(resource)} "${object.metadata.name}" is forbidden: ${refusal}`);
    return request.query.get('dryRun') === 'All' ? object : this.store.put(resource, object);
  }

  private patch({ resource, namespace }: Route, before: Manifest, request: SeenRequest, contentType: string): object {
    const listsByName = !contentType.includes('merge-patch+json') || contentType.includes('strategic');
    const patch = load(request.body) as Manifest;
    const object = contentType.includes('json-patch+json')
      ? patched(before, patch)
      : merged(before ?? {}, patch, { listsByName });
    return this.write(resource, { ...object, metadata: { ...object.metadata, namespace } }, request);
  }

  private scale(resource: Resource, object: Manifest, request: SeenRequest): object {
    const wanted = request.method === 'GET' ? undefined : JSON.parse(request.body).spec.replicas;
    const { metadata, spec } =
      wanted === undefined
        ? object
        : this.store.put(resource, { ...object, spec: { ...object.spec, replicas: wanted } });
    const { name, namespace, resourceVersion } = metadata;
    const replicas = spec.replicas ?? 1;
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name, namespace, resourceVersion } };
    return { ...scale, spec: { replicas }, status: { replicas } };
  }

  private delete(resource: Resource, object: Manifest, request: SeenRequest): object {
    if (request.query.get('dryRun') === 'All') return object;
    const { name, namespace, uid } = object.metadata;
    const { preconditions = {}, gracePeriodSeconds } = (request.body === '' ? {} : load(request.body)) as Manifest;
    if (preconditions.uid !== undefined && preconditions.uid !== uid) {
      throw new ApiError(409, 'Conflict', `Precondition failed: UID in precondition: ${preconditions.uid}`);
    }
    if (resource.kind === 'Namespace') this.empty(name);
    const isForced = gracePeriodSeconds === 0 && object.metadata.deletionTimestamp;
    if (resource.kind === 'Pod' && !isForced) this.controllers.stopPod(object);
    else this.store.remove(resource, namespace, name);
    return object;
  }

  private empty(namespace: string): void {
    for (const resource of this.resources) {
      for (const { metadata } of this.store.list(resource.plural, namespace)) {
        this.store.remove(resource, namespace, metadata.name);
      }
    }
  }

  /** Streams the changes from a version on, until the client goes or its time is up. */
  private watch({ resource, namespace, name }: Route, { query }: SeenRequest, response: ServerResponse): void {
    const matches = selected(query);
    const concerns = ({ object, resource: changed }: Change) =>
      changed.plural === resource.plural &&
      (namespace === undefined || object.metadata.namespace === namespace) &&
      (name === undefined || object.metadata.name === name) &&
      matches(object);
    const tell = (change: Change) => {
      if (concerns(change)) response.write(`${JSON.stringify({ type: change.type, object: change.object })}\n`);
    };
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    if (query.get('sendInitialEvents') === 'true') {
      for (const object of this.store.list(resource.plural, namespace)) tell({ type: 'ADDED', object, resource });
      const annotations = { 'k8s.io/initial-events-end': 'true' };
      const metadata = { resourceVersion: String(this.store.version), annotations };
      const bookmark = { apiVersion: apiVersion(resource), kind: resource.kind, metadata };
      response.write(`${JSON.stringify({ type: 'BOOKMARK', object: bookmark })}\n`);
    } else {
      for (const change of this.store.changes.slice(Number(query.get('resourceVersion') ?? 0))) tell(change);
    }
    const stop = this.store.watch(tell);
    const seconds = Number(query.get('timeoutSeconds') ?? 0);
    const timer = seconds > 0 ? setTimeout(() => response.end(), seconds * 1000) : undefined;
    response.on('close', () => {
      stop();
      clearTimeout(timer);
    });
  }

  private serveExec(): void {
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => (offered.has('v5.channel.k8s.io') ? 'v5.channel.k8s.io' : false),
    });
    this.server.on('upgrade', async (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const seen = await see(request);
      this.requests.push(seen);
      const outcome = this.outcome(seen, (fault) => {
        const command = this.commandOf(seen);
        return () =>
          sockets.handleUpgrade(request, socket, head, (client) => bridge(client, this.start(command), fault));
      });
      if ('answer' in outcome) outcome.answer();
      else if ('refusal' in outcome) {
        const body = JSON.stringify(statusOf(outcome.refusal));
        const headers = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
        socket.end(`HTTP/1.1 ${outcome.refusal.code} ${outcome.refusal.reason}\r\n${headers}\r\n\r\n${body}`);
      } else if (outcome.fault.kind === 'reset') socket.resetAndDestroy();
    });
  }

  /** What an exec is to run, where the user may and the container runs. */
  private commandOf(seen: SeenRequest): ContainerCommand {
    const route = this.route(seen);
    this.authorize(route, { ...seen, method: 'POST' });
    const { namespace = '', name = '' } = route;
    const pod = this.object('pods', namespace, name);
    const container = pod.spec.containers.find((each: Manifest) => each.name === seen.query.get('container'));
    if (pod.status?.phase !== 'Running' || !container) {
      throw new ApiError(500, 'InternalError', `container of ${name} is not running`);
    }
    return { words: seen.query.getAll('command'), pod, container, folders: this.folders(pod, container) };
  }

  private start(command: ContainerCommand): ChildProcessWithoutNullStreams {
    const child = startCommand(command);
    const key = podKey(command.pod);
    const running = this.commands.get(key) ?? new Set();
    this.commands.set(key, running.add(child));
    child.once('close', () => running.delete(child));
    return child;
  }

  /** Where on this machine the container's volumes are: a claim's is shared, every other is the pod's own. */
  private folders(pod: Manifest, container: Manifest): ReadonlyMap<string, string> {
    const { namespace, uid } = pod.metadata;
    const mounts: [string, string][] = (container.volumeMounts ?? []).map(({ name, mountPath }: Manifest) => {
      const volume = pod.spec.volumes.find((each: Manifest) => each.name === name);
      const claim = volume?.persistentVolumeClaim?.claimName;
      const folder = this.volume(claim ? namespace : `pod-${uid}`, claim ?? name);
      const files = this.store
        .list('configmaps', namespace)
        .find(({ metadata }) => metadata.name === volume?.configMap?.name);
      for (const [file, text] of Object.entries<string>(files?.data ?? {})) writeFileSync(join(folder, file), text);
      return [mountPath, folder];
    });
    return new Map(mounts);
  }

  private killCommands(pod: Manifest): void {
    for (const child of this.commands.get(podKey(pod)) ?? []) child.kill('SIGKILL');
    this.commands.delete(podKey(pod));
    rmSync(join(this.folder, 'volumes', `pod-${pod.metadata.uid}`), { recursive: true, force: true });
  }
}

/** Applies operations of RFC 6902. @throws ApiError as the API server words one that does not fit */
function patched(before: Manifest, operations: Operation[]): Manifest {
  const object = structuredClone(before);
  const failed = applyPatch(object, operations).find((error) => error !== null);
  if (failed) throw new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request');
  return object;
}

async function see(request: IncomingMessage): Promise<SeenRequest> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://cluster');
  const chunks: Buffer[] = [];
  if (request.headers.upgrade === undefined) for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  return { method: request.method ?? 'GET', path: pathname, query: searchParams, raw, body: raw.toString() };
}

function send(response: ServerResponse, code: number, body: object, type = 'application/json'): void {
  response.writeHead(code, { 'content-type': type }).end(JSON.stringify(body));
}

function statusOf({ code, reason, message }: ApiError): object {
  return { apiVersion: 'v1', kind: 'Status', status: 'Failure', code, reason, message };
}

function qualified({ plural, group }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function podKey({ metadata }: Manifest): string {
  return `${metadata.namespace}/${metadata.name}/${metadata.uid}`;
}

function version(gitVersion: string): object {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return { major, minor, gitVersion, platform: 'linux/amd64' };
}
