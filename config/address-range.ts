import { isIP } from 'node:net';

/** An address range, as its first address and the length of the prefix that all its addresses have in common. */
export interface AddressRange {
  readonly version: 4 | 6;
  /** The first address as a number. */
  readonly first: bigint;
  /** Bits. */
  readonly prefix: number;
}

/** An IP address as a number. */
interface Address {
  readonly version: 4 | 6;
  readonly bits: bigint;
}

/** Bits of an address. */
export const WIDTH = { 4: 32, 6: 128 } as const;

/** How many leading bits make an address of `::ffff:0:0/96` one of IPv4. */
const MAPPED = { bits: 96, prefix: 0xffffn } as const;

/** The range of one address, or nothing where a text is none. */
export function singleAddress(text: string): AddressRange | undefined {
  const address = addressOf(text);
  return address && { version: address.version, first: address.bits, prefix: WIDTH[address.version] };
}

/** The range with this prefix length that holds another. @param prefix at most the other's */
export function widened({ version, first }: AddressRange, prefix: number): AddressRange {
  return { version, first: masked({ version, bits: first }, prefix), prefix };
}

/** The range of a text in CIDR notation, or of one address; nothing where it is neither. */
export function rangeOf(text: string): AddressRange | undefined {
  const [, address = '', prefix] = /^([^/]*)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const single = singleAddress(address);
  if (!single || prefix === undefined) return single;
  return Number(prefix) > single.prefix ? undefined : widened(single, Number(prefix));
}

/** A range in CIDR notation that is known to be one. @throws Error where it is not */
export function rangeOfCidr(cidr: string): AddressRange {
  const range = rangeOf(cidr);
  if (!range) throw new Error(`${cidr} is not a CIDR`);
  return range;
}

/** Whether a range or an address is in another one, both as text. What is no range is in none. */
export function isWithin(inner: string, outer: string): boolean {
  const [one, other] = [rangeOf(inner), rangeOf(outer)];
  return one !== undefined && other !== undefined && includes(other, one);
}

/** Whether a range holds all of another, or is the same. */
export function includes(outer: AddressRange, inner: AddressRange): boolean {
  if (outer.version !== inner.version || outer.prefix > inner.prefix) return false;
  return widened(inner, outer.prefix).first === outer.first;
}

/** Whether a range is larger than one that it holds. */
export function isLarger(outer: AddressRange, inner: AddressRange): boolean {
  return outer.prefix < inner.prefix && includes(outer, inner);
}

/** The range of IPv4 that a range of IPv4-mapped IPv6 addresses stands for, or nothing where it is no such range. */
export function mappedIpv4({ version, first, prefix }: AddressRange): AddressRange | undefined {
  if (version === 4 || prefix < MAPPED.bits || first >> 32n !== MAPPED.prefix) return undefined;
  return { version: 4, first: first & 0xffffffffn, prefix: prefix - MAPPED.bits };
}

/** CIDR notation; IPv6 in the one way of RFC 5952. */
export function cidrOf({ version, first, prefix }: AddressRange): string {
  return `${textOf({ version, bits: first })}/${prefix}`;
}

function addressOf(text: string): Address | undefined {
  // A zone names an interface of one machine, and is no part of an address elsewhere.
  const version = text.includes('%') ? 0 : isIP(text);
  if (version === 4) return { version, bits: joined(text.split('.').map(Number), 8) };
  if (version !== 6) return undefined;
  // Rewritten, so that no part of it is in the notation of IPv4.
  const [head = '', tail] = rewritten(text).split('::');
  const groupsOf = (part = '') => part.split(':').filter(Boolean);
  const [left, right] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return {
    version,
    bits: joined(
      [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16)),
      16,
    ),
  };
}

function textOf({ version, bits }: Address): string {
  const width = version === 4 ? 8 : 16;
  const parts = Array.from({ length: WIDTH[version] / width }, (_, index) =>
    Number(BigInt.asUintN(width, bits >> BigInt(WIDTH[version] - (index + 1) * width))),
  );
  return version === 4 ? parts.join('.') : rewritten(parts.map((part) => part.toString(16)).join(':'));
}

/** An IPv6 address as URLs write it, which is the way of RFC 5952: https://url.spec.whatwg.org/#concept-ipv6-serializer */
function rewritten(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function masked({ version, bits }: Address, prefix: number): bigint {
  const host = BigInt(WIDTH[version] - prefix);
  return (bits >> host) << host;
}

function joined(parts: readonly number[], width: number): bigint {
  return parts.reduce((bits, part) => (bits << BigInt(width)) | BigInt(part), 0n);
}
