import { load } from 'js-yaml';
import type { Manifest } from '../studio';

// The fields of ResourceAttributes in authorization.k8s.io/v1, in the order of their numbers.
const ATTRIBUTES = ['namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name'];

/** A SelfSubjectAccessReview as `kubectl create` sends it, or as `kubectl auth can-i` does: in protobuf. */
export function accessReview(body: Buffer): Manifest {
  if (!body.toString('latin1').startsWith('k8s\0')) return load(body.toString());
  // The envelope's `raw`, its `spec`, and in that `resourceAttributes`.
  const raw = field(body.subarray(4), 2);
  const attributes = field(field(raw, 2), 1);
  const named = ATTRIBUTES.map((name, index) => [name, field(attributes, index + 1).toString()]);
  return { spec: { resourceAttributes: Object.fromEntries(named) } };
}

/** A field of a protobuf message whose fields are all strings or messages. */
function field(message: Buffer, number: number): Buffer {
  for (let at = 0; at < message.length; ) {
    const [tag, afterTag] = varint(message, at);
    const [length, start] = varint(message, afterTag);
    if (tag >> 3 === number) return message.subarray(start, start + length);
    at = start + length;
  }
  return Buffer.alloc(0);
}

function varint(message: Buffer, at: number): readonly [value: number, next: number] {
  const byte = message[at] ?? 0;
  if (byte < 0x80) return [byte, at + 1];
  const [rest, next] = varint(message, at + 1);
  return [(byte & 0x7f) + rest * 0x80, next];
}
