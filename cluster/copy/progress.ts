/** So many bytes, for people. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, bytes > 0 ? Math.floor(Math.log2(bytes) / 10) : 0);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** So long, for people. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Bytes and rate on one line of a terminal; nothing where stderr is none. */
export class ProgressLine {
  private readonly start = Date.now();
  private bytes = 0;
  private shown = 0;

  /** @param total so many bytes are expected, before compression */
  constructor(
    private readonly verb: string,
    private readonly total: number,
  ) {}

  /** @param bytes so far; nothing has changed where it is left out */
  reach(bytes = this.bytes): void {
    this.bytes = bytes;
    if (!process.stderr.isTTY || Date.now() - this.shown < 200) return;
    this.shown = Date.now();
    process.stderr.write(`\r\u001b[K${this.verb} ${this.text}`);
  }

  /** Takes the line away again. */
  end(): void {
    if (this.shown > 0) process.stderr.write('\r\u001b[K');
  }

  /** Bytes so far, of how many, and the rate. */
  get text(): string {
    const seconds = Math.max(0.001, (Date.now() - this.start) / 1000);
    return `${size(this.bytes)} of ${size(this.total)} before compression, ${size(this.bytes / seconds)}/s`;
  }
}
