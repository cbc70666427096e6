/** A request as a fault or a test sees it. */
export interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly raw: Buffer;
}

/** What goes wrong with a request. */
export type Fault =
  /** The server answers with this status and a message, and does nothing. */
  | { readonly kind: 'status'; readonly code: number; readonly reason: string; readonly message: string }
  /** The connection breaks before the server did anything. */
  | { readonly kind: 'reset' }
  /** The server does what was asked, and the connection breaks before the answer. */
  | { readonly kind: 'lost answer' }
  /** Nothing ever comes back. */
  | { readonly kind: 'hang' }
  /** The stream of an exec breaks after so many bytes from the container, or to it. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The stream of an exec ends after so many bytes as if the command had ended well. */
  | { readonly kind: 'short'; readonly afterBytes: number }
  /** The stream of an exec goes silent after so many bytes, and stays open. */
  | { readonly kind: 'stall'; readonly afterBytes: number };

/** Which requests a fault hits. */
export interface FaultRule {
  readonly when: (request: SeenRequest) => boolean;
  readonly fault: Fault;
  /** How many of them it hits. @default every one */
  readonly times?: number;
}

/** The faults that are laid for a server. */
export class Faults {
  private rules: { rule: FaultRule; left: number }[] = [];

  add(rule: FaultRule): void {
    this.rules.push({ rule, left: rule.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.rules = [];
  }

  /** The fault that hits a request; it is used up by that. */
  of(request: SeenRequest): Fault | undefined {
    const hit = this.rules.find(({ rule, left }) => left > 0 && rule.when(request));
    if (hit) hit.left -= 1;
    return hit?.rule.fault;
  }
}

export const unavailable: Fault = { kind: 'status', code: 500, reason: 'InternalError', message: 'etcd is away' };

/** A fault for the request of that number, so that neighbours get different ones. */
export function faultOf(method: string, step: number): Fault {
  const reads: readonly Fault[] = [unavailable, { kind: 'reset' }, { kind: 'hang' }];
  const writes: readonly Fault[] = [unavailable, { kind: 'lost answer' }];
  const faults = method === 'GET' ? reads : writes;
  return faults[step % faults.length] ?? unavailable;
}

/** Hits the request of that number, counted from now on without those for discovery, which kubectl remembers. */
export function atStep(step: number, fault: Fault): FaultRule {
  let asked = -1;
  const when = ({ path }: SeenRequest) => {
    if (/^\/(api|apis|version|openapi\/.*)(\/v1|\/[^/]+\/[^/]+)?$/.test(path)) return false;
    asked += 1;
    return asked === step;
  };
  return { when, fault };
}
