import type { Connection } from '../cluster/connection';
import { PortForward } from '../cluster/port-forward';
import { addressesOf, settingsOf } from '../cluster/studio-manifests';
import { workloadNames } from '../config/names';
import { inOneLine } from '../config/text';
import { listOf, Manifests } from '../render/manifest';
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
  const studio = manifests ?? new Manifests(await kubectl.list(['services,configmaps']));
  const forwards = (['frontend', 'backend', 'ingestion'] as const).flatMap((component) => {
    const service = workloadNames[component];
    const ports = listOf(studio.named('Service', service)?.spec?.ports).map(({ port }) => port);
    return ports.length > 0
      ? [new PortForward({ service, ports }, { kubectl, onMessage: (message) => io.err(inOneLine(message)) })]
      : [];
  });
  if (forwards.length === 0) {
    io.err(
      inOneLine(`There is no studio in the namespace ${target.namespace}: it has no Service ${workloadNames.frontend}`),
    );
    return 1;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      for (const each of forwards) each.stop();
    });
  }
  const port = (component: keyof typeof workloadNames) =>
    listOf(studio.named('Service', workloadNames[component])?.spec?.ports)[0]?.port;
  io.out(
    [
      `UI     http://localhost:${port('frontend')}`,
      `API    http://localhost:${port('backend')}`,
      `Spans  localhost:${port('ingestion')} (OTLP over gRPC)`,
      'Ctrl-C ends the forwarding.',
    ].join('\n'),
  );
  if (settingsOf(studio, 'frontend').JUNJO_ENV === 'production') {
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
