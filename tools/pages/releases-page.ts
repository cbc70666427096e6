import { posix } from 'node:path';
import { stopIngestion } from '../../charts/start-and-stop';
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

/**
 * Calls the API with an e-mail address and a password that it asks for, in bash and zsh. The password is in no history of a shell,
 * and in no list of processes: printf is part of the shell, and the others read it from a pipe. It is one command, because a shell
 * would take pasted lines behind `read` for the password.
 */
function withCredentials(curl: string): string {
  return [
    "printf 'E-mail: ' && read -r email && printf 'Password: ' && IFS= read -rs password && \\",
    `  password=$(printf %s "$password" | sed 's/["\\\\]/\\\\&/g') && \\`,
    `  printf '{"email":"%s","password":"%s"}' "$email" "$password" | \\`,
    `  ${curl} -H 'content-type: application/json' --data-binary @-`,
  ].join('\n');
}

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
      lines.map((line) => [line.name, signIn(line), sessionsEnd(line), keyTrust(line)]),
    ),
    'first-user': distinct(lines, ({ api }) => api.firstUserPath)
      .map(([path, names]) => `On ${listed(names)}:\n\n${claimFirstUser(path).map(fenced).join('\n\n')}`)
      .join('\n\n'),
    'start-and-stop': table(
      ['line', 'ingestion is probed', 'while the backend does not answer', 'on a stop'],
      lines.map((line) => [line.name, probe(line), withoutBackend(line), stop(line)]),
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
  return api.spansNeedSignIn ? 'yes' : `no: \`${api.spansPath}\` is open to everybody who reaches the API`;
}

function sessionsEnd({ api }: ReleaseLine): string {
  if (api.cookie === 'stored') {
    return 'no secret: a sign-out ends its own session, and a restore brings back those of the backup';
  }
  return api.cookie === 'signed'
    ? 'a new `JUNJO_SESSION_SECRET`; a new `JUNJO_SECURE_COOKIE_KEY` alone ends none'
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
    return `opens no port until ${internalServiceNames.backend}:${ports.backend.internalGrpc} answers; later, \`${ingestion.uncheckedKey}\`, which exporters do not retry: spans are lost`;
  }
  return needsBackendFirst(line)
    ? `\`${ingestion.uncheckedKey}\`, which exporters do not retry: spans are lost. An init container makes the first start wait`
    : `\`${ingestion.uncheckedKey}\`, which exporters retry for a while`;
}

function stop({ ingestion, stores }: ReleaseLine): string {
  if (ingestion.stop !== 'ignores SIGTERM') {
    const then = stores.logPath ? 'writes what is pending to its write-ahead log' : 'closes its store';
    return `drains its streams and ${then}, in at most ${ingestion.stop.drainSeconds} s`;
  }
  const { terminationGracePeriodSeconds: seconds } = stopIngestion(ingestion);
  return `ignores SIGTERM: a proxy in its pod closes the connections, and ingestion is killed ${seconds} s later, when the last ${ingestion.unwrittenSeconds} s of spans are written`;
}

/** Every tag with its day and its SDK, and the tags whose images nobody has seen. */
function sdks(lines: readonly ReleaseLine[]): string {
  const tags = lines.flatMap((line) => line.tags.map((tag) => ({ tag, line })));
  const rows = table(
    ['release', 'released on', 'Python SDK'],
    tags.map(({ tag, line }) => [tag, line.released?.[tag] ?? 'not known', line.sdk?.[tag] ?? 'not known']),
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
    ['line', 'when its container is killed, as for its memory or by its liveness probe', 'when the volume is full'],
    lines.map((line) => [line.name, onKill(line), onFullVolume(line)]),
  );
  return [rows, ...(faults.length > 0 ? [faults.join('\n')] : [])].join('\n\n');
}

function onKill({ ingestion: { unwrittenSeconds } }: ReleaseLine): string {
  return unwrittenSeconds > 0 ? `spans of the last ${unwrittenSeconds} s` : 'none';
}

function onFullVolume({ ingestion: { failedWrite }, variables }: ReleaseLine): string {
  if (failedWrite === 'acknowledged') return 'all that arrive: ingestion acknowledges them as if it had stored them';
  const { default: count } = variables.find(({ name }) => name === failedWrite.variable) ?? {};
  return `up to ${count} (\`${failedWrite.variable}\`), which wait in memory, if ingestion ends before there is room. It refuses others with \`${failedWrite.status}\`, which exporters do not retry`;
}

function claimFirstUser(path: string): readonly string[] {
  return [
    [
      allButTheEdge,
      'kubectl -n junjo-ai-studio wait deployment --all --for=condition=Available --timeout=10m',
      `kubectl -n junjo-ai-studio port-forward service/${workloadNames.backend} 8080:http &`,
    ].join('\n'),
    withCredentials(`curl --retry 5 --retry-connrefused http://localhost:8080${path}`),
    ['kill %1', 'kubectl apply -f dist/foundation -f dist/'].join('\n'),
  ];
}

/** The values that lines have of a fact, each with the names of its lines. */
function distinct(
  lines: readonly ReleaseLine[],
  fact: (line: ReleaseLine) => string,
): readonly (readonly [string, readonly string[]])[] {
  return [...new Set(lines.map(fact))].map((value) => [
    value,
    lines.filter((line) => fact(line) === value).map(({ name }) => name),
  ]);
}

/** In the order of the table: what becomes of the data, why, and what lets the release start. */
const EFFECTS: readonly (readonly [Effect, string, (from: ReleaseLine, to: ReleaseLine) => string, string])[] = [
  ['harmless', 'everything stays', () => 'the same database and the same columns', 'nothing is needed'],
  [
    'flush first',
    'everything stays, except what is left in the write-ahead log',
    () => 'files are read by the names of their columns, and the log by their order',
    'a flush, or the setting',
  ],
  [
    'misunderstood',
    'spans show, and graphs of workflows do not',
    () => 'SDKs send them in another way; only the mark on the volume tells',
    'the setting, or `set-aside`',
  ],
  [
    'unreadable',
    'old traces do not open, and a write-ahead log that is left over stops every flush',
    () => 'files have other columns',
    'a flush, and then the setting or files put aside',
  ],
  [
    'hidden',
    'spans do not show, and stay on the volume',
    (_, { name, stores }) =>
      `another kind of store${stores.usersTable ? `; it also needs a database that ${name} made` : ''}`,
    'the setting',
  ],
  [
    'refused',
    'it does not start',
    ({ stores }) => `its backend refuses a database of users with ${nameOfUsers(stores.usersSchema)}`,
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
  return table(['from', 'to', 'what becomes of the data', 'why', 'what lets it start'], rows);
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
        `Users and API keys stay. ${to.name} does not read the spans of ${from.name} (${from.stores.description}); they stay on the`,
        `volume. \`JUNJO_K8S_RELEASE=${recommendedTag(from)}\` is the way back, for a database of users that ${from.name} made: one that a`,
        `later line made lacks a table. ${ports.join(' ')}`.trim(),
        `To go on without them: \`JUNJO_K8S_ACCEPT_DATA_LOSS=${stepName(from, to)}\`.`,
      ];
    case 'unreadable':
    case 'flush first':
      return flushAndMove(from, to);
    case 'misunderstood':
      return [
        `Users, API keys and spans stay, but ${to.name} does not understand the workflows in the spans of ${from.name}: traces open, and`,
        'graphs do not. Upstream asks for an empty volume. No file tells the two apart; the guard knows it by the mark.',
        '',
        `- To start with an empty volume, and keep what is there: apply ${to.name} with the edge closed, as from 0.82 to 0.83, then`,
        '  `npm run set-aside`. It prints how to bring it back.',
        `- To go on with the spans as they are: \`JUNJO_K8S_ACCEPT_DATA_LOSS=${stepName(from, to)}\`, and \`${stepName(to, from)}\` on the`,
        '  way back.',
      ];
    case 'harmless':
      return [['Users, API keys and spans stay.', ...ports].join(' ')];
  }
}

function setAside(from: ReleaseLine, to: ReleaseLine): readonly string[] {
  const [had, wants] = [from, to].map(({ stores }) => nameOfUsers(stores.usersSchema));
  const why = [
    `The database of users has ${had} in ${from.name} and ${wants} in ${to.name}, and nothing converts it: the backend of`,
    `${to.name} would crash at every start, and no setting changes that. Users, API keys and spans of ${from.name} are kept beside a`,
  ];
  if (hasOneHost(to) && !hasOneHost(from)) {
    return [
      ...why,
      'new, empty volume. The way there and back is that [from 0.82 to 0.86](runbook.md#from-082-to-086), with',
      `${recommendedTag(from)} in place of 0.82.1.`,
    ];
  }
  return [
    ...why,
    'new, empty volume:',
    '',
    '1. Stop the applications that send spans, and [take a copy](runbook.md#back-up).',
    `2. Set \`JUNJO_K8S_RELEASE=${recommendedTag(to)}\`, and what it needs besides, and synth. Close the edge, because whoever comes first`,
    '   may create the first user of an empty studio, and apply the rest. The guard stops the start:',
    '',
    fenced(
      ['kubectl -n junjo-ai-studio delete --ignore-not-found ingress/junjo-ai-studio', allButTheEdge].join(' &&\n'),
    ),
    '',
    `3. Move what is on the volume into a folder of it. Not before: on the empty volume ${from.name} would make its own database again.`,
    '   The command prints how to bring the folder back:',
    '',
    fenced('npm run set-aside'),
    '',
    '4. Create [the first user](#the-first-user) through a forwarded port, open the edge, and make API keys for the applications:',
    '',
    fenced('kubectl apply -f dist/foundation -f dist/'),
    '',
    `The way back: set the release to ${recommendedTag(from)}, synth, apply, and then run \`npm run set-aside -- --back FOLDER\`.`,
  ];
}

function flushAndMove(from: ReleaseLine, to: ReleaseLine): readonly string[] {
  const spans = posix.dirname(from.environment.backend.JUNJO_PARQUET_STORAGE_PATH ?? `${from.dataPath}/spans/parquet`);
  const aside = `${spans}-${from.name}`;
  const { backend, ingestion } = workloadNames;
  return [
    `${to.name} writes spans with more columns and converts nothing. Spans that are left in the write-ahead log make every`,
    `flush of ${to.name} fail, so that new ones never show; a trace in the old files does not open. Users and API keys stay.`,
    '',
    '1. Stop the applications that send spans.',
    '2. Have the write-ahead log flushed, signed in:',
    '',
    fenced(withCredentials(`curl --fail -c cookies https://api.example.com${from.api.signInPath}`)),
    '',
    fenced(
      [`curl --fail -b cookies -X POST https://api.example.com${from.stores.flushPath}`, 'rm cookies'].join(' &&\n'),
    ),
    '',
    '3. Stop ingestion, and put its files aside; the backend, which still runs, has the volume:',
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
    `4. Set \`JUNJO_K8S_RELEASE=${recommendedTag(to)}\`, and what it needs besides; synth and apply.`,
    '',
    ...wayBack(from, to, spans),
  ];
}

function wayBack(from: ReleaseLine, to: ReleaseLine, spans: string): readonly string[] {
  const exchange = [
    `stop ingestion in the same way, \`mv -T ${spans} ${spans}-${to.name}\` and`,
    `\`mv -T ${spans}-${from.name} ${spans}\`, set the release to ${recommendedTag(from)}, synth and apply.`,
  ];
  if (moveOf(to, from) !== 'flush first') return [`The way back: ${exchange[0]}`, exchange[1] ?? ''];
  return [
    `The way back: stop the applications that send spans, flush as in step 2, set the release to ${recommendedTag(from)}, synth and`,
    `apply. ${from.name} reads the files that ${to.name} wrote; only in a write-ahead log that was not flushed it would mix up the columns.`,
    `Settings that ${to.name} alone reads may stay: synth notes them. To have the spans of before instead of those of ${to.name}:`,
    ...exchange,
  ];
}

function fenced(commands: string): string {
  return `\`\`\`bash\n${commands}\n\`\`\``;
}
