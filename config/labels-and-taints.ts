import { dashboardLabel } from './names';
import type { Toleration } from './studio-config';
import { isDnsSubdomain } from './text';
import { commaSeparated, firstProblem, type Parsed, type ValueType } from './value-types';

/** A key of a label, annotation or taint: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

/** What a taint does to pods that do not tolerate it. */
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Domains of keys by which objects are selected, checked, applied or rolled out. An operator's values would break that. */
const RESERVED = [
  'argocd.argoproj.io',
  'cert-manager.io',
  'checksum',
  'junjo-ai-studio',
  'k8s.io',
  'kubernetes.io',
  // What follows deletes or replaces objects, the claim among them: render/rules/data-out-of-reach.ts says how.
  'helm.sh',
  'fluxcd.io',
  'kapp.k14s.io',
  'cleanup.kyverno.io',
  'janitor',
  // These copy Secrets, publish Services, or change what is in backups.
  'reflector.v1.k8s.emberstack.com',
  'replicator.v1.mittwald.de',
  'kubed.appscode.com',
  'tailscale.com',
  'service.cilium.io',
  'io.cilium',
  'mirror.linkerd.io',
  'velero.io',
  // Devices of the node, and profiles: render/rules/pod-security.ts.
  'cri-o.io',
];

/** Its annotations have no domain. */
const CRI_O = /^io\.kubernetes\.cri-o\./;

/** Below a reserved domain, but harmless on every object: only pods are read for it. */
const ALLOWED = ['cluster-autoscaler.kubernetes.io'];

/** The total of all annotations of an object: `TotalAnnotationSizeLimitB` of k8s.io/apimachinery. */
export const ANNOTATIONS_BYTES = 256 * 1024;

/** `key=value,key=value`, as `kubectl get -l` and `kubectl label` write it. */
export const nodeSelector: ValueType<Readonly<Record<string, string>>> = {
  description: '`key=value`, comma-separated',
  samples: ['example.com/sample=1', 'example.com/sample=2'],
  parse: (text) => parsePairs(pairs(text), ({ key, value }) => keyProblem(key, value) ?? labelProblem(key, value)),
};

/** The same for labels of objects. */
export const extraLabels: ValueType<Readonly<Record<string, string>>> = {
  description: '`key=value`, comma-separated',
  samples: ['example.com/sample=1', 'example.com/sample=2'],
  parse: (text) =>
    parsePairs(
      pairs(text),
      ({ key, value }) => keyProblem(key, value) ?? reservedProblem(key) ?? labelProblem(key, value),
    ),
};

/** Annotations that go onto every object; as JSON where a value has a comma. */
export const extraAnnotations: ValueType<Readonly<Record<string, string>>> = {
  description: '`key=value`, comma-separated; or a JSON object',
  samples: ['example.com/sample=1', 'example.com/sample=2'],
  parse: (text) => {
    const annotations = annotationPairs(text);
    if (!annotations) return { problem: 'is not a JSON object of strings. Write it as {"example.com/team":"a, b"}' };
    const bytes = annotations.reduce((sum, { key, value = '' }) => sum + Buffer.byteLength(`${key}${value}`), 0);
    if (bytes > ANNOTATIONS_BYTES) {
      return {
        problem: `is longer than the ${ANNOTATIONS_BYTES} bytes that all annotations of an object may have. Shorten it`,
      };
    }
    return parsePairs(
      annotations,
      ({ key, value }) =>
        keyProblem(key, value) ??
        reservedProblem(key) ??
        (value === undefined ? `${key} has no value. Write ${key}=value` : undefined),
    );
  },
};

/** Taints to tolerate, as `kubectl taint` writes them. */
export const tolerations: ValueType<readonly Toleration[]> = {
  description: '`key=value:Effect`, `key:Effect` or `key`, comma-separated',
  samples: ['sample=1:NoSchedule', 'sample=2:NoExecute'],
  parse: (text) => {
    const taints = commaSeparated(text);
    const problem = firstProblem(taints, (taint) => {
      const { key, value = '', effect } = tolerationOf(taint);
      if (effect !== undefined && !EFFECTS.includes(effect)) {
        return `${taint}: the effect must be one of: ${EFFECTS.join(', ')}`;
      }
      return taint.startsWith(':')
        ? `${taint} has no key. Write key=value${taint}`
        : (keyProblem(key, taint || undefined) ?? labelProblem(key, value));
    });
    return problem === undefined ? { value: taints.map(tolerationOf) } : { problem };
  },
};

/** One taint as the toleration of it; without a value it is tolerated whatever its value is. */
function tolerationOf(taint: string): Toleration {
  const colon = taint.lastIndexOf(':');
  const [head, effect] = colon < 0 ? [taint, undefined] : [taint.slice(0, colon), taint.slice(colon + 1)];
  const equals = head.indexOf('=');
  const value = equals < 0 ? '' : head.slice(equals + 1);
  return {
    key: equals < 0 ? head : head.slice(0, equals),
    operator: value === '' ? 'Exists' : 'Equal',
    ...(value !== '' && { value }),
    ...(effect !== undefined && { effect }),
  };
}

interface Pair {
  readonly key: string;
  /** Absent where there is no `=`. */
  readonly value?: string;
}

function pairs(text: string): readonly Pair[] {
  return commaSeparated(text).map((part) => {
    const equals = part.indexOf('=');
    return equals < 0 ? { key: part } : { key: part.slice(0, equals), value: part.slice(equals + 1) };
  });
}

function annotationPairs(text: string): readonly Pair[] | undefined {
  if (!text.trimStart().startsWith('{')) return pairs(text);
  try {
    const entries = Object.entries(JSON.parse(text));
    return entries.every(([, value]) => typeof value === 'string')
      ? entries.map(([key, value]) => ({ key, value: String(value) }))
      : undefined;
  } catch {
    return undefined;
  }
}

function parsePairs(
  found: readonly Pair[],
  problemOf: (pair: Pair) => string | undefined,
): Parsed<Readonly<Record<string, string>>> {
  const problem = firstProblem(found, (pair) => problemOf(pair) ?? unprintable(pair)) ?? twice(found);
  return problem === undefined
    ? { value: Object.fromEntries(found.map(({ key, value = '' }) => [key, value])) }
    : { problem };
}

/** cdk8s recognizes plain objects by their `constructor`: sanitizeValue of its src/_util.ts. */
function unprintable({ key }: Pair): string | undefined {
  return key === 'constructor'
    ? `${key} is a key that cdk8s cannot write. Use another one, such as example.com/${key}`
    : undefined;
}

/** @param value @default the entry is a key alone */
function keyProblem(key: string, value?: string): string | undefined {
  const slash = key.indexOf('/');
  const [prefix, name] = slash < 0 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)];
  const sound = NAME.test(name) && (prefix === undefined || isDnsSubdomain(prefix));
  if (sound) return undefined;
  if (key === '' && value !== undefined) return 'has an entry without a key. Write it as key=value';
  return key === ''
    ? 'has an empty entry. Remove the extra comma'
    : `${key} is not a valid key. Write at most 63 letters, digits, "-", "_" and ".", optionally after a domain and "/"`;
}

function labelProblem(key: string, value: string | undefined): string | undefined {
  if (value === undefined) return `${key} has no value. Write ${key}=value`;
  return LABEL_VALUE.test(value)
    ? undefined
    : `${key} has an invalid value. Write at most 63 letters, digits, "-", "_" and ".", starting and ending with a letter or digit`;
}

function reservedProblem(key: string): string | undefined {
  const [prefix, name] = key.split('/');
  const isReserved = CRI_O.test(key) || key === dashboardLabel;
  if (prefix === undefined || (name === undefined && !isReserved) || ALLOWED.includes(prefix)) return undefined;
  return isReserved || RESERVED.some((domain) => prefix === domain || prefix.endsWith(`.${domain}`))
    ? `${key} is reserved for Kubernetes, the studio, or the tools that apply it. Use another key, or patch a single object`
    : undefined;
}

function twice(parts: readonly Pair[]): string | undefined {
  const key = parts.map((part) => part.key).find((each, index, keys) => keys.indexOf(each) !== index);
  return key === undefined ? undefined : `${key} is set twice. Remove one of them`;
}
