import { quantityBytes } from '../../../config/quantity';
import { listed } from '../../../config/text';
import { conditionOf, fieldsOf, listOf } from '../../../render/manifest';
import { advice, type Cause } from '../cause';
import type { ClusterState } from '../cluster-state';
import { ofWorkload, refused } from '../pods';

/** Kubernetes tries again to create pods that were rejected: the ReplicaSet controller waits at most 1000 s between two tries. */
const AGAIN = 'Kubernetes then creates the pods by itself within 17 minutes';

export const admissionCauses: readonly Cause[] = [
  // Pod Security of the namespace rejects the pod.
  {
    name: 'pod-security',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        if (!/violates PodSecurity/.test(message)) continue;
        yield ofWorkload(
          workload,
          `Pod Security rejects its pods: they ${message.replace(/^[\s\S]*?violates PodSecurity/, 'violate')}`,
          advice(
            'Remove the patch or the admission webhook that changes its security context. The pods that synth renders pass the level restricted. The command shows the level of the namespace',
            state.clusterCommand('get', 'namespace', state.namespace, '--show-labels'),
          ),
        );
      }
    },
  },
  // OpenShift lets pods run as users of a range that it gave the namespace, unless their service account may do more.
  {
    name: 'scc-refused',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        if (!/unable to validate against any security context constraint/.test(message)) continue;
        const { serviceAccountName: account = 'default' } = fieldsOf(workload.object.spec?.template?.spec);
        yield ofWorkload(
          workload,
          `OpenShift's security context constraints reject its pods: ${constraintsBroken(message)}`,
          constraintAdvice(state, message, account),
        );
      }
    },
  },
  // A quota counts what the containers do not set.
  {
    name: 'quota-wants-limits',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        const [, quota, missing] = /failed quota: ([^\s:]+): must specify ([\s\S]*)/.exec(message) ?? [];
        if (quota === undefined || missing === undefined) continue;
        // `limits.cpu for: backend,guard; limits.memory for: backend`, in older versions without the containers.
        const wanted = missing.replace(/ for: [^;]*/g, '').split(/[,;]\s*/);
        yield ofWorkload(
          workload,
          `the quota ${quota} requires every container to set ${listed(wanted)}, and these pods do not`,
          advice(
            'Create the LimitRange below, which gives containers default values. If you lack the permission, ask the owner of the quota. Or set the values with a patch; a patch that sets a CPU limit must waive the rule cpu-limits',
            `echo '${JSON.stringify(defaultsFor(state, quota, wanted))}' | ${state.command('apply', '-f', '-')}`,
          ),
        );
      }
    },
  },
  // A quota of the namespace is used up.
  {
    name: 'quota-exceeded',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        const [, quota] = /exceeded quota: ([^\s,]+)/.exec(message) ?? [];
        if (quota === undefined) continue;
        yield ofWorkload(
          workload,
          `a quota rejects its pods: ${message}`,
          advice(
            'Raise the quota, or choose a smaller JUNJO_K8S_SIZE. The command shows how much of the quota is used',
            state.command('describe', 'resourcequota', quota),
          ),
        );
      }
    },
  },
  // A LimitRange of the namespace allows no pod of this size.
  {
    name: 'limit-range',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        if (!/(maximum|minimum) .* usage per|max limit to request ratio/.test(message)) continue;
        yield ofWorkload(
          workload,
          `a LimitRange rejects its pods: ${message}`,
          advice(
            'Change the LimitRange, or choose another JUNJO_K8S_SIZE. The command shows its limits',
            state.command('describe', 'limitranges'),
          ),
        );
      }
    },
  },
  // The pod names a service account that does not exist.
  {
    name: 'service-account-missing',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        const name = /serviceaccount "([^"]+)" not found/.exec(message)?.[1];
        if (!name) continue;
        yield ofWorkload(
          workload,
          `its service account ${name} does not exist`,
          advice(
            `Create the service account, or remove the patch that names it. ${AGAIN}`,
            state.command('create', 'serviceaccount', name),
          ),
        );
      }
    },
  },
  // JUNJO_K8S_PRIORITY_CLASS, or a patch, names a PriorityClass that does not exist.
  {
    name: 'priority-class-missing',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        const name = /no PriorityClass with name (\S+) was found/.exec(message)?.[1];
        if (!name) continue;
        yield ofWorkload(
          workload,
          `its PriorityClass ${name} does not exist`,
          advice(
            'Set JUNJO_K8S_PRIORITY_CLASS to a class that exists, then render and apply again. The command lists the classes',
            state.clusterCommand('get', 'priorityclasses'),
          ),
        );
      }
    },
  },
  // The API server must ask a webhook about every pod, and gets no answer. It says "denied the request" where it got one.
  {
    name: 'webhook-unreachable',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        if (!/failed (calling|to call) webhook/.test(message) || /denied the request/.test(message)) continue;
        const name = /failed calling webhook "([^"]+)"/.exec(message)?.[1];
        // The name of the certificate that an API server asks for: SERVICE.NAMESPACE.svc.
        const [, service, namespace] = /https?:\/\/([^./"]+)\.([^./"]+)\.svc\b/.exec(message) ?? [];
        const why = message
          .replace(/^[\s\S]*(https?:\/\/[^"\s]*"?|failed (calling|to call) webhook( "[^"]*")?): /, '')
          .replace(/\b(dial tcp|read tcp) [^:\s]*:[^:]*: /, '$1: ');
        const owner = service ? ` (Service ${service} in namespace ${namespace})` : '';
        yield ofWorkload(
          workload,
          `the admission webhook ${name ?? ''}${owner} does not answer: ${why}. Kubernetes creates no pod until it answers`,
          advice(
            `Repair the Service behind the webhook. ${AGAIN}. Keep the configuration of the webhook: without it, pods bypass its policy`,
            ...(service ? serviceCommands(state, namespace, service) : []),
            state.clusterCommand('get', 'validatingwebhookconfigurations,mutatingwebhookconfigurations'),
          ),
        );
      }
    },
  },
  // Any other reason why the API server rejects the pods: a webhook or a policy.
  {
    name: 'admission-refused',
    *findings(state) {
      for (const { workload, message } of refused(state)) {
        yield ofWorkload(
          workload,
          refusalIn(message),
          advice(
            'Change the pods to satisfy the policy. Set labels and annotations with JUNJO_K8S_LABELS and JUNJO_K8S_ANNOTATIONS, and anything else with a patch. Or ask the owner of the policy for an exception. The command shows the whole message',
            wholeMessages(state),
          ),
        );
      }
    },
  },
];

/** Shows what is behind a Service of another namespace. */
function serviceCommands(state: ClusterState, namespace: string | undefined, service: string): readonly string[] {
  const there = state.commands.in(namespace);
  return [
    there.commandLine(['get', 'pods']),
    there.commandLine(['get', 'endpointslices', '-l', `kubernetes.io/service-name=${service}`]),
  ];
}

/** What of a pod violates every constraint that its service account may use, in short. */
function constraintsBroken(message: string): string {
  const all = (pattern: RegExp) => [...new Set([...message.matchAll(pattern)].map(([, text = '']) => text))];
  const users = all(/runAsUser: Invalid value: (\d+)/g);
  const ranges = all(/must be in the ranges: \[(\d+, \d+)\]/g).map((range) => range.replace(', ', ' to '));
  const groups = all(/(\d+) is not an allowed group/g);
  const told = [
    users.length > 0 &&
      ranges.length > 0 &&
      `user ${listed(users)} is not in the range ${listed(ranges)} of the namespace`,
    groups.length > 0 && `group ${listed(groups)} (fsGroup) is not allowed`,
  ].filter(Boolean);
  // Most constraints are only listed because the service account may not use them.
  const others = message
    .replace(/^[\s\S]*?constraint: \[?|\]$/g, '')
    .split(/, (?=provider )/)
    .filter((reason) => !/not usable by user or serviceaccount/.test(reason));
  return told.join('. ').replace('. group', '. Group') || others.join('; ') || message;
}

/**
 * `nonroot-v2` is restricted-v2 with any user but root and any fsGroup. OpenShift has a ClusterRole for each of its constraints:
 * https://docs.redhat.com/en/documentation/openshift_container_platform/4.18/html/authentication_and_authorization/managing-pod-security-policies
 */
function constraintAdvice(state: ClusterState, message: string, account: string): string {
  const constraint = /runAsUser: Invalid value: 0\b/.test(message) ? 'anyuid' : 'nonroot-v2';
  const tried = new RegExp(`provider "?${constraint}"?: (?!Forbidden: not usable)`).test(message);
  return tried
    ? advice(
        'Undo the patch that requests more than the constraint allows, or ask an administrator for another constraint. The command lists the constraints',
        state.clusterCommand('get', 'securitycontextconstraints'),
      )
    : advice(
        `Ask an administrator to run this command. It lets the service account ${account} use the constraint ${constraint}, which allows the users and groups of the pods. ${AGAIN}`,
        state.command(
          'create',
          'rolebinding',
          `junjo-ai-studio-${constraint}`,
          `--clusterrole=system:openshift:scc:${constraint}`,
          `--serviceaccount=${state.namespace}:${account}`,
        ),
      );
}

/** Limit and request of a container that sets none. A limit without a request would become the request, too. */
const DEFAULTS: Readonly<Record<string, readonly [limit: string, request: string]>> = {
  cpu: ['1', '50m'],
  memory: ['256Mi', '64Mi'],
  'ephemeral-storage': ['1Gi', '100Mi'],
};

/** A LimitRange with defaults for what a quota wants: https://kubernetes.io/docs/concepts/policy/limit-range/ */
function defaultsFor(state: ClusterState, quota: string, wanted: readonly string[]): object {
  const resources = Object.keys(DEFAULTS).filter((name) => wanted.some((each) => each.split('.').pop() === name));
  const of = (index: 0 | 1) => Object.fromEntries(resources.map((name) => [name, DEFAULTS[name]?.[index]]));
  const limits = of(0);
  if (limits.cpu) limits.cpu = cpuShare(state, quota) ?? limits.cpu;
  return {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'container-defaults' },
    spec: { limits: [{ type: 'Container', default: limits, defaultRequest: of(1) }] },
  };
}

/** What a quota of CPU leaves for each container, where that is less than one core. */
function cpuShare(state: ClusterState, quota: string): string | undefined {
  const found = state.named('ResourceQuota', quota);
  const cores = (of: unknown) => quantityBytes(String(fieldsOf(of)['limits.cpu']));
  const hard = cores(found?.status?.hard ?? found?.spec?.hard);
  const containers = state.workloads.reduce(
    (sum, { object, desired }) => sum + desired * listOf(object.spec?.template?.spec?.containers).length,
    0,
  );
  if (hard === undefined || containers === 0) return undefined;
  const millicores = Math.floor(((hard - (cores(found?.status?.used) ?? 0)) * 1000) / containers);
  return millicores >= 100 && millicores < 1000 ? `${millicores}m` : undefined;
}

/** Which policy rejects a pod, and why. Each policy engine has its own form of message. */
function refusalIn(message: string): string {
  const [, kyverno] = /following policies:?\s+([\s\S]+)/.exec(message) ?? [];
  if (kyverno !== undefined) return `Kyverno rejects its pods: ${kyvernoPolicies(kyverno)}`;
  // https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
  const [, policy, binding, words] =
    /ValidatingAdmissionPolicy '([^']+)' with binding '([^']+)' denied request: ([\s\S]+)/.exec(message) ?? [];
  if (policy !== undefined)
    return `the ValidatingAdmissionPolicy ${policy} (binding ${binding}) rejects its pods: ${words}`;
  const [, webhook, reason = ''] = /admission webhook "([^"]+)" denied the request: ([\s\S]*)/.exec(message) ?? [];
  if (webhook === undefined) return `the API server rejects its pods: ${message.replace(/^Error creating: /, '')}`;
  // Gatekeeper: `[constraint] message`, a line each; before 3.9 `[denied by constraint]`.
  const constraints = [...reason.matchAll(/(?:^|\n)\[(?:denied by )?([\w.-]+)\] ([^\n]*)/g)];
  return constraints.length > 0
    ? `Gatekeeper rejects its pods: ${constraints.map(([, name, text]) => `constraint ${name}: ${text}`).join('; ')}`
    : `the admission webhook ${webhook} rejects its pods: ${reason}`;
}

/** Kyverno's list: a policy, and under it, indented, each rule with its message, in quotes where YAML needs them. */
function kyvernoPolicies(list: string): string {
  const policies = list.split(/\n(?=\S)/).map((each) => {
    const [, policy = '', rules = ''] = /^\s*([\w./-]+):\s*([\s\S]*)$/.exec(each) ?? [];
    const told = rules
      .split(/\n {2}(?=\S)/)
      .map((rule) => rule.replace(/^\s*([\w./-]+):\s*'?(?:validation error: )?([\s\S]*?)'?\s*$/, 'rule $1: $2'));
    return policy ? `policy ${policy}, ${told.join('; ')}` : each;
  });
  return policies.join('; ');
}

/** Prints the messages whole: the table of `kubectl get events` ends a message at its first line break. */
function wholeMessages(state: ClusterState): string {
  const stays = state.ofKind('ReplicaSet').some((owner) => conditionOf(owner, 'ReplicaFailure'));
  return stays
    ? state.command('get', 'replicasets', '-o', 'jsonpath={.items[*].status.conditions[*].message}')
    : state.command('get', 'events', '--field-selector=reason=FailedCreate', '-o', 'jsonpath={.items[*].message}');
}
