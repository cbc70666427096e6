import { intakeName, internalServiceNames, workloadNames } from '../../../config/names';
import { type Component, componentsOf, lineOf } from '../../../releases';
import { conditionOf, fieldsOf, listOf, type Manifest, matches } from '../../../render/manifest';
import { tagOf } from '../../studio-manifests';
import { advice, type Cause, type Found } from '../cause';
import type { ClusterState, ContainerState, PodState, WorkloadState } from '../cluster-state';
import { tellingLine } from '../log';
import { type Denial, denialOf, dnsDenialOf, portOf } from '../network-policies';
import { SERVING_CONTAINERS } from '../pods';

/** Where ingestion checks API keys. */
const API_KEYS_PORT = 50053;

/**
 * How long ingestion may need to notice that the backend is there: a gRPC client waits up to 120 s, and a fifth more, between
 * two tries. https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md
 */
const NOTICE_SECONDS = 180;

/** The controllers of the cluster put a pod into the endpoints of its Services within moments. */
const ENDPOINTS_SECONDS = 60;

/** A resolver that finds no address, in the words of Go, glibc, musl, gRPC and Rust. */
const NO_ADDRESS =
  /no such host|zero addresses|name resolution|server misbehaving|name or service not known|name does not resolve|dns error|lookup \S+.*(timeout|timed out)/i;

/** What a connection fails with once its host has an address. */
const NO_CONNECTION =
  /connection refused|no route to host|network is unreachable|i\/o timeout|connection timed out|deadline exceeded/i;

export const networkCauses: readonly Cause[] = [
  // A Service of the studio was deleted.
  {
    name: 'service-missing',
    *findings(state) {
      if (!state.canRead('services') || state.endsNamespace) return;
      for (const { name, component } of servicesOf(state)) {
        if (state.named('Service', name)) continue;
        const text = `the Service ${name} does not exist: ${withoutService(state, name)}`;
        yield* withIngestion(state, name, {
          severity: 'error',
          subject: `service ${name}`,
          text,
          fix: advice(
            'Apply the output of synth again, which creates the Service. Argo CD or Flux creates it at the next sync',
            state.clusterCommand('apply', '-f', 'dist/foundation', '-f', 'dist/'),
            state.command('get', 'services', `--selector=app.kubernetes.io/component=${component}`),
          ),
        });
      }
    },
  },
  // No pod is behind a Service, although the pods of its workload are ready.
  {
    name: 'service-without-pods',
    *findings(state) {
      for (const { name, component } of servicesOf(state)) {
        const service = state.named('Service', name);
        const workload = workloadOf(state, component);
        if (!service || service.spec?.type === 'ExternalName' || !workload || workload.readyPods === 0) continue;
        const wrong = wrongOf(state, service, workload);
        if (!wrong) continue;
        const text = `the Service ${name} ${wrong.text}: ${withoutService(state, name)}`;
        yield* withIngestion(state, name, { severity: 'error', subject: `service ${name}`, text, fix: wrong.fix });
      }
    },
  },
  // Ingestion does not reach a backend that is ready, because of a policy, DNS or the network plugin.
  {
    name: 'backend-unreachable',
    *findings(state) {
      const waits = waitingForBackend(state);
      const service = state.named('Service', internalServiceNames.backend);
      if (!waits || (!service && state.canRead('services'))) return;
      const since = waitsSince(state, waits);
      const found = inTheWay(state, waits, service);
      const subject = workloadNameOf(state, 'ingestion');
      if (!found.certain && state.secondsSince(since) <= NOTICE_SECONDS) {
        yield {
          severity: 'wait',
          since,
          allowedSeconds: NOTICE_SECONDS,
          subject,
          text: 'has not connected yet to the backend, which is ready',
          fix: advice(
            'Wait: ingestion tries again by itself. The command shows how the pods change',
            state.command('get', 'pods', '--watch'),
          ),
        };
      } else yield { severity: 'error', subject, text: found.text, fix: found.fix };
    },
  },
];

/** What takes the connections to a Service. */
type Serving = Component | 'intake';

/** The Services that the studio has, as it is rendered, or as its release says. */
function servicesOf(state: ClusterState): readonly { readonly name: string; readonly component: Serving }[] {
  const line = lineOf(tagOf(state.named('Deployment', workloadNames.backend)));
  const components = line ? componentsOf(line) : (Object.keys(workloadNames) as Component[]);
  return components
    .filter((component) => workloadOf(state, component))
    .flatMap((component) => [
      ...(component === 'frontend' ? [] : [{ name: internalServiceNames[component], component }]),
      { name: workloadNames[component], component: component === 'ingestion' ? takesSpans(state) : component },
    ])
    .filter(({ name }) => !state.rendered || state.rendered.named('Service', name));
}

/** Who is behind the Service for spans, as it was applied: its label says it, and without it, whether there are collectors. */
function takesSpans(state: ClusterState): 'ingestion' | 'intake' {
  const service = [state, state.rendered].flatMap((each) => each?.named('Service', workloadNames.ingestion) ?? [])[0];
  const label = fieldsOf(service?.metadata.labels)['app.kubernetes.io/component'];
  const isIntake = service ? label === 'intake' : workloadOf(state, 'intake') !== undefined;
  return isIntake ? 'intake' : 'ingestion';
}

function workloadOf(state: ClusterState, component: Serving): WorkloadState | undefined {
  const name = component === 'intake' ? intakeName : workloadNames[component];
  return state.workloads.find(({ object }) => object.metadata.name === name);
}

function workloadNameOf(state: ClusterState, component: Component): string {
  return workloadOf(state, component)?.name ?? component;
}

/** What does not work while a Service has no pod behind it. */
function withoutService(state: ClusterState, name: string): string {
  switch (name) {
    case internalServiceNames.backend:
      return 'ingestion cannot check API keys';
    case internalServiceNames.ingestion:
      return `the backend cannot read the newest spans${workloadOf(state, 'intake') ? ', and the intake cannot send what is in its queues' : ''}`;
    case workloadNames.ingestion:
      return 'applications cannot send spans';
    case workloadNames.backend:
      return 'the API is unreachable';
    default:
      return 'the UI is unreachable';
  }
}

/** The finding, and the same about ingestion where it waits for what this Service leads to. */
function* withIngestion(state: ClusterState, service: string, finding: Found): Generator<Found> {
  yield finding;
  const waits = service === internalServiceNames.backend && waitingForBackend(state);
  if (waits) yield { ...finding, subject: workloadNameOf(state, 'ingestion') };
}

interface Wrong {
  readonly text: string;
  readonly fix: string;
}

/** Why no pod of its workload is behind a Service, although some of them are ready. */
function wrongOf(state: ClusterState, service: Manifest, workload: WorkloadState): Wrong | undefined {
  const ready = workload.pods.filter((pod) => pod.ready);
  if (state.canRead('pods')) {
    const { selector } = fieldsOf(service.spec);
    const wanted = fieldsOf(fieldsOf(workload.object.spec?.selector).matchLabels);
    const selects = ({ object }: PodState) =>
      Object.keys(fieldsOf(selector)).length > 0 && matches(selector, fieldsOf(object.metadata.labels));
    if (!ready.some(selects)) {
      if (!selector && readyEndpoints(state, service)) return undefined;
      const labels = ready.map(({ object }) => fieldsOf(object.metadata.labels));
      const lacking = Object.entries(fieldsOf(selector))
        .filter(([key, value]) => labels.every((own) => own[key] !== value))
        .map(([key, value]) => `${key}=${value}`);
      return {
        text: `selects no pod of ${workload.name} (none has ${lacking.join(' and ') || 'all labels of its selector'})`,
        fix: corrected(state, service, [
          '--type=merge',
          `--patch=${JSON.stringify({ spec: { selector: replaced(fieldsOf(selector), wanted) } })}`,
        ]),
      };
    }
    const port = wrongPort(service, ready.filter(selects));
    if (port) {
      const patch = [{ op: 'replace', path: `/spec/ports/${port.index}/${port.field}`, value: port.right }];
      return {
        text: port.text,
        fix: corrected(state, service, ['--type=json', `--patch=${JSON.stringify(patch)}`]),
      };
    }
    const justReady = ready.every(
      ({ object }) => state.secondsSince(readySince(object) ?? state.now) < ENDPOINTS_SECONDS,
    );
    if (justReady) return undefined;
  }
  if (readyEndpoints(state, service) !== false) return undefined;
  return {
    text: 'has no endpoint, although it selects a ready pod',
    fix: advice(
      'Ask the administrator of the cluster to check kube-controller-manager, which does not write the endpoints of the Service',
      state.command('get', 'endpointslices', `--selector=kubernetes.io/service-name=${service.metadata.name}`),
      state.command('describe', 'service', service.metadata.name),
    ),
  };
}

/** Whether the EndpointSlices of a Service name a pod that is ready; nothing where none of them was read. */
function readyEndpoints(state: ClusterState, { metadata }: Manifest): boolean | undefined {
  const slices = state
    .own('EndpointSlice')
    .filter((slice) => fieldsOf(slice.metadata.labels)['kubernetes.io/service-name'] === metadata.name);
  if (slices.length === 0) return undefined;
  return slices.some(({ endpoints }) => listOf(endpoints).some(({ conditions }) => conditions?.ready !== false));
}

/** The port of a Service that leads to none of its pods, and to which it should lead. */
function wrongPort(
  { metadata, spec }: Manifest,
  pods: readonly PodState[],
):
  | { readonly index: number; readonly field: string; readonly right: number | string; readonly text: string }
  | undefined {
  const declared = pods.flatMap(({ object }) =>
    [...listOf(object.spec?.containers), ...listOf(object.spec?.initContainers)].flatMap(({ ports }) => listOf(ports)),
  );
  const internal = Object.values<string>(internalServiceNames).includes(metadata.name);
  const proxied = pods.some(({ containers }) =>
    containers.some(({ name, init, sidecar }) => (!init || sidecar) && !SERVING_CONTAINERS.includes(name)),
  );
  for (const [index, { name, port, targetPort = port }] of listOf(spec?.ports).entries()) {
    const named = typeof targetPort === 'string';
    const known = declared.some((each) => (named ? each.name : each.containerPort) === targetPort);
    const target = named ? declared.find((each) => each.name === targetPort)?.containerPort : targetPort;
    // Between backend and ingestion the ports of Services are those of their pods.
    if (known && internal && target !== port) {
      const right = declared.find((each) => each.name === name)?.containerPort ?? target;
      return right === port
        ? { index, field: 'targetPort', right, text: `forwards to port ${targetPort} of its pods instead of ${right}` }
        : { index, field: 'port', right, text: `has the port ${port} instead of ${right}, the port of its pods` };
    }
    // Somebody may put a proxy without a declared port before a public one, and pods need not declare their ports.
    if (known || (!named && (declared.length === 0 || (!internal && proxied)))) continue;
    const right = declared.find((each) => each.name === name) ?? declared.find((each) => each.containerPort === port);
    const text = `forwards to port ${targetPort}, which its pods do not have (they have ${declared.map((each) => `${each.name ?? ''} ${each.containerPort}`.trim()).join(', ')})`;
    return { index, field: 'targetPort', right: right?.containerPort ?? port, text };
  }
  return undefined;
}

function corrected(state: ClusterState, { metadata }: Manifest, patch: readonly string[]): string {
  return advice(
    'Correct the Service with the first command. Also correct the source of the change (a patch of your output, or Git), or the next apply brings it back',
    state.command('patch', 'service', metadata.name, ...patch),
    state.command('describe', 'service', metadata.name),
  );
}

/** A merge patch (RFC 7386) that makes one set of labels of another. */
function replaced(labels: object, wanted: object): object {
  return { ...Object.fromEntries(Object.keys(labels).map((key) => [key, null])), ...wanted };
}

function readySince(pod: Manifest): string | undefined {
  return conditionOf(pod, 'Ready')?.lastTransitionTime;
}

/** A container of ingestion that waits for the backend, which is ready. */
interface Waits {
  readonly pod: PodState;
  readonly container: ContainerState;
  readonly log: string;
  /** Pods of the backend. */
  readonly ready: readonly PodState[];
}

/** Ingestion, where it runs and waits for a backend that is ready. */
function waitingForBackend(state: ClusterState): Waits | undefined {
  const [backend, ingestion] = [workloadOf(state, 'backend'), workloadOf(state, 'ingestion')];
  if (!backend || backend.readyPods === 0 || !ingestion || ingestion.healthy) return undefined;
  const line = lineOf(tagOf(ingestion.object));
  for (const pod of ingestion.pods.filter((each) => !each.ready)) {
    for (const container of pod.containers) {
      const log = state.logOf(pod, container) ?? '';
      const says = /waiting for (the )?backend/i.test(log);
      // One that waits in a container of its own, and one that opens no port before the backend answers.
      const waits =
        container.name === 'wait-for-backend' ||
        (container.name === 'ingestion' && !container.started && (line?.ingestion.waitsForBackend ?? says));
      // The kubelet ends it when its startup probe gives up, which is no crash.
      const crashed = container.ended && !says && ![0, 137, 143].includes(container.ended.exitCode);
      if (waits && !container.ready && !crashed && (container.running || (says && container.restarts > 0))) {
        return { pod, container, log, ready: backend.pods.filter((each) => each.ready) };
      }
    }
  }
  return undefined;
}

/** Since when ingestion could reach the backend. */
function waitsSince(state: ClusterState, { pod, container, ready }: Waits): Date {
  const times = [container.runningSince, ...ready.map(({ object }) => readySince(object))];
  const made = [pod, ...ready].map(({ object }) => object.metadata.creationTimestamp);
  const since = latest(state, times);
  // These times are the kubelet's. Where it says to have probed for longer than that, its clock cannot be trusted.
  const { periodSeconds = 10 } = fieldsOf(
    listOf(pod.object.spec?.containers).find(({ name }) => name === container.name)?.startupProbe,
  );
  const failures = Math.max(0, ...state.eventsOf(pod.object, 'Unhealthy').map(({ count }) => count));
  const probed = container.restarts === 0 ? failures * periodSeconds : 0;
  const ran = state.secondsSince(container.runningSince ?? since);
  return probed > ran + 60 ? latest(state, made) : since;
}

function latest(state: ClusterState, times: readonly (string | undefined)[]): Date {
  const known = times.flatMap((time) => (time ? [new Date(time).getTime()] : []));
  return known.length > 0 ? new Date(Math.max(...known)) : state.now;
}

/** What is between ingestion and the backend, or may be. */
interface Obstacle {
  /** Waiting does not help. */
  readonly certain: boolean;
  readonly text: string;
  readonly fix: string;
}

function inTheWay(state: ClusterState, waits: Waits, service: Manifest | undefined): Obstacle {
  const { pod, container, log, ready } = waits;
  const target = listOf(service?.spec?.ports).find(({ port }) => port === API_KEYS_PORT)?.targetPort ?? API_KEYS_PORT;
  const denials = ready.map(({ object: to }) => {
    const port = typeof target === 'string' ? portOf(to, target) : target;
    return { port, denial: denialOf(state, { from: pod.object, to, port }) };
  });
  const [denied] = denials;
  if (denied?.denial && denials.every(({ denial }) => denial)) {
    return closed(
      state,
      denied.denial,
      denied.port,
      `the backend on port ${denied.port}`,
      'the backend, which is ready',
    );
  }
  const dnsDenied = dnsDenialOf(state, pod.object);
  if (dnsDenied) return closed(state, dnsDenied, 53, 'DNS on port 53', 'the backend, which is ready');

  const host = internalServiceNames.backend;
  const resolve = state.command('exec', pod.name, '-c', container.name, '--', 'getent', 'hosts', host);
  const dns = (...args: readonly string[]) =>
    state.clusterCommand(...args, '--namespace=kube-system', '--selector=k8s-app=kube-dns');
  const dnsCommands = [resolve, dns('get', 'pods', '--output=wide'), dns('logs', '--tail=20')];
  const said = log.split('\n').findLast((line) => NO_ADDRESS.test(line));
  if (said) {
    return {
      certain: true,
      text: `cannot reach the backend, which is ready: the cluster DNS does not resolve ${host} (${messageOf(said)})`,
      fix: advice(
        'Find out why DNS does not answer. The commands look up the name, and show the DNS pods and their logs',
        ...dnsCommands,
      ),
    };
  }
  if (dnsIsReady(state) === false) {
    return {
      certain: true,
      text: 'cannot reach the backend, which is ready: no pod of the cluster DNS (kube-dns) is ready',
      fix: advice('Find out why the DNS pods are not ready', dns('describe', 'pods'), dns('logs', '--tail=20')),
    };
  }
  const refused = log.split('\n').findLast((line) => NO_CONNECTION.test(line));
  if (refused && /refused/i.test(refused)) {
    const slices = `--selector=kubernetes.io/service-name=${host}`;
    return {
      certain: false,
      text: `cannot reach the backend, which is ready: the connection is refused (${messageOf(refused)}). Nothing listens on its port ${API_KEYS_PORT}`,
      fix: advice(
        'Read the log of the backend to find out why. Check that the endpoints of the Service match its pod',
        ...ready.map(({ name }) => state.command('logs', name, '-c', 'backend', '--tail=50')),
        state.command('get', 'endpointslices', slices),
      ),
    };
  }
  const quote = refused ? ` (${messageOf(refused)})` : '';
  const read = state.canRead('networkpolicies.networking.k8s.io');
  const services = state.canRead('services');
  const fine = [
    ...(services ? ['Its Service'] : []),
    ...(read ? [services ? 'the network policies' : 'The network policies'] : []),
  ];
  const order = fine.length > 0 ? `${fine.join(' and ')} ${services && !read ? 'is' : 'are'} correct. ` : '';
  const rest = [
    ...(services ? [] : ['its Service, which you cannot read']),
    ...(read ? [] : ['a network policy, which you cannot read']),
    'the DNS',
    'or the network plugin',
  ];
  return {
    certain: false,
    text: `cannot reach the backend, which is ready${quote}. ${order}The cause is ${rest.join(rest.length > 2 ? ', ' : ' ')} of the cluster`,
    fix: advice(
      'Run the first command. If it prints an address, DNS works: check the network plugin. If it prints none, check DNS: the other commands show its pods and their logs',
      ...dnsCommands,
    ),
  };
}

function closed(
  state: ClusterState,
  { direction, policies }: Denial,
  port: number,
  what: string,
  whom: string,
): Obstacle {
  const names = policies.join(', ');
  const [kind, verb] = policies.length > 1 ? ['NetworkPolicies', 'do'] : ['NetworkPolicy', 'does'];
  return {
    certain: true,
    text: `cannot reach ${whom}: the ${kind} ${names} ${verb} not allow ${direction} to ${what}`,
    fix: advice(
      `Allow ingestion to connect to port ${port} in a policy (${direction}). If a policy of the studio was changed or deleted, apply the output of synth again`,
      state.command('describe', 'networkpolicies', ...policies),
    ),
  };
}

/** Whether DNS has a pod that answers; nothing where it is not known, or is no kube-dns. */
function dnsIsReady(state: ClusterState): boolean | undefined {
  const isDns = ({ metadata }: Manifest) =>
    metadata.namespace === 'kube-system' && fieldsOf(metadata.labels)['k8s-app'] === 'kube-dns';
  const pods = state.ofKind('Pod').filter(isDns);
  const endpoints = state
    .ofKind('EndpointSlice')
    .filter(isDns)
    .flatMap((slice) => listOf(slice.endpoints));
  const ready = [
    ...pods.map((pod) => conditionOf(pod, 'Ready')?.status === 'True'),
    ...endpoints.map(({ conditions }) => conditions?.ready !== false),
  ];
  const read = pods.length > 0 || state.ofKind('EndpointSlice').some(isDns);
  return read ? ready.includes(true) : undefined;
}

/** What a line of a log says; the logs of ingestion are lines of JSON. */
function messageOf(line: string): string {
  try {
    const { msg, message, error, err } = fieldsOf(JSON.parse(line));
    return tellingLine([msg ?? message, error ?? err].filter(Boolean).join(': '));
  } catch {
    return tellingLine(line.trim());
  }
}
