import { ANNOTATIONS_BYTES } from '../config/labels-and-taints';
import type { Manifest } from './manifest';

/**
 * What etcd takes in one request unless its `--max-request-bytes` says otherwise: https://etcd.io/docs/v3.5/dev-guide/limit/.
 * The API server hands it a custom resource as JSON.
 */
export const ETCD_REQUEST_BYTES = 1.5 * 1024 * 1024;

/** In which `kubectl apply` without `--server-side` keeps a copy of the object. */
const COPY = 'kubectl.kubernetes.io/last-applied-configuration';

/** Bytes of an object as JSON. */
export function jsonBytes(manifest: Manifest): number {
  return Buffer.byteLength(JSON.stringify(manifest));
}

/** Bytes of the annotations of an object after `kubectl apply`. */
export function annotationBytes(manifest: Manifest): number {
  const own = Object.entries(manifest.metadata.annotations ?? {}).flat();
  return Buffer.byteLength([COPY, ...own].join('')) + jsonBytes(manifest);
}

/** Whether an object must be applied with `--server-side`, because its copy is too large for an annotation. */
export function needsServerSide(manifest: Manifest): boolean {
  return annotationBytes(manifest) > ANNOTATIONS_BYTES;
}

/** Whether no API server keeps an object, where etcd has its defaults. */
export function isTooLarge(manifest: Manifest): boolean {
  return jsonBytes(manifest) > ETCD_REQUEST_BYTES;
}
