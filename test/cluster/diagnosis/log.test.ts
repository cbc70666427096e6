import { randomBytes } from 'node:crypto';
import { lineFrom, settingIn, tellingLine, withoutSecrets } from '../../../cluster/diagnosis/log';

const lines = (...text: readonly string[]) => `${text.join('\n')}\n`;

const frames = ['  File "/app/app/main.py", line 20, in <module>', '    run()'];

/** How programs end, and the line of it that tells why. The formats are those of the programs and runtimes themselves. */
const logs: readonly (readonly [format: string, log: string, telling: string])[] = [
  [
    "pydantic's refusal below upstream's entrypoint",
    lines(
      'Running Alembic migrations...',
      'Traceback (most recent call last):',
      ...frames,
      'pydantic_core._pydantic_core.ValidationError: 1 validation error for AppSettings',
      'JUNJO_SECURE_COOKIE_KEY',
      "  Value error, JUNJO_SECURE_COOKIE_KEY must be a valid base64 string [type=value_error, input_value='x', input_type=str]",
      '    For further information visit https://errors.pydantic.dev/2.13/v/value_error',
      'Migration failed.',
    ),
    'JUNJO_SECURE_COOKIE_KEY must be a valid base64 string',
  ],
  [
    'several fields that pydantic refuses',
    lines(
      'Traceback (most recent call last):',
      ...frames,
      'pydantic_core._pydantic_core.ValidationError: 2 validation errors for AppSettings',
      'JUNJO_SESSION_SECRET',
      '  Field required [type=missing, input_value={}, input_type=dict]',
      '    For further information visit https://errors.pydantic.dev/2.13/v/missing',
      'JUNJO_BACKEND_PORT',
      "  Input should be a valid integer, unable to parse string as an integer [type=int_parsing, input_value='tcp://10.0.0.1:80', input_type=str]",
      '    For further information visit https://errors.pydantic.dev/2.13/v/int_parsing',
    ),
    'JUNJO_SESSION_SECRET is refused: Field required; JUNJO_BACKEND_PORT is refused: Input should be a valid integer, unable to parse string as an integer',
  ],
  [
    'what pydantic refuses of a whole model, without a traceback',
    lines(
      '1 validation error for AppSettings',
      "  Value error, JUNJO_PROD_FRONTEND_URL and JUNJO_PROD_BACKEND_URL have no common domain [type=value_error, input_value={'a': 'b'}, input_type=dict]",
      '    For further information visit https://errors.pydantic.dev/2.13/v/value_error',
    ),
    'JUNJO_PROD_FRONTEND_URL and JUNJO_PROD_BACKEND_URL have no common domain',
  ],
  [
    'a lifespan of uvicorn that fails',
    lines(
      'INFO:     Waiting for application startup.',
      'ERROR:    Traceback (most recent call last):',
      ...frames,
      'duckdb.duckdb.IOException: IO Error: Could not set lock on file "/app/.dbdata/duckdb/traces.duckdb"',
      '',
      'ERROR:    Application startup failed. Exiting.',
    ),
    'duckdb.duckdb.IOException: IO Error: Could not set lock on file "/app/.dbdata/duckdb/traces.duckdb"',
  ],
  [
    'a port that uvicorn does not get',
    lines(
      'INFO:     Application startup complete.',
      "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 1323): address already in use",
      'INFO:     Waiting for application shutdown.',
      'INFO:     Application shutdown complete.',
    ),
    "[Errno 98] error while attempting to bind on address ('0.0.0.0', 1323): address already in use",
  ],
  [
    'sqlalchemy, with the link to its manual',
    lines(
      'Traceback (most recent call last):',
      ...frames,
      'sqlite3.OperationalError: no such table: users',
      '',
      'The above exception was the direct cause of the following exception:',
      '',
      'Traceback (most recent call last):',
      ...frames,
      'sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: users',
      '[SQL: SELECT 1]',
      '(Background on this error at: https://sqlalche.me/e/20/e3q8)',
      'Migration failed.',
    ),
    'sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: users',
  ],
  [
    'an exception that has a cause',
    lines(
      'Traceback (most recent call last):',
      ...frames,
      "FileNotFoundError: [Errno 2] No such file or directory: '/etc/studio.toml'",
      '',
      'The above exception was the direct cause of the following exception:',
      '',
      'Traceback (most recent call last):',
      ...frames,
      'RuntimeError: no configuration',
    ),
    "RuntimeError: no configuration (caused by FileNotFoundError: [Errno 2] No such file or directory: '/etc/studio.toml')",
  ],
  [
    'an exception while another is handled',
    lines(
      'Traceback (most recent call last):',
      ...frames,
      "KeyError: 'a'",
      '',
      'During handling of the above exception, another exception occurred:',
      '',
      'Traceback (most recent call last):',
      ...frames,
      'ValueError: JUNJO_ALLOW_ORIGINS must not be *',
      '  at y',
    ),
    'ValueError: JUNJO_ALLOW_ORIGINS must not be *',
  ],
  [
    'a program of Python that then ends itself',
    lines(
      'Traceback (most recent call last):',
      ...frames,
      'ConnectionRefusedError: [Errno 111] Connection refused',
      '',
      'During handling of the above exception, another exception occurred:',
      '',
      'Traceback (most recent call last):',
      ...frames,
      'SystemExit: 3',
    ),
    'ConnectionRefusedError: [Errno 111] Connection refused',
  ],
  [
    'an assertion without a message',
    lines('Traceback (most recent call last):', ...frames, 'AssertionError'),
    'AssertionError (File "/app/app/main.py", line 20, in <module>)',
  ],
  [
    'a group of exceptions',
    lines(
      '  + Exception Group Traceback (most recent call last):',
      '  |   File "/app/main.py", line 1, in <module>',
      '  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)',
      '  +-+---------------- 1 ----------------',
      '    | Traceback (most recent call last):',
      '    |   File "/app/main.py", line 9, in serve',
      '    | OSError: [Errno 28] No space left on device',
      '    +------------------------------------',
    ),
    'OSError: [Errno 28] No space left on device',
  ],
  [
    'loguru, whose traces show values',
    lines(
      '2026-11-23 21:00:00.000 | ERROR    | app.main:run:12 - it fails',
      'Traceback (most recent call last):',
      '',
      '> File "/app/app/main.py", line 20, in <module>',
      '    run(value)',
      "    │   └ 'shown'",
      '',
      'ValueError: no such level: WARN',
    ),
    'ValueError: no such level: WARN',
  ],
  [
    'a line of loguru',
    lines('2026-11-23 21:00:00.000 | ERROR    | app.main:run:12 - the store is broken', 'bye'),
    'the store is broken',
  ],
  [
    'an error of anyhow',
    lines(
      'Error: failed to open the log',
      '',
      'Caused by:',
      '    0: cannot read /data/wal',
      '    1: Permission denied (os error 13)',
    ),
    'failed to open the log: Permission denied (os error 13)',
  ],
  [
    'an error of anyhow with one cause, and its trace',
    lines('Error: bind', '', 'Caused by:', '    Address in use (os error 98)', '', 'Stack backtrace:', '   0: main'),
    'bind: Address in use (os error 98)',
  ],
  [
    'an error of eyre',
    lines('Error: ', '   0: failed to start', '   1: no such file', '', 'Location:', '   src/main.rs:1'),
    'failed to start: no such file',
  ],
  [
    'a panic of Rust up to 1.72',
    lines(
      "thread 'main' panicked at 'GRPC_PORT must be a number', src/main.rs:10:5",
      'note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace',
    ),
    'panicked: GRPC_PORT must be a number',
  ],
  [
    'a panic of Rust since 1.73',
    lines(
      "thread 'main' (7) panicked at src/main.rs:10:5:",
      'GRPC_PORT must be a number',
      'note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace',
    ),
    'panicked at src/main.rs:10:5: GRPC_PORT must be a number',
  ],
  [
    'a panic of Rust that poisons a lock of another thread',
    lines(
      "thread 'writer' panicked at src/wal.rs:1:2:",
      'disk is broken',
      'stack backtrace:',
      '   0: std::panicking::begin_panic',
      "thread 'main' panicked at src/main.rs:3:4:",
      'called `Result::unwrap()` on an `Err` value: PoisonError { .. }',
      'note: Some details are omitted',
    ),
    'panicked at src/wal.rs:1:2: disk is broken',
  ],
  [
    'a panic of Go',
    lines(
      'panic: runtime error: invalid memory address or nil pointer dereference',
      '[signal SIGSEGV: segmentation violation]',
      '',
      'goroutine 1 [running]:',
      'main.main()',
      '\t/src/main.go:8 +0x18',
      'exit status 2',
    ),
    'panic: runtime error: invalid memory address or nil pointer dereference',
  ],
  [
    'a fatal error of Go',
    lines('fatal error: all goroutines are asleep - deadlock!', '', 'goroutine 1 [chan receive]:', 'main.main()'),
    'fatal error: all goroutines are asleep - deadlock!',
  ],
  [
    'log.Fatal of Go',
    lines(
      '2026/11/23 21:00:00 starting',
      '2026/11/23 21:00:01 main.go:9: listen tcp :50051: bind: address already in use',
    ),
    'listen tcp :50051: bind: address already in use',
  ],
  [
    'a line of JSON',
    lines(
      '{"level":"info","msg":"up"}',
      '{"time":"x","level":"ERROR","msg":"failed to open store","error":"Cannot acquire directory lock"}',
      '{"level":"info","msg":"down"}',
    ),
    'failed to open store: Cannot acquire directory lock',
  ],
  [
    'a line of JSON of tracing',
    lines('{"timestamp":"x","level":"ERROR","fields":{"message":"flush","error":"no room"},"target":"t"}'),
    'flush: no room',
  ],
  [
    'a line of JSON of loguru',
    lines(JSON.stringify({ text: 'x', record: { level: { name: 'CRITICAL', no: 50 }, message: 'no way' } })),
    'no way',
  ],
  [
    'a line of JSON of pino',
    lines('{"level":60,"msg":"boom","err":{"message":"EADDRINUSE","stack":"x"}}'),
    'boom: EADDRINUSE',
  ],
  [
    'a traceback inside of JSON',
    lines(
      JSON.stringify({
        level: 'error',
        event: 'crashed',
        exception: lines('Traceback (most recent call last):', ...frames, 'ValueError: no'),
      }),
    ),
    'crashed: ValueError: no',
  ],
  [
    'logfmt',
    lines('time=x level=ERROR msg="failed to serve" err="port in use"', 'time=x level=INFO msg=bye'),
    'failed to serve: port in use',
  ],
  ['klog', lines('E1123 21:00:00.000000       1 main.go:12] no API server'), 'no API server'],
  [
    'a shell and its hints',
    lines(
      'ERROR: JUNJO_PROD_BACKEND_URL is required when JUNJO_ENV=production',
      'See .env.example for configuration details',
    ),
    'JUNJO_PROD_BACKEND_URL is required when JUNJO_ENV=production',
  ],
  [
    'a shell that misses a program',
    lines('starting', '/entrypoint.sh: line 3: alembic: not found', 'Migration failed.'),
    '/entrypoint.sh: line 3: alembic: not found',
  ],
  [
    'nginx',
    lines(
      '/docker-entrypoint.sh: Configuration complete; ready for start up',
      '2026/11/23 21:00:00 [emerg] 1#1: host not found in upstream "x" in /etc/nginx/conf.d/default.conf:3',
      'nginx: [emerg] host not found in upstream "x" in /etc/nginx/conf.d/default.conf:3',
      'nginx: configuration file /etc/nginx/nginx.conf test failed',
    ),
    'host not found in upstream "x" in /etc/nginx/conf.d/default.conf:3',
  ],
  [
    'Node',
    lines(
      '/app/x.js:3',
      '  throw new Error("x")',
      '  ^',
      '',
      "Error: Cannot find module 'express'",
      '    at Module._load (node:internal:1:2)',
      '',
      'Node.js v22.1.0',
    ),
    "Cannot find module 'express'",
  ],
  [
    'tini',
    lines('[FATAL tini (7)] exec /app/run failed: No such file or directory'),
    'exec /app/run failed: No such file or directory',
  ],
  [
    'clap',
    lines("error: invalid value 'x' for '--port <PORT>'", '', "For more information, try '--help'."),
    "invalid value 'x' for '--port <PORT>'",
  ],
  ['colours', lines('\u001b[31mERROR\u001b[0m no disk', '\u001b[2mbye\u001b[0m'), 'no disk'],
  ['a plain line', lines('one', 'cannot read the disk', ''), 'cannot read the disk'],
  ['nothing but that it failed', lines('Migration failed.'), 'Migration failed.'],
  [
    'an error that is over, and a later one',
    lines('Traceback (most recent call last):', ...frames, 'ValueError: handled', 'INFO goes on', 'ERROR: no disk'),
    'no disk',
  ],
  ['nothing', '', ''],
];

test.each(logs)('the telling line of %s', (_, log, telling) => {
  expect(tellingLine(log)).toBe(telling);
});

test('only the beginning of an endless line is shown', () => {
  expect(tellingLine(`ERROR: ${'no '.repeat(100_000)}`).length).toBeLessThan(400);
});

test('a long log is read in little time', () => {
  const started = Date.now();
  tellingLine(
    `${'2026-11-23 21:00:00 | INFO | a.b:c:1 - key value /a/b/c - - - \n'.repeat(5000)}${'x'.repeat(100_000)}`,
  );
  expect(Date.now() - started).toBeLessThan(2000);
});

describe('what may be a secret', () => {
  const secret = randomBytes(32).toString('base64');
  const hex = randomBytes(16).toString('hex');
  const word = `x${randomBytes(4).toString('hex')}`;

  test.each([
    ['a run of base64', `the value ${secret} has 31 bytes`],
    [
      'a run of base64 of URLs',
      `the value ${randomBytes(32).toString('base64url')} has 31 bytes`.replace(
        /.*/,
        `the value ${secret.replace(/\//g, '_')} is wrong`,
      ),
    ],
    ['a run of hexadecimal digits', `got ${hex} there`],
    ['a password of a URL', `cannot connect to postgres://user:${word}@db:5432/x`],
    ['a password of a URL with what separates it', `cannot connect to postgres://user:${word}/a@${word}@db/x`],
    ['a user of a URL', `cannot pull https://${word}@example.com/x`],
    ['a variable', `ERROR: JUNJO_SESSION_SECRET=${word} is too short`],
    ['a field of JSON', `{"level":"error","msg":"no","error":"{\\"password\\":\\"${word} ${word}\\"}"}`],
    ['a field of JSON that is no error', `{"api_key": "${word} more", "x": 1} is refused`],
    ['a field of Python', `{'token': '${word} more'}`],
    ['a header', `authorization: Bearer ${word}`],
    ['a quoted token', `invalid token '${word}'`],
    ['a parameter', `GET /x?api_key=${word}&y=1 failed`],
    ['what pydantic refuses', `X\n  no [type=x, input_value='${word}\n${word}', input_type=str]`],
    ['what pydantic refuses, cut off', `X no [type=x, input_value='${word}`],
  ])('%s is not shown', (_, log) => {
    for (const shown of [tellingLine(log), withoutSecrets(log)]) {
      expect(shown).not.toContain(word);
      expect(shown).not.toContain(hex);
      expect(shown).not.toContain(secret.slice(0, 20));
    }
  });

  test('is not even partly shown where a line is cut', () => {
    for (let length = 240; length < 310; length += 5) {
      const shown = tellingLine(`${'n '.repeat(length / 2)}${secret}`);
      expect(shown).not.toContain(secret.slice(0, 4));
    }
  });

  test('is not shown on several lines', () => {
    const log = `1 validation error for S\nJUNJO_X\n  Value error, no [type=x, input_value='${word}\n${word}', input_type=str]\n`;
    expect(tellingLine(log)).toBe('JUNJO_X is refused: no');
  });
});

test.each([
  "PermissionError: [Errno 13] Permission denied: '/app/.dbdata/sqlite'",
  'cannot read /usr/local/lib/python3/site-packages/some/module',
  'lookup junjo-ai-studio-ingestion-internal on 10.96.0.10:53: no such host',
  'Set JUNJO_K8S_ACCEPT_DATA_LOSS=0.70-to-0.82 to go on',
  'JUNJO_API_KEY_VALIDATION_MAX_CONCURRENCY is too large',
  "KeyError: 'JUNJO_SESSION_SECRET'",
  'the cookie key: must be 32 bytes',
  "no such key 'JUNJO_PROD_BACKEND_URL'",
  'dial tcp http://example.com:8080/x: connection refused',
])('text that is not a secret is shown: %s', (text) => {
  expect(withoutSecrets(text)).toBe(text);
});

test('the last line with a given beginning', () => {
  expect(lineFrom('a: 1\na: 2\nb: 3\n', 'a:')).toBe('2');
  expect(lineFrom('b: 3\n', 'a:')).toBeUndefined();
});

test.each([
  ['JUNJO_SECURE_COOKIE_KEY must be base64', 'JUNJO_SECURE_COOKIE_KEY'],
  ['no setting', undefined],
])('the setting that a line names: %s', (words, setting) => {
  expect(settingIn(words)).toBe(setting);
});
