/** What a box of the picture stands for. Each kind looks different. */
export type NodeKind = 'outside' | 'edge' | 'workload' | 'data' | 'secret';

/** A box of the picture. */
export interface DiagramNode {
  readonly id: string;
  readonly kind: NodeKind;
  /** Text of the box; the first line is its name. */
  readonly lines: readonly string[];
  /** Whether it is in the namespace of the studio. */
  readonly inside: boolean;
}

/** What an arrow of the picture stands for. */
export type EdgeKind = 'flow' | 'open' | 'data' | 'secret';

/** An arrow of the picture. */
export interface DiagramEdge {
  readonly from: string;
  readonly to: string;
  /** `open`: without TLS; `data`: mounts; `secret`: reads keys. */
  readonly kind: EdgeKind;
  readonly lines: readonly string[];
}

/** A studio as a picture shows it. */
export interface Diagram {
  readonly title: string;
  readonly nodes: readonly DiagramNode[];
  readonly edges: readonly DiagramEdge[];
  /** Facts that no arrow can show. */
  readonly notes: readonly string[];
}
