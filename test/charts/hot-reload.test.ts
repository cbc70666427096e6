import { lineOf, recommendedTag, releaseLines } from '../../releases';
import {
  development,
  envText,
  freshSecret,
  type Manifest,
  problemsOf,
  production,
  render,
  type Settings,
} from '../support/studio';

/** What compose of each family mounts from a checkout: path in the checkout, path in the container, and whether it is read-only. */
type Mounts = readonly string[];

const vite: Mounts = ['/src/junjo/frontend /app'];
const python: Mounts = ['/src/junjo/backend/app /app/app ro'];
const go: Mounts = ['/src/junjo/ingestion /app'];
const rust: Mounts = [
  '/src/junjo/ingestion/src /app/src ro',
  '/src/junjo/proto /proto ro',
  '/src/junjo/ingestion/Cargo.toml /app/Cargo.toml ro',
  '/src/junjo/ingestion/Cargo.lock /app/Cargo.lock',
  '/src/junjo/ingestion/build.rs /app/build.rs ro',
];

const tags = releaseLines.filter(({ noDevelopmentImages }) => !noDevelopmentImages).map(recommendedTag);

function reloading(tag: string, more: Settings = {}): Settings {
  return development({
    JUNJO_BUILD_TARGET: 'development',
    JUNJO_K8S_RELEASE: tag,
    JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
    JUNJO_K8S_SOURCE_PATH: '/src/junjo/',
    ...more,
  });
}

/** Volumes of a pod with the mounts of its component. */
function mountsOf(spec: Manifest, component: string): readonly Manifest[] {
  const { volumeMounts = [] } = spec.containers.find(({ name }: Manifest) => name === component);
  return volumeMounts.map((mount: Manifest) => ({
    ...mount,
    volume: spec.volumes.find(({ name }: Manifest) => name === mount.name),
  }));
}

function sourcesOf(spec: Manifest, component: string): readonly string[] {
  return mountsOf(spec, component)
    .filter(({ volume }) => volume.hostPath)
    .map(({ volume, mountPath, readOnly }) => `${volume.hostPath.path} ${mountPath}${readOnly ? ' ro' : ''}`);
}

test('every line with development images reloads', () => {
  expect(tags).toContain('0.70.3');
  expect(tags).toContain('0.85.0');
});

describe.each(tags)('release %s', (tag) => {
  const studio = render(reloading(tag));
  const spec = (component: string) => studio.pod(component).spec;

  test('mounts what compose mounts', () => {
    expect(sourcesOf(spec('backend'), 'backend')).toEqual(python);
    expect(sourcesOf(spec('ingestion'), 'ingestion')).toEqual(tag.startsWith('0.70.') ? go : rust);
    expect(sourcesOf(spec('frontend'), 'frontend')).toEqual(vite);
  });

  test('mounts files as files and folders as folders, and makes neither', () => {
    const sources = ['backend', 'ingestion', 'frontend']
      .flatMap((each) => spec(each).volumes)
      .filter((v) => v.hostPath);
    for (const { hostPath } of sources) {
      expect(hostPath.type).toBe(/\.(toml|lock|rs)$/.test(hostPath.path) ? 'File' : 'Directory');
    }
  });

  test('keeps node_modules of the image, which an init container copies', () => {
    const [own] = mountsOf(spec('frontend'), 'frontend').filter(({ mountPath }) => mountPath === '/app/node_modules');
    expect(own?.volume.emptyDir).toBeDefined();
    const copies = spec('frontend').initContainers.filter(({ volumeMounts }: Manifest) =>
      volumeMounts.some(({ name }: Manifest) => name === own?.name),
    );
    expect(copies).toHaveLength(1);
    const [copy] = copies;
    expect(copy.image).toBe(studio.container('frontend').image);
    expect(copy.command).toEqual(['cp', '-RPf', '/app/node_modules/.', copy.volumeMounts[0].mountPath]);
    // What is mounted at the same place would hide what is to be copied.
    expect(copy.volumeMounts.map(({ mountPath }: Manifest) => mountPath)).not.toContain('/app/node_modules');
  });

  test('copies nothing into what is compiled, which begins empty', () => {
    const all = ['backend', 'ingestion', 'frontend'].flatMap((each) => spec(each).initContainers ?? []);
    const names = all.map(({ name }: Manifest) => name).filter((name: string) => name.startsWith('copy-'));
    expect(names).toEqual(['copy-app-node-modules']);
  });

  test('mounts what is below a folder after the folder', () => {
    const paths = mountsOf(spec('ingestion'), 'ingestion').map(({ mountPath }) => mountPath);
    const below = (path: string) => paths.findIndex((other) => path.startsWith(`${other}/`));
    for (const path of paths) expect(below(path)).toBeLessThan(paths.indexOf(path));
  });

  test('publishes the port of hot reload, and opens it', () => {
    const ports = studio.get('Service', 'junjo-ai-studio-frontend').spec.ports;
    const [vitePort] = studio.container('frontend').ports;
    const wanted = lineOf(tag)?.ports.backend.http === 1323 ? 5152 : 26151;
    expect(ports).toContainEqual(expect.objectContaining({ port: wanted, targetPort: vitePort.containerPort }));
    const rules = studio.get('NetworkPolicy', 'junjo-ai-studio-frontend').spec.ingress;
    expect(rules.flatMap((rule: Manifest) => rule.ports).map(({ port }: Manifest) => port)).toContain(
      vitePort.containerPort,
    );
  });

  test('keeps one writer', () => {
    for (const component of ['backend', 'ingestion']) {
      const { replicas, strategy } = studio.get('Deployment', `junjo-ai-studio-${component}`).spec;
      expect([replicas, strategy]).toEqual([1, { type: 'Recreate' }]);
    }
  });

  test.each(['backend', 'ingestion'])('leaves an hour to sources of its %s that do not compile', (component) => {
    const { startupProbe, livenessProbe } = studio.container(component);
    const seconds = ({ periodSeconds, failureThreshold }: Manifest) => periodSeconds * failureThreshold;
    expect(seconds(startupProbe)).toBe(3600);
    expect(seconds(livenessProbe)).toBe(3600);
    const { progressDeadlineSeconds } = studio.get('Deployment', `junjo-ai-studio-${component}`).spec;
    expect(progressDeadlineSeconds).toBeGreaterThan(3600);
  });

  test('has uvicorn look at the files by itself, and only at the sources', () => {
    expect(studio.container('backend').env).toContainEqual({ name: 'WATCHFILES_FORCE_POLLING', value: 'true' });
    const { args = ['--port', String(lineOf(tag)?.ports.backend.http), '--reload-dir', '/app/app'] } =
      studio.container('backend');
    expect(args[args.indexOf('--port') + 1]).toBe(String(lineOf(tag)?.ports.backend.http));
    expect(args.slice(args.indexOf('--reload-dir'))).toEqual(['--reload-dir', '/app/app']);
  });

  test('has the compiler of its ingestion look at the files by itself', () => {
    const { args } = studio.container('ingestion');
    expect(args.join(' ')).toMatch(
      /^(air -c \.air\.toml --build\.poll true|cargo watch --poll .* -w src -w \/proto -w Cargo\.toml -w build\.rs -x run)$/,
    );
  });

  test('holds the namespace to no level, says why, and still warns of what baseline forbids', () => {
    const [{ metadata }] = studio.ofKind('Namespace');
    expect(metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'privileged',
      'pod-security.kubernetes.io/warn': 'baseline',
      'pod-security.kubernetes.io/audit': 'baseline',
    });
    expect(metadata.annotations['kubernetes.io/description']).toContain('JUNJO_K8S_SOURCE_PATH');
  });

  test('is what it was when the setting is taken away', () => {
    const without = render(reloading(tag, { JUNJO_K8S_SOURCE_PATH: undefined }));
    expect(JSON.stringify(without.objects)).not.toMatch(/hostPath|FORCE_POLLING|node_modules|description/);
    expect(without.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
      studio.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    );
  });
});

test.each(tags)('development images of %s have memory to compile and to bundle', (tag) => {
  const limit = (component: string) =>
    render(reloading(tag, { JUNJO_K8S_SOURCE_PATH: undefined })).container(component).resources.limits.memory;
  expect(limit('frontend')).toBe('1Gi');
  expect(['2Gi', '4Gi']).toContain(limit('ingestion'));
});

const said = (settings: Settings) =>
  problemsOf(envText(settings)).filter((problem) => problem.includes('JUNJO_K8S_SOURCE_PATH'));

test.each<[why: string, settings: Settings, words: string]>([
  [
    'published images',
    development({ JUNJO_K8S_SOURCE_PATH: '/src/junjo' }),
    'has no effect without JUNJO_BUILD_TARGET=development. Set JUNJO_BUILD_TARGET=development, or remove this line',
  ],
  [
    'production',
    production({ JUNJO_BUILD_TARGET: 'development', JUNJO_K8S_SOURCE_PATH: '/src/junjo' }),
    'has no effect with JUNJO_ENV=production, which runs published images. Remove the line',
  ],
  [
    'production and published images',
    production({ JUNJO_K8S_SOURCE_PATH: '/src/junjo' }),
    'has no effect with JUNJO_ENV=production, which runs published images. Remove the line',
  ],
  [
    'a line without development images',
    reloading('0.86.0'),
    'has no effect: development images of 0.86 do not run on a cluster. Remove the line',
  ],
  [
    'Git',
    reloading('0.85.0', { JUNJO_K8S_GIT_REPO: 'https://git.example.com/studio.git' }),
    'is a folder on a node, which Git cannot deliver. Remove this line, or JUNJO_K8S_GIT_REPO',
  ],
  [
    'a relative path',
    reloading('0.85.0', { JUNJO_K8S_SOURCE_PATH: './junjo' }),
    'is not an absolute path on the nodes. Write it as /src/junjo',
  ],
  [
    'a path of Windows',
    reloading('0.85.0', { JUNJO_K8S_SOURCE_PATH: 'C:\\junjo' }),
    'is a Windows path. On Docker Desktop, nodes see C:\\junjo as /run/desktop/mnt/host/c/junjo. Write that path',
  ],
  [
    'a path upwards',
    reloading('0.85.0', { JUNJO_K8S_SOURCE_PATH: '/src/../etc' }),
    'contains "..", which Kubernetes refuses. Write the path without it',
  ],
  [
    'a path that is too long',
    reloading('0.85.0', { JUNJO_K8S_SOURCE_PATH: '/src'.repeat(1024) }),
    'is longer than 4000 bytes, which Linux does not support. Shorten it',
  ],
  [
    'the root',
    reloading('0.85.0', { JUNJO_K8S_SOURCE_PATH: '/' }),
    'is the root of the node. Name a folder such as /src/junjo',
  ],
])('refuses sources with %s', (_, settings, words) => {
  expect(said(settings)).toEqual([expect.stringContaining(`JUNJO_K8S_SOURCE_PATH: ${words}`)]);
  expect(said(settings)).toEqual([expect.not.stringMatching(/^(note|warning):/)]);
});

test.each([
  '/etc',
  '/proc/1',
  '/var/lib/kubelet/pods',
  '/run/containerd',
  '/var/run/docker.sock',
  '/run/desktop/mnt/host',
])('refuses %s, which is of the system of the node', (path) => {
  expect(said(reloading('0.85.0', { JUNJO_K8S_SOURCE_PATH: path }))).toEqual([
    expect.stringContaining('belongs to the operating system of the node'),
  ]);
});

test('takes a drive of Windows as Docker Desktop shows it', () => {
  const studio = render(reloading('0.85.0', { JUNJO_K8S_SOURCE_PATH: '/run/desktop/mnt/host/c/junjo' }));
  expect(sourcesOf(studio.pod('frontend').spec, 'frontend')).toEqual(['/run/desktop/mnt/host/c/junjo/frontend /app']);
});

test('says what it lowers, and the port of hot reload', () => {
  expect(said(reloading('0.70.3'))).toEqual([
    expect.stringMatching(/^note: .*privileged\. Hot reload of the UI uses port 5152\./),
  ]);
  expect(said(reloading('0.85.0'))).toEqual([
    expect.stringMatching(/^note: .*privileged\. Hot reload of the UI uses port 26151\./),
  ]);
});

test('tells first that most people want published images', () => {
  const [note] = problemsOf(envText(development({ JUNJO_BUILD_TARGET: 'development' })));
  expect(note).toMatch(/^note: \S+ JUNJO_BUILD_TARGET: most people want JUNJO_BUILD_TARGET=production/);
});
