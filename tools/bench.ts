import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

// Measures whole processes in turns, so that other load on the machine affects each of them. It sets no limits.
// docs/performance.md describes how to run it.

const turns = Number(process.argv[2]) || 15;
const example = resolve('examples/production-traefik');
const work = mkdtempSync(join(tmpdir(), 'junjo-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

interface Contestant {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** A folder that is removed before each run. */
  readonly without?: string;
}

const secret = () => randomBytes(32).toString('base64');
const environment = {
  ...process.env,
  JUNJO_ENV_FILES: join(example, 'studio.env'),
  JUNJO_STUDIOS: '',
  JUNJO_SESSION_SECRET: secret(),
  JUNJO_SECURE_COOKIE_KEY: secret(),
};

/** Runs a process to its end. Returns the processor seconds of the process and its children, which bash measures. */
function seconds({ name, program, args, cwd }: Contestant): number {
  const script = 'TIMEFORMAT="%3U %3S"; { time "$@" > /dev/null 2>&3; } 3> "$BENCH_ERRORS"';
  const errors = join(work, 'errors');
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', program, ...args], {
    cwd,
    env: { ...environment, BENCH_ERRORS: errors },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name} failed: ${readFileSync(errors, 'utf8')}`);
  const [user = 0, system = 0] = stderr.trim().split(' ').map(Number);
  return user + system;
}

/** An env file of a production studio. Each studio has its own hosts. */
function studio(name: string): string {
  return [
    'JUNJO_ENV=production',
    `JUNJO_SESSION_SECRET=${secret()}`,
    `JUNJO_SECURE_COOKIE_KEY=${secret()}`,
    `JUNJO_PROD_FRONTEND_URL=https://${name}.example.com`,
    `JUNJO_PROD_BACKEND_URL=https://api.${name}.example.com`,
    `JUNJO_PROD_INGESTION_URL=https://spans.${name}.example.com`,
    'JUNJO_K8S_INGRESS_CLASS=traefik',
    'JUNJO_K8S_GIT_REPO=https://git.example.com/team/studios.git',
  ].join('\n');
}

/** Renders studios in one process. Returns processor seconds, and the peak of resident memory in MiB. */
function renderMany(count: number): { readonly seconds: number; readonly peakMiB: number } {
  const folder = join(work, `studios-${count}`);
  mkdirSync(folder);
  for (let index = 0; index < count; index++) writeFileSync(join(folder, `s${index}.env`), studio(`s${index}`));
  // maxRSS is in KiB: https://nodejs.org/api/process.html#processresourceusage
  const script = `
    process.on('exit', () => {
      const { user, system } = process.cpuUsage();
      const usage = { seconds: (user + system) / 1e6, peakMiB: process.resourceUsage().maxRSS / 1024 };
      require('node:fs').writeFileSync('usage.json', JSON.stringify(usage));
    });
    require(process.argv[1]);`;
  const args = ['-e', script, packed, 'synth', '--studios', folder, '--output', join(work, `dist-${count}`)];
  const { status, stderr } = spawnSync(node, args, {
    cwd: work,
    env: { ...environment, JUNJO_ENV_FILES: '' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(readFileSync(join(work, 'usage.json'), 'utf8'));
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const node = process.execPath;
const packed = resolve('build/junjo-k8s.js');
const here = process.cwd();
const contestants: readonly Contestant[] = [
  { name: 'node -e 0', program: node, args: ['-e', '0'], cwd: work },
  { name: 'package: synth', program: node, args: [packed, 'synth'], cwd: work, without: join(work, 'dist') },
  { name: 'package: synth, no change', program: node, args: [packed, 'synth', '--output', 'same'], cwd: work },
  {
    name: 'clone: npm run synth',
    program: 'npm',
    args: ['run', 'synth', '--', '--output', join(work, 'clone')],
    cwd: here,
  },
  {
    name: 'clone: npx cdk8s synth',
    program: 'npx',
    args: ['cdk8s', '--check-upgrade=false', 'synth', '--output', join(work, 'cdk8s')],
    cwd: here,
  },
];

const measured = contestants.map(() => [] as number[]);
// The first turn fills caches, and does not count.
for (let turn = 0; turn <= turns; turn++) {
  contestants.forEach((contestant, index) => {
    if (contestant.without) rmSync(contestant.without, { recursive: true, force: true });
    const taken = seconds(contestant);
    if (turn > 0) measured[index]?.push(taken);
  });
}
const [base = []] = measured;
const processes = contestants.map(({ name }, index) => {
  const own = measured[index] ?? [];
  const ratios = own.map((value, turn) => value / (base[turn] ?? value));
  return { name, seconds: median(own), ratio: median(ratios) };
});

const studios = [1, 10, 100, 1000].map((count) => ({ studios: count, ...renderMany(count) }));

console.log(`Node.js ${process.version}, ${turns} turns, processor seconds of whole processes\n`);
console.log(`${'process'.padEnd(28)}${'median'.padStart(8)}${'ratio'.padStart(8)}`);
for (const { name, seconds: taken, ratio } of processes) {
  console.log(`${name.padEnd(28)}${taken.toFixed(3).padStart(8)}${ratio.toFixed(2).padStart(8)}`);
}
console.log(`\n${['studios', 'seconds', 'ms each', 'peak MiB'].map((title) => title.padStart(9)).join('')}`);
for (const { studios: count, seconds: taken, peakMiB } of studios) {
  const cells = [String(count), taken.toFixed(3), ((taken * 1000) / count).toFixed(2), peakMiB.toFixed(0)];
  console.log(cells.map((cell) => cell.padStart(9)).join(''));
}
