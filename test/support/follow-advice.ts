import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Diagnosis, diagnose } from '../../cluster/diagnosis';
import { clusterState, type RecordedState } from './cluster-state';
import { FakeApiServer } from './fake-api-server';
import { argoCdApplication, builtIn, type Resource } from './fake-cluster/resources';
import { apiVersion } from './fake-cluster/store';
import type { Manifest } from './studio';

const run = promisify(execFile);

/** A command of an advice, and what came of it. */
export interface Followed {
  readonly command: string;
  /** What it printed, on both streams. */
  readonly output: string;
  /** 0 when it succeeded. */
  readonly code: number;
}

/** Kinds of operators, whose objects in made states do not all say where they come from. */
const GROUPS: Readonly<Record<string, string>> = {
  Certificate: 'cert-manager.io/v1',
  CertificateRequest: 'cert-manager.io/v1',
  Issuer: 'cert-manager.io/v1',
  ClusterIssuer: 'cert-manager.io/v1',
  Order: 'acme.cert-manager.io/v1',
  Challenge: 'acme.cert-manager.io/v1',
  Gateway: 'gateway.networking.k8s.io/v1',
  GatewayClass: 'gateway.networking.k8s.io/v1',
  HTTPRoute: 'gateway.networking.k8s.io/v1',
  GRPCRoute: 'gateway.networking.k8s.io/v1',
  SealedSecret: 'bitnami.com/v1alpha1',
  ExternalSecret: 'external-secrets.io/v1',
  ReplicationSource: 'volsync.backube/v1alpha1',
  Backup: 'velero.io/v1',
};

/** What a cluster has beside a studio: drivers of storage, priority classes, and a pod of a driver that does not run. */
const ofEveryCluster = [
  { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', metadata: { name: 'csi.example.com' }, spec: {} },
  { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name: 'node-1' }, spec: { drivers: [] } },
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name: 'csi-1' },
    spec: { nodeName: 'node-0' },
  },
  {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'system-node-critical' },
    value: 2000001000,
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'csi-node-1', namespace: 'kube-system', uid: 'csi-node-1' },
    spec: { nodeName: 'node-1', containers: [{ name: 'csi' }] },
    status: { phase: 'Pending' },
  },
];

/** A cluster that shows a state, and changes nothing by itself. The caller closes it. */
export async function clusterOf(state: RecordedState): Promise<FakeApiServer> {
  const { objects, namespace, logs = {}, forbidden = [] } = state;
  const known = objects.flatMap((object) => resourceOf(object));
  const custom = [...known, ...Object.entries(GROUPS).map(([kind, group]) => customKind(kind, group))];
  const cluster = await FakeApiServer.start({
    custom: [argoCdApplication, ...new Map(custom.map((each) => [each.plural, each])).values()],
  });
  cluster.controllers.close();
  cluster.apply(...ofEveryCluster);
  for (const object of objects) {
    const resource = cluster.resources.find(({ kind }) => kind === object.kind);
    if (!resource) throw new Error(`the fake cluster has no ${object.kind}`);
    const metadata = { ...(resource.namespaced && { namespace }), ...object.metadata };
    cluster.apply({ ...object, apiVersion: apiVersion(resource), metadata });
  }
  for (const [container, log] of Object.entries(logs)) cluster.logs.set(container.split('/')[0] ?? '', log);
  for (const each of forbidden) cluster.forbidden.add(each);
  return cluster;
}

/** The kind of an object that only some clusters have. */
function resourceOf({ kind, apiVersion: version }: Manifest): readonly Resource[] {
  if (builtIn.some((each) => each.kind === kind)) return [];
  return [customKind(kind, version ?? GROUPS[kind] ?? 'example.com/v1')];
}

function customKind(kind: string, of: string): Resource {
  const [group = '', version = 'v1'] = of.split('/');
  const plural = `${kind.toLowerCase()}${/(s|x|ch)$/i.test(kind) ? 'es' : 's'}`;
  const namespaced = !['ClusterIssuer', 'GatewayClass', 'CSINode', 'CSIDriver', 'VolumeAttachment'].includes(kind);
  return { group, version, kind, plural, namespaced };
}

/** The commands of an advice: every line but the sentence that begins it; a line that ends with `&&` continues. */
export function commandsOf({ fix }: Pick<Diagnosis, 'fix'>): readonly string[] {
  return fix
    .replaceAll('&&\n', '&& ')
    .split('\n')
    .filter((line) => /^(kubectl|echo) /.test(line));
}

/** The first finding of a cause in a state. */
export function findingOf(state: RecordedState, cause: string): Diagnosis {
  const found = diagnose(clusterState(state)).find((each) => each.cause === cause);
  if (!found) throw new Error(`${cause} is not found in this state`);
  return found;
}

/**
 * Runs what a cause advises, with the real kubectl, as a person would paste it. A command that watches is ended.
 * @param folder where it is pasted. @default the current folder
 */
export async function followed(
  cluster: FakeApiServer,
  finding: Pick<Diagnosis, 'fix'>,
  folder?: string,
): Promise<readonly Followed[]> {
  const all: Followed[] = [];
  for (const command of commandsOf(finding)) all.push(await pasted(cluster, command, folder));
  return all;
}

async function pasted(cluster: FakeApiServer, command: string, cwd: string | undefined): Promise<Followed> {
  const watches = / --watch\b| rollout status /.test(command);
  const env = { ...process.env, ...cluster.environment };
  try {
    const { stdout, stderr } = await run('sh', ['-c', command], { cwd, env, timeout: watches ? 1000 : 20_000 });
    return { command, output: stdout + stderr, code: 0 };
  } catch (error) {
    const {
      stdout = '',
      stderr = '',
      code,
      killed,
    } = error as Partial<Record<'stdout' | 'stderr', string>> & {
      readonly code?: number;
      readonly killed?: boolean;
    };
    return { command, output: stdout + stderr, code: killed && watches ? 0 : (code ?? 1) };
  }
}
