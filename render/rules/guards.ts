import {
  type Container,
  type Fields,
  fieldsOf,
  isSame,
  listOf,
  type Manifest,
  mountsClaim,
  type Pod,
  titleOf,
} from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Fields that a cluster may need to change, without a different guard. The rule pod-security checks the security context. */
const FREE: ReadonlySet<string> = new Set([
  'image',
  'imagePullPolicy',
  'resources',
  'resizePolicy',
  'securityContext',
  'startupProbe',
  'readinessProbe',
  'livenessProbe',
  'terminationMessagePath',
  'terminationMessagePolicy',
]);

/** Every sidecar and init container of the charts counts as a guard. */
export const guards: Rule = {
  name: 'guards',
  asks: 'Sidecars and init containers, such as the API guard and the upgrade guard, keep their image name, command, mounts and configuration',
  reason: 'without them, anyone can read spans without a sign-in, and a release can destroy existing data',
  source: 'https://github.com/mdrideout/junjo-ai-studio',
  *violations(studio: RenderedStudio) {
    for (const before of studio.rendered.pods) {
      const after = studio.pods.find(({ title }) => title === before.title);
      const guarding = before.containers.filter((container) => isGuard(container, before));
      if (!after || guarding.length === 0) continue;
      for (const guard of guarding) yield* ofGuard(guard, after);
      yield* order(before, after);
      yield* ofVolumes(guarding, before, after, studio);
    }
  },
};

/** The program itself has the name of its component. */
function isGuard({ fields }: Container, { labels }: Pod): boolean {
  return fields.name !== labels['app.kubernetes.io/component'];
}

function* ofGuard(guard: Container, pod: Pod): Generator<Violation> {
  const found = pod.containers.find(({ title, init }) => title === guard.title && init === guard.init);
  if (!found) {
    yield { object: guard.title, text: 'was removed' };
    return;
  }
  const [before, after] = [guard.fields, found.fields];
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((field) => !FREE.has(field));
  for (const field of fields.filter((each) => !isSame(before[each], after[each]))) {
    yield { object: guard.title, text: `its ${field} was changed` };
  }
  if (programOf(after.image) !== programOf(before.image)) {
    yield { object: guard.title, text: `its image must be ${programOf(before.image)}, from any registry` };
  }
}

/** The last word of a reference, without tag and digest: a mirror or another version is the same program. */
export function programOf(image: unknown): string {
  const [name = ''] = String(image).split('/').pop()?.split(/[:@]/) ?? [];
  return name;
}

/** Init containers run in their order, so a guard is before what it keeps, and nothing changes the data before it. */
function* order(before: Pod, after: Pod): Generator<Violation> {
  const namesOf = ({ containers }: Pod) => containers.filter(({ init }) => init).map(({ fields }) => fields.name);
  const [names, found] = [namesOf(before), namesOf(after)];
  const kept = found.filter((name) => names.includes(name));
  if (kept.length === names.length && kept.join() !== names.join()) {
    yield { object: after.title, text: `its init containers must run in this order: ${names.join(', ')}` };
  }
  const last = Math.max(...names.map((name) => found.indexOf(name)));
  const earlier = after.containers.filter(({ fields }) => {
    return !names.includes(fields.name) && found.slice(0, Math.max(last, 0)).includes(fields.name);
  });
  for (const container of earlier.filter((each) => mountsClaim(after, each))) {
    yield { object: container.title, text: 'mounts the data before a guard has checked it' };
  }
}

/** What the guards mount, apart from the data. */
function* ofVolumes(
  guarding: readonly Container[],
  before: Pod,
  after: Pod,
  studio: RenderedStudio,
): Generator<Violation> {
  const mounted = new Set(guarding.flatMap(({ fields }) => listOf(fields.volumeMounts).map(({ name }) => name)));
  for (const volume of listOf(before.spec.volumes).filter(({ name }) => mounted.has(name))) {
    const { name, configMap, emptyDir } = volume;
    const found = fieldsOf(listOf(after.spec.volumes).find((each) => each.name === name));
    const same = emptyDir ? found.emptyDir && Object.keys(found).length === 2 : isSame(found, volume);
    if (!same) yield { object: after.title, text: `its volume ${name} was changed` };
    if (!volume.persistentVolumeClaim && mountersOf(after, name).join() !== mountersOf(before, name).join()) {
      yield { object: after.title, text: `its volume ${name} is mounted by different containers` };
    }
    const config = configMap && studio.rendered.named('ConfigMap', configMap.name);
    if (config) yield* ofConfig(config, studio);
  }
}

function* ofConfig(before: Manifest, studio: RenderedStudio): Generator<Violation> {
  const after = studio.named('ConfigMap', before.metadata.name, before.metadata.namespace);
  const contentOf = ({ data, binaryData }: Fields) => [data, binaryData];
  // The rule references reports missing objects.
  if (after && !isSame(contentOf(after), contentOf(before))) {
    yield { object: titleOf(after), text: 'was changed, but a guard reads it' };
  }
}

function mountersOf({ containers }: Pod, volume: string): readonly string[] {
  const mounters = containers.filter(({ fields }) => listOf(fields.volumeMounts).some(({ name }) => name === volume));
  return mounters.map(({ title }) => title).sort();
}
