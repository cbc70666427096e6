import { goPattern } from '../../cli/validate/check';
import { enums } from '../../cli/validate/enums';
import { packedSchemas } from '../../cli/validate/packed-schemas';
import { type SchemaStore, Schemas, unpack } from '../../cli/validate/schemas';
import { customKinds } from '../../tools/schemas/custom-kinds';
import { kubernetesSchemas, pack, withCustomKinds } from '../../tools/schemas/pack';

const store = unpack(packedSchemas);
const schemas = new Schemas(store);
const own = customKinds('imports/crds');

describe('the packed schemas', () => {
  test('have every kind of imports/crds/ as it is today (npm run schemas packs them)', () => {
    expect(withCustomKinds(store, own)).toEqual(store);
    expect([...schemas.kinds]).toEqual(expect.arrayContaining(Object.keys(own)));
  });

  test.each([
    'cert-manager.io/v1 Certificate',
    'gateway.networking.k8s.io/v1 HTTPRoute',
    'argoproj.io/v1alpha1 ApplicationSet',
    'traefik.io/v1alpha1 Middleware',
  ])('are the published one and not that of imports/crds/ for %s', (key) => {
    expect(Object.keys(own)).toContain(key);
    expect(store.custom).toHaveProperty([key, 'schema']);
    expect(store.custom).not.toHaveProperty([key, 'partial']);
  });

  test.each(schemas.versions)('refer only to definitions that exist, in Kubernetes %s', (version) => {
    const { kinds, definitions } = store.kubernetes[version] ?? { kinds: {}, definitions: {} };
    const references = JSON.stringify([definitions, store.custom]).matchAll(/"\$ref":"([^"]+)"/g);
    const names = [...Object.values(kinds), ...[...references].map(([, name = '']) => name)];
    expect(names.length).toBeGreaterThan(100);
    expect(names.filter((name) => !Object.hasOwn(definitions, name))).toEqual([]);
  });

  test('have patterns that can be read', () => {
    const patterns = [...JSON.stringify(store).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, text = '']) =>
      String(JSON.parse(text)),
    );
    expect(patterns.length).toBeGreaterThan(100);
    for (const pattern of patterns) expect(goPattern(pattern).test('')).toEqual(expect.any(Boolean));
  });

  test('have every field of which only code knows the values', () => {
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
  const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
  const kubernetes = (size: object) =>
    kubernetesSchemas({
      [OBJECT_META]: { type: 'object', properties: { name: { type: 'string' } } },
      'example.Widget': {
        type: 'object',
        properties: {
          size: { ...size, default: 1 },
          metadata: { $ref: `#/definitions/${OBJECT_META}` },
          either: { anyOf: [{ properties: { a: { type: 'string' } } }] },
        },
        'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
      },
      'example.WidgetList': {
        type: 'object',
        properties: { items: { type: 'array' } },
        'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'WidgetList' }],
      },
    });
  const packed: SchemaStore = {
    kubernetes: { '1.1': kubernetes({ type: 'string' }), '1.2': kubernetes({ type: 'integer' }) },
    custom: {},
  };

  test('keeps what each version has', () => {
    const size = (version: string) =>
      new Schemas(packed).kind('example.com/v1', 'Widget', version)?.schema.properties?.size;
    expect(size('1.1')).toEqual({ type: 'string' });
    expect(size('1.2')).toEqual({ type: 'integer' });
    expect(size('1.3')).toBeUndefined();
  });

  test('keeps kinds that can be applied, rejects unknown fields and drops descriptions', () => {
    const { kinds, definitions } = kubernetes({ type: 'string', description: 'How large.' });
    expect(kinds).toEqual({ 'example.com/v1 Widget': 'example.Widget' });
    expect(definitions['example.Widget']).toEqual({
      type: 'object',
      additionalProperties: false,
      properties: {
        size: { type: 'string' },
        metadata: { $ref: OBJECT_META },
        either: { anyOf: [{ properties: { a: { type: 'string' } } }] },
      },
    });
  });

  test('replaces a part of a kind by the complete kind, and by a newer part', () => {
    const custom = (field: string, partial?: string): SchemaStore['custom'] => ({
      'example.com/v1 Gadget': { schema: { type: 'object', properties: { [field]: { type: 'string' } } }, partial },
    });
    const fields = (from: SchemaStore) => {
      const { properties = {} } = new Schemas(from).kind('example.com/v1', 'Gadget', '1.2')?.schema ?? {};
      return Object.keys(properties).filter((name) => !['apiVersion', 'kind', 'metadata'].includes(name));
    };
    const part = withCustomKinds(packed, custom('old', 'imports/crds/a.yaml'));
    expect(fields(part)).toEqual(['old']);
    expect(fields(withCustomKinds(part, custom('new', 'imports/crds/a.yaml')))).toEqual(['new']);
    const complete = withCustomKinds(part, custom('all'));
    expect(fields(complete)).toEqual(['all']);
    expect(fields(withCustomKinds(complete, custom('new', 'imports/crds/a.yaml')))).toEqual(['all']);
    expect(withCustomKinds(part, {})).toEqual(packed);
  });

  test('is the same text for the same schemas, and gives them back', () => {
    expect(pack(packed)).toBe(pack(packed));
    expect(unpack(pack(packed))).toEqual(packed);
  });
});
