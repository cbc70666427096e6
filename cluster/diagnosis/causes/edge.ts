import { conditionOf, type Fields, fieldsOf, listOf, type Manifest } from '../../../render/manifest';
import { isOfCloud } from '../../clouds';
import { advice, type Cause, type Waiting } from '../cause';
import type { ClusterEvent, ClusterState } from '../cluster-state';
import { isForeign } from '../foreign';

/** A load balancer needs this long where a cloud makes it. */
const LOAD_BALANCER_PENDING_DEADLINE_SECONDS = 300;

/** A controller writes the address within moments, or when its own load balancer has one. */
const INGRESS_PENDING_DEADLINE_SECONDS = 120;

/** Where a Gateway gets a load balancer of its own, a cloud needs this long. */
const GATEWAY_PENDING_DEADLINE_SECONDS = 300;

const ROUTE_REFUSED_DEADLINE_SECONDS = 60;

/** A certificate of an ACME server needs a minute or two: its challenges fail until the edge serves the solver. */
const CERTIFICATE_PENDING_DEADLINE_SECONDS = 300;

/** cert-manager renews a third of the lifetime before the end, which is a month for ninety days. */
const CERTIFICATE_EXPIRING_LATE_SECONDS = 7 * 24 * 3600;

/** Reasons of the allocators and endpoint controllers of Kubernetes itself, which have nothing to do with load balancers. */
const NOISE = /^(Port|NodePort|ClusterIP|IPAddress)\w*(Allocated|OutOfRange|Invalid|Error)$|Endpoint|Topology/;

/** Waiting does not help. */
const FAILED = { severity: 'error' } as const;

/** The API server's own finalizers; any other on a Service is that of a controller that makes its load balancer. */
const FINALIZERS_OF_KUBERNETES = ['foregroundDeletion', 'orphan'];

/** A change of an annotation makes the service controllers of clouds, AWS's and MetalLB try again: they compare annotations. */
const RETRY = 'junjo-ai-studio/retry';

/** Traefik serves an Ingress without writing an address, unless it is told to: docs/gitops.md. */
const WRITES_NO_ADDRESS = /^traefik\.io\//;

/** An Ingress of this controller is a load balancer, which is not there before it has an address. */
const IS_LOAD_BALANCER = /^ingress\.k8s\.aws\//;

export const edgeCauses: readonly Cause[] = [
  // A load balancer has no address. The cloud says why in an event of the Service, or nothing serves load balancers here.
  {
    name: 'load-balancer-pending',
    *findings(state) {
      const pending = ofStudio(state, 'Service').filter(
        ({ spec, status }) => spec?.type === 'LoadBalancer' && listOf(status?.loadBalancer?.ingress).length === 0,
      );
      for (const service of pending) {
        const failed = failureOf(state, service);
        // Services with the same problem share one advice.
        const alike = pending.filter((each) => balancerOf(state, each) === balancerOf(state, service));
        const names = alike.filter((each) => failureOf(state, each)?.message === failed?.message).map(nameOf);
        const retry = [
          state.command('annotate', 'service', ...names, `${RETRY}=${state.now.toISOString()}`, '--overwrite'),
          state.command('describe', 'service', ...names),
        ];
        const subject = `service ${service.metadata.name}`;
        if (failed) {
          yield {
            severity: 'error',
            subject,
            text: `has no address: ${failed.reason}: ${failed.message}`,
            fix: advice(
              'Fix what the controller reports, for example a quota, the subnets, or a pool without a free address. Then run the first command, which makes the controller try again',
              ...retry,
            ),
          };
          continue;
        }
        const by = balancerOf(state, service);
        const since = service.metadata.creationTimestamp ?? state.now;
        if (by === 'controller') {
          yield {
            severity: 'wait',
            since,
            allowedSeconds: LOAD_BALANCER_PENDING_DEADLINE_SECONDS,
            subject,
            text: 'has no address yet: a controller is creating its load balancer',
            fix: advice(
              'Wait until it has an address. The command shows when it does',
              state.command('get', 'services', '--watch'),
            ),
            lateFix: advice(
              'Make the controller try again, and read the new events. The old events are gone: a cluster keeps them for an hour',
              ...retry,
            ),
          };
          continue;
        }
        const text = by
          ? `has no address: no controller has responded for its load balancer class ${by}`
          : state.canRead('events')
            ? 'has no address: no load balancer controller has responded'
            : 'has no address, and you cannot read the events, which may say why';
        yield {
          severity: state.secondsSince(since) > LOAD_BALANCER_PENDING_DEADLINE_SECONDS ? 'error' : 'warning',
          subject,
          text,
          fix: advice(
            'On your own machine, use the first command to reach the studio at localhost. In other clusters, install a load balancer controller: the one of your cloud, or MetalLB',
            state.ownCommand('forward'),
            state.command('describe', 'service', ...names),
          ),
        };
      }
    },
  },
  // No controller serves the Ingress, or its controller has not written an address.
  {
    name: 'ingress-pending',
    *findings(state) {
      for (const ingress of ofStudio(state, 'Ingress')) {
        const { metadata, status } = ingress;
        // cert-manager's own, which is there while it proves a host.
        if (/^cm-acme-http-solver-/.test(metadata.name) || listOf(status?.loadBalancer?.ingress).length > 0) continue;
        const subject = `ingress ${metadata.name}`;
        const { unknown, name, controller = '' } = classOf(state, ingress);
        const look = [
          state.clusterCommand('get', 'ingressclasses'),
          state.command('describe', 'ingress', metadata.name),
        ];
        const failed = failureOf(state, ingress);
        if (unknown) {
          const fix = advice(
            'Set JUNJO_K8S_INGRESS_CLASS to a class that exists, or install the controller of this class',
            ...look,
          );
          yield { ...FAILED, subject, text: unknown, fix };
        } else if (failed) {
          const fix = advice('Fix what the controller reports. It then tries again by itself', ...look);
          yield { ...FAILED, subject, text: `has no address: ${failed.reason}: ${failed.message}`, fix };
        } else if (state.canRead('ingressclasses.networking.k8s.io') && !WRITES_NO_ADDRESS.test(controller)) {
          const { since } = state.unanswered(ingress, INGRESS_PENDING_DEADLINE_SECONDS);
          const whose = name ? `the controller of its class ${name}` : 'its controller';
          const fix = advice(
            'Check whether that controller runs, and whether its own Service has an address. Some controllers never write an address: if the host answers, nothing is wrong',
            ...look,
          );
          const text = `has no address: ${whose} has not written one`;
          if (state.secondsSince(since) > INGRESS_PENDING_DEADLINE_SECONDS)
            yield { severity: IS_LOAD_BALANCER.test(controller) ? 'error' : 'warning', subject, text, fix };
          else yield { severity: 'wait', since, allowedSeconds: INGRESS_PENDING_DEADLINE_SECONDS, subject, text, fix };
        }
      }
    },
  },
  // No controller serves the Gateway, or it finds something wrong with it.
  {
    name: 'gateway-pending',
    *findings(state) {
      for (const gateway of ofStudio(state, 'Gateway')) {
        const bad = ['Accepted', 'Programmed']
          .map((type) => conditionOf(gateway, type))
          .find((found) => found?.status !== 'True');
        const programmed = conditionOf(gateway, 'Programmed')?.status === 'True';
        if (programmed && !bad) continue;
        const listener = listOf(gateway.status?.listeners).find((each) => unresolved(each));
        // A listener is not served until its certificate exists. The certificate has a finding of its own.
        const secrets = listOf(gateway.spec?.listeners).flatMap(({ tls }) => listOf(tls?.certificateRefs));
        const waits = state
          .ofKind('Certificate')
          .filter((certificate) => conditionOf(certificate, 'Ready')?.status !== 'True')
          .some(({ spec }) => secrets.some(({ name }) => name === spec?.secretName));
        // Before a controller has seen it, its status is the default of its CRD.
        const unseen = bad?.status === 'Unknown' && bad.reason === 'Pending';
        const why = listener ? `listener ${listener.name}: ${unresolved(listener)}` : unseen ? '' : bad?.message;
        yield {
          ...(waits
            ? ({ severity: 'wait', since: undefined } as const)
            : listener
              ? FAILED
              : waitSince(gateway, [bad], GATEWAY_PENDING_DEADLINE_SECONDS)),
          subject: `gateway ${gateway.metadata.name}`,
          text: why ? `is not ready: ${why}` : `no controller serves its class ${gateway.spec?.gatewayClassName}`,
          fix: advice(
            'Check that the class exists and that its controller runs. Check that each listener has its certificate and a free port',
            state.clusterCommand('get', 'gatewayclasses.gateway.networking.k8s.io'),
            state.command('describe', 'gateways.gateway.networking.k8s.io', gateway.metadata.name),
          ),
        };
      }
    },
  },
  // The Gateway does not accept a route.
  {
    name: 'route-refused',
    *findings(state) {
      for (const route of [...ofStudio(state, 'HTTPRoute'), ...ofStudio(state, 'GRPCRoute')]) {
        const parents = listOf(route.status?.parents);
        const bad = parents.flatMap(({ conditions }) => listOf(conditions)).find(({ status }) => status === 'False');
        if (parents.length > 0 && !bad) continue;
        const kind = `${route.kind.toLowerCase()}s.gateway.networking.k8s.io`;
        yield {
          ...(bad ? FAILED : waitSince(route, [], ROUTE_REFUSED_DEADLINE_SECONDS)),
          subject: `route ${route.metadata.name}`,
          text: bad ? `is rejected: ${bad.message || bad.reason}` : 'no Gateway has accepted it',
          fix: advice(
            'Correct JUNJO_K8S_GATEWAY and the names of its listeners. The owner of the Gateway must allow routes from this namespace',
            state.command('describe', kind, route.metadata.name),
          ),
        };
      }
    },
  },
  // A certificate is not issued yet. The issuer, the order or the challenge says why.
  {
    name: 'certificate-pending',
    *findings(state) {
      for (const certificate of ofStudio(state, 'Certificate')) {
        const [ready, issuing] = [conditionOf(certificate, 'Ready'), conditionOf(certificate, 'Issuing')];
        if (ready?.status === 'True') continue;
        const { text, fix, failed } = holdUp(state, certificate);
        const { name } = certificate.metadata;
        yield {
          ...(failed ? FAILED : waitSince(certificate, [issuing, ready], CERTIFICATE_PENDING_DEADLINE_SECONDS)),
          subject: `certificate ${name}`,
          text: text ?? `is not ready: ${issuing?.message || ready?.message || 'cert-manager has not processed it'}`,
          fix:
            fix ??
            advice(
              'Read what cert-manager reports, and check whether its pods run',
              state.command('describe', CERTIFICATES, name),
              state.command('get', 'certificaterequests.cert-manager.io,orders.acme.cert-manager.io'),
            ),
        };
      }
    },
  },
  // A certificate was not renewed in time.
  {
    name: 'certificate-expiring',
    *findings(state) {
      for (const certificate of ofStudio(state, 'Certificate')) {
        const { notAfter, renewalTime } = certificate.status ?? {};
        if (!notAfter) continue;
        const left = -state.secondsSince(notAfter);
        // One of a day or a week is renewed shortly before its end.
        const spare = renewalTime ? (state.secondsSince(renewalTime) + left) / 2 : Number.POSITIVE_INFINITY;
        if (left > Math.min(CERTIFICATE_EXPIRING_LATE_SECONDS, spare)) continue;
        const { text, fix } = holdUp(state, certificate);
        const { name } = certificate.metadata;
        const why = text ? `: ${text}` : '';
        yield {
          severity: left > 0 ? 'warning' : 'error',
          subject: `certificate ${name}`,
          text: left > 0 ? `expires on ${notAfter} and was not renewed${why}` : `expired on ${notAfter}${why}`,
          fix:
            fix ??
            advice(
              'Find out why cert-manager does not renew it',
              state.command('describe', CERTIFICATES, name),
              state.command('get', 'certificaterequests.cert-manager.io,orders.acme.cert-manager.io'),
            ),
        };
      }
    },
  },
];

/** Other operators have kinds of the same names. */
const CERTIFICATES = 'certificates.cert-manager.io';

/** Objects of a kind, without those that are there for something else in the same namespace. */
function ofStudio(state: ClusterState, kind: string): readonly Manifest[] {
  return state.ofKind(kind).filter((object) => !isForeign(state, object));
}

function nameOf({ metadata }: Manifest): string {
  return metadata.name;
}

/** A wait for a controller, since it saw the object last in the state that these conditions have. */
function waitSince(
  { metadata }: Manifest,
  conditions: readonly (Fields | undefined)[],
  allowedSeconds: number,
): Pick<Waiting, 'severity' | 'since' | 'allowedSeconds'> {
  const times = [metadata.creationTimestamp, ...conditions.map((condition) => condition?.lastTransitionTime)];
  const known = times.filter((time): time is string => typeof time === 'string').sort();
  return { severity: 'wait', since: known[known.length - 1] ?? new Date(0), allowedSeconds };
}

/** What a controller reports as wrong: in a condition, or in the last of its events, where it has not succeeded since. */
function failureOf(state: ClusterState, object: Manifest): Pick<ClusterEvent, 'reason' | 'message'> | undefined {
  // Cilium's says whether its pools gave an address. Those with such a name are bad when they are true.
  const bad = listOf(object.status?.conditions).find(({ type, status, message }) => {
    return message && status === (/Error$/.test(type) ? 'True' : 'False');
  });
  if (bad) return { reason: bad.reason ?? bad.type, message: bad.message };
  const success =
    /^(EnsuredLoadBalancer|UpdatedLoadBalancer|IPAllocated|AddressAssigned|nodeAssigned|SuccessfullyReconciled)$/;
  const last = state.eventsOf(object).findLast(({ warns, reason }) => {
    return success.test(reason) || (warns && !NOISE.test(reason));
  });
  return last && !success.test(last.reason) ? last : undefined;
}

/** What creates the load balancer of a Service: a controller, or a class that no controller serves. @returns nothing if unknown */
function balancerOf(state: ClusterState, service: Manifest): 'controller' | (string & {}) | undefined {
  const { finalizers = [] } = service.metadata;
  const taken = finalizers.some((finalizer: string) => !FINALIZERS_OF_KUBERNETES.includes(finalizer));
  const spoken = state
    .eventsOf(service)
    .some(({ reason }) => /LoadBalancer|Allocat|Assigned|Reconciled|Model/.test(reason) && !NOISE.test(reason));
  if (taken || spoken) return 'controller';
  if (service.spec?.loadBalancerClass) return service.spec.loadBalancerClass;
  return state.ofKind('Node').some(isOfCloud) ? 'controller' : undefined;
}

interface IngressClass {
  readonly name?: string;
  readonly controller?: string;
  /** Why no controller can serve it. */
  readonly unknown?: string;
}

/** The class of an Ingress: the one that it names, or the default one. */
function classOf(state: ClusterState, { metadata, spec }: Manifest): IngressClass {
  const classes = state.ofKind('IngressClass');
  const named = spec?.ingressClassName;
  // The older way, by which controllers find an Ingress without an object for the class.
  const older = fieldsOf(metadata.annotations)['kubernetes.io/ingress.class'];
  const isDefault = (each: Manifest) =>
    fieldsOf(each.metadata.annotations)['ingressclass.kubernetes.io/is-default-class'] === 'true';
  const found = classes.find((each) => (named ? each.metadata.name === named : isDefault(each)));
  if (found) return { name: found.metadata.name, controller: found.spec?.controller };
  const name = named ?? older;
  if (!state.canRead('ingressclasses.networking.k8s.io') || (!named && older)) return { name };
  const list = classes.map(nameOf).join(', ') || 'none';
  return named
    ? { name, unknown: `its class ${named} does not exist. Existing classes: ${list}` }
    : { unknown: `names no class, and no class is the default. Existing classes: ${list}` };
}

/** What a listener refers to and does not find. */
function unresolved(listener: Fields): string | undefined {
  const refs = listOf(listener.conditions).find(({ type }) => type === 'ResolvedRefs');
  return refs?.status === 'False' ? refs.message : undefined;
}

interface HoldUp {
  /** Waiting does not help. */
  readonly failed?: boolean;
  readonly text?: string;
  readonly fix?: string;
}

function holdUp(state: ClusterState, certificate: Manifest): HoldUp {
  const { metadata, spec } = certificate;
  const issuer = state.named(spec?.issuerRef?.kind ?? 'Issuer', spec?.issuerRef?.name);
  const issued = issuer && conditionOf(issuer, 'Ready');
  if (issued && issued.status !== 'True') {
    const { kind, metadata: own } = issuer;
    const resource = `${kind.toLowerCase()}s.cert-manager.io`;
    const describe =
      kind === 'ClusterIssuer'
        ? state.clusterCommand('describe', resource, own.name)
        : state.command('describe', resource, own.name);
    return {
      text: `its ${kind} ${own.name} is not ready: ${issued.message}`,
      fix: advice('Fix what the issuer reports', describe),
    };
  }
  const newest = (kind: string, isOurs: (object: Manifest) => boolean) =>
    [...state.ofKind(kind)]
      .filter(isOurs)
      .sort((a, b) => String(b.metadata.creationTimestamp).localeCompare(String(a.metadata.creationTimestamp)));
  const stuck = newest('Challenge', ({ spec: own, status }) => {
    const names = [own?.dnsName, `*.${own?.dnsName}`];
    return status?.state !== 'valid' && names.some((name) => spec?.dnsNames?.includes(name));
  });
  const [challenge] = [...stuck.filter(isOver), ...stuck];
  const [order] = newest(
    'Order',
    ({ metadata: own }) => fieldsOf(own.annotations)['cert-manager.io/certificate-name'] === metadata.name,
  );
  const issuing = conditionOf(certificate, 'Issuing');
  const tries = state.command('describe', CERTIFICATES, metadata.name);
  if (challenge) {
    const { dnsName: host } = challenge.spec ?? {};
    const why = challenge.status?.reason || challenge.status?.state || 'waiting';
    const describe = state.command('describe', 'challenges.acme.cert-manager.io', challenge.metadata.name);
    return {
      failed: isOver(challenge),
      text: `${host} is not validated yet: ${why}`,
      fix: acmeAdvice(state, certificate, why, { host, type: challenge.spec?.type, describe }),
    };
  }
  if (order && isOver(order)) {
    // An order names no reason where its challenge has failed; that is gone a moment later.
    const why = order.status?.reason || issuing?.message || order.status?.state;
    const describe = state.command('describe', 'orders.acme.cert-manager.io', order.metadata.name);
    return {
      failed: true,
      text: `its order failed: ${why}`,
      fix: acmeAdvice(state, certificate, why, { host: spec?.dnsNames?.[0], describe }),
    };
  }
  // cert-manager tries again later, and says so here alone.
  if (issuing?.status === 'False' && issuing.reason === 'Failed') {
    const host = spec?.dnsNames?.[0];
    return {
      failed: true,
      text: `was not issued: ${issuing.message}`,
      fix: acmeAdvice(state, certificate, issuing.message ?? '', { host, describe: tries }),
    };
  }
  // Its issuer does not exist. An issuer of another group is not read.
  const { name: issuerName, kind = 'Issuer', group = 'cert-manager.io' } = fieldsOf(spec?.issuerRef);
  const readable = state.canRead(`${String(kind).toLowerCase()}s.cert-manager.io`);
  if (!issuer && issuerName && group === 'cert-manager.io' && readable)
    return {
      text: `its ${kind} ${issuerName} does not exist`,
      fix: advice(
        'Apply everything that synth wrote, or name an issuer that exists. The command lists the existing issuers',
        kind === 'ClusterIssuer'
          ? state.clusterCommand('get', 'clusterissuers.cert-manager.io')
          : state.command('get', 'issuers.cert-manager.io'),
      ),
    };
  return {};
}

/** Whether an order or a challenge will not succeed any more: https://cert-manager.io/docs/reference/api-docs/#acme.cert-manager.io/v1.State */
function isOver({ status }: Manifest): boolean {
  return ['invalid', 'errored', 'expired'].includes(status?.state);
}

interface Attempt {
  readonly host?: string;
  /** `HTTP-01` or `DNS-01`. @default HTTP-01 */
  readonly type?: string;
  /** Shows the order or the challenge. */
  readonly describe: string;
}

/** What to do about an error of an ACME server: RFC 8555, section 6.7, and how cert-manager words its own look before that. */
function acmeAdvice(
  state: ClusterState,
  { metadata }: Manifest,
  why: string,
  { host = 'the host', type = 'HTTP-01', describe }: Attempt,
): string {
  const again = state.commands.toolLine(['cmctl', 'renew', metadata.name]);
  const then =
    'cert-manager tries again after an hour or more. The last command makes it try at once, if the tool cmctl is installed';
  const [, kind] = /acme:error:(\w+)/.exec(why) ?? [];
  const lookUp = /no such host|NXDOMAIN|SERVFAIL|server misbehaving/i.test(why);
  if (kind === 'caa')
    return advice(
      `Add your issuer to the CAA record of the domain, or remove the record. The record names the authorities that may issue certificates for ${host}. For Let's Encrypt, add letsencrypt.org. ${then}`,
      describe,
      again,
    );
  if (kind === 'rateLimited') {
    const [, time] = /retry after (\d{4}-\d\d-\d\d[T ][\d:]+(?:Z| UTC)?)/i.exec(why) ?? [];
    return advice(
      `Wait ${time ? `until ${time}` : 'until the limit ends'}: no setting lifts the limit, and each earlier attempt fails. Keep the namespace and its Secrets, or cert-manager requests another certificate. cert-manager tries again by itself. After the limit ends, the last command makes it try at once, if the tool cmctl is installed`,
      describe,
      again,
    );
  }
  if (kind === 'rejectedIdentifier')
    return advice(
      `Use a public domain name that you own in the JUNJO_PROD_ URLs: the authority never issues certificates for ${host}`,
      describe,
    );
  if (/^dns-?01$/i.test(type))
    return advice(
      `Check whether the solver of the issuer can write the TXT record in the DNS zone of ${host}. Its credentials must be valid, and the zone must be the public one`,
      describe,
      `nslookup -type=TXT _acme-challenge.${host}`,
    );
  if (kind === 'dns' || (!kind && lookUp))
    return advice(
      `Point ${host} at the address of the edge in DNS, with an A, AAAA or CNAME record. ${kind ? then : 'cert-manager checks again by itself'}`,
      `nslookup ${host}`,
      describe,
      ...(kind ? [again] : []),
    );
  if (kind && !['connection', 'unauthorized', 'incorrectResponse', 'tls'].includes(kind))
    return advice(`Read why the ACME server rejected it. ${then}`, describe, again);
  return advice(
    `Make sure that ${host} reaches the edge on port 80, from the internet and from the cluster. ${kind ? then : 'cert-manager checks again by itself'}`,
    `curl -v http://${host}/.well-known/acme-challenge/x`,
    describe,
    ...(kind ? [again] : []),
  );
}
