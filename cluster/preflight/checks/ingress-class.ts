import { fieldsOf, type Manifest } from '../../../render/manifest';
import { type Check, error, ok, type PreflightView, type Result, warning } from '../check';

const DEFAULT = 'ingressclass.kubernetes.io/is-default-class';

/** Whether a controller serves each Ingress. */
export const ingressClass: Check = {
  name: 'ingress-class',
  *results(studio, cluster) {
    const wanted = new Set(studio.ofKind('Ingress').map(({ spec }) => spec?.ingressClassName));
    if (wanted.size > 0 && !cluster.canRead('ingressclasses.networking.k8s.io')) {
      yield warning('ingress classes may not be read');
      return;
    }
    for (const name of wanted) yield name === undefined ? ofDefault(cluster) : ofNamed(name, cluster);
  },
};

function ofNamed(name: string, cluster: PreflightView): Result {
  const found = cluster.named('IngressClass', name);
  return found ? served(found) : error(`there is no ingress class ${name}`, choice(cluster));
}

function ofDefault(cluster: PreflightView): Result {
  const defaults = cluster
    .ofKind('IngressClass')
    .filter(({ metadata }) => fieldsOf(metadata.annotations)[DEFAULT] === 'true');
  const [found] = defaults;
  if (!found) return error('there is no default ingress class', choice(cluster));
  if (defaults.length === 1) return served(found);
  return error(
    `there are ${defaults.length} default ingress classes, with which the API server refuses an Ingress that names none`,
    choice(cluster),
  );
}

function served({ metadata, spec }: Manifest): Result {
  return ok(`ingress class ${metadata.name}, ${spec?.controller}`);
}

function choice(cluster: PreflightView): string {
  const names = cluster.ofKind('IngressClass').map(({ metadata }) => metadata.name);
  return names.length > 0
    ? `set JUNJO_K8S_INGRESS_CLASS to one of ${names.join(', ')}`
    : 'install an ingress controller';
}
