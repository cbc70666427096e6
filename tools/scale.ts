import { yamlOf } from '../render/files';
import { jsonBytes } from '../render/object-size';
import { argoCdObjects, countsOf, nameOf, renderOne, ways } from './pages/scale-page';

// Renders many studios one after the other, and prints their totals. docs/scale.md shows how to run it. It keeps no studio, so
// its memory does not grow with their number.

const [size = '10', title = Object.keys(ways)[0] ?? ''] = process.argv.slice(2);
const way = ways[title];
if (!way) throw new Error(`${title} is none of: ${Object.keys(ways).join('; ')}`);

const started = process.cpuUsage();
const sum = new Map<string, number>();
const add = (name: string, number: number) => sum.set(name, (sum.get(name) ?? 0) + number);
const argoCd = [];
let largest = { name: 'none', bytes: 0 };
for (let index = 0; index < Number(size); index++) {
  const studio = renderOne(way, nameOf(index));
  argoCd.push(studio.argoCd);
  for (const [name, number] of Object.entries(countsOf(studio))) add(name, number);
  add('files', new Set(studio.manifests.map(({ file }) => file)).size);
  for (const { manifest } of studio.manifests) {
    const bytes = jsonBytes(manifest);
    add('bytes of YAML', Buffer.byteLength(yamlOf(manifest)));
    add('bytes of JSON', bytes);
    if (bytes > largest.bytes) largest = { name: `${manifest.kind}/${manifest.metadata.name}`, bytes };
  }
}
for (const manifest of argoCdObjects(argoCd)) add(`bytes of the ${manifest.kind}`, jsonBytes(manifest));
const { user, system } = process.cpuUsage(started);

console.log(`${title}: ${size} studios, ${((user + system) / 1e6).toFixed(0)} processor seconds\n`);
for (const [name, number] of sum) {
  console.log(`${name.padEnd(28)}${number.toLocaleString('en', { maximumFractionDigits: 1 }).padStart(14)}`);
}
console.log(`\nlargest rendered object: ${largest.name}, ${largest.bytes} bytes of JSON`);
