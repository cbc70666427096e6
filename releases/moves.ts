import type { ReleaseLine, UsersSchema } from './release-line';

/** What happens to the data when another release line starts on the volume, worst first. */
export type Effect =
  /** It does not start: its backend refuses the database of users. */
  | 'refused'
  /** It does not read the spans. They stay on the volume. */
  | 'hidden'
  /** It fails to read the spans: traces do not open, and a write-ahead log of the old line stops every flush. */
  | 'unreadable'
  /** It reads the spans, but does not understand the workflows in them. Only the mark on the volume shows that. */
  | 'misunderstood'
  /** It reads the spans, but garbles those that are still in the write-ahead log. */
  | 'flush first'
  /** It reads everything. */
  | 'harmless';

/** What a move between two lines does to the data. */
export function moveOf(from: ReleaseLine, to: ReleaseLine): Effect {
  return hasUsersOf(from.stores.usersSchema, to.stores.usersSchema) ? spansMove(from, to) : 'refused';
}

/** The same for spans alone, on a volume with no database of users, or one that the line reads. */
export function spansMove({ stores: from }: ReleaseLine, { stores: to }: ReleaseLine): Exclude<Effect, 'refused'> {
  if (from.spans !== to.spans) return 'hidden';
  const [had, wants] = [from.columns?.count ?? 0, to.columns?.count ?? 0];
  if (had !== wants && !(had > wants && to.readsFurtherColumns)) return 'unreadable';
  const contracts = [from.telemetryContract, to.telemetryContract];
  if (contracts[0] !== contracts[1] && !contracts.includes(undefined)) return 'misunderstood';
  return had === wants ? 'harmless' : 'flush first';
}

function hasUsersOf(one: UsersSchema, other: UsersSchema): boolean {
  return nameOfUsers(one) === nameOfUsers(other);
}

/** Names the schema of a database of users as the guard and documents do: `revision c7cc17a2bbe9` or `version 4`. */
export function nameOfUsers(schema: UsersSchema): string {
  return 'alembic' in schema ? `revision ${schema.alembic}` : `version ${schema.userVersion}`;
}

/** Names the stores of a line, and of every other of its family: `Parquet 0.82.0`. */
export function schemaOf({ stores: { spans, since } }: ReleaseLine): string {
  return `${spans} ${since}`;
}

/** How a step from one line to another is written in `JUNJO_K8S_ACCEPT_DATA_LOSS`. */
export function stepName(from: ReleaseLine, to: ReleaseLine): string {
  return `${from.name}-to-${to.name}`;
}

/** The steps to a line that lose something, but that a user may accept. */
export function losingSteps(to: ReleaseLine, lines: readonly ReleaseLine[]): readonly string[] {
  return lines.filter((from) => !['refused', 'harmless'].includes(moveOf(from, to))).map((from) => stepName(from, to));
}
