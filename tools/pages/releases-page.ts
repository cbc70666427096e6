import { posix } from 'node:path';
import { stopIngestion } from '../../charts/start-and-stop';
import { withCredentials } from '../../cluster/first-user';
import { internalServiceNames, workloadNames } from '../../config/names';
import { listed } from '../../config/text';
import {
  componentsOf,
  type Effect,
  hasOneHost,
  moveOf,
  nameOfUsers,
  needsBackendFirst,
  type ReleaseLine,
  recommendedTag,
  stepName,
  uiOf,
} from '../../releases';
import { type Parts, table } from './page';

const allButTheEdge = "kubectl apply -f dist/foundation $(ls dist/*.yaml | grep -v 70-edge | sed 's/^/-f /')";

/** What an operator must know of each release: the generated parts of `docs/releases.md`. */
export function releasesPage(lines: readonly ReleaseLine[]): Parts {
  return {
    lines: table(
      ['line', 'tags', 'containers', 'stores', 'UI', 'API', 'spans', 'largest body of a request'],
      lines.map((line) => [
        line.name,
        line.tags.join(', '),
        componentsOf(line).join(', '),
        line.stores.description,
        `${uiOf(line, 'production').published[0]}`,
        hasOneHost(line) ? 'the same host and port' : `${line.ports.backend.http}`,
        `${line.ports.ingestion.otlp}`,
        line.api.bodyLimitMb ? `${line.api.bodyLimitMb} MB, above which the API answers 413` : 'what the edge allows',
      ]),
    ),
    access: table(
      ['line', 'spans need a sign-in', 'what ends every session', 'a revoked API key works for'],
      rowsOf(lines, (line) => [signIn(line), sessionsEnd(line), keyTrust(line)]),
    ),
    'start-and-stop': table(
      [
        'line',
        'how ingestion is probed',
        'what it does while the backend does not answer',
        'what it does when it is stopped',
      ],
      rowsOf(lines, (line) => [probe(line), withoutBackend(line), stop(line)]),
    ),
    losses: losses(lines),
    sdk: sdks(lines),
    pairs: pairs(lines),
    moves: lines
      .slice(1)
      .map((to, index) => move(lines[index] ?? to, to))
      .join('\n\n'),
  };
}

function signIn({ api }: ReleaseLine): string {
  return api.spansNeedSignIn ? 'yes' : `no: anyone who reaches the API can read \`${api.spansPath}\``;
}

function sessionsEnd({ api }: ReleaseLine): string {
  if (api.cookie === 'stored') {
    return 'nothing: a sign-out ends only its own session, and a restore brings back the sessions of the backup';
  }
  return api.cookie === 'signed'
    ? 'a new `JUNJO_SESSION_SECRET`. A new `JUNJO_SECURE_COOKIE_KEY` is not enough'
    : 'a new `JUNJO_SESSION_SECRET` or `JUNJO_SECURE_COOKIE_KEY`';
}

function keyTrust({ ingestion: { keyTrustedFor: trust }, variables }: ReleaseLine): string {
  if (typeof trust === 'number') return `${trust} s`;
  const { default: seconds } = variables.find(({ name }) => name === trust.variable) ?? {};
  return `\`${trust.variable}\` (${seconds} s)`;
}

function probe({ ingestion, ports }: ReleaseLine): string {
  const { internalGrpc } = ports.ingestion;
  return ingestion.health === 'grpc'
    ? `gRPC health service on ${internalGrpc}`
    : `TCP port ${internalGrpc}: no health service`;
}

function withoutBackend(line: ReleaseLine): string {
  const { ingestion, ports } = line;
  if (ingestion.waitsForBackend) {
    const answers = `${internalServiceNames.backend}:${ports.backend.internalGrpc} answers`;
    return `At the start, ingestion opens no port until ${answers}. Later, it answers \`${ingestion.uncheckedKey}\`. Exporters do not retry, and spans are lost`;
  }
  return needsBackendFirst(line)
    ? `It answers \`${ingestion.uncheckedKey}\`. Exporters do not retry, and spans are lost. At the start, an init container waits for the backend`
    : `It answers \`${ingestion.uncheckedKey}\`. Exporters retry for a while`;
}

function stop({ ingestion, stores }: ReleaseLine): string {
  if (ingestion.stop !== 'ignores SIGTERM') {
    const then = stores.logPath ? 'writes what is pending to its write-ahead log' : 'closes its store';
    return `It finishes open streams and ${then}, in at most ${ingestion.stop.drainSeconds} s`;
  }
  const { terminationGracePeriodSeconds: seconds } = stopIngestion(ingestion);
  const written = `By then, the last ${ingestion.unwrittenSeconds} s of spans are written`;
  return `It ignores SIGTERM. A proxy in its pod closes the connections, and Kubernetes kills ingestion ${seconds} s later. ${written}`;
}

/** Every tag with its day and its SDK, and the tags without a known image. */
function sdks(lines: readonly ReleaseLine[]): string {
  const tags = lines.flatMap((line) => line.tags.map((tag) => ({ tag, line })));
  const rows = table(
    ['release', 'released on', 'Python SDK'],
    tags.map(({ tag, line }) => [tag, line.released?.[tag] ?? 'unknown', line.sdk?.[tag] ?? 'unknown']),
  );
  const doubts = tags.flatMap(({ tag, line }) => (line.unproven?.[tag] ? [`- ${tag} ${line.unproven[tag]}.`] : []));
  return [rows, ...(doubts.length > 0 ? [doubts.join('\n')] : [])].join('\n\n');
}

/** Which acknowledged spans are lost, and the tags that lose more. */
function losses(lines: readonly ReleaseLine[]): string {
  const faults = lines.flatMap((line) =>
    Object.entries(line.faults ?? {}).map(([tag, fault]) => `- ${tag} ${fault}. Use ${recommendedTag(line)}.`),
  );
  const rows = table(
    ['line', 'lost if the container is killed (out of memory, liveness probe)', 'lost if the volume is full'],
    rowsOf(lines, (line) => [onKill(line), onFullVolume(line)]),
  );
  return [rows, ...(faults.length > 0 ? [faults.join('\n')] : [])].join('\n\n');
}

function onKill({ ingestion: { unwrittenSeconds } }: ReleaseLine): string {
  return unwrittenSeconds > 0 ? `spans of the last ${unwrittenSeconds} s` : 'none';
}

function onFullVolume({ ingestion: { failedWrite }, variables }: ReleaseLine): string {
  if (failedWrite === 'acknowledged') return 'all new spans: ingestion acknowledges them without storing them';
  const { default: count } = variables.find(({ name }) => name === failedWrite.variable) ?? {};
  const waiting = `up to ${count} spans (\`${failedWrite.variable}\`) that wait in memory, if ingestion ends before there is room`;
  return `${waiting}. It refuses further spans with \`${failedWrite.status}\`, and exporters do not retry`;
}

/** The values that lines have of a fact, each with the names of its lines. */
function distinct(
  lines: readonly ReleaseLine[],
  fact: (line: ReleaseLine) => string,
  nameOf = ({ name }: ReleaseLine) => name,
): readonly (readonly [string, readonly string[]])[] {
  return [...new Set(lines.map(fact))].map((value) => [
    value,
    lines.filter((line) => fact(line) === value).map(nameOf),
  ]);
}

/** A row of a table for each set of lines with the same facts. */
export function rowsOf(
  lines: readonly ReleaseLine[],
  factsOf: (line: ReleaseLine) => readonly string[],
  nameOf?: (line: ReleaseLine) => string,
): readonly (readonly string[])[] {
  return distinct(lines, (line) => JSON.stringify(factsOf(line)), nameOf).map(([facts, names]) => [
    listed(names),
    ...(JSON.parse(facts) as string[]),
  ]);
}

/** In the order of the table: what happens to the data, why, and what lets the release start. */
const EFFECTS: readonly (readonly [Effect, string, (from: ReleaseLine, to: ReleaseLine) => string, string])[] = [
  ['harmless', 'everything stays', () => 'the same database and the same columns', 'nothing is needed'],
  [
    'flush first',
    'everything stays, except spans that are left in the write-ahead log',
    () => 'columns of files are read by name, and those of the log by position',
    'a flush, or the setting',
  ],
  [
    'misunderstood',
    'traces stay, and workflow graphs do not show',
    () => 'SDKs send workflows in another format. Only the mark on the volume records the line',
    'the setting, or `set-aside`',
  ],
  [
    'unreadable',
    'old traces do not open, and spans that are left in the write-ahead log stop every flush',
    () => 'files have other columns',
    'a flush, and then the setting, or files put aside',
  ],
  [
    'hidden',
    'spans stay on the volume, and do not show',
    (_, { name, stores }) =>
      `another kind of store${stores.usersTable ? `. It also needs a database that ${name} made` : ''}`,
    'the setting',
  ],
  [
    'refused',
    'the backend does not start',
    ({ stores }) => `it refuses a user database with ${nameOfUsers(stores.usersSchema)}`,
    '`set-aside`',
  ],
];

/** What every move between two lines does, equal ones in one row. */
function pairs(lines: readonly ReleaseLine[]): string {
  const rows = EFFECTS.flatMap(([effect, what, why, way]) => {
    const targets = (from: ReleaseLine, reason: string) =>
      lines.filter((to) => moveOf(from, to) === effect && why(from, to) === reason).map(({ name }) => name);
    const found = lines.flatMap((from) =>
      [...new Set(lines.map((to) => why(from, to)))].map(
        (reason) => [targets(from, reason), reason, from.name] as const,
      ),
    );
    const groups = new Map(
      found
        .filter(([to, , from]) => to.some((name) => name !== from))
        .map((row) => [JSON.stringify(row.slice(0, 2)), row] as const),
    );
    return [...groups].map(([key, [to, reason]]) => {
      const from = found.filter((row) => JSON.stringify(row.slice(0, 2)) === key).map(([, , name]) => name);
      return [listed(from), listed(from) === listed(to) ? 'each other' : listed(to), what, reason, way];
    });
  });
  return table(['from', 'to', 'what happens to the data', 'why', 'what lets it start'], rows);
}

/** What a move from one line to the next does to the data, and what to do. */
function move(from: ReleaseLine, to: ReleaseLine): string {
  const [before, after] = [from.ports.ingestion.otlp, to.ports.ingestion.otlp];
  const ports =
    before === after
      ? []
      : [`Applications send to port ${after} instead of ${before}, unless they send through the edge.`];
  return `### ${from.name} to ${to.name}\n\n${steps(from, to, ports).join('\n')}`;
}

function steps(from: ReleaseLine, to: ReleaseLine, ports: readonly string[]): readonly string[] {
  switch (moveOf(from, to)) {
    case 'refused':
      return setAside(from, to);
    case 'hidden':
      return [
        `Users and API keys stay. The spans of ${from.name} (${from.stores.description}) stay on the volume, but ${to.name} does not`,
        ...[`read them. ${ports.join(' ')}`.trim(), ''],
        `- To continue without these spans, set \`JUNJO_K8S_ACCEPT_DATA_LOSS=${stepName(from, to)}\`.`,
        `- To go back, set \`JUNJO_K8S_RELEASE=${recommendedTag(from)}\`. This needs a user database that ${from.name} made, because a database of`,
        '  a later line lacks a table.',
      ];
    case 'unreadable':
    case 'flush first':
      return flushAndMove(from, to);
    case 'misunderstood':
      return [
        `Users, API keys, and spans stay. ${to.name} opens the traces of ${from.name}, but does not show their workflow graphs. Upstream`,
        'asks for an empty volume. Files do not show which line wrote them; the guard reads the mark on the volume.',
        '',
        `- To start with an empty volume and keep the old data, follow the steps [from 0.82 to 0.83](#082-to-083) with ${recommendedTag(to)}.`,
        `- To keep the spans in use, set \`JUNJO_K8S_ACCEPT_DATA_LOSS=${stepName(from, to)}\`. To go back, set it to`,
        `  \`${stepName(to, from)}\`.`,
      ];
    case 'harmless':
      return [['Users, API keys, and spans stay.', ...ports].join(' ')];
  }
}

function setAside(from: ReleaseLine, to: ReleaseLine): readonly string[] {
  const [had, wants] = [from, to].map(({ stores }) => nameOfUsers(stores.usersSchema));
  const why = [
    `The user database has ${had} in ${from.name}, and ${wants} in ${to.name}. Nothing converts it: the backend of ${to.name} would`,
    `crash at every start, and no setting changes that. So move the data of ${from.name} into a folder on the volume, and start with an`,
    'empty studio.',
  ];
  if (hasOneHost(to) && !hasOneHost(from)) {
    return [
      ...why,
      `Follow the steps [from 0.82 to 0.86](runbook.md#from-082-to-086), with ${recommendedTag(from)} instead of 0.82.1.`,
    ];
  }
  return [
    ...why,
    '',
    '1. Stop the applications that send spans, and [take a backup](runbook.md#back-up).',
    `2. Set \`JUNJO_K8S_RELEASE=${recommendedTag(to)}\` and the settings that it needs, and render. Close the edge, because anyone can create`,
    '   the first user of an empty studio. Apply the rest. The guard stops the backend:',
    '',
    fenced(
      ['kubectl -n junjo-ai-studio delete --ignore-not-found ingress/junjo-ai-studio', allButTheEdge].join(' &&\n'),
    ),
    '',
    '   With a Gateway, delete `httproute/junjo-ai-studio-ui` and `httproute/junjo-ai-studio-api` instead of the Ingress.',
    '',
    `3. Move the data into a folder on the volume. Do this after step 2, or ${from.name} creates its database again. The command prints`,
    '   how to bring the data back:',
    '',
    fenced('npm run set-aside'),
    '',
    '4. Create [the first user](apply.md#create-the-first-user) through a forwarded port. Then open the edge, and create API keys for the applications:',
    '',
    fenced('kubectl apply -f dist/foundation -f dist/'),
    '',
    `To go back, set the release to ${recommendedTag(from)}, render, and apply. Then run \`npm run set-aside -- --back FOLDER\`.`,
  ];
}

function flushAndMove(from: ReleaseLine, to: ReleaseLine): readonly string[] {
  const spans = posix.dirname(from.environment.backend.JUNJO_PARQUET_STORAGE_PATH ?? `${from.dataPath}/spans/parquet`);
  const aside = `${spans}-${from.name}`;
  const { backend, ingestion } = workloadNames;
  return [
    `Users and API keys stay. ${to.name} writes spans with more columns, and converts nothing. If spans of ${from.name} are left in the`,
    `write-ahead log, every flush of ${to.name} fails, and new spans never show. Traces in old files do not open.`,
    '',
    '1. Stop the applications that send spans.',
    '2. Sign in, and flush the write-ahead log:',
    '',
    fenced(withCredentials(`curl --fail -c cookies https://api.example.com${from.api.signInPath}`).join('\n')),
    '',
    fenced(
      [`curl --fail -b cookies -X POST https://api.example.com${from.stores.flushPath}`, 'rm cookies'].join(' &&\n'),
    ),
    '',
    '3. Stop ingestion, and put its files aside. The backend still runs and has the volume:',
    '',
    fenced(
      [
        `kubectl -n junjo-ai-studio scale deployment ${ingestion} --replicas=0`,
        `kubectl -n junjo-ai-studio wait --for=delete pod -l app.kubernetes.io/component=ingestion --timeout=5m`,
        // With -T it fails, and does not move into a folder of that name, which is there after a second try.
        `kubectl -n junjo-ai-studio exec deployment/${backend} -c backend -- mv -T ${spans} ${aside}`,
      ].join(' &&\n'),
    ),
    '',
    `4. Set \`JUNJO_K8S_RELEASE=${recommendedTag(to)}\` and the settings that it needs, render, and apply.`,
    '',
    ...wayBack(from, to, spans),
  ];
}

function wayBack(from: ReleaseLine, to: ReleaseLine, spans: string): readonly string[] {
  const exchange = [
    `stop ingestion as in step 3, \`mv -T ${spans} ${spans}-${to.name}\` and`,
    `\`mv -T ${spans}-${from.name} ${spans}\`. Then set the release to ${recommendedTag(from)}, render, and apply.`,
  ];
  if (moveOf(to, from) !== 'flush first') return [`To go back, ${exchange[0]}`, exchange[1] ?? ''];
  return [
    `To go back, stop the applications that send spans, and flush as in step 2. Set the release to ${recommendedTag(from)}, render, and`,
    `apply. ${from.name} reads the files that ${to.name} wrote. It mixes up the columns of spans that are left in the write-ahead log, so do`,
    `not leave out the flush. You may keep settings that only ${to.name} reads: synth prints a note.`,
    '',
    `To go back to the old spans instead, ${exchange[0]}`,
    exchange[1] ?? '',
  ];
}

function fenced(commands: string): string {
  return `\`\`\`bash\n${commands}\n\`\`\``;
}
