import { drawn } from '../cli/diagram';
import { readManifests } from '../render/files';

/** The pictures of README and docs, and the example that each shows. */
const SHOWN: Readonly<Record<string, string>> = {
  'docs/pictures/local.svg': 'examples/local/dist',
  'docs/pictures/production.svg': 'examples/production-traefik/dist',
};

/** Draws them, by path. */
export async function pictures(): Promise<ReadonlyMap<string, string>> {
  const svgs = new Map<string, string>();
  for (const [path, folder] of Object.entries(SHOWN)) {
    svgs.set(path, await drawn(readManifests(folder).map(({ manifest }) => manifest)));
  }
  return svgs;
}
