import { readFileSync } from 'node:fs';
import { validateManifests } from '../../../cli/validate/manifests';
import { packedSchemas } from '../../../cli/validate/packed-schemas';
import { Schemas, unpack } from '../../../cli/validate/schemas';
import { formatProblem } from '../../../config/problems';
import { committedExample, exampleNames } from '../../../tools/example-studios';
import { freshSecret } from '../../support/studio';

const schemas = new Schemas(unpack(packedSchemas));
const { versions } = schemas;

/** The lines that a person reads about a file. */
function problemsIn(text: string, options: Partial<Parameters<typeof validateManifests>[2]> = {}): readonly string[] {
  const { problems } = validateManifests([{ path: 'a.yaml', text }], schemas, { versions, ...options });
  return problems.map(formatProblem);
}

const committed = exampleNames().flatMap((name) =>
  [...committedExample(name)]
    .filter(([path]) => path.endsWith('.yaml'))
    .map(([path, text]) => ({ path: `${name}/${path}`, text })),
);

test.each(versions)('what the examples render is valid on Kubernetes %s', (version) => {
  const { objects, problems } = validateManifests(committed, schemas, { versions: [version] });
  expect(problems).toEqual([]);
  expect(objects).toBeGreaterThan(400);
});

test('Kubernetes 1.27 to 1.36 are known', () => {
  expect(versions).toEqual(Array.from({ length: 10 }, (_, index) => `1.${27 + index}`));
});

const service = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  ports:
    - port: 80
`;

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      initContainers:
        - name: guard
          image: guard
      containers:
        - name: web
          image: web
          resources:
            limits:
              memory: 1Gi
          lifecycle:
            preStop:
              exec:
                command: [sync]
`;

const ingress = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
    - http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
`;

const certificate = `apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: web
spec:
  secretName: web
  issuerRef:
    name: web
  privateKey:
    algorithm: RSA
`;

const secret = `apiVersion: v1
kind: Secret
metadata:
  name: web
data:
  a: YWJj
`;

test.each(Object.entries({ service, deployment, ingress, certificate, secret }))(
  'the %s that the cases below break is valid',
  (_, text) => expect(problemsIn(text)).toEqual([]),
);

/** A manifest, a part of it and what comes in its place, and the one line about it. */
type Case = readonly [what: string, manifest: string, part: string, instead: string, line: string];

const broken: readonly Case[] = [
  // Fields
  [
    'an unknown field',
    service,
    'ports:',
    'porst:',
    'a.yaml:6 Service web: spec.porst: is not known. Did you mean ports?',
  ],
  [
    'an unknown field like no other',
    service,
    'port: 80',
    'port: 80\n      zzzzzzz: 1',
    'a.yaml:8 Service web: spec.ports[0].zzzzzzz: is not known',
  ],
  [
    'an unknown field at the top',
    service,
    'spec:',
    'specification: {}\nspec:',
    'a.yaml:5 Service web: specification: is not known',
  ],
  [
    'an unknown field of the metadata of a custom resource',
    certificate,
    '  name: web\nspec',
    '  name: web\n  label: {}\nspec',
    'a.yaml:5 Certificate web: metadata.label: is not known. Did you mean labels?',
  ],
  [
    'an unknown field of a custom resource',
    certificate,
    'secretName: web',
    'secretName: web\n  renew: 1h',
    'a.yaml:7 Certificate web: spec.renew: is not known. Did you mean renewBefore?',
  ],
  [
    'a required field that is missing',
    service,
    'port: 80',
    'name: http',
    'a.yaml:7 Service web: spec.ports[0].port: is missing',
  ],
  ['a name that is missing', service, 'name: web', 'namespace: web', 'a.yaml:3 Service: metadata.name: is missing'],
  [
    'a field that is null',
    service,
    '- port: 80',
    '- port: 80\n      name:',
    'a.yaml:8 Service web: spec.ports[0].name: is null, which means not set. Remove it',
  ],

  // Types
  [
    'text for a number',
    service,
    '80',
    '"80"',
    'a.yaml:7 Service web: spec.ports[0].port: must be a whole number, but is text',
  ],
  [
    'a number with a fraction',
    service,
    '80',
    '80.5',
    'a.yaml:7 Service web: spec.ports[0].port: must be a whole number, but is a number',
  ],
  [
    'a number that needs more than 32 bits',
    service,
    '80',
    '2147483648',
    'a.yaml:7 Service web: spec.ports[0].port: must be a whole number of 32 bits',
  ],
  [
    'a number for text',
    deployment,
    'app: web\n  template',
    'app: 1\n  template',
    'a.yaml:8 Deployment web: spec.selector.matchLabels.app: must be text, but is a whole number. Put it in quotes',
  ],
  [
    'a word that YAML 1.1 takes for true',
    deployment,
    'app: web\n  template',
    'app: on\n  template',
    'a.yaml:8 Deployment web: spec.selector.matchLabels.app: must be text, but is true or false. Put it in quotes',
  ],
  [
    'a map for a list',
    service,
    '- port: 80',
    'port: 80',
    'a.yaml:6 Service web: spec.ports: must be a list, but is a map',
  ],
  [
    'a list for a map',
    service,
    '  ports:\n    - port: 80',
    '  - a',
    'a.yaml:5 Service web: spec: must be a map, but is a list',
  ],
  [
    'a map where a number or text may stand',
    service,
    'port: 80',
    'port: 80\n      targetPort: {}',
    'a.yaml:8 Service web: spec.ports[0].targetPort: must be a whole number or text, but is a map',
  ],

  // Values
  [
    'a value that is none of those of a field',
    ingress,
    'Prefix',
    'prefix',
    'a.yaml:10 Ingress web: spec.rules[0].http.paths[0].pathType: must be one of: Exact, ImplementationSpecific, Prefix',
  ],
  [
    'such a value of a custom resource',
    certificate,
    'RSA',
    'rsa',
    'a.yaml:10 Certificate web: spec.privateKey.algorithm: must be one of: RSA, ECDSA, Ed25519',
  ],
  [
    'a quantity that is none',
    deployment,
    '1Gi',
    '1GB',
    'a.yaml:22 Deployment web: spec.template.spec.containers[0].resources.limits.memory: must be a quantity such as 500m or 1Gi',
  ],
  [
    'a Secret with what is no base64',
    secret,
    'YWJj',
    'abc_',
    'a.yaml:6 Secret web: data.a: must be base64 with its padding',
  ],

  // Versions
  [
    'a field that only newer versions know',
    service,
    'spec:',
    'spec:\n  trafficDistribution: PreferClose',
    'a.yaml:6 Service web: spec.trafficDistribution: is not known on Kubernetes 1.27 to 1.29',
  ],
  [
    'an action that only newer versions know',
    deployment,
    'exec:\n                command: [sync]',
    'sleep:\n                seconds: 5',
    'a.yaml:25 Deployment web: spec.template.spec.containers[0].lifecycle.preStop.sleep: is not known on Kubernetes 1.27 to 1.28',
  ],
  [
    'a sidecar that is older than sidecars',
    deployment,
    'image: guard',
    'image: guard\n          restartPolicy: Always',
    'a.yaml:17 Deployment web: spec.template.spec.initContainers[0].restartPolicy: is not known on Kubernetes 1.27',
  ],
  [
    'a kind that only newer versions serve',
    service,
    'v1\nkind: Service',
    'networking.k8s.io/v1\nkind: ServiceCIDR',
    'a.yaml:1 ServiceCIDR web: apiVersion: has no kind ServiceCIDR on Kubernetes 1.27 to 1.32',
  ],

  // Kinds
  [
    'a kind that is misspelt',
    deployment,
    'kind: Deployment',
    'kind: Deploymnet',
    'a.yaml:2 Deploymnet web: kind: is apps/v1 Deploymnet, for which there is no schema. Did you mean Deployment?',
  ],
  [
    'a kind in the wrong version',
    ingress,
    'networking.k8s.io/v1',
    'extensions/v1beta1',
    'a.yaml:2 Ingress web: kind: is extensions/v1beta1 Ingress, for which there is no schema. Use networking.k8s.io/v1',
  ],
  [
    'a kind that nobody here knows',
    certificate,
    'cert-manager.io/v1\nkind: Certificate',
    'example.com/v1\nkind: Widget',
    'a.yaml:2 Widget web: kind: is example.com/v1 Widget, for which there is no schema. Add its CustomResourceDefinition to imports/crds/, then run npm run schemas',
  ],
  ['a kind that is missing', service, 'kind: Service\n', '', 'a.yaml:1: kind: is missing'],
  [
    'a version that is no text',
    service,
    'apiVersion: v1',
    'apiVersion: 1',
    'a.yaml:1 Service web: apiVersion: must be text',
  ],

  // YAML
  [
    'a key that is there twice',
    service,
    '- port: 80',
    '- port: 80\n      port: 81',
    'a.yaml:8: contains the key port twice',
  ],
];

test.each(broken)('refuses %s', (_, manifest, part, instead, line) => {
  expect(manifest).toContain(part);
  const problems = problemsIn(manifest.replace(part, instead));
  expect(problems).toContain(line);
});

describe('a fault is told once', () => {
  test('whatever the number of versions', () => {
    expect(problemsIn(service.replace('ports', 'porst'))).toHaveLength(1);
  });

  test('and only for the versions that are asked for', () => {
    const text = service.replace('spec:', 'spec:\n  trafficDistribution: PreferClose');
    expect(problemsIn(text, { versions: ['1.30', '1.36'] })).toEqual([]);
    expect(problemsIn(text, { versions: ['1.29'] })).toEqual([
      'a.yaml:6 Service web: spec.trafficDistribution: is not known',
    ]);
  });
});

test('no line holds a value, which may be a secret', () => {
  const value = freshSecret();
  const lines = [
    ...problemsIn(secret.replace('YWJj', `${value}_`)),
    ...problemsIn(secret.replace('data:', 'stringData: [x]\ndata:').replace('YWJj', `[${value}]`)),
    ...problemsIn(`${secret}immutable: ${value}\n`),
  ];
  expect(lines.length).toBe(3);
  expect(lines.join()).not.toContain(value);
});

describe('a kind of which imports/crds/ has a part', () => {
  const policy = readFileSync('imports/crds/envoy-gateway.yaml', 'utf8');

  test('is judged by that, and the line says so', () => {
    expect(policy).toContain('kind: SecurityPolicy');
    const text =
      'apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: SecurityPolicy\nmetadata: { name: web }\nspec: { cors: {} }\n';
    expect(problemsIn(text)).toContain(
      'a.yaml:4 SecurityPolicy web: spec.cors: is not known (the schema in imports/crds/envoy-gateway.yaml has only the fields that the charts use)',
    );
  });
});

describe('texts', () => {
  test.each([
    ['is empty', ''],
    ['has comments only', '# nothing\n---\n# here\n'],
  ])('a file that %s holds no object', (_, text) => {
    expect(problemsIn(text)).toEqual(['a.yaml:1: contains no object. Remove the file, or name another one']);
  });

  test('that are not YAML are refused with the line', () => {
    const [line, ...others] = problemsIn(`${service}---\nkind: "Service\n`);
    expect(line).toMatch(/^a\.yaml:\d+: is not YAML: /);
    expect(others).toEqual([]);
  });

  test('that nest without end are refused with the line', () => {
    expect(problemsIn(`${service}---\na: ${'['.repeat(1_000_000)}`)).toEqual([
      expect.stringMatching(/^a\.yaml:\d+: has more than 1000 levels of nesting/),
    ]);
  });

  test.each([
    ['text', 'hello\n'],
    ['a list', '- a\n'],
  ])('that are %s are refused', (_, text) => {
    expect(problemsIn(text)).toEqual(['a.yaml:1: is not a Kubernetes object: apiVersion and kind are missing']);
  });

  test('may be JSON', () => {
    const json = (port: unknown) =>
      JSON.stringify(
        { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { ports: [{ port }] } },
        null,
        2,
      );
    expect(problemsIn(json(80))).toEqual([]);
    expect(problemsIn(json('80'))).toEqual([
      'a.yaml:10 Service web: spec.ports[0].port: must be a whole number, but is text',
    ]);
  });

  test('of several documents are read to the end', () => {
    expect(problemsIn(`${service}---\n---\n${service.replace('80', 'x')}`)).toEqual([
      'a.yaml:16 Service web: spec.ports[0].port: must be a whole number, but is text',
    ]);
  });

  test('are read as kubectl reads them: octal modes, times that are text', () => {
    const text = `apiVersion: v1
kind: ConfigMap
metadata:
  name: web
  annotations:
    at: 2026-01-31T12:00:00Z
    sum: 1:30
`;
    expect(problemsIn(text)).toEqual([]);
    const volume = (mode: string) =>
      deployment.replace(
        '      containers:',
        `      volumes: [{ name: a, configMap: { name: a, defaultMode: ${mode} } }]\n      containers:`,
      );
    expect(problemsIn(volume('0o440'))).toEqual([]);
    expect(problemsIn(volume('0440'))).toEqual([]);
    expect(problemsIn(volume('rw'))).toHaveLength(1);
  });

  test('with aliases are judged where the alias is', () => {
    const text = `${service.replace('ports:', 'ports: &all')}  externalIPs: *all\n`;
    expect(problemsIn(text)).toEqual(['a.yaml:7 Service web: spec.externalIPs[0]: must be text, but is a map']);
  });
});

describe('lists', () => {
  const indented = service.replace(/^/gm, '    ').replace('    apiVersion', '  - apiVersion').trimEnd();

  test('are judged object by object', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n${indented}\n${indented.replace('port: 80', 'prot: 80')}\n`;
    expect(problemsIn(list)).toEqual([
      'a.yaml:17 Service web: spec.ports[0].port: is missing',
      'a.yaml:17 Service web: spec.ports[0].prot: is not known. Did you mean port?',
    ]);
  });

  test('of one kind need not repeat it', () => {
    const list = (field: string) =>
      `apiVersion: v1\nkind: ServiceList\nitems:\n  - metadata: { name: web }\n    spec: { ${field}: [] }\n`;
    expect(problemsIn(list('ports'))).toEqual([]);
    expect(problemsIn(list('porst'))).toHaveLength(1);
  });

  test('hide no kind that must not be there', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n${indented.replace('Service', 'Secret')}\n`;
    expect(problemsIn(list, { refuse: ['Secret'] })).toEqual([
      'a.yaml:5 Secret web: kind: is Secret, which --refuse does not allow',
    ]);
  });
});
