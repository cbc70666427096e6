import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { HSTS_SECONDS } from '../../config/edge-needs';
import type { Annotations } from '../../config/ingress-controllers/ingress-controller';
import { Middleware } from '../../imports/traefik.io';
import { objectMeta } from '../metadata';
import {
  type ControllerObjects,
  type ControllerObjectsProps,
  HSTS,
  SOURCE_RANGES,
  webObjects,
} from './controller-objects';

const REDIRECT = 'junjo-ai-studio-redirect';

/** Redirect, HSTS and source ranges. */
class TraefikMiddlewaresChart extends Chart {
  constructor(scope: Construct, id: string, props: ControllerObjectsProps) {
    super(scope, id);
    new Middleware(this, 'redirect', {
      metadata: objectMeta(props, REDIRECT),
      spec: { redirectScheme: { scheme: 'https', permanent: true } },
    });
    new Middleware(this, 'hsts', {
      metadata: objectMeta(props, HSTS),
      spec: { headers: { stsSeconds: HSTS_SECONDS } },
    });
    if (props.sourceRanges.length > 0) {
      new Middleware(this, 'source-ranges', {
        metadata: objectMeta(props, SOURCE_RANGES),
        spec: { ipAllowList: { sourceRange: [...props.sourceRanges] } },
      });
    }
  }
}

function middlewares(namespace: string, names: readonly string[]): Annotations {
  const references = names.map((name) => `${namespace}-${name}@kubernetescrd`);
  return { 'traefik.ingress.kubernetes.io/router.middlewares': references.join(',') };
}

/** The Middlewares of Traefik. */
export const traefik: ControllerObjects = {
  id: '69-traefik-middlewares',
  chart: TraefikMiddlewaresChart,
  web: (props) => middlewares(props.namespace, webObjects(props)),
  redirect: ({ namespace }) => ({
    'traefik.ingress.kubernetes.io/router.entrypoints': 'web',
    ...middlewares(namespace, [REDIRECT]),
  }),
};
