import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kubectl } from '../../cluster/kubectl';
import { PortForward } from '../../cluster/port-forward';
import { development, envText, freshSecret } from '../support/studio';
import { fromSource, Workspace } from '../support/workspace';

let workspace: Workspace;
let kubectl: string;
const calls = () => {
  try {
    return readFileSync(join(workspace.path, 'calls'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
};

/** A kubectl that notes how it was called, then runs a line of shell. */
function fakeKubectl(then: string): void {
  writeFileSync(kubectl, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${workspace.path}/calls'\n${then}\n`);
  chmodSync(kubectl, 0o755);
}

/** Waits for as long as the test may take. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

beforeEach(() => {
  workspace = new Workspace();
  kubectl = join(workspace.path, 'kubectl');
});

afterEach(() => workspace.remove());

const start = (messages: string[] = []) => {
  const forward = new PortForward(
    { service: 'junjo-ai-studio-backend', ports: [1323] },
    {
      kubectl: new Kubectl({ program: kubectl, namespace: 'team' }),
      retryMs: 5,
      onMessage: (message) => messages.push(message),
    },
  );
  return { forward, ended: forward.run() };
};

test('forwards the ports of a Service under their own numbers', async () => {
  fakeKubectl('exec sleep 60');
  const { forward, ended } = start();
  await until(() => calls().length === 1);
  forward.stop();
  await ended;
  expect(calls()).toEqual(['--namespace=team port-forward service/junjo-ai-studio-backend 1323:1323']);
});

test('connects again when kubectl ends', async () => {
  fakeKubectl('exit 1');
  const { forward, ended } = start();
  await until(() => calls().length >= 3);
  forward.stop();
  await ended;
  const count = calls().length;
  await sleep(100);
  expect(calls()).toHaveLength(count);
});

test('connects again when the pod is replaced and kubectl stays', async () => {
  fakeKubectl('echo "error: lost connection to pod" >&2; exec sleep 60');
  const { forward, ended } = start();
  await until(() => calls().length >= 2);
  forward.stop();
  await ended;
  expect(calls().length).toBeGreaterThanOrEqual(2);
});

test('passes on what kubectl complains about, once', async () => {
  fakeKubectl('echo "Error from server (NotFound)" >&2; exit 1');
  const messages: string[] = [];
  const { forward, ended } = start(messages);
  await until(() => calls().length >= 4);
  forward.stop();
  await ended;
  expect(messages).toEqual(['junjo-ai-studio-backend: Error from server (NotFound)']);
});

test('passes on once what kubectl says anew each time with the hour and its process', async () => {
  fakeKubectl(
    [
      'echo "E1125 03:33:4$(wc -l < "$(dirname "$0")/calls").123456   $$ memcache.go:265] \\"Unhandled Error\\" err=refused" >&2',
      'printf "The connection to the server was refused\\n" >&2',
      'exit 1',
    ].join('\n'),
  );
  const messages: string[] = [];
  const { forward, ended } = start(messages);
  await until(() => calls().length >= 4);
  forward.stop();
  await ended;
  expect(messages).toEqual([
    'junjo-ai-studio-backend: memcache.go:265] "Unhandled Error" err=refused',
    'junjo-ai-studio-backend: The connection to the server was refused',
  ]);
});

test('says so when there is no kubectl', async () => {
  kubectl = join(workspace.path, 'nowhere');
  await expect(start().ended).rejects.toMatchObject({ failure: 'missing program' });
});

test('npm run forward prints the addresses, and ends cleanly on Ctrl-C', async () => {
  const config = {
    contexts: [{ name: 'kind', context: {} }],
    clusters: [{ cluster: { server: 'https://127.0.0.1' } }],
  };
  fakeKubectl(`case "$*" in *'config view'*) echo '${JSON.stringify(config)}';; *) exec sleep 60;; esac`);
  writeFileSync(join(workspace.path, '.env'), envText(development({ JUNJO_K8S_NAMESPACE: 'team' })));
  const child = spawn(process.execPath, [...fromSource, 'forward'], {
    cwd: workspace.path,
    env: { ...process.env, PATH: `${workspace.path}:${process.env.PATH}` },
  });
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  await until(() => calls().length === 4);
  child.kill('SIGINT');
  expect(await closed).toBe(0);
  for (const address of ['http://localhost:5153', 'http://localhost:1323', 'localhost:50051'])
    expect(output).toContain(address);
  expect(calls().slice(1).sort()).toEqual([
    '--context=kind --namespace=team port-forward service/junjo-ai-studio-backend 1323:1323',
    '--context=kind --namespace=team port-forward service/junjo-ai-studio-frontend 5153:5153',
    '--context=kind --namespace=team port-forward service/junjo-ai-studio-ingestion 50051:50051',
  ]);
});

test('npm run forward brings OTLP over HTTP, too, where the studio has an intake', async () => {
  const config = { contexts: [{ name: 'kind', context: {} }], clusters: [{ cluster: { server: 'https://x' } }] };
  fakeKubectl(`case "$*" in *'config view'*) echo '${JSON.stringify(config)}';; *) exec sleep 60;; esac`);
  const settings = { JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(), JUNJO_K8S_INTAKE: 'true' };
  writeFileSync(join(workspace.path, '.env'), envText(development({ JUNJO_K8S_NAMESPACE: 'team', ...settings })));
  const child = spawn(process.execPath, [...fromSource, 'forward'], {
    cwd: workspace.path,
    env: { ...process.env, PATH: `${workspace.path}:${process.env.PATH}` },
  });
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  await until(() => calls().length === 3);
  child.kill('SIGINT');
  expect(await closed).toBe(0);
  expect(output).toContain('localhost:26155 (OTLP over gRPC)');
  expect(output).toContain('localhost:4318 (OTLP over HTTP)');
  expect(calls()).toContain(
    '--context=kind --namespace=team port-forward service/junjo-ai-studio-ingestion 26155:26155 4318:4318',
  );
});

describe('npm run forward, for a studio without a frontend', () => {
  const tag = { 'app.kubernetes.io/version': '0.86.0' };
  const service = (name: string, port: number) => ({
    kind: 'Service',
    metadata: { name },
    spec: { ports: [{ port }] },
  });
  const list = (...items: object[]) => JSON.stringify({ kind: 'List', items });
  const services = [
    service('junjo-ai-studio-backend', 26154),
    service('junjo-ai-studio-ingestion', 26155),
    // What the upgrade left behind.
    service('junjo-ai-studio-frontend', 26153),
  ];
  const deployments = list({ kind: 'Deployment', metadata: { name: 'junjo-ai-studio-backend', labels: tag } });
  const config = { contexts: [{ name: 'kind', context: {} }], clusters: [{ cluster: { server: 'https://x' } }] };
  const answers = [
    `*'config view'*) echo '${JSON.stringify(config)}';;`,
    `*'get services,configmaps'*) echo '${list(...services)}';;`,
    `*'get deployments.apps'*) echo '${deployments}';;`,
    '*) exec sleep 60;;',
  ];

  test.each([
    ['with its env file', []],
    ['with its namespace alone', ['--namespace', 'team']],
  ])('brings one port for UI and API, %s', async (_, args) => {
    fakeKubectl(`case "$*" in ${answers.join(' ')} esac`);
    const settings = { JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
    writeFileSync(join(workspace.path, '.env'), envText(development({ JUNJO_K8S_NAMESPACE: 'team', ...settings })));
    const child = spawn(process.execPath, [...fromSource, 'forward', ...args], {
      cwd: workspace.path,
      env: { ...process.env, PATH: `${workspace.path}:${process.env.PATH}` },
    });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    const forwards = () => calls().filter((call) => call.includes('port-forward'));
    await until(() => forwards().length === 2 && output.includes('Ctrl-C'));
    child.kill('SIGINT');
    expect(await closed).toBe(0);
    expect(output).toMatch(/^UI, API +http:\/\/localhost:26154\nSpans +localhost:26155 \(OTLP over gRPC\)$/m);
    expect(forwards().sort()).toEqual([
      '--context=kind --namespace=team port-forward service/junjo-ai-studio-backend 26154:26154',
      '--context=kind --namespace=team port-forward service/junjo-ai-studio-ingestion 26155:26155',
    ]);
  });
});

test('does not repeat complaints that take turns', async () => {
  fakeKubectl(
    'if [ "$(wc -l < "$(dirname "$0")/calls")" -gt 8 ]; then exec sleep 60; fi; [ $(($(wc -l < "$(dirname "$0")/calls") % 2)) = 0 ] && echo one >&2 || echo other >&2',
  );
  const messages: string[] = [];
  const { forward, ended } = start(messages);
  await until(() => calls().length > 8);
  forward.stop();
  await ended;
  expect(messages.sort()).toEqual(['junjo-ai-studio-backend: one', 'junjo-ai-studio-backend: other']);
});
