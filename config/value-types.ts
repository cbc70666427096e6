import { isIP } from 'node:net';
import { posix } from 'node:path';
import type { LineVariable, ReleaseLine } from '../releases';
import { canonicalQuantity, quantityBytes } from './quantity';

/** What a variable may hold: a description for the documentation and a check of one value. */
export interface ValueType {
  /** For the table of variables, for example `integer from 1 to 3600`. */
  readonly description: string;
  /** Says what is wrong with a value and how to mend it, or nothing. The text must not repeat a secret. */
  readonly problem: (value: string) => string | undefined;
  /** The one way of writing a value that may be written in several. @default as it stands in the file */
  readonly canonical?: (value: string) => string;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
// The grammar of image references: https://github.com/distribution/reference
const REGISTRY =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]+)?$/;
const IMAGE_PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const IMAGE_TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const IMAGE_DIGEST = /^sha256:[0-9a-f]{64}$/;

const GENERATE_KEY = 'Generate one: openssl rand -base64 32';
const MEBIBYTE = 2 ** 20;

/** One of a few words. */
export function choice(...values: string[]): ValueType {
  return {
    description: values.map((value) => `\`${value}\``).join(', '),
    problem: (value) => {
      if (values.includes(value)) return undefined;
      const meant = values.find((known) => known === value.trim().toLowerCase());
      return meant ? `must be written in lower case: ${meant}` : `must be one of: ${values.join(', ')}`;
    },
  };
}

/** A whole number in decimal digits, within bounds. */
export function integer(min: number, max?: number): ValueType {
  const range = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`;
  return {
    description: `integer ${range}`,
    problem: (value) => {
      const number = Number(value);
      const inRange = number >= min && (max === undefined || number <= max) && Number.isSafeInteger(number);
      return /^-?[0-9]+$/.test(value) && inRange ? undefined : `must be an integer ${range}`;
    },
  };
}

/** The same in any case, and with other words for some of the values. */
export function choiceInAnyCase(values: readonly string[], synonyms: Readonly<Record<string, string>> = {}): ValueType {
  const lowerCase = (value: string) => value.trim().toLowerCase();
  return { ...choice(...values), canonical: (value) => synonyms[lowerCase(value)] ?? lowerCase(value) };
}

/** `true` or `false`, in every way that pydantic reads: https://docs.pydantic.dev/latest/api/standard_library_types/#booleans */
export const boolean: ValueType = {
  ...choiceInAnyCase(['true', 'false'], {
    ...Object.fromEntries(['1', 'yes', 'on', 'y', 't'].map((word) => [word, 'true'])),
    ...Object.fromEntries(['0', 'no', 'off', 'n', 'f'].map((word) => [word, 'false'])),
  }),
  description: '`true`, `false`; also `1`, `0`, `yes`, `no`, `on`, `off`',
};

/** How much is logged: the backend and ingestion both know these, each in its own words. */
export const logLevel: ValueType = {
  ...choiceInAnyCase(['debug', 'info', 'warn', 'error'], { warning: 'warn' }),
  description: '`debug`, `info`, `warn` or `warning`, `error`',
};

/** A TCP port. */
export const port: ValueType = integer(1, 65535);

/** Any text. */
export const text: ValueType = { description: 'text', problem: () => undefined };

/** A secret of any length, on one line, that must not be guessable. */
export const secretText: ValueType = {
  description: 'text of at least 32 characters',
  problem: (value) => {
    if (hasControlCharacter(value)) return `contains a line break or another control character. ${GENERATE_KEY}`;
    return value.length < 32 ? `is shorter than 32 characters and could be guessed. ${GENERATE_KEY}` : undefined;
  },
};

/** A secret that travels in gRPC metadata, which carries visible ASCII alone. */
export const metadataToken: ValueType = {
  description: 'ASCII text of at least 32 characters',
  problem: (value) =>
    /^[\x20-\x7e]*$/.test(value) && value === value.trim()
      ? secretText.problem(value)
      : `contains characters other than ASCII, or spaces around it, which gRPC does not carry. ${GENERATE_KEY}`,
};

/** The address of an HTTP proxy. It may hold a password, so no message repeats it. */
export const proxyUrl: ValueType = {
  description: 'URL of an HTTP proxy',
  problem: (value) =>
    /^https?:\/\/[^\s/]+\/?$/.test(value) && URL.canParse(value)
      ? undefined
      : 'is not the address of an HTTP proxy. Write it as http://proxy.example.com:3128',
};

/** Standard base64 of exactly 32 bytes: the backend will not start with any other key. */
export const base64Key: ValueType = {
  description: 'base64 of exactly 32 bytes',
  problem: (value) => {
    if (/^[A-Za-z0-9_-]+=*$/.test(value) && /[_-]/.test(value)) {
      return `uses the URL-safe alphabet (- and _), which the backend does not decode. ${GENERATE_KEY}`;
    }
    if (!BASE64.test(value)) return `is not base64. ${GENERATE_KEY}`;
    const bytes = Buffer.from(value, 'base64').length;
    return bytes === 32 ? undefined : `decodes to ${bytes} bytes, the backend needs exactly 32. ${GENERATE_KEY}`;
  },
};

/** An API key of an LLM provider: one line of visible characters. */
export const apiKey: ValueType = {
  description: 'API key',
  problem: (value) =>
    hasControlCharacter(value) || /\s/.test(value)
      ? 'contains white space. Copy the key again, on one line'
      : undefined,
};

/** A name of at most 63 characters for namespaces and labels. */
export const dnsLabel: ValueType = {
  description: 'lower-case letters, digits and `-`, at most 63',
  problem: (value) =>
    DNS_LABEL.test(value) && value.length <= 63
      ? undefined
      : 'must be at most 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit',
};

/** A name of at most 253 characters for most other objects. */
export const dnsSubdomain: ValueType = {
  description: 'lower-case letters, digits, `-` and `.`, at most 253',
  problem: (value) =>
    DNS_SUBDOMAIN.test(value) && value.length <= 253
      ? undefined
      : 'must be at most 253 lower-case letters, digits, dashes and dots, beginning and ending with a letter or digit',
};

/** A node, as `kubectl get nodes` names it; its name is also a label value. */
export const nodeName: ValueType = {
  description: 'name of a node, as `kubectl get nodes` shows it',
  problem: (value) =>
    DNS_SUBDOMAIN.test(value) && value.length <= 63
      ? undefined
      : 'is not the name of a node. Take it from: kubectl get nodes',
};

/** An amount of storage in Kubernetes' notation. */
export const storageQuantity: ValueType = {
  description: 'Kubernetes quantity, for example `10Gi`',
  canonical: canonicalQuantity,
  problem: (value) => {
    const bytes = quantityBytes(value);
    if (bytes === undefined) return 'is not a Kubernetes quantity. Write a number and Mi, Gi or Ti, for example 10Gi';
    if (bytes < 100 * MEBIBYTE) {
      return 'is less than 100Mi, too little for the databases. Write a number and its unit, for example 10Gi';
    }
    return undefined;
  },
};

/** How often a claim can be mounted. */
export const accessMode: ValueType = {
  ...choice('ReadWriteOnce', 'ReadWriteMany'),
  problem: (value) =>
    value === 'ReadWriteOncePod'
      ? 'ReadWriteOncePod would lock out one of the two pods that share the volume. Write ReadWriteOnce'
      : choice('ReadWriteOnce', 'ReadWriteMany').problem(value),
};

/** Where image repositories are mirrored: a registry, and a path if need be. */
export const imageRegistry: ValueType = {
  description: 'registry host, with a path where there is one',
  problem: (value) => {
    if (value.includes('://')) return 'must not have a scheme. Write the host, for example registry.example.com/mirror';
    const [host = '', ...path] = value.split('/');
    return REGISTRY.test(host) && path.every((part) => IMAGE_PATH.test(part))
      ? undefined
      : 'is not a registry. Write the host, a port or path if it has one, and no slash at the end: registry.example.com/mirror';
  },
};

/** A whole image reference. */
export const imageReference: ValueType = {
  description: 'image reference with a tag or digest',
  problem: (value) =>
    parseImage(value)
      ? undefined
      : 'is not an image reference. Write it as registry.example.com/name:tag or name@sha256:<64 hex digits>',
};

/** An e-mail address. */
export const email: ValueType = {
  description: 'e-mail address',
  problem: (value) =>
    /^[^\s@,;<>"]+@[^\s@,;<>"]+\.[A-Za-z0-9-]{2,}$/.test(value)
      ? undefined
      : 'is not an e-mail address. Write it as team@example.com',
};

/** An ACME directory: a name for Let's Encrypt's, or a URL. */
export const acmeServer: ValueType = {
  description: '`letsencrypt`, `letsencrypt-staging`, or the URL of an ACME directory',
  problem: (value) => {
    if (['letsencrypt', 'letsencrypt-staging'].includes(value)) return undefined;
    return /^https:\/\/[^\s/]+(\/\S*)?$/.test(value) && URL.canParse(value)
      ? undefined
      : 'must be letsencrypt, letsencrypt-staging or the https:// URL of an ACME directory';
  },
};

/** A Gateway that is there, or the class of one to make. */
export const gateway: ValueType = {
  description: '`namespace/name` of a Gateway, or `class:NAME` to make one',
  problem: (value) => {
    const [kind, name = ''] = value.startsWith('class:') ? ['class', value.slice('class:'.length)] : value.split('/');
    const names = kind === 'class' ? [name] : value.split('/');
    const expected = kind === 'class' ? 1 : 2;
    return names.length === expected && names.every((part) => dnsSubdomain.problem(part) === undefined)
      ? undefined
      : 'must be the namespace/name of a Gateway, or class:NAME to make one of that class';
  },
};

/** A store of External Secrets Operator. */
export const secretStore: ValueType = {
  description: '`SecretStore/name` or `ClusterSecretStore/name`',
  problem: (value) => {
    const [kind, name = '', ...more] = value.split('/');
    return (kind === 'SecretStore' || kind === 'ClusterSecretStore') &&
      more.length === 0 &&
      dnsSubdomain.problem(name) === undefined
      ? undefined
      : 'must be SecretStore/name or ClusterSecretStore/name';
  },
};

/** A Git repository as Argo CD clones it; credentials belong to Argo CD. */
export const gitRepo: ValueType = {
  description: 'URL of a Git repository',
  problem: (value) => {
    if (/^https?:\/\/[^/@]*@/.test(value)) {
      return 'contains credentials. Give them to Argo CD instead: argocd repo add';
    }
    return /^(https:\/\/[^\s/]+\/\S+|ssh:\/\/\S+\/\S+|[^\s@/:]+@[^\s/:]+:\S+)$/.test(value)
      ? undefined
      : 'is not the URL of a Git repository. Write it as https://host/team/repo.git or git@host:team/repo.git';
  },
};

/** A folder below the root of a repository. */
export const repoPath: ValueType = {
  description: 'path in the repository',
  problem: (value) =>
    /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/.test(value) && !value.split('/').includes('..')
      ? undefined
      : 'is not a path in the repository. Write it relative to the root, for example dist',
};

/** A branch, tag or commit. */
export const gitRevision: ValueType = {
  description: 'branch, tag or commit',
  problem: (value) =>
    /^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(value) ? undefined : 'is not a branch, tag or commit. Write it as main',
};

/** Address ranges, comma-separated. */
export const cidrs: ValueType = {
  description: 'CIDRs, comma-separated',
  problem: (value) => {
    for (const range of list(value)) {
      if (range === '') return 'has an empty range. Remove the comma too many';
      const problem = cidrProblem(range);
      if (problem) return problem;
    }
    return undefined;
  },
};

/** An address range and a port of it, comma-separated. */
export const egress: ValueType = {
  description: '`CIDR:port`, comma-separated',
  problem: (value) => {
    for (const way of list(value)) {
      const { cidr, port: number } = parseEgress(way);
      if (port.problem(number))
        return `${way || 'an empty entry'} has no port. Write a range and a port: 10.0.0.5/32:3128`;
      const problem = cidrProblem(cidr);
      if (problem) return problem;
    }
    return undefined;
  },
};

/** The range and the port of one way out; an IPv6 range has colons too, so the last one counts. */
export function parseEgress(way: string): { readonly cidr: string; readonly port: string } {
  const colon = way.lastIndexOf(':');
  return { cidr: way.slice(0, Math.max(colon, 0)), port: way.slice(colon + 1) };
}

/** The parts of a comma-separated value. */
export function list(value: string): readonly string[] {
  return value.split(',').map((part) => part.trim());
}

function cidrProblem(range: string): string | undefined {
  const [address = '', prefix, ...more] = range.split('/');
  // A zone names an interface of one machine, and is no part of an address elsewhere.
  const version = address.includes('%') ? 0 : isIP(address);
  const bits = version === 4 ? 32 : 128;
  if (version === 0 || more.length > 0) return `${range} is not a CIDR. Write it as 203.0.113.0/24`;
  if (prefix === undefined) return `${range} has no prefix length. Write ${range}/${bits} for one address`;
  if (!/^(0|[1-9][0-9]{0,2})$/.test(prefix) || Number(prefix) > bits) {
    return `${range} has a prefix length that is not from 0 to ${bits}`;
  }
  return undefined;
}

/** A folder: relative for the cluster's storage, absolute for a folder of one node. */
export const dataPath: ValueType = {
  description: 'relative path, or absolute path on the node',
  problem: (value) => {
    if (/^[A-Za-z]:[\\/]/.test(value) || value.includes('\\')) {
      return 'is a Windows path. Write ./.dbdata for storage of the cluster, or a path of a Linux node such as /mnt/junjo-data';
    }
    if (value.startsWith('~'))
      return 'begins with ~, which no node knows. Write an absolute path such as /mnt/junjo-data';
    if (!value.startsWith('/')) return undefined;
    // The API server refuses such paths in a local volume.
    if (value.split('/').includes('..')) return 'contains "..", which Kubernetes refuses. Write the path without it';
    const depth = value.split('/').filter((part) => part !== '' && part !== '.').length;
    return depth === 0 ? 'is the root of the node. Name a folder such as /mnt/junjo-data' : undefined;
  },
};

/** The check of a release line's own variable. */
export function lineValueType(type: LineVariable['type'], line: ReleaseLine): ValueType {
  if (type === 'token') return metadataToken;
  switch (type.kind) {
    case 'text':
      return text;
    case 'integer':
      return integer(type.min, type.max);
    case 'boolean':
      return boolean;
    case 'writablePath':
      return pathBelow([...line.writable[type.component].map(({ path }) => path), line.dataPath]);
  }
}

/** An absolute path in one of some folders. */
function pathBelow(folders: readonly string[]): ValueType {
  const listed = folders.join(' or ');
  return {
    description: `path below ${listed}`,
    problem: (value) =>
      folders.some((folder) => posix.normalize(value).startsWith(`${folder}/`))
        ? undefined
        : `must be a path below ${listed}; the container cannot write anywhere else`,
  };
}

/** The parts of an image reference, or nothing when it is none. */
export function parseImage(reference: string): { readonly tag?: string; readonly digest?: string } | undefined {
  const at = reference.indexOf('@');
  const digest = at < 0 ? undefined : reference.slice(at + 1);
  const rest = at < 0 ? reference : reference.slice(0, at);
  // A colon before the last slash belongs to the registry's port.
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  const [first = '', ...others] = (colon < 0 ? rest : rest.slice(0, colon)).split('/');
  const firstIsRegistry = others.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = firstIsRegistry ? others : [first, ...others];
  const valid =
    (!firstIsRegistry || REGISTRY.test(first)) &&
    path.every((part) => IMAGE_PATH.test(part)) &&
    (tag === undefined || IMAGE_TAG.test(tag)) &&
    (digest === undefined || IMAGE_DIGEST.test(digest));
  return valid ? { tag, digest } : undefined;
}

function hasControlCharacter(value: string): boolean {
  return [...value].some((character) => character < ' ' || character === '\u007f');
}
