import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { backUp } from '../../../cli/backup';
import { restoreInto } from '../../../cli/restore';
import { moveAside } from '../../../cli/set-aside';
import { Kubectl } from '../../../cluster/kubectl';
import { readPage } from '../../../cluster/port-forward';
import { kubectlInProcess } from '../../support/kubectl-in-process';
import { fillVolume, hasty, LiveStudio } from '../../support/live-studio';
import { describeWith } from '../../support/programs';

jest.setTimeout(600_000);

const MEBIBYTE = 1024 * 1024;
const NO_BACKUP =
  'The intake holds 1.5 MiB of spans. They are not in this backup. The intake sends them when ingestion runs again.';
const KEEPS = 'Meanwhile, the intake keeps spans as long as its queues have room.';

describeWith(['python3'], 'beside an intake', () => {
  let studio: LiveStudio;
  let folder: string;

  beforeEach(async () => {
    studio = await LiveStudio.start();
    fillVolume(studio.volume);
    kubectlInProcess(studio.cluster);
    folder = mkdtempSync(join(tmpdir(), 'junjo-queues-'));
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await studio.close();
    rmSync(folder, { recursive: true });
  });

  const withIntake = async (...queues: readonly (number | undefined)[]) => {
    studio.addIntake(...queues);
    const ready = queues.filter((bytes) => bytes !== undefined).length;
    await studio.cluster.until(() => collectors().filter(isReady).length === ready);
  };
  const collectors = () =>
    studio.cluster.store.list('pods').filter(({ metadata }) => metadata.name.includes('-intake-'));
  const isReady = ({ status }: { status?: { conditions?: { type: string; status: string }[] } }) =>
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
  const ran = async (command: (io: ReturnType<LiveStudio['io']>) => Promise<number>) => {
    const io = studio.io();
    const exit = await command(io);
    return { exit, said: io.said.join('\n') };
  };
  const backup = (options: object = {}) =>
    ran((io) =>
      backUp({ file: join(folder, 'b.tar.gz'), namespace: studio.namespace, yes: true, ...options }, io, hasty),
    );
  const restore = (options: object = {}) =>
    ran((io) =>
      restoreInto(
        { source: join(folder, 'b.tar.gz'), namespace: studio.namespace, replace: true, yes: true, ...options },
        io,
        hasty,
      ),
    );
  const setAside = (options: object = {}) =>
    ran((io) => moveAside({ namespace: studio.namespace, yes: true, ...options }, io, hasty));

  test('a backup says how much waits in both queues, and stops no collector', async () => {
    await withIntake(MEBIBYTE, MEBIBYTE / 2);
    const { exit, said } = await backup();
    expect({ exit, said }).toMatchObject({ exit: 0, said: expect.stringContaining(NO_BACKUP) });
    expect(said).toContain(KEEPS);
    expect(said).not.toMatch(/exporters/i);
    expect(collectors().filter(isReady)).toHaveLength(2);
    const changes = studio.cluster.requests.filter(({ method }) => ['PATCH', 'PUT', 'DELETE'].includes(method));
    expect(changes.filter(({ path }) => path.includes('intake'))).toEqual([]);
  });

  test('the queues are read while ingestion is stopped, and before the data is copied', async () => {
    await withIntake(1, 1);
    await backup();
    const { requests } = studio.cluster;
    const order = [
      requests.findIndex(({ path, body }) => path.endsWith('backend') && body.includes('"replicas":0')),
      requests.findIndex(({ path }) => path.endsWith('/portforward')),
      requests.findIndex(({ query }) => query.getAll('command').includes('archive')),
    ];
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  test('a backup that runs beside the studio says so too', async () => {
    await withIntake(MEBIBYTE, MEBIBYTE / 2);
    const { said } = await backup({ live: true });
    expect(said).toContain(
      'The intake holds 1.5 MiB of spans. They are not in this backup. The intake sends them to ingestion.',
    );
  });

  test('empty queues are told as such', async () => {
    await withIntake(0, 0);
    expect((await backup()).said).toContain('The queues of the intake are empty.');
  });

  test('a collector that is not ready is not asked, which the message says', async () => {
    await withIntake(1.5 * MEBIBYTE, undefined);
    const { exit, said } = await backup();
    expect(exit).toBe(0);
    expect(said).toContain(
      'The intake holds 1.5 MiB of spans (1 of 2 collectors answered). They are not in this backup.',
    );
  });

  test('where no collector is ready, spans can be lost', async () => {
    await withIntake(undefined, undefined);
    const { exit, said } = await backup();
    expect(exit).toBe(0);
    expect(said).toMatch(/No collector of the intake is ready\. Exporters drop spans/);
    expect(said).toContain('cannot be read (no collector is ready)');
  });

  test.each<[string, () => void, RegExp]>([
    [
      'may not be forwarded to',
      () => void studio.cluster.forbidden.add('create pods/portforward'),
      /cannot be read \(Error from server \(Forbidden\): .*pods\/portforward.*\)\. They/,
    ],
    [
      'have no such page',
      () => studio.cluster.pages.clear(),
      /cannot be read \(its \/metrics answers with 404\)\. They/,
    ],
    [
      'do not tell the size',
      () => {
        for (const page of studio.cluster.pages.keys()) studio.cluster.pages.set(page, 'other_metric 1\n');
      },
      /cannot be read \(its metrics do not contain the size of the queue\)\. They/,
    ],
  ])('a backup is made all the same where the collectors %s', async (_, change, words) => {
    await withIntake(1, 1);
    change();
    const { exit, said } = await backup();
    expect({ exit, said }).toMatchObject({ exit: 0, said: expect.stringMatching(words) });
  });

  test.each([
    ['with its labels in another order', '{exporter="otlp_grpc/queue",data_type="traces"} 1.572864e+06'],
    ['with labels of a later version', '{data_type="traces",exporter="otlp_grpc/queue",name="a}b, \\"c"} 1572864 1'],
    [
      'beside another exporter',
      '{exporter="otlp_grpc/ingestion"} 7\notelcol_exporter_queue_size{exporter="otlp_grpc/queue"} 1572864',
    ],
  ])('the size of a queue is read %s', async (_, sample) => {
    await withIntake(0, 0);
    const help = '# HELP otelcol_exporter_queue_size Current size\n# TYPE otelcol_exporter_queue_size gauge\n';
    const page = `${help}otelcol_exporter_queue_size${sample}\n`;
    studio.cluster.pages.set('junjo-ai-studio-intake-0:8888/metrics', page);
    expect((await backup({ live: true })).said).toContain('The intake holds 1.5 MiB of spans.');
  });

  test.each([
    ['of another exporter alone', '{exporter="otlp_grpc/ingestion"} 7'],
    ['that is no number', '{exporter="otlp_grpc/queue"} NaN'],
    ['without an end', '{exporter="otlp_grpc/queue"} +Inf'],
    ['without a value', '{exporter="otlp_grpc/queue"}'],
  ])('a size %s is not taken for that of the queue', async (_, sample) => {
    await withIntake(0, 0);
    studio.cluster.pages.set('junjo-ai-studio-intake-0:8888/metrics', `otelcol_exporter_queue_size${sample}\n`);
    expect((await backup({ live: true })).said).toContain('The intake holds 0 B of spans (1 of 2');
  });

  test('a collector more than usual counts', async () => {
    await withIntake(0, 0, undefined);
    expect((await backup({ live: true })).said).toContain('(2 of 3 collectors answered)');
  });

  test('collectors that end are not asked', async () => {
    await withIntake(1, 1);
    for (const each of collectors()) {
      const metadata = { ...each.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
      studio.cluster.apply({ ...each, metadata });
    }
    expect((await backup({ live: true })).said).toContain('cannot be read (no collector is ready)');
  });

  test('a set-aside says what becomes of spans that it cannot count', async () => {
    await withIntake(undefined, undefined);
    expect((await setAside()).said).toMatch(
      /cannot be read \(no collector is ready\)\. They are lost: .* --replicas=0/,
    );
  });

  test('a restore beside the studio says nothing of the queues', async () => {
    await withIntake(1, 1);
    await backup();
    const { exit, said } = await restore({ into: 'look', replace: false });
    expect(exit).toBe(0);
    expect(said).not.toMatch(/The intake|collector/);
  });

  test('a quiet backup prints none of it', async () => {
    await withIntake(1, 1);
    expect(await backup({ quiet: true })).toEqual({ exit: 0, said: '' });
  });

  test('a studio without an intake is told nothing of one', async () => {
    const { said } = await backup();
    expect(said).not.toMatch(/intake/);
    expect(said).toMatch(/Exporters drop spans/);
  });

  test('a restore says before the question what becomes of the spans that wait', async () => {
    await withIntake(MEBIBYTE, MEBIBYTE / 2);
    await backup();
    const { exit, said } = await restore();
    expect({ exit, said }).toMatchObject({ exit: 0 });
    expect(said).toContain(KEEPS);
    expect(said).toContain('The intake holds 1.5 MiB of spans. Ingestion adds them to the restored data.');
    expect(said.indexOf('The intake holds')).toBeLessThan(said.indexOf('Stopping backend'));
    expect(collectors().filter(isReady)).toHaveLength(2);
  });

  test('a set-aside says that spans which wait are lost, and how to keep them', async () => {
    await withIntake(MEBIBYTE, MEBIBYTE / 2);
    const { exit, said } = await setAside();
    expect({ exit, said }).toMatchObject({ exit: 0 });
    expect(said).toContain('The intake holds 1.5 MiB of spans. They are lost: an empty volume has no API keys');
    expect(said).toMatch(/kubectl .*scale statefulset\/junjo-ai-studio-intake --replicas=0/);
    const [, back] = /(\.junjo-before-\w+)/.exec(said) ?? [];
    expect((await setAside({ back })).said).toContain('Ingestion adds them to the data that comes back.');
  });
});

describe('a page of a pod', () => {
  let folder: string;
  let server: Server | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'junjo-page-'));
  });

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
    rmSync(folder, { recursive: true });
  });

  /** A kubectl that notes its arguments, and then runs a line of shell. */
  const kubectl = (then: string) => {
    const program = join(folder, 'bin', 'kubectl');
    mkdirSync(join(folder, 'bin'), { recursive: true });
    writeFileSync(program, `#!/bin/sh\necho "$*" > ${folder}/call\n${then}\n`, { mode: 0o755 });
    return new Kubectl({ program, namespace: 'team' });
  };
  const page = { pod: 'intake-0', port: 8888, path: '/metrics' };
  const never = new AbortController().signal;

  test('is not read where kubectl refuses, and says why', async () => {
    const refusing = kubectl('echo "error: unable to forward port because pod is not running" >&2; exit 1');
    await expect(readPage(refusing, page, never)).rejects.toThrow(/pod is not running/);
  });

  test('is not awaited for ever from a kubectl that says nothing', async () => {
    const silent = kubectl('exec sleep 600');
    await expect(readPage(silent, page, AbortSignal.timeout(300))).rejects.toThrow(/timeout|aborted/i);
  });

  test('is not awaited from a program that kubectl started and that lives on', async () => {
    const wrapped = kubectl('sleep 600 & echo $! > "$(dirname "$0")/pid"; wait');
    await expect(readPage(wrapped, page, AbortSignal.timeout(500))).rejects.toThrow(/timeout|aborted/i);
    process.kill(Number(readFileSync(join(folder, 'bin', 'pid'), 'utf8')));
  });

  test('is not asked for when there is no time left', async () => {
    await expect(readPage(kubectl('exec sleep 600'), page, AbortSignal.abort())).rejects.toThrow(/aborted/i);
    expect(existsSync(join(folder, 'call'))).toBe(false);
  });

  /** A kubectl that forwards to a server of this test. */
  const forwarding = async (answer: RequestListener, complaint = '') => {
    server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return kubectl(`echo "${complaint}" >&2; echo "Forwarding from 127.0.0.1:${port} -> 8888"; exec sleep 600`);
  };

  test('is read, and kubectl ended', async () => {
    const works = await forwarding((_, response) => void response.end('a page'));
    await expect(readPage(works, page, never)).resolves.toBe('a page');
    expect(readFileSync(join(folder, 'call'), 'utf8')).toContain('port-forward pod/intake-0 :8888 --address=127.0.0.1');
  });

  test('that breaks off is told in the words of kubectl', async () => {
    const complaint = 'E1127 18:00:00.000000 12 portforward.go:424] an error occurred forwarding 1 -> 8888: refused';
    const breaking = await forwarding(({ socket }) => void socket.destroy(), complaint);
    await expect(readPage(breaking, page, never)).rejects.toThrow(
      /^intake-0 does not serve \/metrics on port 8888: error occurred forwarding 1 -> 8888: refused$/,
    );
  });

  test('leads nowhere else', async () => {
    const visited: string[] = [];
    const leading = await forwarding(({ url = '' }, response) => {
      visited.push(url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    await expect(readPage(leading, page, never)).rejects.toThrow('its /metrics answers with 302');
    expect(visited).toEqual(['/metrics']);
  });

  test('without an end is not read to its end', async () => {
    const endless = await forwarding((_, response) => {
      Readable.from(
        (function* () {
          for (;;) yield Buffer.alloc(1024 * 1024, 'a');
        })(),
      )
        .on('error', () => undefined)
        .pipe(response);
    });
    await expect(readPage(endless, page, never)).rejects.toThrow(/has more than \d+ characters/);
  });

  test('needs a kubectl', async () => {
    const missing = new Kubectl({ program: join(folder, 'nowhere') });
    await expect(readPage(missing, page, never)).rejects.toMatchObject({ failure: 'missing program' });
  });
});
