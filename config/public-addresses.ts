import { BlockList, isIP } from 'node:net';

/** Ranges that are not on the internet: private, shared and link-local ones, which the cluster and cloud metadata use. */
export const notTheInternet = {
  ipv4: ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
  ipv6: ['::1/128', 'fc00::/7', 'fe80::/10'],
} as const;

/** Whether a host may be on the internet. Names are not resolved, and always may. */
export function mayBePublic(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(address);
  return version === 0 || !closed.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

const closed = new BlockList();
for (const family of ['ipv4', 'ipv6'] as const) {
  for (const range of notTheInternet[family]) {
    const [network = '', prefix] = range.split('/');
    closed.addSubnet(network, Number(prefix), family);
  }
}
