import { randomBytes } from 'node:crypto';
import { renderSources, type StudioSource } from '../main';
import { filesOf } from '../render/files';

// Renders so many studios in this process, from text to YAML, and prints processor seconds and the peak of resident memory in MiB.

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
  return { folder: name, files: [{ path: `${name}.env`, text }] };
}

const sources = Array.from({ length: Number(process.argv[2]) }, (_, index) => source(index));
const start = process.cpuUsage();
const files = filesOf(renderSources(sources, {}).manifests);
const { user, system } = process.cpuUsage(start);
const seconds = (user + system) / 1e6;
if (files.length === 0) throw new Error('the studios of the benchmark have a problem');
// maxRSS is in KiB: https://nodejs.org/api/process.html#processresourceusage
console.log(JSON.stringify({ seconds, memory: process.resourceUsage().maxRSS / 1024 }));
