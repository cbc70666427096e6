import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { releaseLines } from '../../releases';
import { freePort } from '../support/nginx';
import { development, freshSecret, type Manifest, render } from '../support/studio';

const studioOf = (tag: string) => {
  const { variables = [] } = releaseLines.find(({ tags }) => tags.includes(tag)) ?? {};
  const token = variables.some(({ type }) => type === 'token') ? { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() } : {};
  return render(development({ JUNJO_K8S_RELEASE: tag, ...token }));
};
const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'];

describe('ingestion is probed', () => {
  test.each(['0.70.3', '0.70.4', '0.81.1', '0.81.5', '0.82.0', '0.82.1'])('through its health service: %s', (tag) => {
    const container = studioOf(tag).container('ingestion');
    for (const probe of probes) expect(container[probe].grpc).toEqual({ port: 50052, service: '' });
  });

  test.each(['0.80.0', '0.81.0'])('on its TCP port where there is none: %s', (tag) => {
    const container = studioOf(tag).container('ingestion');
    for (const probe of probes) {
      expect(container[probe]).not.toHaveProperty('grpc');
      expect(container[probe].tcpSocket).toEqual({ port: 'grpc-internal' });
    }
    expect(container.ports).toContainEqual({ name: 'grpc-internal', containerPort: 50052, protocol: 'TCP' });
  });
});

describe('the start of ingestion', () => {
  const init = (tag: string): Manifest =>
    studioOf(tag)
      .pod('ingestion')
      .spec.initContainers.find(({ name }: Manifest) => name === 'wait-for-backend');

  test.each(['0.80.0', '0.81.0', '0.81.5'])('waits for the backend where it would turn spans away: %s', (tag) => {
    const container = init(tag);
    expect(container.image).toBe(studioOf(tag).container('ingestion').image);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    });
    expect(container).not.toHaveProperty('envFrom');
    expect(container.resources.limits.memory).toBe('32Mi');
  });

  test.each(['0.70.3', '0.82.0', '0.82.1'])('does not wait where it need not: %s', (tag) => {
    expect(init(tag)).toBeUndefined();
  });

  test('goes on as soon as the port answers, and not before', async () => {
    const [bash = '', flag = '', script = ''] = init('0.81.5').command;
    expect(script).toContain('/dev/tcp/junjo-ai-studio-backend-internal/50053');
    const port = await freePort();
    const local = script.replace('junjo-ai-studio-backend-internal/50053', `127.0.0.1/${port}`);
    const waiting = spawn(bash, [flag, local]);
    const [said] = await once(waiting.stdout, 'data');
    expect(String(said)).toContain('waiting for the backend');
    expect(waiting.exitCode).toBeNull();
    const server = createServer((socket) => socket.end()).listen(port, '127.0.0.1');
    expect(await once(waiting, 'exit')).toEqual([0, null]);
    expect(await promisify(execFile)(bash, [flag, local])).toEqual({ stdout: '', stderr: '' });
    await new Promise((resolve) => server.close(resolve));
  });

  test('ends at once when the pod stops: PID 1 hears only the signals that it handles', async () => {
    const [bash = '', flag = '', script = ''] = init('0.81.5').command;
    // A port on which nothing listens.
    const waiting = spawn(bash, [flag, script.replace('junjo-ai-studio-backend-internal/50053', '127.0.0.1/1')]);
    await once(waiting.stdout, 'data');
    waiting.kill('SIGTERM');
    // What a signal without a handler ends has no exit status.
    expect(await once(waiting, 'exit')).toEqual([143, null]);
  });
});

describe('the stop of ingestion', () => {
  test('takes the time to drain and close where it hears SIGTERM', () => {
    const pod = studioOf('0.70.3').pod('ingestion');
    expect(pod.spec.terminationGracePeriodSeconds).toBe(120);
    expect(pod.spec.containers[0]).not.toHaveProperty('lifecycle');
  });

  test.each(['0.80.0', '0.81.5', '0.82.1'])(
    'outlasts the spans in memory, and little more, where it does not: %s',
    (tag) => {
      const studio = studioOf(tag);
      const { command } = studio.container('ingestion').lifecycle.preStop.exec;
      const { terminationGracePeriodSeconds: grace } = studio.pod('ingestion').spec;
      expect(command).toEqual(['sleep', '16']);
      expect(grace).toBe(20);
    },
  );
});
