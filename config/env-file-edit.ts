/** Text of an env file, and the line of it that was set. */
export interface SetLine {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** Sets a variable in a text that has a line for it, even if it is commented out, or else at its end. */
export function withSetting(text: string, name: string, value: string): SetLine {
  const lines = text.split('\n');
  const own = lines.findIndex((line) => line.startsWith(`${name}=`));
  const index = own >= 0 ? own : lines.findIndex((line) => line.startsWith(`# ${name}=`));
  if (index < 0) return appended(text, name, value);
  lines[index] = assignment(name, value);
  return { text: lines.join('\n'), line: index + 1 };
}

/** Comments a variable out, without its value. */
export function withoutSetting(text: string, name: string): string {
  return text.replace(new RegExp(`^${name}=.*$`, 'm'), `# ${name}=`);
}

/** Sets a variable at the end, where it wins over every line before. */
export function appended(text: string, name: string, value: string): SetLine {
  const before = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return { text: `${before}${assignment(name, value)}\n`, line: before.split('\n').length };
}

/** As docker compose reads it back: in single quotes nothing is expanded, and only double ones may hold a single one. */
export function assignment(name: string, value: string): string {
  if (/^[\w./:@,+=-]*$/.test(value)) return `${name}=${value}`;
  return /['\\]/.test(value) ? `${name}="${value.replace(/[\\"$]/g, '\\$&')}"` : `${name}='${value}'`;
}
