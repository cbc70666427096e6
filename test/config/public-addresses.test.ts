import { BlockList, isIP } from 'node:net';
import { isMetadataService, isOpen, withoutMetadataServices } from '../../config/public-addresses';

/** As the documentation of the clouds writes them. */
const metadata = [
  '169.254.169.254',
  '169.254.169.252',
  '169.254.170.2',
  '169.254.170.23',
  '169.254.0.23',
  '169.254.42.42',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd20:ce::254',
  'fd00:c1::a9fe:a9fe',
  'fd00:42::42',
  'fd00:a9fe:a9fe::1',
  'fd00:100::100:200',
  'fe80::a9fe:a9fe',
  // NAT64.
  '64:ff9b::a9fe:a9fe',
  '64:ff9b::6464:64c8',
];

test.each(metadata)('%s is closed in every range that is larger, and told alone', (address) => {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const bits = family === 'ipv6' ? 128 : 32;
  expect(isMetadataService(`${address}/${bits}`)).toBe(true);
  expect(withoutMetadataServices(`${address}/${bits}`)).toEqual({ cidr: `${address}/${bits}` });
  for (const cidr of [family === 'ipv6' ? '::/0' : '0.0.0.0/0', ...(family === 'ipv4' ? ['169.254.0.0/16'] : [])]) {
    const holes = new BlockList();
    for (const hole of withoutMetadataServices(cidr).except ?? []) {
      const [network = '', prefix] = hole.split('/');
      holes.addSubnet(network, Number(prefix), family);
    }
    if (cidr !== '169.254.0.0/16' || address.startsWith('169.254.')) expect(holes.check(address, family)).toBe(true);
  }
});

test('a range does not leave out more than it holds, nor the same twice', () => {
  expect(withoutMetadataServices('100.100.100.0/24').except).toEqual(['100.100.100.200/32']);
  expect(withoutMetadataServices('0.0.0.0/0').except).toEqual([
    '169.254.0.0/16',
    '168.63.129.16/32',
    '100.100.100.200/32',
    '192.0.0.192/32',
  ]);
  expect(withoutMetadataServices('10.0.0.0/8')).toEqual({ cidr: '10.0.0.0/8' });
});

test.each([
  ['https://llm.example.com', [], true],
  ['https://llm', [], false],
  ['https://llm.models.svc', [], false],
  ['https://10.0.0.5', [], false],
  ['http://169.254.169.254', [{ cidr: '0.0.0.0/0', port: 80 }], false],
  ['http://169.254.169.254', [{ cidr: '169.254.169.254/32', port: 80 }], true],
  ['http://[::ffff:a00:5]', [{ cidr: '10.0.0.0/8', port: 80 }], true],
] as const)('%s with %j is open: %j', (url, egress, expected) => {
  expect(isOpen(new URL(url), egress)).toBe(expected);
});
