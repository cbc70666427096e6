import { randomBytes } from 'node:crypto';
import { renderStudios, type StudioSource } from '../render/render';

const secret = () => randomBytes(32).toString('base64');

/** A production studio with hosts of its own. */
function source(index: number): StudioSource {
  const name = `studio-${index}`;
  const text = [
    'JUNJO_ENV=production',
    `JUNJO_SESSION_SECRET=${secret()}`,
    `JUNJO_SECURE_COOKIE_KEY=${secret()}`,
    `JUNJO_PROD_FRONTEND_URL=https://${name}.example.com`,
    `JUNJO_PROD_BACKEND_URL=https://api.${name}.example.com`,
    `JUNJO_PROD_INGESTION_URL=https://spans.${name}.example.com`,
    'JUNJO_K8S_INGRESS_CLASS=traefik',
    'JUNJO_K8S_GIT_REPO=https://git.example.com/team/studios.git',
  ].join('\n');
  return { name, files: [{ path: `${name}.env`, text }] };
}

/** Renders so many studios from text to YAML: seconds, and the peak of resident memory so far in MiB. */
function measure(studios: number): readonly [seconds: number, memory: number] {
  const sources = Array.from({ length: studios }, (_, index) => source(index));
  const start = process.hrtime.bigint();
  const { files } = renderStudios(sources, {});
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (files.length === 0) throw new Error('the studios of the benchmark have a problem');
  // maxRSS is in KiB: https://nodejs.org/api/process.html#processresourceusage
  return [seconds, process.resourceUsage().maxRSS / 1024];
}

// The first studios pay for compiling the code.
measure(20);
console.log('studios   seconds   ms each   peak MiB');
for (const studios of [1, 10, 100, 1000]) {
  const [seconds, memory] = measure(studios);
  const cells = [String(studios), seconds.toFixed(3), ((seconds * 1000) / studios).toFixed(2), memory.toFixed(0)];
  console.log(cells.map((cell) => cell.padStart(7)).join('   '));
}
