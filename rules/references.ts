import { fieldsOf, listOf, type RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** What a pod reads is there: a missing ConfigMap or key keeps it from starting. */
export const references: Rule = {
  name: 'references',
  reason: 'a pod that names a ConfigMap, volume or key that is not there waits for it for ever',
  source: 'https://kubernetes.io/docs/concepts/configuration/configmap/#using-configmaps',
  *violations(studio: RenderedStudio) {
    for (const { spec, containers, title } of studio.pods) {
      const volumes = listOf(spec.volumes);
      const wanted = [
        ...volumes.map(({ configMap }) => ({ object: title, reference: configMap, items: listOf(configMap?.items) })),
        ...containers.flatMap(({ fields, title: object }) => [
          ...listOf(fields.envFrom).map(({ configMapRef }) => ({ object, reference: configMapRef, items: [] })),
          ...listOf(fields.env).map(({ valueFrom }) => {
            const reference = valueFrom?.configMapKeyRef;
            return { object, reference, items: reference ? [reference] : [] };
          }),
        ]),
      ];
      for (const { object, reference, items } of wanted) {
        if (!reference || reference.optional) continue;
        const found = studio.named('ConfigMap', reference.name);
        if (!found) yield { object, text: `reads the ConfigMap ${reference.name}, which is not there` };
        for (const { key } of found ? items : []) {
          if (!(key in fieldsOf(found?.data)))
            yield { object, text: `reads the key ${key} of ${reference.name}, which has none` };
        }
      }
      for (const { fields, title: object } of containers) {
        for (const { name, subPath } of listOf(fields.volumeMounts)) {
          const volume = volumes.find((each) => each.name === name);
          if (!volume) yield { object, text: `mounts the volume ${name}, which its pod does not have` };
          const data = studio.named('ConfigMap', volume?.configMap?.name)?.data;
          if (data && subPath && !(subPath in data)) {
            yield { object, text: `mounts the key ${subPath} of ${volume?.configMap.name}, which has none` };
          }
        }
      }
    }
  },
};
