import { loadAll } from 'js-yaml';
import type { Manifest } from '../../render/manifest';
import { titleOf } from '../../render/manifest';
import type { RenderedFile } from '../../render/rendered-file';
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
export function explainObjects(asked: string, files: readonly RenderedFile[]): readonly ObjectExplanation[] {
  const [kind, name] = /^\S+[/ ]\S+$/.test(asked) ? asked.split(/[/ ]/) : [undefined, asked];
  return objectsOf(files).flatMap(({ path, object }): readonly ObjectExplanation[] => {
    const row = purposeOf(path, object);
    if (!row || object.metadata.name !== name || !(kind === undefined || isKind(kind, object.kind))) return [];
    return [
      {
        object: titleOf(object),
        purpose: row.object.text,
        file: path,
        madeBy: row.file.madeBy,
        settings: withoutThoseOfAll(settingsOf(row.file.file, rowName(row.object))),
      },
    ];
  });
}

/** The rendered files that a person may mean by a path or a name, with the folder of the output or without. */
export function explainFiles(asked: string, files: readonly RenderedFile[]): readonly FileExplanation[] {
  return files.flatMap(({ path }): readonly FileExplanation[] => {
    const row = filePurposeOf(path);
    const isAsked = `/${asked}`.endsWith(`/${path}`) || `/${path}`.endsWith(`/${asked}`);
    if (!row || !isAsked) return [];
    const objects = objectsOf(files).filter((each) => each.path === path);
    const rows = objects.map(({ object }) => purposeOf(path, object)).filter((found) => found !== undefined);
    const settings = rows.flatMap(({ object }) => settingsOf(row.file, rowName(object)));
    return [
      {
        file: path,
        purpose: row.text,
        madeBy: row.madeBy,
        objects: objects.map(({ object }) => titleOf(object)),
        settings: withoutThoseOfAll([...new Set(settings)]),
      },
    ];
  });
}

/** Names that can be asked for: objects as `kind/name`, and files. */
export function namesOf(files: readonly RenderedFile[]): readonly string[] {
  const objects = objectsOf(files).map(({ object }) => object);
  return [
    ...objects.flatMap(({ kind, metadata }) => [`${kind.toLowerCase()}/${metadata.name}`, metadata.name]),
    ...files.map(({ path }) => path),
  ];
}

interface PlacedObject {
  readonly path: string;
  readonly object: Manifest;
}

function objectsOf(files: readonly RenderedFile[]): readonly PlacedObject[] {
  return files.flatMap(({ path, text }) => (loadAll(text) as Manifest[]).map((object) => ({ path, object })));
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
