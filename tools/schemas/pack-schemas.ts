import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { packedSchemas } from '../../cli/validate/packed-schemas';
import { type SchemaStore, unpack } from '../../cli/validate/schemas';
import { customKinds } from './custom-kinds';
import { kubernetesSchemas, pack, withCustomKinds } from './pack';

/** Kinds whose published schemas are packed. The names of their files are in lower case. */
const PUBLISHED = [
  ...['Application', 'ApplicationSet', 'AppProject', 'Backup', 'BackendTLSPolicy', 'Certificate', 'ClusterIssuer'],
  ...['ClusterSecretStore', 'ExternalSecret', 'Gateway', 'GitRepository', 'GRPCRoute', 'HTTPRoute', 'IngressRoute'],
  ...['Issuer', 'Kustomization', 'Middleware', 'OCIRepository', 'PodMonitor', 'PrometheusRule', 'ReferenceGrant'],
  ...['ReplicationDestination', 'ReplicationSource', 'Restore', 'Schedule', 'SealedSecret', 'SecretStore'],
  ...['ServiceMonitor', 'VolumeSnapshot', 'VolumeSnapshotClass', 'VolumeSnapshotContent'],
];

/**
 * Writes cli/validate/packed-schemas.ts. With a folder, it packs the published schemas of that folder, which
 * tools/schemas/README.md describes. Without a folder, it keeps the published schemas that are packed already.
 * In both cases it adds the kinds of `imports/crds/` that have no published schema.
 */
function main(folder: string | undefined): void {
  const store = folder === undefined ? unpack(packedSchemas) : published(folder);
  const packed = pack(withCustomKinds(store, customKinds('imports/crds')));
  const comment = '// Written by `npm run schemas`. tools/schemas/README.md lists the sources.';
  writeFileSync('cli/validate/packed-schemas.ts', `${comment}\nexport const packedSchemas =\n  '${packed}';\n`);
  console.log(`cli/validate/packed-schemas.ts: ${Math.round(packed.length / 1024)} KiB`);
}

function published(folder: string): SchemaStore {
  const versions = filesOf(join(folder, 'kubernetes')).map(({ name, text }) => [
    name,
    kubernetesSchemas(JSON.parse(text).definitions),
  ]);
  const custom = filesOf(join(folder, 'crds')).map(({ name, text }) => {
    const [group, lowerCase, version] = name.split('_');
    const kind = PUBLISHED.find((each) => each.toLowerCase() === lowerCase);
    if (kind === undefined)
      throw new Error(`${name}: the kind is not known. Add it to PUBLISHED, spelled as in manifests`);
    return [`${group}/${version} ${kind}`, { schema: JSON.parse(text) }];
  });
  return withCustomKinds({ kubernetes: Object.fromEntries(versions), custom: {} }, Object.fromEntries(custom));
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
