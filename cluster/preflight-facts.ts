import { lookup } from 'node:dns/promises';
import type { ClusterFacts, DryRun, RenderedSource } from '../preflight';
import type { Manifest } from '../rules';
import { type Kubectl, KubectlError } from './kubectl';
import { listed, secretNames } from './snapshot';

/** How many kubectl run at a time: each is a process, and the API server counts requests. */
const AT_ONCE = 6;

/** Read of all namespaces. */
const EVERYWHERE = ['pods', 'services', 'gateways.gateway.networking.k8s.io'];

/** Read of the cluster. */
const CLUSTER = [
  'nodes',
  'namespaces',
  'storageclasses.storage.k8s.io',
  'ingressclasses.networking.k8s.io',
  'gatewayclasses.gateway.networking.k8s.io',
  'clusterissuers.cert-manager.io',
];

/** Read of the studio's own namespace. */
const OWN = [
  'deployments.apps',
  'persistentvolumeclaims',
  'resourcequotas',
  'limitranges',
  'ingresses.networking.k8s.io',
];

/** What `kubectl apply` does to an object: it makes it, or changes it. */
const VERBS = ['create', 'patch'];

/** A kind as discovery tells of it. */
interface ApiResource {
  readonly plural: string;
  readonly group: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Asks a cluster everything that the checks look at. Nothing is changed: what is written is a dry run. */
export async function preflightFacts(kubectl: Kubectl, { config, manifests }: RenderedSource): Promise<ClusterFacts> {
  const { namespace } = config;
  const resources = await apiResources(kubectl);
  const known = new Set(resources.map(({ plural, group }) => (group ? `${plural}.${group}` : plural)));
  const unread: string[] = [];
  const readable = (wanted: readonly string[], ...scope: string[]) =>
    listed(
      kubectl,
      wanted.filter((resource) => known.has(resource)),
      scope,
      unread,
    );
  const hosts = config.edge ? [...new Set(hostsOf(config))] : [];
  const [version, lists, secrets, denied, addresses] = await Promise.all([
    serverVersion(kubectl),
    Promise.all([readable(EVERYWHERE, '--all-namespaces'), readable(CLUSTER), readable(OWN, '--namespace', namespace)]),
    secretNames(kubectl, namespace, unread),
    deniedTo(kubectl, namespace, manifests, resources),
    Promise.all(hosts.map(async (host) => [host, await addressesOf(host)] as const)),
  ]);
  const objects = [...lists.flat(), ...secrets];
  // Before the first apply there is no namespace to try objects in; what Pod Security says of them is told by its own check.
  const exists = objects.some(({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace);
  const trials = manifests.filter((manifest) => resources.some((each) => isOf(manifest, each)));
  const dryRuns = await inTurn(trials, (manifest) => tried(kubectl, manifest, exists ? undefined : namespace));
  const kinds = new Set(resources.map(({ kind, group }) => `${kind}.${group}`));
  return { version, kinds, objects, unread, denied, dryRuns, hosts: new Map(addresses) };
}

function hostsOf({ edge, spansService }: RenderedSource['config']): readonly string[] {
  const { ui, api, spans } = edge?.hosts ?? {};
  return [ui, api, spans ?? spansService.host].filter((host) => host !== undefined);
}

async function serverVersion(kubectl: Kubectl): Promise<string> {
  const { serverVersion: server } = await kubectl.json<{ serverVersion?: { gitVersion?: string } }>(['version']);
  return server?.gitVersion ?? '';
}

/** `NAME SHORTNAMES APIVERSION NAMESPACED KIND`, where the second may be missing. */
async function apiResources(kubectl: Kubectl): Promise<readonly ApiResource[]> {
  const lines = (await kubectl.text(['api-resources', '--no-headers'])).split('\n').filter(Boolean);
  return lines.map((line) => {
    const words = line.trim().split(/\s+/);
    const [apiVersion = '', namespaced, kind = ''] = words.slice(-3);
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
    return { plural: words[0] ?? '', group, kind, namespaced: namespaced === 'true' };
  });
}

/** What the user may not do with the kinds of a studio, asked in one request for each. */
async function deniedTo(
  kubectl: Kubectl,
  namespace: string,
  manifests: readonly Manifest[],
  resources: readonly ApiResource[],
): Promise<readonly string[]> {
  const used = resources.filter((resource) => manifests.some((manifest) => isOf(manifest, resource)));
  const questions = used.flatMap(({ plural: resource, group, namespaced }) =>
    VERBS.map((verb) => ({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb, resource, group, ...(namespaced && { namespace }) } },
    })),
  );
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: questions });
  const answers = await kubectl.text(['create', '--validate=false', '--filename=-', '--output=json'], { input });
  // kubectl prints one object after the other, or a list of them.
  return reviewsIn(answers)
    .filter(({ status }) => !status?.allowed)
    .map(({ spec: { resourceAttributes: of } }) => `${of.verb} ${of.resource}${of.group ? `.${of.group}` : ''}`);
}

interface AccessReview {
  readonly spec: {
    readonly resourceAttributes: { readonly verb: string; readonly resource: string; readonly group?: string };
  };
  readonly status?: { readonly allowed?: boolean };
}

function reviewsIn(text: string): readonly AccessReview[] {
  const documents: (AccessReview | { items: readonly AccessReview[] })[] = JSON.parse(
    `[${text.trim().replace(/^}\s*{/gm, '},{')}]`,
  );
  return documents.flatMap((document) => ('items' in document ? document.items : [document]));
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

/** Applies an object without storing it; where its namespace does not exist, in one that always does. */
async function tried(kubectl: Kubectl, manifest: Manifest, missing: string | undefined): Promise<DryRun> {
  const elsewhere = missing !== undefined && manifest.metadata.namespace === missing;
  const object = elsewhere ? { ...manifest, metadata: { ...manifest.metadata, namespace: 'default' } } : manifest;
  try {
    const args = ['apply', '--dry-run=server', '--filename=-', `--namespace=${object.metadata.namespace ?? 'default'}`];
    const { warnings } = await kubectl.said(args, { input: JSON.stringify(object) });
    // What Pod Security says there, it says of another namespace.
    return { manifest, warnings: elsewhere ? warnings.filter((warning) => !/PodSecurity/.test(warning)) : warnings };
  } catch (error) {
    if (!(error instanceof KubectlError) || error.failure === 'unreachable') throw error;
    return { manifest, refused: error.words, warnings: [] };
  }
}

function isOf({ apiVersion, kind }: Manifest, resource: ApiResource): boolean {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return resource.kind === kind && resource.group === group;
}

/** The same for each of many, so many at a time, in their order. */
async function inTurn<From, To>(items: readonly From[], work: (item: From) => Promise<To>): Promise<readonly To[]> {
  const results = new Array<To>(items.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as From);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
