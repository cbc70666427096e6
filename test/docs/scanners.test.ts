import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { podsOf } from '../../render/manifest';
import { type Manifest, production, render } from '../support/studio';

const page = readFileSync('docs/scanners.md', 'utf8');
const studio = render(production({ JUNJO_K8S_FRONTEND_REPLICAS: '2' }));
const pods = studio.objects.flatMap(podsOf).map(({ spec }) => spec as Manifest);
const containers: readonly Manifest[] = pods.flatMap((spec) => [...(spec.initContainers ?? []), ...spec.containers]);

/** The files to paste, by the first word of their chapter. */
const files = new Map(
  page.split(/^## /m).flatMap((chapter) => {
    const [, , text] = /^```(yaml|json)\n(.*?)^```$/ms.exec(chapter) ?? [];
    return text === undefined ? [] : [[chapter.split('\n')[0] ?? '', load(text) as Manifest] as const];
  }),
);

test('the files to paste can be read', () => {
  expect([...files.keys()]).toEqual(['checkov', 'kube-linter', 'Polaris', 'kubescape']);
  expect(files.get('kubescape')[0].posturePolicies).toEqual([{ controlID: 'C-0270' }]);
});

/** What makes a check of checkov fail: checkov/kubernetes/checks/resource/k8s/ of bridgecrewio/checkov. */
const CHECKOV: Readonly<Record<string, boolean>> = {
  CKV_K8S_11: containers.some(({ resources }) => !resources.limits.cpu),
  CKV_K8S_15: containers.some(({ image, imagePullPolicy }) => !image.includes('@') && imagePullPolicy !== 'Always'),
  CKV_K8S_35: containers.some(({ env = [] }) => env.some(({ valueFrom }: Manifest) => valueFrom?.secretKeyRef)),
  CKV_K8S_40: pods.some(({ securityContext }) => securityContext.runAsUser < 10_000),
  CKV_K8S_43: containers.some(({ image }) => !image.includes('@')),
};

test('every check of checkov that is left out is about something that is rendered', () => {
  expect(Object.fromEntries(files.get('checkov')['skip-check'].map((id: string) => [id, CHECKOV[id]]))).toEqual(
    Object.fromEntries(Object.keys(CHECKOV).map((id) => [id, true])),
  );
});

test('what the page calls on purpose is rendered so', () => {
  const single = studio.ofKind('Deployment').filter(({ spec }) => spec.replicas === 1);
  expect(single.length).toBeGreaterThan(1);
  for (const { spec } of single) expect(spec.strategy.type).toBe('Recreate');
  expect(containers.every(({ resources }) => resources.limits.memory && resources.requests.cpu)).toBe(true);
  expect(pods.some(({ topologySpreadConstraints }) => topologySpreadConstraints)).toBe(true);
});

test('what kube-linter reports when every check is on is left out', () => {
  const found: Readonly<Record<string, boolean>> = {
    'dangling-networkpolicy': studio
      .ofKind('NetworkPolicy')
      .some(({ spec }) => spec.podSelector.matchLabels?.['acme.cert-manager.io/http01-solver']),
    'privileged-ports': containers.some(({ ports = [] }) =>
      ports.some(({ containerPort }: Manifest) => containerPort < 1024),
    ),
    // It reads manifests without the defaults of the API server.
    'restart-policy': pods.some(({ restartPolicy }) => !restartPolicy),
  };
  expect(Object.values(found)).not.toContain(false);
  expect(files.get('kube-linter').checks.exclude).toEqual(expect.arrayContaining(Object.keys(found)));
});
