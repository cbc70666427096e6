import { fieldsOf, titleOf } from '../manifest';
import { holdsData, type RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Labels and annotations with which a program that applies files leaves an object as it is, or out. */
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

/** A wall is there when it is applied. What holds the data may be left alone, and is then safer. */
export const applied: Rule = {
  name: 'applied',
  asks: 'Every object that holds no data is applied by whatever applies the files, and put back when somebody changes it',
  reason: 'a network policy that is left out, or changed by hand and not put back, closes nothing',
  source: 'https://fluxcd.io/flux/components/kustomize/kustomizations/',
  *violations({ manifests }: RenderedStudio) {
    for (const manifest of manifests.filter((each) => !holdsData(each))) {
      const { labels, annotations } = manifest.metadata;
      for (const [key, value, program] of LEFT_OUT) {
        const found = [fieldsOf(annotations)[key], fieldsOf(labels)[key]].find((each) => each !== undefined);
        if (found !== undefined && value.test(String(found))) {
          yield { object: titleOf(manifest), text: `with ${key}, ${program} does not apply it` };
        }
      }
    }
  },
};
