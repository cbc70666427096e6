import type { Built, Problem } from '../problems';
import type { Values } from '../values';

const OWN = 'JUNJO_K8S_NAMESPACE';
const INGRESS = 'JUNJO_K8S_INGRESS_NAMESPACE';

/** Namespaces that other software usually creates for its own pods, according to its documentation. */
const owners: Readonly<Record<string, string>> = {
  argocd: 'Argo CD',
  'caddy-system': 'Caddy',
  'calico-system': 'Calico',
  'cert-manager': 'cert-manager',
  'envoy-gateway-system': 'Envoy Gateway',
  'external-secrets': 'External Secrets Operator',
  'flux-system': 'Flux',
  'haproxy-controller': 'HAProxy',
  ingress: "MicroK8s' ingress add-on",
  'ingress-nginx': 'ingress-nginx',
  'istio-ingress': 'Istio',
  'istio-system': 'Istio',
  'kgateway-system': 'kgateway',
  kong: 'Kong',
  'kong-system': 'Kong',
  'metallb-system': 'MetalLB',
  'nginx-gateway': 'NGINX Gateway Fabric',
  'nginx-ingress': "F5's NGINX Ingress Controller",
  projectcontour: 'Contour',
  'tigera-operator': 'Calico',
  traefik: 'Traefik',
  velero: 'Velero',
  'volsync-system': 'VolSync',
};

/** The namespace. It has the name of the studio unless the file gives another. */
export function namespaceOf(values: Values): Built<string> {
  const own = values.inEffect(OWN);
  const namespace = own ?? values.inEffect('JUNJO_K8S_NAME');
  const problems: Problem[] = [];
  const owner = ownerOf(namespace);
  if (owner) {
    const text = `${namespace} belongs to ${owner}, but the studio needs its own namespace. Choose another name`;
    problems.push(values.error(own ? OWN : 'JUNJO_K8S_NAME', text));
  }
  const closesIn = values.inEffect('JUNJO_ENV') === 'production' && values.inEffect('JUNJO_K8S_NETWORK_POLICY');
  if (closesIn && !owner && values.inEffect(INGRESS) === namespace) {
    const text = `is the namespace of the studio, whose network policies would also block the ingress controller. Set ${OWN} to a separate namespace for the studio, or correct this line`;
    problems.push(values.error(INGRESS, text));
  }
  if (values.isSet(INGRESS) && !values.inEffect('JUNJO_K8S_NETWORK_POLICY')) {
    problems.push(values.note(INGRESS, 'has no effect without network policies: every pod can reach UI and API'));
  }
  return { value: namespace, problems };
}

function ownerOf(namespace: string): string | undefined {
  if (/^(default|kube-.*|openshift|openshift-.*)$/.test(namespace)) return 'the cluster';
  return Object.hasOwn(owners, namespace) ? owners[namespace] : undefined;
}
