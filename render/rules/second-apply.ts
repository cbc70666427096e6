import { canonicalQuantity } from '../../config/quantity';
import { listOf, type Manifest, titleOf } from '../manifest';
import { type Leaf, pathOf, type RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** The keys of quantities. */
const QUANTITIES: ReadonlySet<string> = new Set(['cpu', 'memory', 'storage', 'ephemeral-storage', 'sizeLimit']);

const QUANTITY = /\.(resources\.(requests|limits)|capacity)\.[a-z-]+$|\.sizeLimit$/;

/** What is empty and stored all the same, because empty says something there. */
const MEANINGFUL = [
  // Every pod of the namespace.
  /^NetworkPolicy\.spec\.podSelector$/,
  /\.emptyDir$/,
  // No class, and not the default one.
  /^PersistentVolumeClaim\.spec\.storageClassName$/,
  // The core group, in custom resources, which store what they are given.
  /^(HTTPRoute|GRPCRoute|Gateway)\..*\.group$/,
  /^AppProject\.spec\.(clusterResource|namespaceResource)Whitelist\.[0-9]+\.group$/,
  /^Application(Set)?\..*\.ignoreDifferences\.[0-9]+\.group$/,
  // The whole server, which the API server would write itself.
  /Probe\.grpc\.service$/,
  // Settings and secrets may be empty.
  /^(ConfigMap|Secret)\.data\./,
  // Labels and annotations may be empty.
  /\.(labels|annotations|matchLabels|nodeSelector|selector)\./,
  // What is in a list is stored, whatever it is.
  /\.[0-9]+$/,
];

/** Objects are applied as they are stored, so a second `kubectl apply` reports `unchanged` for each. */
export const secondApply: Rule = {
  name: 'second-apply',
  asks: 'Objects are written as Kubernetes stores them: canonical quantities, protocols of ports, kind and status of claim templates, nothing empty, no `stringData`',
  reason: 'an object that shows a change at every apply hides real changes, and conflicts when another tool applies it',
  source: 'https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts',
  *violations(studio: RenderedStudio) {
    for (const manifest of studio.manifests) yield* ofManifest(manifest, studio.leavesOf(manifest));
    for (const { fields, title: object } of studio.pods.flatMap(({ containers }) => containers)) {
      yield* protocols(object, fields.ports);
    }
  },
};

function* ofManifest(manifest: Manifest, leaves: readonly Leaf[]): Generator<Violation> {
  const object = titleOf(manifest);
  if (manifest.kind === 'Secret' && manifest.stringData)
    yield { object, text: 'stringData is stored as data: write data' };
  if (manifest.kind === 'Service') yield* protocols(object, manifest.spec?.ports);
  if (manifest.kind === 'NetworkPolicy') {
    for (const rule of [...listOf(manifest.spec?.ingress), ...listOf(manifest.spec?.egress)]) {
      yield* protocols(object, rule.ports);
    }
  }
  for (const { apiVersion, kind, metadata, status } of listOf(manifest.spec?.volumeClaimTemplates)) {
    if (!apiVersion || !kind || !status?.phase) {
      const text = `the claim template ${metadata?.name} has no apiVersion, kind or status.phase, which Kubernetes stores`;
      yield { object, text };
    }
  }
  for (const leaf of leaves) {
    const { key, value } = leaf;
    const empty = value === '' || value === null || typeof value === 'object';
    if (!empty && !QUANTITIES.has(key)) continue;
    const path = `${manifest.kind}.${pathOf(leaf)}`;
    if (QUANTITIES.has(key) && QUANTITY.test(path)) yield* quantity(object, path, value);
    if (empty && !MEANINGFUL.some((pattern) => pattern.test(path))) {
      yield { object, text: `${path} is empty, which Kubernetes does not store: remove it` };
    }
  }
}

function* quantity(object: string, path: string, leaf: unknown): Generator<Violation> {
  const stored = canonicalQuantity(String(leaf));
  if (stored !== String(leaf)) yield { object, text: `${path} is ${leaf}, which Kubernetes stores as ${stored}` };
  else if (typeof leaf === 'number')
    yield { object, text: `${path} is the number ${leaf}, which Kubernetes stores as a string: quote it` };
}

function* protocols(object: string, ports: unknown): Generator<Violation> {
  for (const { name, port, containerPort = port, protocol } of listOf(ports)) {
    if (!protocol) yield { object, text: `the port ${name ?? containerPort} has no protocol, which Kubernetes stores` };
  }
}
