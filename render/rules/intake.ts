import { load } from 'js-yaml';
import { INTAKE_REPLICAS, intakeClaimNames, intakeName } from '../../config/names';
import { type Container, claimsOf, fieldsOf, isSame, listOf, type Manifest, type Pod, titleOf } from '../manifest';
import { programOf } from './guards';
import { scaled } from './one-writer';
import { type Leaf, leavesBelow, pathOf, type RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** What may have any value: none of it decides which spans are kept, or who gets them. */
const FREE = [
  /^service\.telemetry\.logs\./,
  /^processors\.memory_limiter\./,
  /\.keepalive\./,
  /\.(timeout|read_timeout|idle_timeout|reload_interval)$/,
  /\.retry_on_failure\.(initial_interval|max_interval|multiplier|randomization_factor)$/,
  /^extensions\.file_storage\.(fsync|timeout|compaction\.(check_interval|max_transaction_size|rebound_[a-z_]+))$/,
];

/** Numbers that may be smaller. */
const LESS = /\.sending_queue\.(queue_size|num_consumers)$/;

/** The collectors keep what they acknowledge until ingestion has it. */
export const intake: Rule = {
  name: 'intake',
  asks: 'The collectors keep their image name, arguments, mounts, claims and configuration. You may change logs, timeouts and memory, and make the queue smaller',
  reason:
    'batches, compressed or larger requests, and a queue in memory lose acknowledged spans; another exporter copies spans elsewhere',
  source: 'https://github.com/open-telemetry/opentelemetry-collector/blob/main/exporter/exporterhelper/README.md',
  *violations(studio: RenderedStudio) {
    if (studio.rendered === studio) return;
    const [before, after] = [studio.rendered, studio].map((each) => each.named('ConfigMap', intakeName));
    if (before && after) yield* ofConfig(after, before);
    const isIntake = ({ owner }: Pod) => owner.kind === 'StatefulSet' && owner.metadata.name === intakeName;
    const rendered = studio.rendered.pods.find(isIntake);
    const pod = studio.pods.find(isIntake);
    if (!rendered || !pod) return;
    yield* ofStatefulSet(pod, rendered);
    yield* ofContainer(pod, rendered);
    yield* scaled(pod, studio.manifests);
    for (const { title, ...other } of studio.pods) {
      const claim = claimsOf(other).find((name) => intakeClaimNames.includes(name));
      if (claim) yield { object: title, text: `mounts ${claim}, the queue of a collector` };
    }
  },
};

function* ofConfig(after: Manifest, before: Manifest): Generator<Violation> {
  const object = titleOf(after);
  const [texts, rendered] = [fieldsOf(after.data), fieldsOf(before.data)];
  for (const name of Object.keys({ ...rendered, ...texts })) {
    const [text, known] = [texts[name], rendered[name]];
    if (text === known) continue;
    const found = parsed(text);
    if (found === undefined || known === undefined) {
      yield { object, text: `its ${name} is not a valid configuration of the collectors` };
      continue;
    }
    const [values, wanted] = [valuesOf(found), valuesOf(parsed(known) ?? {})];
    for (const path of new Set([...values.keys(), ...wanted.keys()])) {
      if (!isAllowed(path, values.get(path), wanted.get(path))) {
        yield { object, text: `${path} is ${shown(values.get(path))}, but must be ${shown(wanted.get(path))}` };
      }
    }
  }
}

function isAllowed(path: string, value: unknown, wanted: unknown): boolean {
  if (isSame(value, wanted) || FREE.some((free) => free.test(path))) return true;
  return LESS.test(path) && typeof value === 'number' && value > 0 && value <= Number(wanted);
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}

/** The configuration, or nothing where a text is none. */
function parsed(text: unknown): object | undefined {
  try {
    const value = load(String(text), { maxAliases: 0 });
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function valuesOf(config: object): ReadonlyMap<string, unknown> {
  return new Map(leavesBelow(config).map((leaf: Leaf) => [pathOf(leaf), leaf.value]));
}

function* ofStatefulSet({ owner, title: object }: Pod, before: Pod): Generator<Violation> {
  const [spec, rendered] = [owner, before.owner].map(({ spec: fields }) => fieldsOf(fields));
  const { replicas = 1, volumeClaimTemplates } = spec ?? {};
  if (!(replicas <= INTAKE_REPLICAS)) {
    yield { object, text: `replicas is ${replicas}, but foundation/ has ${INTAKE_REPLICAS} claims` };
  }
  if (!isSame(volumeClaimTemplates, rendered?.volumeClaimTemplates)) {
    yield { object, text: 'its volumeClaimTemplates were changed' };
  }
}

function* ofContainer(pod: Pod, before: Pod): Generator<Violation> {
  const own = ({ fields }: Container) => fields.name === 'intake';
  const [container, rendered] = [pod.containers.find(own), before.containers.find(own)];
  if (!container || !rendered) return;
  const { title: object, fields } = container;
  for (const field of ['command', 'args', 'envFrom'].filter((each) => !isSame(fields[each], rendered.fields[each]))) {
    yield { object, text: `its ${field} was changed` };
  }
  if (programOf(fields.image) !== programOf(rendered.fields.image)) {
    yield { object, text: `its image must be ${programOf(rendered.fields.image)}, from any registry` };
  }
  const volumeOf = ({ spec }: Pod, name: unknown) => listOf(spec.volumes).find((volume) => volume.name === name);
  for (const mount of listOf(rendered.fields.volumeMounts)) {
    const same = listOf(fields.volumeMounts).some((each) => isSame(each, mount));
    if (!same || !isSame(volumeOf(pod, mount.name), volumeOf(before, mount.name))) {
      yield { object, text: `must mount the volume ${mount.name} at ${mount.mountPath} as rendered` };
    }
  }
}
