import { dataOutOfReach } from '../../../render/rules/data-out-of-reach';
import { fluxKustomizations } from '../../../render/rules/flux-kustomizations';
import { SpoiltStudio, soundSettings } from '../../support/rules';
import type { Manifest } from '../../support/studio';

const settings = {
  ...soundSettings,
  JUNJO_K8S_GITOPS: 'flux',
  JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git',
};
const FOUNDATION = 'Kustomization junjo-ai-studio-foundation';
const prune = 'kustomize.toolkit.fluxcd.io/prune';

test('a sound studio breaks no rule about Flux', () => {
  const studio = new SpoiltStudio(settings);
  expect([...studio.broken(fluxKustomizations), ...studio.broken(dataOutOfReach)]).toEqual([]);
});

test.each<[string, string, (spec: Manifest) => void, string]>([
  ['prunes the foundation', 'junjo-ai-studio-foundation', (spec) => Object.assign(spec, { prune: true }), 'prune'],
  ['forces changes', 'junjo-ai-studio-foundation', (spec) => Object.assign(spec, { force: true }), 'force'],
  [
    'takes its objects along',
    'junjo-ai-studio-foundation',
    (spec) => Object.assign(spec, { deletionPolicy: 'Delete' }),
    'deletionPolicy',
  ],
  ['has no policy', 'junjo-ai-studio-foundation', (spec) => delete spec.deletionPolicy, 'deletionPolicy'],
  ['applies another folder', 'junjo-ai-studio-foundation', (spec) => Object.assign(spec, { path: './' }), 'path'],
  [
    'substitutes variables',
    'junjo-ai-studio-foundation',
    (spec) => Object.assign(spec, { postBuild: { substitute: { a: 'b' } } }),
    'postBuild',
  ],
  [
    'patches the objects',
    'junjo-ai-studio-foundation',
    (spec) => Object.assign(spec, { patches: [{ patch: 'kind: Deployment' }] }),
    'patches',
  ],
  [
    'leaves changes of fields alone',
    'junjo-ai-studio-foundation',
    (spec) => Object.assign(spec, { ignore: [{ paths: ['/spec'] }] }),
    'ignore',
  ],
])('the rule flux-kustomizations refuses a Kustomization that %s', (_, name, spoil, field) => {
  const studio = new SpoiltStudio(settings);
  spoil(studio.get('Kustomization', name).spec);
  expect(studio.broken(fluxKustomizations)).toEqual([`${FOUNDATION}: its ${field} was changed`]);
});

test('the rule flux-kustomizations refuses a source of another repository or revision', () => {
  const studio = new SpoiltStudio(settings);
  Object.assign(studio.get('GitRepository', 'junjo-ai-studio').spec, {
    url: 'https://evil.example.com/a.git',
    ref: { branch: 'other' },
  });
  expect(studio.broken(fluxKustomizations)).toEqual([
    'GitRepository junjo-ai-studio: its url was changed',
    'GitRepository junjo-ai-studio: its ref was changed',
  ]);
});

test('the rule flux-kustomizations lets be when and as whom Flux applies', () => {
  const studio = new SpoiltStudio(settings);
  const more = { interval: '1h', timeout: '2h', suspend: true, serviceAccountName: 'studio' };
  Object.assign(studio.get('Kustomization', 'junjo-ai-studio-foundation').spec, more);
  Object.assign(studio.get('GitRepository', 'junjo-ai-studio').spec, { interval: '5m', provider: 'github' });
  expect(studio.broken(fluxKustomizations)).toEqual([]);
});

test.each([[undefined], ['enabled']])('the rule data-out-of-reach refuses a claim that Flux prunes: %s', (value) => {
  const studio = new SpoiltStudio(settings);
  studio.get('PersistentVolumeClaim', 'data').metadata.annotations[prune] = value;
  expect(studio.broken(dataOutOfReach)).toEqual([
    `PersistentVolumeClaim junjo-ai-studio-data: has no annotation ${prune}: disabled, which keeps Flux from deleting it`,
  ]);
});
