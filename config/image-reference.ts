// The grammar of image references: https://github.com/distribution/reference
const REGISTRY =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]+)?$/;
const IMAGE_PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const IMAGE_TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const IMAGE_DIGEST = /^sha256:[0-9a-f]{64}$/;

/** An image, and the tag or digest that says whether it can change. */
export interface ImageReference {
  /** The whole of it, as a container names it. */
  readonly reference: string;
  /** @default none, which means `latest` */
  readonly tag?: string;
  readonly digest?: string;
}

/** The parts of an image reference, or nothing when it is none. */
export function parseImage(reference: string): ImageReference | undefined {
  const at = reference.indexOf('@');
  const digest = at < 0 ? undefined : reference.slice(at + 1);
  const rest = at < 0 ? reference : reference.slice(0, at);
  // A colon before the last slash belongs to the registry's port.
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  const [first = '', ...others] = (colon < 0 ? rest : rest.slice(0, colon)).split('/');
  const firstIsRegistry = others.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = firstIsRegistry ? others : [first, ...others];
  const valid =
    (!firstIsRegistry || REGISTRY.test(first)) &&
    path.every((part) => IMAGE_PATH.test(part)) &&
    (tag === undefined || IMAGE_TAG.test(tag)) &&
    (digest === undefined || IMAGE_DIGEST.test(digest));
  return valid ? { reference, tag, digest } : undefined;
}

/** The last part of the path, which registries that mirror others keep. */
export function imageName({ reference }: ImageReference): string {
  const [path = ''] = reference.split('@');
  return path.slice(path.lastIndexOf('/') + 1).split(':')[0] ?? '';
}

/** Whether images may have this host, and all of this path, before their name. */
export function isImageRegistry(host: string, path: readonly string[]): boolean {
  return REGISTRY.test(host) && path.every((part) => IMAGE_PATH.test(part));
}

/** Whether the image may be another one at the next pull. Upstream moves `X.Y` tags like `latest`. */
export function isFloating({ tag, digest }: ImageReference): boolean {
  return digest === undefined && (tag === undefined || tag === 'latest' || /^v?[0-9]+(\.[0-9]+)?$/.test(tag));
}
