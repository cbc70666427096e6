import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { committedExample, exampleNames, renderExample } from '../tools/example-studios';
import { development, production, render, type Settings } from './support/studio';

test.each(exampleNames())('examples/%s is what its env file renders to (npm run examples writes it)', (name) => {
  const { files, kept } = renderExample(name);
  expect(new Map(files.map(({ path, text }) => [path, text]))).toEqual(committedExample(name));
  expect(files.length).toBeGreaterThan(5);
  for (const { path, text } of kept) expect(readFileSync(join('examples', name, path), 'utf8')).toBe(text);
});

/** What no example shows: a studio, and how it is to differ. */
const others: readonly (readonly [name: string, base: Settings, change: Settings])[] = [
  ['development images', development(), { JUNJO_BUILD_TARGET: 'development' }],
  ['an existing claim', production(), { JUNJO_K8S_EXISTING_CLAIM: 'mine' }],
  [
    'a mirror of the images, and more of everything',
    production(),
    {
      JUNJO_K8S_SIZE: 'large',
      JUNJO_K8S_FRONTEND_REPLICAS: '3',
      JUNJO_K8S_IMAGE_PULL_SECRET: 'registry-credentials',
      JUNJO_K8S_IMAGE_REGISTRY: 'registry.example.com:5000/mirror',
      JUNJO_K8S_STORAGE_CLASS: 'fast-ssd',
      JUNJO_K8S_STORAGE_SIZE: '50Gi',
      SPAN_POLL_INTERVAL: '30',
    },
  ],
];

test.each(others)('the files that differ with %s are what they were', (_, base, change) => {
  const before = new Map(render(base).files.map(({ path, text }) => [path, text]));
  const changed = render({ ...base, ...change }).files.filter(({ path, text }) => before.get(path) !== text);
  const shown = changed
    .filter(({ mode }) => mode !== 0o600)
    .map(({ path, text }) => `# ${path}\n${text.replace(/checksum\/secrets: [0-9a-f]{64}/g, 'checksum/secrets: …')}`);
  expect(shown.join('')).toMatchSnapshot();
});
