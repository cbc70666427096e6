import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { LineVariable, ReleaseLine } from '../releases';
import { cidrOf, mappedIpv4, singleAddress, WIDTH, widened } from './address-range';
import { normalSchedule, scheduleProblem } from './cron';
import { type ImageReference, isImageRegistry, parseImage } from './image-reference';
import { canonicalQuantity, quantityBytes } from './quantity';
import type { Egress, SecretStore } from './studio-config';
import { isBase64, isDnsSubdomain, withoutUserInfo } from './text';

/** What a variable may hold: a description for the documentation, and what a text of it means. */
export interface ValueType<T> {
  /** For the table of variables, for example `integer from 1 to 3600`. */
  readonly description: string;
  /** All allowed values, if they are a few words. @default more than can be listed */
  readonly words?: readonly string[];
  /**
   * Valid texts, at least two, with different effects. They stand in for an invalid text, to find the problems that do not depend
   * on it: `config/whatever-is-meant.ts`.
   */
  readonly samples: readonly string[];
  readonly parse: (text: string) => Parsed<T>;
  /** What to do with a password or token in a setting that is not a secret. @default remove it */
  readonly credentialsBelong?: string;
}

/** The value that a text stands for, or what is wrong with the text. */
export type Parsed<T> = Sound<T> | Unsound;

/** A valid value. */
export interface Sound<T> {
  readonly value: T;
  /** The canonical text of a value that can be written in several ways. Containers get it. @default the text in the file */
  readonly text?: string;
}

/** An invalid text. */
export interface Unsound {
  /** What is wrong and how to fix it. It never repeats a secret. */
  readonly problem: string;
}

const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const GENERATE_KEY = 'Generate one: openssl rand -base64 32';
const MEBIBYTE = 2 ** 20;
/** Bytes of 8Ei: what counts them in 64 bits, with a sign, has no room for more. */
const MOST_BYTES = 2 ** 63;

/** One of a few words. */
export function choice<const Word extends string>(...words: readonly Word[]): ValueType<Word> {
  return {
    description: words.map((word) => `\`${word}\``).join(', '),
    words,
    samples: words,
    parse: (text) => {
      const value = words.find((word) => word === text);
      if (value !== undefined) return { value };
      const meant = words.find((word) => word === text.trim().toLowerCase());
      return { problem: meant ? `must be written in lower case: ${meant}` : `must be one of: ${words.join(', ')}` };
    },
  };
}

/** The same in any case, and with other words for some of them. */
export function choiceInAnyCase<const Word extends string>(
  words: readonly Word[],
  synonyms: ReadonlyMap<string, Word> = new Map(),
): ValueType<Word> {
  const { description, parse } = choice(...words);
  return {
    description,
    words,
    samples: words,
    parse: (text) => {
      const word = text.trim().toLowerCase();
      const parsed = parse(synonyms.get(word) ?? word);
      return 'problem' in parsed ? parsed : { value: parsed.value, text: parsed.value };
    },
  };
}

/** A whole number in decimal digits without a sign, within bounds that are not negative. */
export function integer(min: number, max?: number): ValueType<number> {
  const range = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`;
  return {
    description: `integer ${range}`,
    samples: [String(min), String(max ?? min + 1)],
    parse: (text) => {
      const value = Number(text);
      const inRange = value >= min && (max === undefined || value <= max) && Number.isSafeInteger(value);
      return /^[0-9]+$/.test(text) && inRange ? { value } : { problem: `must be an integer ${range}` };
    },
  };
}

/** A text that `problemOf` checks: it returns what is wrong, or nothing. */
export function checkedText(
  description: string,
  samples: readonly string[],
  problemOf: (text: string) => string | undefined,
): ValueType<string> {
  return {
    description,
    samples,
    parse: (text) => {
      const problem = problemOf(text);
      return problem === undefined ? { value: text } : { problem };
    },
  };
}

const trueOrFalse = choiceInAnyCase(
  ['true', 'false'],
  new Map([
    ...['1', 'yes', 'on', 'y', 't'].map((word) => [word, 'true'] as const),
    ...['0', 'no', 'off', 'n', 'f'].map((word) => [word, 'false'] as const),
  ]),
);

/** `true` or `false`, in every way that pydantic reads: https://docs.pydantic.dev/latest/api/standard_library_types/#booleans */
export const boolean: ValueType<boolean> = {
  description: '`true`, `false`; also `1`, `0`, `yes`, `no`, `on`, `off`',
  words: ['true', 'false'],
  samples: ['true', 'false'],
  parse: (text) => {
    const parsed = trueOrFalse.parse(text);
    return 'problem' in parsed ? parsed : { value: parsed.value === 'true', text: parsed.value };
  },
};

/** How much is logged: the backend and ingestion both know these, each in its own words. */
export const logLevel = {
  ...choiceInAnyCase(['debug', 'info', 'warn', 'error'], new Map([['warning', 'warn']])),
  description: '`debug`, `info`, `warn` or `warning`, `error`',
};

/** A TCP port. */
export const port = integer(1, 65535);

/** Any text. */
export const text: ValueType<string> = {
  description: 'text',
  samples: ['sample-1', 'sample-2'],
  parse: (value) => ({ value }),
};

/** Base64 of 32 bytes that look random, as generated secrets do. They open nothing. */
const secretSamples = ['sample 1', 'sample 2'].map((seed) => createHash('sha256').update(seed).digest('base64'));

/** Names of objects that no studio has by itself. */
const nameSamples = ['sample-1', 'sample-2'];

/** A secret of any length, on one line, that must not be guessable. */
export const secretText = checkedText('text of at least 32 characters', secretSamples, secretProblem);

/** A secret that travels in gRPC metadata, which carries visible ASCII alone. */
export const metadataToken = checkedText('ASCII text of at least 32 characters', secretSamples, (value) =>
  /^[\x20-\x7e]*$/.test(value) && value === value.trim()
    ? secretProblem(value)
    : `contains non-ASCII characters, or starts or ends with a space, which gRPC does not allow. ${GENERATE_KEY}`,
);

function secretProblem(value: string): string | undefined {
  if (hasControlCharacter(value)) return `contains a line break or another control character. ${GENERATE_KEY}`;
  return value.length < 32 ? `is shorter than 32 characters and could be guessed. ${GENERATE_KEY}` : undefined;
}

/** The address of an HTTP proxy. It may hold a password, so no message repeats it. */
export const proxyUrl: ValueType<URL> = {
  description: 'URL of an HTTP proxy',
  samples: ['http://proxy.example.com:3128', 'https://proxy.example.com'],
  parse: (text) =>
    /^https?:\/\/[^\s/]+\/?$/.test(text) && URL.canParse(text)
      ? { value: new URL(text) }
      : { problem: 'is not the address of an HTTP proxy. Write it as http://proxy.example.com:3128' },
};

/** The address of a server that replaces a provider's own. Its keys are in other variables. */
export const apiBase: ValueType<URL> = {
  description: '`http://` or `https://` URL',
  samples: ['https://llm.example.com/v1', 'http://llm.internal.example:4000'],
  parse: (text) =>
    /^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/i.test(text) && isParsed(text)
      ? { value: new URL(text) }
      : { problem: 'is not the address of a server. Write it as https://llm.example.com/v1' },
  credentialsBelong: 'Set the key in the variable of the provider, such as OPENAI_API_KEY',
};

/** A file or folder in the container. */
export const pathInContainer = checkedText(
  'absolute path in the container',
  ['/etc/ssl/certs/ca-certificates.crt', '/etc/company/ca.crt'],
  (value) =>
    value.startsWith('/') && !hasControlCharacter(value)
      ? undefined
      : 'is not an absolute path in the container. Write it as /etc/company/ca.crt',
);

/** Standard base64 of exactly 32 bytes: the backend will not start with any other key. */
export const base64Key = checkedText('base64 of exactly 32 bytes', secretSamples, (value) => {
  if (/^[A-Za-z0-9_-]+=*$/.test(value) && /[_-]/.test(value)) {
    return `uses the URL-safe alphabet (- and _), which the backend does not decode. ${GENERATE_KEY}`;
  }
  if (!isBase64(value)) return `is not base64. ${GENERATE_KEY}`;
  const bytes = Buffer.from(value, 'base64').length;
  return bytes === 32 ? undefined : `decodes to ${bytes} bytes, but the backend needs exactly 32. ${GENERATE_KEY}`;
});

/** An API key of an LLM provider: one line of visible characters. */
export const apiKey = checkedText('API key', secretSamples, (value) =>
  hasControlCharacter(value) || /\s/.test(value) ? 'contains white space. Copy the key again, on one line' : undefined,
);

/** A name of at most 63 characters for namespaces and labels. */
export const dnsLabel = checkedText('lower-case letters, digits and `-`, at most 63', nameSamples, (value) =>
  DNS_LABEL.test(value) && value.length <= 63
    ? undefined
    : 'must be at most 63 lower-case letters, digits or dashes, and start and end with a letter or digit',
);

/** A name of at most 253 characters for most other objects. */
export const dnsSubdomain = checkedText('lower-case letters, digits, `-` and `.`, at most 253', nameSamples, (value) =>
  isDnsSubdomain(value)
    ? undefined
    : 'must be at most 253 lower-case letters, digits, dashes or dots, and start and end with a letter or digit',
);

/** A node, as `kubectl get nodes` names it; its name is also a label value. */
export const nodeName = checkedText(
  'label `kubernetes.io/hostname` of a node, usually its name',
  nameSamples,
  (value) =>
    isDnsSubdomain(value) && value.length <= 63
      ? undefined
      : 'is not the name of a node. Take it from: kubectl get nodes',
);

/** An amount of storage in Kubernetes' notation, as the API server stores it. */
export const storageQuantity: ValueType<string> = {
  description: 'Kubernetes quantity, for example `10Gi`',
  samples: ['1Gi', '1Ti'],
  parse: (text) => {
    const bytes = quantityBytes(text);
    if (bytes === undefined) {
      return { problem: 'is not a Kubernetes quantity. Write a number and Mi, Gi or Ti, for example 10Gi' };
    }
    if (bytes < 100 * MEBIBYTE) {
      return {
        problem: 'is less than the minimum of 100Mi. Write a number and its unit, for example 10Gi',
      };
    }
    if (bytes >= MOST_BYTES)
      return { problem: 'is 8Ei or more, which no volume can have. Write a smaller size, for example 10Gi' };
    return { value: canonicalQuantity(text) };
  },
};

const claimModes = choice('ReadWriteOnce', 'ReadWriteMany');

/** How often a claim can be mounted. */
export const accessMode: ValueType<'ReadWriteOnce' | 'ReadWriteMany'> = {
  ...claimModes,
  parse: (text) =>
    text === 'ReadWriteOncePod'
      ? { problem: 'ReadWriteOncePod allows only one pod, but two pods share the volume. Write ReadWriteOnce' }
      : claimModes.parse(text),
};

/** Where image repositories are mirrored: a registry, and a path if need be. */
export const imageRegistry = checkedText(
  'registry host, with a path if it has one',
  ['docker.io', 'registry.example.com/mirror'],
  (value) => {
    if (value.includes('://'))
      return 'must not start with a scheme. Write only host and path, for example registry.example.com/mirror';
    const [host = '', ...path] = value.split('/');
    return isImageRegistry(host, path)
      ? undefined
      : 'is not a registry. Write host, port and path without a slash at the end, for example registry.example.com/mirror';
  },
);

/** A whole image reference. */
export const imageReference: ValueType<ImageReference> = {
  description: 'image reference with a tag or digest',
  samples: ['registry.example.com/sample:build-1', `registry.example.com/sample@sha256:${'0'.repeat(64)}`],
  parse: (text) => {
    const value = parseImage(text);
    return value
      ? { value }
      : {
          problem:
            'is not an image reference. Write it as registry.example.com/name:tag or name@sha256:<64 hex digits>',
        };
  },
};

/** A schedule of cron. */
export const cron: ValueType<string> = {
  description: 'cron schedule, for example `17 3 * * *`',
  samples: ['17 3 * * *', '*/10 3 * * *', '@every 24h'],
  parse: (text) => {
    const problem = scheduleProblem(text);
    return problem === undefined ? { value: normalSchedule(text) } : { problem };
  },
};

/** A step from one release line to another. */
export const step = checkedText('`FROM-to-TO`, two release lines', ['0.1-to-0.2', '0.2-to-0.3'], (value) =>
  /^[0-9.]+-to-[0-9.]+$/.test(value) ? undefined : 'is not a step between release lines. Write it as 0.70-to-0.82',
);

/** An e-mail address. */
export const email = checkedText('e-mail address', ['team@example.com', 'team@example.org'], (value) =>
  /^[^\s@,;<>"]+@[^\s@,;<>"]+\.[A-Za-z0-9-]{2,}$/.test(value)
    ? undefined
    : 'is not an e-mail address. Write it as team@example.com',
);

// https://letsencrypt.org/docs/acme-protocol-updates/ and https://letsencrypt.org/docs/staging-environment/
const letsEncryptDirectories = new Map([
  ['letsencrypt', 'https://acme-v02.api.letsencrypt.org/directory'],
  ['letsencrypt-staging', 'https://acme-staging-v02.api.letsencrypt.org/directory'],
]);

/** The URL of an ACME directory; Let's Encrypt's have names. */
export const acmeServer: ValueType<string> = {
  description: '`letsencrypt`, `letsencrypt-staging`, or the URL of an ACME directory',
  samples: [...letsEncryptDirectories.keys(), 'https://acme.example.com/directory'],
  parse: (text) => {
    const directory = letsEncryptDirectories.get(text);
    if (directory !== undefined) return { value: directory };
    return /^https:\/\/[^\s/]+(\/\S*)?$/.test(text) && URL.canParse(text)
      ? { value: text }
      : { problem: 'must be letsencrypt, letsencrypt-staging or the https:// URL of an ACME directory' };
  },
};

/** An existing Gateway, or the class of one to create. */
export type GatewayChoice =
  | { readonly kind: 'existing'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'new'; readonly className: string };

/** Which Gateway serves a studio. */
export const gateway: ValueType<GatewayChoice> = {
  description: '`namespace/name` of an existing Gateway, or `class:NAME` to create one',
  samples: ['sample-1/sample-1', 'sample-2/sample-2', 'class:sample'],
  parse: (text) => {
    const ofClass = text.startsWith('class:');
    const [first = '', second = '', ...more] = ofClass ? [text.slice('class:'.length)] : text.split('/');
    const sound = ofClass
      ? isDnsSubdomain(first)
      : !('problem' in dnsLabel.parse(first)) && isDnsSubdomain(second) && more.length === 0;
    if (!sound)
      return {
        problem: 'must be the namespace/name of an existing Gateway, or class:NAME to create one of that class',
      };
    return {
      value: ofClass ? { kind: 'new', className: first } : { kind: 'existing', namespace: first, name: second },
    };
  },
};

/** A store of External Secrets Operator. */
export const secretStore: ValueType<SecretStore> = {
  description: '`SecretStore/name` or `ClusterSecretStore/name`',
  samples: ['SecretStore/sample', 'ClusterSecretStore/sample'],
  parse: (text) => {
    const [kind, name = '', ...more] = text.split('/');
    return (kind === 'SecretStore' || kind === 'ClusterSecretStore') && more.length === 0 && isDnsSubdomain(name)
      ? { value: { kind, name } }
      : { problem: 'must be SecretStore/name or ClusterSecretStore/name' };
  },
};

const repoUrl = checkedText(
  'URL of a Git or OCI repository',
  [
    'https://git.example.com/team/studio.git',
    'git@git.example.com:team/studio.git',
    'oci://registry.example.com/team/studio',
  ],
  (value) => {
    if (/^oci:/i.test(value)) {
      const isRepository = /^oci:\/\/[a-z0-9.-]+(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/.test(value);
      return isRepository && isParsed(value.replace(/^oci/, 'https'))
        ? undefined
        : 'is not the URL of an OCI repository. Write it in lower case, without tag or digest, as oci://registry.example.com/team/studio';
    }
    const isUrl = /^(https|ssh):\/\/[^\s/?#]+\/[^\s?#]+$/i.test(value) && isParsed(value);
    return isUrl || /^[^\s@/:]+@[^\s/:@[\]]+:[^\s?#]+$/.test(value)
      ? undefined
      : 'is not the URL of a Git repository. Write it as https://host/team/repo.git or git@host:team/repo.git';
  },
);

/** A repository as Argo CD or Flux reads it; credentials belong to them. */
export const gitRepo: ValueType<string> = {
  ...repoUrl,
  credentialsBelong: 'Give them to Argo CD instead: argocd repo add. For Flux, name a Secret in JUNJO_K8S_GIT_SECRET',
};

// Not URL.canParse: once Node.js 20 has optimized the call, it refuses hosts with letters outside ASCII.
function isParsed(url: string): boolean {
  try {
    return new URL(url).hostname !== '';
  } catch {
    return false;
  }
}

/** A folder below the root of a repository. */
export const repoPath = checkedText('path in the repository', nameSamples, (value) =>
  /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/.test(value) && !value.split('/').includes('..')
    ? undefined
    : 'is not a path in the repository. Write it relative to the root, for example dist',
);

/** What is in no name of a branch or tag: https://git-scm.com/docs/git-check-ref-format */
const NO_REFERENCE = /\.\.|\/\/|\/\.|[./]$|\.lock(\/|$)/;

/** A branch, tag or commit, or the digest of an artifact. */
export const gitRevision = checkedText('branch, tag or commit', nameSamples, (value) =>
  /^([A-Za-z0-9][A-Za-z0-9._/-]*|sha256:[0-9a-f]{64})$/.test(value) && !NO_REFERENCE.test(value)
    ? undefined
    : 'is not a branch, tag or commit. Write a name such as main',
);

/** Address ranges, comma-separated. */
export const cidrs: ValueType<readonly string[]> = {
  description: 'CIDRs, comma-separated',
  samples: ['203.0.113.0/24', '2001:db8::/32'],
  parse: (text) =>
    everyPart(text, (range) =>
      range === '' ? { problem: 'has an empty range. Remove the extra comma' } : cidr(range),
    ),
};

/** An address range and a port of it, comma-separated. */
export const egress: ValueType<readonly Egress[]> = {
  description: '`CIDR:port`, comma-separated',
  samples: ['10.0.0.5/32:3128', '203.0.113.0/24:443'],
  parse: (text) => everyPart(text, wayOut),
};

function wayOut(text: string): Parsed<Egress> {
  // An IPv6 range has colons too, so the last one counts.
  const colon = text.lastIndexOf(':');
  const number = port.parse(text.slice(colon + 1));
  if ('problem' in number) {
    const [, written] = /:([0-9]{1,6})$/.exec(text) ?? [];
    if (written) return { problem: `${text} has the port ${written}. Write a port from 1 to 65535` };
    return {
      problem: `${withoutUserInfo(text) || 'an empty entry'} has no port. Write a range and a port: 10.0.0.5/32:3128`,
    };
  }
  const range = cidr(text.slice(0, Math.max(colon, 0)));
  return 'problem' in range ? range : { value: { cidr: range.value, port: number.value } };
}

/** The values of comma-separated parts, or the first problem. */
function everyPart<T>(text: string, parse: (part: string) => Parsed<T>): Parsed<readonly T[]> {
  const written = text.split(/[\s,;|，、；]+/).filter((part) => part !== '');
  const hasOthers = written.length > commaSeparated(text).filter((part) => part !== '').length;
  if (hasOthers && written.every((part) => 'value' in parse(part))) {
    const fix = `Write commas between them: ${written.join(',')}`;
    return { problem: `has a separator other than a comma. ${fix}` };
  }
  const value: T[] = [];
  for (const part of commaSeparated(text)) {
    const parsed = parse(part);
    if ('problem' in parsed) return parsed;
    value.push(parsed.value);
  }
  return { value };
}

/** Texts without a comma; empty ones are left out. */
function commaSeparatedTexts(description: string): ValueType<readonly string[]> {
  return {
    description,
    samples: nameSamples,
    parse: (text) => ({ value: commaSeparated(text).filter((part) => part !== '') }),
  };
}

/** Paths of files, comma-separated. */
export const filePaths = commaSeparatedTexts('paths, comma-separated');

/** What people write between origins instead of a comma. */
const OTHER_SEPARATORS = /(?<=[a-z0-9\]])[^a-z0-9[\],]*(?=https?:\/\/)|\s*(?:[;|，、；]|,\s*[;|]|\s)[\s,;|，、；]*/i;

/** Origins, as upstream reads them. */
export const origins: ValueType<readonly string[]> = {
  description: 'comma-separated, or a JSON array',
  samples: ['https://one.example', 'https://two.example'],
  parse: (text) => {
    const fix = 'Write origins with commas between them: https://studio.example.com,https://other.example.com';
    const value = text.trimStart().startsWith('[') ? arrayOfTexts(text, fix) : commaSeparated(text);
    if ('problem' in value) return value;
    const parts = value.flatMap((origin) => origin.trim().split(OTHER_SEPARATORS));
    if (parts.length === value.length) return { value };
    const origins = parts.filter((origin) => origin !== '');
    const meant = origins.every((origin) => /^https?:\/\/[a-z0-9.:[\]-]+\/?$/i.test(origin));
    const whole = `Write commas between them: ${origins.map((origin) => origin.replace(/\/$/, '')).join(',')}`;
    return { problem: `has a separator other than a comma. ${meant ? whole : fix}` };
  },
};

function arrayOfTexts(text: string, fix: string): readonly string[] | Unsound {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((each) => typeof each === 'string')
      ? value
      : { problem: `is JSON, but not an array of strings. ${fix}` };
  } catch {
    return { problem: `starts like a JSON array but cannot be parsed. ${fix}` };
  }
}

/** Names of hosts, comma-separated. */
export const hosts = commaSeparatedTexts('names, comma-separated');

/** The parts of a comma-separated value, without the spaces around them. */
export function commaSeparated(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}

/** What is wrong with the first part that has a problem. */
export function firstProblem<T>(parts: readonly T[], problemOf: (part: T) => string | undefined): string | undefined {
  return parts.map(problemOf).find((problem) => problem !== undefined);
}

/**
 * A range as Kubernetes takes it: from 1.36 on without bits after the prefix, leading zeros and IPv4 in IPv6, and IPv6 in the
 * one way that brings no warning. IsValidCIDR of k8s.io/apimachinery/pkg/util/validation/ip.go, KEP-4858.
 */
function cidr(text: string): Parsed<string> {
  const [address = '', prefix, ...more] = text.split('/');
  const single = singleAddress(withoutLeadingZeros(address));
  if (!single || more.length > 0)
    return { problem: `${withoutUserInfo(text)} is not a CIDR. Write it as 203.0.113.0/24` };
  const bits = WIDTH[single.version];
  if (prefix === undefined) return { problem: `${text} has no prefix length. Write ${text}/${bits} for one address` };
  if (!/^[0-9]{1,3}$/.test(prefix) || Number(prefix) > bits) {
    return { problem: `${text} must have a prefix length from 0 to ${bits}` };
  }
  const range = widened(single, Number(prefix));
  const ipv4 = mappedIpv4(range);
  if (ipv4)
    return { problem: `${text} is an IPv4 address in IPv6 notation, which Kubernetes refuses. Write ${cidrOf(ipv4)}` };
  if (address !== withoutLeadingZeros(address) || prefix !== String(Number(prefix))) {
    return { problem: `${text} has a leading zero, which Kubernetes refuses. Write ${cidrOf(range)}` };
  }
  if (single.first === range.first) return { value: cidrOf(range) };
  const fix = `Write ${cidrOf(range)}, or ${cidrOf(single)} for one address`;
  return { problem: `${text} has bits set after its prefix, which Kubernetes refuses. ${fix}` };
}

/** An IPv4 address whose parts are decimal to everybody: some programs read 010 as 8. */
function withoutLeadingZeros(address: string): string {
  return /^[0-9.]+$/.test(address) ? address.replace(/(^|\.)0+(?=[0-9])/g, '$1') : address;
}

/** A folder: relative for the cluster's storage, absolute for a folder on one node. */
export const dataPath = checkedText(
  'relative path, or absolute path on the node',
  ['./.dbdata', '/mnt/sample-1', '/mnt/sample-2'],
  (value) => {
    if (isWindowsPath(value)) {
      return 'is a Windows path. Write ./.dbdata for storage of the cluster, or a path of a Linux node such as /mnt/junjo-data';
    }
    return problemOfFolder(value, '/mnt/junjo-data') ?? problemOfNodeFolder(value, '/mnt/junjo-data');
  },
);

/** Where Docker Desktop on Windows shares the drives of the machine: kamkie in docker/for-win#5066. */
const DOCKER_DESKTOP_DRIVES = '/run/desktop/mnt/host/';

/** An absolute folder of the nodes, whose content only a person changes. */
export const sourcesFolder = checkedText('absolute path on the nodes', ['/src/sample-1', '/src/sample-2'], (value) => {
  if (isWindowsPath(value)) {
    return `is a Windows path. On Docker Desktop, nodes see C:\\junjo as ${DOCKER_DESKTOP_DRIVES}c/junjo. Write that path`;
  }
  const problem = problemOfFolder(value, '/src/junjo');
  if (problem !== undefined) return problem;
  if (!value.startsWith('/')) return 'is not an absolute path on the nodes. Write it as /src/junjo';
  const folder = asFolder(value);
  const isOnDrive = folder.startsWith(DOCKER_DESKTOP_DRIVES) && folder !== DOCKER_DESKTOP_DRIVES;
  return isOnDrive && !hasParent(value) ? undefined : problemOfNodeFolder(value, '/src/junjo');
});

function isWindowsPath(value: string): boolean {
  return /^[A-Za-z]:[\\/]/.test(value) || value.includes('\\');
}

/** PATH_MAX of Linux is 4096, and the studio puts names of its own below the folder. */
const PATH_BYTES = 4000;

/** What is wrong with a path to a folder, wherever it is. */
function problemOfFolder(value: string, example: string): string | undefined {
  if (hasControlCharacter(value) || value !== value.trim()) {
    return 'contains a control character, or starts or ends with a space. Write the path without it';
  }
  if (/^[a-z]+:\/\//.test(value)) return `is a URL. Write the path alone, such as ${example}`;
  if (value.split('/').some((part) => Buffer.byteLength(part) > 255)) {
    return 'has a folder name of more than 255 bytes, which Linux file systems do not support. Shorten it';
  }
  if (Buffer.byteLength(value) > PATH_BYTES) {
    return `is longer than ${PATH_BYTES} bytes, which Linux does not support. Shorten it`;
  }
  return value.startsWith('~')
    ? `starts with ~, which Kubernetes does not expand. Write an absolute path such as ${example}`
    : undefined;
}

/** What is wrong with an absolute path on a node. */
function problemOfNodeFolder(value: string, example: string): string | undefined {
  if (!value.startsWith('/')) return undefined;
  // The API server refuses such paths in volumes.
  if (hasParent(value)) return 'contains "..", which Kubernetes refuses. Write the path without it';
  const folder = asFolder(value);
  if (folder === '/') return `is the root of the node. Name a folder such as ${example}`;
  const system = SYSTEM_FOLDERS.find((each) => isOneInTheOther(folder, `${each}/`));
  return system === undefined
    ? undefined
    : `belongs to the operating system of the node (${system}). The studio could break the node, and the node could delete the data. Name a separate folder, such as ${example}`;
}

function hasParent(path: string): boolean {
  return path.split('/').includes('..');
}

/** Folders in which the operating system and the kubelet keep their own files, or which are emptied at each start. */
const SYSTEM_FOLDERS = [
  ...['/bin', '/boot', '/dev', '/etc', '/lib', '/lib64', '/proc', '/run', '/sbin', '/sys', '/var/run'],
  ...['/usr/bin', '/usr/lib', '/usr/sbin', '/var/lib/containerd', '/var/lib/etcd', '/var/lib/kubelet'],
  ...['/var/lib/rancher/k3s/agent', '/var/lib/rancher/k3s/server'],
];

function isOneInTheOther(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

/** A path with a slash at its end and no extra ones, as the kernel reads it. */
function asFolder(path: string): string {
  return posix.normalize(`/${path}/`);
}

/** The type of a release line's own variable. */
export function lineValueType(type: LineVariable['type'], line: ReleaseLine): ValueType<unknown> {
  if (type === 'token') return metadataToken;
  switch (type.kind) {
    case 'text':
      return text;
    case 'integer':
      return integer(type.min, type.max);
    case 'boolean':
      return boolean;
    case 'writablePath':
      return pathBelow([...(line.writable[type.component] ?? []).map(({ path }) => path), line.dataPath]);
  }
}

/** An absolute path in one of some folders. */
function pathBelow(folders: readonly string[]): ValueType<string> {
  const listed = folders.join(' or ');
  return checkedText(
    `path below ${listed}`,
    nameSamples.map((name) => `${folders[0]}/${name}`),
    (value) =>
      folders.some((folder) => posix.normalize(value).startsWith(`${folder}/`))
        ? undefined
        : `must be a path below ${listed}, because the container cannot write anywhere else`,
  );
}

function hasControlCharacter(value: string): boolean {
  return [...value].some((character) => character < ' ' || character === '\u007f');
}
