import { readFileSync } from 'node:fs';
import { App, Chart } from 'cdk8s';
import { loadAll } from 'js-yaml';
import { Studio } from '../../charts/studio';
import { filePurposeOf, purposeOf, purposes, rowName } from '../../cli/explain/purposes';
import { objectsChangedBy, type SettingsOfObjects, settingsOf, settingsOfAll } from '../../cli/explain/settings';
import settings from '../../cli/explain/settings.json';
import { loadStudio } from '../../config/load-studio';
import { variablesOf } from '../../config/variables';
import { releaseLines } from '../../releases';
import { bases, settingsFoundIn } from '../../tools/derived-settings';
import { committedExample, exampleNames, exampleSources } from '../../tools/example-studios';
import type { Manifest } from '../support/studio';

// Of the bases, these three find most: four fifths of what all find in derived-settings.slow.test.ts.
const searched = bases.filter(([name]) => ['gitops-external', 'gitops-sealed', 'production-qdrant'].includes(name));

test.each(searched.map((base) => [base[0], base] as const))(
  'what changing variables of %s shows is in cli/explain/settings.json',
  (_, base) => {
    const found = [...settingsFoundIn(base)].flatMap(([row, names]) => [...names].map((name) => `${row}: ${name}`));
    const written = Object.entries(settings as SettingsOfObjects).flatMap(([file, rows]) =>
      Object.entries(rows).flatMap(([row, names]) => names.map((name) => `${file}/${row}: ${name}`)),
    );
    expect(found.filter((line) => !written.includes(line))).toEqual([]);
    expect(found.length).toBeGreaterThan(100);
  },
);

test('every variable that can be set changes something', () => {
  const settable = releaseLines
    .flatMap(variablesOf)
    .filter(({ refused, setByManifests, insteadOfCompose }) => !refused && !setByManifests && !insteadOfCompose);
  const without = settable.map(({ name }) => name).filter((name) => Object.keys(objectsChangedBy(name)).length === 0);
  // A patch may change any object; another certificate leaves what is sealed as it is, until a secret changes.
  expect([...new Set(without)]).toEqual(['JUNJO_K8S_PATCHES', 'JUNJO_K8S_SEALING_CERT']);
});

test('names and annotations change every object, and labels every one that holds no data', () => {
  expect(settingsOfAll()).toEqual(['JUNJO_K8S_NAME', 'JUNJO_K8S_NAMESPACE', 'JUNJO_K8S_ANNOTATIONS']);
  const files = purposes.map(({ file }) => file).filter((file) => !/^(argocd|flux)\//.test(file));
  const labelled = Object.keys(objectsChangedBy('JUNJO_K8S_LABELS'));
  expect(files.filter((file) => !labelled.includes(file)).every((file) => file.startsWith('foundation/'))).toBe(true);
  expect(labelled.filter((file) => file.startsWith('foundation/'))).toEqual([]);
});

test('every row of the table of purposes is of an object that some studio has', () => {
  const rows = purposes.flatMap(({ file, objects }) => objects.map((object) => [file, rowName(object)] as const));
  expect(rows.filter(([file, row]) => settingsOf(file, row).length === 0)).toEqual([]);
  expect(rows.length).toBeGreaterThan(40);
});

test.each(exampleNames())('every object of examples/%s has a purpose', (name) => {
  // A list for kustomize is no object of a cluster.
  const files = [...committedExample(name)].filter(([path]) => path.endsWith('.yaml'));
  const objects = files.flatMap(([path, text]) => loadAll(text).map((object: Manifest) => [path, object] as const));
  expect(objects.length).toBeGreaterThan(10);
  expect(objects.filter(([path, object]) => !purposeOf(path, object)).map(([path]) => path)).toEqual([]);
});

test.each(exampleNames())('what is said to make a file of examples/%s has its chart', (name) => {
  const { sources, options } = exampleSources(name);
  for (const source of sources) {
    const { config } = loadStudio(source.files, { ...options, name: source.folder });
    if (!config) throw new Error(`${name} has a problem`);
    const studio = new Studio(new App(), 'studio', { config });
    const charts = studio.node.findAll().filter((construct) => construct instanceof Chart);
    for (const chart of charts) {
      const file = chart.node.path.slice('studio/'.length);
      const sourcesOf = filePurposeOf(`${file}.k8s.yaml`)?.madeBy.split(' or ') ?? [];
      const texts = sourcesOf.map((path) => readFileSync(path, 'utf8')).join('\n');
      expect([file, texts]).toEqual([file, expect.stringContaining(`class ${chart.constructor.name} `)]);
    }
  }
});
