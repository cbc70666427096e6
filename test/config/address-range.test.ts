import { randomBytes, randomInt } from 'node:crypto';
import { BlockList } from 'node:net';
import {
  type AddressRange,
  cidrOf,
  includes,
  isWithin,
  mappedIpv4,
  rangeOfCidr,
  singleAddress,
} from '../../config/address-range';

const ipv4 = () => [...randomBytes(4)].join('.');
const ipv6 = () => Array.from({ length: 8 }, () => (randomInt(3) ? randomInt(0x10000) : 0).toString(16)).join(':');

function single(address: string): AddressRange {
  const range = singleAddress(address);
  if (!range) throw new Error(`${address} is no address`);
  return range;
}

test.each([
  ['ipv4', ipv4, 32],
  ['ipv6', ipv6, 128],
] as const)('a range of %s holds the addresses that Node.js says it holds', (family, address, width) => {
  for (let count = 0; count < 500; count++) {
    const [network, prefix] = [address(), randomInt(width + 1)];
    const inside = cidrOf({ ...rangeOfCidr(`${network}/${prefix}`), prefix: width }).split('/')[0] ?? '';
    const list = new BlockList();
    list.addSubnet(network, prefix, family);
    for (const other of [address(), network, inside]) {
      const found = [network, prefix, other, includes(rangeOfCidr(`${network}/${prefix}`), single(other))];
      expect(found).toEqual([network, prefix, other, list.check(other, family)]);
    }
  }
});

test.each([
  ['10.0.0.5/8', '10.0.0.0/8'],
  ['2001:DB8:0:0:0:0:0:1/128', '2001:db8::1/128'],
  ['2001:db8::1:0:0:1/128', '2001:db8::1:0:0:1/128'],
  ['fe80:0:0:1::/64', 'fe80:0:0:1::/64'],
  ['64:ff9b::10.0.0.5/104', '64:ff9b::a00:0/104'],
  ['::/0', '::/0'],
])('%s is written as %s', (cidr, written) => {
  expect(cidrOf(rangeOfCidr(cidr))).toBe(written);
});

test.each(['10.0.0.0/8', '::/0', '::/90', '::fffe:a00:0/104', '64:ff9b::a00:0/104'])(
  '%s is no IPv4 in IPv6',
  (cidr) => {
    expect(mappedIpv4(rangeOfCidr(cidr))).toBeUndefined();
  },
);

test.each(['', '10.0.0', '10.0.0.256', '010.0.0.1', 'host.example.com', 'fe80::1%eth0', '1::2::3', ':::'])(
  '%j is no address',
  (text) => {
    expect(singleAddress(text)).toBeUndefined();
  },
);

test.each([
  ['10.1.0.0/16', '10.0.0.0/8', true],
  ['10.0.0.0/8', '10.1.0.0/16', false],
  ['10.0.0.5', '10.0.0.5/32', true],
  ['10.0.0.0/8', '10.0.0.0/8', true],
  ['::ffff:10.0.0.5', '10.0.0.0/8', false],
  ['fd00::5', 'fd00::/8', true],
  ['10.0.0.5/33', '10.0.0.0/8', false],
  ['10.0.0.5/', '10.0.0.0/8', false],
  ['10.0.0.5/32/32', '10.0.0.0/8', false],
  ['10.0.0.5', 'host', false],
])('whether %s is in %s: %s', (inner, outer, is) => {
  expect(isWithin(inner, outer)).toBe(is);
});
