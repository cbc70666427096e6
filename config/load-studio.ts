import { type Component, perComponent, type ReleaseLine, releaseLines } from '../releases';
import type { Lookup } from './env-file';
import { type Entry, type EnvFileText, readEnvFiles } from './env-files';
import { internalServiceNames, qdrantName } from './names';
import { apiGuardOf } from './parts/api-guard';
import { backupOf } from './parts/backup';
import { acceptedLossesOf } from './parts/data-loss';
import { edgeOf } from './parts/edge';
import { imagesOf } from './parts/images';
import { checkNames } from './parts/names';
import { namespaceOf } from './parts/namespace';
import { checkObjectNames } from './parts/object-names';
import { patchesOf } from './parts/patches';
import { placementOf } from './parts/placement';
import { egressOf, proxyExceptions } from './parts/proxy';
import { qdrantOf } from './parts/qdrant';
import { chooseRelease } from './parts/release';
import { type SecretSurroundings, secretsOf } from './parts/secrets';
import { checkSize } from './parts/size';
import { spansServiceOf } from './parts/spans';
import { storageOf } from './parts/storage';
import { checkVariable } from './parts/variable';
import { addressesOf, checkBackendPort, checkOrigins, uiOrigin } from './parts/web';
import { type Built, formatProblem, type Problem } from './problems';
import type { Qdrant, StudioConfig } from './studio-config';
import { Values } from './values';
import { type Variable, type VariableName, variablesOf } from './variables';

/** A studio, or what keeps it from being one. */
export interface LoadedStudio {
  /** Absent when a problem is an error. */
  readonly config?: StudioConfig;
  /** Errors, warnings and notes, in the order of the files and their lines. */
  readonly problems: readonly Problem[];
  /** Where the files set a variable. */
  readonly place: (name: VariableName) => Pick<Problem, 'file' | 'line'>;
}

/** Where the value of a variable that is not in the env files comes from, and which releases there are. */
export interface LoadOptions {
  /** What bare keys and `${NAME}` find outside the files. @default nothing */
  readonly environment?: Lookup;
  /** @default every line of releases/ */
  readonly lines?: readonly ReleaseLine[];
  /** Name of the studio unless its files give another. @default `junjo-ai-studio` */
  readonly name?: string;
  /** Reads the files that settings name: the sealing certificate, and what was sealed before. @default none can be read */
  readonly readFile?: (path: string) => string | undefined;
  /** The time against which certificates are checked. @default the present */
  readonly now?: () => Date;
}

/** Turns the env files of one studio into its checked configuration. */
export function loadStudio(files: readonly EnvFileText[], options: LoadOptions = {}): LoadedStudio {
  const {
    environment = () => undefined,
    lines = releaseLines,
    readFile = () => undefined,
    now = () => new Date(),
  } = options;
  const { entries, problems: readProblems } = readEnvFiles(files, environment, lines.flatMap(variablesOf));
  const file = files[files.length - 1]?.path ?? '.env';
  const place = (name: string) => {
    const entry = entries.get(name);
    return { file: entry?.file ?? file, line: entry?.line };
  };
  const choice = chooseRelease(entries, lines);
  const release = (severity: Problem['severity'], text: string): Problem => {
    return { severity, ...place('JUNJO_K8S_RELEASE'), variable: 'JUNJO_K8S_RELEASE', text };
  };
  const check = (line: ReleaseLine) =>
    studioOf({ file, entries, line, lines, surroundings: { readFile, now } }, options);

  if (choice.kind === 'unknown') {
    // What is wrong whatever the release is; the rest would only follow from the tag.
    const [first = [], ...others] = lines.map((line) => check(line).problems);
    const always = first.filter((problem) => others.every((problems) => problems.some(isSame(problem))));
    return { problems: [release('error', choice.error), ...inFileOrder([...readProblems, ...always], files)], place };
  }
  const { value: config, problems: found } = check(choice.line);
  if (choice.kind === 'other') {
    return { problems: [release('error', choice.error), ...inFileOrder([...readProblems, ...found], files)], place };
  }
  const unchosen = choice.kind === 'default' && entries.get('JUNJO_ENV')?.value === 'production';
  const notes = unchosen ? [release('note', choice.note)] : [];
  const problems = inFileOrder([...readProblems, ...found, ...notes], files);
  return problems.some(({ severity }) => severity === 'error') ? { problems, place } : { config, problems, place };
}

interface Studio {
  /** Env file to name when a line is missing. */
  readonly file: string;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly line: ReleaseLine;
  readonly lines: readonly ReleaseLine[];
  readonly surroundings: SecretSurroundings;
}

/** A studio of one release line, or nothing where what is wrong leaves no whole one. */
function studioOf(
  { file, entries, line, lines, surroundings }: Studio,
  { name }: LoadOptions,
): Built<StudioConfig | undefined> {
  const whole = variablesOf(line).map((variable) =>
    variable.name === 'JUNJO_K8S_NAME' && name ? { ...variable, default: name } : variable,
  );
  const values = new Values(file, entries, whole, line);
  const table = whole.filter(({ onlyWith }) => !onlyWith || values.inEffect(onlyWith));
  const { value: config, problems } = configOf(values, table, { line, lines }, surroundings);
  return {
    value: config,
    problems: [
      ...checkNames(values, entries, line, lines),
      ...table.flatMap((variable) => checkVariable(values, line, variable)),
      ...checkSize(values, line, table),
      ...problems,
      ...(config ? checkObjectNames(values, config) : []),
    ],
  };
}

function isSame(problem: Problem): (other: Problem) => boolean {
  return (other) => formatProblem(other) === formatProblem(problem);
}

/** What the charts need of the values. */
function configOf(
  values: Values,
  table: readonly Variable[],
  { line, lines }: Pick<Studio, 'line' | 'lines'>,
  surroundings: SecretSurroundings,
): Built<StudioConfig | undefined> {
  const environment = values.inEffect('JUNJO_ENV') ?? 'development';
  const imageTarget = values.inEffect('JUNJO_BUILD_TARGET');
  const frontendPorts = line.ports.frontend[imageTarget];
  const namespace = namespaceOf(values);
  const addresses = addressesOf(values);
  const images = imagesOf(values, line);
  const apiGuard = apiGuardOf(values, line, addresses.value);
  const edge = edgeOf(values, addresses.value);
  const spansService = spansServiceOf(values, line, addresses.value, edge.value);
  const storage = storageOf(values);
  const backup = backupOf(values, storage.value, namespace.value);
  const acceptedLosses = acceptedLossesOf(values, line, lines);
  const egress = egressOf(values);
  const secrets = secretsOf(values, table, namespace.value, surroundings);
  const qdrant = qdrantOf(values);
  const changes = patchesOf(values, surroundings.readFile);
  const placement = placementOf(values, storage.value);
  const problems = [
    ...namespace.problems,
    ...addresses.problems,
    ...checkOrigins(values, addresses.value, frontendPorts),
    ...checkBackendPort(values, table, line),
    ...images.problems,
    ...apiGuard.problems,
    ...edge.problems,
    ...spansService.problems,
    ...storage.problems,
    ...acceptedLosses.problems,
    ...backup.problems,
    ...egress.problems,
    ...secrets.problems,
    ...qdrant.problems,
    ...changes.problems,
    ...placement.problems,
  ];
  if (!storage.value || !secrets.value) return { value: undefined, problems };

  const setting = (component: Component, { name, secret, setByManifests, wordsOf }: Variable): string | undefined => {
    if (secret || setByManifests) return undefined;
    const value =
      values.textInEffect(name) ??
      (name === 'JUNJO_ALLOW_ORIGINS' ? uiOrigin(values, addresses.value, frontendPorts) : undefined);
    return (value && wordsOf?.[component]?.[value]) ?? value;
  };
  const settings = perComponent((component) =>
    perContainerName(readBy(component, table), (variable) => setting(component, variable)),
  );
  const repo = values.inEffect('JUNJO_K8S_GIT_REPO');
  const config: StudioConfig = {
    name: values.inEffect('JUNJO_K8S_NAME'),
    namespace: namespace.value,
    environment,
    imageTarget,
    line,
    lines,
    acceptedLosses: acceptedLosses.value,
    tag: values.inEffect('JUNJO_K8S_RELEASE'),
    imageRegistry: values.inEffect('JUNJO_K8S_IMAGE_REGISTRY'),
    ...images.value,
    imagePullSecret: values.inEffect('JUNJO_K8S_IMAGE_PULL_SECRET'),
    settings: { ...settings, backend: { ...settings.backend, ...proxyExceptions(values, secrets.value) } },
    fixedEnvironment: fixedEnvironment(line, qdrant.value),
    secrets: secrets.value,
    storage: storage.value,
    backup: backup.value,
    qdrant: qdrant.value && { ...qdrant.value, secretDigest: secrets.value.keyDigests[qdrant.value.secretKey] },
    size: values.inEffect('JUNJO_K8S_SIZE'),
    placement: placement.value,
    extra: {
      labels: values.inEffect('JUNJO_K8S_LABELS') ?? {},
      annotations: values.inEffect('JUNJO_K8S_ANNOTATIONS') ?? {},
    },
    ...changes.value,
    frontendReplicas: values.inEffect('JUNJO_K8S_FRONTEND_REPLICAS'),
    apiUrl: addresses.value.api?.origin ?? `http://localhost:${line.ports.backend.http}`,
    edge: edge.value,
    apiGuard: apiGuard.value,
    spansService: spansService.value,
    networkPolicy: values.inEffect('JUNJO_K8S_NETWORK_POLICY'),
    egress: egress.value,
    ingressNamespace: values.inEffect('JUNJO_K8S_INGRESS_NAMESPACE'),
    git: repo
      ? { repo, path: values.inEffect('JUNJO_K8S_GIT_PATH'), revision: values.inEffect('JUNJO_K8S_GIT_REVISION') }
      : undefined,
  };
  return { value: config, problems };
}

/** What compose sets beside the env file: the way between backend and ingestion, and what the line fixes. */
function fixedEnvironment(line: ReleaseLine, qdrant: Qdrant | undefined): StudioConfig['fixedEnvironment'] {
  return {
    backend: {
      INGESTION_HOST: internalServiceNames.ingestion,
      INGESTION_PORT: String(line.ports.ingestion.internalGrpc),
      RUN_MIGRATIONS: 'true',
      ...(qdrant && { QDRANT_URL: `http://${qdrantName}:6333` }),
      ...line.environment.backend,
    },
    ingestion: {
      BACKEND_GRPC_HOST: internalServiceNames.backend,
      BACKEND_GRPC_PORT: String(line.ports.backend.internalGrpc),
      ...line.environment.ingestion,
    },
    frontend: line.environment.frontend,
  };
}

function perContainerName(table: readonly Variable[], textOf: (variable: Variable) => string | undefined) {
  const named = table.map((variable) => [variable.nameInContainer ?? variable.name, textOf(variable)] as const);
  return Object.fromEntries(named.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

function readBy(component: Component, table: readonly Variable[]): readonly Variable[] {
  return table.filter(({ readers }) => readers?.includes(component));
}

function inFileOrder(problems: readonly Problem[], files: readonly EnvFileText[]): readonly Problem[] {
  const order = new Map(files.map(({ path }, index) => [path, index]));
  // What a file of another kind says comes last.
  const rank = ({ file, line }: Problem) => [order.get(file) ?? order.size, line ?? Number.MAX_SAFE_INTEGER] as const;
  return problems.toSorted((a, b) => {
    const [fileA, lineA] = rank(a);
    const [fileB, lineB] = rank(b);
    return fileA - fileB || lineA - lineB;
  });
}
