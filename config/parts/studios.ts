import { posix } from 'node:path';
import { uiOf } from '../../releases';
import { fluxKustomizations } from '../names';
import type { Problem } from '../problems';
import type { GitSource, NodeStorage, StudioConfig } from '../studio-config';
import { listed } from '../text';
import { dnsLabel } from '../value-types';
import type { VariableName } from '../variables';

/** What is wrong with the name of an env file in a folder of studios. A folder of the output gets the same name. */
export function checkStudioName(name: string, file: string): readonly Problem[] {
  const rules = 'the file name becomes the name of the studio and of its folder';
  // dist/argocd/ and dist/flux/ are what Argo CD and Flux apply to themselves, and a foundation/ holds what must outlive a studio.
  const taken = ['argocd', 'flux', 'foundation'].includes(name);
  const parsed = taken ? { problem: 'must not be argocd, flux or foundation' } : dnsLabel.parse(name);
  return 'problem' in parsed
    ? [{ severity: 'error', file, text: `${rules}. It ${parsed.problem}. Rename the file` }]
    : [];
}

/** A sound studio among several. */
export interface NamedStudio {
  /** Its folder in the output, and the name of its env file. */
  readonly name: string;
  readonly config: StudioConfig;
  /** Where its files set a variable. */
  readonly place: (name: VariableName) => Pick<Problem, 'file' | 'line'>;
}

interface Claim {
  readonly what: string;
  readonly variable: VariableName;
  readonly fix: string;
}

/**
 * Studios must not share a name, a namespace, a host, a port of the nodes or a folder on a node, and must all be in one
 * repository.
 */
export function checkStudios(studios: readonly NamedStudio[]): readonly Problem[] {
  const owners = new Map<string, { readonly studio: NamedStudio; readonly claim: Claim }>();
  const problems: Problem[] = [];
  const report = (studio: NamedStudio, variable: VariableName, text: string) =>
    problems.push({ severity: 'error', ...studio.place(variable), variable, text });
  for (const studio of studios) {
    for (const claim of claims(studio)) {
      const { what, fix } = claim;
      const own = { studio, claim };
      const first = owners.get(what) ?? own;
      owners.set(what, first);
      if (first === own) continue;
      // The name of an env file is not on a line: the other studio has the line to change.
      const [told, other] = studio.place(claim.variable).line === undefined ? [first, own] : [own, first];
      report(told.studio, told.claim.variable, `${what} is already used by the studio ${other.studio.name}. ${fix}`);
    }
    const nested = studios.find((other) => other !== studio && liesWithin(studio.config, other.config));
    if (nested) {
      report(
        studio,
        'JUNJO_HOST_DB_DATA_PATH',
        `is inside the folder of the studio ${nested.name}. Give each studio its own folder`,
      );
    }
    const [first = studio] = studios;
    const other = otherGit(studio, first.config);
    if (other) {
      const shared =
        (first.config.git ?? studio.config.git)?.gitops === 'flux' ? 'One source holds' : 'One ApplicationSet applies';
      report(
        studio,
        other.variable,
        `${other.what} the studio ${first.name}. ${shared} all studios, so set the same value for all`,
      );
    }
  }
  return [...problems, ...sharedPorts(studios)];
}

/** What of a repository is the same for all studios, the tool first: the defaults of others depend on it. */
const OF_GIT: readonly (readonly [keyof GitSource, VariableName])[] = [
  ['gitops', 'JUNJO_K8S_GITOPS'],
  ['repo', 'JUNJO_K8S_GIT_REPO'],
  ['path', 'JUNJO_K8S_GIT_PATH'],
  ['revision', 'JUNJO_K8S_GIT_REVISION'],
  ['secret', 'JUNJO_K8S_GIT_SECRET'],
];

/** The setting by which a studio is applied differently than the first one, and how it differs; nothing if none does. */
function otherGit({ config: { git }, place }: NamedStudio, { git: first }: StudioConfig) {
  if (git && first) {
    const [, variable] = OF_GIT.find(([field]) => git[field] !== first[field]) ?? [];
    if (!variable) return undefined;
    const start = place(variable).line === undefined ? 'is not set here, and ' : '';
    return { variable, what: `${start}has another value in` };
  }
  if (!git && !first) return undefined;
  const variable: VariableName = 'JUNJO_K8S_GIT_REPO';
  return { variable, what: git ? 'is set here, but not for' : 'is not set here, but for' };
}

/** Load balancers of several studios with one port: a cluster that has a single address for all gives it to the first. */
function sharedPorts(studios: readonly NamedStudio[]): readonly Problem[] {
  return studios.flatMap((studio, index): readonly Problem[] => {
    const own = loadBalancerPorts(studio.config);
    const first = studios
      .slice(0, index)
      .find(({ config }) => loadBalancerPorts(config).some((port) => own.includes(port)));
    if (!first) return [];
    const ports = own.filter((port) => loadBalancerPorts(first.config).includes(port));
    const isLocal = [studio, first].some(({ config }) => config.environment === 'development');
    const variable = isLocal ? 'JUNJO_ENV' : 'JUNJO_PROD_INGESTION_URL';
    const what = `its load balancer uses the ${ports.length === 1 ? 'port' : 'ports'} ${listed(ports.map(String))}, which the load balancer of the studio ${first.name} also uses`;
    const where = `If load balancers share one address (Docker Desktop, k3s), only one can use ${ports.length === 1 ? 'it' : 'them'}`;
    const fix = isLocal ? 'Run one studio at a time' : 'Write an address without a port to send spans through the edge';
    const severity = isLocal ? 'warning' : 'note';
    return [{ severity, ...studio.place(variable), variable, text: `${what}. ${where}. ${fix}` }];
  });
}

/** The ports that a studio publishes on load balancers of its own, unless a cloud gives each an address. */
function loadBalancerPorts({ environment, line, imageTarget, spansService }: StudioConfig): readonly number[] {
  const { backend, ingestion } = line.ports;
  if (environment === 'development') {
    return [...new Set([...uiOf(line, imageTarget).published, backend.http, ingestion.otlp])];
  }
  return spansService.type === 'LoadBalancer' && !spansService.cloud ? [ingestion.otlp] : [];
}

function claims({ config, place }: NamedStudio): readonly Claim[] {
  const { name, namespace, edge, settings, storage, spansService, git } = config;
  const host = (hostname: string, variable: VariableName): Claim => ({
    what: `the host ${hostname}`,
    variable,
    fix: 'Give each studio its own hosts',
  });
  const spans = edge && settings.backend.JUNJO_PROD_INGESTION_URL;
  return [
    { what: `the name ${name}`, variable: 'JUNJO_K8S_NAME', fix: 'Give each studio its own name' },
    // That of the foundation of a studio may be that of another one: alpha and alpha-foundation.
    ...(git?.gitops === 'flux' ? Object.values(fluxKustomizations(name, true)) : []).map((kustomization): Claim => {
      const fix = 'Give each studio its own name, and end no name in -foundation';
      return { what: `the Kustomization ${kustomization}`, variable: 'JUNJO_K8S_NAME', fix };
    }),
    {
      what: `the namespace ${namespace}`,
      // Without a line of its own it is the name.
      variable: place('JUNJO_K8S_NAMESPACE').line === undefined ? 'JUNJO_K8S_NAME' : 'JUNJO_K8S_NAMESPACE',
      fix: 'Give each studio its own namespace',
    },
    ...(edge ? [host(edge.hosts.ui, 'JUNJO_PROD_FRONTEND_URL')] : []),
    ...(edge?.hosts.api ? [host(edge.hosts.api, 'JUNJO_PROD_BACKEND_URL')] : []),
    ...(edge?.hosts.otlpHttp ? [host(edge.hosts.otlpHttp, 'JUNJO_K8S_INTAKE_HTTP_HOST')] : []),
    // Plain spans may come in on the host of the studio's own UI.
    ...(spans && ![edge.hosts.ui, edge.hosts.api].includes(new URL(spans).hostname)
      ? [host(new URL(spans).hostname, 'JUNJO_PROD_INGESTION_URL')]
      : []),
    ...(spansService.nodePort
      ? [
          {
            what: `the port ${spansService.nodePort} of the nodes`,
            variable: 'JUNJO_PROD_INGESTION_URL' as const,
            fix: 'Give each studio its own port',
          },
        ]
      : []),
    ...(storage.kind === 'node'
      ? [
          {
            what: `the folder ${folderOf(storage)} of the node ${storage.node}`,
            variable: 'JUNJO_HOST_DB_DATA_PATH' as const,
            fix: 'Give each studio its own folder',
          },
        ]
      : []),
  ];
}

function liesWithin({ storage: inner }: StudioConfig, { storage: outer }: StudioConfig): boolean {
  if (inner.kind !== 'node' || outer.kind !== 'node' || inner.node !== outer.node) return false;
  return folderOf(inner).startsWith(`${folderOf(outer)}/`);
}

/**
 * The folder as the kernel finds it, with which paths are compared. Rendered is what the file says: the path of a volume that is
 * there cannot change.
 */
function folderOf({ path }: NodeStorage): string {
  return posix.resolve('/', path);
}
