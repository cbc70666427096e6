import type { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import type { Annotations } from '../../config/ingress-controllers/ingress-controller';
import type { StudioIdentity } from '../metadata';

/** Name of the object that sends HSTS. */
export const HSTS = 'junjo-ai-studio-hsts';

/** Name of the object that filters addresses. */
export const SOURCE_RANGES = 'junjo-ai-studio-source-ranges';

/** What the objects of a controller depend on. */
export interface ControllerObjectsProps extends StudioIdentity {
  /** CIDRs that may see UI and API. Empty: everybody. */
  readonly sourceRanges: readonly string[];
}

/** Objects of a controller's own kinds, for what its annotations cannot do, and how Ingresses name them. */
export interface ControllerObjects {
  /** Id of the chart, which is its file. The file comes before the Ingresses: a route that names a missing object is not served. */
  readonly id: string;
  readonly chart: new (scope: Construct, id: string, props: ControllerObjectsProps) => Chart;
  /** Annotations of the Ingress for UI and API. */
  readonly web: (props: ControllerObjectsProps) => Annotations;
  /** Annotations of an Ingress for plain HTTP that redirects. @default none: the controller redirects without one */
  readonly redirect?: (props: ControllerObjectsProps) => Annotations;
}

/** The objects that the Ingress for UI and API names. */
export function webObjects({ sourceRanges }: ControllerObjectsProps): readonly string[] {
  return sourceRanges.length > 0 ? [HSTS, SOURCE_RANGES] : [HSTS];
}
