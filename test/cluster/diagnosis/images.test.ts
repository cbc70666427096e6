import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diagnosisOf, madeState, type RecordedState, recording, summaryOf } from '../../support/cluster-state';
import type { FakeApiServer } from '../../support/fake-api-server';
import { Folder } from '../../support/folder';
import { clusterOf, findingOf, followed } from '../../support/follow-advice';
import { changed, pod } from '../../support/made-states';
import { describeWith } from '../../support/programs';

const COMPONENTS = ['backend', 'ingestion', 'frontend'] as const;

/** No component gets its image; each try says something else around the words that matter. */
function nonePulls(
  why: (component: string, index: number) => string,
  change: (pod: RecordedState['objects'][number]) => void = () => {},
) {
  return changed('starting', (state) => {
    for (const [index, component] of COMPONENTS.entries()) {
      const found = pod(state, component);
      const { image } = found.spec.containers[0];
      const message = `Back-off pulling image "${image}": ErrImagePull: ${why(image, index)}`;
      Object.assign(found.status.containerStatuses[0], {
        state: { waiting: { reason: 'ImagePullBackOff', message } },
        started: false,
        ready: false,
      });
      change(found);
    }
  });
}

const head = (image: string) =>
  `failed to pull and unpack image "${image}": failed to do request: Head "https://registry-1.docker.io/v2/${image}"`;

describe('all images of one registry', () => {
  test.each([
    [
      'image-unreachable',
      (image: string, n: number) => `${head(image)}: dial tcp 34.200.7.${n}:443: i/o timeout`,
      'i/o timeout',
    ],
    [
      'image-unreachable',
      (image: string, n: number) =>
        `${head(image)}: dial tcp: lookup registry-1.docker.io on 10.96.0.10:53: read udp 10.244.1.${n}:5${n}123->10.96.0.10:53: i/o timeout`,
      'lookup registry-1.docker.io: i/o timeout',
    ],
    [
      'image-unreachable',
      (image: string, n: number) =>
        `${head(image)}: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-23T21:0${n}:00Z is after 2025`,
      'x509: certificate has expired or is not yet valid',
    ],
    [
      'image-unreachable',
      (image: string) => `${head(image)}: unexpected status: 503 Service Unavailable`,
      '503 Service Unavailable',
    ],
    [
      'image-unreachable',
      (image: string) => `${head(image)}: proxyconnect tcp: Proxy Authentication Required`,
      'proxyconnect: Proxy Authentication Required',
    ],
    ['image-rate-limited', (image: string) => `${image}: 429 Too Many Requests - toomanyrequests: denied`, 'docker.io'],
    [
      'image-denied',
      (image: string) => `pull access denied for ${image}, repository does not exist`,
      'docker.io/mdrideout (pull access denied)',
    ],
  ])('%s is one finding: %#', (cause, why, words) => {
    const found = diagnosisOf(nonePulls(why));
    expect(found.map((each) => [each.cause, each.subjects])).toEqual([[cause, ['backend', 'frontend', 'ingestion']]]);
    expect(found[0]?.text).toContain(words);
    expect(found[0]?.text.length).toBeLessThan(160);
  });

  test('that do not exist are reported one by one', () => {
    expect(summaryOf(nonePulls((image) => `${image}: not found`))).toHaveLength(3);
  });
});

test.each([
  [
    'registry.example.com:5000/team/junjo-ai-studio-backend:1',
    'registry.example.com:5000/team',
    '\ndocker --config . login registry.example.com:5000\n',
  ],
  ['localhost/backend:1', 'localhost', '\ndocker --config . login localhost\n'],
  ['mdrideout/junjo-ai-studio-backend:1', 'docker.io/mdrideout', '\ndocker --config . login\n'],
  ['backend', 'docker.io', '\ndocker --config . login\n'],
])('the registry of %s is named', (image, folder, server) => {
  const state = changed('image-missing', (each) => {
    const backend = pod(each, 'backend');
    backend.spec.containers[0].image = image;
    backend.status.containerStatuses[0].state = { waiting: { reason: 'ErrImagePull', message: '401 Unauthorized' } };
  });
  const [found] = diagnosisOf(state);
  expect(found?.text).toBe(`the registry denies access to images of ${folder} (Unauthorized)`);
  expect(found?.fix).toContain(server);
});

test('a pull secret is created, or corrected if it exists', () => {
  const denied = (change: (state: RecordedState) => void) => {
    const state = nonePulls(
      () => 'unauthorized',
      ({ spec }) => {
        spec.imagePullSecrets = [{ name: 'registry' }];
      },
    );
    change(state);
    return diagnosisOf(state)[0];
  };
  const there = ({ objects, namespace }: RecordedState) => {
    objects.push({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'registry', namespace } });
  };
  expect(denied(() => {})?.text).toContain('The pull secret registry does not exist');
  expect(denied(there)?.fix).toMatch(/^Write an account that may pull these images into the pull secret registry/);
  expect(diagnosisOf(nonePulls(() => 'unauthorized'))[0]?.fix).toMatch(/JUNJO_K8S_IMAGE_PULL_SECRET=junjo-registry/);
  const unread = { ...madeState('image-429'), forbidden: ['list secrets'] };
  expect(diagnosisOf(unread)[0]?.cause).toBe('image-rate-limited');
});

describeWith(['kubectl'], 'the advice about images', () => {
  let cluster: FakeApiServer;
  let folder: Folder;
  beforeEach(() => {
    folder = new Folder();
    // As docker login writes it.
    writeFileSync(join(folder.path, 'config.json'), '{"auths":{"docker.io":{"auth":"dTpw"}}}');
  });
  afterEach(async () => {
    folder.remove();
    await cluster.close();
  });

  const follow = async (state: RecordedState, cause: string) => {
    cluster = await clusterOf(state);
    const done = await followed(cluster, findingOf(state, cause), folder.path);
    expect(done.filter(({ code }) => code !== 0)).toEqual([]);
    return done.map(({ output }) => output).join('\n');
  };

  test.each([
    ['image-missing', recording('image-missing'), /junjo-ai-studio-backend/],
    ['image-rate-limited', madeState('image-429'), /junjo-ai-studio-backend/],
    ['image-unreachable', nonePulls((image) => `${head(image)}: i/o timeout`), /junjo-ai-studio-frontend/],
    ['image-platform', nonePulls(() => 'no match for platform in manifest: not found'), /amd64/],
    ['image-pulling', recording('image-pulling'), /junjo-ai-studio-backend/],
    ['image-pulling', { ...recording('image-pulling'), recorded: '2026-11-23T23:00:00Z' }, /node-1/],
    [
      'image-not-pulled',
      changed('image-missing', (state) => {
        pod(state, 'backend').status.containerStatuses[0].state = {
          waiting: { reason: 'ErrImagePull', message: 'new' },
        };
      }),
      /Failed to pull image/,
    ],
  ])('%s shows the reason', async (cause, state, words) => {
    expect(await follow(state, cause)).toMatch(words);
  });

  test('creates a pull secret, and replaces its content', async () => {
    const state = nonePulls(() => 'unauthorized');
    await follow(state, 'image-denied');
    const [secret] = cluster.store.list('secrets').filter(({ metadata }) => metadata.name === 'junjo-registry');
    expect(Object.keys(secret.data)).toEqual(['.dockerconfigjson']);
    expect(secret).toMatchObject({ type: 'kubernetes.io/dockerconfigjson', metadata: { namespace: state.namespace } });
    const again = await followed(cluster, findingOf(state, 'image-denied'), folder.path);
    expect(again.map(({ code }) => code)).toEqual([0, 0]);
  });
});
