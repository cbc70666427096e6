import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { packedSchemas } from '../../cli/validate/packed-schemas';
import { type SchemaStore, unpack } from '../../cli/validate/schemas';
import { customKinds } from './custom-kinds';
import {
  type CustomKind,
  kubernetesKinds,
  type PublishedSchema,
  type PublishedVersion,
  pack,
  withCustomKinds,
} from './pack';

/** Kinds whose published schemas are packed; the names of their files have no capitals. */
const PUBLISHED = [
  ...['Application', 'ApplicationSet', 'AppProject', 'Backup', 'BackendTLSPolicy', 'Certificate', 'ClusterIssuer'],
  ...['ClusterSecretStore', 'ExternalSecret', 'Gateway', 'GitRepository', 'GRPCRoute', 'HTTPRoute', 'IngressRoute'],
  ...['Issuer', 'Kustomization', 'Middleware', 'OCIRepository', 'PodMonitor', 'PrometheusRule', 'ReferenceGrant'],
  ...['ReplicationDestination', 'ReplicationSource', 'Restore', 'Schedule', 'SealedSecret', 'SecretStore'],
  ...['ServiceMonitor', 'VolumeSnapshot', 'VolumeSnapshotClass', 'VolumeSnapshotContent'],
];

/**
 * Writes cli/validate/packed-schemas.ts. With a folder, from its `kubernetes/<version>.json` and its
 * `crds/<group>_<kind>_<version>.json`, each of which may end in `.gz`; tools/schemas/README.md tells where they come from.
 * Without one, what is packed already is kept. Kinds that only `imports/crds/` of this project knows come from there both times.
 */
function main(folder: string | undefined): void {
  const store = folder === undefined ? unpack(packedSchemas) : published(folder);
  const own = readdirSync('imports/crds').map((name) => ({
    path: `imports/crds/${name}`,
    text: readFileSync(`imports/crds/${name}`, 'utf8'),
  }));
  const packed = pack(withCustomKinds(store, customKinds(own)));
  const comment = '// Written by `npm run schemas`; README.md tells from what.';
  writeFileSync('cli/validate/packed-schemas.ts', `${comment}\nexport const packedSchemas =\n  '${packed}';\n`);
  console.log(`cli/validate/packed-schemas.ts: ${Math.round(packed.length / 1024)} KiB`);
}

function published(folder: string): SchemaStore {
  const versions = filesOf(join(folder, 'kubernetes')).map(({ name, text }): PublishedVersion => {
    const { definitions }: { readonly definitions: PublishedVersion['definitions'] } = JSON.parse(text);
    return { version: name, definitions };
  });
  const minor = ({ version }: PublishedVersion) => Number(version.split('.')[1]);
  const custom = filesOf(join(folder, 'crds')).map(({ name, text }): CustomKind => {
    const [group, lowerCase, version] = name.split('_');
    const kind = PUBLISHED.find((each) => each.toLowerCase() === lowerCase);
    if (kind === undefined) throw new Error(`${name}: how is this kind spelt? Add it to PUBLISHED`);
    const schema: PublishedSchema = JSON.parse(text);
    return { apiVersion: `${group}/${version}`, kind, schema };
  });
  return withCustomKinds(kubernetesKinds(versions.sort((a, b) => minor(a) - minor(b))), custom);
}

/** The texts of a folder of JSON, by their names without endings. */
function filesOf(folder: string): readonly { readonly name: string; readonly text: string }[] {
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const bytes = readFileSync(join(folder, file));
      const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      return { name: basename(basename(file, '.gz'), '.json'), text };
    });
}

main(process.argv[2]);
