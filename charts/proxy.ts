import { k8s } from 'cdk8s-plus-27';
import type { Image } from '../config/studio-config';
import type { Memory } from '../releases';
import { quantity, resources } from './pod/resources';
import { containerSecurityContext } from './pod/security';

/** The user of the image. A pod of development images runs as root, which cannot change its user without capabilities. */
const USER = 101;

const CONFIG_PATH = '/etc/nginx/junjo';
const RUN_PATH = '/run/nginx';

/** An nginx sidecar. */
export interface ProxyProps {
  /** Name of the container, and first word of its volumes. */
  readonly name: string;
  readonly image: Image;
  /** Ports that it listens on, by name. nginx ends when it cannot listen on one of them, so probes check only the first. */
  readonly ports: Readonly<Record<string, number>>;
  /** uid and gid. @default the image's own */
  readonly user?: number;
  /** As measured. */
  readonly memory: Memory;
}

/**
 * Limits of one nginx. Together with the limit of requests that a sidecar may add, they decide how much memory it may need
 * for connections, headers and bodies.
 */
export interface ProxyBounds {
  /** Seconds that open requests may take when the pod stops. Without a limit, nginx waits for open streams for ever. */
  readonly shutdownSeconds: number;
  /** Open connections, of clients and to the service together. When few are left, nginx closes those idle for longest. */
  readonly connections: number;
  /** Buffers for the headers of one request: how many, and the KiB of each. A header is in one of them. */
  readonly headers: { readonly buffers: number; readonly sizeKi: number };
}

/**
 * The configuration, by file name, around the part of one sidecar. Requests and answers pass as they come: no
 * copy of a body is ever made. Answers may take an hour; a client that neither sends nor reads for a minute is cut off.
 */
export function proxyConfig(
  http: string,
  { shutdownSeconds, connections, headers }: ProxyBounds,
): Record<string, string> {
  return {
    'nginx.conf': `# Relative paths are below the folder that the command names, the only one that can be written.
pid nginx.pid;
worker_processes 1;
worker_shutdown_timeout ${shutdownSeconds}s;
# Each connection is an open file, and nginx has a few others. The container runtime may allow fewer.
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

  # The service decides which bodies and headers it accepts.
  client_max_body_size 0;
  large_client_header_buffers ${headers.buffers} ${headers.sizeKi}k;
  ignore_invalid_headers off;

  # The time for a handshake and the headers, and the longest pause in a body or in reading an answer. After that, nginx
  # resets the connection, and does not wait until the client closes it.
  client_header_timeout 1m;
  client_body_timeout 1m;
  send_timeout 1m;
  reset_timedout_connection on;

  # Google's load balancers keep a connection for 10 minutes, and report an error when the other side closes it first.
  keepalive_timeout 11m;

${indent(http)}}
`,
  };
}

/** Listens on IPv4 and IPv6, because a pod may have an address of only one family. The options belong to nginx's `listen`. */
export function listeners(port: number, options = ''): string {
  return [port, `[::]:${port}`]
    .map((address) => `  listen ${[address, options].filter(Boolean).join(' ')};\n`)
    .join('');
}

/**
 * Starts nginx.
 * - Where the kernel has no IPv6 (`ipv6.disable=1`), it does so without the listeners of IPv6: nginx does not start when it
 *   cannot open one of its sockets. The entrypoint of the image makes the same check (10-listen-on-ipv6-by-default.sh of
 *   nginxinc/docker-nginx), but it edits files that are read-only here.
 * - `exec` hands signals to nginx. SIGQUIT, the STOPSIGNAL of its images, lets it complete what it has begun.
 * - `-e` names the log, because nginx first opens the one that it was compiled with.
 */
const START = `config=${CONFIG_PATH}/nginx.conf
if [ ! -e /proc/net/if_inet6 ]; then
  sed '/^ *listen \\[::\\]/d' "$config" > ${RUN_PATH}/nginx.conf
  config=${RUN_PATH}/nginx.conf
fi
exec nginx -p ${RUN_PATH} -c "$config" -e stderr -g 'daemon off;'`;

/** The container. */
export function proxyContainer({ name, image, ports, user = USER, memory }: ProxyProps): k8s.Container {
  const [portName = ''] = Object.keys(ports);
  const connects = { tcpSocket: { port: k8s.IntOrString.fromString(portName) }, timeoutSeconds: 5 };
  return {
    name,
    ...image,
    command: ['sh', '-c', START],
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

/** The container's volumes: its configuration, and a folder for the pid file and for the configuration without IPv6. */
export function proxyVolumes(name: string, configMapName: string): k8s.Volume[] {
  return [
    { name: `${name}-config`, configMap: { name: configMapName } },
    { name: `${name}-run`, emptyDir: { sizeLimit: quantity('1Mi') } },
  ];
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
