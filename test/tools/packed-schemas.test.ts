import { readdirSync, readFileSync } from 'node:fs';
import { goPattern } from '../../cli/validate/check';
import { enums } from '../../cli/validate/enums';
import { packedSchemas } from '../../cli/validate/packed-schemas';
import { type SchemaStore, Schemas, unpack } from '../../cli/validate/schemas';
import { customKinds } from '../../tools/schemas/custom-kinds';
import { kubernetesKinds, pack, withCustomKinds } from '../../tools/schemas/pack';

const store = unpack(packedSchemas);
const own = customKinds(
  readdirSync('imports/crds').map((name) => ({
    path: `imports/crds/${name}`,
    text: readFileSync(`imports/crds/${name}`, 'utf8'),
  })),
);

describe('the packed schemas', () => {
  test('hold every kind of imports/crds/ as it is today (npm run schemas packs them)', () => {
    expect(withCustomKinds(store, own)).toEqual(store);
    for (const { apiVersion, kind } of own) expect(Object.keys(store.kinds)).toContain(`${apiVersion} ${kind}`);
  });

  test.each([
    'cert-manager.io/v1 Certificate',
    'gateway.networking.k8s.io/v1 HTTPRoute',
    'argoproj.io/v1alpha1 ApplicationSet',
    'traefik.io/v1alpha1 Middleware',
  ])('are the published one and not that of imports/crds/ for %s', (key) => {
    const [{ partial, ...entry } = { partial: 'no entry' }] = store.kinds[key] ?? [];
    expect(partial).toBeUndefined();
    expect(entry).toMatchObject({ versions: store.versions });
  });

  test('refer to nothing that is not there, in any version', () => {
    const schemas = new Schemas(store);
    const dangling = store.versions.flatMap((version) => {
      const own = store.definitions.filter(({ versions }) => versions.includes(version));
      const names = new Set(own.map(({ name }) => name));
      const asked = [
        ...own.flatMap(({ schema }) =>
          [...JSON.stringify(schema).matchAll(/"\$ref":"([^"]+)"/g)].map(([, name = '']) => name),
        ),
        ...Object.values(store.kinds).flatMap((entries) =>
          entries.filter(({ versions }) => versions.includes(version)).map(({ definition }) => definition),
        ),
      ];
      for (const name of names) expect(schemas.definition(name, version)).toBeDefined();
      return asked.filter((name) => !names.has(name)).map((name) => `${version} ${name}`);
    });
    expect(dangling).toEqual([]);
  });

  test('have patterns that can be read', () => {
    const patterns = store.definitions.flatMap(({ schema }) =>
      [...JSON.stringify(schema).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, text = '']) =>
        String(JSON.parse(text)),
      ),
    );
    expect(patterns.length).toBeGreaterThan(100);
    for (const pattern of patterns) expect(goPattern(pattern).test('')).toEqual(expect.any(Boolean));
  });

  test('have every field of which only code knows the values', () => {
    const schemas = new Schemas(store);
    for (const [name, fields] of Object.entries(enums)) {
      const { properties = {} } = schemas.definition(name, '1.36');
      for (const [field, values] of Object.entries(fields)) {
        const { items, enum: own } = properties[field] ?? {};
        expect({ name, field, values: items?.enum ?? own }).toEqual({ name, field, values });
      }
    }
  });
});

describe('packing', () => {
  const meta = { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', description: 'Metadata.' };
  const objectMeta = { type: 'object', properties: { name: { type: 'string' } } };
  const widget = (size: object, group = '') => ({
    description: 'A widget.',
    type: 'object',
    properties: { size: { ...size, description: 'How large.', default: 1 }, metadata: meta },
    'x-kubernetes-group-version-kind': [{ group, version: 'v1', kind: 'Widget' }],
  });
  const definitions = (size: object) => ({
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': objectMeta,
    'example.Widget': widget(size),
    'example.WidgetList': { type: 'object', properties: { items: { type: 'array' } } },
  });
  const packed = kubernetesKinds([
    { version: '1.1', definitions: definitions({ type: 'string' }) },
    { version: '1.2', definitions: definitions({ type: 'string' }) },
    { version: '1.3', definitions: definitions({ type: 'integer' }) },
  ]);
  const schemas = new Schemas(packed);

  test('keeps what versions share once, and what they do not for each', () => {
    const widgets = packed.definitions.filter(({ name }) => name === 'example.Widget');
    expect(widgets.map(({ versions }) => versions).sort()).toEqual([['1.1', '1.2'], ['1.3']]);
    expect(schemas.definition('example.Widget', '1.2').properties?.size).toEqual({ type: 'string' });
    expect(schemas.definition('example.Widget', '1.3').properties?.size).toEqual({ type: 'integer' });
  });

  test('keeps what can be stored, refuses unknown fields and drops prose', () => {
    expect(packed.kinds).toEqual({ 'v1 Widget': [{ definition: 'example.Widget', versions: ['1.1', '1.2', '1.3'] }] });
    expect(packed.definitions.map(({ name }) => name)).not.toContain('example.WidgetList');
    expect(schemas.definition('example.Widget', '1.1').additionalProperties).toBe(false);
    expect(JSON.stringify(packed)).not.toContain('How large');
  });

  test('of a part of a kind gives way to the whole, and is renewed', () => {
    const custom = (field: string, partial?: string) => {
      const schema = { type: 'object', properties: { [field]: { type: 'string' } } };
      return { apiVersion: 'example.com/v1', kind: 'Gadget', schema, ...(partial && { partial }) };
    };
    const fields = (from: SchemaStore) => {
      const { properties = {} } = new Schemas(from).definition('example.com/v1/Gadget', '1.2');
      return Object.keys(properties).filter((name) => !['apiVersion', 'kind', 'metadata'].includes(name));
    };
    const part = withCustomKinds(packed, [custom('old', 'imports/crds/a.yaml')]);
    expect(fields(part)).toEqual(['old']);
    expect(fields(withCustomKinds(part, [custom('new', 'imports/crds/a.yaml')]))).toEqual(['new']);
    const whole = withCustomKinds(part, [custom('all')]);
    expect(fields(withCustomKinds(whole, [custom('new', 'imports/crds/a.yaml')]))).toEqual(['all']);
    expect(Object.keys(withCustomKinds(part, []).kinds)).toEqual(['v1 Widget']);
  });

  test('is the same text for the same schemas, and gives them back', () => {
    expect(pack(packed)).toBe(pack(packed));
    expect(unpack(pack(packed))).toEqual(packed);
  });
});
