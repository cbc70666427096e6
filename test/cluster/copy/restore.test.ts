import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backUp } from '../../../cli/backup';
import { run as runCli } from '../../../cli/cli';
import { type RestoreOptions, restoreInto } from '../../../cli/restore';
import { checkArchive } from '../../../cluster/copy/archive';
import type { Pace } from '../../../cluster/copy/pace';
import type { Fault, SeenRequest } from '../../support/fake-cluster/faults';
import { honestArchive } from '../../support/hostile-archives';
import { kubectlInProcess } from '../../support/kubectl-in-process';
import { contents, fillVolume, hasty, LiveStudio } from '../../support/live-studio';
import { describeWith } from '../../support/programs';
import { withSystemPython } from '../../support/python';
import { lineCalled, usersOf } from '../../support/volume';

// Each runs some thirty processes of kubectl, which take their time on a busy machine.
jest.setTimeout(600_000);

/** What a release writes on a volume when it starts, and what restores keep there. */
const BESIDE = /^\.junjo-/;
const isExec = (command: string) => (request: SeenRequest) =>
  request.path.endsWith('/exec') && request.query.getAll('command').includes(command);

describeWith(['kubectl', 'python3'], 'restore', () => {
  let studio: LiveStudio;
  let folder: string;

  beforeEach(async () => {
    studio = await LiveStudio.start();
    folder = mkdtempSync(join(tmpdir(), 'junjo-restore-'));
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await studio.close();
    rmSync(folder, { recursive: true });
  });

  const run = async (options: RestoreOptions, pace: Pace = hasty) => {
    const io = studio.io();
    const exit = await restoreInto({ namespace: studio.namespace, yes: true, ...options }, io, pace);
    return { exit, said: io.said.join('\n') };
  };

  const archive = async () => {
    const file = join(folder, 'studio.tar.gz');
    const io = studio.io();
    const exit = await backUp({ file, namespace: studio.namespace, yes: true }, io, hasty);
    if (exit !== 0) throw new Error(io.said.join('\n'));
    return file;
  };

  const composeFolder = () => {
    const path = join(folder, '.dbdata');
    mkdirSync(path);
    fillVolume(path);
    return path;
  };

  const empty = () => {
    for (const name of readdirSync(studio.volume)) rmSync(join(studio.volume, name), { recursive: true });
  };

  const stopped = () =>
    studio.cluster.requests.some(({ method, body }) => method === 'PATCH' && body.includes('"replicas":0'));

  test('brings back every byte that backup took, after everything was lost', async () => {
    fillVolume(studio.volume, { mebibytes: 16 });
    const before = contents(studio.volume);
    const source = await archive();
    empty();
    const { exit, said } = await run({ source });
    expect({ exit, said }).toMatchObject({ exit: 0 });
    expect(contents(studio.volume, BESIDE)).toEqual(before);
    expect(studio.trouble).toEqual([]);
    // What was only in the log of a database is there, too.
    const count = `import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('select count(*) from users').fetchone()[0])`;
    const path = join(studio.volume, 'sqlite/metadata.db');
    expect(execFileSync('python3', ['-c', count, path], { encoding: 'utf8', env: withSystemPython })).toBe('500\n');
  });

  test('moves in from the folder of compose, and leaves that as it was', async () => {
    const source = composeFolder();
    const before = contents(source);
    const { exit, said } = await run({ source });
    expect({ exit, said }).toMatchObject({ exit: 0 });
    expect(contents(studio.volume, BESIDE)).toEqual(before);
    expect(contents(source)).toEqual(before);
    expect(studio.trouble).toEqual([]);
  });

  test('touches a volume that is not empty only with --replace, and then keeps what was there', async () => {
    kubectlInProcess(studio.cluster);
    const source = composeFolder();
    mkdirSync(join(studio.volume, 'sqlite'));
    writeFileSync(join(studio.volume, 'sqlite/junjo.db'), 'of before');
    expect(await run({ source })).toMatchObject({
      exit: 1,
      said: expect.stringContaining('The volume is not empty: it contains sqlite'),
    });
    expect(stopped()).toBe(false);
    expect(contents(studio.volume)).toMatchObject({ sqlite: 'folder' });
    const { exit, said } = await run({ source, replace: true });
    expect(exit).toBe(0);
    const [, aside = ''] = /The previous data is in the folder (\S+) on the volume/.exec(said) ?? [];
    expect(said).toContain(`npm run set-aside -- --back ${aside} --context=fake --namespace=${studio.namespace}`);
    expect(readFileSync(join(studio.volume, aside, 'sqlite/junjo.db'), 'utf8')).toBe('of before');
    const claim = studio.cluster.object('persistentvolumeclaims', studio.namespace, 'junjo-ai-studio-data');
    expect(claim.metadata.annotations?.['junjo-ai-studio/kept']).toBe(aside);
    expect(contents(studio.volume, BESIDE)).toEqual(contents(source));
    // Such a folder is no data: a second restore does not move it again.
    expect((await run({ source, replace: true })).exit).toBe(0);
    expect(readdirSync(studio.volume)).toContain(aside);
  });

  test('refuses the data of another release line, in the words of the guard, before anything stops', async () => {
    kubectlInProcess(studio.cluster);
    const source = composeFolder();
    studio.apply({ JUNJO_K8S_RELEASE: '0.81.5', JUNJO_INTERNAL_GRPC_TOKEN: undefined });
    await studio.ready();
    const { exit, said } = await run({ source });
    expect({ exit, said }).toMatchObject({
      exit: 1,
      said: expect.stringContaining('JUNJO_K8S_ACCEPT_DATA_LOSS=0.82-to-0.81'),
    });
    expect(stopped()).toBe(false);
    expect(readdirSync(studio.volume)).toEqual([]);
  });

  test('refuses a copy of 0.82 for a studio of 0.86, names the release that reads it, and looks at it with that', async () => {
    kubectlInProcess(studio.cluster);
    fillVolume(studio.volume);
    rmSync(join(studio.volume, 'sqlite/junjo.db'));
    const of082 = 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])';
    const database = join(studio.volume, 'sqlite/junjo.db');
    execFileSync('python3', ['-c', of082, database, usersOf(lineCalled('0.82'))], { env: withSystemPython });
    const source = await archive();
    studio.apply({ JUNJO_K8S_RELEASE: '0.86.0' });
    await studio.ready();
    const before = contents(studio.volume);
    const { exit, said } = await run({ source, replace: true });
    expect(exit).toBe(1);
    const [, words = ''] = /(The applied release .*)/s.exec(said) ?? [];
    expect(words).toMatch(
      /^The applied release does not start on this data\.\n.*created by Junjo AI Studio .*0\.82 .*\n.*JUNJO_K8S_RELEASE=0\.82\.1 to go back\.\n.*apply a release that can read it/,
    );
    // It keeps what is on the volume, which is not in question.
    expect(words).not.toContain('set-aside');
    expect(contents(studio.volume)).toEqual(before);
    const look = await run({ source, into: 'look' });
    expect(look).toMatchObject({ exit: 0, said: expect.stringContaining('\nJUNJO_K8S_RELEASE=0.82.1\n') });
  });

  test.each<[string, object, object, RegExp]>([
    ['is being deleted', { deletionTimestamp: '2026-01-02T03:04:05Z' }, {}, /is being deleted, so no new pod/],
    ['is Lost', {}, { status: { phase: 'Lost' } }, /is Lost: its volume/],
  ])('refuses at once a claim that %s', async (_, metadata, change, words) => {
    kubectlInProcess(studio.cluster);
    const claim = studio.cluster.object('persistentvolumeclaims', studio.namespace, 'junjo-ai-studio-data');
    studio.cluster.apply({ ...claim, ...change, metadata: { ...claim.metadata, ...metadata } });
    expect(await run({ source: composeFolder() })).toMatchObject({ exit: 1, said: expect.stringMatching(words) });
    expect(studio.cluster.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('restores onto the volume of a claim that waits for its first pod', async () => {
    kubectlInProcess(studio.cluster);
    const claim = studio.cluster.object('persistentvolumeclaims', studio.namespace, 'junjo-ai-studio-data');
    studio.cluster.apply({ ...claim, status: { phase: 'Pending' } });
    expect((await run({ source: composeFolder() })).exit).toBe(0);
  });

  test('restores beside the running studio, into a namespace and a claim like its own', async () => {
    kubectlInProcess(studio.cluster);
    fillVolume(studio.volume);
    const source = await archive();
    const requests = studio.cluster.requests.length;
    const { exit, said } = await run({ source, into: 'look' });
    expect({ exit, said }).toMatchObject({ exit: 0, said: expect.stringContaining('JUNJO_K8S_NAMESPACE=look') });
    expect(contents(studio.volumeOf('look'), BESIDE)).toEqual(contents(studio.volume));
    const { spec } = studio.cluster.object('persistentvolumeclaims', 'junjo', 'junjo-ai-studio-data');
    expect(studio.cluster.object('persistentvolumeclaims', 'look', 'junjo-ai-studio-data').spec).toEqual(spec);
    expect(studio.cluster.object('namespaces', undefined, 'look').metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
    const changes = studio.cluster.requests.slice(requests).filter(({ method }) => method !== 'GET');
    expect(changes.filter(({ path }) => path.includes('/namespaces/junjo/'))).toEqual([]);
    expect(await run({ source, into: 'look' })).toMatchObject({ exit: 1, said: expect.stringContaining('not empty') });
  });

  test.each<[string, Fault]>([
    ['breaks', { kind: 'cut', afterBytes: 50_000 }],
    ['goes silent', { kind: 'stall', afterBytes: 50_000 }],
  ])('when the connection %s, the volume is as it was and the studio never stopped', async (_, fault) => {
    const source = composeFolder();
    studio.cluster.faults.add({ when: isExec('receive'), fault });
    expect((await run({ source }, { ...hasty, stallSeconds: 5 })).exit).toBe(1);
    expect(stopped()).toBe(false);
    expect(readdirSync(studio.volume)).toEqual([]);
  });

  test('when the connection breaks after the copy has arrived, the copy is used', async () => {
    kubectlInProcess(studio.cluster);
    const source = composeFolder();
    studio.cluster.faults.add({ when: isExec('judge'), fault: { kind: 'reset' }, times: 3 });
    const { exit, said } = await run({ source });
    expect({ exit, said }).toMatchObject({ exit: 0 });
    expect(contents(studio.volume, BESIDE)).toEqual(contents(source));
  });

  test('finishes the change of folders when it is interrupted meanwhile', async () => {
    kubectlInProcess(studio.cluster);
    const source = composeFolder();
    studio.cluster.faults.add({
      when: (request) => {
        if (isExec('swap')(request)) process.emit('SIGTERM', 'SIGTERM');
        return false;
      },
      fault: { kind: 'hang' },
    });
    const { said } = await run({ source });
    expect(said).toContain('match the backup');
    expect(contents(studio.volume, BESIDE)).toEqual(contents(source));
    await studio.ready();
  });

  test('when the folders cannot be changed, says that the restore may be incomplete, and not that the studio runs', async () => {
    kubectlInProcess(studio.cluster);
    studio.cluster.faults.add({ when: isExec('swap'), fault: { kind: 'reset' } });
    const { exit, said } = await run({ source: composeFolder() }, { ...hasty, retrySeconds: 1 });
    expect(exit).toBe(1);
    expect(said).not.toContain('were restarted.');
    expect(said).toMatch(/may be incomplete\. Run backup, restore, or set-aside/);
  });

  test('finds every changed byte of an archive before it touches the cluster', async () => {
    fillVolume(studio.volume);
    const source = await archive();
    const bytes = readFileSync(source);
    const requests = studio.cluster.requests.length;
    for (const damaged of [bytes.subarray(0, bytes.length - 100), bytes.subarray(0, 2000), Buffer.from('nothing')]) {
      writeFileSync(source, damaged);
      expect(await run({ source, replace: true })).toMatchObject({
        exit: 1,
        said: expect.stringMatching(/damaged|incomplete/),
      });
    }
    const repacked = join(folder, 'repacked.tar.gz');
    writeFileSync(source, bytes);
    const script = `cd "$1" && mkdir x && tar -xzf studio.tar.gz -C x && printf X | dd of=x/data/large bs=1 seek=5000 conv=notrunc 2>/dev/null
      tar -czf repacked.tar.gz -C x junjo-backup.json data junjo-manifest.json`;
    execFileSync('sh', ['-c', script, 'repack', folder]);
    expect(await run({ source: repacked, replace: true })).toMatchObject({
      exit: 1,
      said: expect.stringContaining('large does not match the manifest'),
    });
    expect(studio.cluster.requests).toHaveLength(requests);
  });

  test('shows what an archive tells of itself on one line, and without control characters', async () => {
    const source = join(folder, 'archive\nContext    production.tar.gz');
    const words = '2026\u001b]52;c;eA==\u0007\nContext    production\r\u009b2J\u202e';
    writeFileSync(source, honestArchive({ taken: words, tag: words, namespace: words }));
    const said: string[] = [];
    const note = (text: string) => said.push(text);
    const io = { ...studio.io(), out: note, err: note };
    expect(await runCli(['restore', source, '--namespace', studio.namespace], io)).toBe(1);
    const text = said.join('\n');
    expect(text).toContain('2026\\u001b]52;c;eA==\\u0007\\nContext    production');
    expect(text.match(/^Context .*$/gm)).toEqual([expect.stringMatching(/^Context {4}fake /)]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  test('refuses a pipe as an archive, which it could not read twice', async () => {
    const source = join(folder, 'pipe');
    execFileSync('mkfifo', [source]);
    expect(await run({ source })).toMatchObject({ exit: 1, said: expect.stringContaining('is not a file or folder') });
  }, 10_000);

  test('gives up the check of an archive when it is interrupted', async () => {
    fillVolume(studio.volume, { mebibytes: 16 });
    const source = await archive();
    const interrupted = new AbortController();
    const checked = checkArchive(source, interrupted.signal);
    interrupted.abort(new Error('Interrupted'));
    await expect(checked).rejects.toThrow(/^Interrupted$/);
  });

  test.each<[string, (path: string) => void, RegExp]>([
    [
      'a folder that is no studio',
      (path) => rmSync(join(path, 'sqlite'), { recursive: true }),
      /is not the data folder of a studio/,
    ],
    [
      'a link that leads outside',
      (path) => symlinkSync('/etc/passwd', join(path, 'spans/link')),
      /is a link to \/etc\/passwd, which is outside the data/,
    ],
    ['a pipe', (path) => execFileSync('mkfifo', [join(path, 'pipe')]), /is not a file, folder, or link/],
    [
      'a name that is not UTF-8',
      (path) => execFileSync('sh', ['-c', 'touch "$1/$(printf "\\377")"', 'touch', path]),
      /the name is not valid UTF-8/,
    ],
    [
      'a damaged database',
      (path) =>
        writeFileSync(
          join(path, 'sqlite/junjo.db'),
          readFileSync(join(path, 'sqlite/junjo.db')).fill(0xff, 4096, 8192),
        ),
      /sqlite\/junjo.db is damaged/,
    ],
  ])('refuses %s, and stops nothing', async (_, change, words) => {
    const source = composeFolder();
    change(source);
    expect(await run({ source })).toMatchObject({ exit: 1, said: expect.stringMatching(words) });
    expect(stopped()).toBe(false);
    expect(readdirSync(studio.volume)).toEqual([]);
  });
});
