// The notation and its canonical form: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
const QUANTITY = /^([0-9]*)\.?([0-9]*)(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E|m|u|n|[eE][+-]?[0-9]+)?$/;
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
/** Quantities are exact to a billionth. */
const NANO = 10n ** 9n;

interface Quantity {
  readonly nanos: bigint;
  readonly form: 'binary' | 'decimal' | 'exponent';
}

/** Bytes of a Kubernetes quantity, or nothing when it is none. */
export function quantityBytes(text: string): number | undefined {
  const quantity = parse(text);
  return quantity && Number(quantity.nanos) / Number(NANO);
}

/**
 * A quantity as the API server stores it: whole, in the largest unit that keeps it whole. Written in any other way it shows
 * as a change at every apply. What is no quantity stays as it is.
 */
export function canonicalQuantity(text: string): string {
  const quantity = parse(text);
  if (!quantity || quantity.nanos === 0n) return quantity ? '0' : text;
  const { nanos, form } = quantity;
  // Fractions of a byte, and what is less than 1024, are decimal whatever they were written in.
  if (form === 'binary' && nanos % NANO === 0n && nanos >= 1024n * NANO) {
    return inLargest(nanos / NANO, 1024n, BINARY);
  }
  if (form !== 'exponent') return inLargest(nanos, 1000n, DECIMAL);
  const [, number = '', unit = ''] = /^([0-9]+)(\D*)$/.exec(inLargest(nanos, 1000n, DECIMAL)) ?? [];
  const exponent = (DECIMAL.indexOf(unit) - DECIMAL.indexOf('')) * 3;
  return exponent === 0 ? number : `${number}e${exponent}`;
}

function parse(text: string): Quantity | undefined {
  const match = QUANTITY.exec(text);
  const [, whole = '', fraction = '', suffix = ''] = match ?? [];
  if (!match || (whole === '' && fraction === '')) return undefined;
  const digits = BigInt(`${whole}${fraction}`);
  const scale = 10n ** BigInt(fraction.length);
  if (BINARY.includes(suffix) && suffix !== '') {
    return { nanos: dividedUp(digits * NANO * 1024n ** BigInt(BINARY.indexOf(suffix)), scale), form: 'binary' };
  }
  const exponent = /^[eE][+-]?[0-9]/.test(suffix);
  const power = exponent ? Number(suffix.slice(1)) : (DECIMAL.indexOf(suffix) - DECIMAL.indexOf('')) * 3;
  // Larger powers are no useful quantities, and would make numbers of any length.
  if (Math.abs(power) > 18) return undefined;
  const nanos =
    power < 0
      ? dividedUp(digits * NANO, scale * 10n ** BigInt(-power))
      : dividedUp(digits * NANO * 10n ** BigInt(power), scale);
  return { nanos, form: exponent ? 'exponent' : 'decimal' };
}

function dividedUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

function inLargest(amount: bigint, base: bigint, units: readonly string[]): string {
  let index = 0;
  let left = amount;
  while (left % base === 0n && index < units.length - 1) {
    left /= base;
    index += 1;
  }
  return `${left}${units[index]}`;
}
