import { posix } from 'node:path';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { workloadNames } from '../config/names';
import type { Image } from '../config/studio-config';
import type { ReleaseLine } from '../releases';
import { objectMeta, type StudioIdentity } from './metadata';
import { listeners, type ProxyBounds, proxyConfig, proxyContainer, proxyVolumes } from './proxy';

/** The ConfigMap of the guard. */
export const apiGuardName = `${workloadNames.backend}-guard`;

/** Name of the container of the guard. */
export const API_GUARD_CONTAINER = 'guard';

/**
 * Where the guard listens: a port of no release line, and below 32768, from where on the kernel gives ports to the
 * backend's own outgoing connections.
 */
export const API_GUARD_PORT = 8080;

const BOUNDS: ProxyBounds = {
  // For answers of LLMs in progress. The grace period of the backend is longer.
  shutdownSeconds: 60,
  // Enough for 480 requests at one time, which is more than the single process of the backend can serve.
  connections: 1024,
  headers: { buffers: 2, sizeKi: 64 },
};

/** Requests of one client at one time: two thirds of all requests, so one client cannot use all of them. */
const REQUESTS_OF_A_CLIENT = 320;

/** The image of the guard, and the API in front of which it runs. */
export interface ApiGuardProps extends StudioIdentity {
  readonly image: Image;
  /** What the API shows without a sign-in, and the path that checks a session. */
  readonly api: ReleaseLine['api'];
  /** Where the backend listens in the same pod. */
  readonly backendPort: number;
  /** Where the guard listens. @default API_GUARD_PORT */
  readonly port?: number;
}

/** A regular expression for a word, each letter of which may be percent-encoded. */
function howeverWritten(word: string): string {
  const code = (letter: string) => `%${letter.charCodeAt(0).toString(16)}`;
  return [...word].map((letter) => `(?:${literal(letter)}|${code(letter)}|${code(letter.toUpperCase())})`).join('');
}

function literal(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, '\\$&');
}

/**
 * The guard's configuration, by file name. The backend decodes a path once and compares it letter by letter, so every
 * path by which it serves spans has this word in it, each letter as itself or as %XX. For another path with the word, nginx
 * also checks the sign-in, which does no harm.
 */
export function apiGuardConfig({
  api,
  backendPort,
  port = API_GUARD_PORT,
}: Pick<ApiGuardProps, 'api' | 'backendPort' | 'port'>): Record<string, string> {
  const word = posix.basename(api.spansPath);
  const backend = `127.0.0.1:${backendPort}`;
  return proxyConfig(
    `# The path as the client sent it, and as the backend gets it. It ends at the "?".
map $request_uri $spans_as_sent {
  default 0;
  "~*^[^?]*${howeverWritten(word)}" 1;
}
# The path as nginx reads it: decoded, without dots and double slashes.
map $uri $spans_as_read {
  default 0;
  "~*${literal(word)}" 1;
}
# Preflights carry no cookie; to any other OPTIONS the backend answers 405.
map "$request_method $spans_as_sent$spans_as_read" $guarded {
  default 1;
  "~^OPTIONS " 0;
  "~ 00$" 0;
}
# auth_request accepts any 2xx, but only 200 is a sign-in. For another status the address is empty, and the answer is 500.
map $sign_in_status $backend_if_signed_in {
  200 ${backend};
}

# The client is the last address of the header, which the edge adds itself. Without the header there is no limit for each
# client, because all of them have the address of the edge.
map $http_x_forwarded_for $client {
  default "";
  "~([0-9A-Fa-f.:]{2,45}) *$" $1;
}
limit_conn_zone $client zone=clients:1m;

server {
${listeners(port)}
  limit_conn clients ${REQUESTS_OF_A_CLIENT};
  limit_conn_status 429;
  # Clients decide how often they are refused, and must not fill the log.
  limit_conn_log_level info;

  proxy_http_version 1.1;
  # One connection a request: uvicorn closes idle ones after 5 s, perhaps just when the next request goes out.
  proxy_set_header Connection close;
  proxy_set_header Host $http_host;
  # The backend sees the address that connects to this pod, as it would without a guard: the edge. uvicorn trusts the headers
  # from 127.0.0.1, where the guard runs. It takes the last address in X-Forwarded-For that it does not trust, so a client could
  # name any address (uvicorn/middleware/proxy_headers.py). X-Forwarded-Proto passes unchanged: it only decides the scheme of
  # redirects, which go to the same client.
  proxy_set_header X-Forwarded-For $remote_addr;

  proxy_request_buffering off;
  proxy_buffering off;
  proxy_buffer_size 32k;
  proxy_buffers 4 32k;
  proxy_read_timeout 1h;
  proxy_send_timeout 1h;

  proxy_redirect off;
  proxy_pass_header Server;
  proxy_pass_header Date;
  proxy_ignore_headers X-Accel-Redirect X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;

  location / {
    if ($guarded) {
      rewrite ^ guarded last;
    }
    proxy_pass http://${backend};
  }

  # The path of a request begins with a slash, so no request reaches these locations.
  location = guarded {
    internal;
    auth_request sign-in;
    auth_request_set $sign_in_status $upstream_status;
    auth_request_set $cors_origin $upstream_http_access_control_allow_origin;
    auth_request_set $cors_credentials $upstream_http_access_control_allow_credentials;
    auth_request_set $vary $upstream_http_vary;
    error_page 401 403 = @refused;
    error_page 500 =502 @unsure;

    # Several Cookie headers become one, the same as in the request to sign-in.
    proxy_set_header Cookie $http_cookie;
    proxy_set_header Connection close;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_pass http://$backend_if_signed_in$request_uri;
  }

  # This request has only two headers of the client, so no other header can change the answer.
  location = sign-in {
    internal;
    proxy_pass_request_headers off;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_set_header Connection close;
    proxy_set_header Cookie $http_cookie;
    proxy_set_header Origin $http_origin;
    proxy_method GET;
    proxy_pass http://${backend}${api.signInTestPath};
  }

  # What the backend answers without a sign-in, with its own CORS headers.
  location @refused {
    default_type application/json;
    add_header Access-Control-Allow-Origin $cors_origin always;
    add_header Access-Control-Allow-Credentials $cors_credentials always;
    add_header Vary $vary always;
    return 401 '{"detail":"Unauthorized: No valid session"}';
  }

  location @unsure {
    return 502;
  }
}
`,
    BOUNDS,
  );
}

/** The guard's ConfigMap. */
export function addApiGuard(scope: Construct, props: ApiGuardProps): void {
  new k8s.KubeConfigMap(scope, 'guard-config', {
    metadata: objectMeta(props, apiGuardName, 'backend'),
    data: apiGuardConfig(props),
  });
}

/** The guard's container. */
export function apiGuardContainer({
  image,
  port = API_GUARD_PORT,
}: Pick<ApiGuardProps, 'image' | 'port'>): k8s.Container {
  return proxyContainer({
    name: API_GUARD_CONTAINER,
    image,
    ports: { 'http-guard': port },
    // Measured, both processes: 13 MiB idle, 14 with 50 requests under way, 18 with as many as there can be, and 142 when all
    // of those have the largest headers and a body, which anybody can send. Whole bodies add nothing to it.
    memory: { requestMi: 16, limitMi: 192 },
  });
}

/** The guard's volumes. */
export const apiGuardVolumes: k8s.Volume[] = proxyVolumes(API_GUARD_CONTAINER, apiGuardName);
