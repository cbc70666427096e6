import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { BACKUPS, CLUSTER, NAMESPACED } from '../../cluster/diagnosis/read-studio';

interface Role {
  readonly metadata: { readonly name: string };
  readonly rules: readonly { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[] }[];
}

const page = readFileSync('docs/troubleshooting.md', 'utf8');
const [, manifest = ''] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
const roles = parseAllDocuments(manifest).map((document) => document.toJS() as Role);

/** What a role allows, as `plural.group`. */
function resourcesOf(name: string): readonly string[] {
  const { rules = [] } = roles.find(({ metadata }) => metadata.name === name) ?? {};
  for (const { verbs } of rules) expect(verbs).toEqual(['get', 'list']);
  return rules
    .flatMap(({ apiGroups, resources }) =>
      resources.flatMap((resource) => apiGroups.map((group) => (group ? `${resource}.${group}` : resource))),
    )
    .sort();
}

test('the roles of the page allow what status reads, and nothing else', () => {
  expect(roles.map(({ metadata }) => metadata.name)).toEqual(['junjo-status', 'junjo-status-cluster']);
  expect(resourcesOf('junjo-status')).toEqual([...NAMESPACED, 'secrets', 'pods/log'].sort());
  expect(resourcesOf('junjo-status-cluster')).toEqual([...CLUSTER, 'namespaces', BACKUPS].sort());
});
