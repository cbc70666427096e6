import { imageName, isFloating, isImageRegistry, parseImage } from '../../config/image-reference';
import { newestTag, releaseLines } from '../../releases';
import { development, envText, freshSecret, load, problemsOf, production, type Settings } from '../support/studio';

const DIGEST = `sha256:${'0a'.repeat(32)}`;

test.each([
  ['backend', undefined, undefined],
  ['backend:1.0', '1.0', undefined],
  ['team/backend:v1_a-b.c', 'v1_a-b.c', undefined],
  ['localhost/backend:1', '1', undefined],
  ['registry.example.com/backend', undefined, undefined],
  ['registry:5000/a/b__c/d-e.f:1', '1', undefined],
  [`Registry.Example.com:5000/backend@${DIGEST}`, undefined, DIGEST],
  [`backend:1.0@${DIGEST}`, '1.0', DIGEST],
  [`backend:${'a'.repeat(128)}`, 'a'.repeat(128), undefined],
])('%s is an image', (reference, tag, digest) => {
  expect(parseImage(reference)).toEqual({ reference, tag, digest });
});

test.each([
  '',
  ':1',
  'Backend:1',
  'team/Backend:1',
  'Team/backend:1',
  'a//b:1',
  '/backend',
  'backend/',
  'back end:1',
  'backend:',
  'backend:-1',
  'backend:a b',
  `backend:${'a'.repeat(129)}`,
  'backend@',
  'backend@sha256:0a',
  `backend:-@${DIGEST}`,
  'registry.example.com:port/backend:1',
  '-registry.example.com/backend:1',
  'a_b.example.com/backend:1',
  'backend___x:1',
])('%j is no image', (reference) => {
  expect(parseImage(reference)).toBeUndefined();
});

test.each([
  ['backend', true],
  ['backend:latest', true],
  ['backend:1', true],
  ['backend:v0.82', true],
  ['backend:0.82.1', false],
  ['backend:0.82-rc', false],
  [`backend@${DIGEST}`, false],
  [`backend:latest@${DIGEST}`, false],
])('whether %s moves: %s', (reference, moves) => {
  const image = parseImage(reference);
  expect(image && isFloating(image)).toBe(moves);
});

test.each([
  ['registry.example.com', [], true],
  ['registry:5000', ['mirror', 'docker.io'], true],
  ['registry/', [], false],
  ['registry.example.com', ['Mirror'], false],
  ['registry.example.com', ['mirror', ''], false],
])('whether %s with the path %j is a registry: %s', (host, path, is) => {
  expect(isImageRegistry(host, path)).toBe(is);
});

test.each([
  'backend',
  'team/backend:1.0',
  `registry:5000/backend@${DIGEST}`,
  `registry.example.com:5000/a/backend:1.0@${DIGEST}`,
])('%s is called backend', (reference) => {
  expect(imageName({ reference })).toBe('backend');
});

describe('an image that a setting names', () => {
  const studio = (release: string, settings: Settings) => {
    return development({ JUNJO_K8S_RELEASE: release, JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(), ...settings });
  };
  const errors = (release: string, settings: Settings) =>
    problemsOf(envText(studio(release, settings))).filter((line) => !/^(note|warning): /.test(line));
  const B = 'JUNJO_K8S_BACKEND_IMAGE';
  const I = 'JUNJO_K8S_INGESTION_IMAGE';
  const F = 'JUNJO_K8S_FRONTEND_IMAGE';

  test.each([
    [
      '0.70.3',
      B,
      'r.example.com/junjo-ai-studio-backend:0.82.1',
      'is an image of release line 0.82, but the studio runs 0.70. Set JUNJO_K8S_RELEASE=0.82.1, or name junjo-ai-studio-backend:0.70.3',
    ],
    [
      '0.70.3',
      B,
      'mdrideout/junjo-ai-studio-backend:0.80',
      'is an image of release line 0.80, but the studio runs 0.70. Set JUNJO_K8S_RELEASE=0.80.0, or name junjo-ai-studio-backend:0.70.3',
    ],
    [
      '0.70.3',
      B,
      'junjo-ai-studio-app:0.86.0',
      'is an image of release line 0.86, but the studio runs 0.70. Set JUNJO_K8S_RELEASE=0.86.0, or name junjo-ai-studio-backend:0.70.3',
    ],
    [
      '0.70.3',
      B,
      `localhost:5000/a/junjo-ai-studio-app@${DIGEST}`,
      'is an image of release line 0.86, but the studio runs 0.70. Set JUNJO_K8S_RELEASE=0.86.0, or name junjo-ai-studio-backend:0.70.3',
    ],
    [
      '0.86.0',
      B,
      'junjo-ai-studio-backend:0.85.0',
      'is an image of release line 0.85, but the studio runs 0.86. Set JUNJO_K8S_RELEASE=0.85.0, or name junjo-ai-studio-app:0.86.0',
    ],
    [
      '0.82.1',
      B,
      `junjo-ai-studio-backend:v0.81.5-ours@${DIGEST}`,
      'is an image of release line 0.81, but the studio runs 0.82. Set JUNJO_K8S_RELEASE=0.81.5, or name junjo-ai-studio-backend:0.82.1',
    ],
    [
      '0.70.4',
      I,
      'junjo-ai-studio-ingestion:0.86.0',
      'is an image of release line 0.86, but the studio runs 0.70. Set JUNJO_K8S_RELEASE=0.86.0, or name junjo-ai-studio-ingestion:0.70.4',
    ],
    [
      '0.81.0',
      F,
      'junjo-ai-studio-frontend:0.81.5',
      'is an image of release line 0.81, but the studio runs 0.81.0. Set JUNJO_K8S_RELEASE=0.81.5, or name junjo-ai-studio-frontend:0.81.0',
    ],
    // The wrong component.
    ['0.70.3', B, 'junjo-ai-studio-ingestion:0.70.3', 'is an image of ingestion. Name junjo-ai-studio-backend:0.70.3'],
    ['0.70.3', I, 'junjo-ai-studio-app:0.86.0', 'is an image of backend. Name junjo-ai-studio-ingestion:0.70.3'],
    // Tags that no release has, and tags that are not of these images.
    [
      '0.70.3',
      B,
      'junjo-ai-studio-backend:0.86.0',
      'is an image of an unknown release. Name junjo-ai-studio-backend:0.70.3',
    ],
    [
      '0.81.5',
      B,
      'junjo-ai-studio-backend:0.81.4',
      'is an image of an unknown release. Name junjo-ai-studio-backend:0.81.5',
    ],
    [
      '0.70.3',
      B,
      'junjo-ai-studio-backend:0.7',
      'is an image of an unknown release. Name junjo-ai-studio-backend:0.70.3',
    ],
    [
      '0.70.3',
      I,
      'junjo-ai-studio-ingestion:1.2.3',
      'is an image of an unknown release. Name junjo-ai-studio-ingestion:0.70.3',
    ],
  ])('in a studio of %s, %s=%s is refused', (release, setting, image, text) => {
    expect(errors(release, { [setting]: image })).toEqual([`.env:6 ${setting}: ${text}`]);
  });

  test.each([
    ['0.70.3', B, 'r.example.com/junjo-ai-studio-backend:0.70.4'],
    ['0.70.3', B, 'junjo-ai-studio-backend:v0.70.3-ours'],
    ['0.70.3', B, 'junjo-ai-studio-backend:0.70'],
    ['0.81.0', B, 'junjo-ai-studio-backend:0.81'],
    ['0.70.3', I, `junjo-ai-studio-ingestion:0.70.3@${DIGEST}`],
    ['0.86.0', B, 'r.example.com/junjo-ai-studio-app:0.86.0'],
    // What cannot be told from the name is the user's own.
    ['0.70.3', B, `junjo-ai-studio-backend@${DIGEST}`],
    ['0.70.3', B, `junjo-ai-studio-backend:${'0a'.repeat(20)}`],
    ['0.70.3', F, 'junjo-ai-studio-frontend:latest'],
    ['0.70.3', F, 'junjo-ai-studio-frontend:0.82.1.4'],
    ['0.70.3', B, 'junjo-ai-studio-backend-patched:0.82.1'],
    ['0.70.3', B, 'junjo-ai-studio-app.example.com/backend:0.82.1'],
    ['0.70.3', I, 'r.example.com/team/backend:0.82.1'],
  ])('in a studio of %s, %s=%s runs', (release, setting, image) => {
    expect(errors(release, { [setting]: image })).toEqual([]);
    expect(Object.values(load(studio(release, { [setting]: image })).images).map((each) => each?.image)).toContain(
      image,
    );
  });

  test('fits when it is what the release runs by itself', () => {
    for (const line of releaseLines) {
      const tag = newestTag(line);
      const { images } = load(studio(tag, {}));
      const named = {
        [B]: images.backend.image,
        [I]: images.ingestion.image,
        ...(images.frontend && { [F]: images.frontend.image }),
      };
      expect(errors(tag, named)).toEqual([]);
    }
  });

  test('is measured by the release that the file was written for, where none is set', () => {
    const settings = { ...development(), JUNJO_MALLOC_ARENA_MAX: '2', [B]: 'junjo-ai-studio-backend:0.70.3' };
    expect(problemsOf(envText(settings))[1]).toMatch(/Set JUNJO_K8S_RELEASE=0\.70\.3, or name .*-backend:0\.81\.5$/);
  });

  test('is a note alone where the release does not run it', () => {
    const settings = studio('0.86.0', { [F]: 'junjo-ai-studio-frontend:0.70.3' });
    expect(problemsOf(envText(settings)).filter((line) => line.includes(F))).toEqual([
      expect.stringMatching(/^note: .* has no effect: release line 0\.86 has no frontend$/),
    ]);
  });

  test.each([
    ['junjo-ai-studio-app:0.86.0', false],
    [`junjo-ai-studio-ingestion@${DIGEST}`, false],
    ['r.example.com/junjo-ai-studio-backend:0.85.0', true],
    ['r.example.com/library/python:3.13', true],
  ])('with tools may be %s: %s', (JUNJO_K8S_TOOLS_IMAGE, may) => {
    expect(errors('0.86.0', { JUNJO_K8S_TOOLS_IMAGE })).toEqual(
      may
        ? []
        : [
            '.env:6 JUNJO_K8S_TOOLS_IMAGE: has no Python. Name an image with Python, for example library/python:3.13.7-slim-trixie',
          ],
    );
    // Elsewhere the backend's image has the tools.
    expect(errors('0.70.3', { JUNJO_K8S_TOOLS_IMAGE })).toEqual([]);
  });

  test.each([
    [B, 'junjo-ai-studio-backend', /B.*: is an image of release line 0\.85/],
    ['JUNJO_K8S_TOOLS_IMAGE', 'junjo-ai-studio-app:latest', /: has no Python/],
  ])('is refused once where its tag moves, too: %s=%s', (setting, image, says) => {
    const { JUNJO_SESSION_SECRET, JUNJO_SECURE_COOKIE_KEY, JUNJO_PROD_BACKEND_URL, ...settings } = production({
      JUNJO_K8S_RELEASE: '0.86.0',
      JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
    });
    expect(problemsOf(envText({ ...settings, [setting]: image }))).toEqual([expect.stringMatching(says)]);
  });

  test('is refused in production as well', () => {
    const settings = production({ [B]: 'junjo-ai-studio-backend:0.82.1' });
    expect(problemsOf(envText(settings))).toEqual([expect.stringMatching(`${B}: is an image of release line 0.82`)]);
  });
});
