import type { EdgeNeed } from '../edge-needs';

/** Annotations of an object. */
export type Annotations = Readonly<Record<string, string>>;

/** What annotations depend on. */
export interface EdgeFacts {
  /** The Service for spans, and the port of it that the edge connects to. */
  readonly spans: { readonly service: string; readonly port: number };
  /** CIDRs that can reach UI and API; at least one. */
  readonly sourceRanges: readonly string[];
  /** The load balancer has no address on the internet. */
  readonly internal: boolean;
}

/** How a controller meets one need of the edge. */
export interface EdgeAnswer {
  /** Where the controller's documentation or source says so. */
  readonly source: string;
  /** Annotations of the Ingress for UI and API. @default none */
  readonly web?: (facts: EdgeFacts) => Annotations;
  /** Annotations of the Ingress for spans. @default none */
  readonly spans?: (facts: EdgeFacts) => Annotations;
  /** Annotations of the Ingress for OTLP/HTTP. @default none */
  readonly otlpHttp?: (facts: EdgeFacts) => Annotations;
  /** Annotations of the Services of UI and API. @default none */
  readonly webServices?: Readonly<Record<'ui' | 'api', Annotations>>;
  /** Annotations of the Service for spans. @default none */
  readonly spansService?: (facts: EdgeFacts) => Annotations;
  /** What does it, if not annotations alone: an object beside the Ingress, the controller by default, or a condition. */
  readonly by?: string;
  /** Why an Ingress cannot do it with this controller. @default it can */
  readonly cannot?: string;
}

/** A controller of Ingresses. */
export interface IngressController {
  /** Its official name. */
  readonly name: string;
  /** Names of the classes that it usually has. @default none: only `JUNJO_K8S_INGRESS_CONTROLLER` selects it */
  readonly classes?: RegExp;
  /** Where it takes certificates from: Secrets of the namespace, itself, or the cloud. */
  readonly certificates: 'secrets' | 'itself' | 'cloud';
  /** Needs custom resources, for example for HSTS: charts/ingress-controllers/. @default none */
  readonly objects?: 'traefik' | 'kong';
  /** Uses HTTP/2 to a backend only over TLS, so spans need a sidecar that terminates TLS. @default false */
  readonly tlsToBackend?: boolean;
  /** Serves a host from one Ingress only, so the Ingress of the HTTP-01 solver has no effect. @default false */
  readonly oneIngressPerHost?: boolean;
  /** Applies the source ranges of one Ingress to its host in all others, so they block the HTTP-01 solver. @default false */
  readonly rangesHoldForHost?: boolean;
  /** It runs outside the cluster, where network policies cannot select it. @default false: it runs in pods */
  readonly outsideCluster?: boolean;
  /** What the controller needs, in full sentences. */
  readonly conditions: readonly string[];
  /** Printed at each render. @default nothing */
  readonly note?: string;
  readonly answers: Readonly<Record<EdgeNeed, EdgeAnswer>>;
}

/** Annotations that all have one prefix. */
export function prefixed(prefix: string, settings: Annotations): Annotations {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`${prefix}${key}`, value]));
}
