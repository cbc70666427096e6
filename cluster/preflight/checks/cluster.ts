import { listed } from '../../../config/text';
import { groupOf, titleOf } from '../../../render/manifest';
import { advice } from '../../diagnosis/cause';
import { type Check, error, ok, warning } from '../check';

/** The oldest and the newest minor version of Kubernetes on which the manifests were tested. */
const OLDEST = 27;
const NEWEST = 36;

/** The version of the API server. */
export const serverVersion: Check = {
  name: 'server-version',
  *results(_, cluster) {
    const { facts } = cluster;
    const minor = Number(/^v1\.([0-9]+)/.exec(facts.version)?.[1]);
    if (Number.isNaN(minor))
      yield warning(
        `The API server does not report its version (${facts.version || 'none'})`,
        advice(`Check that it is 1.${OLDEST} or newer`, cluster.clusterCommand('version')),
      );
    else if (minor < OLDEST)
      yield error(
        `Kubernetes ${facts.version} is older than 1.${OLDEST}`,
        `Upgrade the cluster to 1.${OLDEST} or newer`,
      );
    else if (minor > NEWEST)
      yield warning(
        `Kubernetes ${facts.version} is newer than 1.${NEWEST}, the newest version that was tested`,
        'Try the studio in a test namespace first',
      );
    else yield ok(`Kubernetes ${facts.version}`);
  },
};

/** Whether the user may apply every object. */
export const rights: Check = {
  name: 'rights',
  *results({ manifests }, cluster) {
    const { facts, namespace } = cluster;
    const exists = cluster.named('Namespace', namespace) !== undefined;
    // Usually an administrator created it. Applying an object without a change needs only permission to read it.
    const unneeded = facts.denied.filter((right) => exists && right.endsWith(' namespaces'));
    const denied = facts.denied.filter((right) => !unneeded.includes(right));
    if (unneeded.length > 0)
      yield warning(
        `${lacking(unneeded)}. The namespace ${namespace} already exists`,
        advice(
          'Apply everything except 00-namespace',
          cluster.clusterCommand('apply', '-f', 'dist/foundation/10-storage.k8s.yaml', '-f', 'dist/'),
        ),
      );
    if (denied.length === 0) {
      const objects = unneeded.length > 0 ? 'other objects' : `${manifests.length} objects`;
      yield ok(`You can create and change all ${objects}`);
      return;
    }
    yield error(
      lacking(denied),
      advice(
        'Ask a cluster administrator to create the namespace and its volumes, and to give your user the role admin in it',
        cluster.command('create', 'rolebinding', 'junjo', '--clusterrole=admin', '--user=USER'),
      ),
    );
  },
};

/** What the user may not do, by verbs. @param rights such as `create deployments.apps` */
function lacking(rights: readonly string[]): string {
  const verbsOf = new Map<string, readonly string[]>();
  for (const [verb = '', resource = ''] of rights.map((right) => right.split(' ')))
    verbsOf.set(resource, [...(verbsOf.get(resource) ?? []), verb]);
  const groups = new Map<string, readonly string[]>();
  for (const [resource, verbs] of verbsOf) groups.set(listed(verbs), [...(groups.get(listed(verbs)) ?? []), resource]);
  const texts = [...groups].map(([verbs, resources]) => `${verbs} ${resources.join(', ')}`);
  return `You lack permission to ${texts.join('; ')}`;
}

/** The products that install a kind in a cluster. */
const BRINGS: readonly (readonly [group: RegExp, product: string])[] = [
  [/(^|\.)cert-manager\.io$/, 'cert-manager 1.12 or newer: https://cert-manager.io/docs/installation/'],
  [/^gateway\.networking\.k8s\.io$/, 'the Gateway API 1.2 or newer: https://gateway-api.sigs.k8s.io/guides/'],
  [/^gateway\.envoyproxy\.io$/, 'Envoy Gateway: https://gateway.envoyproxy.io/docs/install/'],
  [/^traefik\.io$/, 'Traefik with its CRDs: https://doc.traefik.io/traefik/getting-started/'],
  [
    /^configuration\.konghq\.com$/,
    'the Kong ingress controller: https://developer.konghq.com/kubernetes-ingress-controller/',
  ],
  [/^bitnami\.com$/, 'sealed-secrets: https://github.com/bitnami-labs/sealed-secrets'],
  [
    /^external-secrets\.io$/,
    'External Secrets Operator: https://external-secrets.io/latest/introduction/getting-started/',
  ],
  [/^volsync\.backube$/, 'VolSync 0.11 or newer: https://volsync.readthedocs.io/en/stable/installation/'],
  [/^velero\.io$/, 'Velero 1.14 or newer: https://velero.io/docs/main/basic-install/'],
  [
    /^monitoring\.coreos\.com$/,
    'the Prometheus operator: https://prometheus-operator.dev/docs/getting-started/installation/',
  ],
  [/^argoproj\.io$/, 'Argo CD: https://argo-cd.readthedocs.io/en/stable/getting_started/'],
];

/** Whether the cluster has every kind that is rendered. */
export const kinds: Check = {
  name: 'kinds',
  *results({ manifests }, { facts }) {
    const custom = new Map<string, string>();
    for (const manifest of manifests) {
      const [group, name] = [groupOf(manifest), `${manifest.kind}.${groupOf(manifest)}`];
      if (!facts.kinds.has(name)) custom.set(name, group);
    }
    if (custom.size === 0) yield ok('The cluster has every kind that the studio uses');
    for (const [name, group] of custom) {
      const [, product] = BRINGS.find(([pattern]) => pattern.test(group)) ?? [];
      yield error(
        `The cluster does not have the kind ${name}`,
        product ? `Install ${product}` : 'Install the product that provides it',
      );
    }
  },
};

/** Whether the API server and its admission webhooks accept each object. Nothing is stored. */
export const dryRun: Check = {
  name: 'dry-run',
  *results(_, { facts }) {
    const failed = facts.dryRuns.filter(({ refused: words }) => words !== undefined);
    // Objects of a namespace that does not exist yet are tested in another one, where the user may have fewer permissions.
    const untried = failed.filter(({ refused: words = '' }) => / cannot (get|create|patch) resource /.test(words));
    const refused = failed.filter((each) => !untried.includes(each));
    for (const words of new Set(refused.map((each) => each.refused))) {
      const same = refused.filter((each) => each.refused === words).map(({ manifest }) => titleOf(manifest));
      yield error(
        `The API server refuses ${listed(same)}: ${words}`,
        "Read the message. If a webhook refused it, ask the cluster's administrator",
      );
    }
    for (const { manifest, warnings } of facts.dryRuns) {
      for (const text of warnings) yield warning(`${titleOf(manifest)}: ${text}`);
    }
    const [all, taken] = [facts.dryRuns.length, facts.dryRuns.length - failed.length];
    if (untried.length > 0)
      yield warning(
        `${untried.length} of ${all} objects were not tested, because you lack permission. The API server may refuse them`,
        'Ask a cluster administrator for these permissions, and run preflight again',
      );
    if (taken === all) yield ok(`The API server accepts ${all} of ${all} objects in a dry run`);
    else if (taken > 0) yield ok(`The API server accepts the other ${taken} objects in a dry run`);
  },
};
