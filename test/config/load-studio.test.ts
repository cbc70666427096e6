import { lookupIn } from '../../config/env-file';
import { loadStudio } from '../../config/load-studio';
import { formatProblem } from '../../config/problems';
import { development, envText, freshSecret, load, problemsOf, production, type Settings } from '../support/studio';

describe('several env files', () => {
  const shared = { path: 'shared.env', text: envText(production({ JUNJO_LOG_LEVEL: 'info' })) };

  test('are one studio, in which the later file wins', () => {
    const own = { path: 'own.env', text: 'JUNJO_LOG_LEVEL=debug\n' };
    expect(loadStudio([shared, own]).config?.settings.backend.JUNJO_LOG_LEVEL).toBe('debug');
    expect(loadStudio([own, shared]).config?.settings.backend.JUNJO_LOG_LEVEL).toBe('info');
  });

  test('refer to what an earlier file sets', () => {
    const own = { path: 'own.env', text: 'JUNJO_ALLOW_ORIGINS=$JUNJO_PROD_FRONTEND_URL\n' };
    expect(loadStudio([shared, own]).config?.settings.backend.JUNJO_ALLOW_ORIGINS).toBe('https://studio.example.com');
  });

  test('have their problems reported under their own names, in the order of the files', () => {
    const first = { path: 'a.env', text: 'JUNJO_LOG_LEVEL=loud\n' };
    const second = { path: 'b.env', text: `\n${envText(development({ JUNJO_LOG_FORMAT: 'pretty' }))}` };
    expect(loadStudio([first, second]).problems.map(formatProblem)).toEqual([
      'a.env:1 JUNJO_LOG_LEVEL: must be one of: debug, info, warn, error',
      'b.env:5 JUNJO_LOG_FORMAT: must be one of: json, text',
    ]);
  });

  test('have those of the first file first, however far down its lines are', () => {
    const first = { path: 'a.env', text: `${'\n'.repeat(30)}JUNJO_LOG_LEVEL=loud\n` };
    const second = { path: 'b.env', text: `JUNJO_LOG_FORMAT=pretty\n${envText(development())}` };
    expect(loadStudio([first, second]).problems.map(({ file, line }) => `${file}:${line}`)).toEqual([
      'a.env:31',
      'b.env:1',
    ]);
  });
});

describe('the environment', () => {
  test('has no variable that only every object of JavaScript has', () => {
    const text = `constructor\nJUNJO_K8S_PRIORITY_CLASS=\${toString:-high}\n${envText(development())}`;
    const environment = lookupIn({ HOME: '/root' });
    const { config } = loadStudio([{ path: '.env', text }], { environment });
    expect(config?.placement.priorityClassName).toBe('high');
    expect(environment('HOME')).toBe('/root');
    expect(['constructor', '__proto__', 'hasOwnProperty'].map(environment)).toEqual([undefined, undefined, undefined]);
  });

  test('is stronger in references than what an earlier file or line sets, as under compose', () => {
    const first = { path: 'a.env', text: 'HOST=file.example.com\nLEVEL=debug\n' };
    const second = {
      path: 'b.env',
      text: `JUNJO_ALLOW_ORIGINS=https://studio.example.com,https://\${HOST}\nJUNJO_LOG_LEVEL=\${LEVEL}\n${envText(production())}`,
    };
    const environment = (name: string) => (name === 'HOST' ? 'environment.example.com' : undefined);
    const { config } = loadStudio([first, second], { environment });
    expect(config?.settings.backend).toMatchObject({
      JUNJO_ALLOW_ORIGINS: 'https://studio.example.com,https://environment.example.com',
      JUNJO_LOG_LEVEL: 'debug',
    });
  });

  test('gives bare keys their value, so that secrets can stay out of the file', () => {
    const secret = freshSecret();
    const text = `JUNJO_SESSION_SECRET\n${envText(development({ JUNJO_SESSION_SECRET: undefined }))}`;
    const environment = (name: string) => (name === 'JUNJO_SESSION_SECRET' ? secret : undefined);
    expect(loadStudio([{ path: '.env', text }], { environment }).config?.secrets.source).toMatchObject({
      values: { JUNJO_SESSION_SECRET: secret },
    });
    expect(problemsOf(text)).toEqual(['.env JUNJO_SESSION_SECRET: is missing. Generate one: openssl rand -base64 32']);
  });
});

describe('what is not an error', () => {
  const textWith = (line: string) => `${line}\n${envText(development())}`;

  test.each([
    [
      'variables of others',
      'COMPOSE_PROJECT_NAME=x',
      [
        'note: .env:1 COMPOSE_PROJECT_NAME: is not used: Junjo AI Studio does not read it. See docs/variables.md for what it reads',
      ],
    ],
    [
      'what the manifests set',
      'INGESTION_HOST=localhost',
      ['note: .env:1 INGESTION_HOST: has no effect: the manifests set it (junjo-ai-studio-ingestion-internal)'],
    ],
    [
      'a path that the manifests set',
      'JUNJO_SQLITE_PATH=/data/junjo.db',
      ['note: .env:1 JUNJO_SQLITE_PATH: has no effect: the manifests set it (a fixed value of the release)'],
    ],
    [
      'what only compose needs',
      `CLOUDFLARE_API_TOKEN=${freshSecret()}`,
      ['note: .env:1 CLOUDFLARE_API_TOKEN: ignored on Kubernetes; cert-manager obtains the certificates'],
    ],
    [
      'a backend port that the image does not heed',
      'JUNJO_BACKEND_PORT=8080',
      ['note: .env:1 JUNJO_BACKEND_PORT: has no effect: the image always listens on 1323'],
    ],
    [
      'a dollar sign that compose expands to nothing',
      'JUNJO_LOG_LEVEL=info$level',
      [
        'warning: .env:1 JUNJO_LOG_LEVEL: refers to $level, which is not set and becomes empty, as in compose. If the $ is part of the value, put the value in single quotes',
      ],
    ],
    [
      'a shared access mode',
      'JUNJO_K8S_STORAGE_ACCESS_MODE=ReadWriteMany',
      [
        'warning: .env:1 JUNJO_K8S_STORAGE_ACCESS_MODE: most classes with ReadWriteMany use NFS, which corrupts the databases. ReadWriteOnce is enough. To keep ReadWriteMany, make sure that the class is not NFS',
      ],
    ],
  ])('%s', (_, line, prints) => {
    expect(problemsOf(textWith(line))).toEqual(prints);
    expect(loadStudio([{ path: '.env', text: textWith(line) }]).config).toBeDefined();
  });

  test('a bare name at the very end, which compose takes for a value, is warned of', () => {
    const [warning] = problemsOf(`${envText(development())}JUNJO_K8S_NODE`);
    expect(warning).toMatch(/^warning: \.env:4: has a value without a name:/);
  });

  test('an absolute path that another setting overrides is noted', () => {
    const settings = development({ JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data', JUNJO_K8S_EXISTING_CLAIM: 'mine' });
    expect(problemsOf(envText(settings))).toEqual([
      'note: .env:4 JUNJO_HOST_DB_DATA_PATH: is not used, because JUNJO_K8S_EXISTING_CLAIM names other storage',
    ]);
  });

  test('development images come with the commands that build and load them', () => {
    const [note, ...more] = problemsOf(envText(development({ JUNJO_BUILD_TARGET: 'development' })));
    expect(more).toEqual([]);
    expect(note).toContain(
      'for each in backend ingestion frontend; do docker build --target development -f $each/Dockerfile -t junjo-ai-studio-$each:development .; done',
    );
    expect(note).not.toContain('\\n');
    expect(note).toContain('kind load docker-image');
  });
});

test('a message about a setting that refers to a secret does not repeat it', () => {
  const secret = `Sk${freshSecret()}`.replace(/[^A-Za-z0-9]/g, 'x');
  const reference = `$\{OPENAI_API_KEY}`;
  const names = ['RELEASE', 'WEB_SOURCE_RANGES', 'EGRESS', 'NODE_SELECTOR', 'LABELS', 'PATCHES', 'SIZE'];
  const settings = [
    ...names.map((name) => `JUNJO_K8S_${name}=x${reference}`),
    `JUNJO_ALLOW_ORIGINS=x${reference}`,
    `JUNJO_PROD_FRONTEND_URL=https://${reference}.example.com`,
  ];
  for (const setting of settings) {
    const name = setting.split('=')[0] ?? '';
    const text = `${envText(production({ [name]: undefined, OPENAI_API_KEY: secret }))}${setting}\n`;
    const printed = problemsOf(text).join('\n');
    expect(printed).toContain(` ${name}: `);
    expect(printed.toLowerCase()).not.toContain(secret.toLowerCase());
    const padded = problemsOf(text.replaceAll(secret, `${secret}=`)).join('\n');
    expect(padded.toLowerCase()).not.toContain(secret.toLowerCase());
  }
});

describe('on a release whose backend serves the UI and calls nothing outside', () => {
  const notes = (settings: Settings) =>
    problemsOf(
      envText(
        production({
          JUNJO_K8S_RELEASE: '0.86.0',
          JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
          JUNJO_SESSION_SECRET: undefined,
          JUNJO_SECURE_COOKIE_KEY: undefined,
          JUNJO_PROD_BACKEND_URL: undefined,
          ...settings,
        }),
      ),
    );

  test.each([
    ['JUNJO_K8S_EGRESS', '10.0.0.5/32:3128'],
    ['JUNJO_K8S_FRONTEND_REPLICAS', '2'],
    ['JUNJO_K8S_FRONTEND_IMAGE', 'registry.example.com/frontend:0.85.0'],
    ['JUNJO_K8S_API_GUARD', 'false'],
    ['JUNJO_PROD_BACKEND_URL', 'https://api.example.com'],
    ['HTTPS_PROXY', 'http://proxy.example.com:3128'],
    ['no_proxy', 'example.com'],
  ])('%s gets one note, that it has no effect', (name, value) => {
    expect(notes({ [name]: value })).toEqual([expect.stringMatching(`^note: \\.env:\\d+ ${name}: has no effect`)]);
  });

  test('JUNJO_K8S_EGRESS holds for the pods of VolSync', () => {
    const volSync = { JUNJO_K8S_BACKUP: 'volsync', JUNJO_K8S_BACKUP_REPOSITORY: 'repository' };
    expect(notes({ ...volSync, JUNJO_K8S_EGRESS: '10.0.0.5/32:9000' })).toEqual(notes(volSync));
  });
});

describe('provider keys', () => {
  test('that are placeholders or empty reach no pod', () => {
    const settings = development({
      OPENAI_API_KEY: 'your_openai_api_key',
      GEMINI_API_KEY: '',
      ANTHROPIC_API_KEY: freshSecret(),
    });
    const { secrets } = load(settings);
    expect(secrets.source).not.toHaveProperty('values.OPENAI_API_KEY');
    expect(secrets.source).not.toHaveProperty('values.GEMINI_API_KEY');
    expect(secrets.readers.backend.map(({ key }) => key)).toContain('ANTHROPIC_API_KEY');
  });
});

describe('production addresses', () => {
  test.each([
    ['https://studio.example.com', 'https://api.example.com'],
    ['https://example.co.uk', 'https://api.example.co.uk'],
    ['https://ui.team.github.io', 'https://api.team.github.io'],
    ['https://studio.corp.internal', 'https://api.corp.internal'],
    ['https://xn--bcher-kva.example', 'https://api.xn--bcher-kva.example'],
  ])('%s and %s are one site', (ui, api) => {
    const settings = production({ JUNJO_PROD_FRONTEND_URL: ui, JUNJO_PROD_BACKEND_URL: api });
    expect(problemsOf(envText(settings))).toEqual([]);
  });

  test('are not judged in development, where nothing uses them', () => {
    const settings = { JUNJO_PROD_FRONTEND_URL: 'http://localhost:5153', JUNJO_PROD_INGESTION_URL: 'localhost' };
    expect(problemsOf(envText(development(settings)))).toEqual([]);
  });

  test('may send spans to a port over plain HTTP, even on the host of the UI', () => {
    const settings = production({ JUNJO_PROD_INGESTION_URL: 'http://studio.example.com:50051' });
    expect(load(settings).settings.backend.JUNJO_PROD_INGESTION_URL).toBe('http://studio.example.com:50051');
  });
});

test('origins may be a JSON array', () => {
  const origins = '["https://studio.example.com", "https://other.example.com"]';
  expect(problemsOf(envText(production({ JUNJO_ALLOW_ORIGINS: origins })))).toEqual([]);
});
