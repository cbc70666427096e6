import { spawnSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Folder } from '../support/folder';
import { development, envText, production } from '../support/studio';
import { fromSource, Workspace } from '../support/workspace';

/** Every file of a folder, by its path. */
const names = (path: string) => readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();

describe('what the system refuses is one line', () => {
  let folder: Folder;
  const at = (path: string) => join(folder.path, path);

  beforeEach(() => {
    folder = new Folder();
    folder.write('.env', envText(development()));
    folder.write('file', '');
    folder.write('package.tgz', '');
    mkdirSync(at('folder'));
    symlinkSync('loop', at('loop'));
    symlinkSync('nowhere', at('dangling'));
  });

  afterEach(() => folder.remove());

  const long = 'a'.repeat(300);
  const outputs = [['file/x'], ['loop/x'], ['dangling/x'], ['/proc/x'], [long]] as const;
  const commands = [
    ['synth', '--output'],
    ['init', '--yes', '--package', 'package.tgz', '--repo'],
    ['diagram', '--format', 'mermaid', '--output'],
  ];

  test.each(outputs.flatMap(([path]) => commands.map((command) => [path.slice(0, 20), command, path] as const)))(
    'an output at %s of %j',
    async (_, command, path) => {
      const before = names(folder.path);
      const { status, stdout, stderr } = await folder.junjo([...command, path]);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^[^\n]*: E[A-Z]+: [^\n]+\. Nothing else was written\n$/);
      expect(names(folder.path)).toEqual(before);
    },
  );

  test.each([
    ['/dev/full', 'ENOSPC'],
    ['folder', 'EISDIR'],
  ])('a picture at %s', async (path, code) => {
    const before = names(folder.path);
    const { status, stderr } = await folder.junjo(['diagram', '--format', 'mermaid', '--output', path]);
    expect([status, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^${path}: ${code}: [^\n]+\n$`))]);
    expect(names(folder.path)).toEqual(before);
  });

  test('a picture takes the place of a file behind a link, whole', async () => {
    symlinkSync('file', at('link'));
    expect((await folder.junjo(['diagram', '--format', 'mermaid', '--output', 'link'])).status).toBe(0);
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('file'), 'utf8')).toContain('flowchart');
  });

  test.each([
    ['synth', '--env-file'],
    ['stream', '--env-file'],
    ['validate'],
    ['validate', '--env-file'],
    ['preflight', '--env-file'],
    ['synth', '--studios'],
    ['preflight'],
    ['explain', 'service/a', '--manifests'],
    ['diagram'],
    ['init', '--yes', '--from'],
  ])('an input of %s %s %s', async (...command) => {
    if (command[0] === 'init') renameSync(at('.env'), at('other.env'));
    spawnSync('mkfifo', [at('pipe')]);
    writeFileSync(at('huge'), Buffer.alloc(8 * 1024 * 1024 + 1));
    const before = names(folder.path);
    for (const path of ['/dev/zero', 'pipe', 'huge', 'folder', 'loop', 'dangling', 'file/x', '/dev']) {
      const { status, stdout, stderr } = await folder.junjo([...command, path]);
      expect([path, status, stdout]).toEqual([path, 1, '']);
      // Where an env file could not be read, a command that could do without says how.
      expect(stderr).toMatch(/^[^\n]+\n(Or name the namespace: --namespace\n)?$/);
      expect(stderr).toContain(path);
    }
    expect(names(folder.path)).toEqual(before);
  });

  test.each(['JUNJO_K8S_PATCHES', 'JUNJO_K8S_SEALING_CERT'])('a file that %s names', async (variable) => {
    for (const path of ['/dev/zero', 'folder', 'loop']) {
      const mode = variable === 'JUNJO_K8S_PATCHES' ? {} : { JUNJO_K8S_SECRETS: 'sealed' };
      folder.write('.env', envText(development({ ...mode, [variable]: path })));
      const { status, stderr } = await folder.junjo(['synth']);
      expect([status, stderr]).toEqual([
        1,
        expect.stringMatching(`^\\.env:\\d ${variable}: [^\n]*(is a|ELOOP)[^\n]*\n$`),
      ]);
    }
    expect(names(folder.path)).not.toContain('dist');
  });

  test('ciphertexts that cannot be read are not made anew', async () => {
    mkdirSync(at('sealed/junjo-ai-studio.json'), { recursive: true });
    folder.write('cert.pem', 'none');
    folder.write('.env', envText(production({ JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: 'cert.pem' })));
    const { stderr } = await folder.junjo(['synth']);
    expect(stderr).toMatch(/JUNJO_K8S_SECRETS: sealed\/junjo-ai-studio\.json is a folder\. Name a regular file$/m);
  });
});

describe('a process', () => {
  let workspace: Workspace;
  const at = (path: string) => join(workspace.path, path);
  const junjo = fromSource.join(' ');
  const app = 'node -r tsx/cjs main.ts';
  const shell = (line: string) => workspace.run('bash', ['-c', line]);

  beforeEach(() => {
    workspace = new Workspace();
    writeFileSync(at('.env'), envText(development()));
  });

  afterEach(() => workspace.remove());

  test.each(['validate', 'stream', 'explain JUNJO_ENV', 'synth --json', '--help'])(
    '%s says that stdout is full',
    (args) => {
      const { status, stderr } = shell(`node ${junjo} ${args} > /dev/full`);
      expect([status, stderr]).toEqual([1, 'stdout: ENOSPC: no space left on device\n']);
    },
  );

  test('whose reader stops reading ends well', () => {
    expect(shell(`set -o pipefail; node ${junjo} stream | head -1`)).toEqual({
      status: 0,
      stdout: '---\n',
      stderr: '',
    });
  });

  // The limit of a file stands for a full disk: the first bytes are written, and the rest is refused.
  test.each([
    ['synth', `node ${junjo} synth`, 'else was'],
    ['the app of cdk8s.yaml', app, 'was'],
  ])('%s that runs out of space leaves everything as it was', (_, command, was) => {
    expect(shell(command).status).toBe(0);
    writeFileSync(at('.env'), envText(development({ JUNJO_LOG_LEVEL: 'debug' })));
    const before = [
      names(at('dist')),
      readdirSync(workspace.path),
      readFileSync(at('dist/20-settings.k8s.yaml'), 'utf8'),
    ];
    const { status, stderr } = shell(`ulimit -f 8; ${command}`);
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^dist\\S*: EFBIG: file too large\\. Nothing ${was} written\n$`));
    expect([
      names(at('dist')),
      readdirSync(workspace.path),
      readFileSync(at('dist/20-settings.k8s.yaml'), 'utf8'),
    ]).toEqual(before);
  });

  test('init that runs out of space leaves no .env', () => {
    renameSync(at('.env'), at('other.env'));
    const { status, stderr } = shell(`ulimit -f 1; node ${junjo} init --yes`);
    expect([status, stderr]).toEqual([1, '.env: EFBIG: file too large. Nothing else was written\n']);
    expect(readdirSync(workspace.path)).not.toContain('.env');
  });

  test.each([
    ['junjo-k8s', `node -r ./broken.js ${junjo} validate`],
    ['the app of cdk8s.yaml', `node -r ./broken.js -r tsx/cjs main.ts`],
  ])('%s tells of a bug in one line, without code', (_, command) => {
    writeFileSync(at('broken.js'), "require('node:fs').fstatSync = () => { throw new TypeError('broken\\nhere') };\n");
    const { status, stdout, stderr } = shell(command);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe('This is a bug in junjo-ai-studio-cdk8s: please report it. TypeError: broken\\nhere\n');
  });

  describe('the app of cdk8s.yaml', () => {
    const secrets = 'dist/30-secrets.k8s.yaml';

    test.each<[string, () => void]>([
      ['a file that others may read', () => writeFileSync(at(secrets), 'old', { mode: 0o644 })],
      ['a link', () => symlinkSync('../mine', at(secrets))],
      ['a second name of a file', () => linkSync(at('mine'), at(secrets))],
    ])('writes a new file of its owner alone in the place of %s', (_, put) => {
      writeFileSync(at('mine'), 'mine\n');
      mkdirSync(at('dist'));
      put();
      expect(shell(app)).toEqual({ status: 0, stdout: '', stderr: '' });
      expect([lstatSync(at(secrets)).isFile(), statSync(at(secrets)).mode & 0o777]).toEqual([true, 0o600]);
      expect(readFileSync(at('mine'), 'utf8')).toBe('mine\n');
      expect(names(at('dist')).filter((name) => name.includes('.new-'))).toEqual([]);
    });

    test.each([
      ['dist', 'dist'],
      ['dist/foundation', 'dist/foundation'],
    ])('writes nothing where %s is a link', (_, path) => {
      mkdirSync(at('elsewhere'));
      if (path !== 'dist') mkdirSync(at('dist'));
      symlinkSync(at('elsewhere'), at(path));
      expect(shell(app)).toEqual({
        status: 1,
        stdout: '',
        stderr: `${path}: is a link, not a folder. Nothing was written\n`,
      });
      expect(names(at('elsewhere'))).toEqual([]);
    });
  });
});
