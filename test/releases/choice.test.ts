import { readFileSync } from 'node:fs';
import { loadStudio } from '../../config/load-studio';
import { formatProblem } from '../../config/problems';
import { renderSources } from '../../main';
import { lineOf, newestTag, recommendedTag, releaseLines } from '../../releases';
import { development, envText, freshSecret, load, problemsOf, production, type Settings } from '../support/studio';
import { upstreamExample } from '../support/upstream-example';

/** The text of an env file of which some settings are commented out. */
function exampleText({ set, commentedOut }: ReturnType<typeof upstreamExample>, more: Settings = {}): string {
  const comments = Object.entries(commentedOut).map(([name, value]) => `# ${name}=${value}\n`);
  return `${envText(set)}${comments.join('')}${envText(more)}`;
}

/** What somebody adds to the example of a tag for a studio behind HTTPS. */
function hosts(tag: string): Settings {
  const { JUNJO_PROD_FRONTEND_URL, JUNJO_PROD_BACKEND_URL, JUNJO_PROD_INGESTION_URL } = production();
  return {
    JUNJO_ENV: 'production',
    JUNJO_BUILD_TARGET: 'production',
    JUNJO_PROD_FRONTEND_URL,
    ...(tag !== '0.86.0' && { JUNJO_PROD_BACKEND_URL }),
    JUNJO_PROD_INGESTION_URL,
  };
}

const ofRoot = ['0.70.3', '0.70.4', '0.80.0', '0.81.0', '0.81.1', '0.81.2', '0.81.3', '0.81.5', '0.82.0', '0.82.1'];
const ofDistributions = ['0.81.2', '0.81.3', '0.81.5', '0.82.0', '0.82.1', '0.85.0'];
const examples = [
  ...[...ofRoot, '0.86.0'].map((tag) => [tag, 'root'] as const),
  ...ofDistributions.flatMap((tag) => [[tag, 'minimal'] as const, [tag, 'vm-caddy'] as const]),
];
const withoutNotes = (printed: readonly string[]) => printed.filter((line) => !line.startsWith('note: '));
/** Upstream's root file asks for images that the line does not have, and 0.70.4 loses spans whatever its file says. */
const withoutImages = (printed: readonly string[]) =>
  withoutNotes(printed).filter(
    (line) => !/^warning: .*(has no effect on release line 0\.86|0\.70\.4 loses)/.test(line),
  );
const alsoFits = { '0.85.0': ['0.82.1', '0.83.0'] } as Readonly<Record<string, readonly string[]>>;

describe("upstream's own .env.example", () => {
  test.each(examples)('of %s (%s) renders without an error or a warning', (tag, distribution) => {
    const example = upstreamExample(tag, distribution);
    for (const more of [{}, hosts(tag)]) {
      const text = exampleText(example, { ...more, JUNJO_K8S_RELEASE: tag });
      expect(withoutImages(problemsOf(text))).toEqual([]);
      expect(loadStudio([{ path: '.env', text }]).config?.tag).toBe(tag);
    }
  });

  test.each(examples)('of %s (%s) without a release renders, or is told the right one', (tag, distribution) => {
    const example = upstreamExample(tag, distribution);
    const line = lineOf(tag);
    for (const more of [{}, hosts(tag)]) {
      const printed = withoutImages(problemsOf(exampleText(example, more)));
      if (!line || line.name === '0.70') {
        expect(printed).toEqual([]);
      } else {
        const also = alsoFits[tag] ? ` Data written by ${alsoFits[tag].join(' or ')} needs that release.` : '';
        // 0.80's file sets nothing that 0.70's does not: it runs, with a warning.
        const begin = line.name === '0.80' ? 'warning: ' : '';
        expect(printed).toEqual([
          expect.stringMatching(
            `^${begin}\\.env JUNJO_K8S_RELEASE: is not set and defaults to 0.70.3, but .* more.* belong to `,
          ),
        ]);
        expect(printed[0]?.split(' belong to ')[1]).toBe(
          `release line ${line.name}.${also} Set JUNJO_K8S_RELEASE=${recommendedTag(line)}`,
        );
      }
    }
  });

  test.each(examples)('of %s (%s) is told when everything in it is set', (tag, distribution) => {
    const { set, commentedOut } = upstreamExample(tag, distribution);
    const line = lineOf(tag);
    const { JUNJO_K8S_RELEASE, ...more } = hosts(tag);
    const filled = { ...commentedOut, JUNJO_ALLOW_ORIGINS: undefined, ...set, ...more };
    expect(withoutNotes(problemsOf(envText(filled)))).toEqual(
      !line || line.name === '0.70'
        ? []
        : [expect.stringMatching(`release line ${line.name}\\..* Set JUNJO_K8S_RELEASE=${recommendedTag(line)}$`)],
    );
  });
});

describe('a file that somebody wrote, without a release', () => {
  const foreign = (settings: Settings, comments = '') =>
    withoutNotes(problemsOf(`${comments}${envText(settings)}`)).filter((line) => line.includes('JUNJO_K8S_RELEASE'));

  test.each([
    ['0.81.0', { JUNJO_BACKEND_PORT: '1323' }],
    ['0.81.0', { JUNJO_ALLOW_ORIGINS: 'http://localhost:5153' }],
    ['0.81.5', { JUNJO_ALLOW_ORIGINS: 'http://localhost:26153' }],
    // Nothing tells which; between them nothing is lost.
    ['0.81.5', {}],
  ])('is of %s by its ports: %j', (named, ports) => {
    expect(foreign(development({ JUNJO_MALLOC_ARENA_MAX: '2', ...ports }))).toEqual([
      `.env JUNJO_K8S_RELEASE: is not set and defaults to 0.70.3, but JUNJO_MALLOC_ARENA_MAX belongs to release line ${lineOf(named)?.name}. Set JUNJO_K8S_RELEASE=${named}`,
    ]);
  });

  test('is of a line without the secrets that the file lacks', () => {
    const token = { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
    expect(foreign({ JUNJO_ENV: 'development', ...token })[0]).toMatch(/line 0\.86\. Set JUNJO_K8S_RELEASE=0\.86\.0$/);
    expect(foreign(development({ BATCH_SIZE: '10' }))[0]).toMatch(/line 0\.80\. Set JUNJO_K8S_RELEASE=0\.80\.0$/);
  });

  test('is told what else it fits where only data could tell', () => {
    const { set } = upstreamExample('0.82.1');
    expect(foreign(set)[0]).toMatch(
      /line 0\.85\. Data written by 0\.82\.1 or 0\.83\.0 needs that release\. Set JUNJO_K8S_RELEASE=0\.85\.0$/,
    );
    expect(foreign({ ...set, OPENAI_API_KEY: freshSecret() })[0]).toMatch(
      /line 0\.82\. Set JUNJO_K8S_RELEASE=0\.82\.1$/,
    );
  });

  test('may have what an earlier release left in it', () => {
    const { set } = upstreamExample('0.82.1');
    const settings = { ...set, JUNJO_BACKEND_PORT: '1323', SPAN_POLL_INTERVAL: '5', GEMINI_API_KEY: freshSecret() };
    expect(foreign(settings)[0]).toMatch(/Set JUNJO_K8S_RELEASE=0\.82\.1$/);
  });

  test('lacks no secret that comes from elsewhere', () => {
    const { JUNJO_SESSION_SECRET, JUNJO_SECURE_COOKIE_KEY, ...set } = upstreamExample('0.81.5').set;
    const settings = { ...set, ...hosts('0.81.5') };
    for (const JUNJO_K8S_SECRETS of ['existing', 'external']) {
      expect(foreign({ ...settings, JUNJO_K8S_SECRETS })[0]).toMatch(
        /line 0\.81\. Data written by 0\.82\.1 or 0\.83\.0 or 0\.85\.0 .* Set JUNJO_K8S_RELEASE=0\.81\.5$/,
      );
    }
  });

  test('is not guessed from missing secrets while it is not known where they come from', () => {
    const { JUNJO_SESSION_SECRET, JUNJO_SECURE_COOKIE_KEY, ...set } = upstreamExample('0.81.5').set;
    const settings = { ...set, ...hosts('0.81.5'), JUNJO_K8S_SECRETS: 'Existing' };
    const problems = withoutNotes(problemsOf(envText(settings)));
    expect(problems).toContainEqual(
      expect.stringContaining('JUNJO_K8S_SECRETS: must be written in lower case: existing'),
    );
    expect(problems.join()).not.toContain('JUNJO_K8S_RELEASE');
  });

  test('is told by its comments where its secrets come from elsewhere', () => {
    const { set, commentedOut } = upstreamExample('0.86.0');
    const { JUNJO_INTERNAL_GRPC_TOKEN, ...others } = set;
    const text = exampleText(
      { set: others as typeof set, commentedOut },
      { ...hosts('0.86.0'), JUNJO_K8S_SECRETS: 'existing' },
    );
    expect(withoutNotes(problemsOf(text))).toEqual([
      expect.stringMatching(/line 0\.86\. Data written by 0\.82\.1 .* Set JUNJO_K8S_RELEASE=0\.86\.0$/),
    ]);
  });

  test.each(['existing', 'external', 'sealed'])(
    'is told by its comments where its secrets are %s, be there no address in it',
    (JUNJO_K8S_SECRETS) => {
      const { set, commentedOut } = upstreamExample('0.85.0', 'minimal');
      const { JUNJO_SESSION_SECRET, JUNJO_SECURE_COOKIE_KEY, JUNJO_INTERNAL_GRPC_TOKEN, ...others } = set;
      const text = exampleText({ set: others as typeof set, commentedOut }, { JUNJO_K8S_SECRETS });
      expect(problemsOf(text).find((problem) => problem.includes('JUNJO_K8S_RELEASE'))).toMatch(
        /line 0\.85\. Data written by 0\.82\.1 or 0\.83\.0 .* Set JUNJO_K8S_RELEASE=0\.85\.0$/,
      );
    },
  );

  test.each([
    ['with nothing of another line', ''],
    ['with a few comments of another line', '# BATCH_SIZE=1000\n#FLUSH_MAX_MB=25\n# JUNJO_INTERNAL_GRPC_TOKEN=\n'],
    ['with what only compose uses', 'JUNJO_BACKEND_MEM_LIMIT=450m\nCOMPOSE_PROFILES=development\n'],
    ['with a proxy', 'HTTPS_PROXY=http://proxy.example.com:443\nno_proxy=.example.com\n'],
    ['that talks of names', '# Example: BATCH_SIZE=1\n# - Set FLUSH_MAX_MB=1\nSPAN_POLL_INTERVAL=5 # BATCH_SIZE=1\n'],
  ])('%s stays of 0.70.3', (_, more) => {
    expect(foreign(development(), more)).toEqual([]);
    expect(foreign({ ...production(), JUNJO_K8S_RELEASE: undefined }, more)).toEqual([]);
    expect(foreign({}, `${more}${readFileSync('.env.example', 'utf8')}`)).toEqual([]);
  });

  test('names no release of which no image was ever seen', () => {
    expect(releaseLines.flatMap(({ unproven }) => Object.keys(unproven ?? {}))).toEqual(['0.84.1']);
    for (const tag of ofDistributions) {
      expect(foreign(upstreamExample(tag).set).join()).not.toContain('0.84.1');
    }
  });
});

describe('a release that was not chosen', () => {
  test('is noted in production, and not on localhost', () => {
    expect(problemsOf(envText(production({ JUNJO_K8S_RELEASE: undefined })))).toEqual([
      'note: .env JUNJO_K8S_RELEASE: is not set, defaulting to 0.70.3 (16 November 2025); set it explicitly. The newest release is 0.86.0 (8 October 2026)',
    ]);
    expect(problemsOf(envText(development()))).toEqual([]);
  });

  test('keeps the other problems of the file, judged by the release that it was written for', () => {
    const text = `JUNJO_INTERNAL_GRPC_TOKEN=${freshSecret()}\nJUNJO_API_KEY_CACHE_TTL_SECONDS=31\n${envText(development())}`;
    expect(problemsOf(text)).toEqual([
      '.env JUNJO_K8S_RELEASE: is not set and defaults to 0.70.3, but JUNJO_INTERNAL_GRPC_TOKEN and JUNJO_API_KEY_CACHE_TTL_SECONDS belong to release line 0.85. Data written by 0.82.1 or 0.83.0 needs that release. Set JUNJO_K8S_RELEASE=0.85.0',
      '.env:2 JUNJO_API_KEY_CACHE_TTL_SECONDS: must be an integer from 0 to 30',
    ]);
    expect(loadStudio([{ path: '.env', text }]).config).toBeUndefined();
  });
});

describe('in production, the age of the release', () => {
  /** What is said of the release, the age included that `problemsOf` passes over. */
  const said = (settings: Settings) =>
    loadStudio([{ path: '.env', text: envText(settings) }])
      .problems.filter(({ variable }) => variable === 'JUNJO_K8S_RELEASE')
      .map(formatProblem);
  const tokens = { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };

  test.each([
    ['0.70.3', 'runs 0.70.3 \\(16 November 2025\\)'],
    ['0.82.1', 'runs 0.82.1 \\(18 July 2026\\)'],
    ['0.83.0', 'runs 0.83.0'],
  ])('%s is one note', (JUNJO_K8S_RELEASE, runs) => {
    expect(said(production({ JUNJO_K8S_RELEASE, ...tokens }))).toEqual([
      expect.stringMatching(
        new RegExp(
          `^note: \\.env:2 JUNJO_K8S_RELEASE: ${runs}; the newest release is 0\\.86\\.0 \\(8 October 2026\\)$`,
        ),
      ),
    ]);
    expect(said(development({ JUNJO_K8S_RELEASE, ...tokens }))).toEqual([]);
  });

  test('is none of the newest', () => {
    const newest = releaseLines.map(newestTag).at(-1);
    expect(said(production({ JUNJO_K8S_RELEASE: newest, ...tokens }))).toEqual([]);
  });

  test('is a note of its own beside a warning of what the tag loses', () => {
    expect(said(production({ JUNJO_K8S_RELEASE: '0.70.4' }))).toEqual([
      expect.stringMatching(/^note: .*: runs 0\.70\.4 \(28 November 2025\); .* 2026\)$/),
      expect.stringMatching(/^warning: .*: 0\.70\.4 loses .*\. Set 0\.70\.3$/),
    ]);
  });

  test('is told once for studios that share the file', () => {
    const shared = { path: 'shared.env', text: envText(production()) };
    const sources = ['one', 'two'].map((folder) => ({
      folder,
      files: [shared, { path: `${folder}.env`, text: `JUNJO_K8S_NAMESPACE=${folder}\n` }],
    }));
    const { problems } = renderSources(sources, {});
    expect(problems.filter(({ variable }) => variable === 'JUNJO_K8S_RELEASE')).toHaveLength(1);
  });
});

describe('a tag that something speaks against', () => {
  test('is noted, with a better one', () => {
    expect(problemsOf(envText(development({ JUNJO_K8S_RELEASE: '0.70.4' })))).toEqual([
      expect.stringMatching(
        /^warning: \.env:\d JUNJO_K8S_RELEASE: 0\.70\.4 loses acknowledged spans when .*\. Set 0\.70\.3$/,
      ),
    ]);
    expect(problemsOf(envText(development({ JUNJO_K8S_RELEASE: '0.70.3' })))).toEqual([]);
  });

  test('is noted where nobody saw its images', () => {
    const settings = development({ JUNJO_K8S_RELEASE: '0.84.1', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() });
    expect(problemsOf(envText(settings))).toEqual([
      'note: .env:4 JUNJO_K8S_RELEASE: 0.84.1 was prepared by upstream, but no published image of it is known. Check that your registry has its images',
    ]);
  });

  test('is no example for a tag that moves', () => {
    expect(problemsOf(envText(development({ JUNJO_K8S_RELEASE: '0.70' })))[0]).toMatch(/for example 0\.70\.3$/);
  });
});

describe('a tag that no release has', () => {
  const moves = 'is a tag that moves, so each restart could run another release. Name a release, for example';
  const unknown = (tag: string, nearest: string) =>
    `${tag} is not a known release of Junjo AI Studio. Set one of the nearest: ${nearest}`;
  const newer = (tag: string) =>
    `${tag} is newer than 0.86.0, the newest known release. Update junjo-ai-studio-cdk8s, or set a known release`;

  test.each([
    ['0.81.4', unknown('0.81.4', '0.81.3, 0.81.5')],
    ['0.70.2', unknown('0.70.2', '0.70.3, 0.80.0')],
    ['0.84.0', unknown('0.84.0', '0.83.0, 0.85.0')],
    ['v0.82.1', unknown('v0.82.1', '0.82.0, 0.82.1')],
    ['0.82.1-rc1', unknown('0.82.1-rc1', '0.82.0, 0.82.1')],
    [
      'nightly-1',
      unknown(
        'nightly-1',
        '0.70.3, 0.80.0, 0.81.0, 0.81.1, 0.81.2, 0.81.3, 0.81.5, 0.82.0, 0.82.1, 0.83.0, 0.85.0, 0.86.0',
      ),
    ],
    ['0.86.1', newer('0.86.1')],
    ['v0.87.0-rc1', newer('v0.87.0-rc1')],
    ['1.0.0', newer('1.0.0')],
    ['0.81', `0.81 ${moves} 0.81.5`],
    ['0.84', `0.84 ${moves} 0.84.1`],
    ['v0.86', `v0.86 ${moves} 0.86.0`],
    ['0.87', newer('0.87')],
    ['1', newer('1')],
    ['studio-v0.87.0', newer('studio-v0.87.0')],
    ['studio-v0.86.0', unknown('studio-v0.86.0', '0.85.0, 0.86.0')],
    ['V0.82.1', unknown('V0.82.1', '0.82.0, 0.82.1')],
    ['0.7', `0.7 ${moves} 0.86.0`],
    ['latest', `latest ${moves} 0.86.0`],
  ])('%s is the first message, and the only one that follows from it', (tag, says) => {
    // A file of 0.82 has nine lines that 0.70 does not know.
    const { set } = upstreamExample('0.82.1');
    const text = `JUNJO_LOG_FORMAT=pretty\n${envText({ ...set, JUNJO_LOG_FORMAT: undefined, JUNJO_K8S_RELEASE: tag })}`;
    const printed = withoutNotes(problemsOf(text));
    expect(printed).toEqual([
      expect.stringMatching(/^\.env:[0-9]+ JUNJO_K8S_RELEASE: /),
      '.env:1 JUNJO_LOG_FORMAT: must be one of: json, text',
    ]);
    expect(printed[0]?.split('JUNJO_K8S_RELEASE: ')[1]).toBe(says);
  });
});

describe('what only some releases read', () => {
  test('is noted with the line that does not, where studios of two lines share a file', () => {
    const { JUNJO_ENV, ...secrets } = development({ JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() });
    const shared = { path: 'shared.env', text: envText(secrets) };
    const sources = ['0.82.1', '0.86.0'].map((JUNJO_K8S_RELEASE) => {
      const folder = `of-${JUNJO_K8S_RELEASE.replaceAll('.', '-')}`;
      return { folder, files: [shared, { path: `${folder}.env`, text: envText({ JUNJO_ENV, JUNJO_K8S_RELEASE }) }] };
    });
    const { problems } = renderSources(sources, {});
    expect(problems.filter(({ file }) => file === 'shared.env').map(formatProblem)).toEqual([
      'note: shared.env:1 JUNJO_SESSION_SECRET: has no effect: release line 0.86 does not read it',
      'note: shared.env:2 JUNJO_SECURE_COOKIE_KEY: has no effect: release line 0.86 does not read it',
    ]);
  });

  test.each(['http', '8080'])('is one note where the release does not, be it %s', (JUNJO_BACKEND_PORT) => {
    const settings = development({ JUNJO_K8S_RELEASE: '0.81.5', JUNJO_BACKEND_PORT, GRPC_PORT: '50053' });
    expect(problemsOf(envText(settings))).toEqual([
      'note: .env:5 JUNJO_BACKEND_PORT: has no effect: release line 0.81 does not read it',
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
          expect.stringMatching(`^note: \\.env:[0-9]+ ${name}: is not used: `),
        ]);
      }
    },
  );
});
