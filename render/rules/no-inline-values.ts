import { fieldsOf, listOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** A reference as Kubernetes expands it; of two dollar signs, the first makes the second mean itself. */
const REFERENCE = /(?<!\$)(?:\$\$)*\$\([^)]*\)/;

/** What a person sets reaches containers through ConfigMap and Secret keys, where every character stays what it is. */
export const noInlineValues: Rule = {
  name: 'no-inline-values',
  asks: 'Settings are not in `env[].value`, and unchanged in ConfigMaps. Values, commands and arguments contain no `$(…)`',
  reason:
    'Kubernetes expands $(NAME) in env, command and args, and an inline variable overrides the one from the settings',
  source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/',
  *violations(studio: RenderedStudio) {
    const { pods, facts } = studio;
    for (const manifest of studio.ofKind('ConfigMap')) {
      const [data, before] = [fieldsOf(manifest.data), fieldsOf(studio.asRendered(manifest)?.data)];
      for (const name of Object.keys({ ...before, ...data })) {
        if (!facts.settings.has(name) || data[name] === before[name]) continue;
        yield { object: titleOf(manifest), text: `${name} is a setting: set it in the env file, which synth checks` };
      }
    }
    for (const { fields, title: object } of pods.flatMap(({ containers }) => containers)) {
      for (const { name, value } of listOf(fields.env)) {
        if (value === undefined) continue;
        if (facts.settings.has(name)) yield { object, text: `${name} is a setting: set it in the env file` };
        if (REFERENCE.test(String(value)))
          yield { object, text: `the value of ${name} contains $(…), which Kubernetes expands` };
      }
      for (const field of ['command', 'args']) {
        const words: unknown[] = Array.isArray(fields[field]) ? fields[field] : [];
        if (words.some((word) => REFERENCE.test(String(word)))) {
          yield { object, text: `${field} contains $(…), which Kubernetes expands: double the dollar sign` };
        }
      }
    }
  },
};
