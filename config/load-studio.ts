import { type ReleaseLine, recommendedTag, releaseLines } from '../releases';
import type { Lookup } from './env-file';
import { type EnvFileText, readEnvFiles } from './env-files';
import type { ReadFile } from './files';
import { KnownSecrets } from './known-secrets';
import { apiGuardOf } from './parts/api-guard';
import { backupOf } from './parts/backup';
import { acceptedLossesOf } from './parts/data-loss';
import { edgeOf } from './parts/edge';
import { gitOf } from './parts/git';
import { checkNginxImage, imagesOf, imageTargetOf } from './parts/images';
import { intakeOf } from './parts/intake';
import { monitoringOf } from './parts/monitoring';
import { checkNames } from './parts/names';
import { namespaceOf } from './parts/namespace';
import { checkObjectNames } from './parts/object-names';
import { checkOtlpHttp } from './parts/otlp-http';
import { patchesOf } from './parts/patches';
import { placementOf } from './parts/placement';
import { checkProviders } from './parts/providers';
import { egressOf } from './parts/proxy';
import { qdrantOf } from './parts/qdrant';
import { chooseRelease } from './parts/release';
import { frontendReplicasOf } from './parts/replicas';
import { type SecretSurroundings, secretsOf } from './parts/secrets';
import { fixedEnvironmentOf, settingsOf } from './parts/settings';
import { checkSize } from './parts/size';
import { sourcePathOf } from './parts/source-path';
import { spansServiceOf } from './parts/spans';
import { storageOf } from './parts/storage';
import { checkVariable } from './parts/variable';
import { addressesOf, checkBackendPort, checkOrigins } from './parts/web';
import type { Built, Problem } from './problems';
import type { StudioConfig } from './studio-config';
import { text } from './value-types';
import { type Entries, Values } from './values';
import { type Variable, type VariableName, variablesOf } from './variables';
import { combinations, type Texts, whateverIsMeant } from './whatever-is-meant';

/** A studio, or its problems. */
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
  readonly readFile?: ReadFile;
  /** The time against which certificates are checked. @default the present */
  readonly now?: () => Date;
}

/** Turns the env files of one studio into its checked configuration. */
export function loadStudio(files: readonly EnvFileText[], options: LoadOptions = {}): LoadedStudio {
  const { environment = () => undefined, lines = releaseLines } = options;
  const table = lines.flatMap(variablesOf);
  const written = readEnvFiles(files, environment, table);
  const knownSecrets = new KnownSecrets(written.all, table, environment);
  const { problems, ...loaded } = load(files, written, knownSecrets, options);
  // A setting may refer to a secret, and its problem repeats the value.
  return { ...loaded, problems: problems.map((each) => ({ ...each, text: knownSecrets.masked(each.text) })) };
}

function load(
  files: readonly EnvFileText[],
  written: ReturnType<typeof readEnvFiles>,
  knownSecrets: KnownSecrets,
  options: LoadOptions,
): LoadedStudio {
  const { lines = releaseLines, readFile = () => undefined, now = () => new Date() } = options;
  const { entries, problems: readProblems } = written;
  const file = files[files.length - 1]?.path ?? '.env';
  const place = (name: string) => {
    const entry = entries.get(name);
    return { file: entry?.file ?? file, line: entry?.line };
  };
  const choice = chooseRelease(written, lines);
  const release = (severity: Problem['severity'], text: string): Problem => {
    return { severity, ...place('JUNJO_K8S_RELEASE'), variable: 'JUNJO_K8S_RELEASE', text };
  };
  const check = (line: ReleaseLine, texts: Texts = new Map()) => {
    const rows = variablesOf(line);
    return studioOf(
      { file, entries: withTexts(entries, texts), knownSecrets, line, lines, rows, surroundings: { readFile, now } },
      options,
    );
  };

  if (choice.kind === 'unknown') {
    const found = lines.map((line) => check(line, new Map([['JUNJO_K8S_RELEASE', recommendedTag(line)]])).problems);
    const always = whateverIsMeant(found, ['JUNJO_K8S_RELEASE']);
    const own = choice.error === undefined ? [] : [release('error', choice.error)];
    return { problems: [...own, ...inFileOrder([...readProblems, ...always], files)], place };
  }
  const { value: config, problems: found } = check(choice.line);
  if (choice.kind === 'other') {
    return { problems: [release('error', choice.error), ...inFileOrder([...readProblems, ...found], files)], place };
  }
  const age = entries.get('JUNJO_ENV')?.value === 'production' ? choice.age : undefined;
  const notes = [
    ...(age ? [release('note', age)] : []),
    ...(choice.reservation ? [release(choice.reservation.severity, choice.reservation.text)] : []),
  ];
  const problems = inFileOrder([...readProblems, ...found, ...notes], files);
  return problems.some(({ severity }) => severity === 'error') ? { problems, place } : { config, problems, place };
}

interface Studio {
  /** Env file to name when a line is missing. */
  readonly file: string;
  readonly entries: Entries;
  readonly knownSecrets: KnownSecrets;
  readonly line: ReleaseLine;
  readonly lines: readonly ReleaseLine[];
  /** The table for the line. */
  readonly rows: readonly Variable[];
  readonly surroundings: SecretSurroundings;
}

/**
 * A studio of one release line, or nothing if it has errors. While a value is invalid, only problems that do not depend on it are
 * reported.
 */
function studioOf(studio: Studio, options: LoadOptions): Built<StudioConfig | undefined> {
  const { values, table } = valuesOf(studio, options);
  const own = [
    ...checkNames(values, studio.entries, studio.line, studio.lines),
    ...table.flatMap((variable) => checkVariable(values, variable)),
  ];
  const invalid = table.filter((variable) =>
    checkVariable(values, variable).some(({ severity }) => severity === 'error'),
  );
  if (invalid.length === 0) {
    const { value, problems } = partsOf(studio, options);
    return { value, problems: [...own, ...problems] };
  }
  const found = combinations(new Map(invalid.map(({ name, type }) => [name, type.samples]))).map(
    (texts) => partsOf({ ...studio, entries: withTexts(studio.entries, texts) }, options).problems,
  );
  const names = invalid.map(({ name }) => name);
  return { value: undefined, problems: [...own, ...whateverIsMeant(found, names)] };
}

/** A studio of several variables together, none of which is invalid. */
function partsOf(studio: Studio, options: LoadOptions): Built<StudioConfig | undefined> {
  const { line, lines, knownSecrets, surroundings } = studio;
  const { values, table } = valuesOf(studio, options);
  const { value: config, problems } = configOf(
    values,
    table,
    { line, lines, knownSecrets },
    options.name !== undefined,
    surroundings,
  );
  return {
    value: config,
    problems: [
      ...checkSize(values, line, table),
      // A file of patches may repeat a secret anywhere.
      ...problems.map((each) => (each.variable ? each : { ...each, text: knownSecrets.masked(each.text) })),
      ...(config ? checkObjectNames(values, config) : []),
    ],
  };
}

/** The values of a studio, and the rows of the table that it has. */
function valuesOf({ file, entries, line, rows }: Studio, { name }: LoadOptions) {
  const isProduction = entries.get('JUNJO_ENV')?.value === 'production';
  const whole = rows.map((variable): Variable => {
    if (variable.name === 'JUNJO_K8S_NAME' && name) return { ...variable, default: name };
    return variable.anyTextInDevelopment && !isProduction ? { ...variable, type: text } : variable;
  });
  const values = new Values(file, entries, whole, line);
  return { values, table: whole.filter(({ onlyWith }) => !onlyWith || values.inEffect(onlyWith)) };
}

/** The same env files with other texts for some variables. */
function withTexts(entries: Entries, texts: Texts): Entries {
  const changed = [...texts].map(([name, value]) => [name, { name, ...entries.get(name), value }] as const);
  return new Map([...entries, ...changed]);
}

/** What the charts need of the values; nothing while it is unknown where data and secrets are. */
function configOf(
  values: Values,
  table: readonly Variable[],
  { line, lines, knownSecrets }: Pick<Studio, 'line' | 'lines' | 'knownSecrets'>,
  inSet: boolean,
  surroundings: SecretSurroundings,
): Built<StudioConfig | undefined> {
  const problems: Problem[] = [];
  const built = <T>(part: Built<T>): T => {
    // Not as arguments of one call: a setting may have a problem for each of many thousand files.
    for (const problem of part.problems) problems.push(problem);
    return part.value;
  };
  const namespace = built(namespaceOf(values));
  const addresses = built(addressesOf(values, line));
  problems.push(...checkOrigins(values, addresses, line), ...checkBackendPort(values, table, line));
  const images = built(imagesOf(values, line, lines));
  const sourcePath = built(sourcePathOf(values, line));
  const apiGuard = built(apiGuardOf(values, line));
  const edge = built(edgeOf(values, line, addresses, namespace));
  const spansService = built(spansServiceOf(values, line, addresses, edge));
  const intake = built(intakeOf(values, line, lines));
  problems.push(...checkOtlpHttp(values, addresses, spansService));
  problems.push(...checkNginxImage(values, lines, { line, edge, spansService, apiGuard, intake }));
  const storage = built(storageOf(values));
  const acceptedLosses = built(acceptedLossesOf(values, line, lines));
  const backup = built(backupOf(values, storage, namespace));
  const monitoring = built(monitoringOf(values, intake, namespace));
  const egress = built(egressOf(values, line, backup));
  problems.push(...checkProviders(values, table, line, egress));
  const secrets = built(secretsOf(values, table, line, namespace, surroundings));
  const qdrant = built(qdrantOf(values));
  const patches = built(patchesOf(values, surroundings.readFile));
  const placement = built(placementOf(values, storage));
  const git = built(gitOf(values, inSet));
  const frontendReplicas = built(frontendReplicasOf(values, line));
  if (!storage || !secrets) return { value: undefined, problems };
  const config: StudioConfig = {
    ...singleValues(values),
    ...images,
    ...patches,
    namespace,
    line,
    lines,
    acceptedLosses,
    settings: settingsOf(values, table, line, addresses, secrets),
    fixedEnvironment: fixedEnvironmentOf(line, qdrant, sourcePath),
    secrets,
    knownSecrets,
    storage,
    backup,
    qdrant: qdrant && { ...qdrant, secretDigest: secrets.keyDigests[qdrant.secretKey] },
    intake,
    monitoring,
    placement,
    frontendReplicas,
    git,
    imageTarget: imageTargetOf(values, line),
    sourcePath,
    apiUrl: addresses.api?.origin ?? `http://localhost:${line.ports.backend.http}`,
    edge,
    apiGuard,
    spansService,
    egress,
  };
  return { value: config, problems };
}

/** What the charts need of single variables. */
function singleValues(values: Values) {
  return {
    name: values.inEffect('JUNJO_K8S_NAME'),
    environment: values.inEffect('JUNJO_ENV') ?? 'development',
    tag: values.inEffect('JUNJO_K8S_RELEASE'),
    imageRegistry: values.inEffect('JUNJO_K8S_IMAGE_REGISTRY'),
    imagePullSecret: values.inEffect('JUNJO_K8S_IMAGE_PULL_SECRET'),
    size: values.inEffect('JUNJO_K8S_SIZE'),
    extra: {
      labels: values.inEffect('JUNJO_K8S_LABELS') ?? {},
      annotations: values.inEffect('JUNJO_K8S_ANNOTATIONS') ?? {},
    },
    networkPolicy: values.inEffect('JUNJO_K8S_NETWORK_POLICY'),
    ingressNamespace: values.inEffect('JUNJO_K8S_INGRESS_NAMESPACE'),
  } satisfies Partial<StudioConfig>;
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
