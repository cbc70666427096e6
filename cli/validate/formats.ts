import { isIPv4, isIPv6 } from 'node:net';
import { quantityBytes } from '../../config/quantity';
import { isBase64 } from '../../config/text';

/** Whether a value matches a format, and what the format requires. */
interface Format {
  readonly wants: string;
  holds(value: unknown): boolean;
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

const formats: Readonly<Record<string, Format>> = {
  int32: { wants: 'a whole number of 32 bits', holds: (value) => Math.abs(Number(value) + 0.5) < 2 ** 31 },
  int64: { wants: 'a whole number of 64 bits', holds: (value) => Math.abs(Number(value)) <= 2 ** 63 },
  byte: {
    wants: 'base64 with its padding',
    // Go's decoder skips line breaks: https://pkg.go.dev/encoding/base64#Encoding.Decode
    holds: (value) => isBase64(String(value).replace(/[\r\n]/g, '')),
  },
  'date-time': {
    wants: 'a time such as 2026-01-31T12:00:00Z',
    holds: (value) => DATE_TIME.test(String(value)) && !Number.isNaN(Date.parse(String(value))),
  },
  ipv4: { wants: 'an IPv4 address', holds: (value) => isIPv4(String(value)) },
  ipv6: { wants: 'an IPv6 address', holds: (value) => isIPv6(String(value)) },
  quantity: {
    wants: 'a quantity such as 500m or 1Gi',
    holds: (value) => typeof value === 'number' || (typeof value === 'string' && quantityBytes(value) !== undefined),
  },
};

/** What a format requires, if the value does not match. Unknown formats accept every value, as in the API server. */
export function formatFault(format: string, value: unknown): string | undefined {
  const known = formats[format];
  return known && !known.holds(value) ? known.wants : undefined;
}
