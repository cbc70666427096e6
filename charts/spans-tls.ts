import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { workloadNames } from '../config/names';
import type { Edge, StudioConfig } from '../config/studio-config';
import { spansTlsSecretName } from './certificates';
import { objectMeta, type StudioIdentity, selectorLabels } from './metadata';
import { quantity, resources } from './pod/resources';
import { containerSecurityContext } from './pod/security';
import { proxyConfig, proxyContainer, proxyVolumes } from './proxy';
import { servicePort } from './service';

/** The Service behind which an edge finds spans over TLS, and the ConfigMap of the sidecar. */
export const spansTlsName = `${workloadNames.ingestion}-tls`;

/** The port of the sidecar; beside ingestion's own, so that both can be in one pod. */
export const SPANS_TLS_PORT = 50054;

const CERTIFICATES = 'tls-certificates';
const CERTIFICATES_PATH = '/etc/nginx/certificates';

/** What the sidecar shows to its clients. */
export type ShownCertificate =
  /** A Secret of type `kubernetes.io/tls`; it may come later than the pod. */
  | { readonly kind: 'secret'; readonly name: string }
  /** One that the pod makes when it starts, for an edge that does not verify it; with the image that has openssl. */
  | { readonly kind: 'selfSigned'; readonly image: string; readonly imagePullPolicy: string };

/** Where the sidecar comes from, what it shows, and what it stands before. */
export interface SpansTlsProps extends StudioIdentity {
  /** Registry, with path, that mirrors Docker Hub. */
  readonly imageRegistry: string;
  readonly certificate: ShownCertificate;
  /** uid and gid of the pod, for which the certificate is readable. */
  readonly user: number;
  /** Where ingestion listens in the same pod. */
  readonly otlpPort: number;
  /** Where the sidecar listens. @default SPANS_TLS_PORT */
  readonly port?: number;
  /** Folder of the certificate and its key. @default that of the container */
  readonly certificatesPath?: string;
}

/** Whether spans come through an edge that speaks HTTP/2 to pods over TLS only, whatever their certificate is. */
export function edgeNeedsTls(edge: Edge | undefined): boolean {
  return Boolean(edge?.hosts.spans && edge.route.kind === 'ingress' && edge.route.controller?.tlsToBackend);
}

/** The sidecar of a studio, where TLS for spans ends in one. */
export function spansTlsOf(config: StudioConfig): SpansTlsProps | undefined {
  const certificate = certificateOf(config);
  return (
    certificate && {
      studio: config.name,
      namespace: config.namespace,
      imageRegistry: config.imageRegistry,
      certificate,
      user: config.line.users.ingestion,
      otlpPort: config.line.ports.ingestion.otlp,
    }
  );
}

function certificateOf({ edge, images, imagePullPolicies, spansService }: StudioConfig): ShownCertificate | undefined {
  if (spansService.certificate) return { kind: 'secret', name: spansTlsSecretName(spansService.certificate) };
  if (!edgeNeedsTls(edge)) return undefined;
  // The backend's image has openssl, and is on the node already: both pods are on one.
  return { kind: 'selfSigned', image: images.backend, imagePullPolicy: imagePullPolicies.backend };
}

/** Seconds for open streams when the pod stops: they have no end of their own, and their clients come again. */
const SHUTDOWN_SECONDS = 10;

/** The sidecar's configuration, by file name: nginx that ends TLS and passes gRPC on, as patient as ingestion itself. */
export function spansTlsConfig({
  otlpPort,
  port = SPANS_TLS_PORT,
  certificatesPath = CERTIFICATES_PATH,
}: Pick<SpansTlsProps, 'otlpPort' | 'port' | 'certificatesPath'>): Record<string, string> {
  return proxyConfig(
    `# A path with a variable is read at each handshake, so that a renewed certificate needs no reload, and a missing one
# keeps nothing from starting. The kubelet may swap both files between two reads: 1.30 then reads them again, where 1.26
# drops that handshake.
map $ssl_server_name $certificates {
  default ${certificatesPath};
}

upstream ingestion {
  server 127.0.0.1:${otlpPort};
  # The default since 1.29.7.
  keepalive 32;
}

server {
  # The directive "http2 on", which a warning asks for, is not known before 1.25.1. Idle connections show that they live,
  # to load balancers that would forget them.
  listen ${port} ssl http2 so_keepalive=60s::;
  ssl_certificate $certificates/tls.crt;
  ssl_certificate_key $certificates/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  # A resumed session would go on with the certificate it began with.
  ssl_session_tickets off;

  # No connection is too old: the defaults close one after a minute without a call, after an hour, or a thousand calls.
  client_header_timeout 1h;
  keepalive_timeout 1h;
  keepalive_time 52w;
  keepalive_requests 1000000000;
  http2_max_concurrent_streams 256;
  # What a client may send before it hears from nginx: with 64 KiB, 4 MiB over 100 ms take six seconds.
  http2_body_preread_size 256k;
  grpc_buffer_size 32k;
  grpc_connect_timeout 5s;
  grpc_read_timeout 1h;
  grpc_send_timeout 1h;

  location / {
    grpc_pass grpc://ingestion;
  }

  # Clients of gRPC send again what was unavailable; of an error 500 they would not know.
  error_page 500 502 503 504 = /unavailable;
  location = /unavailable {
    internal;
    default_type application/grpc;
    add_header grpc-status 14;
    add_header grpc-message 'ingestion does not answer';
    return 200;
  }
}
`,
    { shutdownSeconds: SHUTDOWN_SECONDS, connections: 4096, headerBuffers: 4 },
  );
}

/** The sidecar's ConfigMap. */
export function addSpansTls(scope: Construct, props: SpansTlsProps): void {
  new k8s.KubeConfigMap(scope, 'tls-config', {
    metadata: objectMeta(props, spansTlsName, 'ingestion'),
    data: spansTlsConfig(props),
  });
  if (props.certificate.kind === 'secret') return;
  new k8s.KubeService(scope, 'tls-service', {
    metadata: objectMeta(props, spansTlsName, 'ingestion'),
    spec: {
      type: 'ClusterIP',
      selector: selectorLabels('ingestion'),
      ports: [servicePort('otlp-tls', SPANS_TLS_PORT)],
    },
  });
}

/** The sidecar's container. It does not make the pod ready or unready: ingestion is there without a certificate. */
export function spansTlsContainer({ imageRegistry, user }: SpansTlsProps): k8s.Container {
  const {
    readinessProbe: _,
    volumeMounts = [],
    ...container
  } = proxyContainer({
    name: 'tls',
    imageRegistry,
    portName: 'otlp-tls',
    port: SPANS_TLS_PORT,
    user,
    // Measured, both processes: 14 MiB idle, 22 with 50 connections, 23 under four parallel streams of 15 MB, 37 when each
    // of the 50 sends 1 MiB at once, and 72 with 2000 calls under way.
    memory: { requestMi: 16, limitMi: 128 },
  });
  return {
    ...container,
    volumeMounts: [...volumeMounts, { name: CERTIFICATES, mountPath: CERTIFICATES_PATH, readOnly: true }],
  };
}

/** Makes the certificate that nobody verifies, where the sidecar shows such a one. */
export function certificateMaker({ certificate }: SpansTlsProps): k8s.Container[] {
  if (certificate.kind === 'secret') return [];
  return [
    {
      name: 'make-certificate',
      image: certificate.image,
      imagePullPolicy: certificate.imagePullPolicy,
      command: ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      args: [
        ...['-days', '3650', '-subj', '/CN=ingestion.internal', '-addext', 'subjectAltName=DNS:ingestion.internal'],
        ...['-keyout', `${CERTIFICATES_PATH}/tls.key`, '-out', `${CERTIFICATES_PATH}/tls.crt`],
      ],
      resources: resources(10, { requestMi: 16, limitMi: 64 }),
      securityContext: containerSecurityContext(),
      volumeMounts: [{ name: CERTIFICATES, mountPath: CERTIFICATES_PATH }],
    },
  ];
}

/** The keys of a TLS Secret, and no other that it may have: https://kubernetes.io/docs/concepts/configuration/secret/#tls-secrets */
const CERTIFICATE_FILES = ['tls.crt', 'tls.key'].map((key) => ({ key, path: key }));

/** The sidecar's volumes. */
export function spansTlsVolumes({ certificate }: SpansTlsProps): k8s.Volume[] {
  return [
    ...proxyVolumes('tls', spansTlsName),
    {
      name: CERTIFICATES,
      ...(certificate.kind === 'secret'
        ? // Optional: the pod starts before cert-manager has written it.
          { secret: { secretName: certificate.name, items: CERTIFICATE_FILES, optional: true } }
        : { emptyDir: { sizeLimit: quantity('1Mi') } }),
    },
  ];
}
