import { loadAll } from 'js-yaml';
import { type ReleaseLine, releaseLines } from '../../releases';
import { committedExample } from '../../tools/example-studios';
import { releasesPage } from '../../tools/pages/releases-page';
import { development, envText, freshSecret, type Manifest, problemsOf, production, render } from '../support/studio';

const line = (name: string): ReleaseLine => {
  const found = releaseLines.find((each) => each.name === name);
  if (!found) throw new Error(`there is no line ${name}`);
  return found;
};
const token = () => ({ JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() });
const of = { '0.70': { JUNJO_K8S_RELEASE: '0.70.3' }, '0.80': { JUNJO_K8S_RELEASE: '0.80.0' } };
const studio082 = (settings = {}) => production({ JUNJO_K8S_RELEASE: '0.82.1', ...token(), ...settings });

describe('JUNJO_K8S_RELEASE', () => {
  test.each(releaseLines.flatMap((each) => each.tags.map((tag) => [tag, each] as const)))(
    '%s finds its line',
    (tag, each) => {
      const secrets = each.variables.some(({ type }) => type === 'token') ? token() : {};
      const studio = render(production({ JUNJO_K8S_RELEASE: tag, ...secrets }));
      expect(studio.container('backend').image).toBe(`docker.io/${each.images.backend}:${tag}`);
      expect(studio.container('backend').ports[0].containerPort).toBe(each.ports.backend.http);
    },
  );
});

describe('a variable that the line does not read', () => {
  test.each([
    [
      'FLUSH_MAX_MB',
      '25',
      of['0.70'],
      '0.70 does not read it (0.80, 0.81.0, 0.81, 0.82, 0.83, 0.84, 0.85 and 0.86 do)',
    ],
    ['SPAN_BATCH_SIZE', '100', of['0.80'], '0.80 does not read it (0.70 does)'],
    [
      'JUNJO_INTERNAL_GRPC_TOKEN',
      freshSecret(),
      of['0.70'],
      '0.70 does not read it (0.82, 0.83, 0.84, 0.85 and 0.86 do)',
    ],
    [
      'JUNJO_API_KEY_CACHE_TTL_SECONDS',
      'never',
      of['0.80'],
      '0.80 does not read it (0.82, 0.83, 0.84, 0.85 and 0.86 do)',
    ],
  ])('%s is noted, with the lines that do, and reaches no container', (name, value, release, says) => {
    const settings = production(release);
    expect(problemsOf(`${name}=${value}\n${envText(settings)}`)).toContainEqual(
      `note: .env:1 ${name}: has no effect: release line ${says}`,
    );
    expect(JSON.stringify(render({ ...settings, [name]: value }).objects)).not.toContain(name);
  });
});

describe("the env file of upstream's own deployment", () => {
  const everywhere = {
    JUNJO_BUILD_TARGET: 'production',
    JUNJO_ALLOW_ORIGINS: 'https://studio.example.com',
    JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data',
    JUNJO_K8S_NODE: 'worker-1',
    JUNJO_LOG_LEVEL: 'info',
    JUNJO_LOG_FORMAT: 'json',
    CLOUDFLARE_API_TOKEN: freshSecret(),
    JUNJO_LETS_ENCRYPT_STAGING_CA_DIRECTIVE: '',
    JUNJO_AI_STUDIO_API_KEY: freshSecret(),
  };
  const backend1323 = { JUNJO_BACKEND_PORT: '1323' };
  const memory = {
    JUNJO_BACKEND_MEM_RESERVATION: '300m',
    JUNJO_BACKEND_MEM_LIMIT: '450m',
    JUNJO_BACKEND_MEMSWAP_LIMIT: '900m',
    JUNJO_BACKEND_PIDS_LIMIT: '128',
    JUNJO_MALLOC_ARENA_MAX: '2',
    JUNJO_MALLOC_TRIM_THRESHOLD: '131072',
    JUNJO_FRONTEND_HOST_PORT: '26153',
    JUNJO_BACKEND_HOST_PORT: '26154',
    JUNJO_INGESTION_HOST_PORT: '26155',
  };

  /** Every tuning variable of a line at upstream's own default. */
  const tuning = (each: ReleaseLine) =>
    Object.fromEntries(
      each.variables
        .filter(({ nameInEnvFile, type }) => nameInEnvFile === undefined && type !== 'token')
        .map((variable) => [variable.name, variable.default ?? '300']),
    );

  test.each([
    ['0.70', { ...everywhere, ...backend1323, ...tuning(line('0.70')) }],
    ['0.80', { ...everywhere, ...backend1323, ...tuning(line('0.80')), JUNJO_K8S_RELEASE: '0.80.0' }],
    ['0.82', { ...everywhere, ...memory, ...tuning(line('0.82')), ...token(), JUNJO_K8S_RELEASE: '0.82.1' }],
  ])('of line %s loads, with notes on what takes the place of what only compose uses', (_, settings) => {
    const printed = problemsOf(envText(production(settings)));
    expect(printed.filter((text) => !text.startsWith('note: '))).toEqual([]);
    expect(printed.join('\n')).toMatch(
      /CLOUDFLARE_API_TOKEN: ignored on Kubernetes; cert-manager obtains the certificates/,
    );
  });

  test('of line 0.82 has its memory limits replaced by the size', () => {
    const printed = problemsOf(envText(studio082({ JUNJO_BACKEND_MEM_LIMIT: '450m' })));
    expect(printed).toEqual([
      expect.stringMatching(/JUNJO_BACKEND_MEM_LIMIT: ignored on Kubernetes; JUNJO_K8S_SIZE sets memory$/),
    ]);
  });
});

describe('release line 0.82', () => {
  test('gives backend and ingestion the token, and keeps it from the frontend', () => {
    const studio = render(studio082());
    for (const service of ['backend', 'ingestion']) {
      expect(studio.environment(service).JUNJO_INTERNAL_GRPC_TOKEN).toBe(
        'secret junjo-ai-studio-secrets/JUNJO_INTERNAL_GRPC_TOKEN',
      );
    }
    expect(studio.environment('frontend')).not.toHaveProperty('JUNJO_INTERNAL_GRPC_TOKEN');
    const secrets = Object.keys(studio.environment('ingestion')).filter((name) => /SECRET|KEY$/.test(name));
    expect(secrets).toEqual([]);
  });

  test('does without a token in no studio', () => {
    const settings = production({ JUNJO_K8S_RELEASE: '0.82.1' });
    expect(problemsOf(envText(settings))).toEqual([
      '.env JUNJO_INTERNAL_GRPC_TOKEN: is missing. Generate one: openssl rand -base64 32',
    ]);
    expect(problemsOf(`JUNJO_INTERNAL_GRPC_TOKEN=your_internal_grpc_token_here\n${envText(settings)}`)).toEqual([
      '.env:1 JUNJO_INTERNAL_GRPC_TOKEN: still holds a placeholder. Generate one: openssl rand -base64 32',
    ]);
  });

  test('rolls backend and ingestion when the token changes, and not the frontend', () => {
    const base = studio082();
    const [before, after] = [render(base), render({ ...base, ...token() })];
    const rolled = ['backend', 'ingestion', 'frontend'].filter(
      (service) => JSON.stringify(before.pod(service)) !== JSON.stringify(after.pod(service)),
    );
    expect(rolled).toEqual(['backend', 'ingestion']);
  });

  test('tells each server its gRPC ports, which mean different things', () => {
    const studio = render(studio082());
    expect(studio.environment('backend')).toMatchObject({ GRPC_PORT: '50053', INGESTION_PORT: '50052' });
    expect(studio.environment('ingestion')).toMatchObject({ GRPC_PORT: '26155', INTERNAL_GRPC_PORT: '50052' });
    expect(studio.pod('frontend').spec.securityContext).not.toHaveProperty('sysctls');
  });

  test('has the names of compose for the memory of the backend, and they win', () => {
    const backend = (settings: Record<string, string>) => render(studio082(settings)).environment('backend');
    expect(backend({})).toMatchObject({ MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' });
    expect(backend({ MALLOC_ARENA_MAX: '3' }).MALLOC_ARENA_MAX).toBe('3');
    expect(backend({ MALLOC_ARENA_MAX: '3', JUNJO_MALLOC_ARENA_MAX: '4' }).MALLOC_ARENA_MAX).toBe('4');
    expect(backend({ JUNJO_MALLOC_ARENA_MAX: '4' })).not.toHaveProperty('JUNJO_MALLOC_ARENA_MAX');
  });

  test('is on localhost under its own ports in development', () => {
    const studio = render(development({ JUNJO_K8S_RELEASE: '0.82.1', ...token() }));
    const ports = ['frontend', 'backend', 'ingestion'].map(
      (name) => studio.get('Service', `junjo-ai-studio-${name}`).spec.ports[0].port,
    );
    expect(ports).toEqual([26153, 26154, 26155]);
    expect(studio.get('ConfigMap', 'junjo-ai-studio-frontend-config').data['config.js']).toContain(
      'http://localhost:26154',
    );
    expect(studio.environment('backend').JUNJO_ALLOW_ORIGINS).toBe('http://localhost:26153');
  });

  test('spills only to where the backend can write', () => {
    const printed = problemsOf(`JUNJO_DF_SPILL_PATH=/var/spill\n${envText(studio082())}`);
    expect(printed).toEqual([
      '.env:1 JUNJO_DF_SPILL_PATH: must be a path below /tmp or /app/.dbdata, because the container cannot write anywhere else',
    ]);
  });
});

describe('lines in which the backend reads the files of ingestion', () => {
  test.each([
    ['0.80', production(of['0.80'])],
    ['0.82', studio082()],
  ])('%s give both the same claim, folder, node, user and group', (_, settings) => {
    const studio = render(settings);
    const [backend, ingestion] = ['backend', 'ingestion'].map((service) => ({
      parquet: studio.environment(service)[service === 'backend' ? 'JUNJO_PARQUET_STORAGE_PATH' : 'PARQUET_OUTPUT_DIR'],
      mount: studio.container(service).volumeMounts.find(({ name }: Manifest) => name === 'data'),
      claim: studio.pod(service).spec.volumes.find(({ name }: Manifest) => name === 'data'),
      affinity: studio.pod(service).spec.affinity,
      owner: studio.pod(service).spec.securityContext,
    }));
    expect(backend).toEqual(ingestion);
    expect(backend?.parquet).toBe('/app/.dbdata/spans/parquet');
  });
});

describe('BACKPRESSURE_MAX_MB', () => {
  test.each([
    ['small', '300'],
    ['medium', '420'],
    ['large', '840'],
  ])('of a %s studio is 60 %% of the memory limit of ingestion when nothing sets it', (size, megabytes) => {
    const studio = render(production({ ...of['0.80'], JUNJO_K8S_SIZE: size }));
    expect(studio.environment('ingestion').BACKPRESSURE_MAX_MB).toBe(megabytes);
    const limit = Number(/^([0-9]+)Mi$/.exec(studio.container('ingestion').resources.limits.memory)?.[1]);
    expect(Number(megabytes)).toBe(Math.floor(limit * 0.6));
  });

  test('above that is an error', () => {
    expect(problemsOf(`BACKPRESSURE_MAX_MB=301\n${envText(production(of['0.80']))}`)).toEqual([
      '.env:1 BACKPRESSURE_MAX_MB: is more than 300 (60 % of the memory limit of ingestion) at the size small. Lower it, or set JUNJO_K8S_SIZE=medium',
    ]);
    expect(problemsOf(envText(production({ ...of['0.80'], BACKPRESSURE_MAX_MB: '300' })))).toEqual([]);
  });
});

describe('a line that is one more data file', () => {
  const made: ReleaseLine = {
    ...line('0.82'),
    name: '9.9',
    tags: ['9.9.0'],
    images: { backend: 'made/up-backend', ingestion: 'made/up-ingestion', frontend: 'made/up-frontend' },
    ports: {
      frontend: {
        production: { container: 7001, published: [7001] },
        development: { container: 7002, published: [7002, 7003] },
      },
      backend: { http: 7010, internalGrpc: 7011 },
      ingestion: { otlp: 7020, internalGrpc: 7021 },
    },
    dataPath: '/data',
    frontendConfigPath: '/srv/ui/settings.js',
    environment: {
      backend: { NEW_STORE_PATH: '/data/store' },
      ingestion: { NEW_LOG_PATH: '/data/log' },
      frontend: { NEW_UI_FLAG: 'on' },
    },
    variables: [
      {
        name: 'NEW_LIMIT',
        meaning: 'A limit',
        type: { kind: 'integer', min: 1, max: 9 },
        readers: ['ingestion'],
        default: '5',
      },
      { name: 'NEW_TOKEN', meaning: 'A secret', type: 'token', readers: ['ingestion'] },
    ],
    users: { backend: 4000, ingestion: 4000, frontend: 4001 },
    fewerReaders: { JUNJO_LOG_LEVEL: ['ingestion'] },
    ingestion: {
      health: 'tcp',
      waitsForBackend: false,
      uncheckedKey: 'INTERNAL',
      keyTrustedFor: 77,
      stop: 'ignores SIGTERM',
      unwrittenSeconds: 30,
      failedWrite: { status: 'INTERNAL', variable: 'NEW_LIMIT' },
    },
    api: {
      spansPath: '/spans-of-all',
      signInTestPath: '/who-am-i',
      signInPath: '/let-me-in',
      firstUserPath: '/first',
      spansNeedSignIn: false,
      cookie: 'signed and encrypted',
    },
    stores: {
      description: 'A made-up store',
      spans: 'Parquet',
      since: '9.9.0',
      columns: { count: 30, last: 'made_up' },
      usersSchema: line('0.82').stores.usersSchema,
      spanPaths: ['store'],
      flushPath: '/flush-made-up',
      usersPath: 'users.db',
    },
    sdk: { '9.9.0': '8.8.8' },
    writable: { ...line('0.82').writable, backend: [{ path: '/scratch', sizeLimitMi: 7 }] },
    memory: {
      ...line('0.82').memory,
      small: { ...line('0.82').memory.small, backend: { requestMi: 11, limitMi: 22 } },
    },
  };
  const options = { lines: [...releaseLines, made] };
  const settings = production({
    JUNJO_K8S_RELEASE: '9.9.0',
    NEW_LIMIT: '3',
    NEW_TOKEN: freshSecret(),
    JUNJO_LOG_LEVEL: 'WARNING',
  });

  test('renders whole', () => {
    const studio = render(settings, options);
    expect(studio.container('backend').image).toBe('docker.io/made/up-backend:9.9.0');
    expect(studio.environment('backend')).toMatchObject({ NEW_STORE_PATH: '/data/store', INGESTION_PORT: '7021' });
    expect(studio.environment('ingestion')).toMatchObject({
      NEW_LOG_PATH: '/data/log',
      NEW_LIMIT: '3',
      NEW_TOKEN: 'secret junjo-ai-studio-secrets/NEW_TOKEN',
      BACKEND_GRPC_PORT: '7011',
    });
    expect(studio.environment('frontend')).toMatchObject({ NEW_UI_FLAG: 'on' });
    expect(studio.environment('backend')).not.toHaveProperty('NEW_TOKEN');
    expect(studio.container('ingestion').livenessProbe).toMatchObject({ tcpSocket: { port: 'grpc-internal' } });
    expect(studio.container('ingestion').ports[1]).toMatchObject({ name: 'grpc-internal', containerPort: 7021 });
    expect(studio.pod('ingestion').spec.initContainers[1].command[2]).toContain('backend-internal/7011');
    expect(studio.container('ingestion').lifecycle.preStop.exec.command).toEqual(['sleep', '40']);
    expect(studio.pod('ingestion').spec.terminationGracePeriodSeconds).toBe(44);
    expect(studio.environment('ingestion').JUNJO_LOG_LEVEL).toBe('warn');
    expect(studio.environment('backend')).not.toHaveProperty('JUNJO_LOG_LEVEL');
    expect(studio.container('backend').resources.limits.memory).toBe('22Mi');
    expect(studio.pod('backend').spec.volumes).toContainEqual({ name: 'scratch', emptyDir: { sizeLimit: '7Mi' } });
    const [config] = studio.container('frontend').volumeMounts;
    expect(config.mountPath).toBe('/srv/ui/settings.js');
    expect(Object.keys(studio.get('ConfigMap', 'junjo-ai-studio-frontend-config').data)).toEqual([config.subPath]);
    expect(studio.container('backend').volumeMounts[0].mountPath).toBe('/data');
    expect(studio.pod('frontend').spec.securityContext.runAsUser).toBe(4001);
    expect(
      studio
        .ofKind('Service')
        .flatMap(({ spec }) => spec.ports.map(({ port }: Manifest) => port))
        .sort(),
    ).toEqual([7001, 7010, 7011, 7020, 7021]);
    // A digest may hold any digits.
    const text = JSON.stringify(studio.objects).replace(/[0-9a-f]{64}/g, '');
    for (const port of [1323, 26153, 26154, 26155, 50051, 50052, 50053]) expect(text).not.toContain(String(port));
  });

  test('is on the page of releases, with the steps to it and back', () => {
    const page = Object.values(releasesPage(options.lines)).join('\n');
    expect(page).toMatch(
      /^\| 9\.9 \| 9\.9\.0 \| backend, ingestion, frontend \| A made-up store \| 7001 \| 7010 \| 7020 \| what the edge allows \|$/m,
    );
    expect(page).toMatch(/^\| 9\.9 \| no: .* `\/spans-of-all` \| .* `JUNJO_SECURE_COOKIE_KEY` \| 77 s \|$/m);
    expect(page).toMatch(/^\| 9\.9 \| TCP port 7021: .* `INTERNAL`\. .* init container .* the last 30 s of spans/m);
    expect(page).toMatch(/^\| 9\.9 \| spans of the last 30 s \| up to 5 spans \(`NEW_LIMIT`\).* `INTERNAL`/m);
    expect(page).toMatch(/^\| 9\.9\.0 \| .* \| 8\.8\.8 \|$/m);
    const back = Object.values(releasesPage([made, line('0.82')])).join('\n');
    expect(back).toContain('https://api.example.com/let-me-in');
    expect(back).toContain('https://api.example.com/flush-made-up');
    expect(page).toContain(`### ${releaseLines.at(-1)?.name} to 9.9`);
  });

  test('has its variables checked, and missing in the others', () => {
    expect(problemsOf(`NEW_LIMIT=10\n${envText({ ...settings, NEW_LIMIT: undefined })}`, options)).toEqual([
      '.env:1 NEW_LIMIT: must be an integer from 1 to 9',
    ]);
    expect(problemsOf(`NEW_LIMIT=3\n${envText(production())}`, options)).toEqual([
      'note: .env:1 NEW_LIMIT: has no effect: release line 0.70 does not read it (9.9 does)',
    ]);
  });
});

describe('a line with one container less and one store more', () => {
  const { frontend: _, ...images } = line('0.82').images;
  const { frontend: __, ...ports } = line('0.82').ports;
  const { frontend: ___, ...users } = line('0.82').users;
  const made: ReleaseLine = {
    ...line('0.82'),
    name: '9.8',
    tags: ['9.8.0'],
    images,
    ports,
    users,
    frontendConfigPath: undefined,
    fewerReaders: { ...line('0.82').fewerReaders, JUNJO_PROD_BACKEND_URL: [] },
    environment: {
      backend: { ...line('0.82').environment.backend, VECTORS_PATH: '/app/.dbdata/vectors' },
      ingestion: line('0.82').environment.ingestion,
    },
    stores: { ...line('0.82').stores, since: '9.8.0', spanPaths: [...line('0.82').stores.spanPaths, 'vectors'] },
  };
  const options = { lines: [...releaseLines, made] };
  const settings = production({ JUNJO_K8S_RELEASE: '9.8.0', JUNJO_PROD_BACKEND_URL: undefined, ...token() });

  test('renders without the container, behind one host', () => {
    const studio = render(settings, options);
    expect(
      studio
        .ofKind('Deployment')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['junjo-ai-studio-backend', 'junjo-ai-studio-ingestion']);
    expect(JSON.stringify(studio.objects)).not.toMatch(/frontend["-]/);
    const [{ host, http }] = studio.get('Ingress', 'junjo-ai-studio').spec.rules;
    expect([host, http.paths[0].backend.service]).toEqual([
      'studio.example.com',
      { name: 'junjo-ai-studio-backend', port: { number: 26154 } },
    ]);
    expect(studio.environment('backend')).toMatchObject({ VECTORS_PATH: '/app/.dbdata/vectors' });
  });

  test('has its guard look at the store', () => {
    const { data } = render(settings, options).get('ConfigMap', 'junjo-ai-studio-upgrade-guard');
    const { lines } = JSON.parse(data['facts.json']);
    expect(lines.find(({ name }: Manifest) => name === '9.8').paths).toContain('vectors');
  });
});

describe('the examples of the lines', () => {
  /** Every leaf of every object of an example: what it is called, and its value. */
  function leaves(example: string): Map<string, unknown> {
    const found = new Map<string, unknown>();
    const walk = (path: string, value: unknown): void => {
      if (value !== null && typeof value === 'object') {
        for (const [key, child] of Object.entries(value)) {
          const { name } = child as { name?: unknown };
          // Entries of lists go by name where they have one, so that one more entry is one difference.
          walk(`${path}.${Array.isArray(value) && typeof name === 'string' ? name : key}`, child);
        }
      } else found.set(path, value);
    };
    for (const [file, text] of committedExample(example)) {
      for (const object of loadAll(text) as Manifest[]) {
        walk(`${file}:${object.kind}/${object.metadata.name}`, object);
      }
    }
    return found;
  }

  const allowed = [
    // The release itself.
    /\.labels\.app\.kubernetes\.io\/version$/,
    /\.containers\.(backend|ingestion|frontend)\.image$/,
    // Digests of settings and secrets.
    /\.annotations\.checksum\/(settings|secrets)$/,
    // Stores, ports and the token that the line tells its containers.
    /\.env\.(JUNJO_DUCKDB_PATH|JUNJO_METADATA_DB_PATH|JUNJO_PARQUET_STORAGE_PATH)\./,
    /\.env\.(JUNJO_BADGERDB_PATH|WAL_DIR|SNAPSHOT_PATH|PARQUET_OUTPUT_DIR)\./,
    /\.env\.(GRPC_PORT|INTERNAL_GRPC_PORT|JUNJO_INTERNAL_GRPC_TOKEN)\./,
    // What the guard of the volume knows of the line.
    /^25-upgrade-guard.*\.data\.facts\.json$/,
    /\.initContainers\.(upgrade-guard|wait-for-volume)\.(image|command\.3)$/,
    // Settings that are written out because the image has no default of its own, or follow the size.
    /^20-settings.*\.data\.(BACKPRESSURE_MAX_MB|MALLOC_ARENA_MAX|MALLOC_TRIM_THRESHOLD_)$/,
    /^20-settings.*\.data\.JUNJO_DF_(TARGET_PARTITIONS|BATCH_SIZE|SPILL_POOL_MB)$/,
    // How ingestion starts, lives and stops.
    /^50-ingestion.*\.initContainers\.wait-for-backend\./,
    /^50-ingestion.*\.(startup|readiness|liveness)Probe\.(grpc|tcpSocket|failureThreshold)/,
    /^50-ingestion.*\.(lifecycle\.preStop\.|terminationGracePeriodSeconds$)/,
    // The proxy in front of an ingestion that ignores SIGTERM.
    /^50-ingestion.*(\.checksum\/proxy$|\.containers\.proxy\.|\.volumes\.proxy-|:ConfigMap\/)/,
    // Ports of UI, API and OTLP.
    /\.ports\.(http|otlp-grpc)\.(containerPort|port|targetPort)$/,
    /^70-edge.*\.backend\.service\.port\.number$/,
    /^80-network-policies.*\.ports\.[0-9]+\.port$/,
    /^60-frontend.*\.(sysctls\.|ignore-check\.kube-linter\.io\/unsafe-sysctls$)/,
    // The guard of an API that does not ask for a sign-in.
    /^40-backend.*(\.checksum\/guard$|\.containers\.guard\.|\.volumes\.guard-|:ConfigMap\/)/,
    // Room for queries that spill.
    /^40-backend.*\.volumes\.tmp\.emptyDir\.sizeLimit$/,
  ];

  /** What one line has, and another does not, because its backend serves the UI under the same host. */
  const ofOneHost = [
    /^60-frontend\./,
    /^20-settings.*:ConfigMap\/junjo-ai-studio-frontend-/,
    /^20-settings.*\.data\.(JUNJO_ALLOW_ORIGINS|JUNJO_PROD_(FRONTEND|BACKEND)_URL|JUNJO_BUILD_TARGET)$/,
    /^40-backend.*\.env\.(RUN_MIGRATIONS|PORT|JUNJO_SESSION_SECRET|JUNJO_SECURE_COOKIE_KEY)\./,
    /^70-edge.*:Certificate\/.*\.dnsNames\./,
    /^70-edge.*:Ingress\/junjo-ai-studio(-redirect)?\.spec\.(rules|tls)\./,
    /^80-network-policies.*:NetworkPolicy\/junjo-ai-studio-(frontend\.|backend\.spec\.egress\.5\.)/,
  ];

  test.each(
    releaseLines.flatMap((a, index) => releaseLines.slice(index + 1).map((b) => [a.name, b.name, a, b] as const)),
  )('%s and %s differ only where the lines differ', (a, b, one, other) => {
    const isAllowed = [...allowed, ...(one.images.frontend && !other.images.frontend ? ofOneHost : [])];
    const [left, right] = [leaves(`release-${a}`), leaves(`release-${b}`)];
    const differing = [...new Set([...left.keys(), ...right.keys()])].filter(
      (path) => left.get(path) !== right.get(path),
    );
    expect(differing.filter((path) => !isAllowed.some((pattern) => pattern.test(path)))).toEqual([]);
    expect(differing.length).toBeGreaterThan(3);
  });
});
