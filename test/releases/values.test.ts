import {
  development,
  envText,
  freshSecret,
  load,
  problemsOf,
  production,
  render,
  type Settings,
} from '../support/studio';

describe('JUNJO_LOG_LEVEL is written as each reader knows it', () => {
  test.each([
    ['warn', 'WARNING', 'warn'],
    ['warning', 'WARNING', 'warn'],
    ['WARN', 'WARNING', 'warn'],
    ['Error', 'error', 'error'],
    ['debug', 'debug', 'debug'],
  ])('%s is %s to the backend and %s to ingestion', (written, backend, ingestion) => {
    for (const JUNJO_K8S_RELEASE of ['0.70.3', '0.81.5']) {
      const studio = render(development({ JUNJO_K8S_RELEASE, JUNJO_LOG_LEVEL: written }));
      expect(studio.environment('backend').JUNJO_LOG_LEVEL).toBe(backend);
      expect(studio.environment('ingestion').JUNJO_LOG_LEVEL).toBe(ingestion);
    }
  });
});

test.each([
  ['true', ['true', 'True', '1', 'yes', 'ON', 'y', 't']],
  ['false', ['false', 'FALSE', '0', 'no', 'off', 'n', 'f']],
])('a boolean is %s in every way that pydantic reads', (value, ways) => {
  for (const way of ways) {
    expect(load(development({ SPAN_STRICT_MODE: way })).settings.backend.SPAN_STRICT_MODE).toBe(value);
    expect(load(production({ JUNJO_K8S_NETWORK_POLICY: way })).networkPolicy).toBe(value === 'true');
  }
});

describe('the token of the internal gRPC', () => {
  test.each(['ü', '\u00a0', '\u2026'])('is refused with %j in it', (character) => {
    const token = `${freshSecret()}${character}`;
    const printed = problemsOf(envText(development({ JUNJO_K8S_RELEASE: '0.82.1', JUNJO_INTERNAL_GRPC_TOKEN: token })));
    expect(printed).toEqual([
      '.env:5 JUNJO_INTERNAL_GRPC_TOKEN: contains non-ASCII characters, or starts or ends with a space, which gRPC does not allow. Generate one: openssl rand -base64 32',
    ]);
  });
});

describe('tuning follows the size', () => {
  const settings = (more: Settings = {}) => {
    return development({ JUNJO_K8S_RELEASE: '0.82.1', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(), ...more });
  };
  const tuned = (more: Settings) => {
    const { JUNJO_DF_TARGET_PARTITIONS, JUNJO_DF_BATCH_SIZE, JUNJO_DF_SPILL_POOL_MB } = render(
      settings(more),
    ).environment('backend');
    return [JUNJO_DF_TARGET_PARTITIONS, JUNJO_DF_BATCH_SIZE, JUNJO_DF_SPILL_POOL_MB];
  };

  test.each([
    [{}, ['1', '4096', '192']],
    [{ JUNJO_K8S_SIZE: 'medium' }, ['2', '4096', '384']],
    [{ JUNJO_K8S_SIZE: 'large' }, ['4', '8192', '768']],
    [{ JUNJO_K8S_SIZE: 'large', JUNJO_DF_SPILL_POOL_MB: '100' }, ['4', '8192', '100']],
  ])("as upstream's profiles do: %j", (size, expected) => {
    expect(tuned(size)).toEqual(expected);
  });

  test.each([
    ['JUNJO_DF_SPILL_POOL_MB=194', '193 (43 % of the memory limit of backend) at the size small', 'medium'],
    ['JUNJO_DF_SPILL_POOL_MB=768', '193 (43 % of the memory limit of backend) at the size small', 'large'],
    ['BACKPRESSURE_MAX_MB=420', '300 (60 % of the memory limit of ingestion) at the size small', 'medium'],
  ])('%s is an error that says what fits', (line, most, size) => {
    expect(problemsOf(`${line}\n${envText(settings())}`)).toEqual([
      `.env:1 ${line.split('=')[0]}: is more than ${most}. Lower it, or set JUNJO_K8S_SIZE=${size}`,
    ]);
  });

  test('what fits no size can only be lowered', () => {
    expect(problemsOf(`JUNJO_DF_SPILL_POOL_MB=4000\n${envText(settings())}`)).toEqual([
      '.env:1 JUNJO_DF_SPILL_POOL_MB: is more than 193 (43 % of the memory limit of backend) at the size small. Lower it',
    ]);
  });

  test("a file of upstream's 4 GB wizard says which size it needs, and renders with it", () => {
    const wizard = {
      JUNJO_BACKEND_MEM_LIMIT: '2500m',
      JUNJO_DF_TARGET_PARTITIONS: '4',
      JUNJO_DF_BATCH_SIZE: '8192',
      JUNJO_DF_SPILL_POOL_MB: '768',
    };
    expect(problemsOf(envText(settings(wizard))).filter((line) => !line.startsWith('note: '))).toEqual([
      'warning: .env:6 JUNJO_BACKEND_MEM_LIMIT: is the memory limit of the size large, but JUNJO_K8S_SIZE is not set and defaults to small. Set JUNJO_K8S_SIZE=large',
      "warning: .env:7 JUNJO_DF_TARGET_PARTITIONS: is more than upstream's value for the size small (1), so queries may run out of memory (OOMKilled). Lower it",
      "warning: .env:8 JUNJO_DF_BATCH_SIZE: is more than upstream's value for the size small (4096), so queries may run out of memory (OOMKilled). Lower it",
      '.env:9 JUNJO_DF_SPILL_POOL_MB: is more than 193 (43 % of the memory limit of backend) at the size small. Lower it, or set JUNJO_K8S_SIZE=large',
    ]);
    const sized = problemsOf(envText(settings({ ...wizard, JUNJO_K8S_SIZE: 'large' })));
    expect(sized).toEqual([expect.stringMatching(/^note: .*JUNJO_BACKEND_MEM_LIMIT: ignored on Kubernetes/)]);
  });
});

describe('a proxy', () => {
  const proxy = { HTTPS_PROXY: 'http://user:password@proxy.example.com:443' };

  test('reaches the backend alone, as a secret, with the names of the cluster excepted', () => {
    const studio = render(production({ ...proxy, NO_PROXY: '.example.com' }));
    const { HTTPS_PROXY, NO_PROXY, no_proxy } = studio.environment('backend');
    expect(HTTPS_PROXY).toBe('secret junjo-ai-studio-secrets/HTTPS_PROXY');
    expect(NO_PROXY).toBe('.example.com,localhost,127.0.0.1,.svc,.cluster.local,junjo-ai-studio-ingestion-internal');
    // gRPC reads the lower-case name alone, and would call ingestion through the proxy.
    expect(no_proxy).toBe(NO_PROXY);
    for (const service of ['ingestion', 'frontend']) {
      expect(Object.keys(studio.environment(service)).filter((name) => /proxy/i.test(name))).toEqual([]);
    }
    const elsewhere = studio.objects.filter(({ kind }) => kind !== 'Secret');
    expect(JSON.stringify(elsewhere)).not.toContain('proxy.example.com');
  });

  test.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'])('may be called %s', (name) => {
    const studio = render(development({ [name]: 'http://proxy.example.com:443' }));
    expect(studio.environment('backend')).toMatchObject({
      [name]: `secret junjo-ai-studio-secrets/${name}`,
      no_proxy: expect.stringContaining('.svc'),
    });
  });

  test('is asked for nothing with NO_PROXY=*, which must stand alone', () => {
    const studio = render(production({ ...proxy, NO_PROXY: '*' }));
    expect(studio.environment('backend')).toMatchObject({ NO_PROXY: '*', no_proxy: '*' });
  });

  test('leaves no trace where there is none', () => {
    expect(Object.keys(render(production()).environment('backend')).filter((name) => /proxy/i.test(name))).toEqual([]);
  });

  test('that the policies do not let through is warned of, without its address', () => {
    const [warning, ...more] = problemsOf(envText(production({ HTTPS_PROXY: 'http://user:password@10.1.2.3:3128' })));
    expect(more).toEqual([]);
    expect(warning).toMatch(
      /^warning: .* HTTPS_PROXY: the network policies allow the backend to call only public addresses/,
    );
    expect(warning).not.toMatch(/password|10\.1\.2\.3/);
    for (const HTTPS_PROXY of [
      'http://proxy.example.com',
      'https://10.1.2.3',
      'http://192.168.0.1:443',
      'http://[fd00::1]:443',
      'https://proxy',
      'https://proxy.tools.svc',
    ]) {
      const prefix = HTTPS_PROXY.includes('[') ? '/128:' : '/32:';
      expect(problemsOf(envText(production({ HTTPS_PROXY })))).toEqual([warning?.replace('/32:', prefix)]);
    }
    for (const HTTPS_PROXY of ['https://proxy.example.com', 'http://198.41.0.4:443', 'https://[2606:4700::1]/']) {
      expect(problemsOf(envText(production({ HTTPS_PROXY })))).toEqual([]);
    }
    const open = { HTTPS_PROXY: 'http://10.1.2.3:3128', JUNJO_K8S_NETWORK_POLICY: 'false' };
    expect(problemsOf(envText(development(open)))).toEqual([]);
  });

  test.each([
    ['http://10.1.2.3:3128', '10.1.2.3/32:3128'],
    ['http://10.1.2.3:3128', '10.9.9.9/32:443, 10.0.0.0/8:3128'],
    ['http://[fd00::5]:3128', 'fd00::/8:3128'],
    ['http://10.1.2.3', '10.1.2.0/24:80'],
    ['https://10.1.2.3', '10.1.2.0/24:443'],
    // Packets to it are of IPv4.
    ['http://[::ffff:10.1.2.3]:3128', '10.1.2.3/32:3128'],
    // Every pod that resolves names may call it, over TCP as well.
    ['http://10.1.2.3:53', '10.1.2.3/32:53'],
    // It may be any address.
    ['http://proxy.example.com:3128', '10.0.0.5/32:3128'],
  ])('%s is open with %s', (HTTPS_PROXY, JUNJO_K8S_EGRESS) => {
    const said = problemsOf(envText(production({ HTTPS_PROXY, JUNJO_K8S_EGRESS })));
    expect(said.filter((line) => line.includes('PROXY'))).toEqual([]);
  });

  test.each([
    ['http://10.1.2.3:3128', '10.9.9.9/32:9000'],
    ['http://10.1.2.3:3128', '10.1.2.3/32:3129'],
    ['http://10.1.2.3:3128', '10.1.2.4/32:3128'],
    ['http://10.1.2.3:3128', '10.1.2.3/32:53'],
    ['http://[fd00::5]:3128', '0.0.0.0/0:3128'],
    ['http://[fd00:1::5]:3128', 'fd00::/32:3128'],
    ['http://10.1.2.3', '10.1.2.3/32:443'],
    ['http://proxy.example.com:3128', '10.0.0.5/32:8080'],
    ['http://100.100.100.200:3128', '100.64.0.0/10:3128'],
  ])('%s is closed with %s, which is warned of', (HTTPS_PROXY, JUNJO_K8S_EGRESS) => {
    expect(problemsOf(envText(production({ HTTPS_PROXY, JUNJO_K8S_EGRESS })))).toContainEqual(
      expect.stringMatching(
        /^warning: .* HTTPS_PROXY: the network policies allow the backend to call only public addresses/,
      ),
    );
  });

  test('is not judged on a release that calls nothing', () => {
    const settings = { JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
    const said = problemsOf(envText(production({ ...settings, HTTPS_PROXY: 'http://10.1.2.3:3128' })));
    expect(said.join()).not.toContain('the network policies let');
  });

  test('is not judged while what is open is not known', () => {
    const said = problemsOf(envText(production({ HTTPS_PROXY: 'http://10.1.2.3:3128', JUNJO_K8S_EGRESS: '10.1.2.3' })));
    expect(said.filter((line) => line.includes('PROXY'))).toEqual([]);
  });

  test('that comes from elsewhere is read when the file has its name', () => {
    const existing = production({
      JUNJO_K8S_SECRETS: 'existing',
      JUNJO_SESSION_SECRET: undefined,
      JUNJO_SECURE_COOKIE_KEY: undefined,
    });
    expect(render(existing).environment('backend')).not.toHaveProperty('HTTPS_PROXY');
    const { HTTPS_PROXY, no_proxy } = render({ ...existing, HTTPS_PROXY: '' }).environment('backend');
    expect(HTTPS_PROXY).toBe('secret junjo-ai-studio-secrets/HTTPS_PROXY');
    expect(no_proxy).toContain('.cluster.local');
  });
});

describe('JUNJO_K8S_EGRESS', () => {
  test('opens ways out for the backend alone', () => {
    const studio = render(production({ JUNJO_K8S_EGRESS: '10.0.0.5/32:3128, FD12::/16:8443' }));
    const { egress } = studio.get('NetworkPolicy', 'junjo-ai-studio-backend').spec;
    expect(egress.slice(-2)).toEqual([
      { to: [{ ipBlock: { cidr: '10.0.0.5/32' } }], ports: [{ port: 3128, protocol: 'TCP' }] },
      { to: [{ ipBlock: { cidr: 'fd12::/16' } }], ports: [{ port: 8443, protocol: 'TCP' }] },
    ]);
    expect(JSON.stringify(studio.get('NetworkPolicy', 'junjo-ai-studio-ingestion'))).not.toContain('3128');
  });

  test.each(['169.254.169.254/32:80', '168.63.129.16/32:32526', 'FD00:EC2::254/128:80', '64:ff9b::a9fe:a9fe/128:80'])(
    '%s opens a metadata service, which is warned of',
    (way) => {
      expect(problemsOf(envText(production({ JUNJO_K8S_EGRESS: way })))).toEqual([
        `warning: .env:9 JUNJO_K8S_EGRESS: ${way.toLowerCase()} allows calls to the metadata service of a cloud, which returns credentials of the node. Remove it, unless the backend gets its own credentials there`,
      ]);
    },
  );

  test.each([
    ['0.0.0.0/0:80', '169.254.0.0/16, 168.63.129.16/32, 100.100.100.200/32 and 192.0.0.192/32'],
    ['100.64.0.0/10:443', '100.100.100.200/32'],
  ])('%s does not open the metadata services in it, and says so', (way, closed) => {
    expect(problemsOf(envText(production({ JUNJO_K8S_EGRESS: way })))).toEqual([
      `note: .env:9 JUNJO_K8S_EGRESS: ${way} contains metadata services of clouds, which return credentials of the node. These stay blocked: ${closed}`,
    ]);
  });

  test.each(['10.0.0.0/8:80', '169.254.169.254/32:53', '168.63.129.16/32:53', 'fd12::/16:443'])(
    '%s opens no metadata service',
    (way) => {
      expect(problemsOf(envText(production({ JUNJO_K8S_EGRESS: way })))).toEqual([]);
    },
  );

  test('has an effect on port 53 where a release calls nothing outside, and on no other port', () => {
    const release = { JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
    const said = (ways: string) =>
      problemsOf(envText(production({ ...release, JUNJO_K8S_EGRESS: ways }))).filter((line) => line.includes('EGRESS'));
    expect(said('172.20.0.10/32:53')).toEqual([]);
    expect(said('172.20.0.10/32:53, 10.0.0.5/32:3128')).toEqual([
      expect.stringMatching(/JUNJO_K8S_EGRESS: 10\.0\.0\.5\/32:3128 has no effect: this release calls nothing/),
    ]);
  });

  test('says when it has no effect', () => {
    const settings = development({ JUNJO_K8S_EGRESS: '10.0.0.5/32:3128', JUNJO_K8S_NETWORK_POLICY: 'false' });
    expect(problemsOf(envText(settings))).toEqual([
      'note: .env:4 JUNJO_K8S_EGRESS: has no effect without network policies: the backend can call every address',
    ]);
  });
});
