import { development, envText, problemsOf, production, type Settings } from '../support/studio';

const errors = (settings: Settings) => problemsOf(envText(settings)).filter((line) => line.startsWith('.env'));

describe('the namespace of the studio', () => {
  test.each([
    ['of its own', { JUNJO_K8S_NAMESPACE: 'edge', JUNJO_K8S_INGRESS_NAMESPACE: 'edge' }],
    ['of its name', { JUNJO_K8S_NAME: 'edge', JUNJO_K8S_INGRESS_NAMESPACE: 'edge' }],
    ['by default', { JUNJO_K8S_INGRESS_NAMESPACE: 'junjo-ai-studio' }],
  ])('%s is not that of the ingress controller', (_, settings) => {
    expect(errors(production(settings))).toEqual([
      expect.stringMatching(
        /JUNJO_K8S_INGRESS_NAMESPACE: is the namespace of the studio, whose network policies would also block the ingress controller\. Set JUNJO_K8S_NAMESPACE to/,
      ),
    ]);
  });

  test('is told apart from that of the ingress controller', () => {
    expect(errors(production({ JUNJO_K8S_NAMESPACE: 'studio', JUNJO_K8S_INGRESS_NAMESPACE: 'edge' }))).toEqual([]);
    const same = { JUNJO_K8S_NAMESPACE: 'edge', JUNJO_K8S_INGRESS_NAMESPACE: 'edge' };
    expect(errors(development(same))).toEqual([]);
    expect(errors(production({ ...same, JUNJO_K8S_NETWORK_POLICY: 'false' }))).toEqual([]);
  });

  test('of the ingress controller has no effect without network policies', () => {
    const settings = { JUNJO_K8S_INGRESS_NAMESPACE: 'edge', JUNJO_K8S_NETWORK_POLICY: 'false' };
    const told = (from: Settings) =>
      problemsOf(envText(from)).filter((line) => line.includes('JUNJO_K8S_INGRESS_NAMESPACE'));
    expect(told(production(settings))).toEqual([
      expect.stringMatching(
        /^note: \.env:\d+ JUNJO_K8S_INGRESS_NAMESPACE: has no effect without network policies: every pod can reach UI and API$/,
      ),
    ]);
    expect(told(production({ ...settings, JUNJO_K8S_NETWORK_POLICY: 'true' }))).toEqual([]);
    expect(told(production({ ...settings, JUNJO_K8S_NETWORK_POLICY: 'no way' }))).toEqual([]);
  });

  test('is not compared while it is not known', () => {
    const settings = { JUNJO_K8S_NAMESPACE: 'Studio', JUNJO_K8S_INGRESS_NAMESPACE: 'junjo-ai-studio' };
    expect(errors(production(settings))).toEqual([expect.stringContaining('JUNJO_K8S_NAMESPACE: must be at most 63')]);
  });

  test.each([
    ['ingress-nginx', 'ingress-nginx'],
    ['traefik', 'Traefik'],
    ['istio-system', 'Istio'],
    ['envoy-gateway-system', 'Envoy Gateway'],
    ['cert-manager', 'cert-manager'],
    ['velero', 'Velero'],
    ['kong', 'Kong'],
    ['ingress', "MicroK8s' ingress add-on"],
    ['kube-public', 'the cluster'],
    ['openshift-ingress', 'the cluster'],
  ])('%s belongs to %s', (namespace, owner) => {
    const message = `${namespace} belongs to ${owner}, but the studio needs its own namespace. Choose another name`;
    expect(errors(production({ JUNJO_K8S_NAMESPACE: namespace, JUNJO_K8S_INGRESS_NAMESPACE: namespace }))).toEqual([
      expect.stringContaining(`JUNJO_K8S_NAMESPACE: ${message}`),
    ]);
    expect(errors(development({ JUNJO_K8S_NAME: namespace }))).toEqual([
      expect.stringContaining(`JUNJO_K8S_NAME: ${message}`),
    ]);
  });

  test.each(['constructor', 'my-traefik', 'velero-studio', 'openshifts'])('%s belongs to nobody', (namespace) => {
    expect(errors(production({ JUNJO_K8S_NAMESPACE: namespace }))).toEqual([]);
  });
});

describe('a Gateway in the namespace of the studio', () => {
  const shared = (controller: string | undefined, more: Settings = {}) =>
    problemsOf(
      envText(
        production({
          JUNJO_K8S_INGRESS_CLASS: undefined,
          JUNJO_K8S_NAMESPACE: 'studio',
          JUNJO_K8S_GATEWAY: 'studio/shared',
          JUNJO_K8S_INGRESS_CONTROLLER: controller,
          ...more,
        }),
      ),
    ).filter((line) => line.includes('JUNJO_K8S_GATEWAY:'));

  test.each(['istio', 'nginx-gateway-fabric'])('is refused where %s runs its pods beside it', (controller) => {
    expect(shared(controller)).toContainEqual(
      expect.stringMatching(/^\.env:\d+ JUNJO_K8S_GATEWAY: .* runs the pods of a Gateway in its namespace/),
    );
    expect(shared(controller, { JUNJO_K8S_NETWORK_POLICY: 'false' }).filter((line) => line.startsWith('.env'))).toEqual(
      [],
    );
    expect(shared(controller, { JUNJO_K8S_GATEWAY: 'edge/shared' }).filter((line) => line.startsWith('.env'))).toEqual(
      [],
    );
  });

  test.each(['envoy-gateway', 'traefik', 'cilium', 'other'])('is fine where %s runs it', (controller) => {
    expect(shared(controller)).toEqual([]);
  });

  test.each(['studio/shared', 'class:kgateway'])('is a risk where nobody knows what runs it: %s', (gateway) => {
    expect(shared(undefined, { JUNJO_K8S_GATEWAY: gateway })).toEqual([
      expect.stringMatching(
        /^note: \.env:\d+ JUNJO_K8S_GATEWAY: is in the namespace of the studio\. .* set JUNJO_K8S_INGRESS_CONTROLLER to the name of the controller$/,
      ),
    ]);
  });
});
