import type { Problem } from '../../config/problems';
import type { Rendering } from '../../main';
import { brokenBy, formatFailure, fuzz, runCase } from '../../tools/fuzz';
import { alternativesOf, filesOf, followed, valueIn } from '../../tools/fuzz/advice';
import { invariants, type Run } from '../../tools/fuzz/invariants';
import type { Case } from '../../tools/fuzz/studios';
import { freshSecret } from '../support/studio';

const SEED = 16;

test('studios made of the table of variables keep every invariant', () => {
  const failures = [...fuzz({ seed: SEED, runs: 150 })].map((failure) => formatFailure(failure, SEED));
  expect(failures).toEqual([]);
});

const example = (...statements: readonly string[]): Case => ({ studios: [{ file: { path: '.env', statements } }] });

const secrets = [`JUNJO_SESSION_SECRET='${freshSecret()}'`, `JUNJO_SECURE_COOKIE_KEY='${freshSecret()}'`];
const development = example('JUNJO_ENV=development', ...secrets);

test('a sound studio is rendered, and breaks no invariant', () => {
  const outcome = runCase(development);
  expect('rendering' in outcome && outcome.rendering.manifests.length).toBeGreaterThan(10);
  expect(brokenBy(development)).toEqual([]);
});

test('a studio that throws is a crash', () => {
  const crashing: Run = () => ({ thrown: new RangeError('too deep') });
  expect(brokenBy(development, crashing)).toEqual([{ invariant: 'crash', text: expect.stringContaining('too deep') }]);
});

test('a failure tells how it is repeated, and no secret', () => {
  const line = formatFailure({ run: 7, invariant: 'crash', text: 'too deep', example: development }, SEED);
  expect(line).toContain(`crash --seed ${SEED} --run 7 | too deep | .env: JUNJO_ENV=development`);
  expect(line).toContain("JUNJO_SESSION_SECRET='<secret>'");
  expect(line).not.toContain('\n');
});

/** A rendering with problems about `.env`, each with a variable, its line and a text, and with objects. */
function rendering(
  problems: readonly (readonly [variable: string | undefined, line: number | undefined, text: string])[],
  ...manifests: readonly Record<string, unknown>[]
): { readonly rendering: Rendering } {
  return {
    rendering: {
      problems: problems.map(([variable, line, text]): Problem => {
        return { severity: 'error', file: variable ? '.env' : 'studio x', line, variable, text };
      }),
      studios: [],
      manifests: manifests.map((fields) => ({
        file: 'file.k8s.yaml',
        manifest: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, ...fields },
      })),
      kept: [],
    },
  };
}

const two = example('JUNJO_ENV=staging', 'JUNJO_K8S_SIZE=large');
const holdsSize = (each: Case) => filesOf(each).some(({ statements }) => statements.join().includes('SIZE'));
let count = 0;

/** What breaks each invariant: the case, and how it is rendered. */
const breaking: Readonly<Record<string, readonly (readonly [Case, Run])[]>> = {
  messagesReadable: [
    'is undefined',
    'is [object Object]',
    'two\nlines',
    'ends in a full stop.',
    'long '.repeat(400),
    '',
  ].map((text) => [two, () => rendering([['JUNJO_ENV', 1, text]])]),
  chartsBreakNoRule: [
    [two, () => rendering([[undefined, undefined, 'breaks the rule ports. The rule exists because of us']])],
  ],
  placesExist: [
    [two, () => rendering([['JUNJO_ENV', 2, 'must be one of: development, production']])],
    [two, () => rendering([['JUNJO_K8S_NODE', undefined, 'has no effect']])],
    [two, () => rendering([['JUNJO_ENV', undefined, 'is missing']])],
  ],
  adviceHelps: [
    [two, () => rendering([['JUNJO_K8S_SIZE', 2, 'has no effect. Remove the line']])],
    [two, () => rendering([['JUNJO_K8S_SIZE', 2, 'exceeds it. Set JUNJO_K8S_SIZE=large']])],
    [
      two,
      (each) =>
        holdsSize(each)
          ? rendering([['JUNJO_K8S_SIZE', 2, 'has no effect. Remove the line']])
          : rendering([
              ['JUNJO_ENV', 1, 'needs a size'],
              ['JUNJO_K8S_NODE', undefined, 'is missing'],
            ]),
    ],
  ],
  dependentsWait: [
    [
      two,
      (each) =>
        filesOf(each)[0]?.statements.includes('JUNJO_ENV=staging')
          ? rendering([
              ['JUNJO_ENV', 1, 'must be one of: development, production'],
              ['JUNJO_K8S_SIZE', 2, 'has no effect in development'],
            ])
          : rendering([]),
    ],
  ],
  adviceEnds: [
    [
      two,
      (each) =>
        holdsSize(each)
          ? rendering([['JUNJO_K8S_SIZE', 2, 'has no effect. Remove the line']])
          : rendering([['JUNJO_ENV', 1, 'needs JUNJO_K8S_SIZE=large']]),
    ],
    [two, (each) => rendering([['JUNJO_ENV', 1, `must be one of: x${JSON.stringify(each).length}y`]])],
  ],
  adviceAgrees: [
    [
      two,
      () =>
        rendering([
          ['JUNJO_ENV', 1, 'must be one of: development, production'],
          ['JUNJO_K8S_SIZE', 2, 'needs JUNJO_ENV=staging'],
        ]),
    ],
  ],
  secretsStay: ['', 'base64', 'base64url', 'url'].flatMap((form) => {
    const secret = `${freshSecret()}/+aA1`;
    const text =
      form === ''
        ? secret
        : form === 'url'
          ? encodeURIComponent(secret)
          : Buffer.from(secret).toString(form as 'base64');
    const studio = example(`OPENAI_API_KEY='${secret}'`);
    return [
      [studio, () => rendering([['OPENAI_API_KEY', 1, `is ${text}`]])],
      [studio, () => rendering([], { data: { note: text } })],
    ] as const;
  }),
  rendersTheSame: [[two, () => rendering([], { data: { count: String(count++) } })]],
  validManifests: [
    [two, () => rendering([], { data: { port: 80 } })],
    [two, () => rendering([], { kind: 'Nothing' })],
  ],
  allOrNothing: [
    [two, () => rendering([['JUNJO_ENV', 1, 'is wrong']], {})],
    [two, () => rendering([])],
  ],
};

test('every invariant is tried', () => {
  expect(Object.keys(breaking)).toEqual(Object.keys(invariants));
});

test.each(
  Object.entries(breaking).flatMap(([name, cases]) => cases.map((each, index) => [name, index, ...each] as const)),
)('%s can fail (%i)', (name, _, studio, run) => {
  expect(brokenBy(studio, run).map(({ invariant }) => invariant)).toContain(name);
});

test('the Secret may hold secrets, and the same rendering breaks nothing', () => {
  const studio = example(`OPENAI_API_KEY='${freshSecret()}aA1'`);
  const data = {
    OPENAI_API_KEY: Buffer.from(valueIn(studio, { file: '.env', variable: 'OPENAI_API_KEY' })).toString('base64'),
  };
  expect(brokenBy(studio, () => rendering([], { kind: 'Secret', data }))).toEqual([]);
});

const production = [
  'JUNJO_ENV=production',
  ...secrets,
  'JUNJO_PROD_FRONTEND_URL=https://ui.example.com',
  'JUNJO_PROD_BACKEND_URL=https://api.example.com',
  'JUNJO_PROD_INGESTION_URL=https://spans.example.com',
];

/** Lines behind those of a sound studio, the variable that has a problem, and the line that following its advice makes of it. */
test.each([
  ['JUNJO_LOG_FORMAT=xml', "JUNJO_LOG_FORMAT='json'"],
  ['JUNJO_K8S_SIZE=Large', "JUNJO_K8S_SIZE='large'"],
  ['JUNJO_K8S_BACKUP_KEEP=0', "JUNJO_K8S_BACKUP_KEEP='1'"],
  ['JUNJO_K8S_NOD=worker-1', "JUNJO_K8S_NODE='worker-1'"],
  ['JUNJO_K8S_QDRANT_STORAGE_SIZE=7Gi', undefined],
  ['JUNJO_K8S_WEB_SOURCE_RANGES=10.0.0.7', "JUNJO_K8S_WEB_SOURCE_RANGES='10.0.0.7/32'"],
  ['JUNJO_PROD_BACKEND_URL=https://api.example.com/', "JUNJO_PROD_BACKEND_URL='https://api.example.com'"],
  ['JUNJO_PROD_BACKEND_URL=https://api.example.com:443', "JUNJO_PROD_BACKEND_URL='https://api.example.com'"],
  ['JUNJO_PROD_BACKEND_URL=https://API.example.com', "JUNJO_PROD_BACKEND_URL='https://api.example.com'"],
  ['JUNJO_PROD_INGESTION_URL=http://spans.example.com:1', "JUNJO_PROD_INGESTION_URL='http://spans.example.com:50051'"],
  ['JUNJO_ALLOW_ORIGINS=https://b.example.com', "JUNJO_ALLOW_ORIGINS='https://b.example.com,https://ui.example.com'"],
  ['JUNJO_ALLOW_ORIGINS=https://ui.example.com/', "JUNJO_ALLOW_ORIGINS='https://ui.example.com'"],
  ['JUNJO_ALLOW_ORIGINS=https://ui.example.com,http://localhost:1', "JUNJO_ALLOW_ORIGINS='https://ui.example.com'"],
  ['JUNJO_K8S_WEB_SOURCE_RANGES=10.0.0.0/8,', "JUNJO_K8S_WEB_SOURCE_RANGES='10.0.0.0/8'"],
  ['JUNJO_K8S_STORAGE_ACCESS_MODE=ReadWriteOncePod', "JUNJO_K8S_STORAGE_ACCESS_MODE='ReadWriteOnce'"],
  ['JUNJO_BUILD_TARGET=development', "JUNJO_BUILD_TARGET='production'"],
])('a program reads the advice on %s', (line, after) => {
  const studio = example(...production.filter((each) => each.split('=')[0] !== line.split('=')[0]), line);
  const name = line.split('=')[0];
  const outcome = runCase(studio);
  const problem =
    'rendering' in outcome &&
    outcome.rendering.problems.find(({ severity, variable }) => severity === 'error' && variable === name);
  if (!problem) throw new Error(`${line} has no problem`);
  const [edits = []] = alternativesOf(problem, valueIn(studio, problem));
  const [file] = filesOf(followed(studio, '.env', edits));
  expect(file?.statements.find((each) => !production.includes(each))).toBe(after);
});
