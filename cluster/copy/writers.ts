import { howToRun } from '../../config/how-to-run';
import { STOPPED, workloadNames } from '../../config/names';
import { claimsOf, fieldsOf, listOf, type Manifest } from '../../render/manifest';
import { sleep } from '../interruption';
import { type Kubectl, KubectlError, type Target } from '../kubectl';
import { Refusal } from '../refusal';
import { rescueAdvice } from '../rescue';
import { tagOf } from '../studio-manifests';
import { type Owner, ownerIn } from './owner';
import type { Pace } from './pace';

/** Content of the annotation of a stop. It is written and removed together with the replicas. */
export interface StoppedMark extends Owner {
  readonly replicas: number;
}

/** Ingestion first, because it hands its spans over to the backend. */
const NAMES = [workloadNames.ingestion, workloadNames.backend];

/** The parts of a studio in a cluster that matter for its data. */
export interface LiveStudio {
  /** The Deployments that write to the volume, in the order in which they stop. */
  readonly writers: readonly Manifest[];
  readonly backend: Manifest;
  readonly claim: Manifest;
  /** Tag of the release that runs. */
  readonly tag?: string;
}

/**
 * Finds the studio of a namespace, running or not.
 * @param rendered the backend as the env file renders it, if it may not be applied yet
 */
export async function findStudio(kubectl: Kubectl, rendered?: Manifest): Promise<LiveStudio> {
  const deployments = await kubectl.list(['deployments']);
  const writers = NAMES.flatMap((name) => deployments.filter(({ metadata }) => metadata.name === name));
  const backend = writers.find(({ metadata }) => metadata.name === workloadNames.backend) ?? rendered;
  if (!backend) {
    throw new Refusal(
      `There is no studio in the namespace ${kubectl.options.namespace}: it has no Deployment ${workloadNames.backend}. Check the context and the namespace, or apply the studio first`,
    );
  }
  const name = claimOf(backend);
  const claim = name && (await kubectl.jsonIfFound<Manifest>(['get', 'persistentvolumeclaim', name]));
  if (!claim)
    throw new Refusal(
      name
        ? `The claim ${name} of the backend does not exist. Apply dist/foundation first`
        : 'The backend does not mount a claim. Render and apply the studio again',
    );
  // No new pod is scheduled on such a claim, not even the one that copies.
  if (claim.metadata.deletionTimestamp) {
    throw new Refusal(
      ...`The claim ${name} is being deleted, so no new pod can mount it. ${await rescueOf(kubectl, claim)}`.split(
        '\n',
      ),
    );
  }
  if (claim.status?.phase === 'Lost') {
    throw new Refusal(
      `The claim ${name} is Lost: its volume ${claim.spec?.volumeName} no longer exists. Recover the volume. Or delete the claim, apply dist/foundation, and restore a backup`,
    );
  }
  return { writers, backend, claim, tag: tagOf(backend) };
}

/** How to save the data of all claims that are being deleted, as far as the user may read them. */
async function rescueOf(kubectl: Kubectl, claim: Manifest): Promise<string> {
  const permitted = <T>(read: Promise<T>) =>
    read.catch((error) => {
      if (!(error instanceof KubectlError && error.answered)) throw error;
      return undefined;
    });
  const { namespace = '' } = kubectl.options;
  const claims = (await permitted(kubectl.list(['persistentvolumeclaims']))) ?? [claim];
  const volumes = (await permitted(kubectl.list(['persistentvolumes']))) ?? [];
  const found = await permitted(kubectl.json<Manifest>(['get', 'namespace', namespace]));
  const endsNamespace = found?.metadata.deletionTimestamp !== undefined;
  const going = claims.filter(({ metadata }) => endsNamespace || metadata.deletionTimestamp);
  return rescueAdvice({ kubectl, claims: going, volumes, endsNamespace });
}

/** Refuses a claim without a volume, which holds no data. */
export function refuseUnlessBound({ claim }: LiveStudio): void {
  if (claim.status?.phase !== 'Pending') return;
  throw new Refusal(
    `The claim ${claim.metadata.name} has no volume yet (Pending), so it holds no data. To see what it waits for: ${howToRun('status')}`,
  );
}

/** The lines about cluster and studio above a question. */
export function planHeading({ context, server, namespace }: Target, { tag, claim }: LiveStudio): readonly string[] {
  return [
    `Context    ${context} (${server})`,
    `Namespace  ${namespace}`,
    `Studio     ${tag ?? 'unknown release'}, claim ${claim.metadata.name}`,
  ];
}

/** The mark that a stop left on a Deployment, with defaults for what is not valid in it. */
export function stoppedMark({ metadata }: Manifest): StoppedMark | undefined {
  const text = fieldsOf(metadata.annotations)[STOPPED];
  if (text === undefined) return undefined;
  const { replicas = 1, ...owner } = { ...(ownerIn(text) as Partial<StoppedMark> | undefined) };
  const unknown = {
    command: 'restore',
    host: 'an unknown host',
    pid: 0,
    token: '',
    since: 'an unknown time',
  } as const;
  return { ...unknown, ...owner, replicas };
}

/** Stops a Deployment and marks it, in one write, so that it is never stopped without a mark. */
export async function stop(kubectl: Kubectl, writer: Manifest, owner: Owner, signal: AbortSignal) {
  const mark: StoppedMark = { replicas: writer.spec?.replicas ?? 1, ...owner };
  const annotations = { [STOPPED]: JSON.stringify(mark) };
  await kubectl.text(patchArgs(writer.metadata.name, { metadata: { annotations }, spec: { replicas: 0 } }), { signal });
}

/** Arguments of kubectl that restart a Deployment and remove the mark, in one write. */
export function startArgs({ name, replicas }: Stopped): readonly string[] {
  return patchArgs(name, { metadata: { annotations: { [STOPPED]: null } }, spec: { replicas } });
}

/** A Deployment that must be restarted. */
export interface Stopped {
  readonly name: string;
  readonly replicas: number;
  /** Of the command that stopped it. */
  readonly token: string;
}

/**
 * Restarts Deployments, with repeated attempts. Those that another command stopped since then stay stopped.
 * @returns those that failed to restart
 */
export async function start(
  kubectl: Kubectl,
  stopped: readonly Stopped[],
  { retryMs, startAttempts }: Pace,
  onTrouble: (error: Error) => void,
): Promise<readonly Stopped[]> {
  let left = stopped;
  let wait = retryMs;
  for (let attempt = 1; ; attempt += 1) {
    const failed: Stopped[] = [];
    for (const each of left) {
      try {
        const deployment = await kubectl.json<Manifest>(['get', 'deployment', each.name]);
        const { token = each.token } = stoppedMark(deployment) ?? {};
        if (token === each.token) await kubectl.text(startArgs(each));
      } catch (error) {
        // One that was deleted meanwhile needs no start.
        if (!(error instanceof KubectlError && error.failure === 'not found')) failed.push(each);
        onTrouble(error as Error);
      }
    }
    left = failed;
    if (left.length === 0 || attempt === startAttempts) return left;
    await sleep(wait);
    wait = Math.min(wait * 2, retryMs * 10);
  }
}

/** The pods that mount a claim, except the pod of this command. */
export async function podsOn(
  kubectl: Kubectl,
  claim: string,
  own: string,
  signal: AbortSignal,
): Promise<readonly Manifest[]> {
  const pods = await kubectl.list(['pods'], { signal });
  return pods.filter((pod) => mounts(pod, claim) && pod.metadata.name !== own);
}

/** Whether a pod belongs to one of the Deployments: their ReplicaSets add a hash to the name. */
export function isOf(pod: Manifest, { metadata }: Manifest): boolean {
  const owners = listOf(pod.metadata.ownerReferences);
  return owners.some(
    ({ kind, name }) => kind === 'ReplicaSet' && String(name).replace(/-[^-]+$/, '') === metadata.name,
  );
}

/** Whether Deployments run with all their replicas, as the cluster has seen them last. */
export async function areReady(kubectl: Kubectl, names: readonly string[], signal: AbortSignal): Promise<boolean> {
  const deployments = await kubectl.list(['deployments'], { signal });
  const found = deployments.filter(({ metadata }) => names.includes(metadata.name));
  return found.every(({ metadata, spec, status }) => {
    const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
    return isSeen && (status?.availableReplicas ?? 0) >= (spec?.replicas ?? 1);
  });
}

function claimOf({ spec }: Manifest): string | undefined {
  const { containers, volumes } = fieldsOf(spec?.template?.spec);
  const mounted = listOf(containers).flatMap(({ volumeMounts }) => listOf(volumeMounts).map(({ name }) => name));
  const volume = listOf(volumes).find(
    ({ name, persistentVolumeClaim }) => persistentVolumeClaim && mounted.includes(name),
  );
  return volume?.persistentVolumeClaim.claimName;
}

/** Whether a pod mounts a claim and has not ended. */
function mounts(pod: Manifest, claim: string): boolean {
  const ended = ['Succeeded', 'Failed'].includes(pod.status?.phase);
  return !ended && claimsOf(pod).includes(claim);
}

function patchArgs(name: string, patch: object): readonly string[] {
  return ['patch', 'deployment', name, '--type=merge', `--patch=${JSON.stringify(patch)}`];
}
