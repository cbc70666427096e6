import { formatProblem } from '../../config/problems';
import { ofSet, sizeProblems } from '../../main';
import type { Manifest } from '../../render/manifest';
import { envText, production, renderAll, type Settings } from '../support/studio';

const place = { file: 'studios/a.env', line: 9 };

/** An AppProject whose JSON has exactly so many bytes. */
function project(bytes: number, annotations: Readonly<Record<string, string>> = {}): Manifest {
  const empty = { apiVersion: 'argoproj.io/v1alpha1', kind: 'AppProject', metadata: { name: 'p', annotations } };
  const filled = (description: string) => ({ ...empty, spec: { description } });
  return filled('x'.repeat(bytes - JSON.stringify(filled('')).length));
}

function said(manifest: Manifest): readonly string[] {
  return sizeProblems([{ file: 'argocd/00-application-set.k8s.yaml', manifest }], ofSet(place)).map(formatProblem);
}

const KEY = 'kubectl.kubernetes.io/last-applied-configuration'.length;

describe('what Argo CD applies to itself', () => {
  test('is nothing to talk about while its copy fits into an annotation', () => {
    expect(said(project(262144 - KEY))).toEqual([]);
  });

  test.each([
    ['its copy', project(262144 - KEY + 1)],
    ['its copy, with other annotations beside it,', project(262144 - KEY, { a: '' })],
  ])('must be applied on the server where %s does not fit', (_, manifest) => {
    expect(said(manifest)).toEqual([
      'note: studios/a.env:9 JUNJO_K8S_GIT_REPO: the AppProject of all studios is larger than the 256 KiB that kubectl apply stores in an annotation. Apply it with kubectl apply --server-side',
    ]);
  });

  test('is an error where etcd does not take it', () => {
    expect(said(project(1.5 * 1024 * 1024))).toEqual([expect.stringMatching(/^note: /)]);
    expect(said(project(1.5 * 1024 * 1024 + 1))).toEqual([
      'studios/a.env:9 JUNJO_K8S_GIT_REPO: the AppProject of all studios is larger than the 1.5 MiB that etcd accepts. Divide the studios among several clusters, each with its own folder of studios and its own repository or path (docs/scale.md)',
    ]);
  });
});

describe('the objects of one studio', () => {
  const about = (settings: Settings) =>
    renderAll([{ files: [{ path: '.env', text: envText(production(settings)) }] }])
      .problems.map(formatProblem)
      .filter((problem) => problem.includes('is larger than'));

  test('are nothing to talk about with the settings that people have', () => {
    expect(about({ JUNJO_K8S_WEB_SOURCE_RANGES: '203.0.113.0/24' })).toEqual([]);
  });

  test('must be applied on the server where the copy of the largest does not fit', () => {
    expect(about({ JUNJO_K8S_ANNOTATIONS: `example.com/note=${'x'.repeat(140_000)}` })).toEqual([
      'note: .env: the Deployment junjo-ai-studio-backend is larger than the 256 KiB that kubectl apply stores in an annotation. Apply it with kubectl apply --server-side',
    ]);
  });
});
