import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { development, envText, freshSecret } from '../support/studio';
import { fromSource, Workspace } from '../support/workspace';

let workspace: Workspace;
let ports: readonly number[];
const servers: Server[] = [];
const path = (name: string) => join(workspace.path, name);

/** Answers like kubectl port-forward, once the file `go` is there, and until the file `deleted` is there. */
const FORWARD = `
const { existsSync } = require('node:fs');
const { createServer } = require('node:http');
const ports = process.argv.slice(2).flatMap((arg) => /^(\\d+):\\d+$/.exec(arg)?.[1] ?? []);
const service = process.argv.find((arg) => arg.startsWith('service/')).slice(8);
const gone = () => existsSync(__dirname + '/deleted');
const wait = setInterval(() => {
  if (gone()) {
    console.error('Error from server (NotFound): services "' + service + '" not found');
    process.exit(1);
  }
  if (!existsSync(__dirname + '/go')) return;
  clearInterval(wait);
  for (const port of ports) {
    createServer((_, answer) => answer.end()).listen(Number(port), '127.0.0.1', () =>
      console.log('Forwarding from 127.0.0.1:' + port + ' -> 80'),
    );
  }
  setInterval(() => {
    if (!gone()) return;
    console.error('error: lost connection to pod');
    process.exit(1);
  }, 20);
}, 20);
`;

function program(name: string, ...lines: readonly string[]): void {
  writeFileSync(path(name), ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(path(name), 0o755);
}

const service = (name: string, ...numbers: readonly (number | undefined)[]) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `junjo-ai-studio-${name}` },
  spec: { ports: numbers.map((port) => ({ port })) },
});

/** A cluster with some objects in every namespace. */
function cluster(...objects: readonly object[]): void {
  const config = { contexts: [{ name: 'kind', context: {} }], clusters: [{ cluster: { server: 'https://x' } }] };
  program(
    'kubectl',
    `printf '%s\\n' "$*" >> '${path('calls')}'`,
    'case "$*" in',
    `*'config view'*) echo '${JSON.stringify(config)}';;`,
    `*' get '*) echo '${JSON.stringify({ kind: 'List', items: objects })}';;`,
    `*port-forward*) exec '${process.execPath}' '${path('forward.js')}' "$@";;`,
    'esac',
  );
}

/** A port that nothing uses. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function occupy(port: number | undefined): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}

const forwards = () =>
  existsSync(path('calls'))
    ? readFileSync(path('calls'), 'utf8')
        .split('\n')
        .filter((call) => call.includes('port-forward'))
        .sort()
    : [];

/** Waits for as long as the test may take. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

function forward(...args: readonly string[]) {
  const child = spawn(process.execPath, [...fromSource, 'forward', ...args], {
    cwd: workspace.path,
    env: { ...process.env, PATH: `${workspace.path}:${process.env.PATH}` },
  });
  const printed = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    printed.out += data;
  });
  child.stderr.on('data', (data) => {
    printed.err += data;
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, printed, closed };
}

beforeEach(async () => {
  workspace = new Workspace();
  writeFileSync(path('forward.js'), FORWARD);
  for (const name of ['docker', 'lsof', 'ss']) program(name, 'exit 1');
  ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  workspace.remove();
});

test('prints the addresses when every part listens, and ends cleanly on Ctrl-C', async () => {
  const [ui, hotReload, api, grpc] = ports;
  cluster(service('frontend', ui, hotReload), service('backend', api), service('ingestion', grpc));
  const { child, printed, closed } = forward('-n', 'team', '--context', 'kind');
  await until(() => forwards().length === 3);
  await sleep(300);
  expect(printed.out).toBe('');
  writeFileSync(path('go'), '');
  await until(() => printed.out.includes('Ctrl-C'));
  child.kill('SIGINT');
  expect(await closed).toBe(0);
  expect(printed.out.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
    `UI http://localhost:${ui}`,
    `Hot reload localhost:${hotReload}`,
    `API http://localhost:${api}`,
    `Spans localhost:${grpc} (OTLP over gRPC)`,
    'Press Ctrl-C to stop.',
    '',
    'Forwarding ended.',
    '',
  ]);
  expect(forwards()).toEqual([
    `--context=kind --namespace=team port-forward service/junjo-ai-studio-backend ${api}:${api}`,
    `--context=kind --namespace=team port-forward service/junjo-ai-studio-frontend ${ui}:${ui} ${hotReload}:${hotReload}`,
    `--context=kind --namespace=team port-forward service/junjo-ai-studio-ingestion ${grpc}:${grpc}`,
  ]);
});

test('ends with an error when the studio is deleted', async () => {
  const [api, grpc] = ports;
  cluster(service('backend', api), service('ingestion', grpc));
  writeFileSync(path('go'), '');
  const { printed, closed } = forward('-n', 'team');
  await until(() => printed.out.includes('Ctrl-C'));
  writeFileSync(path('deleted'), '');
  expect(await closed).toBe(1);
  expect(printed.err).toMatch(/^The Service \S+ does not exist in the namespace team\. Was the studio deleted\?$/m);
});

test.each([
  ['no object', []],
  ['only what an upgrade left behind', [service('frontend', 26153)]],
])('ends at once where the namespace has %s', async (_, objects) => {
  cluster(...objects);
  const { printed, closed } = forward('-n', 'team');
  expect(await closed).toBe(1);
  expect(printed.out).toBe('');
  expect(printed.err).toContain('There is no studio in the namespace team');
  expect(printed.err).toContain('get services --all-namespaces');
  expect(forwards()).toEqual([]);
});

describe('a port that another program uses', () => {
  const inUse = async () => {
    const [api, grpc] = ports;
    cluster(service('backend', api), service('ingestion', grpc));
    await Promise.all([occupy(api), occupy(grpc)]);
    const { printed, closed } = forward('-n', 'team');
    expect(await closed).toBe(1);
    expect(printed.out).toBe('');
    expect(forwards()).toEqual([]);
    const start = `Ports ${api} and ${grpc} on localhost are already in use. `;
    expect(printed.err).toMatch(new RegExp(`^${start}`));
    return printed.err.slice(start.length).trim();
  };

  test('is explained with the project of docker compose', async () => {
    program('docker', 'echo "studio-backend-1 studio"');
    expect(await inUse()).toBe(
      'docker compose seems to be running, with the project studio. Stop it: docker compose --project-name studio stop',
    );
  });

  test('is explained with a container', async () => {
    program('docker', 'echo "web "');
    expect(await inUse()).toBe('The Docker container web uses it. Stop it: docker stop web');
  });

  test.each([
    ['com.docker.backend', 'docker compose seems to be running: com.docker.backend (process 123) uses it'],
    ['kubectl', 'Another kubectl port-forward uses it: kubectl (process 123)'],
    ['node', 'Another program uses it: node (process 123)'],
  ])('is explained with the program %s', async (name, reason) => {
    program('lsof', `printf 'p123\\nc${name}\\nf4\\n'`);
    expect(await inUse()).toContain(reason);
  });

  test('is explained with what ss prints, where lsof is not installed', async () => {
    program('ss', `echo 'LISTEN 0 511 127.0.0.1:5153 0.0.0.0:* users:(("node",pid=123,fd=4))'`);
    expect(await inUse()).toContain('Another program uses it: node (process 123)');
  });

  test('is explained with docker compose where no program names its user', async () => {
    expect(await inUse()).toBe('docker compose uses the same ports and may be running. Check with: docker compose ps');
  });

  test('is that of the cluster, where its load balancer is on localhost', async () => {
    const [api, grpc] = ports;
    const status = { loadBalancer: { ingress: [{ hostname: 'localhost' }] } };
    cluster({ ...service('backend', api), status }, service('ingestion', grpc));
    await occupy(api);
    const { printed, closed } = forward('-n', 'team');
    expect(await closed).toBe(1);
    expect(printed.err).toContain(`The cluster itself publishes the studio on localhost`);
  });
});

describe('the ports are those of the release that runs', () => {
  const intake = { JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(), JUNJO_K8S_INTAKE: 'true' };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'junjo-ai-studio-backend', labels: { 'app.kubernetes.io/version': '0.86.0' } },
  };

  test.each([
    ['with its env file', []],
    ['with its namespace alone', ['--namespace', 'team']],
    ['with both', ['--namespace', 'team', '--env-file', '.env']],
    ['in another context', ['-n', 'team', '--context', 'kind']],
  ])('%s', async (_, args) => {
    const [web, grpc, http, leftBehind] = ports;
    const objects = [service('backend', web), service('ingestion', grpc, http), service('frontend', leftBehind)];
    cluster(...objects, deployment);
    writeFileSync(path('go'), '');
    writeFileSync(path('.env'), envText(development({ JUNJO_K8S_NAMESPACE: 'team', ...intake })));
    const { child, printed, closed } = forward(...args);
    await until(() => printed.out.includes('Ctrl-C'));
    child.kill('SIGTERM');
    expect(await closed).toBe(0);
    expect(printed.out).toMatch(
      new RegExp(
        [
          `^UI, API +http://localhost:${web}`,
          `Spans +localhost:${grpc} \\(OTLP over gRPC\\)`,
          `Spans +localhost:${http} \\(OTLP over HTTP\\)$`,
        ].join('\n'),
        'm',
      ),
    );
    expect(forwards()).toEqual([
      `--context=kind --namespace=team port-forward service/junjo-ai-studio-backend ${web}:${web}`,
      `--context=kind --namespace=team port-forward service/junjo-ai-studio-ingestion ${grpc}:${grpc} ${http}:${http}`,
    ]);
  });
});
