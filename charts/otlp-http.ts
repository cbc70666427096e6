import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { otlpHttpName, otlpHttpPortName } from '../config/names';
import type { Intake } from '../config/studio-config';
import { objectMeta, type StudioIdentity, selectorLabels } from './metadata';
import { servicePort } from './service';

/** The port of OTLP/HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp-default-port */
export const OTLP_HTTP_PORT = 4318;

/** The port of the collectors for the edge alone: there it is in the clear, while applications may need TLS on the other. */
export const OTLP_HTTP_EDGE_PORT = 4319;

/** The largest request that ingestion takes, in bytes. The collector's own default is 20 MiB. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Seconds for which browsers remember an answer; none remembers longer than Chrome with two hours. */
const CORS_SECONDS = 7200;

/**
 * What the receivers for HTTP have in common. The body of a larger request would be acknowledged, and no retry would bring it into
 * ingestion.
 */
export function otlpHttpReceiver({ corsOrigins }: Pick<Intake, 'corsOrigins'>): object {
  return {
    include_metadata: true,
    max_request_body_size: MOST_BYTES,
    // Without origins there is no CORS at all: config/confighttp/server.go of open-telemetry/opentelemetry-collector.
    ...(corsOrigins.length > 0 && {
      cors: {
        allowed_origins: corsOrigins,
        // Listed in full: a list replaces the defaults of github.com/rs/cors.
        allowed_headers: ['content-type', 'x-junjo-api-key'],
        max_age: CORS_SECONDS,
      },
    }),
  };
}

/** The port of the container for the edge. */
export function otlpHttpEdgePort(): k8s.ContainerPort {
  return { name: otlpHttpPortName, containerPort: OTLP_HTTP_EDGE_PORT, protocol: 'TCP' };
}

/**
 * The Service behind the edge. It is not that of gRPC: some controllers read the protocol of a backend on the Service, and for all
 * of its ports; and a port of that one may be on a load balancer.
 */
export function addOtlpHttpService(scope: Construct, identity: StudioIdentity): void {
  new k8s.KubeService(scope, 'otlp-http', {
    metadata: objectMeta(identity, otlpHttpName, 'intake'),
    spec: {
      type: 'ClusterIP',
      selector: selectorLabels('intake'),
      ports: [servicePort('otlp-http', OTLP_HTTP_PORT, OTLP_HTTP_EDGE_PORT)],
    },
  });
}
