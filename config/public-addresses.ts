import {
  type AddressRange,
  cidrOf,
  includes,
  isLarger,
  mappedIpv4,
  rangeOfCidr,
  singleAddress,
  WIDTH,
} from './address-range';
import type { Egress } from './studio-config';

/** A range without some ranges of it, as network policies write it. */
export interface IpBlock {
  readonly cidr: string;
  /** @default the whole range */
  readonly except?: readonly string[];
}

/**
 * Ranges of IPv4 that are not on the internet: https://www.iana.org/assignments/iana-ipv4-special-registry/, multicast
 * (RFC 5771), and the address of Azure's platform, which no other network routes. Class E (240/4) may be that of pods:
 * https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips
 */
const notTheInternet = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '168.63.129.16/32',
];

/**
 * The internet.
 * - IPv6 is what IANA gives out (https://www.iana.org/assignments/ipv6-address-space/) without special-purpose ranges of
 *   it: protocol assignments with Teredo, documentation, and 6to4, which holds IPv4 addresses of any kind.
 * - On IPv6 alone, names of IPv4 hosts resolve to the prefix of NAT64 (RFC 6052), which must not lead to private ones.
 */
export const internet: readonly IpBlock[] = [
  { cidr: '0.0.0.0/0', except: notTheInternet },
  { cidr: '2000::/3', except: ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'] },
  { cidr: '64:ff9b::/96', except: notTheInternet.map(throughNat64) },
];

/** Whether a host may be on the internet. Names are not resolved, and may unless they are those of Services. */
export function mayBePublic(host: string): boolean {
  const address = hostAddress(host);
  if (!address) return host.includes('.') && !/\.(?:svc|cluster\.local)$/.test(host);
  return internet.some((block) => holds(block, address));
}

/** Whether the policies let the backend out to the host of a URL. A name may have any address that is open on its port. */
export function isOpen(url: URL, egress: readonly Egress[]): boolean {
  const port = portOf(url);
  if (port === 443 && mayBePublic(url.hostname)) return true;
  const address = hostAddress(url.hostname);
  return egress
    .filter((way) => way.port === port)
    .some(({ cidr }) => !address || holds(withoutMetadataServices(cidr), address));
}

/** The port of a URL, also where its scheme implies it. */
export function portOf({ protocol, port }: URL): number {
  return Number(port || (protocol === 'https:' ? 443 : 80));
}

/** The address that the host of a URL is, as packets have it, or nothing where it is a name. */
export function hostAddress(host: string): AddressRange | undefined {
  const address = singleAddress(host.replace(/^\[(.*)\]$/, '$1'));
  return address && (mappedIpv4(address) ?? address);
}

/** Whether all of a range is in a block. */
function holds({ cidr, except = [] }: IpBlock, range: AddressRange): boolean {
  return includes(rangeOfCidr(cidr), range) && !except.some((hole) => includes(rangeOfCidr(hole), range));
}

/**
 * Addresses at which clouds hand out credentials of the node, or those of their own agents.
 * - 169.254.169.254: AWS, Google Cloud, Azure, Oracle, DigitalOcean, Hetzner and OpenStack. 169.254.170.2 is that of ECS
 *   and 169.254.170.23 the Pod Identity Agent of EKS; fd00:ec2::254 and fd00:ec2::23 are the same over IPv6:
 *   https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html,
 *   https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
 * - 169.254.169.252: Workload Identity of GKE; fd20:ce::254: Google Cloud over IPv6:
 *   https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity,
 *   https://cloud.google.com/compute/docs/metadata/querying-metadata
 * - 168.63.129.16: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
 * - 100.100.100.200, and fd00:100::100:200 over IPv6: https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
 * - 169.254.0.23: Tencent Cloud; 169.254.42.42 and fd00:42::42: Scaleway; fd00:a9fe:a9fe::1: Akamai
 * - fe80::a9fe:a9fe: OpenStack over IPv6
 * - 192.0.0.192 and fd00:c1::a9fe:a9fe: Oracle Cloud, the first on its classic machines
 */
const metadataServices: readonly string[] = [
  '169.254.169.254/32',
  '169.254.169.252/32',
  '169.254.170.2/32',
  '169.254.170.23/32',
  '169.254.0.23/32',
  '169.254.42.42/32',
  '168.63.129.16/32',
  '100.100.100.200/32',
  '192.0.0.192/32',
];

/** The same over IPv6. */
const metadataServicesIpv6: readonly string[] = [
  'fd00:ec2::254/128',
  'fd00:ec2::23/128',
  'fd20:ce::254/128',
  'fd00:c1::a9fe:a9fe/128',
  'fd00:42::42/128',
  'fd00:a9fe:a9fe::1/128',
  'fd00:100::100:200/128',
  'fe80::a9fe:a9fe/128',
];

/** What a range that is larger leaves out: where it has all link-local addresses, these too, and not one by one. */
const closed: readonly AddressRange[] = [
  '169.254.0.0/16',
  throughNat64('169.254.0.0/16'),
  ...metadataServices,
  ...metadataServices.map(throughNat64),
  ...metadataServicesIpv6,
].map(rangeOfCidr);

const metadata: readonly AddressRange[] = closed.filter(({ version, prefix }) => prefix === WIDTH[version]);

/** Whether a range is the address of a metadata service, and nothing else. */
export function isMetadataService(cidr: string): boolean {
  return metadata.some((address) => cidrOf(address) === cidr);
}

/** A range without the metadata services in it, unless it is one of them. */
export function withoutMetadataServices(cidr: string): IpBlock {
  const range = rangeOfCidr(cidr);
  const inside = closed.filter((hole) => isLarger(range, hole));
  const except = inside.filter((hole) => !inside.some((other) => isLarger(other, hole)));
  return except.length > 0 ? { cidr, except: except.map(cidrOf) } : { cidr };
}

/** Whether an entry opens a DNS server, over UDP and TCP, for every pod that looks up names. */
export function isDns({ port }: Egress): boolean {
  return port === 53;
}

/** The range of IPv6 in which NAT64 shows a range of IPv4. */
function throughNat64(cidr: string): string {
  const { first, prefix } = rangeOfCidr(cidr);
  return cidrOf({ version: 6, first: (0x64ff9bn << 96n) | first, prefix: prefix + 96 });
}
