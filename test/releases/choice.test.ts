import { loadStudio } from '../../config/load-studio';
import { lineOf } from '../../releases';
import { development, envText, freshSecret, load, problemsOf, production, type Settings } from '../support/studio';

/** The variables of upstream's `.env.example` at each tag, the commented-out ones included, placeholders filled. */
function upstreamExample(tag: string): Settings {
  const [, minor = 0, patch = 0] = tag.split('.').map(Number);
  const newPorts = minor > 81 || (minor === 81 && patch > 0);
  const parquet = {
    BACKPRESSURE_MAX_MB: '300',
    FLUSH_MAX_MB: '25',
    FLUSH_MAX_AGE_SECS: '3600',
    BATCH_SIZE: '1000',
    PREPARE_HOT_SNAPSHOT_CACHE_TTL_MS: '1000',
    RECENT_COLD_MAX_FILES: '20',
    RECENT_COLD_MAX_AGE_SECS: '120',
  };
  const queries = {
    JUNJO_DF_TARGET_PARTITIONS: '1',
    JUNJO_DF_BATCH_SIZE: '4096',
    JUNJO_DF_PARQUET_PRUNING: 'true',
    JUNJO_DF_SPILL_ENABLED: 'true',
    JUNJO_DF_SPILL_POOL_MB: '192',
    JUNJO_DF_SPILL_PATH: '/tmp/junjo-datafusion-spill',
  };
  const memory = {
    JUNJO_BACKEND_MEM_RESERVATION: '300m',
    JUNJO_BACKEND_MEM_LIMIT: '450m',
    JUNJO_BACKEND_MEMSWAP_LIMIT: '900m',
    JUNJO_BACKEND_PIDS_LIMIT: '128',
    JUNJO_MALLOC_ARENA_MAX: '2',
    JUNJO_MALLOC_TRIM_THRESHOLD: '131072',
    JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
    JUNJO_API_KEY_CACHE_TTL_SECONDS: '10',
    JUNJO_API_KEY_CACHE_MAX_ENTRIES: '1024',
    JUNJO_API_KEY_VALIDATION_MAX_CONCURRENCY: '8',
    JUNJO_API_KEY_VALIDATION_MAX_PENDING: '32',
    JUNJO_API_KEY_VALIDATION_TIMEOUT_MS: '2000',
  };
  return {
    JUNJO_BUILD_TARGET: 'development',
    JUNJO_ENV: 'development',
    JUNJO_SESSION_SECRET: freshSecret(),
    JUNJO_SECURE_COOKIE_KEY: freshSecret(),
    JUNJO_ALLOW_ORIGINS: newPorts
      ? 'http://localhost:26151,http://localhost:26153'
      : 'http://localhost:5151,http://localhost:5153',
    ...(!newPorts && { JUNJO_BACKEND_PORT: '1323' }),
    JUNJO_HOST_DB_DATA_PATH: './.dbdata',
    JUNJO_LOG_LEVEL: 'info',
    JUNJO_LOG_FORMAT: 'text',
    GEMINI_API_KEY: freshSecret(),
    ...(minor >= 80 && parquet),
    ...(minor >= 81 && queries),
    ...(minor === 81 && { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' }),
    ...(minor >= 82 && memory),
  };
}

const tags = ['0.70.3', '0.70.4', '0.80.0', '0.81.0', '0.81.1', '0.81.2', '0.81.3', '0.81.5', '0.82.0', '0.82.1'];
const withoutNotes = (printed: readonly string[]) => printed.filter((line) => !line.startsWith('note: '));

describe("upstream's own .env.example", () => {
  test.each(tags)('of %s renders without an error, and without a warning unless the tag loses data', (tag) => {
    const settings = { ...upstreamExample(tag), JUNJO_K8S_RELEASE: tag };
    const faults = lineOf(tag)?.faults?.[tag] ? [expect.stringContaining(`JUNJO_K8S_RELEASE: ${tag} loses`)] : [];
    expect(withoutNotes(problemsOf(envText(settings)))).toEqual(faults);
    expect(load(settings).images.backend).toBe('junjo-ai-studio-backend:development');
    expect(load({ ...settings, JUNJO_BUILD_TARGET: 'production' }).images.backend).toMatch(`:${tag}`);
  });

  test.each([
    ['0.80.0', '0.80.0'],
    ['0.81.0', '0.81.0'],
    ['0.81.1', '0.81.5'],
    ['0.81.5', '0.81.5'],
    ['0.82.0', '0.82.1'],
    ['0.82.1', '0.82.1'],
  ])('of %s without a release gets one message, which names %s', (tag, named) => {
    const printed = withoutNotes(problemsOf(envText(upstreamExample(tag))));
    expect(printed).toEqual([
      expect.stringMatching(
        /^\.env JUNJO_K8S_RELEASE: is not set, which means 0\.70\.3, but .* more belong to release line/,
      ),
    ]);
    expect(printed[0]).toMatch(`Set JUNJO_K8S_RELEASE=${named}`);
  });

  // Upstream's files have the origins and the tuning of ingestion commented out.
  test.each([
    ['0.81.0', '0.81.0'],
    ['0.81.5', '0.81.5'],
    ['0.82.1', '0.82.1'],
  ])('of %s gets that message when what is commented out stays so, in production too', (tag, named) => {
    const commentedOut =
      /^(JUNJO_ALLOW_ORIGINS|JUNJO_API_KEY_.*|BACKPRESSURE_.*|FLUSH_.*|BATCH_SIZE|PREPARE_.*|RECENT_.*)$/;
    const set = Object.fromEntries(Object.entries(upstreamExample(tag)).filter(([name]) => !commentedOut.test(name)));
    const { JUNJO_ENV, JUNJO_K8S_RELEASE, ...hosts } = production({ JUNJO_SESSION_SECRET: freshSecret() });
    for (const settings of [set, { ...set, ...hosts, JUNJO_ENV, JUNJO_BUILD_TARGET: 'production' }]) {
      expect(withoutNotes(problemsOf(envText(settings)))).toEqual([
        expect.stringMatching(`Set JUNJO_K8S_RELEASE=${named}$`),
      ]);
    }
  });

  test.each([
    ['0.81.0', '0.81.0'],
    ['0.81.1', '0.81.5'],
  ])('of %s is told by the ports of its origins where nothing else tells', (tag, named) => {
    const settings = { ...upstreamExample(tag), JUNJO_BACKEND_PORT: undefined };
    expect(withoutNotes(problemsOf(envText(settings)))).toEqual([
      expect.stringMatching(`Set JUNJO_K8S_RELEASE=${named}$`),
    ]);
  });

  test('of 0.82 without the token is still of 0.82, and lacks it', () => {
    const settings = { ...development(), JUNJO_MALLOC_ARENA_MAX: '2' };
    expect(problemsOf(envText(settings))).toEqual([
      '.env JUNJO_K8S_RELEASE: is not set, which means 0.70.3, but JUNJO_MALLOC_ARENA_MAX belongs to release line 0.82. Set JUNJO_K8S_RELEASE=0.82.1',
      '.env JUNJO_INTERNAL_GRPC_TOKEN: is missing. Generate one: openssl rand -base64 32',
    ]);
  });

  test('of 0.70 needs no release', () => {
    expect(withoutNotes(problemsOf(envText(upstreamExample('0.70.3'))))).toEqual([]);
  });
});

describe('a release that was not chosen', () => {
  test('is noted in production, and not on localhost', () => {
    expect(problemsOf(envText(production({ JUNJO_K8S_RELEASE: undefined })))).toEqual([
      'note: .env JUNJO_K8S_RELEASE: is not set, so that 0.70.3 runs; 0.82.1 is the newest release. Set the one that you want',
    ]);
    expect(problemsOf(envText(development()))).toEqual([]);
  });

  test('keeps the other problems of the file, judged by the release that it was written for', () => {
    const text = `JUNJO_INTERNAL_GRPC_TOKEN=${freshSecret()}\nJUNJO_API_KEY_CACHE_TTL_SECONDS=31\n${envText(development())}`;
    expect(problemsOf(text)).toEqual([
      '.env JUNJO_K8S_RELEASE: is not set, which means 0.70.3, but JUNJO_INTERNAL_GRPC_TOKEN and JUNJO_API_KEY_CACHE_TTL_SECONDS belong to release line 0.82. Set JUNJO_K8S_RELEASE=0.82.1',
      '.env:2 JUNJO_API_KEY_CACHE_TTL_SECONDS: must be an integer from 0 to 30',
    ]);
    expect(loadStudio([{ path: '.env', text }]).config).toBeUndefined();
  });
});

describe('a tag that is known to lose data', () => {
  test.each([development, production])('is warned of, with a better one', (studio) => {
    expect(problemsOf(envText(studio({ JUNJO_K8S_RELEASE: '0.70.4' })))).toEqual([
      expect.stringMatching(
        /^warning: \.env:\d JUNJO_K8S_RELEASE: 0\.70\.4 loses acknowledged spans when .*\. Set 0\.70\.3$/,
      ),
    ]);
    expect(problemsOf(envText(studio({ JUNJO_K8S_RELEASE: '0.70.3' })))).toEqual([]);
  });

  test('is no example for a tag that moves', () => {
    expect(problemsOf(envText(development({ JUNJO_K8S_RELEASE: '0.70' })))[0]).toMatch(/for example 0\.70\.3$/);
  });
});

describe('a tag that no release has', () => {
  test.each([
    ['0.81.4', 'no release of Junjo AI Studio has the tag 0.81.4. Nearest: 0.81.3, 0.81.5'],
    ['0.70.2', 'no release of Junjo AI Studio has the tag 0.70.2. Nearest: 0.70.3, 0.70.4'],
    ['0.83.0', 'no release of Junjo AI Studio has the tag 0.83.0. Nearest: 0.82.0, 0.82.1'],
    ['v0.82.1', 'no release of Junjo AI Studio has the tag v0.82.1. Nearest: 0.82.0, 0.82.1'],
    [
      '0.82.1-rc1',
      'no release of Junjo AI Studio has the tag 0.82.1-rc1. Nearest: 0.70.4, 0.80.0, 0.81.0, 0.81.5, 0.82.1',
    ],
    [
      '0.81',
      '0.81 is a tag that moves, so that each restart could run another release. Name a release, for example 0.81.5',
    ],
    [
      'latest',
      'latest is a tag that moves, so that each restart could run another release. Name a release, for example 0.82.1',
    ],
  ])('%s is the first message, and the only one that follows from it', (tag, says) => {
    // A file of 0.82 has nine lines that 0.70 does not know, and its own origins.
    const text = `JUNJO_LOG_FORMAT=pretty\n${envText({ ...upstreamExample('0.82.1'), JUNJO_LOG_FORMAT: undefined, JUNJO_K8S_RELEASE: tag })}`;
    expect(withoutNotes(problemsOf(text))).toEqual([
      expect.stringMatching(/^\.env:[0-9]+ JUNJO_K8S_RELEASE: /),
      '.env:1 JUNJO_LOG_FORMAT: must be one of: json, text',
    ]);
    expect(problemsOf(text)[0]).toMatch(says);
  });
});

describe('what only some releases read', () => {
  test.each(['http', '8080'])('is one note where the release does not, be it %s', (JUNJO_BACKEND_PORT) => {
    const settings = development({ JUNJO_K8S_RELEASE: '0.81.5', JUNJO_BACKEND_PORT, GRPC_PORT: '50053' });
    expect(problemsOf(envText(settings))).toEqual([
      'note: .env:5 JUNJO_BACKEND_PORT: has no effect: this release does not read it',
      'note: .env:6 GRPC_PORT: has no effect: the manifests set it (a fixed value of the release)',
    ]);
    expect(load(settings).settings.backend).not.toHaveProperty('JUNJO_BACKEND_PORT');
  });

  test('reaches only who reads it', () => {
    const text = { JUNJO_LOG_FORMAT: 'TEXT' };
    expect(load(development({ ...text })).settings.ingestion.JUNJO_LOG_FORMAT).toBe('text');
    const { settings } = load(development({ ...text, JUNJO_K8S_RELEASE: '0.80.0', RUST_LOG: 'info,h2=warn' }));
    expect(settings.backend.JUNJO_LOG_FORMAT).toBe('text');
    expect(settings.ingestion).not.toHaveProperty('JUNJO_LOG_FORMAT');
    expect(settings.ingestion.RUST_LOG).toBe('info,h2=warn');
  });
});

describe('a name that other programs have too', () => {
  test.each(['RUST_LOG', 'MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_'])(
    '%s tells nothing of the release, and is a note where the release does not read it',
    (name) => {
      for (const settings of [development({ [name]: '2' }), production({ [name]: '2' })]) {
        expect(problemsOf(envText(settings))).toEqual([
          expect.stringMatching(`^note: \\.env:[0-9]+ ${name}: reaches no container: `),
        ]);
      }
    },
  );
});
