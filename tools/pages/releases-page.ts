import { posix } from 'node:path';
import { internalServiceNames, workloadNames } from '../../config/names';
import { listed } from '../../config/text';
import { moveOf, needsBackendFirst, newestTag, type ReleaseLine, stepName } from '../../releases';

/** What the API wants of whoever signs in or makes the first user, for curl. */
const credentials = `-H 'content-type: application/json' -d '{"email":"you@example.com","password":"…"}'`;

/** The page that says of each release what an operator must know: `docs/releases.md`. */
export function releasesPage(lines: readonly ReleaseLine[]): string {
  return [
    '# Releases',
    '',
    '<!-- Written by `npm run docs` from releases/; edit that. -->',
    '',
    '`JUNJO_K8S_RELEASE` is one of these tags. Tags of one line share every fact on this page.',
    '',
    table(
      ['line', 'tags', 'stores', 'UI', 'API', 'spans'],
      lines.map(({ name, tags, stores, ports }) => [
        name,
        tags.join(', '),
        stores.description,
        `${ports.frontend.production.published[0]}`,
        `${ports.backend.http}`,
        `${ports.ingestion.otlp}`,
      ]),
    ),
    '',
    '## Who sees what',
    '',
    table(
      ['line', 'spans need a sign-in', 'what ends every session', 'a revoked API key works for'],
      lines.map((line) => [line.name, signIn(line), sessionsEnd(line), keyTrust(line)]),
    ),
    '',
    'Where the API does not ask, a guard in the pod of the backend asks in its place, in production, unless',
    '`JUNJO_K8S_API_GUARD=false`. A restart of ingestion forgets every checked key at once:',
    '',
    fenced(`kubectl -n junjo-ai-studio rollout restart deployment ${workloadNames.ingestion}`),
    '',
    '## The first user',
    '',
    'Until there is a user, whoever comes first may create one. Claim it before the edge opens: apply everything else, create the',
    'user through a forwarded port, then apply the rest.',
    '',
    ...distinct(lines, ({ api }) => api.firstUserPath).flatMap(([path, names]) => [
      `On ${listed(names)}:`,
      '',
      fenced(claimFirstUser(path)),
      '',
    ]),
    '## Start and stop',
    '',
    table(
      ['line', 'ingestion is probed', 'while the backend is not there', 'on a stop'],
      lines.map((line) => [line.name, probe(line), withoutBackend(line), stop(line)]),
    ),
    '',
    'Where a release keeps the last acknowledged spans in memory only, they are lost when nothing gives it the time to write them:',
    'when the node dies, when the container is killed for its memory, and on every connection that goes on to the very end of a',
    'stop, such as one through `kubectl port-forward` or a long-lived one on a load balancer that keeps it. Applications behind an',
    'edge or a load balancer that forgets the pod are led away in time.',
    '',
    '## Which SDK',
    '',
    'Studio and Python SDK go together: with another one raw spans arrive, and workflow graphs do not.',
    '',
    table(
      ['release', 'Python SDK'],
      lines.flatMap(({ sdk = {} }) => Object.entries(sdk).map(([tag, version]) => [tag, version])),
    ),
    '',
    '## From one line to the next',
    '',
    'Within a line a new tag is all. The user database is migrated when the backend starts, and every line reads it. A jump over',
    'several lines needs the steps of each whose files are on the volume. Where Argo CD applies the studio, switch its self-heal',
    'off for as long as something is scaled to 0.',
    '',
    'The volume says which line ran on it last. A line that cannot read its spans does not start there: the init container',
    '`upgrade-guard` of the backend says what would be lost, and ingestion waits. Files that were put aside as below do not count.',
    'To leave them where they are and go on: `JUNJO_K8S_ACCEPT_DATA_LOSS=FROM-to-TO`, for that step alone.',
    '',
    ...lines.slice(1).flatMap((to, index) => move(lines[index] ?? to, to)),
  ].join('\n');
}

function signIn({ api }: ReleaseLine): string {
  return api.spansNeedSignIn ? 'yes' : `no: \`${api.spansPath}\` is open to everybody who reaches the API`;
}

function sessionsEnd({ api }: ReleaseLine): string {
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
    return `opens no port until ${internalServiceNames.backend}:${ports.backend.internalGrpc} answers; later, \`${ingestion.uncheckedKey}\`, which exporters do not send again`;
  }
  return needsBackendFirst(line)
    ? `\`${ingestion.uncheckedKey}\`, which exporters do not send again: spans are lost. An init container makes the first start wait`
    : `\`${ingestion.uncheckedKey}\`: exporters send again`;
}

function stop({ ingestion }: ReleaseLine): string {
  return 'drainSeconds' in ingestion.stop
    ? `drains and closes its store, in at most ${ingestion.stop.drainSeconds} s; nothing acknowledged is lost`
    : `does not hear SIGTERM: kept alive until the last ${ingestion.stop.unwrittenSeconds} s of spans are written, then killed`;
}

function claimFirstUser(path: string): string {
  return [
    "kubectl apply -f dist/foundation $(ls dist/*.yaml | grep -v 70-edge | sed 's/^/-f /')",
    'kubectl -n junjo-ai-studio wait deployment --all --for=condition=Available --timeout=10m',
    `kubectl -n junjo-ai-studio port-forward service/${workloadNames.backend} 8080:http &`,
    `curl --retry 5 --retry-connrefused ${credentials} http://localhost:8080${path}`,
    'kill %1',
    'kubectl apply -f dist/foundation -f dist/',
  ].join('\n');
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

/** What a move from one line to the next does to the spans, and what to do. */
function move(from: ReleaseLine, to: ReleaseLine): readonly string[] {
  const title = `### ${from.name} to ${to.name}`;
  const ports =
    from.ports.ingestion.otlp === to.ports.ingestion.otlp
      ? []
      : [
          `Applications send to port ${to.ports.ingestion.otlp} instead of ${from.ports.ingestion.otlp}, unless they send through the edge.`,
        ];
  const effect = moveOf(from.stores, to.stores);
  if (effect === 'harmless') {
    return [title, '', ['Users, API keys and spans stay.', ...ports].join(' '), ''];
  }
  if (effect === 'hidden') {
    return [
      title,
      '',
      `Users and API keys stay. ${to.name} does not read the spans of ${from.name} (${from.stores.description}); they stay on the`,
      `volume. \`JUNJO_K8S_RELEASE=${newestTag(from)}\` is the way back, for a database of users that ${from.name} made: one that a`,
      `later line made lacks a table. ${ports.join(' ')}`.trim(),
      `To go on without them: \`JUNJO_K8S_ACCEPT_DATA_LOSS=${stepName(from, to)}\`.`,
      '',
    ];
  }
  return [title, '', ...flushAndMove(from, to), ''];
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
    fenced(
      [
        `curl -c cookies ${credentials} https://api.example.com${from.api.signInPath}`,
        `curl -b cookies -X POST https://api.example.com${from.stores.flushPath}`,
        'rm cookies',
      ].join('\n'),
    ),
    '',
    '3. Stop ingestion, and put its files aside; the backend, which still runs, has the volume:',
    '',
    fenced(
      [
        `kubectl -n junjo-ai-studio scale deployment ${ingestion} --replicas=0`,
        `kubectl -n junjo-ai-studio wait --for=delete pod -l app.kubernetes.io/component=ingestion --timeout=5m`,
        `kubectl -n junjo-ai-studio exec deployment/${backend} -c backend -- mv ${spans} ${aside}`,
      ].join('\n'),
    ),
    '',
    `4. Set \`JUNJO_K8S_RELEASE=${newestTag(to)}\`, and what it needs besides; synth and apply.`,
    '',
    `The way back: stop ingestion in the same way, \`mv ${spans} ${spans}-${to.name}\` and`,
    `\`mv ${aside} ${spans}\`, set the release to ${newestTag(from)}, synth and apply.`,
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function fenced(commands: string): string {
  return `\`\`\`bash\n${commands}\n\`\`\``;
}
