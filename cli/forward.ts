import { PortForward } from '../cluster/port-forward';
import { workloadNames } from '../config/names';
import { render } from '../main';
import { type Command, type ExitCode, type Io, tell } from './command';
import { type StudioOptions, selected, studioOptions } from './studio-options';

export const forward: Command<StudioOptions> = {
  name: 'forward',
  summary: 'Bring a studio that runs in a cluster to localhost, until Ctrl-C',
  options: studioOptions,
  examples: [['forward', 'the UI on http://localhost:5153, the API on 1323, spans on 50051']],
  run: forwardStudio,
};

async function forwardStudio(options: StudioOptions, io: Io): Promise<ExitCode> {
  const { problems, studios } = render(selected(options, io), io.environment);
  const exit = tell({ problems }, {}, io);
  const [config, ...others] = studios;
  if (!config) return exit;
  if (others.length > 0) {
    io.err('Forwards one studio at a time: name its env files, and no folder of studios.');
    return 2;
  }
  const { ports } = config.line;
  const ui = ports.frontend[config.imageTarget].published;
  const targets = [
    { service: workloadNames.frontend, ports: ui },
    { service: workloadNames.backend, ports: [ports.backend.http] },
    { service: workloadNames.ingestion, ports: [ports.ingestion.otlp] },
  ];
  const forwarding = { namespace: config.namespace, onMessage: io.err };
  const forwards = targets.map((target) => new PortForward(target, forwarding));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      for (const each of forwards) each.stop();
    });
  }
  io.out(
    [
      `UI     http://localhost:${ui[0]}`,
      `API    http://localhost:${ports.backend.http}`,
      `Spans  localhost:${ports.ingestion.otlp} (OTLP over gRPC)`,
      'Ctrl-C ends the forwarding.',
    ].join('\n'),
  );
  if (config.environment === 'production') {
    io.err(`The UI calls the API at ${config.apiUrl}, not on localhost: this is a production studio.`);
  }
  try {
    await Promise.all(forwards.map((each) => each.run()));
    io.out('\nForwarding ended.');
    return 0;
  } catch (error) {
    for (const each of forwards) each.stop();
    io.err(
      `kubectl cannot be run (${(error as NodeJS.ErrnoException).code}). Install it: https://kubernetes.io/docs/tasks/tools/`,
    );
    return 1;
  }
}
