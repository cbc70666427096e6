import { variablesOf } from '../../config/variables';
import { defaultTag, releaseLines } from '../../releases';
import { development, envText, load, problemsOf, production } from '../support/studio';

test('every default of the table is a value of its type', () => {
  const defaults = releaseLines
    .flatMap((line) => variablesOf(line))
    .filter((variable) => variable.default !== undefined);
  const unsound = defaults.filter((variable) => 'problem' in variable.type.parse(variable.default ?? ''));
  expect(unsound.map(({ name }) => name)).toEqual([]);
  expect(new Set(defaults.map(({ name }) => name)).size).toBeGreaterThan(15);
});

test('a value that is too long is refused at its line, whatever the variable', () => {
  const line = releaseLines.find(({ tags }) => tags.includes(defaultTag)) ?? releaseLines[0];
  const read = variablesOf(line).filter(
    ({ refused, insteadOfCompose, readers, onlyWith }) =>
      !refused && !insteadOfCompose && !onlyWith && readers?.length !== 0,
  );
  expect(read.length).toBeGreaterThan(40);
  const problemsWith = (name: string, value: string) =>
    problemsOf(`${name}=${value}\n${envText(development({ [name]: undefined }))}`);
  for (const { name, readers } of read) {
    // In bytes, not in characters.
    const [most, problem] = readers
      ? [128 * 1024, 'is longer than 128 KiB, so no container can start with it. Set a shorter value']
      : [1024 * 1024, 'is longer than 1 MiB, so no Kubernetes object can hold it. Set a shorter value'];
    // Beside the name, the = and the NUL at the end.
    const room = most - name.length - 2;
    const value = 'é'.repeat(Math.floor(room / 2)) + 'x'.repeat(room % 2);
    expect(problemsWith(name, `${value}x`)).toContain(`.env:1 ${name}: ${problem}`);
    expect(problemsWith(name, value).join()).not.toContain(problem);
  }
});

test('a list of very many files that are not there is a problem for each, and no error of ours', () => {
  const problems = problemsOf(`JUNJO_K8S_PATCHES=${'a,'.repeat(400_000)}a\n${envText(development())}`);
  expect(problems).toHaveLength(400_001);
});

describe('a setting arrives as what it stands for', () => {
  test('a number', () => {
    expect(load(development({ JUNJO_K8S_FRONTEND_REPLICAS: '07' })).frontendReplicas).toBe(7);
    expect(load(development()).frontendReplicas).toBe(1);
  });

  test('a quantity, as the API server writes it', () => {
    const { storage } = load(development({ JUNJO_K8S_STORAGE_SIZE: '10240Mi' }));
    expect(storage).toMatchObject({ size: '10Gi' });
  });

  test('ways out, where an IPv6 range has colons of its own', () => {
    const { egress } = load(development({ JUNJO_K8S_EGRESS: '10.0.0.5/32:3128, 2001:db8::/32:443' }));
    expect(egress).toEqual([
      { cidr: '10.0.0.5/32', port: 3128 },
      { cidr: '2001:db8::/32', port: 443 },
    ]);
  });

  test('ranges, with spaces behind the commas', () => {
    const { edge } = load(production({ JUNJO_K8S_WEB_SOURCE_RANGES: '203.0.113.0/24, 198.51.100.7/32' }));
    expect(edge?.webSourceRanges).toEqual(['203.0.113.0/24', '198.51.100.7/32']);
  });

  test.each([
    [undefined, 'https://acme-v02.api.letsencrypt.org/directory'],
    ['letsencrypt-staging', 'https://acme-staging-v02.api.letsencrypt.org/directory'],
    ['https://acme.example.com/directory', 'https://acme.example.com/directory'],
  ])('the ACME server %s is the directory %s', (JUNJO_K8S_ACME_SERVER, server) => {
    expect(load(production({ JUNJO_K8S_ACME_SERVER })).edge?.certificate).toMatchObject({ kind: 'acme', server });
  });

  test.each([
    ['class:envoy', { kind: 'gateway', className: 'envoy' }],
    ['infra/public', { kind: 'sharedGateway', namespace: 'infra', name: 'public' }],
  ])('the Gateway %s is %j', (JUNJO_K8S_GATEWAY, route) => {
    const { edge } = load(
      production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_NETWORK_POLICY: 'false', JUNJO_K8S_GATEWAY }),
    );
    expect(edge?.route).toMatchObject(route);
  });

  test.each([
    ['envoy', true],
    ['eg', true],
    ['team-envoy', true],
    ['envoy.internal', true],
    ['my.eg-prod', true],
    ['envoys', false],
    ['keg', false],
    ['egress', false],
  ])('the Gateway class %s is of Envoy Gateway: %s', (name, known) => {
    const { edge } = load(production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: `class:${name}` }));
    expect(edge?.route).toMatchObject({ kind: 'gateway', className: name });
    expect(JSON.stringify(edge?.route).includes('Envoy Gateway')).toBe(known);
  });
});

test('a share of the memory is judged by what the limit allows, and not by what upstream sets as well', () => {
  const studio = (value: string) => production({ JUNJO_K8S_RELEASE: '0.81.5', JUNJO_DF_SPILL_POOL_MB: value });
  const said = (value: string) =>
    problemsOf(envText(studio(value))).filter((line) => line.includes(' JUNJO_DF_SPILL_POOL_MB: '));
  expect(said('193')).toEqual([]);
  expect(said('900')).toEqual([expect.stringContaining('% of the memory limit of backend) at the size small')]);
});
