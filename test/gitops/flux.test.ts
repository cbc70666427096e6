import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { writeFiles } from '../../render/files';
import { Folder } from '../support/folder';
import { describeWith, pathOf } from '../support/programs';
import {
  envText,
  freshSecret,
  type Manifest,
  production,
  Rendered,
  render,
  renderAll,
  type Settings,
} from '../support/studio';

const REPO = 'https://git.example.com/team/studio.git';
const noSecrets = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
const git = { JUNJO_K8S_GITOPS: 'flux', JUNJO_K8S_GIT_REPO: REPO };
/** The Secret comes from elsewhere, as it must for Git. */
const flux = (settings: Settings = {}) =>
  production({ ...git, JUNJO_K8S_SECRETS: 'existing', ...noSecrets, ...settings });

const studio = render(flux());
const kustomization = (name: string, of = studio) =>
  of.objects.find(({ apiVersion, metadata }) => apiVersion.startsWith('kustomize.toolkit') && metadata?.name === name);

const source = (name: string, settings: Settings = {}) => {
  const hosts = {
    JUNJO_PROD_FRONTEND_URL: `https://${name}.example.com`,
    JUNJO_PROD_BACKEND_URL: `https://api.${name}.example.com`,
    JUNJO_PROD_INGESTION_URL: `https://spans.${name}.example.com`,
  };
  return { folder: name, files: [{ path: `studios/${name}.env`, text: envText(flux({ ...hosts, ...settings })) }] };
};
const problemsOf = (...sources: Parameters<typeof renderAll>[0][number][]) =>
  renderAll(sources, {})
    .problems.filter(({ severity }) => severity === 'error')
    .map(({ file, variable, text }) => `${file} ${variable}: ${text}`);

describe('the Kustomizations', () => {
  test('apply what must outlive the studio first, and never prune it', () => {
    expect(kustomization('junjo-ai-studio-foundation').spec).toMatchObject({
      path: './dist/foundation',
      prune: false,
      deletionPolicy: 'Orphan',
      sourceRef: { kind: 'GitRepository', name: 'junjo-ai-studio' },
    });
    // A claim that waits for its first pod is not healthy before that is there.
    expect(kustomization('junjo-ai-studio-foundation').spec).not.toHaveProperty('healthChecks');
    expect(kustomization('junjo-ai-studio-foundation').spec).not.toHaveProperty('wait');
  });

  test('then the studio, which prunes, and stays when its Kustomization is deleted', () => {
    expect(kustomization('junjo-ai-studio').spec).toMatchObject({
      path: './dist',
      prune: true,
      deletionPolicy: 'Orphan',
      dependsOn: [{ name: 'junjo-ai-studio-foundation' }],
    });
  });

  test.each<[string, Settings]>([
    ['of three containers', {}],
    ['of QDrant', { JUNJO_K8S_RELEASE: '0.82.1', JUNJO_K8S_QDRANT: 'true' }],
    ['of two containers', { JUNJO_K8S_RELEASE: '0.86.0' }],
    ['behind collectors', { JUNJO_K8S_RELEASE: '0.82.1', JUNJO_K8S_INTAKE: 'true' }],
  ])('wait for every workload %s, for longer than its rollout and the end of its old pod may take', (_, settings) => {
    const rendered = render(flux(settings));
    const { healthChecks, timeout } = kustomization('junjo-ai-studio', rendered).spec;
    const workloads = rendered.objects.filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind));
    expect(healthChecks).toEqual(
      workloads.map(({ apiVersion, kind, metadata: { name, namespace } }) => ({ apiVersion, kind, name, namespace })),
    );
    for (const { spec } of workloads) {
      const grace = spec.template.spec.terminationGracePeriodSeconds ?? 30;
      expect(Number.parseInt(timeout, 10)).toBeGreaterThan((spec.progressDeadlineSeconds ?? 600) + grace);
    }
  });

  test('look for changes every ten minutes, for commits every minute, and try again after two, as docs/gitops.md says', () => {
    expect(studio.get('GitRepository', 'junjo-ai-studio').spec.interval).toBe('1m');
    for (const name of ['junjo-ai-studio-foundation', 'junjo-ai-studio']) {
      expect(kustomization(name).spec).toMatchObject({ interval: '10m', retryInterval: '2m' });
    }
  });

  test('substitute nothing, so that a dollar sign stays one', () => {
    for (const name of ['junjo-ai-studio-foundation', 'junjo-ai-studio']) {
      expect(kustomization(name).spec).not.toHaveProperty('postBuild');
    }
  });
});

test('what holds the data is kept from Flux and from Argo CD, and nothing else has an annotation of either', () => {
  const rendered = render(
    flux({
      JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data',
      JUNJO_K8S_NODE: 'worker-1',
      JUNJO_K8S_RELEASE: '0.82.1',
      JUNJO_K8S_QDRANT: 'true',
      JUNJO_K8S_INTAKE: 'true',
    }),
  );
  expect(rendered.ofKind('PersistentVolumeClaim')).toHaveLength(4);
  const data = ['Namespace', 'PersistentVolume', 'PersistentVolumeClaim'];
  for (const { kind, metadata } of rendered.objects.filter((each) => each.metadata)) {
    const ofTools = Object.entries(metadata.annotations ?? {}).filter(([key]) => /argoproj|fluxcd/.test(key));
    expect([kind, Object.fromEntries(ofTools)]).toEqual([
      kind,
      data.includes(kind)
        ? {
            'kustomize.toolkit.fluxcd.io/prune': 'disabled',
            // Otherwise Flux removes what backup notes on a claim.
            'kustomize.toolkit.fluxcd.io/ssa': 'Merge',
            'argocd.argoproj.io/sync-options': 'Delete=false,Prune=false',
          }
        : {},
    ]);
  }
});

describe('the source', () => {
  test.each<[string, Settings, string, object]>([
    ['a branch', { JUNJO_K8S_GIT_REVISION: 'stable' }, 'GitRepository', { url: REPO, ref: { branch: 'stable' } }],
    ['main by default', {}, 'GitRepository', { url: REPO, ref: { branch: 'main' } }],
    ['a tag', { JUNJO_K8S_GIT_REVISION: 'refs/tags/v1' }, 'GitRepository', { ref: { name: 'refs/tags/v1' } }],
    ['a commit', { JUNJO_K8S_GIT_REVISION: 'a'.repeat(40) }, 'GitRepository', { ref: { commit: 'a'.repeat(40) } }],
    [
      'a repository by SSH',
      { JUNJO_K8S_GIT_REPO: 'git@git.example.com:team/studio.git', JUNJO_K8S_GIT_SECRET: 'studio-repository' },
      'GitRepository',
      { url: 'ssh://git@git.example.com/team/studio.git', secretRef: { name: 'studio-repository' } },
    ],
    [
      'a repository by SSH whose path begins with a slash',
      { JUNJO_K8S_GIT_REPO: 'git@git.example.com:/srv/studio.git', JUNJO_K8S_GIT_SECRET: 'studio-repository' },
      'GitRepository',
      { url: 'ssh://git@git.example.com/srv/studio.git' },
    ],
    [
      'a commit in capitals',
      { JUNJO_K8S_GIT_REVISION: 'A'.repeat(40) },
      'GitRepository',
      { ref: { commit: 'a'.repeat(40) } },
    ],
    [
      'a scheme in capitals',
      { JUNJO_K8S_GIT_REPO: 'HTTPS://git.example.com/Team/studio.git' },
      'GitRepository',
      { url: 'https://git.example.com/Team/studio.git' },
    ],
    [
      'the newest artifact by default',
      { JUNJO_K8S_GIT_REPO: 'oci://registry.example.com:5000/team/studio' },
      'OCIRepository',
      { url: 'oci://registry.example.com:5000/team/studio', ref: { tag: 'latest' } },
    ],
    [
      'an artifact by its digest',
      {
        JUNJO_K8S_GIT_REPO: 'oci://registry.example.com/studio',
        JUNJO_K8S_GIT_REVISION: `sha256:${'a'.repeat(64)}`,
        JUNJO_K8S_GIT_SECRET: 'registry',
      },
      'OCIRepository',
      { ref: { digest: `sha256:${'a'.repeat(64)}` }, secretRef: { name: 'registry' } },
    ],
  ])('is %s', (_, settings, kind, spec) => {
    const rendered = render(flux(settings));
    expect(rendered.get(kind, 'junjo-ai-studio').spec).toMatchObject(spec);
    expect(kustomization('junjo-ai-studio', rendered).spec.sourceRef).toEqual({ kind, name: 'junjo-ai-studio' });
  });

  test.each<[string, Settings]>([
    ['may have the output at its root', { JUNJO_K8S_GIT_PATH: '.' }],
    ['of artifacts has it there by default', { JUNJO_K8S_GIT_REPO: 'oci://registry.example.com/studio' }],
  ])('%s', (_, settings) => {
    const rendered = render(flux(settings));
    expect(kustomization('junjo-ai-studio-foundation', rendered).spec.path).toBe('./foundation');
    expect(kustomization('junjo-ai-studio', rendered).spec.path).toBe('./');
  });

  test('of artifacts may have it in a folder', () => {
    const artifacts = { JUNJO_K8S_GIT_REPO: 'oci://registry.example.com/studio', JUNJO_K8S_GIT_PATH: 'dist' };
    expect(kustomization('junjo-ai-studio', render(flux(artifacts))).spec.path).toBe('./dist');
  });
});

const NO_ARTIFACTS =
  'JUNJO_K8S_GIT_REPO: is not the URL of an OCI repository. Write it in lower case, without tag or digest, as oci://registry.example.com/team/studio';

test.each<[string, Settings, string]>([
  [
    'Flux without a repository',
    { JUNJO_K8S_GIT_REPO: undefined },
    'JUNJO_K8S_GITOPS: has no effect without JUNJO_K8S_GIT_REPO. Set JUNJO_K8S_GIT_REPO, or remove the line',
  ],
  [
    'artifacts with Argo CD',
    { JUNJO_K8S_GITOPS: undefined, JUNJO_K8S_GIT_REPO: 'oci://registry.example.com/team/studio' },
    'JUNJO_K8S_GIT_REPO: is an OCI repository, which Argo CD cannot apply directly. Set JUNJO_K8S_GITOPS=flux, or name a Git repository',
  ],
  [
    'a Secret of Flux with Argo CD',
    { JUNJO_K8S_GITOPS: 'argocd', JUNJO_K8S_GIT_SECRET: 'studio-repository' },
    'JUNJO_K8S_GIT_SECRET: has no effect with Argo CD, which gets credentials by argocd repo add. Remove the line, or set JUNJO_K8S_GITOPS=flux',
  ],
  [
    'HEAD, which Flux does not resolve',
    { JUNJO_K8S_GIT_REVISION: 'HEAD' },
    'JUNJO_K8S_GIT_REVISION: is HEAD, which Flux does not follow. Name a branch, for example main',
  ],
  [
    'a repository by SSH without its key',
    { JUNJO_K8S_GIT_REPO: 'ssh://git@git.example.com/team/studio.git' },
    'JUNJO_K8S_GIT_REPO: uses SSH, for which Flux needs a key. Create one with flux create secret git, and name the Secret in JUNJO_K8S_GIT_SECRET',
  ],
  [
    'a digest of a Git repository',
    { JUNJO_K8S_GIT_REVISION: `sha256:${'a'.repeat(64)}` },
    'JUNJO_K8S_GIT_REVISION: is the digest of an OCI artifact, but the repository is a Git repository. Name a branch, tag or commit',
  ],
  [
    'a branch of artifacts',
    { JUNJO_K8S_GIT_REPO: 'oci://registry.example.com/studio', JUNJO_K8S_GIT_REVISION: 'refs/heads/main' },
    'JUNJO_K8S_GIT_REVISION: is not the tag or digest of an OCI artifact. Write it as latest or sha256:<64 hex digits>',
  ],
  [
    'an artifact in place of its repository',
    { JUNJO_K8S_GIT_REPO: 'oci://registry.example.com/team/studio:1.0' },
    NO_ARTIFACTS,
  ],
  [
    'an artifact by its digest in place of its repository',
    { JUNJO_K8S_GIT_REPO: `oci://registry.example.com/team/studio@sha256:${'a'.repeat(64)}` },
    NO_ARTIFACTS,
  ],
  [
    'a repository of artifacts in capitals',
    { JUNJO_K8S_GIT_REPO: 'OCI://registry.example.com/Team/studio' },
    NO_ARTIFACTS,
  ],
  ['a port that does not exist', { JUNJO_K8S_GIT_REPO: 'oci://registry.example.com:99999/studio' }, NO_ARTIFACTS],
  [
    'a tag that is too long',
    { JUNJO_K8S_GIT_REPO: 'oci://registry.example.com/studio', JUNJO_K8S_GIT_REVISION: 'a'.repeat(129) },
    'JUNJO_K8S_GIT_REVISION: is not the tag or digest of an OCI artifact. Write it as latest or sha256:<64 hex digits>',
  ],
  [
    'a Secret in an artifact, which .gitignore does not keep out',
    {
      JUNJO_K8S_GIT_REPO: 'oci://registry.example.com/studio',
      JUNJO_K8S_SECRETS: 'manifest',
      JUNJO_SESSION_SECRET: freshSecret(),
      JUNJO_SECURE_COOKIE_KEY: freshSecret(),
    },
    'JUNJO_K8S_SECRETS: is manifest, which puts the Secret into the artifact. Set it to existing, sealed or external',
  ],
  [
    'a name that no label can hold',
    { JUNJO_K8S_NAME: 'a'.repeat(40) },
    `JUNJO_K8S_NAME: is too long for Flux by 4 characters: its Kustomization would be called junjo-ai-studio-${'a'.repeat(40)}-foundation. Choose a shorter name`,
  ],
])('%s is refused', (_, settings, says) => {
  expect(problemsOf(source('blue', settings))).toEqual([`studios/blue.env ${says}`]);
});

test.each(['a..b', 'feature/', 'a//b', 'x.lock', 'a/.b', 'refs/', 'v1.'])('%s is no branch', (revision) => {
  expect(problemsOf(source('blue', { JUNJO_K8S_GIT_REVISION: revision }))).toEqual([
    'studios/blue.env JUNJO_K8S_GIT_REVISION: is not a branch, tag or commit. Write a name such as main',
  ]);
});

test('an address of SSH with brackets is written as a URL', () => {
  const [bare, url] = ['git@[::1]:team/studio.git', 'ssh://git@[::1]/team/studio.git'];
  const withKey = (repo: string) => ({ JUNJO_K8S_GIT_REPO: repo, JUNJO_K8S_GIT_SECRET: 'studio-repository' });
  expect(problemsOf(source('blue', withKey(bare)))).toEqual([
    expect.stringContaining('is not the URL of a Git repository'),
  ]);
  expect(problemsOf(source('blue', withKey(url)))).toEqual([]);
});

test('a studio cannot have the name under which Flux applies itself', () => {
  const name = { JUNJO_K8S_NAME: 'flux-system', JUNJO_K8S_NAMESPACE: 'studio' };
  expect(problemsOf({ ...source('blue', name), folder: undefined })).toEqual([
    'studios/blue.env JUNJO_K8S_NAME: is already used by the source and the Kustomization of Flux itself. Choose another name',
  ]);
  expect(problemsOf(source('blue', name))).toEqual([]);
});

describe('several studios', () => {
  test('have a pair of Kustomizations each, and one source', () => {
    const { files } = renderAll([source('blue'), source('green')], {});
    const own = new Rendered(files.filter(({ path }) => /^flux\/.*yaml$/.test(path)));
    expect(own.objects.map(({ kind, metadata, spec }) => [kind, metadata.name, spec.path])).toEqual([
      ['GitRepository', 'junjo-ai-studios', undefined],
      ['Kustomization', 'junjo-ai-studio-blue-foundation', './dist/blue/foundation'],
      ['Kustomization', 'junjo-ai-studio-blue', './dist/blue'],
      ['Kustomization', 'junjo-ai-studio-green-foundation', './dist/green/foundation'],
      ['Kustomization', 'junjo-ai-studio-green', './dist/green'],
    ]);
    for (const { metadata } of own.objects) expect(metadata.namespace).toBe('flux-system');
    expect(own.ofKind('Kustomization')[3].spec.dependsOn).toEqual([{ name: 'junjo-ai-studio-green-foundation' }]);
    expect(files.filter(({ path }) => path.includes('argocd'))).toEqual([]);
  });

  test('may not share the name of a Kustomization', () => {
    expect(problemsOf(source('blue'), source('blue-foundation'))).toEqual([
      expect.stringContaining('the Kustomization junjo-ai-studio-blue-foundation is already used by the studio'),
    ]);
  });

  test.each<[string, Settings]>([
    ['JUNJO_K8S_GIT_REPO', { JUNJO_K8S_GIT_REPO: 'https://git.example.com/other.git' }],
    ['JUNJO_K8S_GIT_PATH', { JUNJO_K8S_GIT_PATH: 'other' }],
    ['JUNJO_K8S_GIT_REVISION', { JUNJO_K8S_GIT_REVISION: 'other' }],
    ['JUNJO_K8S_GIT_SECRET', { JUNJO_K8S_GIT_SECRET: 'other' }],
    ['JUNJO_K8S_GITOPS', { JUNJO_K8S_GITOPS: 'argocd' }],
  ])('have the same %s', (variable, settings) => {
    expect(problemsOf(source('blue'), source('green', settings))).toEqual([
      `studios/green.env ${variable}: has another value in the studio blue. One source holds all studios, so set the same value for all`,
    ]);
  });

  test('lack a setting that only the first of them has, and the message says so', () => {
    const set = { JUNJO_K8S_GIT_PATH: 'other', JUNJO_K8S_GIT_SECRET: 'repository' };
    expect(problemsOf(source('blue', set), source('green'))).toEqual([
      'studios/green.env JUNJO_K8S_GIT_PATH: is not set here, and has another value in the studio blue. One source holds all studios, so set the same value for all',
    ]);
  });

  test('are all in the repository, or none', () => {
    const none = { JUNJO_K8S_GITOPS: undefined, JUNJO_K8S_GIT_REPO: undefined };
    expect(problemsOf(source('blue', none), source('green'))).toEqual([
      'studios/green.env JUNJO_K8S_GIT_REPO: is set here, but not for the studio blue. One source holds all studios, so set the same value for all',
    ]);
  });
});

describeWith(['kubectl'], 'kustomize', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  /** Its objects, in some order, as text: kustomize writes fields in an order of its own. */
  const sorted = (objects: readonly Manifest[]) =>
    objects.map((object) => JSON.stringify(object, (_, value) => ordered(value))).sort();
  const ordered = (value: unknown): unknown =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  const kustomized = (path: string) =>
    loadAll(
      execFileSync(pathOf('kubectl'), ['kustomize', join(folder.path, path)], { encoding: 'utf8' }),
    ) as Manifest[];

  test.each([
    ['one studio', [{ ...source('blue'), folder: undefined }]],
    ['several studios', [source('blue', { JUNJO_K8S_BACKUP: 'velero' }), source('green')]],
    [
      'one studio with all components',
      [
        {
          ...source('blue', {
            JUNJO_K8S_RELEASE: '0.82.1',
            JUNJO_K8S_QDRANT: 'true',
            JUNJO_K8S_INTAKE: 'true',
            JUNJO_K8S_MONITORING: 'prometheus',
          }),
          folder: undefined,
        },
      ],
    ],
  ])('reads of each folder of %s what it has, and of all of them every object once', (_, sources) => {
    const { files, manifests } = renderAll(sources as ReturnType<typeof source>[], {});
    writeFiles(files, folder.path);
    const folders = files.filter(({ path }) => /(^|\/)Kustomization$/.test(path)).map(({ path }) => join(path, '..'));
    for (const path of folders) {
      const own = files.filter((file) => file.path.endsWith('.yaml') && join(file.path, '..') === path);
      expect(sorted(kustomized(path))).toEqual(sorted(new Rendered(own).objects));
    }
    expect(sorted(folders.flatMap(kustomized))).toEqual(sorted(manifests.map(({ manifest }) => manifest)));
    // Flux applies each path as it is named: there is such a folder.
    const paths = manifests.flatMap(({ manifest }) => manifest.spec?.path ?? []).filter((path) => /^\.\//.test(path));
    expect(paths.map((path: string) => join(path.replace('./dist', '.'))).sort()).toEqual(
      folders.filter((path) => !path.includes('flux')).sort(),
    );
  });

  test('reads no Secret, which is not in Git', () => {
    const { files } = renderAll([{ files: [{ path: '.env', text: envText(production(git)) }] }], {});
    writeFiles(files, folder.path);
    expect(existsSync(join(folder.path, '30-secrets.k8s.yaml'))).toBe(true);
    expect(kustomized('.').map(({ kind }) => kind)).not.toContain('Secret');
  });

  test('keeps a dollar sign and text that looks like a number', () => {
    const rendered = renderAll([source('blue', { JUNJO_K8S_ANNOTATIONS: 'a=$HOME,b=1e3,c=true' })], {});
    writeFiles(rendered.files, folder.path);
    const [settings] = kustomized('blue');
    expect(settings?.metadata.annotations).toEqual({ a: '$HOME', b: '1e3', c: 'true' });
  });
});

describe('the commands', () => {
  let folder: Folder;
  const synth = (settings: Settings) => {
    folder.write('.env', envText(settings));
    return folder.junjo(['synth']);
  };
  const has = (path: string) => existsSync(join(folder.path, 'dist', path));

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  test('synth says how Flux takes over, and replaces what it wrote', async () => {
    const { status, stdout } = await synth(flux());
    expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([
      0,
      'Or commit dist/, and run this once: kubectl apply -f dist/flux',
    ]);
    expect((await synth(flux({ JUNJO_LOG_LEVEL: 'debug' }))).status).toBe(0);
    for (const path of ['Kustomization', 'foundation/Kustomization', 'flux/Kustomization'])
      expect(has(path)).toBe(true);
  });

  test('synth says what Flux prunes', async () => {
    await synth(flux());
    const { stdout } = await synth(flux({ JUNJO_K8S_NETWORK_POLICY: 'false' }));
    expect(stdout).toContain('When it syncs, Flux removes');
    expect(stdout).toContain('networkpolicy.networking.k8s.io/junjo-ai-studio-default-deny');
    expect(stdout).not.toContain('kubectl -n junjo-ai-studio delete');
  });

  test.each(['flux', 'argocd'])(
    'synth names what %s does not prune, because it forgets the studio with its name',
    async (tool) => {
      const named = (name: string, settings: Settings = {}) =>
        flux({ JUNJO_K8S_GITOPS: tool, JUNJO_K8S_NAMESPACE: 'studio', JUNJO_K8S_NAME: name, ...settings });
      await synth(named('blue'));
      const { stdout } = await synth(named('green', { JUNJO_K8S_NETWORK_POLICY: 'false' }));
      expect(stdout).not.toContain('When it syncs');
      const commands = stdout.split('\n').filter((line) => line.includes(' delete '));
      expect(commands.slice(0, 2).join()).toMatch(/(kustomization|application)\S*\/blue/);
      expect(commands.at(-1)).toContain('networkpolicy.networking.k8s.io/junjo-ai-studio-default-deny');
    },
  );

  test('synth names what makes Argo CD apply the studio where Flux takes over, first, and what neither removes', async () => {
    await synth(flux({ JUNJO_K8S_GITOPS: 'argocd' }));
    const { stdout } = await synth(flux({ JUNJO_K8S_NETWORK_POLICY: 'false' }));
    expect(has('argocd')).toBe(false);
    const commands = stdout.split('\n').filter((line) => line.includes(' delete '));
    expect(commands[0]).toMatch(/^ {2}kubectl -n argocd delete .* application\.argoproj\.io\/junjo-ai-studio$/m);
    expect(stdout).toContain('Before you apply, remove');
    expect(stdout).toContain('networkpolicy.networking.k8s.io/junjo-ai-studio-default-deny');
    expect(stdout).not.toContain('this deletes the studio');
  });

  test('synth names the objects of Flux where it no longer applies the studio, and leaves no list', async () => {
    await synth(flux());
    await synth(flux({ JUNJO_K8S_GITOPS: undefined, JUNJO_K8S_GIT_REPO: undefined }));
    for (const path of ['flux', 'Kustomization', 'foundation/Kustomization']) expect(has(path)).toBe(false);
    const script = readFileSync(join(folder.path, 'dist/left-behind.sh'), 'utf8');
    expect(script).toContain('kustomization.kustomize.toolkit.fluxcd.io/junjo-ai-studio-foundation');
    expect(script).toContain('gitrepository.source.toolkit.fluxcd.io/junjo-ai-studio');
    expect(script).not.toMatch(/deployment|persistentvolumeclaim|namespace\//);
  });

  test('validate accepts all of it, and stream prints the studio alone', async () => {
    await synth(flux());
    expect(await folder.junjo(['validate', 'dist'])).toMatchObject({ status: 0, stderr: '' });
    const { stdout } = await folder.junjo(['stream']);
    const written = loadAll(stdout) as Manifest[];
    expect(written.filter(({ kind }) => /Kustomization|GitRepository/.test(kind))).toEqual([]);
    expect(written.map(({ kind }) => kind)).toContain('Namespace');
  });

  test('explain and diagram read an output with it', async () => {
    await synth(flux());
    const explained = await folder.junjo(['explain', 'kustomization/junjo-ai-studio', '--manifests', 'dist']);
    expect(explained).toMatchObject({ status: 0, stdout: expect.stringContaining('JUNJO_K8S_GIT_PATH') });
    const [own, other] = [await folder.junjo(['diagram', 'dist']), await folder.junjo(['diagram'])];
    expect([own.status, own.stdout]).toEqual([0, other.stdout]);
    expect(own.stdout).not.toMatch(/flux|Kustomization/);
  });

  test('a file of another kind by the name of a list is no reason to replace a folder', async () => {
    await synth(flux());
    folder.write('dist/foundation/kustomization.yaml', 'resources: []\n');
    const { status, stderr } = await synth(flux());
    expect([status, stderr]).toEqual([1, expect.stringContaining('contains foundation/kustomization.yaml')]);
  });
});
