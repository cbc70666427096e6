import { isFloating, isImageRegistry, parseImage } from '../../config/image-reference';

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
