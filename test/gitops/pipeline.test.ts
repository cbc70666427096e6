import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { load } from 'js-yaml';
import { variablesOf } from '../../config/variables';
import { releaseLines } from '../../releases';
import { makeCertificate } from '../support/certificate';
import { freshSecret, type Manifest, production, render } from '../support/studio';
import { Workspace } from '../support/workspace';

const workflow: Manifest = load(readFileSync('.github/workflows/manifests.yml', 'utf8'));
const steps = Object.values<Manifest>(workflow.jobs).flatMap((job) => job.steps);

/** The script of a step, as GitHub hands it to bash. */
function script(name: string): string {
  const found = steps.filter((step) => step.name === name);
  if (found.length !== 1) throw new Error(`${found.length} steps are called ${name}`);
  return found[0].run;
}

let repository: string;

// A Git hook that runs the tests sets GIT_DIR and the like, which would reach into the repository of the hook.
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));

/** Runs a step as a runner does, in the repository. */
function run(name: string, environment: NodeJS.ProcessEnv = {}, cwd = repository) {
  const env = { ...inherited, JUNJO_ENV_FILES: '', JUNJO_STUDIOS: '', ...environment };
  const bash = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script(name)];
  const { status, stdout, stderr } = spawnSync('bash', bash, { cwd, encoding: 'utf8', env });
  return { status, stdout, stderr };
}

function git(...args: string[]): void {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];
  const { status, stderr } = spawnSync('git', [...identity, ...args], {
    cwd: repository,
    encoding: 'utf8',
    env: inherited,
  });
  if (status !== 0) throw new Error(stderr);
}

function write(path: string, text: string): void {
  const target = join(repository, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

function commit(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) write(path, text);
  git('add', '--all', '--force');
  git('commit', '--quiet', '--message', 'test', '--allow-empty');
}

/** What a step says to the next one, or to the summary. */
function written(name: string): string {
  const path = join(repository, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

const configMap = (value: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: ${value}\n`;

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'junjo-ai-studio-'));
  git('init', '--quiet', '--initial-branch=main');
  commit({ 'package.json': '{}' });
});

afterEach(() => rmSync(repository, { recursive: true, force: true }));

describe('where nothing is committed, nothing is checked', () => {
  const step = 'Is dist/ committed?';

  test('the examples of this repository are no dist/', () => {
    commit({ 'examples/local/dist/20-settings.k8s.yaml': configMap('1') });
    expect(run(step, { GITHUB_OUTPUT: 'output' }).status).toBe(0);
    expect(written('output')).toBe('');
  });

  test('a committed dist/ is checked', () => {
    commit({ 'dist/20-settings.k8s.yaml': configMap('1') });
    expect(run(step, { GITHUB_OUTPUT: 'output' }).status).toBe(0);
    expect(written('output')).toBe('committed=true\n');
  });

  test('the other jobs wait for that answer', () => {
    expect(workflow.jobs.check).toMatchObject({ needs: 'find', if: "needs.find.outputs.committed == 'true'" });
    expect(workflow.jobs.diff).toMatchObject({ needs: 'check', if: "github.event_name == 'pull_request'" });
  });
});

describe('no Secret is committed', () => {
  const step = 'No Secret is committed';
  const files = (settings: Parameters<typeof render>[0], options?: Parameters<typeof render>[1]) =>
    Object.fromEntries(render(settings, options).files.map(({ path, text }) => [`dist/${path}`, text]));

  test.each([
    ['as the charts write it', 'apiVersion: v1\nkind: Secret\n'],
    ['in quotes', 'kind: "Secret"\napiVersion: v1\n'],
    ['with a comment', "kind: 'Secret' # mine\n"],
    ['in a later document', `${configMap('1')}---\nkind:  Secret\n`],
  ])('refuses a Secret %s, and names its file', (_, text) => {
    commit({ 'dist/studio/30-secrets.k8s.yaml': text });
    const { status, stdout } = run(step);
    expect(status).toBe(1);
    expect(stdout).toContain('dist/studio/30-secrets.k8s.yaml');
  });

  test('refuses the Secret of the mode manifest without printing it', () => {
    const secret = freshSecret();
    commit(files(production({ JUNJO_SESSION_SECRET: secret })));
    const { status, stdout, stderr } = run(step);
    expect(status).toBe(1);
    expect(stdout + stderr).not.toContain(Buffer.from(secret).toString('base64'));
  });

  test('passes a SealedSecret, and a Gateway that refers to a Secret', () => {
    const sealed = {
      ...production({ JUNJO_K8S_GATEWAY: 'class:envoy', JUNJO_K8S_INGRESS_CLASS: undefined }),
      JUNJO_K8S_SECRETS: 'sealed',
      JUNJO_K8S_SEALING_CERT: 'sealing-cert.pem',
    };
    const { pem } = makeCertificate();
    const rendered = files(sealed, { readFile: (path) => (path === 'sealing-cert.pem' ? pem : undefined) });
    const text = Object.values(rendered).join('');
    expect(text).toContain('kind: SealedSecret');
    expect(text).toMatch(/^ +kind: Secret$/m);
    commit(rendered);
    expect(run(step)).toMatchObject({ status: 0, stdout: '' });
  });

  test('leaves what is not in dist/ alone', () => {
    commit({ 'examples/a.yaml': 'kind: Secret\n', 'dist/20-settings.k8s.yaml': configMap('1') });
    expect(run(step).status).toBe(0);
  });

  test('runs before anything of the repository runs', () => {
    const names = workflow.jobs.check.steps.map((each: Manifest) => each.name ?? each.run ?? each.uses);
    expect(names.indexOf(step)).toBeLessThan(names.indexOf('npm ci'));
  });
});

describe('no env file holds a secret', () => {
  const step = 'No env file holds a secret';
  const secretNames = new Set(
    releaseLines.flatMap((line) => variablesOf(line).filter(({ secret }) => secret)).map(({ name }) => name),
  );

  test.each([...secretNames])('refuses a value of %s, and prints only where it is', (name) => {
    const value = freshSecret();
    commit({ 'studio.env': 'JUNJO_ENV=production\n', 'studios/alpha.env': `# alpha\n${name}=${value}\n` });
    const { status, stdout, stderr } = run(step);
    expect(status).toBe(1);
    expect(stdout.trim().split('\n').slice(1)).toEqual(['studios/alpha.env:2']);
    expect(stdout + stderr).not.toContain(value);
  });

  test.each(["export OPENAI_API_KEY='x'", 'OPENAI_API_KEY = "x"', ' OPENAI_API_KEY: x'])('refuses %s', (line) => {
    commit({ '.env': `${line}\n` });
    expect(run(step).status).toBe(1);
  });

  test.each([
    'JUNJO_SESSION_SECRET',
    'OPENAI_API_KEY=',
    'OPENAI_API_KEY="" # from the store',
    `JUNJO_SESSION_SECRET=\${SESSION_SECRET}`,
    `JUNJO_SESSION_SECRET="\${SESSION_SECRET}"`,
    'JUNJO_K8S_TLS_SECRET=studio-tls',
    'export JUNJO_K8S_IMAGE_PULL_SECRET=registry',
    'JUNJO_API_KEY_CACHE_TTL_SECONDS=10',
    '# JUNJO_SESSION_SECRET=x',
  ])('passes %s', (line) => {
    commit({ 'studio.env': `${line}\n` });
    expect(run(step)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('passes the examples', () => {
    expect(run(step, {}, resolve('.'))).toMatchObject({ status: 0, stdout: '' });
  });
});

describe('the env files are found', () => {
  const step = 'Render';
  const synth = { scripts: { synth: 'echo "studios=$JUNJO_STUDIOS files=$JUNJO_ENV_FILES"' } };
  beforeEach(() => commit({ 'package.json': JSON.stringify(synth) }));

  test('studios/*.env, without a repository variable', () => {
    commit({ 'studios/alpha.env': '', 'studio.env': '' });
    expect(run(step).stdout).toContain('studios=studios files=\n');
  });

  test('studio.env, where there are no studios', () => {
    commit({ 'studio.env': '' });
    expect(run(step).stdout).toContain('studios= files=studio.env\n');
  });

  test('those that the repository variables name, whatever there is', () => {
    commit({ 'studios/alpha.env': '' });
    expect(run(step, { JUNJO_ENV_FILES: 'a.env,b.env' }).stdout).toContain('studios= files=a.env,b.env\n');
  });

  test.each(['-e studio.env', '--env-file studio.env', '--studios=all', '--studios all'])(
    'those of the script itself, and then no others: %s',
    (option) => {
      const script = `echo "studios=$JUNJO_STUDIOS files=$JUNJO_ENV_FILES" ${option}`;
      commit({ 'package.json': JSON.stringify({ scripts: { synth: script } }), 'studios/alpha.env': '' });
      const variables = { JUNJO_ENV_FILES: 'a.env', JUNJO_STUDIOS: 'b' };
      for (const environment of [{}, variables]) {
        expect(run(step, environment).stdout).toContain(`studios= files= ${option}\n`);
      }
    },
  );

  test('none is an error, and not a new studio with fresh secrets', () => {
    const { status, stdout } = run(step);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^::error::Which env files\?/);
    expect(stdout).not.toContain('studios=');
  });
});

describe('dist/ is what the env files render', () => {
  const step = 'dist/ is what the env files render';
  beforeEach(() => commit({ 'dist/20-settings.k8s.yaml': configMap('1'), 'sealed/alpha.json': '{}\n' }));

  test('passes when rendering changed nothing', () => {
    write('dist/20-settings.k8s.yaml', configMap('1'));
    expect(run(step)).toMatchObject({ status: 0, stdout: '' });
  });

  test('passes where nothing is sealed', () => {
    rmSync(join(repository, 'sealed'), { recursive: true });
    commit({});
    expect(run(step).status).toBe(0);
  });

  test.each([
    ['a changed file', () => write('dist/20-settings.k8s.yaml', configMap('2')), ' M dist/20-settings.k8s.yaml'],
    ['a new file', () => write('dist/beta/40-backend.k8s.yaml', configMap('1')), '?? dist/beta/40-backend.k8s.yaml'],
    ['a file too many', () => rmSync(join(repository, 'dist'), { recursive: true }), ' D dist/20-settings.k8s.yaml'],
    ['a value sealed anew', () => write('sealed/alpha.json', '{"a": 1}\n'), ' M sealed/alpha.json'],
  ])('fails on %s, and names it', (_, change, line) => {
    change();
    const { status, stdout } = run(step);
    expect(status).toBe(1);
    expect(stdout).toContain('::error::dist/ is stale. Run npm run synth');
    expect(stdout.split('\n')).toContain(line);
  });

  test('what lies elsewhere does not matter', () => {
    write('notes.txt', 'x\n');
    expect(run(step).status).toBe(0);
  });
});

describe('every object is valid', () => {
  const step = 'Every object is valid';
  let clone: Workspace;

  beforeEach(() => {
    clone = new Workspace();
  });

  afterEach(() => clone.remove());

  /** Validates one file of the dist/ of a clone. */
  function check(text: string, environment: NodeJS.ProcessEnv = {}) {
    mkdirSync(join(clone.path, 'dist/alpha'), { recursive: true });
    writeFileSync(join(clone.path, 'dist/alpha/a.k8s.yaml'), text);
    return run(step, { KUBERNETES_VERSION: '', ...environment }, clone.path);
  }

  test('on every version, unless a repository variable names one', () => {
    const service =
      'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { trafficDistribution: PreferClose }\n';
    const { status, stderr } = check(service);
    expect(status).toBe(1);
    expect(stderr).toContain('spec.trafficDistribution: is not known on Kubernetes 1.27 to 1.29');
    expect(check(service, { KUBERNETES_VERSION: '1.31.0' })).toMatchObject({ status: 0, stderr: '' });
  });

  test('and none is a Secret, however it is written', () => {
    expect(check(configMap("'1'"))).toMatchObject({ status: 0, stderr: '' });
    const { status, stderr } = check('{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}\n');
    expect(status).toBe(1);
    expect(stderr).toContain('dist/alpha/a.k8s.yaml:1 Secret a: kind: is Secret, which --refuse does not allow');
  });
});

describe('the diff of a pull request', () => {
  const names = { DIFF: 'changes.diff', COMMENT: 'comment.md', GITHUB_STEP_SUMMARY: 'summary.md' };

  /** Merges a change into main, as GitHub does, and writes the comment. */
  function commentOn(files: Readonly<Record<string, string>>): string {
    git('checkout', '--quiet', '-b', 'change');
    commit(files);
    git('checkout', '--quiet', 'main');
    commit({ 'README.md': 'main goes on\n' });
    git('merge', '--quiet', '--no-ff', '--message', 'merge', 'change');
    expect(run('Write the diff', names)).toMatchObject({ status: 0, stderr: '' });
    expect(written('summary.md')).toBe(written('comment.md'));
    return written('comment.md');
  }

  beforeEach(() => commit({ 'dist/20-settings.k8s.yaml': configMap('before') }));

  test('is that of the YAML against the base branch, and of nothing else', () => {
    const comment = commentOn({ 'dist/20-settings.k8s.yaml': configMap('after'), 'studio.env': 'A=after\n' });
    expect(comment).toMatch(/^<!-- manifests: diff of dist\/ -->\n/);
    expect(comment).toContain('\n```diff\n');
    expect(comment).toContain('\n-  a: before\n+  a: after\n');
    expect(comment).not.toMatch(/studio\.env|README/);
  });

  test('that is empty says so', () => {
    expect(commentOn({ 'studio.env': 'A=1\n' })).toContain('changes nothing');
    expect(written('changes.diff')).toBe('');
  });

  test('stays in its block, whatever a value holds', () => {
    const comment = commentOn({ 'dist/20-settings.k8s.yaml': `${configMap('|')}    \`\`\`\`\n    # out\n` });
    expect(comment).toContain('\n`````diff\n');
    expect(comment.trimEnd().split('\n').at(-1)).toBe('`````');
  });

  test('that is too long for a comment is cut at a line', () => {
    const lines = Array.from({ length: 9000 }, (_, index) => `  key${index}: é\n`).join('');
    const comment = commentOn({ 'dist/20-settings.k8s.yaml': configMap('after') + lines });
    expect(Buffer.byteLength(comment)).toBeLessThan(65_536);
    expect(comment).toMatch(/\n\+ {2}key[0-9]+: é\n```\n\nThe diff is too long for a comment/);
  });

  test('is written by a job that runs nothing of the pull request', () => {
    const { steps: own, permissions } = workflow.jobs.diff;
    expect(permissions).toEqual({ contents: 'read', 'pull-requests': 'write' });
    expect(own.map((step: Manifest) => step.run ?? step.uses).join('\n')).not.toMatch(/npm|node|\.ci/);
  });
});

describe('the comment', () => {
  const step = 'Comment it';
  const marker = '<!-- manifests: diff of dist/ -->';

  /** Runs the step with a `gh` that records its calls and finds these comments. */
  function comment(existing: string, diff: string): string {
    write(
      'bin/gh',
      '#!/usr/bin/env bash\nprintf "%s\\n" "$*" >> calls\nif [[ $* == *--paginate* ]]; then printf "$FOUND"; fi\n',
    );
    spawnSync('chmod', ['+x', join(repository, 'bin/gh')]);
    write('changes.diff', diff);
    write('comment.md', `${marker}\n`);
    const result = run(step, {
      PATH: `${join(repository, 'bin')}:${process.env.PATH}`,
      FOUND: existing,
      GITHUB_REPOSITORY: 'team/studio',
      NUMBER: '7',
      DIFF: 'changes.diff',
      COMMENT: 'comment.md',
    });
    expect(result).toMatchObject({ status: 0, stderr: '' });
    return written('calls');
  }

  test('is made once', () => {
    expect(comment('', 'x')).toContain('--method POST repos/team/studio/issues/7/comments --field body=@comment.md');
  });

  test('is then edited in place, even to say that nothing changes any more', () => {
    const calls = comment('42\\n43\\n', '');
    expect(calls).toContain('--method PATCH repos/team/studio/issues/comments/42 --field body=@comment.md');
    expect(calls).not.toContain('POST');
  });

  test('is not made for nothing', () => {
    expect(comment('', '')).not.toMatch(/POST|PATCH/);
  });

  test('is not tried from a fork, whose token cannot write', () => {
    const { if: condition } = steps.find(({ name }) => name === step) ?? {};
    expect(condition).toBe('github.event.pull_request.head.repo.full_name == github.repository');
  });
});

test('scripts get text of others through the environment, never through an expression', () => {
  const scripts = steps.map(({ run: text = '' }) => text);
  expect(scripts.filter((text) => /\$\{\{/.test(text))).toEqual([]);
});

test('the token can read and is not left behind', () => {
  expect(workflow.permissions).toEqual({ contents: 'read' });
  expect(Object.keys(workflow.on).sort()).toEqual(['pull_request', 'push']);
  const checkouts = steps.filter(({ uses = '' }) => uses.startsWith('actions/checkout@'));
  expect(checkouts).toHaveLength(3);
  for (const { with: options } of checkouts) expect(options['persist-credentials']).toBe(false);
});
