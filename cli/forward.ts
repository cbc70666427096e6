import type { Connection } from '../cluster/connection';
import { SIGNALS, sleep } from '../cluster/interruption';
import { PortForward, TakenPort } from '../cluster/port-forward';
import { readObjects } from '../cluster/read';
import { Refusal } from '../cluster/refusal';
import { type Address, addressesOf, addressLines, settingsOf, uiComponentOf } from '../cluster/studio-manifests';
import { howToRun } from '../config/how-to-run';
import { workloadNames } from '../config/names';
import { inOneLine, listed } from '../config/text';
import type { Component } from '../releases';
import { listOf, Manifests } from '../render/manifest';
import { connectedTo, type LookOptions, lookOptions } from './cluster-options';
import type { Command, ExitCode, Io } from './command';
import { type Holder, holderOf, isListening, takenPorts } from './forward/ports';
import { folderArgument } from './manifests';

export const forward: Command<LookOptions> = {
  name: 'forward',
  summary: 'Make a studio in a cluster available on localhost until you press Ctrl-C',
  argument: folderArgument,
  options: lookOptions,
  examples: [
    ['forward', 'forwards UI, API, and spans of the studio in .env, and prints their addresses'],
    ['forward --namespace team', 'forwards the studio in a namespace, and needs no env file'],
    ['forward --context staging --namespace team', 'the same in another cluster'],
    ['forward dist/alpha', 'forwards one of several studios that synth --studios rendered'],
  ],
  run: (options, io) => connectedTo(options, io, (connection) => forwardStudio(connection, io)),
};

/** How long an address may not answer before a message says so, in milliseconds. */
const SILENCE_MS = 10_000;

/** A part of a studio, and the ports of its Service. */
interface Part {
  readonly component: Component;
  readonly ports: readonly number[];
}

async function forwardStudio(connection: Connection, io: Io): Promise<ExitCode> {
  const { kubectl, target } = connection;
  const studio = await studioIn(connection);
  const parts = partsOf(studio);
  const ports = parts.flatMap((part) => part.ports);
  await refuseTaken(await takenPorts(ports), studio, io);
  const forwards = parts.map(
    ({ component, ports }) =>
      new PortForward(
        { service: workloadNames[component], ports },
        { kubectl, onMessage: (message) => io.err(inOneLine(message)) },
      ),
  );
  const ending = new AbortController();
  const stop = () => {
    ending.abort();
    for (const each of forwards) each.stop();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    io.progress?.(`Connecting to the studio in the namespace ${target.namespace} …`);
    const running = Promise.all(forwards.map((each) => each.run()));
    const shown = Promise.all(forwards.map((each) => each.listening)).then(() =>
      showAddresses(connection, studio, parts, ending.signal, io),
    );
    await Promise.race([running, shown]);
    await running;
    io.progress?.('');
    io.out('\nForwarding ended.');
    return 0;
  } catch (error) {
    io.progress?.('');
    if (error instanceof TakenPort) await refuseTaken([error.port], studio, io);
    throw error;
  } finally {
    stop();
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

/**
 * The studio as it runs: its Services, settings, and release. If the user cannot list Services, it uses the manifests.
 * @throws Refusal when there is none
 */
async function studioIn({ kubectl, target, manifests }: Connection): Promise<Manifests> {
  const unread: string[] = [];
  const found = await readObjects(kubectl, ['services', 'configmaps', 'deployments.apps'], [], unread);
  if (unread.includes('services')) {
    if (manifests) return manifests;
    throw new Refusal(`You lack permission to list the Services in the namespace ${target.namespace}`);
  }
  const studio = new Manifests(found);
  if (studio.named('Service', workloadNames.backend)) return studio;
  const all = ['get', 'services', '--all-namespaces', `--field-selector=metadata.name=${workloadNames.backend}`];
  throw new Refusal(
    `There is no studio in the namespace ${target.namespace}: the Service ${workloadNames.backend} does not exist.`,
    'Apply the studio first, or name its namespace with --namespace. This lists all studios:',
    `  ${kubectl.in(undefined).commandLine(all)}`,
  );
}

function partsOf(studio: Manifests): readonly Part[] {
  const components = [...new Set<Component>([uiComponentOf(studio), 'backend', 'ingestion'])];
  return components
    .map((component) => {
      const service = studio.named('Service', workloadNames[component]);
      return { component, ports: listOf(service?.spec?.ports).map(({ port }) => Number(port)) };
    })
    .filter(({ ports }) => ports.length > 0);
}

/** @throws Refusal that names the program which uses each port, where there is any */
async function refuseTaken(taken: readonly number[], studio: Manifests, { environment }: Io): Promise<void> {
  if (taken.length === 0) return;
  const published = addressesOf(studio).filter(({ url, forwarded }) => url.includes('localhost:') && !forwarded);
  const reasons = new Map<string, readonly number[]>();
  for (const port of taken) {
    const holder = await holderOf(port, environment);
    const own = published.find(({ url }) => url.endsWith(`:${port}`));
    const reason = own && holder.kind !== 'compose' ? byCluster(own) : holder.text;
    reasons.set(reason, [...(reasons.get(reason) ?? []), port]);
  }
  throw new Refusal(
    ...[...reasons].map(([reason, ports]) => {
      const one = ports.length === 1;
      return `${one ? 'Port' : 'Ports'} ${listed(ports.map(String))} on localhost ${one ? 'is' : 'are'} already in use. ${reason}`;
    }),
  );
}

function byCluster({ name, url }: Address): Holder['text'] {
  return `The cluster itself publishes the studio on localhost, and needs no forwarding. ${name}: ${url}`;
}

/** Prints the addresses once all of them answer. */
async function showAddresses(
  { target }: Connection,
  studio: Manifests,
  parts: readonly Part[],
  signal: AbortSignal,
  io: Io,
): Promise<void> {
  const addresses = localAddresses(studio, parts);
  await Promise.all(
    addresses.map(({ url }) =>
      answer(url, signal, () => {
        const status = howToRun('status', '--context', target.context, '--namespace', target.namespace);
        io.err(inOneLine(`${url} does not answer yet. To find out why, run: ${status}`));
      }),
    ),
  );
  if (signal.aborted) return;
  io.progress?.('');
  io.out([...addressLines(addresses), 'Press Ctrl-C to stop.'].join('\n'));
  const ui = uiComponentOf(studio);
  if (ui === 'frontend' && settingsOf(studio, ui).JUNJO_ENV === 'production') {
    const api = addressesOf(studio).find(({ name }) => name === 'API');
    io.err(inOneLine(`This is a production studio: its UI calls the API at ${api?.url}, not on localhost.`));
  }
}

function localAddresses(studio: Manifests, parts: readonly Part[]): readonly Address[] {
  const portsOf = (component: Component) => parts.find((part) => part.component === component)?.ports ?? [];
  const ui = uiComponentOf(studio);
  const [uiPort, ...hotReload] = portsOf(ui);
  const [api] = portsOf('backend');
  const [grpc, ...http] = portsOf('ingestion');
  return [
    ...(uiPort ? [{ name: 'UI' as const, url: `http://localhost:${uiPort}` }] : []),
    ...(ui === 'frontend' ? hotReload.map((port) => ({ name: 'Hot reload' as const, url: `localhost:${port}` })) : []),
    ...(api ? [{ name: 'API' as const, url: `http://localhost:${api}` }] : []),
    ...(grpc ? [{ name: 'Spans' as const, url: `localhost:${grpc} (OTLP over gRPC)` }] : []),
    ...http.map((port) => ({ name: 'Spans' as const, url: `localhost:${port} (OTLP over HTTP)` })),
  ];
}

/** Waits until a program answers at an address, over HTTP where that is its protocol. */
async function answer(url: string, signal: AbortSignal, onSilence: () => void): Promise<void> {
  const silence = setTimeout(onSilence, SILENCE_MS);
  try {
    while (!signal.aborted && !(await isAnswering(url, signal))) await sleep(200, signal).catch(() => undefined);
  } finally {
    clearTimeout(silence);
  }
}

async function isAnswering(url: string, signal: AbortSignal): Promise<boolean> {
  if (!url.startsWith('http:')) return isListening(Number(/:(\d+)/.exec(url)?.[1]));
  try {
    const answer = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]),
    });
    await answer.body?.cancel();
    return true;
  } catch {
    return false;
  }
}
