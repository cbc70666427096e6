import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { workloadNames } from '../config/names';
import { edgeNeedsTls, hasSpansProxy } from '../config/sidecars';
import type { Image, StudioConfig } from '../config/studio-config';
import { ignoresSigterm } from '../releases';
import { spansTlsSecretName } from './certificates';
import { objectMeta, type StudioIdentity, selectorLabels } from './metadata';
import { digest } from './pod/digest';
import { quantity, resources } from './pod/resources';
import { containerSecurityContext } from './pod/security';
import { listeners, proxyConfig, proxyContainer, proxyVolumes } from './proxy';
import { servicePort } from './service';

/** The Service behind which an edge finds spans over TLS. */
export const spansTlsName = `${workloadNames.ingestion}-tls`;

/** Where the proxy listens for TLS; beside ingestion's own port, so both can be in one pod. */
export const SPANS_TLS_PORT = 50054;

/**
 * Where the proxy listens in the clear: the port that IANA registered for OTLP over gRPC. No release line has it, and it is
 * below 32768, from where on the kernel gives ports to ingestion's own outgoing connections. Ingestion keeps its own port:
 * it listens on every address of the pod, whatever its settings (ingestion/src/main.rs of mdrideout/junjo-ai-studio).
 */
export const SPANS_PLAIN_PORT = 4317;

/** Name of the volume with a certificate and its key. */
export const CERTIFICATES = 'tls-certificates';
const CERTIFICATES_PATH = '/etc/nginx/certificates';

/** What the proxy shows to its clients over TLS. */
export type ShownCertificate =
  /** A Secret of type `kubernetes.io/tls`; it may come later than the pod. */
  | { readonly kind: 'secret'; readonly name: string }
  /** One that the pod makes when it starts, for an edge that does not verify it; with the image that has openssl. */
  | ({ readonly kind: 'selfSigned' } & Image);

/** Where the proxy comes from, where it listens, and the ingestion in front of which it runs. */
export interface SpansProxyProps extends StudioIdentity {
  readonly image: Image;
  /** Where it ends TLS. @default it does not */
  readonly tls?: { readonly port: number; readonly certificate: ShownCertificate };
  /** Where it listens in the clear. @default it does not */
  readonly plainPort?: number;
  /** Clients reach ingestion only through the proxy, so the pod is not ready without it. */
  readonly onlyWay: boolean;
  /** Only the edge or the intake connects, on behalf of all clients. @default clients connect by themselves */
  readonly onlyEdge?: boolean;
  /** uid and gid of the pod, for which the certificate is readable. */
  readonly user: number;
  /** Where ingestion listens in the same pod. */
  readonly otlpPort: number;
  /** Folder of the certificate and its key. @default the folder in the container */
  readonly certificatesPath?: string;
}

/**
 * The proxy of a studio, where it needs one: for TLS, and in front of an ingestion that ignores SIGTERM. Such an ingestion
 * acknowledges spans on open connections until it is killed, and has not written the last of them by then. The proxy closes
 * the connections before that.
 */
export function spansProxyOf(config: StudioConfig): SpansProxyProps | undefined {
  if (!hasSpansProxy(config)) return undefined;
  const { line } = config;
  const certificate = config.intake ? undefined : certificateOf(config);
  const onlyWay = ignoresSigterm(line);
  return {
    studio: config.name,
    namespace: config.namespace,
    image: config.nginxImage,
    tls: certificate && { port: SPANS_TLS_PORT, certificate },
    // With a certificate from a Secret, the Service for spans points to the port for TLS.
    plainPort: onlyWay && certificate?.kind !== 'secret' ? SPANS_PLAIN_PORT : undefined,
    onlyWay,
    onlyEdge:
      config.intake !== undefined ||
      (config.edge?.hosts.spans !== undefined && config.spansService.type === 'ClusterIP'),
    user: line.users.ingestion,
    otlpPort: line.ports.ingestion.otlp,
  };
}

/** The port of the pod to which the Service for spans points, and whether it uses TLS. */
export function spansTarget(
  otlpPort: number,
  { tls, plainPort }: Partial<SpansProxyProps> = {},
): { readonly port: number; readonly isTls: boolean } {
  // A self-signed certificate is for the edge, which has a separate Service.
  if (tls?.certificate.kind === 'secret') return { port: tls.port, isTls: true };
  return { port: plainPort ?? otlpPort, isTls: false };
}

function certificateOf({ edge, toolsImage, spansService }: StudioConfig): ShownCertificate | undefined {
  if (spansService.certificate) return { kind: 'secret', name: spansTlsSecretName(spansService.certificate) };
  if (!edgeNeedsTls(edge)) return undefined;
  // The image of the upgrade guard has openssl, and is on the node already: both pods are on one.
  return { kind: 'selfSigned', ...toolsImage };
}

/** Seconds for calls under way when the pod stops; a stream does not end by itself, and its client connects again. */
export const SPANS_PROXY_SHUTDOWN_SECONDS = 10;

/**
 * Calls of all clients at one time. Each takes a connection to ingestion, and at most 175 KiB: the part of its body that
 * ingestion has not read, the longest headers, and what nginx itself needs.
 */
const CALLS = 544;

/** Calls of one client at one time: those of 256 connections and a few more. The rest is for other clients. */
const CALLS_OF_A_CLIENT = 520;

/**
 * Calls on one connection at one time. Exporters make one call after the other, and wait where they want to make more. An
 * edge opens more connections instead. One in Go makes up to 100 calls before it has read this limit, and cannot send the body
 * of a refused call again (http2/transport.go of golang/net).
 */
const CALLS_OF_A_CONNECTION = { client: 2, edge: 128 };

/** The proxy's configuration, by file name: nginx that ends TLS and passes gRPC on. */
export function spansProxyConfig({
  otlpPort,
  tls,
  plainPort,
  onlyEdge = false,
  certificatesPath = CERTIFICATES_PATH,
}: Pick<SpansProxyProps, 'otlpPort' | 'tls' | 'plainPort' | 'onlyEdge' | 'certificatesPath'>): Record<string, string> {
  return proxyConfig(
    `${tls ? certificateMap(certificatesPath) : ''}${onlyEdge ? '' : clientMap}limit_conn_zone all zone=all:1m;

upstream ingestion {
  server 127.0.0.1:${otlpPort};
  # The default since 1.29.7.
  keepalive 32;
}

server {
  # nginx warns that the directive "http2 on" replaces the option http2. Versions before 1.25.1 do not know it. so_keepalive
  # sends probes, without which load balancers drop idle connections.
${tls ? tlsListener(tls.port) : ''}${plainPort ? listeners(plainPort, LISTEN) : ''}
  # Keep connections that have made a call. By default, nginx closes them after a minute without a call, after an hour, or
  # after a thousand calls.
  keepalive_timeout 1h;
  keepalive_time 52w;
  keepalive_requests 1000000000;

${onlyEdge ? '' : `  limit_conn clients ${CALLS_OF_A_CLIENT};\n`}  limit_conn all ${CALLS};
  limit_conn_status 429;
  # Clients decide how often they are refused, and must not fill the log.
  limit_conn_log_level info;
  http2_max_concurrent_streams ${CALLS_OF_A_CONNECTION[onlyEdge ? 'edge' : 'client']};
  # The part of a body that nginx keeps while ingestion does not read it. With a delay of 100 ms, 4 MiB take seven seconds.
  # With a smaller part, nginx refuses the first calls of clients that have not acknowledged it yet.
  http2_body_preread_size 64k;
  grpc_buffer_size 32k;
  grpc_connect_timeout 5s;
  grpc_read_timeout 1h;
  grpc_send_timeout 1m;

  location / {
    grpc_pass grpc://ingestion;
  }

  # Clients of gRPC repeat calls that end with UNAVAILABLE, which is 14.
  error_page 429 = /busy;
${unavailable('busy', 'too many calls at one time')}
  error_page 500 502 503 504 = /unavailable;
${unavailable('unavailable', 'ingestion does not answer')}}
`,
    {
      shutdownSeconds: SPANS_PROXY_SHUTDOWN_SECONDS,
      // Those to ingestion, those of the clients that make the calls, and 350 that do not get that far: a handshake takes 47 KiB.
      connections: 960,
      headers: { buffers: 3, sizeKi: 9 },
    },
  );
}

function unavailable(name: string, message: string): string {
  return `  location = /${name} {
    internal;
    default_type application/grpc;
    add_header grpc-status 14;
    add_header grpc-message '${message}';
    return 200;
  }
`;
}

/** A client with IPv6 can take any address of a network of 64 bits, so the whole network counts as one client. */
const clientMap = `map $binary_remote_addr $client {
  default $binary_remote_addr;
  "~(?s)^(?<network>.{8}).{8}$" $network;
}
limit_conn_zone $client zone=clients:1m;
`;

function certificateMap(path: string): string {
  return `# nginx reads a path with a variable at each handshake. So a renewed certificate needs no reload, and nginx starts without
# one. The kubelet may replace both files between two reads: nginx 1.30 then reads them again, and 1.26 drops the handshake.
map $ssl_server_name $certificates {
  default ${path};
}

`;
}

function tlsListener(port: number): string {
  return `${listeners(port, `ssl ${LISTEN}`)}  ssl_certificate $certificates/tls.crt;
  ssl_certificate_key $certificates/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  # A resumed session would keep the certificate of its first handshake.
  ssl_session_tickets off;
`;
}

const LISTEN = 'http2 so_keepalive=60s::';

/** Name of the container, and last word of its ConfigMap. */
function nameOf({ tls }: Pick<SpansProxyProps, 'tls'>): string {
  return tls ? 'tls' : 'proxy';
}

function configMapName(props: Pick<SpansProxyProps, 'tls'>): string {
  return `${workloadNames.ingestion}-${nameOf(props)}`;
}

/** Rolls the pod when the proxy's configuration changes. */
export function spansProxyDigest(props: SpansProxyProps): Record<string, string> {
  return { [`checksum/${nameOf(props)}`]: digest(spansProxyConfig(props)) };
}

/** The proxy's ConfigMap, and the Service for an edge that needs TLS. */
export function addSpansProxy(scope: Construct, props: SpansProxyProps): void {
  new k8s.KubeConfigMap(scope, 'proxy-config', {
    metadata: objectMeta(props, configMapName(props), 'ingestion'),
    data: spansProxyConfig(props),
  });
  if (props.tls?.certificate.kind === 'selfSigned') addSpansTlsService(scope, props, 'ingestion');
}

/** The Service behind which an edge that needs TLS finds the pods that take spans. */
export function addSpansTlsService(
  scope: Construct,
  identity: StudioIdentity,
  component: 'ingestion' | 'intake',
): void {
  new k8s.KubeService(scope, 'tls-service', {
    metadata: objectMeta(identity, spansTlsName, component),
    spec: {
      type: 'ClusterIP',
      selector: selectorLabels(component),
      ports: [servicePort('otlp-tls', SPANS_TLS_PORT)],
    },
  });
}

/** The proxy's container. Where it is not the only way, the pod is ready without it. */
export function spansProxyContainer(props: SpansProxyProps): k8s.Container {
  const { image, user, tls, plainPort, onlyWay } = props;
  const {
    readinessProbe,
    volumeMounts = [],
    ...container
  } = proxyContainer({
    name: nameOf(props),
    image,
    ports: { ...(tls && { 'otlp-tls': tls.port }), ...(plainPort && { 'otlp-plain': plainPort }) },
    user,
    // Measured over TLS, which needs the most, both processes: 14 MiB idle, 22 with 50 connections, 23 under four parallel
    // streams of 15 MB, 30 with as many calls as there can be, and 111 when their headers and bodies are as large as they may be.
    memory: { requestMi: 16, limitMi: 128 },
  });
  return {
    ...container,
    ...(onlyWay && { readinessProbe }),
    volumeMounts: [
      ...volumeMounts,
      ...(tls ? [{ name: CERTIFICATES, mountPath: CERTIFICATES_PATH, readOnly: true }] : []),
    ],
  };
}

/** Makes the certificate that nobody verifies, where the proxy shows such a one. */
export function certificateMaker({ tls }: Pick<SpansProxyProps, 'tls'>): k8s.Container[] {
  if (tls?.certificate.kind !== 'selfSigned') return [];
  const { certificate } = tls;
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

/** The proxy's volumes. */
export function spansProxyVolumes(props: SpansProxyProps): k8s.Volume[] {
  const volumes = proxyVolumes(nameOf(props), configMapName(props));
  // Optional: nginx starts before cert-manager has written it.
  return props.tls ? [...volumes, certificateVolume(props.tls.certificate, true)] : volumes;
}

/** The volume with a certificate. @param optional the pod starts without it. @default the pod waits for it */
export function certificateVolume(certificate: ShownCertificate, optional = false): k8s.Volume {
  return {
    name: CERTIFICATES,
    ...(certificate.kind === 'secret'
      ? { secret: { secretName: certificate.name, items: CERTIFICATE_FILES, ...(optional && { optional }) } }
      : { emptyDir: { sizeLimit: quantity('1Mi') } }),
  };
}
