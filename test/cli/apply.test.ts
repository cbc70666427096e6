import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ApplyOptions, applyStudio } from '../../cli/apply';
import { nextSteps } from '../../cli/apply/next-steps';
import { firstUserCommands, usersExist } from '../../cluster/first-user';
import { Kubectl } from '../../cluster/kubectl';
import { STOPPED } from '../../config/names';
import { releaseLines } from '../../releases';
import { writeFiles } from '../../render/files';
import { FakeApiServer } from '../support/fake-api-server';
import { KubectlWithBackend } from '../support/kubectl-with-backend';
import { hasty } from '../support/live-studio';
import { describeWith } from '../support/programs';
import {
  development,
  envText,
  files,
  freshSecret,
  type Manifest,
  production,
  renderAll,
  type Settings,
} from '../support/studio';

jest.setTimeout(120_000);

const NAMESPACE = 'junjo-ai-studio';
const base = production({ JUNJO_K8S_INGRESS_CLASS: 'nginx', JUNJO_K8S_TLS_SECRET: 'edge-tls' });

describeWith(['kubectl', 'python3'], 'apply', () => {
  let cluster: FakeApiServer;
  let kubectl: KubectlWithBackend;
  let folder: string;
  let dist: string;

  beforeEach(async () => {
    cluster = await FakeApiServer.start();
    kubectl = new KubectlWithBackend();
    folder = mkdtempSync(join(tmpdir(), 'it is applied-'));
    dist = join(folder, 'dist');
    render(base);
  });

  afterEach(async () => {
    await cluster.close();
    kubectl.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const render = (settings: Settings) => {
    rmSync(dist, { recursive: true, force: true });
    writeFiles(files(settings), dist);
  };
  const environment = () => kubectl.environment(cluster.environment);
  const run = async (options: ApplyOptions = {}, answers?: (string | undefined)[], pace = hasty) => {
    const out: string[] = [];
    const err: string[] = [];
    const questions: string[] = [];
    const ask = async (question: string) => {
      questions.push(question);
      return answers?.shift();
    };
    const io = {
      environment: environment(),
      out: (text: string) => out.push(text),
      err: (text: string) => err.push(text),
      color: false,
      ...(answers && { terminal: () => ({ ask, close: () => undefined }) }),
    };
    const exit = await applyStudio({ folder: dist, yes: answers === undefined, ...options }, io, pace);
    return { exit, out: out.join('\n'), err: err.join('\n'), questions };
  };
  const names = (plural: string) => cluster.store.list(plural).map(({ metadata }) => metadata.name);
  const old = (name = 'old') => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: { 'app.kubernetes.io/name': NAMESPACE, 'app.kubernetes.io/managed-by': 'cdk8s' },
    },
  });

  test('stops before the edge while there is no user, and opens it once there is one', async () => {
    const first = await run();
    expect(first.exit).toBe(4);
    expect(names('ingresses')).toEqual([]);
    expect(names('deployments')).toContain('junjo-ai-studio-backend');
    expect(kubectl.calls.map((call) => /apply .*?(foundation|20-settings|70-edge)|rollout/.exec(call)?.[1])).toEqual([
      'foundation',
      '20-settings',
      undefined,
    ]);
    expect(first.err).toContain(`port-forward service/junjo-ai-studio-backend 31323:http`);
    expect(first.err).toMatch(/npm run apply -- '.*dist' --context=fake/);
    expect(kubectl.asked).toBe('GET /users/db-has-users\n');

    kubectl.addUser();
    const second = await run();
    expect(second).toMatchObject({ exit: 0, out: expect.stringContaining('Applied.') });
    expect(names('ingresses')).toContain('junjo-ai-studio');
    const last = kubectl.calls.slice(7).map((call) => call.replace(/ --namespace.*/, ''));
    expect(last).toEqual(
      ['backend', 'ingestion', 'frontend'].map(
        (name) => `--context=fake rollout status deployment/junjo-ai-studio-${name}`,
      ),
    );
    expect(kubectl.calls[6]).toContain('70-edge.k8s.yaml');
  });

  test('says how to close an edge that is open while there is no user', async () => {
    kubectl.addUser();
    await run();
    kubectl.answerWith('{"users_exist": false}');
    const { exit, err } = await run();
    expect(exit).toBe(4);
    const [, close = ''] = /Close it until the user exists:\n {2}(.*)/.exec(err) ?? [];
    await spawnShell(close);
    expect(names('ingresses')).toEqual([]);
    expect((await run()).err).not.toContain('Close it');
  });

  test('finds the open edge of another name, and what it can read of one', async () => {
    kubectl.addUser();
    await run();
    kubectl.answerWith('{"users_exist": false}');
    const ingress = cluster.object('ingresses', NAMESPACE, 'junjo-ai-studio');
    cluster.apply({ ...ingress, metadata: { ...old('old-edge').metadata } } as Manifest);
    expect((await run()).err).toMatch(/Close it until the user exists:\n.* ingress\.networking\.k8s\.io\/old-edge\n/);
    cluster.forbidden.add('get ingresses');
    const { exit, err } = await run();
    expect(exit).toBe(4);
    expect(err).toContain('An earlier edge may be open');
    expect(err).toContain('delete ingress.networking.k8s.io/old-edge');
  });

  test('takes a folder with commas, quotes, and spaces in its name', async () => {
    const odd = join(folder, `a,b "c" $d 'e'`);
    writeFiles(files(base), odd);
    expect(await run({ folder: odd })).toMatchObject({ exit: 4 });
    await spawnShell((await run({ folder: odd, dryRun: true })).out);
    expect(names('ingresses')).toContain('junjo-ai-studio');
  });

  test.each([
    ['0.82.1', '/users/db-has-users'],
    ['0.86.0', '/api/v1/users/db-has-users'],
  ])('asks release %s at %s', async (release, path) => {
    render({ ...base, JUNJO_K8S_RELEASE: release, JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() });
    expect(await run()).toMatchObject({ exit: 4 });
    expect(kubectl.asked).toBe(`GET ${path}\n`);
  });

  test('needs no user for a studio on localhost', async () => {
    render(development());
    expect(await run()).toMatchObject({ exit: 0 });
    expect(kubectl.asked).toBe('');
    expect(kubectl.calls[0]).toContain('foundation');
  });

  test.each([
    ['no JSON', 'unexpected answer'],
    ['{}', 'unexpected answer'],
  ])('keeps the edge closed when the backend answers %j, and says how to open it', async (answer, reason) => {
    kubectl.answerWith(answer);
    const { exit, err } = await run();
    expect(exit).toBe(1);
    expect(err).toContain(reason);
    expect(err).toMatch(/open the edge:\n {2}kubectl --context=fake apply -f '.*70-edge\.k8s\.yaml'/);
    expect(names('ingresses')).toEqual([]);
  });

  test('--dry-run changes nothing, and its lines make the same calls in a shell', async () => {
    kubectl.addUser();
    const { exit, out } = await run({ dryRun: true, yes: false });
    expect(exit).toBe(0);
    expect(kubectl.calls).toEqual([]);
    expect(names('namespaces')).toEqual([]);
    const shell = spawnShell(out);
    await shell;
    const pasted = kubectl.calls;
    expect(pasted.length).toBeGreaterThan(5);
    expect(names('ingresses')).toContain('junjo-ai-studio');
    await run();
    expect(kubectl.calls.slice(pasted.length)).toEqual(pasted);
  });

  const spawnShell = (script: string) =>
    new Promise<void>((resolve, reject) => {
      const shell = spawn('sh', ['-ec', script], { env: environment(), stdio: 'ignore' });
      shell.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`ended with ${code}`))));
    });

  test('asks first, and applies nothing after a no, or without a terminal', async () => {
    const { exit, questions, err } = await run({}, ['n']);
    expect({ exit, questions }).toEqual({ exit: 1, questions: [expect.stringMatching(/^Apply .*dist to fake\? /)] });
    expect(err).toContain(`Namespace  ${NAMESPACE}`);
    expect(await run({ yes: false })).toMatchObject({ exit: 1, err: expect.stringContaining('--yes') });
    expect(kubectl.calls).toEqual([]);
  });

  test('deletes what is no longer rendered only after a yes; claims and Secrets stay', async () => {
    kubectl.addUser();
    await run();
    const claim = { ...old('old-claim'), kind: 'PersistentVolumeClaim', spec: {} };
    cluster.apply(old() as Manifest, claim as Manifest, { ...old('old-secret'), kind: 'Secret' } as Manifest);
    const kept = await run({}, ['y', 'n']);
    expect(kept.exit).toBe(0);
    expect(kept.err).toContain(
      `  kubectl --context=fake -n ${NAMESPACE} delete --ignore-not-found --cascade=foreground configmap/old`,
    );
    expect(names('configmaps')).toContain('old');
    expect(await run({}, ['y', 'y'])).toMatchObject({ exit: 0 });
    expect(names('configmaps')).not.toContain('old');
    expect(names('persistentvolumeclaims')).toContain('old-claim');
    expect(names('secrets')).toContain('old-secret');
  });

  test('deletes a workload that is no longer rendered before anything else is applied', async () => {
    kubectl.addUser();
    await run();
    const calls = kubectl.calls.length;
    const { metadata } = old('old-writer');
    cluster.apply({ ...cluster.object('deployments', NAMESPACE, 'junjo-ai-studio-ingestion'), metadata } as Manifest);
    const refused = await run({}, ['y', 'n']);
    expect(refused).toMatchObject({ exit: 1, err: expect.stringContaining('Nothing was applied') });
    expect(kubectl.calls.slice(calls)).toEqual([]);
    expect(await run()).toMatchObject({ exit: 0 });
    expect(kubectl.calls[calls]).toContain('delete --ignore-not-found --cascade=foreground deployment.apps/old-writer');
  });

  test('warns that an intake which is no longer rendered may hold spans', async () => {
    kubectl.addUser();
    await run();
    const intake = { ...old('junjo-ai-studio-intake'), apiVersion: 'apps/v1', kind: 'StatefulSet', spec: {} };
    cluster.apply(intake as Manifest);
    expect((await run({}, ['n'])).err).toContain('The queues of the intake may hold spans');
    expect(names('statefulsets')).toEqual(['junjo-ai-studio-intake']);
  });

  test('refuses a studio that Argo CD or Flux applies, unless it is paused', async () => {
    kubectl.addUser();
    await run();
    const calls = kubectl.calls.length;
    const resources = [{ kind: 'Deployment', namespace: NAMESPACE, name: 'junjo-ai-studio-backend' }];
    cluster.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } } as Manifest,
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name: 'studio', namespace: 'argocd' },
        spec: { syncPolicy: { automated: { selfHeal: true } } },
        status: { resources },
      } as Manifest,
    );
    const refused = await run();
    expect(refused).toMatchObject({ exit: 1, err: expect.stringContaining('Argo CD applies this studio') });
    expect(kubectl.calls).toHaveLength(calls);
    expect(await run({ argocdPaused: true })).toMatchObject({ exit: 0 });

    cluster.apply({
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata: { name: 'studio', namespace: 'argocd' },
      spec: {},
    } as Manifest);
    const backend = cluster.object('deployments', NAMESPACE, 'junjo-ai-studio-backend');
    backend.metadata.labels['kustomize.toolkit.fluxcd.io/name'] = 'studio';
    backend.metadata.labels['kustomize.toolkit.fluxcd.io/namespace'] = 'argocd';
    cluster.apply(backend);
    const byFlux = await run({ argocdPaused: true });
    expect(byFlux).toMatchObject({ exit: 1, err: expect.stringContaining('Flux applies this studio') });
    expect(await run({ argocdPaused: true, fluxSuspended: true })).toMatchObject({ exit: 0 });
  });

  test('says what is missing when the cluster refuses or cannot be reached, and how to continue', async () => {
    cluster.forbidden.add('create deployments');
    const refused = await run();
    expect(refused).toMatchObject({ exit: 1, err: expect.stringContaining('forbidden') });
    expect(refused.err).toContain('Fix the problem, then run this again: npm run apply');
    expect(names('ingresses')).toEqual([]);
    cluster.forbidden.clear();
    await cluster.disconnect();
    expect(await run()).toMatchObject({ exit: 1, err: expect.stringContaining('cluster is up') });
  });

  test('does not open the edge when the backend does not get ready in time', async () => {
    kubectl.addUser();
    cluster.controllers.judge = () => 'pending';
    const { exit, out, err } = await run({}, undefined, { ...hasty, readySeconds: 1 });
    expect({ exit, out }).toEqual({
      exit: 1,
      out: expect.stringContaining('deployment.apps/junjo-ai-studio-backend created'),
    });
    expect(err).toContain('To see the state of the studio: npm run status');
    expect(names('ingresses')).toEqual([]);
  });

  test('does not start a studio that a backup keeps stopped', async () => {
    kubectl.addUser();
    await run();
    const calls = kubectl.calls.length;
    const backend = cluster.object('deployments', NAMESPACE, 'junjo-ai-studio-backend');
    const owner = { command: 'backup', host: 'laptop', pid: 1, token: 'a', since: '2026-01-02T03:04:05Z', replicas: 1 };
    backend.metadata.annotations = { ...backend.metadata.annotations, [STOPPED]: JSON.stringify(owner) };
    cluster.apply(backend);
    expect(await run()).toMatchObject({
      exit: 1,
      err: expect.stringContaining('backup on laptop stopped this studio'),
    });
    expect(kubectl.calls).toHaveLength(calls);
  });

  test('Ctrl-C during the wait ends it without the edge, and a second run completes it', async () => {
    kubectl.addUser();
    cluster.controllers.judge = () => 'pending';
    const running = run();
    await cluster.until(() => names('pods').some((name) => name.includes('backend')));
    while (!kubectl.calls.some((call) => call.includes('rollout')))
      await new Promise((resolve) => setTimeout(resolve, 20));
    process.emit('SIGINT', 'SIGINT');
    expect(await running).toMatchObject({ exit: 1, err: expect.stringContaining('Interrupted (SIGINT)') });
    expect(names('ingresses')).toEqual([]);
    cluster.controllers.judge = () => 'ready';
    for (const pod of cluster.store.list('pods')) cluster.controllers.stopPod(pod);
    expect(await run()).toMatchObject({ exit: 0 });
  });

  test('prints no secret', async () => {
    const { out, err } = await run();
    for (const value of [base.JUNJO_SESSION_SECRET ?? '', base.JUNJO_SECURE_COOKIE_KEY ?? '']) {
      expect(out + err).not.toContain(value);
      expect(out + err).not.toContain(Buffer.from(value).toString('base64'));
    }
  });

  test('behind a Gateway, the edge is the Gateway and its routes', async () => {
    render(
      production({
        JUNJO_K8S_INGRESS_CLASS: undefined,
        JUNJO_K8S_GATEWAY: 'class:eg',
        JUNJO_K8S_TLS_SECRET: 'edge-tls',
      }),
    );
    const applies = (await run({ dryRun: true })).out.split('\n').filter((line) => line.includes(' apply '));
    expect(applies.map((line) => line.includes('70-edge'))).toEqual([false, false, true]);
  });

  test('asks for one studio where a folder holds several, and for a rendered one where it holds none', async () => {
    for (const name of ['blue', 'green']) writeFiles(files(base), join(folder, 'all', name));
    expect(await run({ folder: join(folder, 'all') })).toMatchObject({
      exit: 1,
      err: expect.stringContaining('several studios'),
    });
    expect(await run({ folder: join(folder, 'none') })).toMatchObject({
      exit: 1,
      err: expect.stringContaining('npm run synth'),
    });
  });

  const shells = ['bash', 'zsh', 'dash'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0);

  /** The block of lines from `(` to `)`, and the line that forwards a port. */
  const printed = (text: string) => {
    const lines = text.split('\n').map((line) => line.replace(/^ {2}/, ''));
    const forward = lines.find((line) => line.includes('port-forward')) ?? '';
    return { forward, block: lines.slice(lines.indexOf('('), lines.indexOf(')') + 1).join('\n') };
  };

  test.each(shells)(
    'in %s, the printed commands create the user with any password, which nobody sees',
    async (shell) => {
      const { forward, block } = printed((await run()).err);
      const words = join(kubectl.folder, 'words');
      for (const program of ['curl', 'sed', 'printf']) {
        const path = join(kubectl.folder, program);
        writeFileSync(path, `#!/bin/sh\necho "$*" >> '${words}'\nPATH="\${PATH#*:}" exec ${program} "$@"\n`);
        chmodSync(path, 0o755);
      }
      const password = ` pass"word\\ \\\\ $HOME \`x\` %s 'and' ü😀 `;
      const dialogue = [
        ['Email address: ', 'me"x\\@example.com'],
        ['Password: ', password, 'hidden'],
      ];
      const forwarding = spawn('sh', ['-c', `exec ${forward}`], { env: environment(), stdio: 'ignore' });
      try {
        const args = [resolve('test/support/terminal.py'), JSON.stringify(dialogue), shell, '-c', block];
        const creating = spawn('python3', args, { env: environment() });
        const [said, code] = await Promise.all([text(creating.stdout), once(creating, 'close')]);
        expect({ code, said }).toMatchObject({ code: [0, null], said: expect.stringContaining('First user created') });
        for (const shown of [said, readFileSync(words, 'utf8')]) expect(shown).not.toContain('pass"word');
        expect(JSON.parse(kubectl.user)).toEqual({ email: 'me"x\\@example.com', password });
      } finally {
        forwarding.kill();
      }
      expect(await run()).toMatchObject({ exit: 0 });
    },
  );

  test.each(shells)(
    'in %s, Ctrl-C and a short password send nothing, and the terminal shows what is typed again',
    (shell) => {
      const create = firstUserCommands(new Kubectl(), releaseLines[0].api).create.join('\n');
      const folderOfCurl = join(kubectl.folder, 'no-curl');
      mkdirSync(folderOfCurl);
      writeFileSync(join(folderOfCurl, 'curl'), '#!/bin/sh\necho sent\n', { mode: 0o755 });
      for (const answer of ['^C', 'shorter']) {
        const dialogue = [
          ['Email address: ', 'me@example.com'],
          ['Password: ', answer, 'hidden'],
        ];
        const script = `${create}\necho "ended with $?"; stty -a`;
        const { stdout } = spawnSync(
          'python3',
          ['test/support/terminal.py', JSON.stringify(dialogue), shell, '-c', `trap : INT\n${script}`],
          { encoding: 'utf8', env: { ...process.env, PATH: `${folderOfCurl}:${process.env.PATH}` } },
        );
        expect(stdout).toMatch(/ended with 1\b.*[^-]echo\b/s);
        expect(stdout).not.toMatch(/sent|shorter/);
      }
    },
  );

  test('the page and the next steps of synth have the same commands', async () => {
    const { forward, block } = printed((await run()).err);
    const page = readFileSync('docs/apply.md', 'utf8');
    expect(page).toContain(block);
    for (const { api } of releaseLines) expect(page).toContain(api.firstUserPath);
    expect(page).toContain(forward.replace(/--context=\S+ --namespace=/, '-n '));
    const [studio] = renderAll([{ files: [{ path: '.env', text: envText(base) }] }]).studios;
    if (!studio) throw new Error('nothing was rendered');
    const steps = nextSteps([studio], () => dist, ['apply everything']);
    expect(printed(steps.join('\n'))).toEqual({ forward: forward.replace('--context=fake ', ''), block });
    const applies = steps.filter((line) => line.startsWith('  kubectl apply'));
    await cluster.close();
    cluster = await FakeApiServer.start();
    await spawnShell(applies.join('\n'));
    expect(names('deployments')).toContain('junjo-ai-studio-backend');
    expect(names('ingresses')).toEqual([]);
  });

  test('several studios need their first users before the commands that open the edges', () => {
    const { studios } = renderAll(
      ['blue', 'green'].map((name) => ({ name, files: [{ path: `${name}.env`, text: envText(base) }] })),
    );
    const [first, ...others] = nextSteps(studios, ({ folder = '' }) => folder, ['apply everything']);
    expect(first).toContain('Create the first user before you open the edge. See ');
    expect(others.at(-1)).toBe('apply everything');
  });

  test('warns of a Service that is reachable at once', async () => {
    const path = join(dist, '60-frontend.k8s.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('type: ClusterIP', 'type: LoadBalancer'));
    expect((await run({}, ['n'])).err).toContain(
      'The Service junjo-ai-studio-frontend is reachable from outside at once',
    );
  });

  test('does not wait for a workload without replicas', async () => {
    const path = join(dist, '60-frontend.k8s.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('replicas: 1', 'replicas: 0'));
    const { out } = await run({ dryRun: true });
    expect(out).toContain('rollout status deployment/junjo-ai-studio-ingestion');
    expect(out).not.toContain('deployment/junjo-ai-studio-frontend');
  });

  test('does not ask a pod that is being deleted', async () => {
    kubectl.addUser();
    await run();
    cluster.controllers.judge = () => 'pending';
    const pods = cluster.resources.find(({ kind }) => kind === 'Pod') as never;
    for (const pod of cluster.store.list('pods')) {
      const metadata = { ...pod.metadata, deletionTimestamp: '2026-01-02T03:04:05Z' };
      cluster.store.put(pods, { ...pod, metadata });
    }
    const own = new Kubectl({ environment: environment(), namespace: NAMESPACE });
    const asking = usersExist(own, releaseLines[0], new AbortController().signal);
    await expect(asking).rejects.toThrow('No pod of the backend is ready');
  });

  test('applies on the server what is too large for an annotation', async () => {
    kubectl.addUser();
    render({ ...base, JUNJO_K8S_ANNOTATIONS: `example.com/note=${'x'.repeat(140000)}` });
    const applies = (await run({ dryRun: true })).out.split('\n').filter((line) => line.includes(' apply '));
    expect(applies).toHaveLength(3);
    for (const line of applies) expect(line).toContain(' apply --server-side -f ');
  });
});
