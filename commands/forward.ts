import { workloadNames } from '../config/names';
import { render } from '../main';
import { PortForward } from './port-forward';

async function forward(): Promise<void> {
  const [config, ...others] = render(process.env)?.studios ?? [];
  if (!config || others.length > 0) {
    if (config)
      console.error('Forwards one studio at a time: name its env files with JUNJO_ENV_FILES, without JUNJO_STUDIOS.');
    process.exitCode = 1;
    return;
  }
  const { ports } = config.line;
  const ui = ports.frontend[config.imageTarget].published;
  const targets = [
    { service: workloadNames.frontend, ports: ui },
    { service: workloadNames.backend, ports: [ports.backend.http] },
    { service: workloadNames.ingestion, ports: [ports.ingestion.otlp] },
  ];
  const options = { namespace: config.namespace, onMessage: (message: string) => console.error(message) };
  const forwards = targets.map((target) => new PortForward(target, options));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      for (const each of forwards) each.stop();
    });
  }
  console.log(
    [
      `UI     http://localhost:${ui[0]}`,
      `API    http://localhost:${ports.backend.http}`,
      `Spans  localhost:${ports.ingestion.otlp} (OTLP over gRPC)`,
      'Ctrl-C ends the forwarding.',
    ].join('\n'),
  );
  if (config.environment === 'production') {
    console.error(`The UI calls the API at ${config.apiUrl}, not on localhost: this is a production studio.`);
  }
  try {
    await Promise.all(forwards.map((each) => each.run()));
    console.log('\nForwarding ended.');
  } catch (error) {
    for (const each of forwards) each.stop();
    console.error(
      `kubectl cannot be run (${(error as NodeJS.ErrnoException).code}). Install it: https://kubernetes.io/docs/tasks/tools/`,
    );
    process.exitCode = 1;
  }
}

void forward();
