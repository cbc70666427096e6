import { loadStudio } from '../../config/load-studio';
import { envText, isOfEveryStudio, production, render, type Settings } from '../support/studio';

const internal = { JUNJO_K8S_LOAD_BALANCER: 'internal' };
const ofSpans = { JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051', JUNJO_K8S_TLS_SECRET: 'studio-tls' };
const alb = { JUNJO_K8S_INGRESS_CLASS: 'alb' };
const ownGateway = {
  JUNJO_K8S_INGRESS_CLASS: undefined,
  JUNJO_K8S_GATEWAY: 'class:eg',
  JUNJO_K8S_CLUSTER_ISSUER: 'dns',
};

const said = (settings: Settings) =>
  loadStudio([{ path: '.env', text: envText(production(settings)) }])
    .problems.filter((problem) => !isOfEveryStudio(problem))
    .map(({ severity, variable, text }) => `${severity} ${variable}: ${text}`);
const ofSpansService = (settings: Settings) =>
  render(production({ ...ofSpans, ...settings })).get('Service', 'junjo-ai-studio-ingestion').metadata.annotations;

describe('an internal load balancer for spans', () => {
  test.each([
    [
      'aws',
      {
        'service.beta.kubernetes.io/aws-load-balancer-type': 'external',
        'service.beta.kubernetes.io/aws-load-balancer-nlb-target-type': 'instance',
        'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internal',
        'service.beta.kubernetes.io/aws-load-balancer-listener-attributes.TCP-50051': 'tcp.idle_timeout.seconds=3600',
      },
    ],
    ['gcp', { 'networking.gke.io/load-balancer-type': 'Internal' }],
    [
      'azure',
      {
        'service.beta.kubernetes.io/azure-load-balancer-internal': 'true',
        'service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout': '30',
      },
    ],
    [
      'digitalocean',
      {
        'service.beta.kubernetes.io/do-loadbalancer-type': 'REGIONAL_NETWORK',
        'service.beta.kubernetes.io/do-loadbalancer-network': 'INTERNAL',
      },
    ],
    [
      'hetzner',
      {
        'load-balancer.hetzner.cloud/protocol': 'tcp',
        'load-balancer.hetzner.cloud/uses-proxyprotocol': 'false',
        'load-balancer.hetzner.cloud/health-check-protocol': 'tcp',
        'load-balancer.hetzner.cloud/disable-public-network': 'true',
        'load-balancer.hetzner.cloud/use-private-ip': 'true',
      },
    ],
    ['metallb', undefined],
  ])('on %s has the annotation of that cloud', (cloud, annotations) => {
    expect(ofSpansService({ ...internal, JUNJO_K8S_CLOUD: cloud })).toEqual(annotations);
  });

  test('needs the name of the cloud', () => {
    for (const settings of [ofSpans, ownGateway]) {
      expect(said({ ...settings, ...internal })).toEqual([
        expect.stringMatching(
          /^error JUNJO_K8S_LOAD_BALANCER: needs JUNJO_K8S_CLOUD, .* Set JUNJO_K8S_CLOUD, or remove this line$/,
        ),
      ]);
    }
  });

  test('is one that MetalLB makes from its pools', () => {
    expect(said({ ...ofSpans, ...internal, JUNJO_K8S_CLOUD: 'metallb' })).toContainEqual(
      expect.stringMatching(/^note JUNJO_K8S_LOAD_BALANCER: has no effect on MetalLB/),
    );
  });

  test('is not the one of the edge', () => {
    expect(said({ ...ofSpans, ...internal, JUNJO_K8S_CLOUD: 'aws' })).toEqual([
      'note JUNJO_K8S_LOAD_BALANCER: affects only the load balancer of spans: the controller of the edge creates its own. Make that one internal in the controller',
    ]);
    expect(said(internal)).toEqual([
      'note JUNJO_K8S_LOAD_BALANCER: affects no load balancer of these manifests: the controller of the edge creates its own. Make that one internal in the controller',
    ]);
  });
});

describe('an internal load balancer of the edge', () => {
  test('of class alb is asked for on both Ingresses', () => {
    for (const name of ['junjo-ai-studio', 'junjo-ai-studio-spans']) {
      const { annotations } = render(production({ ...alb, ...internal })).get('Ingress', name).metadata;
      expect(annotations).toMatchObject({ 'alb.ingress.kubernetes.io/scheme': 'internal' });
    }
    expect(said({ ...alb, ...internal })).toEqual([]);
  });

  test.each([
    [
      'aws',
      {
        'service.beta.kubernetes.io/aws-load-balancer-type': 'external',
        'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internal',
      },
    ],
    ['gcp', { 'networking.gke.io/load-balancer-type': 'Internal' }],
    ['azure', { 'service.beta.kubernetes.io/azure-load-balancer-internal': 'true' }],
  ])('of a Gateway of the studio on %s is asked for through the Gateway', (JUNJO_K8S_CLOUD, annotations) => {
    const settings = { ...ownGateway, ...internal, JUNJO_K8S_CLOUD };
    expect(render(production(settings)).get('Gateway', 'junjo-ai-studio').spec.infrastructure).toEqual({ annotations });
    expect(said(settings)).toEqual([]);
  });

  test('of a Gateway is not asked for where nobody wants it', () => {
    for (const more of [{}, { JUNJO_K8S_CLOUD: 'aws' }, { ...internal, JUNJO_K8S_CLOUD: 'metallb' }]) {
      const { spec } = render(production({ ...ownGateway, ...more })).get('Gateway', 'junjo-ai-studio');
      expect(spec).not.toHaveProperty('infrastructure');
    }
  });

  test('of Traefik, which has one for all Gateways, is made elsewhere', () => {
    const settings = { ...ownGateway, ...internal, JUNJO_K8S_GATEWAY: 'class:traefik' };
    expect(said(settings)).toEqual([expect.stringMatching(/^note JUNJO_K8S_LOAD_BALANCER: affects no load balancer/)]);
  });

  test('of Traefik is not asked for in a field that nobody reads', () => {
    const settings = { ...ownGateway, ...internal, JUNJO_K8S_GATEWAY: 'class:traefik', JUNJO_K8S_CLOUD: 'aws' };
    expect(render(production(settings)).get('Gateway', 'junjo-ai-studio').spec).not.toHaveProperty('infrastructure');
  });

  test.each(['', '-mc'])('of GKE is where its class says: gke-l7-…%s', (many) => {
    const of = (name: string, more: Settings = {}) => ({
      ...ownGateway,
      ...internal,
      JUNJO_K8S_GATEWAY: `class:${name}${many}`,
      JUNJO_K8S_INGRESS_CONTROLLER: 'other',
      ...more,
    });
    for (const name of ['gke-l7-global-external-managed', 'gke-l7-regional-external-managed', 'gke-l7-gxlb']) {
      expect(said(of(name, { JUNJO_K8S_CLOUD: 'gcp' }))).toEqual([
        expect.stringMatching(
          /^error JUNJO_K8S_GATEWAY: creates a load balancer on the internet, .* class:gke-l7-rilb$/,
        ),
      ]);
    }
    for (const name of ['gke-l7-rilb', 'gke-l7-cross-regional-internal-managed']) {
      expect(said(of(name))).toEqual([]);
      const gateway = render(production(of(name, { JUNJO_K8S_CLOUD: 'gcp' }))).get('Gateway', 'junjo-ai-studio');
      expect(gateway.spec).not.toHaveProperty('infrastructure');
    }
  });

  test('of an unknown Gateway controller may be on the internet', () => {
    const other = { JUNJO_K8S_GATEWAY: 'class:acme', JUNJO_K8S_INGRESS_CONTROLLER: 'other', JUNJO_K8S_CLOUD: 'gcp' };
    expect(said({ ...ownGateway, ...internal, ...other })).toEqual([
      expect.stringMatching(/^note JUNJO_K8S_LOAD_BALANCER: uses spec\.infrastructure of the Gateway/),
    ]);
  });

  test('cannot be reached by Let’s Encrypt', () => {
    const settings = { ...ownGateway, ...internal, JUNJO_K8S_CLOUD: 'aws', JUNJO_K8S_CLUSTER_ISSUER: undefined };
    const error = expect.stringMatching(
      /^error JUNJO_K8S_LOAD_BALANCER: prevents Let's Encrypt from reaching the hosts/,
    );
    expect(said(settings)).toEqual([error]);
    expect(said({ ...settings, JUNJO_K8S_ACME_SERVER: 'letsencrypt-staging' })).toEqual([error]);
    expect(said({ ...settings, JUNJO_K8S_ACME_SERVER: 'https://ca.example.com/acme/directory' })).toEqual([]);
    expect(said({ ...settings, JUNJO_K8S_TLS_SECRET: 'studio-tls' })).toEqual([]);
  });
});

describe('a load balancer on the internet', () => {
  const ofClouds = ['aws', 'gcp', 'azure', 'digitalocean'].map((cloud) => ({ ...ofSpans, JUNJO_K8S_CLOUD: cloud }));

  test.each([...ofClouds, alb])('is said to be there: %j', (settings) => {
    expect(said(settings)).toEqual([expect.stringMatching(/^note .* gets an address on the internet\. /)]);
    expect(said({ ...settings, JUNJO_K8S_LOAD_BALANCER: 'internet' })).toEqual([]);
    const ranges = { JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24' };
    const webRanges = { JUNJO_K8S_WEB_SOURCE_RANGES: '203.0.113.0/24' };
    expect(said({ ...settings, ...(settings === alb ? webRanges : ranges) })).toEqual([]);
  });

  test('of MetalLB is where its pools are', () => {
    expect(said({ ...ofSpans, JUNJO_K8S_CLOUD: 'metallb' })).toEqual([]);
  });

  test('on Hetzner, where nothing filters addresses, is not limited by ranges that synth would refuse', () => {
    const notes = said({ ...ofSpans, JUNJO_K8S_CLOUD: 'hetzner' });
    expect(notes).toContainEqual(expect.stringContaining('gets an address on the internet'));
    expect(notes.join()).not.toContain('SOURCE_RANGES');
  });

  test('is not said to be there while it is not known what is asked for; what holds for every cloud is', () => {
    const messages = said({ ...ofSpans, JUNJO_K8S_CLOUD: 'aws', JUNJO_K8S_LOAD_BALANCER: 'private' });
    expect(messages).toEqual(['error JUNJO_K8S_LOAD_BALANCER: must be one of: internet, internal']);
    expect(said({ ...ofSpans, JUNJO_K8S_CLOUD: 'AWS', ...internal })).toEqual([
      'error JUNJO_K8S_CLOUD: must be written in lower case: aws',
      // Whichever cloud is meant.
      expect.stringMatching(/^note JUNJO_K8S_LOAD_BALANCER: affects only the load balancer of spans/),
    ]);
  });
});
