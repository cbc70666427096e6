import { formatProblem } from '../../config/problems';
import {
  development,
  envText,
  freshSecret,
  isOfEveryStudio,
  production,
  Rendered,
  renderAll,
  type Settings,
} from '../support/studio';

const local = (settings: Settings = {}) => development(settings);
const remote = (name: string, settings: Settings = {}) =>
  production({
    JUNJO_PROD_FRONTEND_URL: `https://ui.${name}.example.com`,
    JUNJO_PROD_BACKEND_URL: `https://api.${name}.example.com`,
    JUNJO_PROD_INGESTION_URL: `http://spans.${name}.example.com:50051`,
    ...settings,
  });

/** Renders studios by name, with the errors, and what is said of their load balancers. */
function rendered(studios: Readonly<Record<string, Settings>>) {
  const sources = Object.entries(studios).map(([folder, settings]) => {
    return { folder, files: [{ path: `studios/${folder}.env`, text: envText(settings) }] };
  });
  const { files, problems } = renderAll(sources);
  const said = problems.filter((problem) => !isOfEveryStudio(problem)).map(formatProblem);
  return {
    studio: new Rendered(files),
    said: said.filter((text) => text.includes('load balancer')),
    errors: problems.filter(({ severity }) => severity === 'error').map(formatProblem),
  };
}

describe('two studios with one port on a load balancer', () => {
  test('on localhost are warned of at the second, with the ports of its Services', () => {
    const { studio, said } = rendered({ blue: local(), green: local() });
    expect(said).toEqual([
      'warning: studios/green.env:1 JUNJO_ENV: its load balancer uses the ports 5153, 1323 and 50051, which the load balancer of the studio blue also uses. If load balancers share one address (Docker Desktop, k3s), only one can use them. Run one studio at a time',
    ]);
    const services = studio.ofKind('Service').filter(({ spec }) => spec.type === 'LoadBalancer');
    const ports = services.flatMap(({ metadata, spec }) =>
      metadata.namespace === 'green' ? spec.ports.map(({ port }: { port: number }) => port) : [],
    );
    for (const port of ports) expect(said[0]).toContain(String(port));
  });

  test('of several, each but the first is told', () => {
    const { said } = rendered({ a: local(), b: local(), c: local() });
    expect(said.map((text) => text.split(' ')[1])).toEqual(['studios/b.env:1', 'studios/c.env:1']);
  });

  test('of other release lines have the ports in common that are told', () => {
    const token = { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
    const { said } = rendered({
      blue: local({ JUNJO_K8S_RELEASE: '0.86.0', ...token }),
      green: local({ JUNJO_K8S_RELEASE: '0.82.1', ...token }),
    });
    expect(said).toEqual([
      expect.stringContaining('the ports 26154 and 26155, which the load balancer of the studio blue also uses'),
    ]);
    expect(rendered({ blue: local(), green: local({ JUNJO_K8S_RELEASE: '0.82.1', ...token }) }).said).toEqual([]);
  });

  test('in production are noted, unless a cloud gives each an address', () => {
    const { said } = rendered({ blue: remote('blue'), green: remote('green') });
    expect(said).toEqual([
      expect.stringMatching(
        /^note: studios\/green\.env:[0-9]+ JUNJO_PROD_INGESTION_URL: .* the port 50051, which the load balancer of/,
      ),
    ]);
    // The load balancer has one port for each release: another one in the URL is an error.
    expect(said.join()).not.toContain('another port');
    const onCloud = (name: string) => remote(name, { JUNJO_K8S_CLOUD: 'gcp', JUNJO_K8S_LOAD_BALANCER: 'internet' });
    expect(rendered({ blue: onCloud('blue'), green: onCloud('green') }).said).toEqual([]);
  });

  test('of which one is local are warned of', () => {
    const { said } = rendered({ blue: local(), green: remote('green') });
    expect(said).toEqual([expect.stringMatching(/^warning: studios\/green\.env:1 JUNJO_ENV: .* the port 50051/)]);
  });

  test('are not told where one has none', () => {
    for (const green of [
      remote('green', { JUNJO_PROD_INGESTION_URL: 'https://spans.green.example.com' }),
      remote('green', { JUNJO_K8S_INGESTION_SERVICE: 'ClusterIP', JUNJO_PROD_INGESTION_URL: undefined }),
    ]) {
      expect(rendered({ blue: remote('blue'), green }).said).toEqual([]);
    }
  });
});

test('a name or namespace that two studios share is told at the line that sets it', () => {
  const errorsOf = (blue: Settings, green: Settings) => {
    return rendered({ blue: remote('blue', blue), green: remote('green', green) }).errors.map((text) =>
      text.split('. Give')[0]?.replace(/:[0-9]+ /, ':N '),
    );
  };
  expect(errorsOf({ JUNJO_K8S_NAMESPACE: 'x' }, { JUNJO_K8S_NAME: 'x' })).toEqual([
    'studios/green.env:N JUNJO_K8S_NAME: the namespace x is already used by the studio blue',
  ]);
  expect(errorsOf({ JUNJO_K8S_NAMESPACE: 'green' }, {})).toEqual([
    'studios/blue.env:N JUNJO_K8S_NAMESPACE: the namespace green is already used by the studio green',
  ]);
  expect(errorsOf({ JUNJO_K8S_NAME: 'green' }, {})).toEqual([
    'studios/blue.env:N JUNJO_K8S_NAME: the name green is already used by the studio green',
    'studios/blue.env:N JUNJO_K8S_NAME: the namespace green is already used by the studio green',
  ]);
});

test('a studio without the repository of the others is told so', () => {
  const blue = remote('blue', { JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' });
  expect(rendered({ blue, green: remote('green') }).errors).toEqual([
    'studios/green.env JUNJO_K8S_GIT_REPO: is not set here, but for the studio blue. One ApplicationSet applies all studios, so set the same value for all',
  ]);
});

test('two studios may not have one port of the nodes', () => {
  const onNodes = (name: string, port: number) =>
    remote(name, {
      JUNJO_K8S_INGESTION_SERVICE: 'NodePort',
      JUNJO_PROD_INGESTION_URL: `http://spans.${name}.example.com:${port}`,
    });
  const errorsOf = (port: number) => {
    const sources = { blue: onNodes('blue', 30051), green: onNodes('green', port) };
    return rendered(sources).errors;
  };
  expect(errorsOf(30052)).toEqual([]);
  expect(errorsOf(30051)).toEqual([
    expect.stringMatching(
      /^studios\/green\.env:[0-9]+ JUNJO_PROD_INGESTION_URL: the port 30051 of the nodes is already used by the studio blue\. Give/,
    ),
  ]);
});

test('a folder on a node is rendered as the file names it: the path of a volume that is there cannot change', () => {
  const { studio } = rendered({
    blue: remote('blue', { JUNJO_HOST_DB_DATA_PATH: '/mnt//data/', JUNJO_K8S_NODE: 'n1' }),
  });
  expect(studio.ofKind('PersistentVolume')[0].spec.local.path).toBe('/mnt//data/');
});
