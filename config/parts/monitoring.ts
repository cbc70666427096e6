import type { Built, Problem } from '../problems';
import type { Intake, Monitoring } from '../studio-config';
import type { Values } from '../values';

const NAMESPACE = 'JUNJO_K8S_MONITORING_NAMESPACE';

/** What watches the studio. */
export function monitoringOf(values: Values, intake: Intake | undefined, namespace: string): Built<Monitoring> {
  const kind = values.inEffect('JUNJO_K8S_MONITORING');
  const prometheusNamespace = values.inEffect(NAMESPACE);
  const value: Monitoring = kind === 'none' ? { kind } : { kind, namespace: prometheusNamespace };
  const problems: Problem[] = [];
  if (kind !== 'none' && intake && prometheusNamespace === namespace) {
    problems.push(values.error(NAMESPACE, 'is the namespace of the studio. Name the one in which Prometheus runs'));
  } else if (values.isSet(NAMESPACE)) {
    if (kind === 'none') {
      problems.push(values.error(NAMESPACE, 'has no effect without JUNJO_K8S_MONITORING=prometheus. Remove the line'));
    } else if (!intake) {
      const text = 'has no effect without JUNJO_K8S_INTAKE=true: no other pod has metrics. Remove the line';
      problems.push(values.error(NAMESPACE, text));
    } else if (!values.inEffect('JUNJO_K8S_NETWORK_POLICY')) {
      problems.push(values.note(NAMESPACE, 'has no effect without network policies: every pod can read the metrics'));
    }
  }
  return { value, problems };
}
