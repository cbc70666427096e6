import { configMapsOf, fieldsOf, listOf, type Pod } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** A pod does not start without the ConfigMaps and keys that it reads. */
export const references: Rule = {
  name: 'references',
  asks: 'A pod reads only ConfigMaps of the studio, keys and volumes that exist',
  reason: 'a pod that refers to a missing ConfigMap, volume or key waits for it forever',
  source: 'https://kubernetes.io/docs/concepts/configuration/configmap/#using-configmaps',
  *violations(studio: RenderedStudio) {
    for (const pod of studio.pods) {
      for (const { object, name, keys, optional } of configMapsOf(pod)) {
        const found = studio.named('ConfigMap', name);
        // An existing ConfigMap of the user, such as one with a company's certificates.
        if (!found && !optional && !studio.isForeign('ConfigMap', name))
          yield { object, text: `reads the ConfigMap ${name}, which does not exist` };
        if (!found || optional) continue;
        for (const key of keys.filter((each) => !(each in fieldsOf(found.data)))) {
          yield { object, text: `reads the key ${key} of ${name}, which does not exist` };
        }
      }
      yield* mounts(pod, studio);
    }
  },
};

function* mounts({ owner, spec, containers }: Pod, studio: RenderedStudio): Generator<Violation> {
  // A StatefulSet makes claims by these, and mounts them by the same names.
  const templates = listOf(fieldsOf(owner.spec).volumeClaimTemplates).map(({ metadata }) => fieldsOf(metadata));
  const volumes = [...listOf(spec.volumes), ...templates];
  for (const { fields, title: object } of containers) {
    for (const { name, subPath } of listOf(fields.volumeMounts)) {
      const volume = volumes.find((each) => each.name === name);
      if (!volume) yield { object, text: `mounts the volume ${name}, which its pod does not have` };
      const data = studio.named('ConfigMap', volume?.configMap?.name)?.data;
      if (data && subPath && !(subPath in data)) {
        yield { object, text: `mounts the key ${subPath} of ${volume?.configMap.name}, which does not exist` };
      }
    }
  }
}
