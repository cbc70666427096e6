import { purposes } from './purposes';
import derived from './settings.json';

/** The variables that change each object, by file and row of the table of purposes. */
export type SettingsOfObjects = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** `npm run docs` writes it: it changes each variable and renders. A test compares it. */
const settingsOfObjects: SettingsOfObjects = derived;

/** Variables that change the object of a row, without JUNJO_K8S_PATCHES, which can change any object. */
export function settingsOf(file: string, row: string): readonly string[] {
  return settingsOfObjects[file]?.[row] ?? [];
}

/** Variables that change every object in the cluster, such as names and annotations. */
export function settingsOfAll(): readonly string[] {
  const [first = [], ...others] = purposes
    .filter(({ file }) => !/^(argocd|flux)\//.test(file))
    .flatMap(({ file }) => Object.values(settingsOfObjects[file] ?? {}));
  return first.filter((name) => others.every((names) => names.includes(name)));
}

/** Files and rows that a variable changes. */
export function objectsChangedBy(name: string): Readonly<Record<string, readonly string[]>> {
  const changed = Object.entries(settingsOfObjects).map(([file, rows]) => {
    return [file, Object.keys(rows).filter((row) => rows[row]?.includes(name))] as const;
  });
  return Object.fromEntries(changed.filter(([, rows]) => rows.length > 0));
}
