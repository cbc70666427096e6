import { volSyncPods } from '../../charts/backup';
import { acmeSolver } from '../../config/names';
import { type Fields, fieldsOf, listOf, type Manifest, matches, type Pod, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** What finds pods holds these two and no more: Argo CD's tracking may write `instance`, and a selector cannot change. */
const SELECTOR_KEYS = ['app.kubernetes.io/component', 'app.kubernetes.io/name'];

/** Every selector matches the intended pods, and no others. */
export const selectors: Rule = {
  name: 'selectors',
  asks: 'A Service selects the pods of one workload, a workload its own pods, and a policy existing pods, all by name and component',
  reason: 'otherwise traffic goes to the wrong pods or to none, and a policy for missing pods protects nothing',
  source: 'https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/',
  *violations(studio: RenderedStudio) {
    for (const pod of studio.pods) yield* ofWorkload(pod, studio);
    for (const service of studio.ofKind('Service')) {
      const [object, selector] = [titleOf(service), fieldsOf(service.spec?.selector)];
      const selected = Object.keys(selector).length > 0 ? studio.selected(selector) : [];
      if (selected.length !== 1)
        yield { object, text: `selects the pods of ${selected.length} workloads instead of one` };
      yield* keysOf(object, selector);
    }
    for (const policy of studio.ofKind('NetworkPolicy')) yield* ofPolicy(policy, studio);
  },
};

function* ofWorkload({ owner, labels, spec, title: object }: Pod, studio: RenderedStudio): Generator<Violation> {
  const selector = fieldsOf(owner.spec).selector;
  // A Job and what makes Jobs are given one by Kubernetes, and a Pod needs none.
  if (selector || ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].includes(owner.kind)) {
    if (!matches(selector, labels)) yield { object, text: 'its selector does not find its own pods' };
    for (const { title } of studio.selected(selector).filter((pod) => pod.owner !== owner)) {
      yield { object, text: `its selector finds the pods of ${title}` };
    }
    yield* keysOf(object, fieldsOf(fieldsOf(selector).matchLabels));
  }
  for (const { labelSelector } of listOf(spec.topologySpreadConstraints)) {
    const [only, ...others] = studio.selected(labelSelector);
    if (only?.owner !== owner || others.length > 0)
      yield { object, text: 'its topology spread must count only its own pods' };
  }
}

function* keysOf(object: string, selector: Fields): Generator<Violation> {
  const keys = Object.keys(selector).sort();
  if (keys.join() !== SELECTOR_KEYS.join()) {
    yield { object, text: `selects by ${keys.join(' and ') || 'nothing'} instead of ${SELECTOR_KEYS.join(' and ')}` };
  }
}

function* ofPolicy(policy: Manifest, studio: RenderedStudio): Generator<Violation> {
  const object = titleOf(policy);
  const { podSelector, ingress, egress } = fieldsOf(policy.spec);
  const finds = (selector: unknown) =>
    studio.selected(selector).length > 0 || [acmeSolver.labels, volSyncPods].some((made) => matches(selector, made));
  if (!finds(podSelector)) yield { object, text: 'selects pods that do not exist' };
  const peers = [
    ...listOf(ingress).flatMap(({ from }) => listOf(from)),
    ...listOf(egress).flatMap(({ to }) => listOf(to)),
  ];
  for (const peer of peers) {
    // Pods of other namespaces are not known here.
    if (peer.podSelector && !peer.namespaceSelector && !finds(peer.podSelector)) {
      yield { object, text: `allows pods that do not exist: ${JSON.stringify(peer.podSelector)}` };
    }
  }
}
