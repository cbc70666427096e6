import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../cli/cli';
import type { Io } from '../../cli/command';

/** What a command printed and how it ended, as of a process. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An empty folder in which junjo-k8s runs, without a process of its own. */
export class Folder {
  // Where the temporary folder is a link, the working folder has another name than that.
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'junjo-folder-')));

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  /** Runs a command line, and waits for its end. */
  async junjo(args: readonly string[], io: Partial<Io> = {}): Promise<Ended> {
    const printed = { stdout: '', stderr: '' };
    const line = (text: string) => (text.endsWith('\n') ? text : `${text}\n`);
    const here = process.cwd();
    process.chdir(this.path);
    try {
      const status = await run(args, {
        environment: {},
        out: (text) => {
          printed.stdout += line(text);
        },
        err: (text) => {
          printed.stderr += line(text);
        },
        color: false,
        ...io,
      });
      return { status, ...printed };
    } finally {
      process.chdir(here);
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
