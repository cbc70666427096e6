import { buffer } from 'node:stream/consumers';
import { fieldsOf, groupOf, isSame, type Manifest, titleOf } from '../render/manifest';
import { needsServerSide } from '../render/object-size';
import { Kubectl, KubectlError } from './kubectl';
import { readNamespace } from './read';
import type { StudioManifests } from './studio-manifests';

/** What an object would look like after an apply, against what the cluster has. */
export interface ObjectDifference {
  /** `Deployment junjo-ai-studio-backend`. */
  readonly object: string;
  /** The lines of `diff -u`, without its heading; of a Secret its keys, and no value. */
  readonly lines: readonly string[];
}

/** What an apply would change in a cluster. */
export interface Difference {
  readonly added: readonly string[];
  readonly changed: readonly ObjectDifference[];
  /** Workloads whose pods an apply replaces. */
  readonly restarts: readonly string[];
  /** Resources that the user may not read. */
  readonly unread: readonly string[];
}

/** Kinds of the foundation, which is applied first. */
const FOUNDATION = ['Namespace', 'PersistentVolume', 'PersistentVolumeClaim'];

const RESTARTING = ['Deployment', 'StatefulSet', 'DaemonSet'];

/**
 * Above the lines of an object: `diff -u -N /tmp/LIVE-1/apps.v1.Deployment.junjo.name /tmp/MERGED-2/…`. GNU diff puts paths with
 * spaces in quotes.
 */
const HEADING = /^diff .*\/LIVE-\d+\/([^\s'"]+)['"]? .*\/MERGED-\d+\/\S+$/;

/** The first lines of an object that the cluster does not have. */
const IS_NEW = /^@@ -0,0 \+/;

/** Compares a rendered studio with a cluster. Nothing is stored: the API server tries each change without keeping it. */
export async function differenceOf(kubectl: Kubectl, studio: StudioManifests): Promise<Difference> {
  const unread: string[] = [];
  const { namespace } = studio;
  const [found] = await readNamespace(kubectl, namespace, unread);
  const ordered = [...studio.manifests].sort((a, b) => rankOf(a) - rankOf(b));
  if (!found) return { added: ordered.map(titleOf), changed: [], restarts: [], unread };
  // Objects name their own namespaces.
  const free = kubectl.in(undefined);
  const secrets = ordered.filter(({ kind }) => kind === 'Secret');
  const others = ordered.filter(
    ({ kind }) => kind !== 'Secret' && !(kind === 'Namespace' && unread.includes('namespaces')),
  );
  const flags = ordered.some(needsServerSide) ? ['--server-side'] : [];
  const parts = [others.filter(isOfFoundation), others.filter((object) => !isOfFoundation(object))];
  const differences: ObjectDifference[] = [];
  for (const part of parts) differences.push(...(await diff(free, part, flags)));
  for (const secret of secrets) differences.push(...(await secretDifference(free, secret, unread)));
  const isNew = ({ lines }: ObjectDifference) => lines.length === 0 || IS_NEW.test(lines[0] ?? '');
  const changed = differences.filter((each) => !isNew(each));
  const mayRestart = others.filter(
    (object) => RESTARTING.includes(object.kind) && changed.some((each) => each.object === titleOf(object)),
  );
  return {
    added: differences.filter(isNew).map(({ object }) => object),
    changed,
    restarts: await restarting(free, mayRestart, flags),
    unread,
  };
}

/** `kubectl diff` of objects. It ends with 0 or 1 where it worked, and with more where it did not. */
async function diff(
  kubectl: Kubectl,
  objects: readonly Manifest[],
  flags: readonly string[],
): Promise<readonly ObjectDifference[]> {
  if (objects.length === 0) return [];
  const { requestTimeout = 30, environment = process.env } = kubectl.options;
  // The lines are read here, so the user's own program for differences cannot print them.
  const plain = new Kubectl({ ...kubectl.options, environment: { ...environment, KUBECTL_EXTERNAL_DIFF: '' } });
  const child = plain.start([`--request-timeout=${requestTimeout}s`, 'diff', ...flags, '--filename=-'], {
    stdio: 'pipe',
  });
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error('kubectl was started without pipes');
  stdin.on('error', () => undefined).end(listOf(objects));
  const [code, output, complaints] = await Promise.all([plain.ended(child), buffer(stdout), buffer(stderr)]);
  if (code !== 0 && code !== 1) throw plain.failed(complaints.toString(), output.toString());
  return differencesIn(output.toString(), objects);
}

/** The differences of each object in what `kubectl diff` printed. */
export function differencesIn(output: string, objects: readonly Manifest[]): readonly ObjectDifference[] {
  const titles = new Map(objects.map((object) => [fileOf(object), titleOf(object)]));
  const found: { object: string; lines: string[] }[] = [];
  for (const line of output.split('\n')) {
    const [, file] = HEADING.exec(line) ?? [];
    if (file !== undefined) found.push({ object: titles.get(file) ?? file, lines: [] });
    else if (!/^(---|\+\+\+) .*\/(LIVE|MERGED)-\d+\//.test(line)) found.at(-1)?.lines.push(line);
  }
  return found.map(({ object, lines }) => ({ object, lines: lines.at(-1) === '' ? lines.slice(0, -1) : lines }));
}

/** The name of its file in the folders that `kubectl diff` compares. */
function fileOf(object: Manifest): string {
  const { apiVersion, kind, metadata } = object;
  const version = apiVersion.split('/').at(-1);
  const parts = [...(groupOf(object) ? [groupOf(object)] : []), version, kind, metadata.namespace ?? '', metadata.name];
  return parts.join('.');
}

/**
 * Which keys of a Secret change. It is compared here: `kubectl diff` masks the values, but can print the annotation in which
 * `kubectl apply` keeps a copy of them. kubectl 1.35 did so when another annotation changed.
 */
async function secretDifference(
  kubectl: Kubectl,
  secret: Manifest,
  unread: string[],
): Promise<readonly ObjectDifference[]> {
  const { name, namespace } = secret.metadata;
  try {
    const args = ['get', 'secret', name, ...(namespace ? [`--namespace=${namespace}`] : [])];
    const live = await kubectl.jsonIfFound<Manifest>(args);
    if (!live) return [{ object: titleOf(secret), lines: [] }];
    const lines = keyLines(fieldsOf(live.data), fieldsOf(secret.data));
    return lines.length > 0 ? [{ object: titleOf(secret), lines }] : [];
  } catch (error) {
    if (!(error instanceof KubectlError) || !error.answered) throw error;
    unread.push('secrets');
    return [];
  }
}

function keyLines(live: Readonly<Record<string, unknown>>, next: Readonly<Record<string, unknown>>): readonly string[] {
  const keys = [...new Set([...Object.keys(live), ...Object.keys(next)])].sort();
  return keys.flatMap((key) => {
    if (!(key in next)) return [`-${key}: *** (not rendered)`];
    if (!(key in live)) return [`+${key}: *** (new)`];
    return live[key] === next[key] ? [] : [`-${key}: *** (before)`, `+${key}: *** (after)`];
  });
}

/** The workloads whose template of pods changes. */
async function restarting(
  kubectl: Kubectl,
  workloads: readonly Manifest[],
  flags: readonly string[],
): Promise<readonly string[]> {
  const changes = await Promise.all(
    workloads.map(async (object) => {
      const { name, namespace } = object.metadata;
      const type = `${object.kind.toLowerCase()}.${groupOf(object)}`;
      const live = await kubectl.jsonIfFound<Manifest>(['get', type, name, `--namespace=${namespace}`]);
      const args = ['apply', ...flags, '--dry-run=server', '--filename=-'];
      const next = await kubectl.json<Manifest>(args, { input: JSON.stringify(object) });
      return live && !isSame(live.spec?.template, next.spec?.template) ? [titleOf(object)] : [];
    }),
  );
  return changes.flat();
}

function listOf(items: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

function isOfFoundation({ kind }: Manifest): boolean {
  return FOUNDATION.includes(kind);
}

function rankOf({ kind }: Manifest): number {
  return FOUNDATION.indexOf(kind) + 1 || FOUNDATION.length + 1;
}
