import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataLabels } from '../../charts/metadata';
import { Kubectl } from '../../cluster/kubectl';
import { writeFiles } from '../../render/files';
import { FakeApiServer } from '../support/fake-api-server';
import type { Resource } from '../support/fake-cluster/resources';
import { describeWith, pathOf } from '../support/programs';
import { development, files, freshSecret, type Manifest, Rendered } from '../support/studio';

/** Kinds that kubectl prunes by default, beside those of every fake cluster: pkg/util/prune/prune.go of kubernetes/kubectl. */
const pruned: readonly Resource[] = [
  { group: '', version: 'v1', kind: 'Endpoints', plural: 'endpoints', namespaced: true },
  { group: '', version: 'v1', kind: 'ReplicationController', plural: 'replicationcontrollers', namespaced: true },
];

const externalSecrets: Resource = {
  group: 'external-secrets.io',
  version: 'v1',
  kind: 'ExternalSecret',
  plural: 'externalsecrets',
  namespaced: true,
};

const settings = development({
  JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data',
  JUNJO_K8S_NODE: 'worker-1',
  JUNJO_K8S_QDRANT: 'true',
  QDRANT_API_KEY: freshSecret(),
  JUNJO_K8S_LABELS: 'team=ml',
});
const rendered = files(settings);
const labelsOf = (name: string) =>
  Object.entries(new Rendered(rendered).get('Deployment', `junjo-ai-studio-${name}`).metadata.labels);
const own = labelsOf('backend').map((label) => label.join('='));
/** The labels that all workloads have. */
const common = labelsOf('qdrant')
  .map((label) => label.join('='))
  .filter((label) => own.includes(label));

describeWith(['kubectl'], 'kubectl apply --prune', () => {
  let cluster: FakeApiServer;
  const folder = mkdtempSync(join(tmpdir(), 'prune-'));

  beforeEach(async () => {
    cluster = await FakeApiServer.start({ custom: [...pruned, externalSecrets] });
  });

  afterEach(() => cluster.close());

  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(common)('by %s leaves what holds the data', async (label) => {
    const kubectl = new Kubectl({ program: pathOf('kubectl'), kubeconfig: cluster.kubeconfig, requestTimeout: 20 });
    const names = () =>
      ['namespaces', 'persistentvolumes', 'persistentvolumeclaims'].map((plural) =>
        cluster.store.list(plural).map(({ metadata }) => metadata.name),
      );
    const output = join(folder, 'dist');
    writeFiles(rendered, output);
    await kubectl.text(['apply', '-f', join(output, 'foundation'), '-f', output]);
    const [volumes, claims] = [['junjo-ai-studio-data'], ['junjo-ai-studio-data', 'junjo-ai-studio-qdrant']];
    expect(names()).toEqual([expect.arrayContaining(['junjo-ai-studio']), volumes, claims]);
    const before = names();
    // One of the workloads is no longer rendered, so that there is something to prune.
    rmSync(join(output, '45-qdrant.k8s.yaml'));
    await kubectl.text(['apply', '--prune', '-l', label, '-f', output]);
    const workloads = cluster.store.list('deployments').map(({ metadata }) => metadata.name);
    expect(workloads).not.toContain('junjo-ai-studio-qdrant');
    expect(names()).toEqual(before);
  });

  test('by the label of the data deletes other studios, which is why the runbook forbids it', async () => {
    const kubectl = new Kubectl({ program: pathOf('kubectl'), kubeconfig: cluster.kubeconfig, requestTimeout: 20 });
    const [mine, theirs] = ['mine', 'theirs'].map((name) => join(folder, name)) as [string, string];
    const other = { JUNJO_K8S_NAME: 'other', JUNJO_K8S_NAMESPACE: 'other', JUNJO_HOST_DB_DATA_PATH: '/mnt/other' };
    writeFiles(rendered, mine);
    writeFiles(files({ ...settings, ...other }), theirs);
    await kubectl.text(['apply', '-f', join(mine, 'foundation'), '-f', join(theirs, 'foundation')]);
    const label = Object.entries(dataLabels).map((pair) => pair.join('='))[0] ?? '';
    await kubectl.text(['apply', '--prune', '-l', label, '-f', join(mine, 'foundation')]);
    const namesOf = (plural: string) => cluster.store.list(plural).map(({ metadata }) => metadata.name);
    expect(namesOf('namespaces')).toContain('junjo-ai-studio');
    expect(namesOf('namespaces')).not.toContain('other');
    expect(namesOf('persistentvolumes')).toEqual(['junjo-ai-studio-data']);
  });

  test('leaves the Secret that External Secrets Operator makes', async () => {
    const kubectl = new Kubectl({ program: pathOf('kubectl'), kubeconfig: cluster.kubeconfig, requestTimeout: 20 });
    const output = join(folder, 'external');
    const cleared = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
    const external = { JUNJO_K8S_SECRETS: 'external', JUNJO_K8S_SECRET_STORE: 'ClusterSecretStore/vault' };
    writeFiles(files(development({ ...cleared, ...external })), output);
    const [workload, secret] = ['50-ingestion', '30-external-secret'].map((file) => join(output, `${file}.k8s.yaml`));
    await kubectl.text(['apply', '-f', join(output, 'foundation'), '-f', `${workload}`, '-f', `${secret}`]);
    // As its setMetadata does: what the template says, or everything that the ExternalSecret has.
    const [{ metadata, spec }] = cluster.store.list('externalsecrets') as [Manifest];
    const { name, namespace } = metadata;
    const { labels, annotations } = spec.target.template?.metadata ?? metadata;
    const made = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace, labels, annotations },
      type: 'Opaque',
    };
    const file = join(folder, 'made.json');
    writeFileSync(file, JSON.stringify(made));
    await kubectl.text(['create', '-f', file]);
    await kubectl.text(['apply', '--prune', '-l', 'app.kubernetes.io/name=junjo-ai-studio', '-f', `${secret}`]);
    expect(cluster.store.list('deployments')).toEqual([]);
    expect(cluster.store.list('secrets').map(({ metadata: { name } }) => name)).toContain(name);
  });
});
