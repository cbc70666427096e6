import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { validate } from '../../cli/validate';
import { development, envText } from '../support/studio';

const claim = (size: string) => `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: ${size}
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'junjo-ai-studio-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): string {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  return target;
}

async function run(options: Parameters<typeof validate.run>[0] = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    environment: {},
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    color: false,
  };
  const exit = await validate.run({ paths: [folder], ...options }, io);
  return { exit, out, err };
}

test('says how much is valid on what', async () => {
  write('a.yaml', claim('1Gi'));
  write('deep/er/b.yml', claim('1Gi'));
  write('c.json', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}');
  write('notes.txt', 'no manifest');
  expect(await run()).toEqual({ exit: 0, out: ['3 objects are valid on Kubernetes 1.27 to 1.36'], err: [] });
});

test('names every problem of every file, in one order', async () => {
  const [b, a] = [write('b.yaml', claim('much')), write('a/a.yaml', claim('little'))];
  const size = 'PersistentVolumeClaim data: spec.resources.requests.storage: must be a quantity such as 500m or 1Gi';
  expect(await run()).toEqual({
    exit: 1,
    out: [],
    err: [`${a}:9 ${size}`, `${b}:9 ${size}`],
  });
});

test('takes single files, whatever they are called', async () => {
  const path = write('manifest', claim('much'));
  expect((await run({ paths: [path] })).err[0]).toContain(`${path}:9 `);
});

test.each([
  ['a folder without manifests', () => folder, /: contains no manifest\. To render manifests, run: npm run synth$/],
  ['a path that is not there', () => join(folder, 'none'), /none: cannot be read \(ENOENT\)\. Check its name$/],
])('%s is no success', async (_, path, line) => {
  const { exit, err } = await run({ paths: [path()] });
  expect(exit).toBe(1);
  expect(err).toEqual([expect.stringMatching(line)]);
});

describe('versions', () => {
  const path = () =>
    write(
      'service.yaml',
      'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { ports: [{ port: 80 }], trafficDistribution: PreferClose }\n',
    );

  test.each([['1.30'], ['v1.31'], ['1.31.4']])('%s alone can be asked for', async (version) => {
    expect(await run({ paths: [path()], kubernetes: [version] })).toMatchObject({ exit: 0, err: [] });
  });

  test('none asked for are all', async () => {
    expect((await run({ paths: [path()], kubernetes: [] })).err[0]).toMatch(/on Kubernetes 1\.27 to 1\.29$/);
  });

  test('unknown ones are an error, and not a success for the others', async () => {
    const { exit, out, err } = await run({ paths: [path()], kubernetes: ['1.30', '1.99'] });
    expect(exit).toBe(1);
    expect(out).toEqual([]);
    expect(err).toEqual(['Kubernetes 1.99: is not supported. Use one of 1.27 to 1.36']);
  });
});

test('kinds can be refused', async () => {
  const path = write('a.yaml', claim('1Gi'));
  expect((await run({ refuse: ['Secret'] })).exit).toBe(0);
  expect((await run({ refuse: ['PersistentVolumeClaim'] })).err[0]).toBe(
    `${path}:2 PersistentVolumeClaim data: kind: is PersistentVolumeClaim, which --refuse does not allow`,
  );
});

describe('without a path', () => {
  test('what the env files render is validated', async () => {
    const env = write('.env', envText(development()));
    const { exit, out, err } = await run({ paths: [], envFile: [env] });
    expect([exit, err]).toEqual([0, []]);
    expect(out.join()).toMatch(/^junjo-ai-studio: \d\d objects, valid on Kubernetes 1\.27 to 1\.36$/);
    const refused = await run({ paths: [], envFile: [env], refuse: ['Secret'] });
    expect(refused).toMatchObject({ exit: 1, out: [] });
    expect(refused.err).toEqual([
      expect.stringMatching(/^30-secrets\.k8s\.yaml Secret junjo-ai-studio-secrets: kind: is Secret/),
    ]);
  });

  test('env files beside one are wrong usage', async () => {
    expect(await run({ envFile: ['.env'] })).toEqual({
      exit: 2,
      out: [],
      err: ['Name either manifests or env files. They cannot be combined.'],
    });
  });
});
