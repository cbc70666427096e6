import { App } from 'cdk8s';
import { Construct } from 'constructs';
import { ArgoCdSetChart } from '../charts/argo-cd';
import { addFlux } from '../charts/flux';
import { Studio } from '../charts/studio';
import { purposeOf, purposes, rowName } from '../cli/explain/purposes';
import type { SettingsOfObjects } from '../cli/explain/settings';
import type { EnvFileText } from '../config/env-files';
import { loadStudio } from '../config/load-studio';
import type { StudioConfig } from '../config/studio-config';
import { type Variable, variablesOf } from '../config/variables';
import type { StudioSource } from '../main';
import { newestTag, releaseLines } from '../releases';
import { manifestsBelow } from '../render/files';
import { type ExampleSources, exampleSources } from './example-studios';

/** A studio to change: an example, and settings that it lacks. */
type Base = readonly [example: string, ...settings: string[]];

/** Examples that together hold every object that a studio can have, with the settings that some of them lack. */
export const bases: readonly Base[] = [
  ['local', 'JUNJO_ALLOW_ORIGINS='],
  ['local', 'JUNJO_HOST_DB_DATA_PATH=/mnt/junjo-data', 'JUNJO_K8S_NODE=worker-1'],
  ['hot-reload'],
  ['release-0.82', 'JUNJO_K8S_INGRESS_CLASS=kong', 'JUNJO_K8S_WEB_SOURCE_RANGES=198.51.100.0/24'],
  ['release-0.81.0'],
  ['release-0.86'],
  ['production-traefik'],
  ['production-caddy'],
  ['production-gateway', 'JUNJO_K8S_WEB_SOURCE_RANGES=198.51.100.0/24'],
  ['gitops-external'],
  ['gitops-sealed'],
  ['gitops-flux'],
  ['gitops-flux', 'JUNJO_K8S_GIT_REPO=oci://registry.example.com/team/studio'],
  ['three-studios'],
  ['production-volsync'],
  ['production-velero'],
  ['production-monitoring'],
  ['release-0.82', 'JUNJO_K8S_MONITORING=prometheus'],
  ['production-intake'],
  ['production-qdrant', 'JUNJO_K8S_BACKUP=volsync', 'JUNJO_K8S_BACKUP_REPOSITORY=backup-repository'],
  ['production-intake-http'],
  ['production-intake-http', 'JUNJO_K8S_INGRESS_CLASS=caddy'],
  // Without origins, which need the host: so it can be left out.
  [
    'production-intake-http',
    'JUNJO_K8S_INTAKE_CORS_ORIGINS=',
    'JUNJO_K8S_INGRESS_CLASS=',
    'JUNJO_K8S_GATEWAY=class:eg',
  ],
  ['three-studios', 'JUNJO_K8S_SECRETS=external', 'JUNJO_K8S_SECRET_STORE=ClusterSecretStore/vault'],
];

/** What must be said beside a variable for it to make sense. */
const TOGETHER: Readonly<Record<string, string>> = {
  JUNJO_K8S_SECRETS: 'JUNJO_K8S_SECRET_STORE=',
};

/** Tried for every variable whose type knows them, beside the words and the examples of the table. */
const TRIED = [
  ...'2 3 60 4096 8192 20Gi other OTHER=other SecretStore/other /mnt/other /app/.dbdata/other'.split(' '),
  ...'203.0.113.7/32 203.0.113.7/32:443 https://other.example.com https://other.example.com:50051 other.example.com'.split(
    ' ',
  ),
  ...'https://studio.example.com,https://other.example.com http://localhost:5153,http://localhost:5151'.split(' '),
  ...releaseLines.map(newestTag),
  // Base64 of 32 bytes, for secrets.
  `${'A'.repeat(43)}=`,
];

/** Changes of one variable that are rendered for each base. */
const ENOUGH = 3;

/** Objects by row of the table of purposes, as `file/row`, as text to compare. */
type Objects = ReadonlyMap<string, string>;

/** Variables that change the object of a row, by `file/row`. */
type Found = ReadonlyMap<string, ReadonlySet<string>>;

/** What a patch changes (`JUNJO_K8S_PATCHES`) is up to the patch. */
const settable = [
  ...new Map(releaseLines.flatMap(variablesOf).map((variable) => [variable.name, variable])).values(),
].filter(
  ({ name, refused, setByManifests, insteadOfCompose }) =>
    !refused && !setByManifests && !insteadOfCompose && name !== 'JUNJO_K8S_PATCHES',
);

/** Finds out which variables change an object: gives each variable other values, one at a time, renders, and compares. */
export function derivedSettings(): SettingsOfObjects {
  return tableOf(bases.map(settingsFoundIn));
}

/** The same for one base. */
export function settingsFoundIn([example, ...settings]: Base): Found {
  const base = withFile(firstOf(example), settings.join('\n'));
  const config = configOf(base);
  if (!config) throw new Error(`the base ${[example, ...settings].join(' ')} has a problem`);
  const before = objectsOf(config, base.several);
  const found = new Map<string, Set<string>>();
  for (const variable of settable) {
    // Most values are none here, or make no difference: to render those, or more than a few, would take minutes.
    const seen = new Set([JSON.stringify(config)]);
    for (const changedBase of [without(base, variable), ...linesFor(variable).map((line) => withFile(base, line))]) {
      const changed = configOf(changedBase);
      if (!changed || seen.has(JSON.stringify(changed))) continue;
      seen.add(JSON.stringify(changed));
      const after = objectsOf(changed, base.several);
      for (const row of new Set([...before.keys(), ...after.keys()])) {
        if (before.get(row) === after.get(row)) continue;
        found.set(row, (found.get(row) ?? new Set()).add(variable.name));
      }
      if (seen.size > ENOUGH) break;
    }
  }
  return found;
}

/** What was found in all bases, in the order of the tables of purposes and variables. */
function tableOf(found: readonly Found[]): SettingsOfObjects {
  const rowOf = (row: string) =>
    settable.map(({ name }) => name).filter((name) => found.some((each) => each.get(row)?.has(name)));
  return Object.fromEntries(
    purposes.map(({ file, objects }) => [
      file,
      Object.fromEntries(objects.map((object) => [rowName(object), rowOf(`${file}/${rowName(object)}`)])),
    ]),
  );
}

/** Lines that set a variable to sound values. */
function linesFor({ name, type, example, default: fixed, local }: Variable): readonly string[] {
  const values = [...(type.words ?? TRIED), example, fixed, local].filter((value) => value !== undefined);
  return [...new Set(values)]
    .filter((value) => !('problem' in type.parse(value)))
    .map((value) => `${name}='${value}'\n${TOGETHER[name] ?? ''}`);
}

function without({ sources, ...rest }: ExampleSources, { name }: Variable): ExampleSources {
  const line = new RegExp(`^${name}(=.*)?$`, 'gm');
  const files = (source: StudioSource) =>
    source.files.map(({ path, text }) => ({ path, text: text.replace(line, '') }));
  return { ...rest, sources: sources.map((source) => ({ ...source, files: files(source) })) };
}

/** One studio is enough: those of a set differ in their names. */
function firstOf(example: string): ExampleSources {
  const { sources, ...rest } = exampleSources(example);
  return { ...rest, sources: sources.slice(0, 1) };
}

function withFile({ sources, ...rest }: ExampleSources, text: string): ExampleSources {
  const file: EnvFileText = { path: 'changed.env', text };
  return { ...rest, sources: sources.map(({ files, ...source }) => ({ ...source, files: [...files, file] })) };
}

/** All that the charts are given; nothing where the settings have a problem. */
function configOf({ sources, options }: ExampleSources): StudioConfig | undefined {
  const [{ folder, files } = { files: [] }] = sources;
  return loadStudio(files, { ...options, name: folder }).config;
}

function objectsOf(config: StudioConfig, inSet: boolean): Objects {
  const app = new App();
  const studio = new Studio(app, 'studio', { config, inSet });
  if (inSet && config.git?.gitops === 'flux') {
    addFlux(studio, { name: 'set', git: config.git, studios: [studio.flux] });
  } else if (inSet && config.git) {
    new ArgoCdSetChart(new Construct(studio, 'argocd'), '00-application-set', {
      studios: [studio.argoCd],
      git: config.git,
    });
  }
  const objects = new Map<string, string>();
  for (const { file, manifest } of manifestsBelow(studio)) {
    const row = purposeOf(file, manifest);
    if (!row)
      throw new Error(`cli/explain/purposes.ts has no row for ${manifest.kind} ${manifest.metadata.name} of ${file}`);
    const key = `${row.file.file}/${rowName(row.object)}`;
    objects.set(key, `${objects.get(key) ?? ''}${JSON.stringify(manifest)}`);
  }
  return objects;
}
