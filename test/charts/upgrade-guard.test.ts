import { TOOLS_IMAGE } from '../../config/parts/images';
import { releaseLines } from '../../releases';
import {
  freshSecret,
  type Manifest,
  problemsOf,
  production,
  type Rendered,
  render,
  type Settings,
} from '../support/studio';

const tags = releaseLines.map(({ tags: [tag] }) => tag);
const studioOf = (tag: string, settings: Settings = {}) =>
  render(
    production({
      JUNJO_K8S_RELEASE: tag,
      JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
      ...settings,
    }),
  );
const initOf = (pod: Manifest, name: string): Manifest =>
  pod.spec.initContainers.find((container: Manifest) => container.name === name);

test.each(tags)(
  'the guard runs first, in an image with Python and as the user of the backend, on its volume: %s',
  (tag) => {
    const studio = studioOf(tag);
    const pod = studio.pod('backend');
    const [guard] = pod.spec.initContainers;
    const backend = studio.container('backend');
    expect(guard.name).toBe('upgrade-guard');
    // That of 0.86 has none.
    expect(guard.image).toBe(tag === '0.86.0' ? `docker.io/${TOOLS_IMAGE}` : backend.image);
    expect(guard.securityContext).toEqual(backend.securityContext);
    const data = backend.volumeMounts.find(({ name }: Manifest) => name === 'data');
    expect(guard.volumeMounts).toContainEqual(data);
    expect(guard.command).toContain(data.mountPath);
    // Where the kubelet looks for the reason of an end, unless it is told another place.
    expect(guard.command).toContain('/dev/termination-log');
    expect(guard).not.toHaveProperty('terminationMessagePath');
    // It needs no setting and no secret.
    expect(guard).not.toHaveProperty('envFrom');
    expect(guard).not.toHaveProperty('env');
  },
);

test.each(tags)('ingestion touches the volume only when the guard has let its own line pass: %s', (tag) => {
  const studio = studioOf(tag);
  const [wait] = studio.pod('ingestion').spec.initContainers;
  expect(wait.name).toBe('wait-for-volume');
  expect(wait.image).toBe(studio.container('ingestion').image);
  const [, , mark, line] = wait.command;
  const facts = JSON.parse(studio.get('ConfigMap', 'junjo-ai-studio-upgrade-guard').data['facts.json']);
  expect(line).toBe(facts.line);
  const { mountPath, readOnly } = wait.volumeMounts.find(({ name }: Manifest) => name === 'data');
  expect({ mark, readOnly }).toEqual({ mark: `${mountPath}/.junjo-studio.json`, readOnly: true });
});

test.each(tags)('the programs that the containers run are in the ConfigMap that they mount: %s', (tag) => {
  const studio = studioOf(tag);
  for (const [service, name] of [
    ['backend', 'upgrade-guard'],
    ['ingestion', 'wait-for-volume'],
  ] as const) {
    const pod = studio.pod(service);
    const { command, volumeMounts } = initOf(pod, name);
    const { mountPath } = volumeMounts.find((mount: Manifest) => mount.name === 'upgrade-guard');
    const { configMap } = pod.spec.volumes.find((volume: Manifest) => volume.name === 'upgrade-guard');
    const { data } = studio.get('ConfigMap', configMap.name);
    const files = command.filter((word: string) => word.startsWith(`${mountPath}/`));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(data[file.slice(mountPath.length + 1)]).toEqual(expect.stringContaining('\n'));
  }
});

test('every line says where it keeps spans, and the containers are told the same', () => {
  for (const { stores, environment, dataPath } of releaseLines) {
    const told = Object.values(environment).flatMap((variables) => Object.values(variables));
    for (const path of [...stores.spanPaths, stores.usersPath]) expect(told).toContain(`${dataPath}/${path}`);
    if (stores.logPath) expect(stores.spanPaths).toContain(stores.logPath);
  }
});

test('what the guard knows of each line is what its release says', () => {
  const facts = JSON.parse(studioOf('0.82.1').get('ConfigMap', 'junjo-ai-studio-upgrade-guard').data['facts.json']);
  expect(facts).toMatchObject({
    line: '0.82',
    schema: 'Parquet 0.82.0',
    users: { path: 'sqlite/junjo.db', schema: 'revision c7cc17a2bbe9' },
    log: 'spans/wal',
  });
  expect(
    facts.lines.map(({ name, schema, users, columns, move }: Manifest) => [name, schema, users, columns?.count, move]),
  ).toEqual([
    ['0.70', 'DuckDB 0.70.3', 'revision c7cc17a2bbe9', undefined, 'hidden'],
    ['0.80', 'Parquet 0.80.0', 'revision c7cc17a2bbe9', 14, 'unreadable'],
    ['0.81.0', 'Parquet 0.80.0', 'revision c7cc17a2bbe9', 14, 'unreadable'],
    ['0.81', 'Parquet 0.80.0', 'revision c7cc17a2bbe9', 14, 'unreadable'],
    ['0.82', 'Parquet 0.82.0', 'revision c7cc17a2bbe9', 21, 'harmless'],
    ['0.83', 'Parquet 0.83.0', 'revision eec3757c7c24', 21, 'refused'],
    ['0.84', 'Parquet 0.83.0', 'revision eec3757c7c24', 21, 'refused'],
    ['0.85', 'Parquet 0.85.0', 'revision eec3757c7c24', 21, 'refused'],
    ['0.86', 'Parquet 0.86.0', 'version 4', 22, 'refused'],
  ]);
});

describe('JUNJO_K8S_ACCEPT_DATA_LOSS', () => {
  const problems = (tag: string, step: string) =>
    problemsOf(`JUNJO_ENV=development\nJUNJO_K8S_RELEASE=${tag}\nJUNJO_K8S_ACCEPT_DATA_LOSS=${step}\n`).filter((line) =>
      line.includes('ACCEPT_DATA_LOSS'),
    );

  test('reaches the guard, says so at every synth, and rolls the backend', () => {
    const [warning, ...others] = problems('0.82.1', '0.70-to-0.82');
    expect(others).toEqual([]);
    expect(warning).toMatch(/^warning: \.env:3 .*Remove the line after it has started/);
    const settings = production({
      JUNJO_K8S_RELEASE: '0.82.1',
      JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
    });
    const [before, after] = [settings, { ...settings, JUNJO_K8S_ACCEPT_DATA_LOSS: '0.70-to-0.82' }].map((each) =>
      render(each),
    );
    const facts = JSON.parse(after?.get('ConfigMap', 'junjo-ai-studio-upgrade-guard').data['facts.json']);
    expect(facts.accepted).toEqual(['0.70-to-0.82']);
    const accepted = (studio?: Rendered) => studio?.pod('backend').metadata.annotations['checksum/accepted'];
    expect(accepted(before)).toBeUndefined();
    expect(accepted(after)).toMatch(/^[0-9a-f]{64}$/);
    const other = render({ ...settings, JUNJO_K8S_ACCEPT_DATA_LOSS: '0.81-to-0.82' });
    expect(accepted(other)).not.toBe(accepted(after));
    expect(after?.pod('ingestion')).toEqual(before?.pod('ingestion'));
  });

  test.each([
    ['0.83.0', '0.82-to-0.83', '0.82', '0.83'],
    ['0.86.0', '0.70-to-0.86', '0.70', '0.86'],
    ['0.82.1', '0.85-to-0.82', '0.85', '0.82'],
  ])('does not help %s with %s, and names what does', (tag, step, from, to) => {
    expect(problems(tag, step)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^\\.env:3 JUNJO_K8S_ACCEPT_DATA_LOSS: ${to} does not start on the user database of ${from}, and no setting .*npm run set-aside`,
        ),
      ),
    ]);
  });

  test.each([
    ['0.82.1', '0.82-to-0.70', 'another way'],
    ['0.82.1', '0.70-to-0.80', 'to another line'],
    ['0.81.5', '0.80-to-0.81', 'that loses nothing'],
    ['0.82.1', '0.60-to-0.82', 'from a line that is not known'],
  ])('is refused for %s: %s, a step %s', (tag, step) => {
    expect(problems(tag, step)).toEqual([
      expect.stringContaining(`.env:3 JUNJO_K8S_ACCEPT_DATA_LOSS: ${step} is not a step`),
    ]);
  });

  test('is refused when it is no step at all', () => {
    expect(problems('0.82.1', 'yes').join()).toContain('is not a step between release lines');
  });
});
