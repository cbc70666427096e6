import { clusterState, diagnosisOf, recording, summaryOf } from '../../support/cluster-state';
import { changed, pod, policy, unreached } from '../../support/made-states';

// Faults that were placed in the diagnosis, one at a time, and that no other test noticed.

test('an event without a uid belongs to the object of its kind and name', () => {
  const state = recording('healthy');
  const event = (kind: string, name: string) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${kind}.${name}`, namespace: state.namespace },
    involvedObject: { kind, name },
    reason: 'Odd',
    message: `of ${kind} ${name}`,
  });
  const backend = pod(state, 'backend');
  state.objects.push(event('Pod', backend.metadata.name), event('Job', backend.metadata.name), event('Pod', 'other'));
  const said = clusterState(state).eventsOf(backend, 'Odd');
  expect(said.map(({ message }) => message)).toEqual([`of Pod ${backend.metadata.name}`]);
});

test('a Service that was deleted with its namespace is not reported', () => {
  const state = changed('healthy', ({ objects }) => {
    const namespace = objects.find(({ kind }) => kind === 'Namespace');
    namespace.status = { phase: 'Terminating' };
    objects.splice(
      objects.findIndex(({ kind, metadata }) => kind === 'Service' && /backend/.test(metadata.name)),
      1,
    );
  });
  expect(summaryOf(state).filter((line) => line.includes('service-missing'))).toEqual([]);
});

test('a policy that lets in a block of IPv6 addresses is compared with a pod of an IPv4 address', () => {
  const state = unreached((each) => {
    pod(each, 'ingestion').status.podIPs = [{ ip: '10.0.0.7' }];
    each.objects.push(
      policy(each, 'six', {
        podSelector: { matchLabels: { 'app.kubernetes.io/component': 'backend' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ ipBlock: { cidr: 'fd00::/8' } }] }],
      }),
    );
  });
  expect(summaryOf(state)[0]).toContain('backend-unreachable');
});

test('the name of the own namespace is known without permission to read its labels', () => {
  const state = unreached((each) => {
    each.objects.splice(0, Infinity, ...each.objects.filter(({ kind }) => kind !== 'NetworkPolicy'));
    each.objects.push(
      policy(each, 'elsewhere', {
        podSelector: { matchLabels: { 'app.kubernetes.io/component': 'backend' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } }] }],
      }),
    );
  });
  const findings = diagnosisOf(state, { unread: ['namespaces'] });
  expect(findings.map(({ text }) => text).join()).toContain('the NetworkPolicy elsewhere does not allow');
});

test('an invalid text or time in an object does not stop the diagnosis', () => {
  const state = changed('crash-loop', ({ objects }) => {
    for (const { metadata, spec } of objects.filter((each) => each.kind === 'Deployment')) {
      if (/frontend/.test(metadata.name)) metadata.labels['app.kubernetes.io/component'] = -1;
      spec.template.spec.containers[0].image = 0;
    }
    for (const each of objects.filter(({ kind }) => kind === 'Event')) each.message = -1;
    for (const each of objects) each.metadata.creationTimestamp = '';
  });
  expect(summaryOf(state)[0]).toContain('crash-loop');
});
