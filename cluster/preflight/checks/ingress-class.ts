import { fieldsOf } from '../../../render/manifest';
import { type Check, fail, ok, warn } from '../check';

const DEFAULT = 'ingressclass.kubernetes.io/is-default-class';

/** Whether a controller serves the Ingress. */
export const ingressClass: Check = {
  name: 'ingress-class',
  *results({ config }, cluster) {
    if (config.edge?.route.kind !== 'ingress') return;
    const { className } = config.edge.route;
    if (!cluster.canRead('ingressclasses.networking.k8s.io')) {
      yield warn('ingress classes may not be read');
      return;
    }
    const classes = cluster.ofKind('IngressClass');
    const names = classes.map(({ metadata }) => metadata.name);
    const found = className
      ? classes.find(({ metadata }) => metadata.name === className)
      : classes.find(({ metadata }) => fieldsOf(metadata.annotations)[DEFAULT] === 'true');
    const defaults = classes.filter(({ metadata }) => fieldsOf(metadata.annotations)[DEFAULT] === 'true');
    if (!className && defaults.length > 1)
      yield fail(
        `there are ${defaults.length} default ingress classes, with which the API server refuses an Ingress that names none`,
        `set JUNJO_K8S_INGRESS_CLASS to one of ${names.join(', ')}`,
      );
    else if (found) yield ok(`ingress class ${found.metadata.name}, ${found.spec?.controller}`);
    else
      yield fail(
        className ? `there is no ingress class ${className}` : 'there is no default ingress class',
        names.length > 0
          ? `set JUNJO_K8S_INGRESS_CLASS to one of ${names.join(', ')}`
          : 'install an ingress controller',
      );
  },
};
