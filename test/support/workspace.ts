import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What a user's clone holds, apart from tests and examples: its code, and its other files. */
const CODE = [
  'charts',
  'cli',
  'cluster',
  'config',
  'imports',
  'releases',
  'render',
  'tools',
  'docs',
  'main.ts',
  'index.ts',
];
const FILES = [
  'cdk8s.yaml',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'LICENSE',
  'README.md',
  '.env.example',
  '.github',
  'CHANGELOG.md',
  'SECURITY.md',
];

/** What Node.js is called with to run junjo-k8s from source, as in the scripts of package.json. */
export const fromSource = ['-r', './cli/node-version.js', '-r', 'tsx/cjs', '--', 'cli/cli.ts'] as const;

/** A clone of the project in a folder of its own, with the installed packages of this one. */
export class Workspace {
  readonly path = mkdtempSync(join(tmpdir(), 'junjo-ai-studio-'));

  /** @param code whether the code is linked, so that tsx compiles it once for all clones, or copied */
  constructor(code: 'linked' | 'copied' = 'linked') {
    const linked = ['node_modules', ...(code === 'linked' ? CODE : [])];
    const copied = [...FILES, ...(code === 'copied' ? CODE : [])];
    for (const name of linked) symlinkSync(resolve(name), join(this.path, name));
    for (const name of copied) cpSync(name, join(this.path, name), { recursive: true });
  }

  /** Runs junjo-k8s as the scripts of package.json do, and waits for it. */
  junjo(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    return this.run('node', [...fromSource, ...args], environment);
  }

  /** Runs a command as a user would, and waits for it. */
  run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const { JUNJO_ENV_FILES: _, ...inherited } = process.env;
    const env = { ...inherited, ...environment };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: this.path, encoding: 'utf8', env });
    return { status, stdout, stderr };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
