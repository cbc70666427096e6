import { type Component, perComponent, type ReleaseLine, releaseLines } from '../releases';
import { checkApiGuard } from './checks/api-guard';
import { checkEdge } from './checks/edge';
import { checkImages } from './checks/images';
import { checkNames } from './checks/names';
import { checkObjectNames } from './checks/object-names';
import { checkPatches } from './checks/patches';
import { isPlaceholder } from './checks/placeholders';
import { checkExtra, checkPlacement } from './checks/placement';
import { checkEgress, proxyExceptions } from './checks/proxy';
import { chooseRelease } from './checks/release';
import { checkSecrets, type SecretSurroundings } from './checks/secrets';
import { checkSize, memoryProblem } from './checks/size';
import { checkSpansService } from './checks/spans';
import { checkStorage } from './checks/storage';
import { checkOrigins, checkUrls, uiOrigin } from './checks/web';
import type { Lookup } from './env-file';
import { type Entry, type EnvFileText, readEnvFiles } from './env-files';
import { internalServiceNames } from './names';
import { formatProblem, type Problem, type Severity } from './problems';
import type { StudioConfig } from './studio-config';
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
  const release = (severity: Severity, text: string): Problem => {
    return { severity, ...place('JUNJO_K8S_RELEASE'), variable: 'JUNJO_K8S_RELEASE', text };
  };
  const check = (line: ReleaseLine) =>
    checkStudio({ file, entries, line, lines, surroundings: { readFile, now } }, options);

  if (choice.kind === 'unknown') {
    // What is wrong whatever the release is; the rest would only follow from the tag.
    const [first = [], ...others] = lines.map((line) => check(line).problems);
    const always = first.filter((problem) => others.every((problems) => problems.some(isSame(problem))));
    return { problems: [release('error', choice.error), ...inFileOrder([...readProblems, ...always], files)], place };
  }
  const { config, problems: found } = check(choice.line);
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

/** Checks a file against one release line. */
function checkStudio({ file, entries, line, lines, surroundings }: Studio, { name }: LoadOptions) {
  const table = variablesOf(line).map((variable) =>
    variable.name === 'JUNJO_K8S_NAME' && name ? { ...variable, default: name } : variable,
  );
  const values = new Values(file, entries, table, line);
  checkNames(values, entries, line, lines);
  for (const variable of table) checkValue(values, variable);
  checkSize(values, table);
  const config = buildConfig(values, table, line, surroundings);
  if (config) checkObjectNames(values, config);
  return { config, problems: values.problems };
}

function isSame(problem: Problem): (other: Problem) => boolean {
  return (other) => formatProblem(other) === formatProblem(problem);
}

/** What one row of the table says of its value, whatever the other values are. */
function checkValue(values: Values, variable: Variable): void {
  const { name } = variable;
  const value = values.written(name);
  const production = values.get('JUNJO_ENV') === 'production';
  const mode = values.get('JUNJO_K8S_SECRETS');
  // Secrets that come from elsewhere are not judged here: checks/secrets.ts says what the file may hold.
  if (variable.secret && (mode === 'existing' || mode === 'external')) return;
  const fromFile = !variable.secret || mode === 'manifest';
  const required = fromFile && (variable.required === 'always' || (variable.required === 'production' && production));
  const placeholder = variable.secret && variable.readers && value !== undefined && isPlaceholder(value);
  const empty = value === undefined && values.isWritten(name) && fromFile;
  if (variable.leftOutAsPlaceholder && (empty || placeholder)) {
    const reason = value === undefined ? 'is empty' : 'still holds a placeholder';
    values.warning(name, `${reason} and is left out. Set it, or remove the line`);
  } else if (value === undefined) {
    if (required) values.error(name, `${values.isWritten(name) ? 'is empty' : 'is missing'}. ${howToSet(variable)}`);
  } else if (placeholder) {
    values.error(name, `still holds a placeholder. ${howToSet(variable)}`);
  } else if (!variable.refused && !variable.insteadOfCompose && variable.readers?.length !== 0) {
    const problem = variable.type.problem(value) ?? memoryProblem(values, variable, value);
    if (problem) values.error(name, problem);
  }
}

function howToSet({ secret, name, type, meaning }: Variable): string {
  if (secret) return 'Generate one: openssl rand -base64 32';
  return type.description === 'text'
    ? `${meaning.replaceAll('`', '')}`
    : `Set ${name} to one of: ${type.description.replaceAll('`', '')}`;
}

function buildConfig(
  values: Values,
  table: readonly Variable[],
  line: ReleaseLine,
  surroundings: SecretSurroundings,
): StudioConfig | undefined {
  const environment = values.get('JUNJO_ENV') === 'production' ? 'production' : 'development';
  const imageTarget = values.get('JUNJO_BUILD_TARGET') === 'development' ? 'development' : 'production';
  const frontendPorts = line.ports.frontend[imageTarget];
  const namespace = values.get('JUNJO_K8S_NAMESPACE') ?? values.get('JUNJO_K8S_NAME') ?? '';
  if (/^(default|kube-.*|argocd)$/.test(namespace)) {
    const setting = values.written('JUNJO_K8S_NAMESPACE') ? 'JUNJO_K8S_NAMESPACE' : 'JUNJO_K8S_NAME';
    values.error(
      setting,
      `${namespace} belongs to ${namespace === 'argocd' ? 'Argo CD' : 'the cluster'}; the studio labels its namespace and needs one of its own`,
    );
  }
  if (environment === 'production') checkUrls(values);
  checkOrigins(values, frontendPorts);
  const backendPort = values.written('JUNJO_BACKEND_PORT');
  const portIsRead = table.some(({ name, readers }) => name === 'JUNJO_BACKEND_PORT' && readers?.length !== 0);
  if (
    portIsRead &&
    backendPort &&
    values.isSound('JUNJO_BACKEND_PORT') &&
    Number(backendPort) !== line.ports.backend.http
  ) {
    values.note('JUNJO_BACKEND_PORT', `has no effect: the image always listens on ${line.ports.backend.http}`);
  }
  const images = checkImages(values, line);
  const apiGuard = checkApiGuard(values, line);
  const edge = checkEdge(values);
  const spansService = checkSpansService(values, line, edge);
  const storage = checkStorage(values);
  const egress = checkEgress(values);
  const secrets = checkSecrets(values, table, surroundings);
  const { patches, waivers, problems } = checkPatches(values, surroundings.readFile);
  for (const problem of problems) values.report(problem);
  if (!storage || !secrets) return undefined;

  const setting = (component: Component, { name, secret, setByManifests, wordsOf }: Variable): string | undefined => {
    if (secret || setByManifests) return undefined;
    const value = values.find(name) ?? (name === 'JUNJO_ALLOW_ORIGINS' ? uiOrigin(values, frontendPorts) : undefined);
    return (value && wordsOf?.[component]?.[value]) ?? value;
  };
  const settings = perComponent((component) =>
    perContainerName(readBy(component, table), (variable) => setting(component, variable)),
  );
  const repo = values.get('JUNJO_K8S_GIT_REPO');
  return {
    name: values.get('JUNJO_K8S_NAME') ?? '',
    namespace,
    environment,
    imageTarget,
    line,
    tag: values.get('JUNJO_K8S_RELEASE') ?? '',
    imageRegistry: values.get('JUNJO_K8S_IMAGE_REGISTRY') ?? '',
    ...images,
    imagePullSecret: values.get('JUNJO_K8S_IMAGE_PULL_SECRET'),
    settings: { ...settings, backend: { ...settings.backend, ...proxyExceptions(values, secrets) } },
    fixedEnvironment: fixedEnvironment(line),
    secrets,
    storage,
    size: values.size(),
    placement: checkPlacement(values, storage),
    extra: checkExtra(values),
    patches,
    waivers,
    frontendReplicas: Number(values.get('JUNJO_K8S_FRONTEND_REPLICAS')),
    apiUrl:
      environment === 'production'
        ? (values.get('JUNJO_PROD_BACKEND_URL') ?? '')
        : `http://localhost:${line.ports.backend.http}`,
    edge,
    apiGuard,
    spansService,
    networkPolicy: values.get('JUNJO_K8S_NETWORK_POLICY') === 'true',
    egress,
    ingressNamespace: values.get('JUNJO_K8S_INGRESS_NAMESPACE'),
    git: repo
      ? { repo, path: values.get('JUNJO_K8S_GIT_PATH') ?? '', revision: values.get('JUNJO_K8S_GIT_REVISION') ?? '' }
      : undefined,
  };
}

/** What compose sets beside the env file: the way between backend and ingestion, and what the line fixes. */
function fixedEnvironment(line: ReleaseLine): StudioConfig['fixedEnvironment'] {
  return {
    backend: {
      INGESTION_HOST: internalServiceNames.ingestion,
      INGESTION_PORT: String(line.ports.ingestion.internalGrpc),
      RUN_MIGRATIONS: 'true',
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
