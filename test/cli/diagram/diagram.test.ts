import { readFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import { drawn } from '../../../cli/diagram';
import type { Diagram } from '../../../cli/diagram/diagram';
import { mermaidOf } from '../../../cli/diagram/mermaid';
import { diagramOf } from '../../../cli/diagram/read';
import { renderSources } from '../../../main';
import { gitOpsOf, readManifests } from '../../../render/files';
import { committedExample, exampleNames, exampleSources } from '../../../tools/example-studios';
import { pictures } from '../../../tools/pictures';
import { development, freshSecret, type Manifest, production, render, type Settings } from '../../support/studio';

const arrows = ({ edges }: Diagram) =>
  edges.map(({ from, to, kind, lines }) => `${from} -${kind}-> ${to}: ${lines.join(' | ')}`);
/** The objects of an example, and of the one from which it differs. */
const applied = (name: string) =>
  [...committedExample(name)]
    .filter(([path]) => path.endsWith('.yaml') && gitOpsOf(path) === undefined)
    .flatMap(([, text]) => loadAll(text) as Manifest[]);
const of = (settings: Settings) => diagramOf(render(settings).objects);
const line = (diagram: Diagram, start: string) => arrows(diagram).filter((arrow) => arrow.startsWith(start));

describe('a studio on localhost', () => {
  const diagram = of(development());

  test('is reached without TLS, through a load balancer for each of the three', () => {
    const open = diagram.edges.filter(({ kind }) => kind === 'open').map(({ from, to }) => `${from} to ${to}`);
    expect(open.sort()).toEqual([
      'Browser to service junjo-ai-studio-backend',
      'Browser to service junjo-ai-studio-frontend',
      'Your application to service junjo-ai-studio-ingestion',
    ]);
  });

  test('has one volume, which backend and ingestion mount', () => {
    expect(arrows(diagram).filter((arrow) => arrow.includes('-data->'))).toEqual([
      'junjo-ai-studio-backend -data-> claim junjo-ai-studio-data: ',
      'junjo-ai-studio-ingestion -data-> claim junjo-ai-studio-data: ',
    ]);
    expect(diagram.nodes.find(({ kind }) => kind === 'data')?.lines).toEqual([
      'claim junjo-ai-studio-data',
      '10Gi, default class',
    ]);
  });

  test('hands each secret to its reader alone', () => {
    expect(arrows(diagram).filter((arrow) => arrow.includes('-secret->'))).toEqual([
      'secret junjo-ai-studio-secrets -secret-> junjo-ai-studio-backend: ',
    ]);
    expect(diagram.nodes.find(({ kind }) => kind === 'secret')?.lines).toEqual([
      'Secret junjo-ai-studio-secrets',
      'JUNJO_SESSION_SECRET',
      'JUNJO_SECURE_COOKIE_KEY',
    ]);
  });

  test('names the keys on the way to a reader of some of them', () => {
    const newer = of(development({ JUNJO_K8S_RELEASE: '0.82.1', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() }));
    expect(line(newer, 'secret junjo-ai-studio-secrets -secret-> junjo-ai-studio-ingestion')).toEqual([
      'secret junjo-ai-studio-secrets -secret-> junjo-ai-studio-ingestion: JUNJO_INTERNAL_GRPC_TOKEN',
    ]);
  });

  test('lets backend and ingestion talk on the ports of each other, and the backend call the world', () => {
    expect(line(diagram, 'junjo-ai-studio-ingestion -flow-> junjo-ai-studio-backend')).toEqual([
      'junjo-ai-studio-ingestion -flow-> junjo-ai-studio-backend: :50053',
    ]);
    expect(line(diagram, 'junjo-ai-studio-backend -flow->')).toEqual([
      'junjo-ai-studio-backend -flow-> junjo-ai-studio-ingestion: :50052',
      'junjo-ai-studio-backend -flow-> Public addresses: :443',
    ]);
  });
});

describe('a production studio', () => {
  test('ends TLS at the edge, and leads to the guard of the API', () => {
    const diagram = of(production({ JUNJO_K8S_INGRESS_NAMESPACE: 'traefik' }));
    expect(diagram.nodes.find(({ id }) => id === 'ingress')?.lines).toEqual([
      'Ingress, class traefik',
      'TLS ends here',
      'Secret junjo-ai-studio-tls',
    ]);
    expect(line(diagram, 'ingress ->')).toHaveLength(0);
    expect(line(diagram, 'ingress -flow-> junjo-ai-studio-backend')).toEqual([
      'ingress -flow-> junjo-ai-studio-backend: :8080 guard | only from namespace traefik',
    ]);
    expect(line(diagram, 'Browser -flow-> ingress')).toEqual([
      'Browser -flow-> ingress: https://studio.example.com | https://api.example.com',
    ]);
  });

  test.each([
    ['traefik', {}],
    ['kong', {}],
    ['nginx', {}],
    ['haproxy', {}],
    ['alb', {}],
    ['envoy', { JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'class:envoy' }],
  ])('shows the source ranges in the words of %s', (ingressClass, edge) => {
    const ranges = '198.51.100.0/24';
    const settings = production({ JUNJO_K8S_INGRESS_CLASS: ingressClass, ...edge });
    const open = arrows(of(settings)).filter((each) => each.startsWith('Browser'));
    expect(open.join()).not.toContain('only from');
    const closed = arrows(of({ ...settings, JUNJO_K8S_WEB_SOURCE_RANGES: ranges })).filter((each) =>
      each.startsWith('Browser'),
    );
    expect(closed).toEqual(open.map((each) => `${each} | only from ${ranges}`));
  });

  test('says that the load balancers of AWS are some, one for each Ingress', () => {
    const spans = { JUNJO_K8S_RELEASE: '0.82.1', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
    const diagram = of(production({ ...spans, JUNJO_K8S_INGRESS_CLASS: 'alb' }));
    const gates = diagram.nodes.filter(({ kind }) => kind === 'edge').map(({ lines }) => lines[0]);
    expect(gates).toEqual(['AWS load balancer, internet-facing', 'AWS load balancer, internet-facing']);
  });

  test.each([
    ['volsync', { JUNJO_K8S_BACKUP_REPOSITORY: 'backup-repository' }, 'VolSync backup'],
    ['velero', {}, 'Velero backup, namespace velero'],
  ])('shows the backup by %s, and when it copies the volume', (kind, more, name) => {
    const schedule = '7 3 * * *';
    const backup = {
      JUNJO_K8S_BACKUP: kind,
      JUNJO_K8S_BACKUP_SCHEDULE: schedule,
      JUNJO_K8S_STORAGE_CLASS: 'fast',
      ...more,
    };
    const diagram = of(production(backup));
    const arrow = diagram.edges.find(
      ({ from, kind: each }) => from === 'claim junjo-ai-studio-data' && each === 'flow',
    );
    expect(arrow?.lines).toEqual([schedule]);
    expect(diagram.nodes.find(({ id }) => id === arrow?.to)?.lines[0]).toBe(name);
    const known = new Set(diagram.nodes.map(({ id }) => id));
    expect(diagram.edges.filter(({ from, to }) => !known.has(from) || !known.has(to))).toEqual([]);
  });

  test('says who reads the metrics of its intake', () => {
    const intake = {
      JUNJO_K8S_RELEASE: '0.82.1',
      JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
      JUNJO_K8S_INTAKE: 'true',
    };
    const read = 'Prometheus reads the metrics of junjo-ai-studio-intake on :8888, only from namespace monitoring';
    expect(of(production({ ...intake, JUNJO_K8S_MONITORING: 'prometheus' })).notes).toContain(read);
    expect(of(production(intake)).notes.join()).not.toContain('Prometheus');
  });

  test('ends TLS for spans in the pod of ingestion where they come past the edge', () => {
    const diagram = of(production({ JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051' }));
    expect(line(diagram, 'Your application')).toEqual([
      'Your application -flow-> service junjo-ai-studio-ingestion: gRPC, TLS',
    ]);
    expect(line(diagram, 'service junjo-ai-studio-ingestion')[0]).toContain(':50054 tls | TLS ends here');
  });

  test('leads spans to the proxy where one is in front of ingestion', () => {
    const diagram = of(production({ JUNJO_K8S_RELEASE: '0.81.5' }));
    expect(line(diagram, 'ingress -flow-> junjo-ai-studio-ingestion')).toEqual([
      'ingress -flow-> junjo-ai-studio-ingestion: :4317 proxy',
    ]);
  });

  test('shows spans that come without TLS as such', () => {
    const diagram = of(production({ JUNJO_PROD_INGESTION_URL: 'http://spans.example.com:50051' }));
    expect(line(diagram, 'Your application')[0]).toMatch(/-open->.*without TLS/);
  });

  test('through a Gateway names its hosts', () => {
    const diagram = diagramOf(readManifests('examples/production-gateway/dist').map(({ manifest }) => manifest));
    expect(line(diagram, 'Your application')).toEqual([
      'Your application -flow-> gateway: https://spans.example.com, gRPC',
    ]);
  });
});

test('without policies the arrows are the ways that pods use, and the picture says that all are open', () => {
  const diagram = of(development({ JUNJO_K8S_NETWORK_POLICY: 'false' }));
  expect(diagram.notes).toEqual(['No network policies: every pod of the cluster may connect to every port']);
  expect(line(diagram, 'junjo-ai-studio-backend -flow->')).toEqual([
    'junjo-ai-studio-backend -flow-> junjo-ai-studio-ingestion: :50052',
  ]);
});

test('without policies the backend is not drawn to the port of the collectors', () => {
  const settings = { JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(), JUNJO_K8S_INTAKE: 'true' };
  const diagram = of(development({ ...settings, JUNJO_K8S_NETWORK_POLICY: 'false' }));
  expect(arrows(diagram).filter((each) => each.includes('-flow-> junjo-ai-studio-ingestion: '))).toEqual([
    'junjo-ai-studio-backend -flow-> junjo-ai-studio-ingestion: :50052',
    'junjo-ai-studio-intake -flow-> junjo-ai-studio-ingestion: :26155',
  ]);
});

test('a way that one end closes is not drawn', () => {
  const rendered = render(development());
  const { spec } = rendered.get('NetworkPolicy', 'junjo-ai-studio-ingestion');
  spec.egress = spec.egress.filter(({ ports }: Manifest) => !ports.some(({ port }: Manifest) => port === 50053));
  expect(line(diagramOf(rendered.objects), 'junjo-ai-studio-ingestion -flow->')).toEqual([]);
});

test('the Mermaid text has every box and arrow', () => {
  const diagram = of(production());
  const text = mermaidOf(diagram);
  expect(text.match(/^ +n[0-9]+[([/>]/gm)).toHaveLength(diagram.nodes.length);
  expect(text.match(/^ +n[0-9]+ (-->|==>|---|-\.->)/gm)).toHaveLength(diagram.edges.length);
});

test('the pictures of the docs are what the examples look like (npm run docs draws them)', async () => {
  for (const [path, svg] of await pictures()) expect(readFileSync(path, 'utf8')).toBe(svg);
});

test.each(exampleNames().filter((name) => name !== 'three-studios'))(
  '%s is drawn by itself, no wider than a page',
  async (name) => {
    const svg = await drawn(applied(name));
    expect(Number(/<svg width="([0-9.]+)"/.exec(svg)?.[1])).toBeLessThan(1000);
    expect(svg).toContain('prefers-color-scheme: dark');
    // Nothing is loaded from elsewhere; the name spaces are only names.
    expect(svg.replace(/xmlns(:xlink)?="[^"]*"/g, '')).not.toMatch(/(href|src=|url\(|@import)/);
    expect(svg.match(/<text/g)?.length).toBeGreaterThan(10);
  },
);

/** Names, hosts, ports, addresses, and times that a picture must show. */
function factsOf(objects: readonly Manifest[]): readonly string[] {
  return objects.flatMap(({ kind, metadata, spec = {}, ...others }): string[] => {
    if (kind === 'Ingress')
      return metadata.name.endsWith('-redirect') ? [] : spec.rules.map(({ host }: Manifest) => host);
    if (/^(HTTP|GRPC)Route$/.test(kind)) return spec.hostnames;
    if (kind === 'PersistentVolumeClaim') return [metadata.name, spec.resources.requests.storage];
    if (kind === 'ReplicationSource') return [spec.trigger.schedule, spec.restic.repository];
    if (kind === 'Schedule') return [spec.schedule, metadata.namespace];
    if (kind === 'Deployment' || kind === 'StatefulSet') {
      return spec.template.spec.containers.flatMap(({ ports = [] }: Manifest) =>
        ports.map(({ containerPort }: Manifest) => `:${containerPort}`),
      );
    }
    if (['NetworkPolicy', 'ConfigMap', 'Secret'].includes(kind)) return [];
    return JSON.stringify([metadata.annotations, spec, others]).match(/\b\d+\.\d+\.\d+\.\d+\/\d+/g) ?? [];
  });
}

test.each(exampleNames())('%s: its picture shows what its YAML says', (name) => {
  const { sources, options } = exampleSources(name);
  const { studios } = renderSources(sources, options);
  expect(studios.length).toBeGreaterThan(0);
  for (const { manifests } of studios) {
    const objects = manifests.filter(({ file }) => gitOpsOf(file) === undefined).map(({ manifest }) => manifest);
    const picture = mermaidOf(diagramOf(objects));
    expect(factsOf(objects).filter((fact) => !picture.includes(fact))).toEqual([]);
    expect(factsOf(objects).length).toBeGreaterThan(5);
  }
});

test.each([
  ['policy types', 'NetworkPolicy', { policyTypes: 7 }],
  ['address of a policy', 'NetworkPolicy', { egress: [{ to: [{ ipBlock: { cidr: 7 } }], ports: [{ port: 443 }] }] }],
  ['source ranges', 'Service', { type: 'LoadBalancer', loadBalancerSourceRanges: '10.0.0.0/8' }],
])('draws a studio whose %s were edited to nonsense', (_, kind, fields) => {
  const objects = render(production()).objects.map((manifest) =>
    manifest.kind === kind ? { ...manifest, spec: { ...manifest.spec, ...fields } } : manifest,
  );
  expect(diagramOf(objects).nodes.length).toBeGreaterThan(5);
});

test.each([7, 'ui.example.com'])('draws a route whose host names were edited to %j, without the hosts', (hostnames) => {
  const routes = (objects: readonly Manifest[]) => line(diagramOf(objects), 'Browser -flow-> gateway');
  const objects = readManifests('examples/production-gateway/dist').map(({ manifest }) => manifest);
  expect(routes(objects)).not.toEqual([]);
  const edited = objects.map((each) =>
    each.kind === 'HTTPRoute' ? { ...each, spec: { ...each.spec, hostnames } } : each,
  );
  expect(routes(edited)).toEqual([]);
});

describe('a studio with an intake', () => {
  const settings = development({
    JUNJO_K8S_RELEASE: '0.86.0',
    JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
    JUNJO_K8S_INTAKE: 'true',
  });
  const [intake, ingestion] = ['junjo-ai-studio-intake', 'junjo-ai-studio-ingestion'];

  test('shows two collectors between applications and ingestion', () => {
    const diagram = of(settings);
    expect(diagram.nodes.find(({ id }) => id === intake)?.lines[0]).toBe('intake × 2');
    const gate = diagram.nodes.find(({ id }) => id === `service ${ingestion}`);
    expect(gate?.lines).toEqual(['Load balancer :26155 :4318']);
    expect(line(diagram, 'Your application').join()).toMatch(/ -open-> service junjo-ai-studio-ingestion: gRPC.*HTTP/);
    expect(line(diagram, `service ${ingestion} -flow->`)).toEqual([expect.stringContaining(`-> ${intake}: `)]);
    expect(line(diagram, `${intake} -flow-> ${ingestion}`)).toEqual([`${intake} -flow-> ${ingestion}: :26155`]);
  });

  test('shows the claims of their queues', () => {
    const diagram = of(settings);
    expect(line(diagram, `${intake} -data->`)).toEqual([`${intake} -data-> claim queue-${intake}-0: `]);
    expect(diagram.nodes.find(({ id }) => id === `claim queue-${intake}-0`)?.lines).toEqual([
      `claim queue-${intake}-0`,
      `claim queue-${intake}-1`,
      '4Gi, default class, each',
    ]);
  });

  test('shows the same way without policies, which the file of the collectors names', () => {
    const open = of({ ...settings, JUNJO_K8S_NETWORK_POLICY: 'false' });
    expect(line(open, `${intake} -flow->`)).toEqual([`${intake} -flow-> ${ingestion}: :26155`]);
  });
});
