import { readFileSync } from 'node:fs';
import { readEnvFile } from '../../config/env-file';

/** An input and what the `env_file` of docker compose makes of it. */
interface Case {
  readonly name: string;
  readonly input: string;
  /** The process environment that compose runs in. @default empty */
  readonly env?: Readonly<Record<string, string>>;
  /** Every variable with its value, where compose reads the file. */
  readonly expected?: Readonly<Record<string, string>>;
  readonly error?: boolean;
  /** A part of compose's message, `line 3: ` included where compose says it. */
  readonly errorContains?: string;
}

// Results of compose itself, not of its documentation; those called `fixture` are the files of its reader's own tests:
// https://github.com/compose-spec/compose-go/tree/main/dotenv/fixtures
const cases: readonly Case[] = JSON.parse(readFileSync('test/config/env-file-cases.json', 'utf8'));

const refused = cases.filter(({ error, errorContains }) => error || errorContains !== undefined);
const read = cases.filter((each) => !refused.includes(each));

function reading({ input, env = {} }: Case) {
  const { entries, problems } = readEnvFile(input, (name) => (Object.hasOwn(env, name) ? env[name] : undefined));
  return { entries, messages: problems.map(({ line, message }) => `line ${line}: ${message}`) };
}

test('compose reads some inputs and refuses others', () => {
  expect(read.length).toBeGreaterThan(50);
  expect(refused.length).toBeGreaterThan(10);
});

test.each(read)('reads as compose does: $name', (each) => {
  const { entries, messages } = reading(each);
  expect(messages).toEqual([]);
  expect(Object.fromEntries(entries.map(({ name, value }) => [name, value]))).toEqual(each.expected);
});

test.each(refused)('refuses as compose does: $name', (each) => {
  const { messages } = reading(each);
  expect(messages.join('\n')).toContain(each.errorContains ?? 'line ');
});
