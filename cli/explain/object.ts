import { distance } from 'fastest-levenshtein';
import { type PlacedManifest, podsOf, titleOf } from '../../render/manifest';
import { filePurposeOf, purposeOf, purposes, rowName } from './purposes';
import { settingsOf, settingsOfAll } from './settings';

/** What an object of a studio is for. */
export interface ObjectExplanation {
  /** `Deployment junjo-ai-studio-backend`. */
  readonly object: string;
  readonly purpose: string;
  /** Path below the output folder. */
  readonly file: string;
  /** Source that makes it. */
  readonly madeBy: string;
  /** Variables that change it, without those that change every object. */
  readonly settings: readonly string[];
}

/** What a file of the output folder is for. */
export interface FileExplanation extends Omit<ObjectExplanation, 'object'> {
  /** The objects in it, for this studio. */
  readonly objects: readonly string[];
}

/** The objects that match `kind/name`, `Kind name`, or a name. A kind may have any spelling that kubectl accepts. */
export function explainObjects(asked: string, placed: readonly PlacedManifest[]): readonly ObjectExplanation[] {
  const [kind, name] = /^\S+[/ ]\S+$/.test(asked) ? asked.split(/[/ ]/) : [undefined, asked];
  return placed.flatMap(({ file, manifest }): readonly ObjectExplanation[] => {
    const row = purposeOf(file, manifest);
    if (!row || manifest.metadata.name !== name || !(kind === undefined || isKind(kind, manifest.kind))) return [];
    return [
      {
        object: titleOf(manifest),
        purpose: row.object.text,
        file,
        madeBy: row.file.madeBy,
        settings: withoutThoseOfAll(settingsOf(row.file.file, rowName(row.object))),
      },
    ];
  });
}

/** The rendered files that match a path or a name, with or without the output folder and the ending. */
export function explainFiles(asked: string, placed: readonly PlacedManifest[]): readonly FileExplanation[] {
  const paths = [...new Set(placed.map(({ file }) => file))].sort();
  return paths.flatMap((path): readonly FileExplanation[] => {
    const row = filePurposeOf(path);
    const isAsked = isPathOf(asked, path);
    if (!row || !isAsked) return [];
    const manifests = placed.filter(({ file }) => file === path).map(({ manifest }) => manifest);
    const rows = manifests.map((manifest) => purposeOf(path, manifest)).filter((found) => found !== undefined);
    const settings = rows.flatMap(({ object }) => settingsOf(row.file, rowName(object)));
    return [
      {
        file: path,
        purpose: row.text,
        madeBy: row.madeBy,
        objects: manifests.map(titleOf),
        settings: withoutThoseOfAll([...new Set(settings)]),
      },
    ];
  });
}

/** Names that a person can ask for: objects as `kind/name`, and files. */
export function namesOf(placed: readonly PlacedManifest[]): readonly string[] {
  return [
    ...placed.flatMap(({ manifest: { kind, metadata } }) => [`${kind.toLowerCase()}/${metadata.name}`, metadata.name]),
    ...placed.map(({ file }) => file),
  ];
}

/** The short names of kinds in kubectl. */
const SHORT: Readonly<Record<string, string>> = {
  cm: 'ConfigMap',
  cert: 'Certificate',
  deploy: 'Deployment',
  gtw: 'Gateway',
  ing: 'Ingress',
  netpol: 'NetworkPolicy',
  ns: 'Namespace',
  pdb: 'PodDisruptionBudget',
  pv: 'PersistentVolume',
  pvc: 'PersistentVolumeClaim',
  svc: 'Service',
};

/** `deploy`, `deployment`, `deployments`, `deployments.apps`, `Deployment`. */
function isKind(asked: string, kind: string): boolean {
  const [word = ''] = asked.toLowerCase().split('.');
  const one = kind.toLowerCase();
  const many = one.endsWith('y') ? `${one.slice(0, -1)}ies` : one.endsWith('s') ? `${one}es` : `${one}s`;
  return word === one || word === many || SHORT[word] === kind;
}

function isPathOf(asked: string, path: string): boolean {
  const [name, full] = [asked, path].map((each) => `/${each.replace(/(\.k8s)?\.yaml$/, '')}`);
  return name !== undefined && full !== undefined && (name.endsWith(full) || full.endsWith(name));
}

/** An object or a file that other settings or releases render, but not this studio. */
export interface Unrendered {
  readonly purpose: string;
  readonly file: string;
  /** Variables that change it. */
  readonly settings: readonly string[];
}

/** The row of the table of purposes that a name means. An object whose name a setting decides is found by its kind. */
export function unrendered(asked: string, placed: readonly PlacedManifest[]): Unrendered | undefined {
  const [kind, name] = asked.split(/[/ ]/);
  const nameOfAny = (of: string) => (placed.some(({ manifest }) => manifest.kind === of) ? undefined : name);
  for (const { file, text, objects } of purposes) {
    const rows = objects.map((object) => ({ object, settings: settingsOf(file, rowName(object)) }));
    if (isPathOf(asked, file)) {
      return {
        purpose: text,
        file,
        settings: withoutThoseOfAll([...new Set(rows.flatMap(({ settings }) => settings))]),
      };
    }
    const row = rows.find(
      ({ object }) => kind && isKind(kind, object.kind) && (object.name ?? nameOfAny(object.kind)) === name,
    );
    if (row) return { purpose: row.object.text, file, settings: withoutThoseOfAll(row.settings) };
  }
  return undefined;
}

/** The names that are most similar to one that does not exist, best first: those of its kind, or those that differ in a third at most. */
export function similarNames(asked: string, placed: readonly PlacedManifest[]): readonly string[] {
  const workload = workloadOf(asked, placed);
  if (workload) return [workload];
  const core = coreOf(asked);
  const distanceTo = (name: string) => {
    const other = coreOf(name);
    return core !== '' && other.includes(core) ? (other.length - core.length) / 100 : distance(core, other);
  };
  const folder = /^(.*dist\/)/.exec(asked)?.[1];
  // A path names a file, and a slash elsewhere an object.
  const isFitting = (name: string) => (folder ? name.endsWith('.yaml') : !asked.includes('/') || name.includes('/'));
  const [kind = ''] = asked.split('/');
  const ofKind = placed.filter(({ manifest }) => isKind(kind, manifest.kind));
  const names = [...new Set(namesOf(ofKind.length > 0 ? ofKind : placed))]
    .filter(isFitting)
    .map((name) => ({ name, distance: distanceTo(name) }))
    .filter((each) => ofKind.length > 0 || each.distance <= Math.max(2, core.length / 3))
    .sort((a, b) => a.distance - b.distance);
  const [best] = names;
  const isTypo = best !== undefined && best.distance >= 1 && best.distance <= 2;
  return names.slice(0, isTypo ? 1 : 3).map(({ name }) => (folder ? `${folder}${name}` : name));
}

/** The workload of a pod, because kubectl shows pods and no file holds one. */
function workloadOf(asked: string, placed: readonly PlacedManifest[]): string | undefined {
  const [, pod] = /^(?:pods?|po)[/ ](.+)$/i.exec(asked) ?? [];
  const found = placed.find(
    ({ manifest }) => podsOf(manifest).length > 0 && pod?.startsWith(`${manifest.metadata.name}-`),
  );
  return found && `${found.manifest.kind.toLowerCase()}/${found.manifest.metadata.name}`;
}

/** A name without what most names share. */
function coreOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/^.*dist\//, '')
    .replace(/(\.k8s)?\.yaml$/, '')
    .replace(/junjo-ai-studio-?/, '');
}

function withoutThoseOfAll(names: readonly string[]): readonly string[] {
  const all = settingsOfAll();
  return names.filter((name) => !all.includes(name));
}
