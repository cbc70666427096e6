import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Folder } from '../support/folder';
import { development, envText, freshSecret, production, type Settings } from '../support/studio';
import { Workspace } from '../support/workspace';

let folder: Folder;
const synth = (environment: NodeJS.ProcessEnv = {}) => folder.junjo(['synth'], { environment });
const mode = (path: string) => (statSync(join(folder.path, path)).mode & 0o777).toString(8);
const write = (path: string, text: string) => writeFileSync(join(folder.path, path), text);

/** Every file of a folder with its bytes. */
function contents(root = join(folder.path, 'dist')): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')]));
}

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

test('without an env file it writes one with fresh secrets, and renders a studio on localhost', async () => {
  const { status, stdout, stderr } = await synth();
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('kubectl apply -f dist/foundation -f dist/');
  expect(stdout).toContain('http://localhost:5153');
  expect(mode('.env')).toBe('600');
  expect(mode('dist/30-secrets.k8s.yaml')).toBe('600');
  const secrets = /^JUNJO_(?:SESSION_SECRET|SECURE_COOKIE_KEY)=(.*)$/gm;
  const values = [...readFileSync(join(folder.path, '.env'), 'utf8').matchAll(secrets)].map(([, value = '']) => value);
  expect(values.map((value) => Buffer.from(value, 'base64').length)).toEqual([32, 32]);
  expect(values[0]).not.toBe(values[1]);
  for (const value of values) expect(stdout).not.toContain(value);
});

test('npm run synth and npx cdk8s synth render the same bytes, with an env file where there is none', () => {
  const workspace = new Workspace();
  try {
    rmSync(join(workspace.path, '.env.example'));
    const npm = workspace.run('npm', ['run', '--silent', 'synth']);
    expect([npm.status, npm.stderr]).toEqual([0, '']);
    expect((statSync(join(workspace.path, '.env')).mode & 0o777).toString(8)).toBe('600');
    const rendered = contents(join(workspace.path, 'dist'));
    expect(workspace.run('npx', ['cdk8s', '--check-upgrade=false', 'synth']).status).toBe(0);
    expect(contents(join(workspace.path, 'dist'))).toEqual(rendered);
    expect(Object.keys(rendered)).toContain('foundation/00-namespace.k8s.yaml');
  } finally {
    workspace.remove();
  }
});

test('what Kubernetes would refuse is refused before dist/ changes, until the old file is gone', async () => {
  const settings = development({ JUNJO_K8S_STORAGE_SIZE: '20Gi' });
  write('.env', envText(settings));
  expect((await synth()).status).toBe(0);
  const before = contents();
  write('.env', envText({ ...settings, JUNJO_K8S_STORAGE_SIZE: '5Gi' }));
  const { status, stderr } = await synth();
  expect(status).toBe(1);
  expect(stderr).toContain('a claim cannot shrink from 20Gi to 5Gi');
  expect(contents()).toEqual(before);
  rmSync(join(folder.path, 'dist/foundation/10-storage.k8s.yaml'));
  expect((await synth()).status).toBe(0);
  expect(contents()['foundation/10-storage.k8s.yaml']).toContain('5Gi');
});

describe('with a repository, the next steps', () => {
  const git = { JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' };
  const next = (stdout: string) => stdout.slice(stdout.indexOf('Next:')).trimEnd().split('\n');

  test('bring the Secret that Git ignores, with its namespace, before Argo CD', async () => {
    write('.env', envText(production(git)));
    expect(next((await synth()).stdout)).toEqual([
      'Next:',
      expect.stringMatching(
        /^Create the first user before you open the edge\. See \S*docs\/apply\.md, "With Argo CD or Flux"$/,
      ),
      'A studio that has a user needs only this:',
      '  kubectl apply -f dist/foundation -f dist/',
      'Or commit dist/ without the Secret: .gitignore excludes *secrets.k8s.yaml. The pods need the Secret, so apply it now and after each change:',
      '  kubectl apply -f dist/foundation/00-namespace.k8s.yaml -f dist/30-secrets.k8s.yaml',
      'JUNJO_K8S_SECRETS=sealed or external makes this step unnecessary. Then run this once:',
      '  kubectl apply -f dist/argocd',
    ]);
    for (const path of ['foundation/00-namespace.k8s.yaml', '30-secrets.k8s.yaml']) {
      expect(Object.keys(contents())).toContain(path);
    }
  });

  test('apply on the server what Argo CD applies to itself, where its copy does not fit into an annotation', async () => {
    mkdirSync(join(folder.path, 'studios'));
    const rendered = async (more: Settings) => {
      write('studios/alpha.env', envText(production({ ...git, ...more })));
      return synth({ JUNJO_STUDIOS: 'studios' });
    };
    expect(next((await rendered({})).stdout).at(-1)).toBe('  kubectl apply -f dist/argocd');
    // As many studios as that would take a minute.
    const { stdout, stderr } = await rendered({ JUNJO_K8S_ANNOTATIONS: `example.com/note=${'x'.repeat(140000)}` });
    expect(next(stdout)).toContain('  kubectl apply --server-side -f dist/alpha/foundation -f dist/alpha/');
    expect(next(stdout).at(-1)).toBe('  kubectl apply --server-side -f dist/argocd');
    expect(stderr).toMatch(
      /^note: studios\/alpha\.env:\d+ JUNJO_K8S_GIT_REPO: the (AppProject|ApplicationSet) of all studios is larger/m,
    );
  });

  test('bring that of each of several studios', async () => {
    mkdirSync(join(folder.path, 'studios'));
    const noSecrets = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
    for (const [name, more] of Object.entries({
      a: {},
      b: {},
      c: { JUNJO_K8S_SECRETS: 'existing', ...noSecrets },
    })) {
      const host = (of: string) => `https://${of}.${name}.example.com`;
      const hosts = {
        JUNJO_PROD_FRONTEND_URL: host('ui'),
        JUNJO_PROD_BACKEND_URL: host('api'),
        JUNJO_PROD_INGESTION_URL: host('spans'),
      };
      write(`studios/${name}.env`, envText(production({ ...git, ...hosts, ...more })));
    }
    const { stdout } = await synth({ JUNJO_STUDIOS: 'studios' });
    expect(next(stdout).filter((line) => line.includes('30-secrets.k8s.yaml'))).toEqual(
      ['a', 'b'].map(
        (name) =>
          `  kubectl apply -f dist/${name}/foundation/00-namespace.k8s.yaml -f dist/${name}/30-secrets.k8s.yaml`,
      ),
    );
    expect(next(stdout).at(-1)).toBe('  kubectl apply -f dist/argocd');
  });

  test('are two where the Secret comes from elsewhere', async () => {
    const noSecrets = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
    write('.env', envText(production({ ...git, JUNJO_K8S_SECRETS: 'existing', ...noSecrets })));
    expect(next((await synth()).stdout).at(-1)).toBe(
      'Or commit dist/, and run this once: kubectl apply -f dist/argocd',
    );
  });
});

test('a bad env file gives all its problems and exit status 1, and leaves dist/ as it was', async () => {
  await synth();
  const before = contents();
  write('.env', 'JUNJO_ENV=nowhere\nJUNJO_SESION_SECRET=x\n');
  const { status, stdout, stderr } = await synth();
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr.trim().split('\n')).toEqual([
    '.env:1 JUNJO_ENV: must be one of: development, production',
    '.env:2 JUNJO_SESION_SECRET: is not a variable of Junjo AI Studio. Did you mean JUNJO_SESSION_SECRET?',
    '.env JUNJO_SESSION_SECRET: is missing. Generate one: openssl rand -base64 32',
    '.env JUNJO_SECURE_COOKIE_KEY: is missing. Generate one: openssl rand -base64 32',
  ]);
  expect(contents()).toEqual(before);
  expect(readdirSync(folder.path).filter((name) => name.startsWith('.dist-'))).toEqual([]);
});

test('a file that a studio no longer has disappears from dist/', async () => {
  write('.env', envText(development()));
  await synth();
  write('.env', envText(development({ JUNJO_K8S_EXISTING_CLAIM: 'mine' })));
  await synth();
  expect(Object.keys(contents())).not.toContain('foundation/10-storage.k8s.yaml');
});

test('dist/ is left alone where nothing changes, and whatever somebody changed in it is put back', async () => {
  write('.env', envText(development()));
  await synth();
  const before = contents();
  const secrets = join(folder.path, 'dist/30-secrets.k8s.yaml');
  const inode = () => statSync(secrets).ino;
  const first = inode();
  const { status, stdout } = await synth();
  expect([status, inode()]).toEqual([0, first]);
  expect(stdout).toContain('kubectl apply -f dist/foundation -f dist/');

  chmodSync(secrets, 0o644);
  await synth();
  expect(mode('dist/30-secrets.k8s.yaml')).toBe('600');
  for (const [path, text] of Object.entries(before)) {
    write(join('dist', path), `${text}# mine\n`);
    await synth();
    expect(contents()).toEqual(before);
  }
  rmSync(secrets);
  await synth();
  expect(contents()).toEqual(before);
});

describe('an output folder that holds anything that synth does not write', () => {
  const elsewhere = () => join(folder.path, 'elsewhere');
  const link = (target: string, path: string) => symlinkSync(target, join(folder.path, path));
  const make = (path: string) => mkdirSync(join(folder.path, path), { recursive: true });

  beforeEach(async () => {
    write('.env', envText(development()));
    expect((await synth()).status).toBe(0);
    write('elsewhere', 'not yours\n');
    // Something to write.
    write('.env', envText(development({ JUNJO_K8S_NETWORK_POLICY: 'false' })));
  });

  test.each<[string, string, () => void]>([
    ['a file of somebody else', 'index.html', () => write('dist/index.html', 'mine')],
    ['a hidden file', '.keep', () => write('dist/.keep', '')],
    ['a manifest of another name', '99-my-own.yaml', () => write('dist/99-my-own.yaml', 'kind: Mine\n')],
    ['one that is named as if rendered', '99-my-own.k8s.yaml', () => write('dist/99-my-own.k8s.yaml', 'kind: Mine\n')],
    [
      'a rendered name in a folder of no studio',
      'My_App/70-edge.k8s.yaml',
      () => {
        make('dist/My_App');
        write('dist/My_App/70-edge.k8s.yaml', '');
      },
    ],
    [
      'a rendered name that is too deep',
      'a/b/70-edge.k8s.yaml',
      () => {
        make('dist/a/b');
        write('dist/a/b/70-edge.k8s.yaml', '');
      },
    ],
    ['a file beside the rendered ones of a folder', 'foundation/notes', () => write('dist/foundation/notes', 'mine')],
    ['an empty folder', 'assets/', () => make('dist/assets')],
    ['an empty folder in another', 'assets/css/', () => make('dist/assets/css')],
    ['a link', 'mine.yaml', () => link(elsewhere(), 'dist/mine.yaml')],
    ['a link of a rendered name', '70-edge.k8s.yaml', () => link(elsewhere(), 'dist/70-edge.k8s.yaml')],
    ['a link that leads nowhere', 'gone', () => link('nowhere', 'dist/gone')],
    ['a link to a folder', 'argocd', () => link(folder.path, 'dist/argocd')],
  ])('is left as it is: %s', async (_, path, add) => {
    add();
    const before = [contents(), readdirSync(folder.path)];
    const { status, stdout, stderr } = await synth();
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `dist: contains ${path}, which synth did not render. synth replaces the whole folder, so move that file or name another folder\n`,
    );
    expect([contents(), readdirSync(folder.path)]).toEqual(before);
    expect(lstatSync(join(folder.path, 'dist', path))).toBeDefined();
    expect(readFileSync(elsewhere(), 'utf8')).toBe('not yours\n');
  });

  test.each([
    ['a file', () => write('dist', 'mine')],
    ['a link', () => link('elsewhere-folder', 'dist')],
  ])('is left as it is when it is %s', async (kind, put) => {
    renameSync(join(folder.path, 'dist'), join(folder.path, 'elsewhere-folder'));
    put();
    const before = contents(join(folder.path, 'elsewhere-folder'));
    const { status, stderr } = await synth();
    expect([status, stderr]).toEqual([1, `dist: is ${kind}, not a folder. Move it, or name a folder with --output\n`]);
    expect(contents(join(folder.path, 'elsewhere-folder'))).toEqual(before);
    expect(lstatSync(join(folder.path, 'dist')).isDirectory()).toBe(false);
  });

  test('is no folder from which a person took the files, nor one of a studio that is gone', async () => {
    rmSync(join(folder.path, 'dist'), { recursive: true });
    make('dist/foundation');
    make('dist/blue/argocd');
    write('dist/blue/40-backend.k8s.yaml', '');
    expect((await synth()).status).toBe(0);
    expect(readdirSync(join(folder.path, 'dist'))).not.toContain('blue');
  });

  test('keeps synth from writing a first .env', async () => {
    rmSync(join(folder.path, '.env'));
    rmSync(join(folder.path, 'dist'), { recursive: true });
    make('dist');
    write('dist/index.html', 'mine');
    expect((await synth()).status).toBe(1);
    expect(readdirSync(folder.path).sort()).toEqual(['dist', 'elsewhere']);
  });
});

describe('the result for a program', () => {
  const nothing = { studios: [], files: [], leftBehind: [], prunedByArgoCd: [], prunedByFlux: [] };
  const json = async (...args: readonly string[]) => {
    const { status, stdout } = await folder.junjo(['synth', '--json', ...args]);
    const { problems, ...result } = JSON.parse(stdout);
    return { status, result, texts: problems.map(({ text }: { text: string }) => text).join('\n') };
  };

  test.each([
    ['a wrong env file', () => write('.env', envText({ ...development(), JUNJO_ENV: 'staging' })), /must be one of/],
    ['an env file that is missing', () => rmSync(join(folder.path, '.env')), /does not exist/],
    ['a folder with another file', () => write('dist/mine.yaml', 'mine'), /contains mine\.yaml/],
    [
      'a change that Kubernetes refuses',
      () => write('.env', envText(development({ JUNJO_K8S_STORAGE_SIZE: '1Gi' }))),
      /cannot shrink/,
    ],
  ])('with %s lists nothing as rendered or left behind', async (_, spoil, reason) => {
    write('.env', envText(development()));
    expect((await synth()).status).toBe(0);
    spoil();
    const { status, result, texts } = await json();
    expect({ status, result }).toEqual({ status: 1, result: { ...nothing, output: 'dist' } });
    expect(texts).toMatch(reason);
  });

  test('is one object where the folder cannot be written', async () => {
    write('.env', envText(development()));
    write('taken', '');
    const { status, stdout } = await folder.junjo(['synth', '--json', '--output', 'taken/dist']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ error: { message: expect.any(String), failure: 'unwritable file' } });
  });

  test.each([['synth'], ['validate'], ['explain'], ['status'], ['preflight']])(
    'of %s is one object where an option is unknown',
    async (command) => {
      const { status, stdout } = await folder.junjo([command, '--json', '--unknown']);
      expect(status).toBe(2);
      expect(JSON.parse(stdout)).toEqual({ error: { message: "unknown option '--unknown'", failure: 'usage' } });
    },
  );

  test('of validate is one object where manifests and env files are named', async () => {
    const { status, stdout } = await folder.junjo(['validate', '--json', 'dist', '-e', '.env']);
    expect(status).toBe(2);
    expect(JSON.parse(stdout).error.failure).toBe('usage');
  });
});

describe('many studios', () => {
  const names = ['one', 'two', 'three', 'four', 'five', 'six'];
  const git = { JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' };
  const renderAll = (settings: Settings, output = 'dist', io = {}) => {
    mkdirSync(join(folder.path, 'studios'));
    write('shared.env', envText(production({ JUNJO_K8S_RELEASE: '0.70.3', ...settings })));
    for (const name of names) {
      const hosts = [
        ['FRONTEND', name],
        ['BACKEND', `api.${name}`],
        ['INGESTION', `spans.${name}`],
      ].map(([part, host]) => `JUNJO_PROD_${part}_URL=https://${host}.example.com\n`);
      write(`studios/${name}.env`, `${hosts.join('')}OTHER=x\n`);
    }
    return folder.junjo(['synth', '-e', 'shared.env', '--studios', 'studios', '--output', output], io);
  };

  test('share one line for each note, and have each of them in the result', async () => {
    const { status, stderr } = await renderAll({});
    expect(status).toBe(0);
    expect(stderr.split('\n').filter((line) => line.includes(' OTHER: '))).toEqual([
      expect.stringMatching(
        /^note: 6 studios OTHER: .* \(studios\/five\.env:4, studios\/four\.env:4, studios\/one\.env:4 and 3 more\)$/,
      ),
    ]);
    const { stdout } = await folder.junjo(['synth', '-e', 'shared.env', '--studios', 'studios', '--json']);
    const ofOther = JSON.parse(stdout).problems.filter(({ variable }: { variable: string }) => variable === 'OTHER');
    expect(ofOther).toHaveLength(6);
  });

  test('show how many are done', async () => {
    const lines: string[] = [];
    await renderAll({}, 'dist', { progress: (line: string) => lines.push(line) });
    expect(lines).toContain('rendered 5 of 6 studios');
    expect(lines.at(-1)).toBe('');
  });

  test('are applied by one command, which applies each folder of a studio and nothing else', async () => {
    const { stdout } = await renderAll(git, 'my dist');
    expect(stdout).toContain(
      'Rendered 6 studios into my dist/:\n  Junjo AI Studio 0.70.3 (production): 6 studios (five, four, one and 3 more)\n',
    );
    const loops = stdout.split('\n').filter((line) => line.startsWith('  for '));
    expect(loops).toHaveLength(2);
    const run = (loop = '') => {
      const script = `kubectl() { echo "$*"; }\n${loop}`;
      return execFileSync('sh', ['-c', script], { cwd: folder.path, encoding: 'utf8' }).trim().split('\n');
    };
    const sorted = [...names].sort();
    expect(run(loops[0])).toEqual(sorted.map((name) => `apply -f my dist/${name}/foundation -f my dist/${name}/`));
    const [namespace, secret] = ['foundation/00-namespace.k8s.yaml', '30-secrets.k8s.yaml'];
    expect(run(loops[1])).toEqual(
      sorted.map((name) => `apply -f my dist/${name}/${namespace} -f my dist/${name}/${secret}`),
    );
    expect(stdout).toContain("kubectl apply -f 'my dist/argocd'");
  });
});

describe('without a .env', () => {
  const settings = (name: string) => envText(development({ JUNJO_K8S_NAME: name }));

  test.each<[string, string, () => void]>([
    ['studio.env', '--env-file studio.env', () => write('studio.env', settings('alpha'))],
    [
      'studios/',
      '--studios studios',
      () => {
        mkdirSync(join(folder.path, 'studios'));
        write('studios/alpha.env', settings('alpha'));
      },
    ],
  ])('none is written beside %s, and synth says which option to add', async (_, option, put) => {
    put();
    const before = readdirSync(folder.path);
    const { status, stdout, stderr } = await synth();
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`.env: does not exist or cannot be read. Name the env file with ${option}`);
    expect(readdirSync(folder.path)).toEqual(before);
    expect((await folder.junjo(['synth', ...option.split(' ')])).status).toBe(0);
  });

  test.each([
    ['dist', []],
    ['manifests', ['--output', 'manifests']],
  ])('none is written beside %s/ with the manifests of a studio, which stay', async (output, options) => {
    write('alpha.env', settings('alpha'));
    expect((await folder.junjo(['synth', '-e', 'alpha.env', ...options])).status).toBe(0);
    const before = contents(join(folder.path, output));
    const { status, stdout, stderr } = await folder.junjo(['synth', ...options]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      new RegExp(
        `^\\.env: does not exist, but ${output} contains a rendered studio\\. Name its env file with --env-file`,
      ),
    );
    expect(contents(join(folder.path, output))).toEqual(before);
    expect(readdirSync(folder.path).sort()).toEqual(['alpha.env', output].sort());
  });
});

test('JUNJO_ENV_FILES names the env files, and no .env is written beside them', async () => {
  write('shared.env', envText(development()));
  write('own.env', 'JUNJO_K8S_NAME=own\n');
  const { status } = await synth({ JUNJO_ENV_FILES: 'shared.env,own.env' });
  expect(status).toBe(0);
  expect(contents()['foundation/00-namespace.k8s.yaml']).toContain('name: own');
  expect(readdirSync(folder.path)).not.toContain('.env');
});

test('an env file that is not there is one line and no stack trace', async () => {
  const { status, stderr } = await synth({ JUNJO_ENV_FILES: 'nowhere.env' });
  expect(status).toBe(1);
  expect(stderr.trim()).toBe('nowhere.env: does not exist or cannot be read. Check its name');
});

test('init never replaces an env file', async () => {
  const secret = freshSecret();
  write('.env', `JUNJO_SESSION_SECRET=${secret}\n`);
  const { status, stderr } = await folder.junjo(['init']);
  expect(status).toBe(1);
  expect(stderr).toContain('.env: already exists');
  expect(readFileSync(join(folder.path, '.env'), 'utf8')).toBe(`JUNJO_SESSION_SECRET=${secret}\n`);
});
