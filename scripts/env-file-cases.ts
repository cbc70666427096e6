import { readFileSync } from 'node:fs';
import { type EnvFile, readEnvFile } from '../config/env-file';

/** One input and what docker compose makes of it. */
interface Case {
  readonly name: string;
  readonly input: string;
  /** The process environment that compose runs in. @default empty */
  readonly env?: Readonly<Record<string, string>>;
  /** Every variable with its value; a file that compose reads has exactly these. */
  readonly expected?: Readonly<Record<string, string>>;
  readonly error?: boolean;
  /** A part of compose's message, `line 3: ` included where compose says it. */
  readonly errorContains?: string;
  readonly match?: string;
}

/** What is wrong with the reading of a case, or nothing. */
function fault(test: Case, file: EnvFile): string | undefined {
  const messages = file.problems.map((problem) => `line ${problem.line}: ${problem.message}`);
  if (test.error || test.errorContains !== undefined) {
    const phrase = test.errorContains ?? '';
    return messages.some((message) => message.includes(phrase))
      ? undefined
      : `wants an error with ${JSON.stringify(phrase)}, has ${JSON.stringify(messages)}`;
  }
  if (messages.length > 0) {
    return `wants no error, has ${JSON.stringify(messages)}`;
  }
  if (test.expected === undefined || (test.match ?? 'exact') !== 'exact') {
    return 'has neither an error nor exact values to compare with';
  }
  const wanted = new Map(Object.entries(test.expected));
  const values = new Map(file.entries.map(({ name, value }) => [name, value]));
  const same = wanted.size === values.size && [...wanted].every(([name, value]) => values.get(name) === value);
  return same ? undefined : `wants ${JSON.stringify([...wanted])}, has ${JSON.stringify([...values])}`;
}

function main(path: string | undefined): number {
  if (path === undefined) {
    console.error('Usage: node -r tsx/cjs scripts/env-file-cases.ts <cases.json>');
    return 1;
  }
  const cases: readonly Case[] = JSON.parse(readFileSync(path, 'utf8'));
  let passed = 0;
  for (const test of cases) {
    const env = new Map(Object.entries(test.env ?? {}));
    const wrong = fault(
      test,
      readEnvFile(test.input, (name) => env.get(name)),
    );
    if (wrong === undefined) {
      passed += 1;
    } else {
      console.error(`${test.name}: ${wrong}`);
    }
  }
  console.log(`${passed} of ${cases.length} env_file cases pass`);
  return cases.length > 0 && passed === cases.length ? 0 : 1;
}

process.exitCode = main(process.argv[2]);
