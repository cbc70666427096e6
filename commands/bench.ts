import { randomBytes } from 'node:crypto';
import { Studio } from '../charts/studio';
import { loadStudio } from '../config/load-studio';

const secret = () => randomBytes(32).toString('base64');
const text = [
  'JUNJO_ENV=production',
  `JUNJO_SESSION_SECRET=${secret()}`,
  `JUNJO_SECURE_COOKIE_KEY=${secret()}`,
  'JUNJO_PROD_FRONTEND_URL=https://studio.example.com',
  'JUNJO_PROD_BACKEND_URL=https://api.example.com',
  'JUNJO_PROD_INGESTION_URL=https://spans.example.com',
].join('\n');

/** Milliseconds of the whole way from text to YAML, for each of so many studios. */
function measure(studios: number): number {
  const start = process.hrtime.bigint();
  for (let index = 0; index < studios; index += 1) {
    const { config } = loadStudio([{ path: '.env', text: `${text}\nJUNJO_K8S_NAME=studio-${index}\n` }]);
    if (!config) throw new Error('the studio of the benchmark has a problem');
    new Studio(config).files();
  }
  return Number(process.hrtime.bigint() - start) / 1e6;
}

measure(20);
console.log('studios   total ms   ms each   heap MiB');
for (const studios of [1, 10, 100, 1000]) {
  const total = measure(studios);
  const heap = process.memoryUsage().heapUsed / 2 ** 20;
  console.log(
    [studios, total.toFixed(0), (total / studios).toFixed(2), heap.toFixed(0)]
      .map((cell) => String(cell).padStart(8))
      .join('  '),
  );
}
