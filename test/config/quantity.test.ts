import { canonicalQuantity, quantityBytes } from '../../config/quantity';

// As `kubectl get -o jsonpath` shows what was applied: CanonicalizeBytes in apimachinery's pkg/api/resource/quantity.go.
test.each([
  ['2048Mi', '2Gi'],
  ['1.5Ti', '1536Gi'],
  ['0.5Gi', '512Mi'],
  ['10Gi', '10Gi'],
  ['0100Mi', '100Mi'],
  ['1025Mi', '1025Mi'],
  ['1.1Gi', '1181116006400m'],
  ['512Ki', '512Ki'],
  ['1000m', '1'],
  ['100m', '100m'],
  ['1500M', '1500M'],
  ['1.5G', '1500M'],
  ['1000M', '1G'],
  ['10000000000', '10G'],
  ['1e9', '1e9'],
  ['7.5E', '7500P'],
  ['1E', '1E'],
  ['10E3', '10e3'],
  ['1024', '1024'],
  ['0', '0'],
  ['.5Gi', '512Mi'],
])('%s is stored as %s', (written, stored) => {
  expect(canonicalQuantity(written)).toBe(stored);
  expect(canonicalQuantity(stored)).toBe(stored);
  expect(quantityBytes(written)).toBe(quantityBytes(stored));
});

test.each(['', '.', 'ten', '10 Gi', '10gi', '-1Gi', '1e99', 'Gi', '1.2.3'])('%j is no quantity', (written) => {
  expect(quantityBytes(written)).toBeUndefined();
  expect(canonicalQuantity(written)).toBe(written);
});
