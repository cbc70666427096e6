import { lookup } from 'node:dns/promises';
import { workloadNames } from '../../config/names';
import { inOneLine } from '../../config/text';
import { groupOf, listOf, type Manifest } from '../../render/manifest';
import { type ApiResource, apiResources } from '../api-resources';
import { type Kubectl, KubectlError } from '../kubectl';
import { readNamespace, readObjects, readSecretNames } from '../read';
import { addressesOf, type StudioManifests } from '../studio-manifests';
import { type DryRun, PreflightView } from './check';

/** How many kubectl run at a time: each is a process, and the API server counts requests. */
const AT_ONCE = 6;

/** Resources that are read from all namespaces. */
const EVERYWHERE = ['services', 'gateways.gateway.networking.k8s.io'];

/** Resources of the whole cluster. */
const CLUSTER = [
  'nodes',
  'storageclasses.storage.k8s.io',
  'ingressclasses.networking.k8s.io',
  'gatewayclasses.gateway.networking.k8s.io',
  'clusterissuers.cert-manager.io',
];

/** Resources that are read from the studio's own namespace. */
const OWN = [
  'deployments.apps',
  'statefulsets.apps',
  'persistentvolumeclaims',
  'resourcequotas',
  'limitranges',
  'ingresses.networking.k8s.io',
];

/** On OpenShift: which users pods may run as, and what says so. */
const CONSTRAINTS = 'securitycontextconstraints.security.openshift.io';
const BINDINGS = ['rolebindings', 'clusterrolebindings'].map((resource) => `${resource}.rbac.authorization.k8s.io`);

/** The verbs that `kubectl apply` needs for an object. */
const VERBS = ['get', 'create', 'patch'];

/** The requests of each pod on a node. Nothing else is read, because a cluster may have a hundred thousand pods. */
const PODS = [
  '--field-selector=status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!=',
  '--output=jsonpath={range .items[*]}{.metadata.namespace}{"\\t"}{.spec.nodeName}{"\\t"}{.spec.containers[*].resources.requests}{"\\n"}{end}',
];

/** Reads everything from a cluster that the checks need. Nothing is changed: all writes are dry runs. */
export async function readPreflight(kubectl: Kubectl, studio: StudioManifests): Promise<PreflightView> {
  const { namespace, manifests } = studio;
  const resources = await apiResources(kubectl);
  const known = new Set(resources.map(({ name }) => name));
  const unread: string[] = [];
  const read = (wanted: readonly string[], ...scope: string[]) =>
    readObjects(
      kubectl,
      wanted.filter((resource) => known.has(resource)),
      scope,
      unread,
    );
  const [bindings = '', clusterBindings = ''] = known.has(CONSTRAINTS) ? BINDINGS : [];
  const [version, live, lists, pods, secrets, denied, addresses] = await Promise.all([
    serverVersion(kubectl),
    readNamespace(kubectl, namespace, unread),
    Promise.all([
      read(EVERYWHERE, '--all-namespaces'),
      read([...CLUSTER, CONSTRAINTS, clusterBindings]),
      read([...OWN, bindings], '--namespace', namespace),
    ]),
    placedPods(kubectl, namespace, unread),
    readSecretNames(kubectl, namespace, unread),
    deniedTo(kubectl, namespace, manifests, resources),
    Promise.all(hostsOf(studio).map(async (host) => [host, await resolve(host)] as const)),
  ]);
  const objects = [...live, ...lists.flat(), ...pods, ...secrets];
  // A namespace that exists and that the user may not change needs no change.
  const given = live.length > 0 && denied.some((right) => right.endsWith(' namespaces'));
  const trials = manifests
    .filter(({ kind }) => !(given && kind === 'Namespace'))
    .filter((manifest) => resources.some((each) => isOf(manifest, each)));
  // Before the first apply the namespace does not exist, so objects are tested in another one. Pod Security has a separate check.
  const dryRuns = await dryRunAll(kubectl, trials, live.length > 0 ? undefined : namespace);
  const kinds = new Set(resources.map(({ kind, group }) => `${kind}.${group}`));
  return new PreflightView(
    objects,
    namespace,
    unread,
    { version, kinds, denied, dryRuns, hosts: new Map(addresses) },
    kubectl,
  );
}

/** The hosts at which people and applications reach the studio: those of its edge, and of a load balancer for spans. */
function hostsOf(studio: StudioManifests): readonly string[] {
  const rules = studio.ofKind('Ingress').flatMap(({ spec }) => listOf(spec?.rules).map(({ host }) => host));
  const routes = studio.manifests.filter(({ kind }) => /^(HTTP|GRPC)Route$/.test(kind));
  const spans = studio.isProduction && addressesOf(studio).find(({ name }) => name === 'Spans')?.url;
  const published = studio.named('Service', workloadNames.ingestion)?.spec?.type !== 'ClusterIP';
  const hosts = [
    ...rules,
    ...routes.flatMap(({ spec }) => spec?.hostnames ?? []),
    spans && published && URL.canParse(spans) && new URL(spans).hostname,
  ];
  return [...new Set(hosts.filter(Boolean))];
}

async function serverVersion(kubectl: Kubectl): Promise<string> {
  const { serverVersion: server } = await kubectl.json<{ serverVersion?: { gitVersion?: string } }>(['version']);
  return server?.gitVersion ?? '';
}

/** The pods on nodes; only those of the studio's namespace if the user may not read the others. */
async function placedPods(kubectl: Kubectl, namespace: string, unread: string[]): Promise<readonly Manifest[]> {
  const read = async (...scope: string[]) => podsIn(await kubectl.text(['get', 'pods', ...scope, ...PODS]));
  try {
    return await read('--all-namespaces');
  } catch (error) {
    if (!(error instanceof KubectlError) || !error.answered) throw error;
    unread.push('pods');
    return read('--namespace', namespace).catch(() => []);
  }
}

/** Each line has the namespace, the node, and the requests of the containers as JSON. */
function podsIn(lines: string): readonly Manifest[] {
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line, index) => {
      const [namespace = '', nodeName, requests = ''] = line.split('\t');
      const containers = [...requests.matchAll(/{[^}]*}/g)].map(([text]) => ({
        resources: { requests: JSON.parse(text) },
      }));
      return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: String(index), namespace },
        spec: { nodeName, containers },
      };
    });
}

/** What the user may not do with the kinds of a studio. */
async function deniedTo(
  kubectl: Kubectl,
  namespace: string,
  manifests: readonly Manifest[],
  resources: readonly ApiResource[],
): Promise<readonly string[]> {
  const used = resources.filter((resource) => manifests.some((manifest) => isOf(manifest, resource)));
  const questions = used.flatMap(({ plural: resource, group, kind, namespaced }) =>
    VERBS.map((verb) => ({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: {
        resourceAttributes: {
          verb,
          resource,
          group,
          ...(namespaced && { namespace }),
          // Rights in a namespace may hold for the namespace itself.
          ...(kind === 'Namespace' && { namespace, name: namespace }),
        },
      },
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

async function resolve(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

/**
 * Applies objects in a dry run: first all at once, which is one call of kubectl if nothing is wrong, otherwise one by one to
 * find the object that is refused or has a warning.
 */
async function dryRunAll(
  kubectl: Kubectl,
  manifests: readonly Manifest[],
  missing: string | undefined,
): Promise<readonly DryRun[]> {
  const together = await dryRun(
    kubectl,
    manifests.map((manifest) => inExistingNamespace(manifest, missing)),
  );
  if (together.refused === undefined && together.warnings.length === 0)
    return manifests.map((manifest) => ({ manifest, warnings: [] }));
  return inTurn(manifests, async (manifest) => {
    const object = inExistingNamespace(manifest, missing);
    const { refused, warnings } = await dryRun(kubectl, [object]);
    // Warnings of Pod Security are about the other namespace.
    return {
      manifest,
      refused,
      warnings: object === manifest ? warnings : warnings.filter((each) => !/PodSecurity/.test(each)),
    };
  });
}

/** An object as it can be tested: if its namespace does not exist yet, in one that always does. */
function inExistingNamespace(manifest: Manifest, missing: string | undefined): Manifest {
  const elsewhere = missing !== undefined && manifest.metadata.namespace === missing;
  return elsewhere ? { ...manifest, metadata: { ...manifest.metadata, namespace: 'default' } } : manifest;
}

async function dryRun(kubectl: Kubectl, objects: readonly Manifest[]): Promise<Omit<DryRun, 'manifest'>> {
  const input = objects.map((object) => JSON.stringify(object)).join('\n---\n');
  try {
    const { warnings } = await kubectl.in(undefined).said(['apply', '--dry-run=server', '--filename=-'], { input });
    // kubectl's own, about objects that were made without it: apply writes what it misses.
    return { warnings: warnings.filter((each) => !/last-applied-configuration annotation/.test(each)) };
  } catch (error) {
    if (!(error instanceof KubectlError) || (error.failure === 'unreachable' && !error.answered)) throw error;
    if (/does not support dry run/.test(error.words)) return { warnings: [`cannot be tested: ${error.message}`] };
    // The hint of the error is about the cluster. The cluster answered; it is a webhook that cannot be reached.
    return { refused: inOneLine(error.words.trim().replace(/\s*\n\s*/g, ' ')), warnings: [] };
  }
}

function isOf(manifest: Manifest, resource: ApiResource): boolean {
  return resource.kind === manifest.kind && resource.group === groupOf(manifest);
}

/** Works on many items, `AT_ONCE` at a time. The results have the order of the items. */
async function inTurn<From, To>(items: readonly From[], work: (item: From) => Promise<To>): Promise<readonly To[]> {
  const results = new Array<To>(items.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index] as From);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
