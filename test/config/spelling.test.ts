import { nearest } from '../../config/spelling';

const known = ['JUNJO_K8S_NAMESPACE', 'JUNJO_K8S_STORAGE_SIZE', 'replicas', 'port', 'protocol', 'resizePolicy'];

test.each([
  ['a misspelt name', 'replcias', 'replicas'],
  ['a short name with two wrong letters', 'prto', 'port'],
  ['a misspelt name that also starts another', 'prot', 'port'],
  ['a name without K8S_', 'JUNJO_NAMESPACE', 'JUNJO_K8S_NAMESPACE'],
  ['the first words of a name', 'JUNJO_K8S_STORAGE', 'JUNJO_K8S_STORAGE_SIZE'],
])('finds what is meant by %s', (_, name, meant) => {
  expect(nearest(name, known)).toBe(meant);
});

test.each([
  ['a name unlike any other', 'annotations', known],
  ['another name with the same ending', 'restartPolicy', known],
  ['an empty name', '', known],
  ['a name where none is known', 'port', []],
])('finds nothing for %s', (_, name, names) => {
  expect(nearest(name, names)).toBeUndefined();
});
