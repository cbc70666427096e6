import { type PlacedManifest, titleOf } from '../../render/manifest';
import { filePurposeOf, purposeOf, rowName } from './purposes';
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
  /** Variables that change it, beside those that change every object. */
  readonly settings: readonly string[];
}

/** What a file of the output folder is for. */
export interface FileExplanation extends Omit<ObjectExplanation, 'object'> {
  /** What it holds in this studio. */
  readonly objects: readonly string[];
}

/** The objects that a person may mean by `kind/name`, `Kind name` or a name; kinds in their usual spellings. */
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

/** The rendered files that a person may mean by a path or a name, with the folder of the output or without. */
export function explainFiles(asked: string, placed: readonly PlacedManifest[]): readonly FileExplanation[] {
  const paths = [...new Set(placed.map(({ file }) => file))].sort();
  return paths.flatMap((path): readonly FileExplanation[] => {
    const row = filePurposeOf(path);
    const isAsked = `/${asked}`.endsWith(`/${path}`) || `/${path}`.endsWith(`/${asked}`);
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

/** Names that can be asked for: objects as `kind/name`, and files. */
export function namesOf(placed: readonly PlacedManifest[]): readonly string[] {
  return [
    ...placed.flatMap(({ manifest: { kind, metadata } }) => [`${kind.toLowerCase()}/${metadata.name}`, metadata.name]),
    ...placed.map(({ file }) => file),
  ];
}

/** The short names that kubectl knows of the kinds of a studio. */
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

function withoutThoseOfAll(names: readonly string[]): readonly string[] {
  const all = settingsOfAll();
  return names.filter((name) => !all.includes(name));
}
