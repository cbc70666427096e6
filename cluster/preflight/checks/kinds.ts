import { groupOf } from '../../../render/manifest';
import { type Check, error, ok } from '../check';

/** What brings a kind, where the cluster does not have it by itself. */
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
  [/^volsync\.backube$/, 'VolSync: https://volsync.readthedocs.io/en/stable/installation/'],
  [/^velero\.io$/, 'Velero: https://velero.io/docs/main/basic-install/'],
  [/^argoproj\.io$/, 'Argo CD: https://argo-cd.readthedocs.io/en/stable/getting_started/'],
];

/** Whether the cluster knows every kind that is rendered. */
export const kinds: Check = {
  name: 'kinds',
  *results({ manifests }, { facts }) {
    const custom = new Map<string, string>();
    for (const manifest of manifests) {
      const [group, name] = [groupOf(manifest), `${manifest.kind}.${groupOf(manifest)}`];
      if (!facts.kinds.has(name)) custom.set(name, group);
    }
    if (custom.size === 0) yield ok('the cluster knows every kind');
    for (const [name, group] of custom) {
      const [, product] = BRINGS.find(([pattern]) => pattern.test(group)) ?? [];
      yield error(`the cluster does not know ${name}`, product ? `install ${product}` : 'install what brings it');
    }
  },
};
