import type { Connection } from '../cluster/connection';
import type { Kubectl } from '../cluster/kubectl';
import { PortForward } from '../cluster/port-forward';
import { readObjects } from '../cluster/read';
import { type Address, addressesOf, addressLines, settingsOf, uiComponentOf } from '../cluster/studio-manifests';
import { workloadNames } from '../config/names';
import { inOneLine } from '../config/text';
import type { Component } from '../releases';
import { listOf, type Manifest, Manifests } from '../render/manifest';
import { connectedTo, type LookOptions, lookOptions } from './cluster-options';
import type { Command, ExitCode, Io } from './command';
import { folderArgument } from './manifests';

export const forward: Command<LookOptions> = {
  name: 'forward',
  summary: 'Bring a studio that runs in a cluster to localhost, until Ctrl-C',
  argument: folderArgument,
  options: lookOptions,
  examples: [
    ['forward', 'the UI on http://localhost:5153, the API on 1323, spans on 50051'],
    ['forward --context staging --namespace team', 'a studio of another cluster'],
  ],
  run: (options, io) => connectedTo(options, io, (connection) => forwardStudio(connection, io)),
};

async function forwardStudio({ kubectl, target, manifests }: Connection, io: Io): Promise<ExitCode> {
  const studio = manifests ?? new Manifests(await readServices(kubectl));
  const ui = uiComponentOf(studio);
  const portsOf = (component: Component) =>
    listOf(studio.named('Service', workloadNames[component])?.spec?.ports).map(({ port }) => port);
  const forwards = [...new Set<Component>([ui, 'backend', 'ingestion'])].flatMap((component) => {
    const [service, ports] = [workloadNames[component], portsOf(component)];
    return ports.length > 0
      ? [new PortForward({ service, ports }, { kubectl, onMessage: (message) => io.err(inOneLine(message)) })]
      : [];
  });
  if (forwards.length === 0) {
    io.err(
      inOneLine(`There is no studio in the namespace ${target.namespace}: it has no Service ${workloadNames.backend}`),
    );
    return 1;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      for (const each of forwards) each.stop();
    });
  }
  const local: readonly Address[] = [
    { name: 'UI', url: `http://localhost:${portsOf(ui)[0]}` },
    { name: 'API', url: `http://localhost:${portsOf('backend')[0]}` },
    { name: 'Spans', url: `localhost:${portsOf('ingestion')[0]} (OTLP over gRPC)` },
    ...portsOf('ingestion')
      .slice(1)
      .map((port): Address => ({ name: 'Spans', url: `localhost:${port} (OTLP over HTTP)` })),
  ];
  io.out([...addressLines(local), 'Ctrl-C ends the forwarding.'].join('\n'));
  if (ui === 'frontend' && settingsOf(studio, ui).JUNJO_ENV === 'production') {
    const api = addressesOf(studio).find(({ name }) => name === 'API');
    io.err(inOneLine(`The UI calls the API at ${api?.url}, not on localhost: this is a production studio.`));
  }
  try {
    await Promise.all(forwards.map((each) => each.run()));
    io.out('\nForwarding ended.');
    return 0;
  } finally {
    for (const each of forwards) each.stop();
  }
}

/** The Services of a studio, its settings, and its Deployments where they may be read: they tell the release. */
async function readServices(kubectl: Kubectl): Promise<readonly Manifest[]> {
  const [needed, deployments] = await Promise.all([
    kubectl.list(['services,configmaps']),
    readObjects(kubectl, ['deployments.apps'], [], []),
  ]);
  return [...needed, ...deployments];
}
