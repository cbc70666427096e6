import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { run } from '../../../cli/cli';
import { readFolder } from '../../../cli/manifests';
import { restoreInto } from '../../../cli/restore';
import { howToLook } from '../../../cluster/copy/look';
import { Kubectl } from '../../../cluster/kubectl';
import { variablesOf } from '../../../config/variables';
import { lineOf } from '../../../releases';
import { claimsOf } from '../../../render/manifest';
import { exampleNames, exampleSources } from '../../../tools/example-studios';
import { Folder } from '../../support/folder';
import { kubectlInProcess } from '../../support/kubectl-in-process';
import { contents, fillVolume, hasty, LiveStudio } from '../../support/live-studio';
import { describeWith } from '../../support/programs';
import { unguarded } from '../../support/shell';
import { envText, freshSecret, type Manifest, production, type Settings } from '../../support/studio';
import { Workspace } from '../../support/workspace';

// Each runs several processes, which take their time on a busy machine.
jest.setTimeout(300_000);

const DATA = 'junjo-ai-studio-data';

/** The arguments of a printed command, which is a script of npm. */
function wordsOf(line: string): readonly string[] {
  const [npm, run, command = '', separator, ...args] = line.split(' ');
  expect([npm, run, separator]).toEqual(['npm', 'run', '--']);
  return [command, ...args];
}

/** The parts of what is printed: what runs the studio, with the env file, synth and forward in it, and what ends it. */
function partsOf(text: string) {
  const [, block = '', end = ''] = /^To look at the copy.*:\n(.*)\nTo delete the copy.*:\n(.*)$/s.exec(text) ?? [];
  const [, envFile = '', synth = '', forward = ''] =
    /^(.*?EOF &&\n.*?\nEOF\n)(.*) &&\nkubectl .* &&\n(.*)$/s.exec(block) ?? [];
  // As a command of its own.
  return { block, end, envFile: envFile.replace(' &&\n', '\n'), synth, forward };
}

/** Every example of one studio, and one of several. */
const studios = exampleNames().flatMap((name) =>
  exampleSources(name).sources.map(
    ({ files }) => [files.map(({ path }) => path.split('/').slice(2).join('/'))[0] ?? '', name] as const,
  ),
);

describeWith(['openssl'], 'a studio on a copy, as it is printed', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  test.each(studios)(
    'of %s in %s, has nothing of the running studio but its secrets and images',
    async (file, name) => {
      for (const entry of readdirSync(join('examples', name)).filter((each) => !['dist', 'base'].includes(each))) {
        cpSync(join('examples', name, entry), join(folder.path, entry), { recursive: true });
      }
      const { options } = exampleSources(name);
      const secrets = [
        'JUNJO_SESSION_SECRET',
        'JUNJO_SECURE_COOKIE_KEY',
        'JUNJO_INTERNAL_GRPC_TOKEN',
        'OPENAI_API_KEY',
        'QDRANT_API_KEY',
      ];
      const environment = Object.fromEntries(secrets.map((each) => [each, options.environment?.(each)]));
      expect(await folder.junjo(['synth', '--env-file', file], { environment })).toMatchObject({ status: 0 });
      const dist = join(folder.path, 'dist');
      const before = contents(dist);
      const tag = /^JUNJO_K8S_RELEASE=(.*)$/m.exec(readFileSync(join(folder.path, file), 'utf8'))?.[1] ?? '0.70.3';

      const here = process.cwd();
      process.chdir(folder.path);
      const text = howToLook({
        kubectl: new Kubectl({ context: 'fake', namespace: 'junjo', environment }),
        namespace: 'look',
        claim: 'the-claim',
        tag,
        caller: { envFiles: [file] },
      });
      process.chdir(here);
      const { envFile, synth } = partsOf(text);
      execFileSync('sh', ['-c', envFile], { cwd: folder.path });
      const { status, stderr } = await folder.junjo(wordsOf(synth), { environment });
      expect({ status, stderr }).toMatchObject({ status: 0 });

      expect(contents(dist)).toEqual(before);
      const objects: Manifest[] = readFolder(join(folder.path, 'restored-look')).map(({ manifest }) => manifest);
      const places = new Set(objects.map(({ kind, metadata }) => metadata.namespace ?? `${kind} ${metadata.name}`));
      expect([...places].sort()).toEqual(['Namespace look', 'look']);
      expect(
        objects
          .map(({ kind }) => kind)
          .filter((kind) =>
            /Volume|Ingress|Gateway|Route|Certificate|Schedule|Replication|Application|Sealed|External|StatefulSet|Prometheus|Monitor/.test(
              kind,
            ),
          ),
      ).toEqual([]);
      const mounted = objects
        .filter(({ kind }) => kind === 'Deployment')
        .flatMap(({ spec }) => claimsOf(spec.template));
      expect([...new Set(mounted)]).toEqual(['the-claim']);
      const { stringData, data } = objects.find(({ kind }) => kind === 'Secret') ?? {};
      const values: Record<string, string> = stringData ?? data;
      const line = lineOf(tag);
      const required = (line ? variablesOf(line) : []).filter((each) => each.secret && each.required && !each.onlyWith);
      expect(required).not.toEqual([]);
      for (const { name: key } of required) {
        const inFile = new RegExp(`^${key}$`, 'm').test(readFileSync(join(folder.path, file), 'utf8'));
        if (inFile)
          expect([values[key], Buffer.from(values[key] ?? '', 'base64').toString()]).toContain(environment[key]);
        else expect(values[key]?.length).toBeGreaterThan(31);
      }
    },
  );

  test('is rendered alone where JUNJO_STUDIOS names a folder of studios', async () => {
    const environment = { JUNJO_STUDIOS: 'studios' };
    const text = howToLook({
      kubectl: new Kubectl({ context: 'fake', environment }),
      namespace: 'look',
      claim: DATA,
      tag: '0.82.1',
      caller: { envFiles: [] },
    });
    const { envFile, synth } = partsOf(text);
    execFileSync('sh', ['-c', envFile], { cwd: folder.path });
    const [, command = ''] = /^JUNJO_STUDIOS= (.*)$/.exec(synth) ?? [];
    const alone = { environment: { JUNJO_STUDIOS: '' } };
    expect(await folder.junjo(wordsOf(command), alone)).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(join(folder.path, 'restored-look/40-backend.k8s.yaml'))).toBe(true);
  });

  test.each<[string, string | undefined, string, boolean]>([
    ['0.86.0', '0.82.1', '0.82.1', true],
    ['0.82.1', '0.81.5', '0.81.5', true],
    ['0.84.1', '0.83.0', '0.84.1', false],
    ['0.86.0', '9.9.9', '0.86.0', false],
    ['0.86.0', undefined, '0.86.0', false],
  ])('where %s runs, a copy of %s is rendered with %s', async (tag, takenFrom, expected, isOther) => {
    const env = { ...production({ JUNJO_K8S_RELEASE: tag }), JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
    const ofRunning = { JUNJO_K8S_BACKEND_IMAGE: `registry.example.com/own:${tag}` };
    writeFileSync(join(folder.path, '.env'), envText({ ...env, ...ofRunning }));
    const here = process.cwd();
    process.chdir(folder.path);
    const text = howToLook({
      kubectl: new Kubectl({ context: 'fake' }),
      namespace: 'look',
      claim: DATA,
      tag,
      takenFrom,
      caller: { envFiles: ['.env'] },
    });
    process.chdir(here);
    const { envFile, synth } = partsOf(text);
    execFileSync('sh', ['-c', envFile], { cwd: folder.path });
    expect(await folder.junjo(wordsOf(synth))).toMatchObject({ status: 0 });
    const backend = readFileSync(join(folder.path, 'restored-look/40-backend.k8s.yaml'), 'utf8');
    expect(backend.includes('registry.example.com/own')).toBe(!isOther);
    const facts = readFileSync(join(folder.path, 'restored-look/25-upgrade-guard.k8s.yaml'), 'utf8');
    expect(facts).toContain(`"line": "${lineOf(expected)?.name}"`);
  });

  test('is rendered without any env file of the running studio, where there is none', async () => {
    const text = howToLook({
      kubectl: new Kubectl({ context: 'fake' }),
      namespace: 'look',
      claim: DATA,
      tag: '0.82.1',
      caller: { envFiles: ['no-such.env'] },
    });
    const { envFile, synth } = partsOf(text);
    execFileSync('sh', ['-c', envFile], { cwd: folder.path });
    expect(statSync(join(folder.path, 'restored-look.env')).mode & 0o777).toBe(0o600);
    expect(await folder.junjo(wordsOf(synth))).toMatchObject({ status: 0, stderr: '' });
  });
});

describeWith(['kubectl', 'python3', 'openssl'], 'restore --into', () => {
  let studio: LiveStudio;
  let workspace: Workspace;
  let folder: string;

  beforeEach(() => {
    workspace = new Workspace();
    folder = mkdtempSync(join(tmpdir(), 'junjo-look-'));
    fillVolume(folder);
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await studio.close();
    workspace.remove();
    rmSync(folder, { recursive: true });
  });

  const settings = production({
    JUNJO_K8S_NAMESPACE: 'junjo',
    JUNJO_K8S_RELEASE: '0.82.1',
    JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
    JUNJO_K8S_STORAGE_CLASS: 'fast',
    JUNJO_K8S_STORAGE_SIZE: '20Gi',
    JUNJO_ALLOW_ORIGINS: 'https://studio.example.com',
    JUNJO_K8S_BACKUP: 'velero',
    JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git',
  });
  const fast = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner: 'csi',
  };

  const start = async (more: Settings = {}, ...objects: Manifest[]) => {
    studio = await LiveStudio.start({ ...settings, ...more });
    studio.cluster.apply(...objects);
    writeFileSync(join(workspace.path, '.env'), envText({ ...settings, ...more }));
  };

  const restore = async (into: string) => {
    kubectlInProcess(studio.cluster);
    const io = studio.io();
    const environment = { ...io.environment, npm_command: 'run-script' };
    const envFile = [join(workspace.path, '.env')];
    const exit = await restoreInto({ source: folder, into, envFile, yes: true }, { ...io, environment }, hasty);
    jest.restoreAllMocks();
    return { exit, said: io.said.join('\n') };
  };

  const paste = (text: string) =>
    promisify(execFile)('sh', ['-c', text], {
      cwd: workspace.path,
      env: { ...process.env, ...studio.cluster.environment, HOME: process.env.HOME },
    });

  const namespaces = () => studio.cluster.store.list('namespaces').map(({ metadata }) => metadata.name);

  test('prints commands that run a studio on the copy and end it, and none of them touches the running one', async () => {
    await start({}, fast);
    expect(workspace.junjo(['synth'])).toMatchObject({ status: 0 });
    const dist = contents(join(workspace.path, 'dist'));
    const { exit, said } = await restore('look');
    expect({ exit, said }).toMatchObject({ exit: 0 });
    const { block, forward, end } = partsOf(said.slice(said.indexOf('To look at the copy')));
    expect(unguarded(block)).toEqual([]);
    expect(unguarded(end)).toEqual([]);
    const claim = studio.cluster.object('persistentvolumeclaims', 'look', DATA);
    const requests = studio.cluster.requests.length;

    await paste(block.replace(forward, 'true'));
    const changes = studio.cluster.requests.slice(requests).filter(({ method }) => method !== 'GET');
    expect(changes.length).toBeGreaterThan(5);
    expect(changes.map(({ path }) => path).filter((path) => !/\/namespaces\/look(\/|$)/.test(path))).toEqual([]);
    expect(studio.cluster.object('persistentvolumeclaims', 'look', DATA)).toEqual(claim);
    for (const component of ['backend', 'ingestion']) {
      const { spec } = studio.cluster.object('deployments', 'look', `junjo-ai-studio-${component}`);
      expect(claimsOf(spec.template)).toEqual([DATA]);
    }
    expect(contents(join(workspace.path, 'dist'))).toEqual(dist);
    expect(studio.trouble).toEqual([]);
    // The real command line parser knows the last line.
    const [, words = ''] = /^npm run forward -- (.*)$/.exec(forward) ?? [];
    const io = { environment: {}, out: () => undefined, err: () => undefined, color: false };
    const seen: object[] = [];
    const begun = async (_: object, options: object) => {
      seen.push(options);
      return 0 as const;
    };
    expect(await run(['forward', ...words.split(' ')], io, begun)).toBe(0);
    expect(seen).toEqual([{ folder: 'restored-look', context: 'fake' }]);

    await paste(end);
    expect(namespaces()).toEqual(['junjo']);
    expect(existsSync(join(workspace.path, 'restored-look'))).toBe(false);
    expect(contents(join(workspace.path, 'dist'))).toEqual(dist);
    expect(studio.trouble).toEqual([]);
  });

  const onNode = {
    JUNJO_K8S_STORAGE_CLASS: undefined,
    JUNJO_K8S_BACKUP: undefined,
    JUNJO_HOST_DB_DATA_PATH: '/mnt/data',
    JUNJO_K8S_NODE: 'node-1',
  };
  test.each<[string, Settings, readonly Manifest[]]>([
    ['a folder on a node', onNode, []],
    ['a folder on a node with a class that is only a name', { ...onNode, JUNJO_K8S_STORAGE_CLASS: 'manual' }, []],
    ['a class that provisions nothing', {}, [{ ...fast, provisioner: 'kubernetes.io/no-provisioner' }]],
  ])('refuses %s before it does anything', async (_, more, objects) => {
    await start(more, ...objects);
    expect(await restore('look')).toMatchObject({
      exit: 1,
      said: expect.stringMatching(/^--into look: no storage class can create a second volume/),
    });
    expect(namespaces()).toEqual(['junjo']);
  });

  test('refuses a namespace in which a studio runs', async () => {
    await start({}, fast);
    studio.apply({ ...settings, JUNJO_K8S_NAMESPACE: 'other' });
    expect(await restore('other')).toMatchObject({
      exit: 1,
      said: expect.stringMatching(/a studio already exists in that namespace/),
    });
    expect(readdirSync(studio.volumeOf('other'))).toEqual([]);
  });

  test('counts a class that may not be read as one that provisions', async () => {
    await start();
    studio.cluster.forbidden.add('get storageclasses');
    expect(await restore('look')).toMatchObject({ exit: 0 });
  });
});
