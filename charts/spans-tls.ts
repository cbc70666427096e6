import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { workloadNames } from '../config/names';
import { objectMeta, type StudioIdentity, selectorLabels } from './metadata';
import { servicePort } from './service';

/** The Service behind which an edge finds spans over TLS. */
export const spansTlsName = `${workloadNames.ingestion}-tls`;

/** The port of the sidecar; beside ingestion's own, so that both can be in one pod. */
export const SPANS_TLS_PORT = 50054;

/** https://hub.docker.com/_/caddy */
const IMAGE = 'library/caddy:2.11.4-alpine';

/**
 * Caddy that ends TLS beside ingestion, for an edge that speaks HTTP/2 to a backend only over TLS. It makes its
 * certificate itself, so that no key is ever in a manifest; the edge does not verify it.
 */
function caddyfile(otlpPort: number): string {
  return `{
	admin off
	persist_config off
	auto_https disable_redirects
	skip_install_trust
	# The edge names a host of its own choice, or none when it connects to the address of the pod.
	default_sni ingestion.internal
	fallback_sni ingestion.internal
	# Without it Caddy waits for open streams for ever.
	grace_period 10s
	servers {
		protocols h1 h2
	}
	# The headers hold API keys.
	log {
		format filter {
			wrap json
			request>headers delete
		}
	}
}
https://ingestion.internal:${SPANS_TLS_PORT}, https://:${SPANS_TLS_PORT} {
	tls internal
	reverse_proxy h2c://127.0.0.1:${otlpPort}
}
`;
}

/** Where the sidecar comes from, and what it stands before. */
export interface SpansTlsProps extends StudioIdentity {
  /** Registry, with path, that mirrors Docker Hub. */
  readonly imageRegistry: string;
  /** Where ingestion listens in the same pod. */
  readonly otlpPort: number;
}

/** The sidecar's configuration, by file name. */
export function spansTlsConfig({ otlpPort }: SpansTlsProps): Record<string, string> {
  return { Caddyfile: caddyfile(otlpPort) };
}

/** The sidecar's ConfigMap and Service. */
export function addSpansTls(scope: Construct, props: SpansTlsProps): void {
  new k8s.KubeConfigMap(scope, 'tls-config', {
    metadata: objectMeta(props, spansTlsName, 'ingestion'),
    data: spansTlsConfig(props),
  });
  new k8s.KubeService(scope, 'tls-service', {
    metadata: objectMeta(props, spansTlsName, 'ingestion'),
    spec: {
      type: 'ClusterIP',
      selector: selectorLabels('ingestion'),
      ports: [servicePort('otlp-tls', SPANS_TLS_PORT)],
    },
  });
}

/** The sidecar's container. */
export function spansTlsContainer({ imageRegistry }: SpansTlsProps): k8s.Container {
  const connects = { tcpSocket: { port: k8s.IntOrString.fromString('otlp-tls') }, timeoutSeconds: 5 };
  return {
    name: 'tls',
    image: `${imageRegistry}/${IMAGE}`,
    imagePullPolicy: 'IfNotPresent',
    // Its own certificates, made anew with each pod.
    env: [{ name: 'XDG_DATA_HOME', value: '/data' }],
    ports: [{ name: 'otlp-tls', containerPort: SPANS_TLS_PORT, protocol: 'TCP' }],
    readinessProbe: { ...connects, periodSeconds: 10, failureThreshold: 3 },
    livenessProbe: { ...connects, periodSeconds: 20, failureThreshold: 6 },
    // Measured: 48 MiB idle, 67 MiB under four parallel streams of 15 MB.
    resources: {
      requests: { cpu: k8s.Quantity.fromString('10m'), memory: k8s.Quantity.fromString('48Mi') },
      limits: { memory: k8s.Quantity.fromString('128Mi') },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      // The binary in the image carries this file capability and cannot be executed without it (caddyserver/caddy-docker#396).
      capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [
      { name: 'tls-config', mountPath: '/etc/caddy', readOnly: true },
      { name: 'tls-data', mountPath: '/data' },
    ],
  };
}

/** The sidecar's volumes. */
export const spansTlsVolumes: k8s.Volume[] = [
  { name: 'tls-config', configMap: { name: spansTlsName } },
  { name: 'tls-data', emptyDir: { sizeLimit: k8s.Quantity.fromString('16Mi') } },
];
