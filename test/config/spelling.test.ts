import { nearest } from '../../config/spelling';

const known = ['JUNJO_K8S_STORAGE_CLASS', 'JUNJO_K8S_STORAGE_SIZE', 'replicas', 'port'];

test.each([
  ['a misspelt name', 'replcias', 'replicas'],
  ['a short name with two wrong letters', 'prto', 'port'],
  ['a long name with a third of its letters wrong', 'JUNJO_STORAGE_SIZES', 'JUNJO_K8S_STORAGE_SIZE'],
  ['the beginning of a name', 'JUNJO_K8S_STOR', 'JUNJO_K8S_STORAGE_CLASS'],
])('finds what is meant by %s', (_, name, meant) => {
  expect(nearest(name, known)).toBe(meant);
});

test.each([
  ['a name unlike any other', 'annotations', known],
  ['an empty name', '', known],
  ['a name where none is known', 'port', []],
])('finds nothing for %s', (_, name, names) => {
  expect(nearest(name, names)).toBeUndefined();
});
