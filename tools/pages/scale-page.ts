import { App } from 'cdk8s';
import { ArgoCdSetChart, type ArgoCdStudio } from '../../charts/argo-cd';
import { ANNOTATIONS_BYTES } from '../../config/labels-and-taints';
import { loadStudio } from '../../config/load-studio';
import { formatProblem } from '../../config/problems';
import { quantityBytes } from '../../config/quantity';
import { renderStudio } from '../../main';
import { recommendedTag, releaseLines } from '../../releases';
import { manifestsBelow } from '../../render/files';
import { fieldsOf, type Manifest, podsOf } from '../../render/manifest';
import { annotationBytes, ETCD_REQUEST_BYTES, jsonBytes } from '../../render/object-size';
import { type Parts, table } from './page';

/** The settings that decide how people and spans reach a studio. Its name gives the hosts. */
export type Way = (name: string) => Readonly<Record<string, string>>;

const sharedGateway: Way = () => ({
  JUNJO_K8S_GATEWAY: 'edge/shared',
  JUNJO_K8S_INGRESS_CONTROLLER: 'envoy-gateway',
  JUNJO_K8S_INGRESS_NAMESPACE: 'envoy-gateway-system',
});

const [newest] = releaseLines.slice(-1);

/** Settings of the edge that need different resources. */
export const ways: Readonly<Record<string, Way>> = {
  'one Gateway for all': sharedGateway,
  'the same, newest release': (name) => ({
    ...sharedGateway(name),
    ...(newest && { JUNJO_K8S_RELEASE: recommendedTag(newest) }),
  }),
  'an Ingress each': () => ({ JUNJO_K8S_INGRESS_CLASS: 'traefik', JUNJO_K8S_ACME_EMAIL: 'team@example.com' }),
  'a Gateway each': () => ({ JUNJO_K8S_GATEWAY: 'class:envoy', JUNJO_K8S_ACME_EMAIL: 'team@example.com' }),
  'an Ingress, and a load balancer for spans': (name) => ({
    JUNJO_K8S_INGRESS_CLASS: 'traefik',
    JUNJO_K8S_CLUSTER_ISSUER: 'dns-01',
    JUNJO_PROD_INGESTION_URL: `https://spans-${name}.example.com:50051`,
  }),
};

/** Renders one studio of a set. */
export function renderOne(way: Way, name: string) {
  const settings = {
    JUNJO_ENV: 'production',
    JUNJO_K8S_SECRETS: 'existing',
    JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studios.git',
    JUNJO_PROD_FRONTEND_URL: `https://${name}.example.com`,
    JUNJO_PROD_BACKEND_URL: `https://api-${name}.example.com`,
    JUNJO_PROD_INGESTION_URL: `https://spans-${name}.example.com`,
    ...way(name),
  };
  const text = Object.entries(settings).map(([variable, value]) => `${variable}=${value}\n`);
  const { config, problems } = loadStudio([{ path: `${name}.env`, text: text.join('') }], { name });
  if (!config) throw new Error(problems.map(formatProblem).join('\n'));
  return { config, ...renderStudio(config, true) };
}

/** The AppProject and the ApplicationSet of studios, as they are rendered. */
export function argoCdObjects(studios: readonly ArgoCdStudio[]): readonly Manifest[] {
  const app = new App();
  const git = {
    repo: 'https://git.example.com/team/studios.git',
    path: 'dist',
    revision: 'HEAD',
    gitops: 'argocd',
  } as const;
  new ArgoCdSetChart(app, '00-application-set', { studios, git });
  return manifestsBelow(app).map(({ manifest }) => manifest);
}

/** What one or more studios hold, by what it is. */
export type Counts = Readonly<Record<string, number>>;

const isLoadBalancer = ({ kind, spec }: Manifest) => kind === 'Service' && fieldsOf(spec).type === 'LoadBalancer';

/** Counts what one studio takes. */
export function countsOf({ config, manifests }: ReturnType<typeof renderOne>): Counts {
  const objects = manifests.map(({ manifest }) => manifest);
  const number = (...kinds: readonly string[]) => objects.filter(({ kind }) => kinds.includes(kind)).length;
  const running = objects
    .flatMap(podsOf)
    .flatMap((pod) => pod.containers)
    .filter(({ init }) => !init);
  const requests = (resource: string) =>
    sum(
      running.map(({ fields }) => quantityBytes(String(fieldsOf(fieldsOf(fields.resources).requests)[resource])) ?? 0),
    );
  const { ui, api } = config.edge?.hosts ?? {};
  const spans = new URL(config.settings.backend.JUNJO_PROD_INGESTION_URL ?? 'https://none').hostname;
  return {
    'rendered objects': objects.length,
    'objects in the cluster': objects.length + ofControllers(number),
    namespaces: number('Namespace'),
    pods: number('Deployment', 'StatefulSet'),
    containers: running.length,
    'CPU requests, cores': requests('cpu'),
    'memory requests, GiB': requests('memory') / 2 ** 30,
    Services: number('Service'),
    'network policies': number('NetworkPolicy'),
    volumes: number('PersistentVolumeClaim'),
    'Ingresses and routes': number('Ingress', 'HTTPRoute', 'GRPCRoute'),
    'own addresses': objects.filter(isLoadBalancer).length + number('Gateway'),
    'own certificates': number('Certificate'),
    'DNS names': new Set([ui, api, spans].filter(Boolean)).size,
    Applications: 1,
  };
}

/** Objects that Kubernetes, cert-manager, and Argo CD make from the rendered ones, without events and the Secret of the studio. */
function ofControllers(number: (...kinds: readonly string[]) => number): number {
  return sum([
    // The service account, and the ConfigMap with the certificate of the API server.
    2 * number('Namespace'),
    // A ReplicaSet and a pod.
    2 * number('Deployment'),
    // An EndpointSlice.
    number('Service'),
    // The volume, and its attachment to a node.
    2 * number('PersistentVolumeClaim'),
    // The Secret, the CertificateRequest and the Order.
    3 * number('Certificate'),
    // The Application.
    1,
  ]);
}

/** Names as long as those of the measurement. */
export const nameOf = (index: number) => `studio-${String(index).padStart(5, '0')}`;

const SIZES = [10, 1000, 10000];

/** The last is that of the longest name of a namespace. */
const NAME_LENGTHS = [6, 12, 30, 63];

/** What many studios take: the generated parts of `docs/scale.md`. */
export function scalePage(): Parts {
  const each = Object.entries(ways).map(([title, way]) => ({ title, counts: countsOf(renderOne(way, nameOf(0))) }));
  const shared = renderOne(sharedGateway, nameOf(0));
  return {
    sizes: sizesTable(countsOf(shared), shared.argoCd),
    each: table(
      ['each studio has', ...each.map(({ title }) => title)],
      Object.keys(countsOf(shared)).map((what) => [what, ...each.map(({ counts }) => inWords(counts[what] ?? 0))]),
    ),
    limits: table(
      ['most studios in one `dist/argocd/`', ...NAME_LENGTHS.map((length) => `names of ${length} letters`)],
      [
        ['`kubectl apply`', ...mostStudios(shared.argoCd, annotationBytes, ANNOTATIONS_BYTES)],
        ['`kubectl apply --server-side`', ...mostStudios(shared.argoCd, jsonBytes, ETCD_REQUEST_BYTES)],
      ],
    ),
  };
}

function sizesTable(counts: Counts, argoCd: ArgoCdStudio): string {
  const sets = SIZES.map((size) => argoCdObjects(copies(argoCd, size, nameOf)));
  const bytesOf = (kind: string) =>
    sets.map((set) => inWords(sum(set.filter((manifest) => manifest.kind === kind).map(jsonBytes))));
  return table(
    ['one Gateway for all', ...SIZES.map((size) => `${inWords(size)} studios`)],
    [
      ...Object.entries(counts).map(([what, count]) => [what, ...SIZES.map((size) => inWords(size * count))]),
      ...['AppProject', 'ApplicationSet'].map((kind) => [`bytes of the ${kind}`, ...bytesOf(kind)]),
    ],
  );
}

/** With names of each length, how many studios the larger of the two objects has when it reaches a limit. */
function mostStudios(argoCd: ArgoCdStudio, bytesOf: (manifest: Manifest) => number, limit: number): readonly string[] {
  return NAME_LENGTHS.map((length) => {
    const name = (index: number) => String(index).padStart(length, 's-');
    const largest = (count: number) => Math.max(...argoCdObjects(copies(argoCd, count, name)).map(bytesOf));
    // Each studio adds the same number of bytes.
    return inWords(1000 + Math.floor((limit - largest(1000)) / (largest(1001) - largest(1000))));
  });
}

/** The studio under other names. What Argo CD applies to itself depends on nothing else. */
function copies(studio: ArgoCdStudio, count: number, named: (index: number) => string): readonly ArgoCdStudio[] {
  return Array.from({ length: count }, (_, index) => {
    const name = named(index);
    const clusterObjects = studio.clusterObjects.map((object) => ({ ...object, name }));
    return { ...studio, name, namespace: name, clusterObjects };
  });
}

function inWords(number: number): string {
  return number.toLocaleString('en', { maximumFractionDigits: 2 });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
