import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kubectl } from '../../cluster/kubectl';
import { PortForward } from '../../cluster/port-forward';
import { Workspace } from '../support/workspace';

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

const forwardTo = (ports: readonly number[], messages: string[] = []) =>
  new PortForward(
    { service: 'junjo-ai-studio-backend', ports },
    {
      kubectl: new Kubectl({ program: kubectl, namespace: 'team' }),
      retryMs: 5,
      onMessage: (message) => messages.push(message),
    },
  );

const start = (messages: string[] = []) => {
  const forward = forwardTo([1323], messages);
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

test('ends the kubectl behind a wrapper script, too', async () => {
  const file = (name: string) => join(workspace.path, name);
  fakeKubectl(`(trap 'touch ${file('ended')}; exit' TERM; sleep 60 & touch ${file('started')}; wait); true`);
  const { forward, ended } = start();
  await until(() => existsSync(file('started')));
  forward.stop();
  await ended;
  await until(() => existsSync(file('ended')));
});

test('ends a kubectl that does not react when it is stopped again', async () => {
  fakeKubectl("trap '' TERM; sleep 60 & wait");
  const { forward, ended } = start();
  await until(() => calls().length === 1);
  await sleep(100);
  forward.stop();
  forward.stop();
  await ended;
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

test('passes on once what kubectl repeats with another time and process', async () => {
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

test('listens once kubectl does so on every port', async () => {
  fakeKubectl(
    'echo "Forwarding from 127.0.0.1:1323 -> 26154"; until [ -e "$(dirname "$0")/go" ]; do sleep 0.1; done; echo "Forwarding from [::1]:4318 -> 4318"; exec sleep 60',
  );
  const forward = forwardTo([1323, 4318]);
  const ended = forward.run();
  let isListening = false;
  void forward.listening.then(() => {
    isListening = true;
  });
  await until(() => calls().length === 1);
  await sleep(200);
  expect(isListening).toBe(false);
  writeFileSync(join(workspace.path, 'go'), '');
  await forward.listening;
  forward.stop();
  await ended;
});

test.each([
  ['services "junjo-ai-studio-backend" not found', 'does not exist in the namespace team'],
  ['namespaces "team" not found', 'does not exist in the namespace team'],
  ['pods "x" is forbidden: User "kim" cannot create resource "pods/portforward"', 'You lack permission to forward'],
  ['Unable to listen on port 1323: Listeners failed to create', 'Port 1323 on localhost is already in use'],
  [
    'Unable to listen on port 80: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:80: bind: permission denied]',
    /let you use port 80 [\s\S]*kubectl --namespace=team port-forward service\/junjo-ai-studio-backend :80$/,
  ],
])('gives up where kubectl says %s', async (words, reason) => {
  fakeKubectl(`echo '${words}' >&2; exec sleep 60`);
  const messages: string[] = [];
  await expect(start(messages).ended).rejects.toThrow(reason);
  expect([calls().length, messages]).toEqual([1, []]);
});

test('connects again where the pod of a Service was replaced meanwhile', async () => {
  fakeKubectl('echo \'Error from server (NotFound): pods "x" not found\' >&2; exit 1');
  const { forward, ended } = start();
  await until(() => calls().length >= 3);
  forward.stop();
  await ended;
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
