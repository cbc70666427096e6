import { k8s } from 'cdk8s-plus-27';
import type { Memory } from '../releases';
import { quantity, resources } from './pod/resources';
import { containerSecurityContext } from './pod/security';

/** https://hub.docker.com/_/nginx */
const IMAGE = 'library/nginx:1.30.4-alpine-slim';

/** The image's own user; a pod of development images is root, which without capabilities could not become it. */
const USER = 101;

const CONFIG_PATH = '/etc/nginx/junjo';
const RUN_PATH = '/run/nginx';

/** An nginx sidecar. */
export interface ProxyProps {
  /** Name of the container, and first word of its volumes. */
  readonly name: string;
  /** Registry, with path, that mirrors Docker Hub. */
  readonly imageRegistry: string;
  /** Ports that it listens on, by name. nginx listens on all of them or ends, so probes ask the first. */
  readonly ports: Readonly<Record<string, number>>;
  /** uid and gid. @default the image's own */
  readonly user?: number;
  /** As measured. */
  readonly memory: Memory;
}

/** Limits of one nginx. They determine its memory: that of all connections and headers that it may hold. */
export interface ProxyBounds {
  /** Seconds that open requests may take when the pod stops. Without a limit, nginx waits for open streams for ever. */
  readonly shutdownSeconds: number;
  /** Connections at one time, to either side. */
  readonly connections: number;
  /** Buffers of 64 KiB for the headers of one request, each of which is in one. */
  readonly headerBuffers: number;
}

/**
 * The configuration, by file name, around what one sidecar has of its own. Requests and answers pass as they come: no
 * copy of a body is ever made, and nothing is as impatient as nginx would be.
 */
export function proxyConfig(
  http: string,
  { shutdownSeconds, connections, headerBuffers }: ProxyBounds,
): Record<string, string> {
  return {
    'nginx.conf': `# Relative paths are below the folder that the command names, the only one that can be written.
pid nginx.pid;
error_log stderr;
worker_processes 1;
worker_shutdown_timeout ${shutdownSeconds}s;
# Each request takes a connection to the service as well.
worker_rlimit_nofile ${2 * connections};
events {
  worker_connections ${connections};
}
http {
  # nginx makes all of these when it starts, whether it needs them or not.
  client_body_temp_path client-body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;

  # Headers and addresses hold keys.
  access_log off;
  server_tokens off;

  # Nothing is too large, and no header has a wrong name.
  client_max_body_size 0;
  large_client_header_buffers ${headerBuffers} 64k;
  underscores_in_headers on;
  ignore_invalid_headers off;

  client_body_timeout 1h;
  send_timeout 1h;
  # Google's load balancers keep a connection for 10 minutes, and report an error when the other side closes it first.
  keepalive_timeout 11m;

${indent(http)}}
`,
  };
}

/** The container. */
export function proxyContainer({ name, imageRegistry, ports, user = USER, memory }: ProxyProps): k8s.Container {
  const [portName = ''] = Object.keys(ports);
  const connects = { tcpSocket: { port: k8s.IntOrString.fromString(portName) }, timeoutSeconds: 5 };
  return {
    name,
    image: `${imageRegistry}/${IMAGE}`,
    imagePullPolicy: 'IfNotPresent',
    // Without the image's entrypoint, which edits files; and without the compiled-in log file, opened before any other.
    command: ['nginx', '-p', RUN_PATH, '-c', `${CONFIG_PATH}/nginx.conf`, '-e', 'stderr', '-g', 'daemon off;'],
    ports: Object.entries(ports).map(([port, containerPort]) => ({ name: port, containerPort, protocol: 'TCP' })),
    readinessProbe: { ...connects, periodSeconds: 10, failureThreshold: 3 },
    livenessProbe: { ...connects, periodSeconds: 20, failureThreshold: 6 },
    resources: resources(10, memory),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      ...containerSecurityContext(),
    },
    volumeMounts: [
      { name: `${name}-config`, mountPath: CONFIG_PATH, readOnly: true },
      { name: `${name}-run`, mountPath: RUN_PATH },
    ],
  };
}

/** The container's volumes: its configuration, and a folder for the pid and for bodies that are never kept. */
export function proxyVolumes(name: string, configMapName: string): k8s.Volume[] {
  return [
    { name: `${name}-config`, configMap: { name: configMapName } },
    { name: `${name}-run`, emptyDir: { sizeLimit: quantity('1Mi') } },
  ];
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
