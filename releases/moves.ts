import { type ReleaseLine, recommendedTag, type StoreFacts } from './release-line';

/** What happens to the spans when another release line starts on the volume. */
export type Move =
  /** It reads them. */
  | 'harmless'
  /** It does not read them. They stay on the volume. */
  | 'hidden'
  /** It fails to read them: traces do not open, and a write-ahead log of the old line stops every flush. */
  | 'unreadable';

/** What a move between two lines does to spans. */
export function moveOf(from: StoreFacts, to: StoreFacts): Move {
  if (from.spans !== to.spans) return 'hidden';
  return from.columnsSince === to.columnsSince ? 'harmless' : 'unreadable';
}

/** Names the stores of a line, and of every other that reads them: `Parquet 0.82.0`. */
export function schemaOf({ spans, columnsSince }: StoreFacts): string {
  return `${spans} ${columnsSince}`;
}

/** How a step from one line to another is written in `JUNJO_K8S_ACCEPT_DATA_LOSS`. */
export function stepName(from: ReleaseLine, to: ReleaseLine): string {
  return `${from.name}-to-${to.name}`;
}

/** The steps to a line that lose something. */
export function losingSteps(to: ReleaseLine, lines: readonly ReleaseLine[]): readonly string[] {
  return lines.filter((from) => moveOf(from.stores, to.stores) !== 'harmless').map((from) => stepName(from, to));
}

/** What the lines of one schema keep, and what another line does to it. */
export interface SchemaFacts {
  readonly schema: string;
  /** Lines that write and read it, oldest first. */
  readonly lines: readonly string[];
  /** The tag to go back to. */
  readonly release: string;
  readonly stores: StoreFacts;
  readonly move: Move;
}

/** Every schema that a volume may hold, oldest first, as a line sees it. */
export function schemasFor(to: ReleaseLine, lines: readonly ReleaseLine[]): readonly SchemaFacts[] {
  const schemas = [...new Set(lines.map(({ stores }) => schemaOf(stores)))];
  return schemas.flatMap((schema) => {
    const own = lines.filter(({ stores }) => schemaOf(stores) === schema);
    const newest = own[own.length - 1];
    if (!newest) return [];
    const { stores } = newest;
    return [
      {
        schema,
        lines: own.map(({ name }) => name),
        release: recommendedTag(newest),
        stores,
        move: moveOf(stores, to.stores),
      },
    ];
  });
}
