import type { EdgeNeed } from '../edge-needs';

/** Annotations of an object. */
export type Annotations = Readonly<Record<string, string>>;

/** What annotations depend on. */
export interface EdgeFacts {
  /** The Service for spans, and the port of it that the edge connects to. */
  readonly spans: { readonly service: string; readonly port: number };
  /** CIDRs from which UI and API may be seen; at least one. */
  readonly sourceRanges: readonly string[];
}

/** How a controller does one of the things that the edge has to do. */
export interface EdgeAnswer {
  /** Where the controller's documentation or source says so. */
  readonly source: string;
  /** Annotations of the Ingress for UI and API. @default none */
  readonly web?: (facts: EdgeFacts) => Annotations;
  /** Annotations of the Ingress for spans. @default none */
  readonly spans?: (facts: EdgeFacts) => Annotations;
  /** Annotations of the Services of UI and API. @default none */
  readonly webServices?: Readonly<Record<'ui' | 'api', Annotations>>;
  /** Annotations of the Service for spans. @default none */
  readonly spansService?: (facts: EdgeFacts) => Annotations;
  /** What does it where annotations alone do not: an object beside the Ingress, the controller by itself, a condition. */
  readonly by?: string;
  /** Why it cannot be done with an Ingress on this controller. @default it can */
  readonly cannot?: string;
}

/** A controller of Ingresses. */
export interface IngressController {
  /** As its makers call it. */
  readonly name: string;
  /** Names of the classes that it usually has. @default none: only `JUNJO_K8S_INGRESS_CONTROLLER` tells */
  readonly classes?: RegExp;
  /** `secrets`: of the namespace, as cert-manager writes them. Else who has them instead. */
  readonly certificates: 'secrets' | 'itself' | 'cloud';
  /** Redirect, HSTS and the like are objects of its own. @default none */
  readonly objects?: 'traefik' | 'kong';
  /** Speaks HTTP/2 to a backend over TLS only, so that spans need a sidecar that ends it. @default false */
  readonly tlsToBackend?: boolean;
  /** Serves a host from one Ingress alone, so that the solver of HTTP-01, with one of its own, is not reached. @default false */
  readonly oneIngressPerHost?: boolean;
  /** Source ranges of one Ingress hold for its hosts in every other, so that the solver of HTTP-01 is shut off. @default false */
  readonly rangesHoldForHost?: boolean;
  /** It connects from outside the cluster, so that no policy can tell it from others. @default false, it runs in pods */
  readonly outsideCluster?: boolean;
  /** What must be there or be set in the controller, in full sentences. */
  readonly conditions: readonly string[];
  /** Said at each render, where a person should reconsider. @default nothing */
  readonly note?: string;
  readonly answers: Readonly<Record<EdgeNeed, EdgeAnswer>>;
}

/** Annotations that all have one prefix. */
export function prefixed(prefix: string, settings: Annotations): Annotations {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`${prefix}${key}`, value]));
}
