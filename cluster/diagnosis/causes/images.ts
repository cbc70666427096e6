import { GUARD_CONTAINER } from '../../../charts/upgrade-guard';
import { workloadNames } from '../../../config/names';
import { advice, type Cause } from '../cause';
import type { ClusterState } from '../cluster-state';
import { type ContainerTrouble, ended, INTAKE_CONTAINER, ofWorkload, troubledPods, waiting } from '../pods';

/** Words with which a registry denies access to an image, the most specific first. */
const DENIED = [
  /insufficient_scope/,
  /no basic auth credentials/,
  /pull access denied/,
  /(?<!proxy )authentication required/i,
  /authorization failed/,
  /unauthorized/i,
  /denied/i,
  // A proxy that opens no connection says so without a number: `Head "https://…": Forbidden`.
  /(?<!": )forbidden/i,
  /\b40[13]\b(?!\.)/,
];

const LIMITED = [/toomanyrequests/i, /too many requests/i, /\b429\b/, /rate limit/i];

/** Words of a registry that is not reached, or does not work. What else stands there differs from one try to the next. */
const UNREACHABLE = [
  /Proxy Authentication Required/i,
  /no such host/,
  /server misbehaving/,
  /x509: [^:]*/,
  /server gave HTTP response to HTTPS client/,
  /tls: [^:]*/,
  /(?<=": )Forbidden/,
  /TLS handshake timeout/,
  /i\/o timeout/,
  /connection refused/,
  /connection reset by peer/,
  /no route to host/,
  /network is unreachable/,
  /(context )?deadline exceeded/i,
  /\b50[0234] [A-Z]\w*( [A-Z]\w*)*/,
  /dial tcp/,
  /\bEOF\b/,
];

export const imageCauses: readonly Cause[] = [
  // The image has a name that no registry allows.
  {
    name: 'image-name-invalid',
    *findings(state) {
      for (const { workload, container, message } of waiting(state, ['InvalidImageName'])) {
        const why = message.split('invalid reference format: ')[1];
        yield ofWorkload(
          workload,
          `${container.image} is not a valid image name${why ? `: ${why}` : ''}`,
          advice(
            `Correct the image (${imageSetting(workload.name, container.name)}, or the patch that sets it), then render and apply again`,
          ),
        );
      }
    },
  },
  // The registry limits the pulls of this IP address.
  {
    name: 'image-rate-limited',
    *findings(state) {
      for (const { workload, container, why } of unpulled(state)) {
        const words = firstOf(LIMITED, why);
        if (words === undefined) continue;
        yield ofWorkload(
          workload,
          `the registry ${registryOf(container.image)} limits the pulls from the IP address of the node (${words})`,
          advice(
            'Wait: the kubelet tries again at least every five minutes. To avoid the limit, pull with an account (JUNJO_K8S_IMAGE_PULL_SECRET) or from a mirror (JUNJO_K8S_IMAGE_REGISTRY)',
            pullEvents(state),
          ),
        );
      }
    },
  },
  // The registry requires credentials, or rejects those that it got.
  {
    name: 'image-denied',
    *findings(state) {
      for (const { workload, pod, container, why } of unpulled(state)) {
        const words = firstOf(DENIED, why);
        if (words === undefined) continue;
        const [secret] = (pod.object.spec?.imagePullSecrets ?? []).map(({ name }: { name: string }) => name);
        const missing = secret !== undefined && state.canRead('secrets') && !state.named('Secret', secret);
        yield ofWorkload(
          workload,
          `the registry denies access to images of ${folderOf(container.image)} (${words})${missing ? `. The pull secret ${secret} does not exist` : ''}`,
          advice(
            `${pullSecretAdvice(secret, missing)}. Registries also deny access to images that do not exist, so check the names in the events first. The second command writes the file config.json, which the third one reads`,
            pullEvents(state),
            dockerLogin(registryOf(container.image)),
            createPullSecret(state, secret ?? 'junjo-registry'),
          ),
        );
      }
    },
  },
  // The image is for another processor than the node has.
  {
    name: 'image-platform',
    *findings(state) {
      const fix = advice(
        'Use an image for the processor architecture of the node, or choose other nodes with JUNJO_K8S_NODE_SELECTOR. The command shows the architectures',
        state.clusterCommand('get', 'nodes', '-L', 'kubernetes.io/arch'),
      );
      for (const { workload, container, why } of unpulled(state)) {
        if (/no match for platform|no matching manifest/.test(why))
          yield ofWorkload(workload, `${container.image} is not built for the processor architecture of its node`, fix);
      }
      for (const trouble of ended(state)) {
        const log = state.logOf(trouble.pod, trouble.container) ?? '';
        if (/exec format error/.test(`${trouble.how.message} ${log}`))
          yield ofWorkload(
            trouble.workload,
            `${trouble.container.image} is not built for the processor architecture of its node`,
            fix,
          );
      }
    },
  },
  // The node does not reach the registry.
  {
    name: 'image-unreachable',
    *findings(state) {
      for (const { workload, container, why } of unpulled(state)) {
        const words = firstOf(UNREACHABLE, why);
        if (words === undefined) continue;
        const [step] = /lookup [^\s:]+|proxyconnect/.exec(why) ?? [];
        yield ofWorkload(
          workload,
          `its node cannot pull images from the registry ${registryOf(container.image)}: ${step ? `${step}: ` : ''}${words.trim()}`,
          advice(
            'Check the DNS, proxy, firewall and trusted certificates of the node, or use a mirror (JUNJO_K8S_IMAGE_REGISTRY). The kubelet tries again at least every five minutes',
            state.command('get', 'pods', '-o', 'wide'),
            pullEvents(state),
          ),
        );
      }
    },
  },
  // The registry has no such image, or no such tag.
  {
    name: 'image-missing',
    *findings(state) {
      for (const { workload, container, why } of unpulled(state)) {
        if (!/not found|manifest unknown|NotFound|name unknown/i.test(why)) continue;
        yield ofWorkload(
          workload,
          `${container.image} does not exist in its registry`,
          advice(
            isOwn(container)
              ? `Correct JUNJO_K8S_RELEASE, JUNJO_K8S_IMAGE_REGISTRY or ${imageSetting(workload.name, container.name)}, then render and apply again`
              : `Correct the image of the container ${container.name} where it is set: in a patch, or in the tool that adds it`,
            pullEvents(state),
          ),
        );
      }
    },
  },
  // Any other reason why an image cannot be used.
  {
    name: 'image-not-pulled',
    *findings(state) {
      for (const { workload, container } of waiting(state, ['ErrImageNeverPull'])) {
        yield ofWorkload(
          workload,
          `${container.image} is not on its node, and its pull policy does not allow pulling it`,
          advice(
            'Load the image into every node, or push it to a registry. kind and minikube have a command that loads images',
            state.command('get', 'pods', '-o', 'wide'),
          ),
        );
      }
      const unusable = waiting(state, ['ImageInspectError', 'SignatureValidationFailed']);
      for (const { workload, pod, container, message } of unusable) {
        yield ofWorkload(
          workload,
          `${container.image} cannot be used: ${message}`,
          advice('Read the events of the pod', state.command('describe', 'pod', pod.name)),
        );
      }
      for (const { workload, pod, container, why } of unpulled(state)) {
        const describe = state.command('describe', 'pod', pod.name);
        const node = pod.object.spec?.nodeName;
        if (/no space left on device/.test(why) && node)
          yield ofWorkload(
            workload,
            `${container.image} cannot be pulled because the disk of its node ${node} is full: ${why}`,
            advice(
              'Free space on the disk of the node: images, logs and files fill it. The kubelet tries again at least every five minutes',
              state.clusterCommand('describe', 'node', node),
              describe,
            ),
          );
        else if (/^Back-off pulling image/.test(why))
          yield ofWorkload(
            workload,
            `${container.image} cannot be pulled, and nothing says why: ${state.canRead('events') ? 'a cluster keeps events for an hour' : 'you cannot read events'}`,
            state.canRead('events')
              ? advice(
                  'Wait at most five minutes for the next attempt. Its event says why it fails',
                  state.command('get', 'events', '--watch', `--field-selector=involvedObject.name=${pod.name}`),
                )
              : advice('Ask for permission to read events, or ask someone who has it to run this command', describe),
          );
        else
          yield ofWorkload(
            workload,
            `${container.image} cannot be pulled: ${why}`,
            advice('Fix the cause that the message names. The events of the pod show each attempt', describe),
          );
      }
    },
  },
  // An image is being pulled.
  {
    name: 'image-pulling',
    *findings(state) {
      for (const { workload, pod } of troubledPods(state)) {
        const [event] = state
          .eventsOf(pod.object)
          .filter(({ reason }) => ['Pulling', 'Pulled', 'Failed', 'BackOff'].includes(reason))
          .reverse();
        const waits = pod.containers.some(({ running, ended }) => !running && !ended);
        if (event?.reason !== 'Pulling' || !waits) continue;
        yield {
          severity: 'wait',
          since: event.last,
          subject: workload.name,
          text: 'its image is being pulled',
          fix: advice(
            'Wait until the image is pulled. The command shows how the pods change',
            state.command('get', 'pods', '--watch'),
          ),
          lateFix: advice(
            'Check the network and the disk of the node. A nearby mirror (JUNJO_K8S_IMAGE_REGISTRY) makes pulls faster',
            state.command('describe', 'pod', pod.name),
            state.clusterCommand('describe', 'node', String(pod.object.spec?.nodeName)),
          ),
        };
      }
    },
  },
];

/** Containers whose image cannot be pulled, and why. Tries and waits alternate, and either may carry the reason. */
function* unpulled(state: ClusterState): Generator<ContainerTrouble & { readonly why: string }> {
  for (const trouble of waiting(state, ['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable'])) {
    const failed = state
      .eventsOf(trouble.pod.object, 'Failed')
      .filter(({ message }) => message.includes('Failed to pull image') && message.includes(trouble.container.image));
    const reason =
      trouble.message.split('ErrImagePull: ')[1] ?? (trouble.message.startsWith('Back-off') ? '' : trouble.message);
    yield { ...trouble, why: reason || failed[failed.length - 1]?.message || trouble.message };
  }
}

/** The words that fit the first of some patterns. */
function firstOf(patterns: readonly RegExp[], text: string): string | undefined {
  return patterns.map((pattern) => pattern.exec(text)?.[0]).find((words) => words !== undefined);
}

/** The guard before the API, and the proxy before ingestion. */
const NGINX_CONTAINERS: readonly string[] = ['guard', 'tls', 'proxy'];

/** Whether the settings of the studio name the image of a container, which nobody added to its pods. */
function isOwn({ name }: ContainerTrouble['container']): boolean {
  const others = [
    GUARD_CONTAINER,
    'wait-for-backend',
    'wait-for-volume',
    'qdrant',
    INTAKE_CONTAINER,
    ...NGINX_CONTAINERS,
  ];
  return [...Object.keys(workloadNames), ...others].includes(name);
}

/** The setting that names the image of a component. */
function imageSetting(component: string, container: string = component): string {
  if (container === GUARD_CONTAINER || container.startsWith('wait-for-')) return 'JUNJO_K8S_TOOLS_IMAGE';
  if (NGINX_CONTAINERS.includes(container)) return 'JUNJO_K8S_NGINX_IMAGE';
  if (container === INTAKE_CONTAINER) return 'JUNJO_K8S_INTAKE_IMAGE';
  return ['backend', 'ingestion', 'frontend'].includes(component)
    ? `JUNJO_K8S_${component.toUpperCase()}_IMAGE`
    : 'the image setting';
}

/** The host of an image's registry; Docker Hub where the image names none. */
function registryOf(image: string): string {
  const [first = ''] = image.split('/');
  return image.includes('/') && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
}

/** Registry and path without the name of the image: what a person has access to as a whole. */
function folderOf(image: string): string {
  const path = image.slice(0, Math.max(0, image.lastIndexOf('/')));
  return path.startsWith(registryOf(image)) ? path : [registryOf(image), path].filter(Boolean).join('/');
}

/** Every try to pull says in an event what came of it. */
function pullEvents(state: ClusterState): string {
  return state.command('get', 'events', '--field-selector=reason=Failed');
}

function pullSecretAdvice(secret: string | undefined, missing: boolean): string {
  if (secret === undefined)
    return 'Create a pull secret with an account of the registry, set JUNJO_K8S_IMAGE_PULL_SECRET=junjo-registry, then render and apply again';
  return missing
    ? `Create the pull secret ${secret} with an account of the registry`
    : `Write an account that may pull these images into the pull secret ${secret}`;
}

/** Signs in where the password is in no history of a shell. Docker takes Docker Hub where no server is named. */
function dockerLogin(registry: string): string {
  return `docker --config . login${registry === 'docker.io' ? '' : ` ${registry}`}`;
}

/** Creates a pull secret, or replaces what is in it. */
function createPullSecret(state: ClusterState, name: string): string {
  const account = ['--from-file=.dockerconfigjson=config.json', '--dry-run=client', '-o', 'yaml'];
  const secret = state.command('create', 'secret', 'docker-registry', name, ...account);
  return `${secret} | ${state.command('apply', '-f', '-')}`;
}
