import { existsSync, readFileSync } from 'node:fs';
import { readEnvFiles } from '../../config/env-files';
import { howToRun } from '../../config/how-to-run';
import { workloadNames } from '../../config/names';
import { type Variable, variables, variablesOf } from '../../config/variables';
import { lineOf, moveOf } from '../../releases';
import type { Manifest } from '../../render/manifest';
import { type Kubectl, KubectlError } from '../kubectl';
import { Refusal } from '../refusal';

/** A copy that was restored beside the running studio, and what a studio on it is rendered from. */
export interface Copy {
  /** Reaches the cluster of both. */
  readonly kubectl: Kubectl;
  /** Namespace of the copy. */
  readonly namespace: string;
  /** The claim with the copy. */
  readonly claim: string;
  /** Tag of the release that runs. @default not known */
  readonly tag?: string;
  /** Tag of the release that ran when the copy was taken. Anybody may have written it. @default not known */
  readonly takenFrom?: string;
  readonly caller: Caller;
}

/** How a person called the command. */
export interface Caller {
  /** Env files of the running studio; those that do not exist are left out. */
  readonly envFiles: readonly string[];
}

/** Whether a setting is for the running studio only: storage, intake, backups, alerts, secrets, GitOps, patches, and the origin of the UI. */
function isOfRunningStudio({ name, group }: Variable): boolean {
  // The upgrade guard needs the same consent to a data loss as in the running studio.
  if (['JUNJO_K8S_ACCEPT_DATA_LOSS', 'JUNJO_K8S_EXISTING_CLAIM', 'JUNJO_K8S_SECRET_NAME'].includes(name)) return false;
  const groups = ['Storage', 'Intake', 'Backup', 'Monitoring', 'Kubernetes: secrets and GitOps'];
  const others = ['JUNJO_K8S_PATCHES', 'JUNJO_ALLOW_ORIGINS', 'JUNJO_K8S_INTAKE_IMAGE'];
  return groups.includes(group) || others.includes(name);
}

/** Settings that are valid only for the release that runs. */
const ofRelease = [
  'JUNJO_K8S_ACCEPT_DATA_LOSS',
  'JUNJO_K8S_BACKEND_IMAGE',
  'JUNJO_K8S_INGESTION_IMAGE',
  'JUNJO_K8S_FRONTEND_IMAGE',
];

/** The release that reads a copy: the running one, or the release of the copy if the running one would not start or would lose data. */
function releaseFor({ tag, takenFrom }: Copy): string | undefined {
  const [runs, had] = [lineOf(tag), lineOf(takenFrom)];
  return runs && had && moveOf(had, runs) !== 'harmless' ? takenFrom : tag;
}

/** The commands that run a studio with a copy and forward it to localhost, and those that delete it. */
export function howToLook(copy: Copy): string {
  const { kubectl, namespace, claim, caller } = copy;
  const tag = releaseFor(copy);
  const { context, kubeconfig, environment = process.env } = kubectl.options;
  const line = lineOf(tag);
  const table: readonly Variable[] = line ? variablesOf(line) : variables;
  const files = caller.envFiles.filter((path) => existsSync(path));
  const texts = files.map((path) => ({ path, text: readFileSync(path, 'utf8') }));
  const { entries } = readEnvFiles(texts, (name) => environment[name], table);
  const missing = table.filter(
    ({ name, secret, required, onlyWith }) => secret && required === 'always' && !onlyWith && !entries.get(name)?.value,
  );
  const settings = [
    'JUNJO_ENV=development',
    ...table
      .filter((each) => isOfRunningStudio(each) || (tag !== copy.tag && ofRelease.includes(each.name)))
      .filter(({ name }) => entries.has(name))
      .map(({ name }) => `${name}=`),
    `JUNJO_K8S_NAMESPACE=${namespace}`,
    `JUNJO_K8S_EXISTING_CLAIM=${claim}`,
    ...(line ? [`JUNJO_K8S_RELEASE=${tag}`] : []),
    ...missing.map(({ name }) => `${name}=$(openssl rand -base64 32)`),
  ];
  // Never a folder that has another purpose, such as dist.
  const folder = `restored-${namespace}`;
  const envFile = `${folder}.env`;
  const cluster = kubectl.in(undefined);
  const flags = [...(kubeconfig ? [`--kubeconfig=${kubeconfig}`] : []), ...(context ? [`--context=${context}`] : [])];
  const sources = [...files, envFile].flatMap((path) => ['-e', path]);
  return [
    'To look at the copy, run a studio with it on localhost:',
    // Without overwriting a file, and readable by its owner alone.
    `(set -C && umask 077 && cat > ${envFile}) <<EOF &&`,
    ...settings,
    'EOF',
    `${environment.JUNJO_STUDIOS ? 'JUNJO_STUDIOS= ' : ''}${howToRun('synth', ...sources, '--output', folder)} &&`,
    `${cluster.commandLine(['apply', '-f', `${folder}/foundation`, '-f', `${folder}/`])} &&`,
    howToRun('forward', folder, ...flags),
    `To delete the copy, delete the namespace ${namespace} and everything else in it. This does not affect the running studio:`,
    `${cluster.commandLine(['delete', 'namespace', namespace])} &&`,
    `rm -r ${folder} ${envFile}`,
  ].join('\n');
}

/**
 * Refuses a namespace that already has a studio, and a claim whose storage class cannot create a second volume.
 * @throws Refusal before anything is changed
 */
export async function refuseUnlessCopyable(
  kubectl: Kubectl,
  { metadata, spec }: Manifest,
  into: string,
): Promise<void> {
  if (await kubectl.in(into).jsonIfFound(['get', 'deployment', workloadNames.backend])) {
    throw new Refusal(
      `--into ${into}: a studio already exists in that namespace. Delete the namespace first, or restore into that studio:`,
      howToRun('restore', 'FILE', '--namespace', into, '--replace'),
    );
  }
  const name: string | undefined = spec?.storageClassName;
  // The default class counts.
  if (name === undefined || (name !== '' && (await provisions(kubectl, name)))) return;
  throw new Refusal(
    `--into ${into}: no storage class can create a second volume for a copy of the claim ${metadata.name}.`,
    `Its volume is a folder on a node, or was created by hand. Apply a studio with its own storage to the namespace ${into}, then restore into it:`,
    howToRun('restore', 'FILE', '--namespace', into, '--replace'),
  );
}

/** Whether a class creates volumes. If the user cannot read the class, it counts as one that does. */
async function provisions(kubectl: Kubectl, name: string): Promise<boolean> {
  try {
    const found = await kubectl.in(undefined).json<Manifest>(['get', 'storageclass', name]);
    return found.provisioner !== 'kubernetes.io/no-provisioner';
  } catch (error) {
    if (!(error instanceof KubectlError && error.answered)) throw error;
    return error.failure !== 'not found';
  }
}
