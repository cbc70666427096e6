import { fieldsOf, titleOf } from '../manifest';
import { holdsData, type RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Labels and annotations that make a program that applies files skip an object or its changes. */
const LEFT_OUT: readonly (readonly [key: string, value: RegExp, what: string])[] = [
  // https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
  ['kustomize.toolkit.fluxcd.io/reconcile', /^disabled$/i, 'Flux'],
  ['kustomize.toolkit.fluxcd.io/ssa', /^(ignore|ifnotpresent)$/i, 'Flux'],
  // https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
  ['config.kubernetes.io/local-config', /^(?!false$)/, 'kustomize'],
  // https://carvel.dev/kapp/docs/latest/apply/
  ['kapp.k14s.io/noop', /^/, 'kapp'],
  ['kapp.k14s.io/exists', /^/, 'kapp'],
];

/** A network policy only works if it is applied. Objects with the data may be skipped, which is safer for them. */
export const applied: Rule = {
  name: 'applied',
  asks: 'Tools apply every object, and undo manual changes to it, unless it holds the data',
  reason: 'a network policy that is skipped, or not restored after a manual change, blocks nothing',
  source: 'https://fluxcd.io/flux/components/kustomize/kustomizations/',
  *violations({ manifests }: RenderedStudio) {
    for (const manifest of manifests.filter((each) => !holdsData(each))) {
      const { labels, annotations } = manifest.metadata;
      for (const [key, value, program] of LEFT_OUT) {
        const found = [fieldsOf(annotations)[key], fieldsOf(labels)[key]].find((each) => each !== undefined);
        if (found !== undefined && value.test(String(found))) {
          yield { object: titleOf(manifest), text: `${key} makes ${program} skip it` };
        }
      }
    }
  },
};
