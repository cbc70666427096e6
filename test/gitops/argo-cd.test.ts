import {
  envText,
  isOfEveryStudio,
  type Manifest,
  production,
  Rendered,
  render,
  renderAll,
  type Settings,
} from '../support/studio';

const git = { JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git', JUNJO_K8S_GIT_REVISION: 'main' };
const studio = render(production(git));
const application = studio.get('Application', 'junjo-ai-studio');
const project = studio.get('AppProject', 'junjo-ai-studio').spec;

/** Argo CD's glob (gobwas without separators): `*` matches slashes too. */
function glob(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^$()|]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\{([^}]*)\}/g, (_, alternatives: string) => `(?:${alternatives.replaceAll(',', '|')})`);
  return new RegExp(`^${source}$`);
}

describe('the Application', () => {
  test('reads the manifests of its folder and of foundation/ in it, and nothing else', () => {
    const { include, exclude, recurse } = application.spec.source.directory;
    const reads = (path: string) => recurse && glob(include).test(path) && !glob(exclude).test(path);
    const own = studio.files.map(({ path }) => path);
    expect(own.filter(reads)).toEqual(own.filter((path) => !path.startsWith('argocd/')));
    expect(own).toContain('foundation/00-namespace.k8s.yaml');
    const others = [
      'argocd/00-application.k8s.yaml',
      'argocd/20-x.k8s.yaml',
      'other/20-settings.k8s.yaml',
      'other/foundation/00-namespace.k8s.yaml',
      'notes.yaml',
      'values.json',
    ];
    expect(others.filter(reads)).toEqual([]);
  });

  test('follows the repository, prunes, heals, and applies on the server', () => {
    expect(application.spec).toMatchObject({
      project: 'junjo-ai-studio',
      source: { repoURL: git.JUNJO_K8S_GIT_REPO, path: 'dist', targetRevision: 'main' },
      destination: { server: 'https://kubernetes.default.svc', namespace: 'junjo-ai-studio' },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    });
    expect(application.spec.syncPolicy.syncOptions).toContain('ServerSideApply=true');
    expect(application.metadata.annotations).toEqual({ 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' });
  });

  test('takes nothing along when it is deleted', () => {
    expect(application.metadata).not.toHaveProperty('finalizers');
  });

  test('ignores only what controllers write', () => {
    expect(application.spec).not.toHaveProperty('ignoreDifferences');
    const onNode = render(
      production({ ...git, JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data', JUNJO_K8S_NODE: 'worker-1' }),
    );
    expect(onNode.get('Application', 'junjo-ai-studio').spec.ignoreDifferences).toEqual([
      { group: '', kind: 'PersistentVolume', jsonPointers: ['/spec/claimRef/uid', '/spec/claimRef/resourceVersion'] },
    ]);
  });

  test('is not made without a repository, and lies where kubectl apply -f dist/ does not read', () => {
    expect(render(production()).files.filter(({ path }) => path.startsWith('argocd/'))).toEqual([]);
    expect(
      studio.files.filter(({ text }) => /kind: (Application|AppProject)$/m.test(text)).map(({ path }) => path),
    ).toEqual(['argocd/00-application.k8s.yaml']);
  });
});

describe('the project', () => {
  const rendered = new Rendered(studio.files.filter(({ path }) => !path.startsWith('argocd/'))).objects;
  const allowed = project.namespaceResourceWhitelist.map(({ group, kind }: Manifest) => `${group}/${kind}`);

  test('allows the kinds that are rendered and what controllers make of them, and no more', () => {
    const ours = rendered
      .filter(({ kind }) => !['Secret', 'Namespace', 'PersistentVolume'].includes(kind))
      .map(({ apiVersion, kind }) => `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}/${kind}`);
    // Without them the tree ends at the Deployment, and no log can be read.
    const children = [
      'apps/ReplicaSet',
      '/Pod',
      'discovery.k8s.io/EndpointSlice',
      'cert-manager.io/CertificateRequest',
      'acme.cert-manager.io/Order',
      'acme.cert-manager.io/Challenge',
    ];
    expect(allowed.sort()).toEqual([...new Set([...ours, ...children])].sort());
    expect(allowed).not.toContain('/Secret');
  });

  test('allows nothing of cert-manager where that has nothing to do', () => {
    const own = render(production({ ...git, JUNJO_K8S_TLS_SECRET: 'studio-tls' })).get('AppProject', 'junjo-ai-studio');
    expect(JSON.stringify(own.spec.namespaceResourceWhitelist)).not.toContain('cert-manager');
  });

  test('allows the namespace and the volume by their names alone, from that repository', () => {
    expect(project.clusterResourceWhitelist).toEqual([{ group: '', kind: 'Namespace', name: 'junjo-ai-studio' }]);
    const onNode = { ...git, JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data', JUNJO_K8S_NODE: 'worker-1' };
    expect(render(production(onNode)).get('AppProject', 'junjo-ai-studio').spec.clusterResourceWhitelist).toEqual([
      { group: '', kind: 'Namespace', name: 'junjo-ai-studio' },
      { group: '', kind: 'PersistentVolume', name: 'junjo-ai-studio-data' },
    ]);
    expect(project.sourceRepos).toEqual([git.JUNJO_K8S_GIT_REPO]);
    expect(project.destinations).toEqual([{ server: 'https://kubernetes.default.svc', namespace: 'junjo-ai-studio' }]);
  });
});

test('custom resources are applied before their CRD is known, and what holds the data stays protected', () => {
  for (const { apiVersion, kind, metadata } of studio.objects) {
    const custom = /^(cert-manager\.io|traefik\.io|gateway\.networking\.k8s\.io)\//.test(apiVersion);
    const expected = custom
      ? 'SkipDryRunOnMissingResource=true'
      : ['Namespace', 'PersistentVolumeClaim'].includes(kind)
        ? 'Delete=false,Prune=false'
        : undefined;
    expect([kind, metadata.annotations?.['argocd.argoproj.io/sync-options']]).toEqual([kind, expected]);
  }
});

describe('many studios', () => {
  const source = (name: string, settings: Settings = {}) => ({
    folder: name,
    files: [
      {
        path: `studios/${name}.env`,
        text: envText(
          production({
            JUNJO_PROD_FRONTEND_URL: `https://${name}.example.com`,
            JUNJO_PROD_BACKEND_URL: `https://api.${name}.example.com`,
            JUNJO_PROD_INGESTION_URL: `https://spans.${name}.example.com`,
            ...git,
            ...settings,
          }),
        ),
      },
    ],
  });
  const errors = (...sources: ReturnType<typeof source>[]) =>
    renderAll(sources, {})
      .problems.filter((problem) => !isOfEveryStudio(problem))
      .map(({ file, variable, text }) => `${file} ${variable}: ${text}`);

  test('render into a folder each, under their own names, with one ApplicationSet', () => {
    const { files, studios } = renderAll([source('blue'), source('green', { JUNJO_K8S_NAMESPACE: 'team-green' })], {});
    expect(studios.map(({ config: { name, namespace } }) => [name, namespace])).toEqual([
      ['blue', 'blue'],
      ['green', 'team-green'],
    ]);
    const folders = new Set(files.map(({ path }) => path.split('/')[0]));
    expect([...folders].sort()).toEqual(['argocd', 'blue', 'green']);
    const argoCd = new Rendered(files.filter(({ path }) => path.startsWith('argocd/')));
    expect(argoCd.objects.map(({ kind }) => kind)).toEqual(['AppProject', 'ApplicationSet']);
    const { spec } = argoCd.ofKind('ApplicationSet')[0];
    expect(spec.template.metadata.name).toBe('junjo-ai-studio-{{.name}}');
    expect(spec.generators).toEqual([
      {
        list: {
          elements: [
            { name: 'blue', namespace: 'blue' },
            { name: 'green', namespace: 'team-green' },
          ],
        },
      },
    ]);
    expect(spec.template.spec.source.path).toBe('dist/{{.name}}');
    expect(spec.syncPolicy.preserveResourcesOnDeletion).toBe(true);
    expect(argoCd.ofKind('AppProject')[0].spec.destinations.map(({ namespace }: Manifest) => namespace)).toEqual([
      'blue',
      'team-green',
    ]);
  });

  test('change in their own folder only', () => {
    const [blue, green] = [source('blue'), source('green')];
    const louder = {
      ...green,
      files: green.files.map(({ path, text }) => ({ path, text: `${text}JUNJO_LOG_LEVEL=debug\n` })),
    };
    const before = new Map(renderAll([blue, green], {}).files.map(({ path, text }) => [path, text]));
    const after = renderAll([blue, louder], {}).files;
    const changed = after.filter(({ path, text }) => before.get(path) !== text).map(({ path }) => path.split('/')[0]);
    expect([...new Set(changed)]).toEqual(['green']);
  });

  test('are not rendered when one is bad, and all problems of all files come together', () => {
    const bad = source('green', { JUNJO_LOG_LEVEL: 'loud' });
    const worse = source('red', { JUNJO_LOG_FORMAT: 'pretty' });
    const rendering = renderAll([source('blue'), bad, worse], {});
    expect([rendering.files, rendering.studios]).toEqual([[], []]);
    expect(errors(source('blue'), bad, worse)).toEqual([
      'studios/green.env JUNJO_LOG_LEVEL: must be one of: debug, info, warn, error',
      'studios/red.env JUNJO_LOG_FORMAT: must be one of: json, text',
    ]);
  });

  test('have a problem of a file that they share reported once', () => {
    const shared = { path: 'shared.env', text: 'JUNJO_LOG_LEVEL=loud\n' };
    const sharing = ['blue', 'green'].map((name) => {
      const own = source(name);
      return { folder: name, files: [shared, ...own.files] };
    });
    expect(errors(...sharing)).toEqual(['shared.env JUNJO_LOG_LEVEL: must be one of: debug, info, warn, error']);
  });

  test.each([
    ['argocd', 'must not be argocd, flux or foundation'],
    ['flux', 'must not be argocd, flux or foundation'],
    ['foundation', 'must not be argocd, flux or foundation'],
    ['My_Studio', 'must be at most 63 lower-case letters, digits or dashes, and start and end with a letter or digit'],
  ])('may not be called %s, because a folder of the output is', (name, says) => {
    expect(
      errors(
        source(name, {
          JUNJO_K8S_NAME: 'fine',
          JUNJO_PROD_FRONTEND_URL: 'https://a.example.com',
          JUNJO_PROD_BACKEND_URL: 'https://b.example.com',
          JUNJO_PROD_INGESTION_URL: 'https://c.example.com',
        }),
      ),
    ).toEqual([
      `studios/${name}.env undefined: the file name becomes the name of the studio and of its folder. It ${says}. Rename the file`,
    ]);
  });

  test('have one problem each with a name that cannot be', () => {
    const sources = ['My_Blue', 'My_Green', 'argocd'].map((name) => {
      const host = (of: string) => `https://${of}.${name.replace('_', '-').toLowerCase()}.example.com`;
      return source(name, {
        JUNJO_PROD_FRONTEND_URL: host('ui'),
        JUNJO_PROD_BACKEND_URL: host('api'),
        JUNJO_PROD_INGESTION_URL: host('spans'),
      });
    });
    expect(errors(...sources)).toEqual(
      ['My_Blue', 'My_Green', 'argocd'].map((name) =>
        expect.stringMatching(new RegExp(`^studios/${name}\\.env undefined: `)),
      ),
    );
  });

  const onNode = (path: string) => ({ JUNJO_HOST_DB_DATA_PATH: path, JUNJO_K8S_NODE: 'worker-1' });

  test.each<[string, Settings, Settings, string]>([
    [
      'a name',
      { JUNJO_K8S_NAMESPACE: 'a', JUNJO_K8S_NAME: 'one' },
      { JUNJO_K8S_NAMESPACE: 'b', JUNJO_K8S_NAME: 'one' },
      'JUNJO_K8S_NAME: the name one is already used by the studio blue',
    ],
    [
      'a namespace',
      { JUNJO_K8S_NAMESPACE: 'one' },
      { JUNJO_K8S_NAMESPACE: 'one' },
      'JUNJO_K8S_NAMESPACE: the namespace one is already used by the studio blue',
    ],
    [
      'a host',
      {},
      {
        JUNJO_PROD_FRONTEND_URL: 'https://ui.blue.example.com',
        JUNJO_PROD_BACKEND_URL: 'https://api.blue.example.com',
      },
      'JUNJO_PROD_BACKEND_URL: the host api.blue.example.com is already used by the studio blue',
    ],
    [
      'the host of spans',
      {},
      { JUNJO_PROD_INGESTION_URL: 'https://spans.blue.example.com' },
      'JUNJO_PROD_INGESTION_URL: the host spans.blue.example.com is already used by the studio blue',
    ],
    [
      'a folder on a node',
      onNode('/mnt/data'),
      onNode('/mnt/data/'),
      'JUNJO_HOST_DB_DATA_PATH: the folder /mnt/data of the node worker-1 is already used by the studio blue',
    ],
    ...['/mnt//data', '/mnt/./data', '//mnt/data/', '/mnt/data/.', '/./mnt///data//'].map(
      (path): [string, Settings, Settings, string] => [
        `a folder on a node that it calls ${path}`,
        onNode('/mnt/data'),
        onNode(path),
        'JUNJO_HOST_DB_DATA_PATH: the folder /mnt/data of the node worker-1 is already used by the studio blue',
      ],
    ),
    ...['/mnt//data/green', '/mnt/data/./green/', '//mnt/data//a/b'].map(
      (path): [string, Settings, Settings, string] => [
        `a folder that ${path} is within`,
        onNode('/mnt/./data//'),
        onNode(path),
        'JUNJO_HOST_DB_DATA_PATH: is inside the folder of the studio blue',
      ],
    ),
    [
      'a folder within a folder',
      onNode('/mnt/data'),
      onNode('/mnt/data/green'),
      'JUNJO_HOST_DB_DATA_PATH: is inside the folder of the studio blue',
    ],
    [
      'no repository',
      {},
      { JUNJO_K8S_GIT_REPO: 'https://git.example.com/other.git' },
      'JUNJO_K8S_GIT_REPO: has another value in the studio blue',
    ],
  ])('may not share %s', (_, blue, green, says) => {
    const printed = errors(source('blue', blue), source('green', green));
    expect(printed).toEqual([expect.stringContaining(`studios/green.env ${says}`)]);
    expect(renderAll([source('blue', blue), source('green', green)], {}).files).toEqual([]);
  });
});

test.each([
  [
    'https://user:token@git.example.com/team/studio.git',
    'contains credentials. Give them to Argo CD instead: argocd repo add. For Flux, name a Secret in JUNJO_K8S_GIT_SECRET',
  ],
  [
    'git.example.com/team',
    'is not the URL of a Git repository. Write it as https://host/team/repo.git or git@host:team/repo.git',
  ],
])('the repository %s is refused', (repo, says) => {
  const { problems } = renderAll(
    [{ folder: 'a', files: [{ path: 'a.env', text: envText(production({ JUNJO_K8S_GIT_REPO: repo })) }] }],
    {},
  );
  const told = problems.filter((problem) => !isOfEveryStudio(problem));
  expect(told.map(({ variable, text }) => [variable, text])).toEqual([['JUNJO_K8S_GIT_REPO', says]]);
});
