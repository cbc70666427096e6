import { fieldsOf, listOf, type RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** What a person sets reaches containers through ConfigMap and Secret keys, where every character stays what it is. */
export const noInlineValues: Rule = {
  name: 'no-inline-values',
  reason: 'Kubernetes expands $(NAME) in env, command and args, and an inline variable hides the one from the settings',
  source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/',
  *violations(studio: RenderedStudio) {
    for (const { fields, title: object } of studio.pods.flatMap(({ containers }) => containers)) {
      const settings = listOf(fields.envFrom).flatMap(({ configMapRef }) =>
        Object.keys(fieldsOf(studio.named('ConfigMap', configMapRef?.name)?.data)),
      );
      for (const { name, value, valueFrom } of listOf(fields.env)) {
        if (String(value ?? '').includes('$('))
          yield { object, text: `the value of ${name} holds $(, which is expanded` };
        if (!valueFrom && settings.includes(name)) yield { object, text: `${name} hides the setting of the same name` };
      }
      for (const field of ['command', 'args']) {
        const words: unknown[] = Array.isArray(fields[field]) ? fields[field] : [];
        if (words.some((word) => String(word).includes('$(')))
          yield { object, text: `${field} holds $(, which is expanded` };
      }
    }
  },
};
