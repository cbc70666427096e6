import { type Variable, variablesOf } from '../../config/variables';
import { type ReleaseLine, releaseLines } from '../../releases';
import { development, type Manifest, type Rendered, render, type Settings } from '../support/studio';

/** Names under which each container of every pod finds what comes from a Secret, and texts of what it finds otherwise. */
function environments(studio: Rendered): ReadonlyMap<string, { readonly secret: Set<string>; readonly plain: string }> {
  const workloads = ['Deployment', 'StatefulSet', 'Job', 'CronJob'].flatMap((kind) => studio.ofKind(kind));
  return new Map(
    workloads.flatMap(({ metadata, spec }: Manifest) => {
      const pod = (spec.jobTemplate?.spec ?? spec).template.spec;
      return [...(pod.initContainers ?? []), ...pod.containers].map((container: Manifest) => {
        const env: readonly Manifest[] = container.env ?? [];
        const maps = (container.envFrom ?? []).map(({ configMapRef }: Manifest) =>
          studio.get('ConfigMap', configMapRef.name),
        );
        return [
          `${metadata.name}/${container.name}`,
          {
            secret: new Set(env.filter(({ valueFrom }) => valueFrom?.secretKeyRef).map(({ name }) => name as string)),
            plain: JSON.stringify([
              env.filter(({ value }) => value !== undefined),
              ...maps.map(({ data }: Manifest) => data),
            ]),
          },
        ] as const;
      });
    }),
  );
}

const sample = ({ type }: Variable, index: number) => type.samples[index % type.samples.length];

describe.each(releaseLines.map((line): [string, ReleaseLine] => [line.name, line]))('on %s', (_, line) => {
  const table = variablesOf(line).filter(
    ({ refused, insteadOfCompose, onlyWith }) => !refused && !insteadOfCompose && !onlyWith,
  );
  const secrets = table.filter(({ secret }) => secret);
  const providers = table.filter(({ group, secret }) => group === 'LLM providers' && !secret);
  const settings: Settings = development({
    JUNJO_K8S_RELEASE: line.tags.at(-1),
    ...Object.fromEntries([...secrets, ...providers].map((variable) => [variable.name, sample(variable, 0)])),
  });
  const containers = environments(render(settings));
  const readersOf = ({ readers }: Variable) =>
    [...containers.keys()].filter((key) => readers?.some((reader) => key.endsWith(`-${reader}/${reader}`)));

  test.each(secrets.map((variable): [string, Variable] => [variable.name, variable]))(
    '%s reaches its readers and no other container',
    (name, variable) => {
      const inContainer = variable.nameInContainer ?? name;
      const found = [...containers].filter(([, { secret }]) => secret.has(inContainer)).map(([key]) => key);
      expect(found.sort()).toEqual(readersOf(variable).sort());
      expect([...containers.values()].some(({ plain }) => plain.includes(`"${inContainer}"`))).toBe(false);
    },
  );

  test.each(providers.map((variable): [string, Variable] => [variable.name, variable]))(
    '%s reaches its readers and no other container',
    (name, variable) => {
      const found = [...containers].filter(([, { plain }]) => plain.includes(`"${name}"`)).map(([key]) => key);
      expect(found).toEqual(readersOf(variable));
    },
  );
});

test('no variable of a provider is for another container than the backend', () => {
  for (const line of releaseLines)
    for (const { group, readers = [] } of variablesOf(line))
      if (group === 'LLM providers' || group === 'Proxy') expect(['backend', '']).toContain(readers.join());
});
