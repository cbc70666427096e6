import { inOneLine } from '../../config/text';
import type { Console } from '../console';

/** A number of bytes, for people. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, bytes > 0 ? Math.floor(Math.log2(bytes) / 10) : 0);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** A number of files, for people. */
export function fileCount(files: number): string {
  return files === 1 ? '1 file' : `${files} files`;
}

/** A duration, for people. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** What SQLite's integrity_check found, when it found nothing wrong. @param names of the databases */
export function integrityText(names: readonly string[]): string {
  return names.length > 0
    ? inOneLine(`SQLite's integrity_check passed: ${names.join(', ')}`)
    : 'No SQLite databases found';
}

/** Bytes and rate on one line of a terminal. */
export class ProgressLine {
  private readonly start = Date.now();
  private bytes = 0;
  private shown = 0;

  /** @param total bytes that are expected, before compression */
  constructor(
    private readonly console: Console,
    private readonly verb: string,
    private readonly total: number,
  ) {}

  /** @param bytes so far. @default nothing has changed */
  reach(bytes = this.bytes): void {
    this.bytes = bytes;
    // Five times a second is often enough for a person.
    if (Date.now() - this.shown < 200) return;
    this.shown = Date.now();
    const rate = this.bytes / Math.max(0.001, (this.shown - this.start) / 1000);
    this.console.progress?.(
      `${this.verb} ${size(this.bytes)} of ${size(this.total)} before compression, ${size(rate)}/s`,
    );
  }

  /** Removes the line. */
  end(): void {
    if (this.shown > 0) this.console.progress?.('');
  }
}
