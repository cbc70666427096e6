import { ApiObject, App, Chart, JsonPatch } from 'cdk8s';
import { renderStudio } from '../../main';
import { manifestsBelow } from '../../render/files';
import { Studio } from '../../render/studio';
import { development, load, type Settings } from '../support/studio';

/** A studio mounted in an App of somebody else. */
function mounted(text: string, settings: Settings = {}) {
  const config = load(development({ JUNJO_K8S_PATCHES: 'patches.yaml', ...settings }), { readFile: () => text });
  const app = new App();
  return { app, config, studio: new Studio(app, config.namespace, { config }) };
}

const onBackend = (fields: object) =>
  JSON.stringify({ patches: [{ target: { kind: 'Deployment', name: 'junjo-ai-studio-backend' }, patch: fields }] });
const replicas = onBackend({ spec: { replicas: 2 } });

/** The object of a kind and name below a studio. */
function objectOf(studio: Studio, kind: string, name: string): ApiObject {
  const objects = studio.node.findAll().filter((construct) => construct instanceof ApiObject);
  const found = objects.find((object) => object.kind === kind && object.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

describe("a studio in an App of one's own", () => {
  test('has its patches, and is otherwise what synth writes', () => {
    const { studio, config } = mounted(onBackend({ spec: { revisionHistoryLimit: 3 } }));
    const backend = objectOf(studio, 'Deployment', 'junjo-ai-studio-backend').toJson();
    expect(backend.spec.revisionHistoryLimit).toBe(3);
    expect(manifestsBelow(studio)).toEqual(renderStudio(config).manifests);
  });

  test('rolls the pods that read a patched ConfigMap', () => {
    const level = JSON.stringify({
      patches: [
        { target: { kind: 'ConfigMap', name: 'junjo-ai-studio-backend-settings' }, patch: { data: { MORE: 'yes' } } },
      ],
    });
    const { studio } = mounted(level);
    const { template } = objectOf(studio, 'Deployment', 'junjo-ai-studio-backend').toJson().spec;
    expect(template.metadata.annotations).toHaveProperty('checksum/patches');
  });

  test('lets the App synthesize where no rule is broken', () => {
    const { app } = mounted('patches: []');
    expect(app.synthYaml()).toContain('kind: Deployment');
  });

  test('stops the App where Flux is to apply it, which needs files that are no charts', () => {
    const git = { JUNJO_K8S_GITOPS: 'flux', JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' };
    const { app } = mounted('patches: []', git);
    expect(() => app.synthYaml()).toThrow(/JUNJO_K8S_GITOPS=flux needs files for kustomize/);
  });

  test('stops the App where a patch breaks a rule, and names the patch', () => {
    const { app } = mounted(replicas);
    expect(() => app.synthYaml()).toThrow(
      /patches\.yaml:1: breaks the rule one-writer\. Deployment junjo-ai-studio-backend/,
    );
  });

  test('does not where the patch file waives the rule', () => {
    const waive = [{ rule: 'one-writer', reason: 'for a test' }];
    const { app } = mounted(JSON.stringify({ ...JSON.parse(replicas), waive }));
    expect(app.synthYaml()).toContain('replicas: 2');
  });

  test('tells of a rule that is waived, for patches and for the App', () => {
    const waive = [{ rule: 'one-writer', reason: 'for a test' }];
    const { app, studio } = mounted(JSON.stringify({ ...JSON.parse(replicas), waive }));
    expect(studio.problems).toMatchObject([
      { severity: 'warning', text: expect.stringContaining('waives the rule one-writer') },
    ]);
    objectOf(studio, 'Deployment', 'junjo-ai-studio-ingestion').addJsonPatch(JsonPatch.remove('/spec/strategy'));
    expect(app.synthYaml()).toContain('replicas: 2');
  });

  test('names what a patch breaks once', () => {
    const { app } = mounted(replicas);
    let message = '';
    try {
      app.synthYaml();
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain('breaks the rule one-writer');
    expect(message).not.toContain('the App changed the studio');
  });

  test('stops the App where a patch fits nothing', () => {
    const { app } = mounted(JSON.stringify({ patches: [{ target: { kind: 'Pod' }, patch: {} }] }));
    expect(() => app.synthYaml()).toThrow(/patches\.yaml:1: no Pod exists/);
  });

  test('stops the App that itself breaks a rule after the studio was made', () => {
    const { app, studio } = mounted('patches: []');
    objectOf(studio, 'Deployment', 'junjo-ai-studio-backend').addJsonPatch(JsonPatch.remove('/spec/strategy'));
    expect(() => app.synthYaml()).toThrow(
      /junjo-ai-studio: the App changed the studio, which breaks the rule one-writer/,
    );
  });

  test.each([
    ['opens what is closed', { podSelector: {}, ingress: [{}], policyTypes: ['Ingress'] }],
    [
      'opens an internal port',
      {
        podSelector: {
          matchLabels: { 'app.kubernetes.io/name': 'junjo-ai-studio', 'app.kubernetes.io/component': 'ingestion' },
        },
        ingress: [{ ports: [{ port: 50052, protocol: 'TCP' }] }],
      },
    ],
  ])('stops the App that adds a policy that %s', (_, spec) => {
    const { app, studio, config } = mounted('patches: []');
    new ApiObject(new Chart(studio, 'mine'), 'policy', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'mine', namespace: config.namespace },
      spec,
    });
    expect(() => app.synthYaml()).toThrow(
      /the App changed the studio, which breaks the rule network-policies\. NetworkPolicy mine: opens ingress/,
    );
  });

  test('stops the App that publishes an internal port with a Service of its own', () => {
    const { app, studio, config } = mounted('patches: []');
    const selector = { 'app.kubernetes.io/name': 'junjo-ai-studio', 'app.kubernetes.io/component': 'backend' };
    new ApiObject(new Chart(studio, 'mine'), 'service', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'mine', namespace: config.namespace },
      spec: { type: 'LoadBalancer', selector, ports: [{ port: 80, targetPort: 12345, protocol: 'TCP' }] },
    });
    expect(() => app.synthYaml()).toThrow(/rule internal-services\. Service mine: its type is LoadBalancer/);
    expect(() => app.synthYaml()).toThrow(/rule internal-ports\. Service mine: now points to port 12345/);
  });

  test('stops the App that takes a policy away', () => {
    const { app, studio } = mounted('patches: []');
    const policy = objectOf(studio, 'NetworkPolicy', 'junjo-ai-studio-default-deny');
    policy.node.scope?.node.tryRemoveChild(policy.node.id);
    expect(() => app.synthYaml()).toThrow(
      /rule network-policies\. NetworkPolicy junjo-ai-studio-default-deny: no longer closes Ingress/,
    );
  });

  test('does not judge the charts of somebody else', () => {
    const { app } = mounted('patches: []');
    new ApiObject(new Chart(app, 'mine'), 'pod', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'mine', namespace: 'mine' },
      spec: { containers: [{ name: 'mine', image: 'mine', securityContext: { privileged: true } }] },
    });
    expect(app.synthYaml()).toContain('privileged: true');
  });
});

test('two studios of an App in one namespace are an error, and in two they are none', () => {
  const both = (namespace: string) => {
    const { app } = mounted('patches: []');
    new Studio(app, 'other', { config: load(development({ JUNJO_K8S_NAMESPACE: namespace })) });
    return app;
  };
  expect(() => both('junjo-ai-studio').synthYaml()).toThrow(
    /other also has the namespace junjo-ai-studio\. Set JUNJO_K8S_NAMESPACE of one of them to another name/,
  );
  expect(both('another').synthYaml()).toContain('namespace: another');
});
