import { intake } from '../../../render/rules/intake';
import { secondApply } from '../../../render/rules/second-apply';
import { SpoiltStudio, workload } from '../../support/rules';
import { freshSecret, type Manifest, production } from '../../support/studio';

// What patches change is in dangerous-patches.test.ts. This is what an App may add or change.

const settings = production({
  JUNJO_K8S_RELEASE: '0.82.1',
  JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
  JUNJO_K8S_INTAKE: 'true',
});
const SET = 'StatefulSet junjo-ai-studio-intake';

function autoscaler(kind: string, name: string): Manifest {
  const metadata = { name: 'more', namespace: 'junjo-ai-studio' };
  const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind, name } };
  return { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata, spec };
}

const volumes = [{ name: 'queue', persistentVolumeClaim: { claimName: 'queue-junjo-ai-studio-intake-0' } }];

test.each<readonly [string, (studio: SpoiltStudio) => void, readonly string[]]>([
  ['nothing', () => undefined, []],
  [
    'an autoscaler of the collectors',
    (s) => s.add(autoscaler('StatefulSet', 'junjo-ai-studio-intake')),
    [`HorizontalPodAutoscaler more: scales ${SET}, which mounts a claim`],
  ],
  ['an autoscaler of the UI', (s) => s.add(autoscaler('Deployment', 'junjo-ai-studio-frontend')), []],
  [
    'a pod that reads a queue',
    (s) => {
      const pod = workload('Deployment');
      Object.assign(pod.spec.template.spec, { volumes });
      s.add(pod);
    },
    ['Deployment junjo-ai-studio-extra: mounts queue-junjo-ai-studio-intake-0, the queue of a collector'],
  ],
  [
    'a second file of configuration',
    (s) => Object.assign(s.get('ConfigMap', 'intake').data, { 'more.yaml': 'exporters: {}\n' }),
    ['ConfigMap junjo-ai-studio-intake: its more.yaml is not a valid configuration of the collectors'],
  ],
  [
    'variables from another object',
    (s) => {
      const [collector] = s.get('StatefulSet', 'intake').spec.template.spec.containers;
      Object.assign(collector, { envFrom: [{ configMapRef: { name: 'more' } }] });
    },
    [`${SET}, container intake: its envFrom was changed`],
  ],
  ['a comment', (s) => (s.get('ConfigMap', 'intake').data['config.yaml'] += '# ours\n'), []],
])('the rule intake on %s', (_, change, says) => {
  const studio = new SpoiltStudio(settings);
  change(studio);
  expect(studio.broken(intake)).toEqual(says);
});

test('a claim template says what is stored with it', () => {
  const studio = new SpoiltStudio(settings);
  expect(studio.broken(secondApply)).toEqual([]);
  delete studio.get('StatefulSet', 'intake').spec.volumeClaimTemplates[0].status;
  expect(studio.broken(secondApply)).toEqual([
    `${SET}: the claim template queue has no apiVersion, kind or status.phase, which Kubernetes stores`,
  ]);
});
