import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { VOLUME_MARK } from '../../charts/upgrade-guard';
import { version } from '../../package.json';
import { schemaOf } from '../../releases';
import { FakeApiServer } from '../support/fake-api-server';
import { contents, fillVolume } from '../support/live-studio';
import { describeWith, pathOf } from '../support/programs';
import { envText, freshSecret, type Manifest, production, Rendered, renderAll, type Settings } from '../support/studio';
import { lineCalled, usersOf } from '../support/volume';
import { Workspace } from '../support/workspace';

// Each step is a process or several.
jest.setTimeout(300_000);

const NAMESPACE = 'junjo-ai-studio';

/** The part of a page from one heading to the next of its level or a higher one. */
function chapterOf(path: string, heading: string): string {
  const [, level = ''] = /^(#+) /.exec(heading) ?? [];
  const [, rest = ''] = readFileSync(path, 'utf8').split(`\n${heading}\n`);
  return rest.split(new RegExp(`^#{1,${level.length}} `, 'm'))[0] ?? '';
}

const blocksOf = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block);

/** A command of npm that asks nothing. */
const withYes = (command: string) => `${command.trim()}${command.includes(' -- ') ? '' : ' --'} --yes`;

/** A plain Ingress and no cert-manager: kinds that every cluster knows. */
const edge = {
  JUNJO_K8S_INGRESS_CLASS: 'other',
  JUNJO_K8S_TLS_SECRET: 'tls',
  JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
};
const three: Settings = production({ ...edge, JUNJO_K8S_RELEASE: '0.82.1' });
const two: Settings = { ...three, JUNJO_K8S_RELEASE: '0.86.0' };

describeWith(['kubectl', 'python3', 'openssl'], 'the runbook, from 0.82 to 0.86', () => {
  const [backup = '', look = '', close = '', guard = '', aside = '', open = '', back = '', bring = '', watch = ''] =
    blocksOf(chapterOf('docs/runbook.md', '## From 0.82 to 0.86'), 'bash');
  let cluster: FakeApiServer;
  let workspace: Workspace;

  beforeEach(async () => {
    workspace = new Workspace();
    cluster = await FakeApiServer.start();
    cluster.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'other' },
      spec: { controller: 'example.com/other' },
    });
  });

  afterEach(async () => {
    await cluster.close();
    workspace.remove();
  });

  const shell = async (script: string) => {
    const env = { ...process.env, ...cluster.environment };
    const PATH = `${dirname(pathOf('kubectl'))}:${process.env.PATH}`;
    try {
      const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script], {
        cwd: workspace.path,
        env: { ...env, PATH },
      });
      return { code: 0, text: stdout + stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, text: `${stdout}${stderr}` };
    }
  };
  const write = (settings: Settings) => writeFileSync(join(workspace.path, '.env'), envText(settings));
  const names = (plural: string) => cluster.store.list(plural).map(({ metadata }: Manifest) => metadata.name);

  test('each command does what the page says, and the data stays', async () => {
    write(three);
    expect(await shell('npm run synth && kubectl apply -f dist/foundation -f dist/')).toMatchObject({ code: 0 });
    await cluster.until(() => cluster.store.list('deployments').every(({ status }) => status?.availableReplicas === 1));
    fillVolume(cluster.volume(NAMESPACE, 'junjo-ai-studio-data'));
    const mark = { line: '0.82', schema: schemaOf(lineCalled('0.82')), manifests: version };
    writeFileSync(join(cluster.volume(NAMESPACE, 'junjo-ai-studio-data'), VOLUME_MARK), JSON.stringify(mark));

    expect(await shell(withYes(backup))).toMatchObject({ code: 0 });

    write(two);
    const looked = await shell(look);
    expect(looked.text).toContain(`  ${NAMESPACE} deployment.apps/junjo-ai-studio-frontend\n`);
    expect(looked.text).toMatch(/Release 0\.82\.1 runs here\. 0\.86\.0 does not start on its user database/);
    expect(looked.code).toBe(1);

    const kept = () => ['namespaces', 'persistentvolumeclaims', 'secrets'].map((plural) => names(plural).sort());
    const before = kept();
    expect(await shell(close)).toMatchObject({ code: 0 });
    expect(names('deployments').sort()).toEqual(['junjo-ai-studio-backend', 'junjo-ai-studio-ingestion']);
    expect(names('services').filter((name) => name.includes('frontend'))).toEqual([]);
    expect(names('ingresses')).toEqual(['junjo-ai-studio-spans']);
    expect(kept()).toEqual(before);

    const pod = cluster.store.list('pods').find(({ metadata }) => metadata.name.includes('backend'));
    cluster.logs.set(pod.metadata.name, 'what the guard says\n');
    expect((await shell(guard)).text).toContain('what the guard says');

    const volume = cluster.volume(NAMESPACE, 'junjo-ai-studio-data');
    const data = contents(volume);
    const moved = await shell(withYes(aside));
    expect(moved).toMatchObject({ code: 0, text: expect.stringMatching(/The previous data is in the folder/) });
    expect(moved.text).toContain('set JUNJO_K8S_RELEASE=0.82.1, render, and apply');
    const [folder = ''] = readdirSync(volume);
    expect(readdirSync(volume)).toEqual([folder]);
    expect(contents(join(volume, folder))).toEqual(data);

    const [apply = '', follow = ''] = open.split('\n');
    expect(await shell(apply)).toMatchObject({ code: 0 });
    for (const ingress of cluster.store.list('ingresses')) {
      cluster.apply({ ...ingress, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } });
    }
    const opened = await shell(follow);
    expect(opened.text).toMatch(/^UI, API +https:\/\/studio\.example\.com$/m);
    expect(opened.code).toBe(0);
    expect(names('ingresses').sort()).toEqual(['junjo-ai-studio', 'junjo-ai-studio-spans']);

    // What 0.86 writes meanwhile.
    mkdirSync(join(volume, 'sqlite'));
    const of086 = 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])';
    execFileSync('python3', ['-c', of086, join(volume, 'sqlite/junjo.db'), usersOf(lineCalled('0.86'))]);

    const [list = '', bringBack = ''] = bring.trim().split('\n');
    const named = withYes(bringBack).replace(/\.junjo-before-\w+/, folder);
    // In the wrong order nothing changes.
    expect(await shell(named)).toMatchObject({
      code: 1,
      text: expect.stringContaining('does not start on this data'),
    });
    expect(readdirSync(volume).sort()).toEqual([folder, 'sqlite']);

    write(three);
    expect(await shell(back)).toMatchObject({ code: 0 });
    expect((await shell(list)).text).toContain(`${folder}  `);
    expect(await shell(named)).toMatchObject({ code: 0, text: expect.stringContaining('JUNJO_K8S_RELEASE') });
    expect(contents(volume, /^\.junjo-before-/)).toEqual(data);
    expect(readdirSync(volume).filter((name) => name.startsWith('.junjo-before-'))).toHaveLength(1);
    expect(await shell(watch)).toMatchObject({ code: 0 });
    expect(names('deployments')).toHaveLength(3);
  });
});

describe('the patches for an image that needs more', () => {
  const patches = blocksOf(chapterOf('docs/patches.md', '## An image that needs more'), 'yaml');
  const rendered = (text: string) => {
    const env = envText({ ...two, JUNJO_K8S_PATCHES: 'patches.yaml' });
    const { files, problems } = renderAll([{ files: [{ path: '.env', text: env }] }], { readFile: () => text });
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(problems.map(({ text: said }) => said).join('\n')).toMatch(/pod-security/);
    return new Rendered(files);
  };

  test('open the root file system, and leave the rest confined', () => {
    const studio = rendered(patches[0] ?? '');
    expect(studio.container('backend').securityContext).toMatchObject({
      readOnlyRootFilesystem: false,
      allowPrivilegeEscalation: false,
    });
    expect(studio.container('ingestion').securityContext.readOnlyRootFilesystem).toBe(true);
    expect(studio.pod('backend').spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001 });
  });

  test('run both as root, in a namespace that takes that', () => {
    const studio = rendered(patches[1] ?? '');
    for (const name of ['backend', 'ingestion']) {
      expect(studio.pod(name).spec.securityContext).toMatchObject({ runAsNonRoot: false, runAsUser: 0 });
    }
    const [{ metadata }] = studio.ofKind('Namespace');
    expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('baseline');
  });
});
