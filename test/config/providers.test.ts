import { readFileSync } from 'node:fs';
import { apiBaseNames } from '../../config/variables';
import { renderStudio } from '../../main';
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

const on = (release: string, settings: Settings): Settings =>
  development({
    JUNJO_K8S_RELEASE: release,
    JUNJO_INTERNAL_GRPC_TOKEN: Number(release.slice(2, 4)) > 81 ? freshSecret() : undefined,
    ...settings,
  });
const printed = (settings: Settings, names: string) =>
  problemsOf(envText(settings)).filter((line) => new RegExp(`(${names}):`).test(line));

const gateway = 'https://llm.example.com/v1';
const read = {
  ...Object.fromEntries(apiBaseNames.map((name) => [name, gateway])),
  OPENAI_ORGANIZATION: 'org-1',
  OPENAI_ORG_ID: 'org-1',
  OPENAI_PROJECT_ID: 'proj-1',
  SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
  SSL_CERT_DIR: '/etc/ssl/certs',
  SSL_CERTIFICATE: '/etc/ssl/certs/client.pem',
  LITELLM_LOG: 'DEBUG',
  AIOHTTP_TRUST_ENV: 'True',
};

describe.each(['0.70.3', '0.80.0', '0.82.1', '0.83.0', '0.84.1'])('on %s', (release) => {
  test('the backend alone gets what its LLM library reads', () => {
    const studio = render(on(release, read));
    expect(studio.environment('backend')).toMatchObject(read);
    for (const other of ['ingestion', 'frontend'])
      for (const name of Object.keys(read)) expect(studio.environment(other)).not.toHaveProperty(name);
    expect(printed(on(release, read), Object.keys(read).join('|'))).toEqual([]);
  });

  test('and keys from the Secret', () => {
    const studio = render(on(release, { GOOGLE_API_KEY: freshSecret(), OPENAI_API_KEY: freshSecret() }));
    expect(studio.environment('backend')).toMatchObject({
      GOOGLE_API_KEY: 'secret junjo-ai-studio-secrets/GOOGLE_API_KEY',
      OPENAI_API_KEY: 'secret junjo-ai-studio-secrets/OPENAI_API_KEY',
    });
  });
});

test.each(['0.85.0', '0.86.0'])('on %s, which calls no provider, each gets one note', (release) => {
  for (const [name, value] of Object.entries(read)) {
    expect(printed(on(release, { [name]: value }), name)).toEqual([
      expect.stringMatching(
        `^note: \\.env:\\d+ ${name}: has no effect: release line ${release.slice(0, 4)} does not read it$`,
      ),
    ]);
  }
});

describe('an address of a server', () => {
  const closed = (to: string) =>
    `warning: .env:1 OPENAI_API_BASE: the network policies allow the backend to call public addresses on port 443, but not this one. Allow it: JUNJO_K8S_EGRESS=${to}`;
  const with_ = (value: string, settings: Settings = {}) => {
    const { OPENAI_API_BASE, ...base } = production({ OPENAI_API_BASE: value, ...settings });
    return problemsOf(`OPENAI_API_BASE='${value}'\n${envText(base)}`).filter((line) =>
      line.includes('OPENAI_API_BASE'),
    );
  };

  test.each([
    ['http://llm.example.com/v1', '<its addresses>:80'],
    ['https://llm.example.com:8443/v1', '<its addresses>:8443'],
    ['https://10.0.0.5/v1', '10.0.0.5/32:443'],
    ['http://[fd00::5]:4000', 'fd00::5/128:4000'],
    ['http://litellm.models.svc:4000', '<its addresses>:4000'],
    ['https://litellm.models.svc.cluster.local', '<its addresses>:443'],
  ])('%s is behind the network policies', (value, to) => {
    expect(with_(value)).toEqual([closed(to)]);
    expect(with_(value, { JUNJO_K8S_NETWORK_POLICY: 'false' })).toEqual([]);
    const egress = to.replace('<its addresses>', '10.1.0.0/16');
    expect(with_(value, { JUNJO_K8S_EGRESS: egress })).toEqual([]);
    expect(with_(value, { JUNJO_K8S_EGRESS: egress.replace(/:\d+$/, ':9') })).toEqual([closed(to)]);
  });

  test('is closed where a range leaves out the metadata service', () => {
    expect(with_('http://169.254.169.254/v1', { JUNJO_K8S_EGRESS: '0.0.0.0/0:80' })).toEqual([
      closed('169.254.169.254/32:80'),
    ]);
  });

  describe.each(['localhost', '127.0.0.1', '[::1]', '0.0.0.0', 'litellm.localhost'])('at %s', (host) => {
    const url = `http://${host}:4000`;
    const self = (name: string) =>
      `warning: .env:1 ${name}: is ${host}, which in a pod is the pod itself. Name a host that pods of the cluster can reach`;

    test('is the pod itself, whatever is open', () => {
      expect(with_(url)).toEqual([self('OPENAI_API_BASE')]);
      expect(with_(url, { JUNJO_K8S_NETWORK_POLICY: 'false' })).toEqual([self('OPENAI_API_BASE')]);
      expect(with_(url, { HTTPS_PROXY: 'https://proxy.example.com:443' })).toEqual([self('OPENAI_API_BASE')]);
      expect(with_(url.replace('4000', '443'))).toEqual([self('OPENAI_API_BASE')]);
    });

    test('is a proxy in the pod itself', () => {
      const text = (settings: Settings) =>
        problemsOf(`HTTPS_PROXY='${url}'\n${envText(production(settings))}`).filter((line) => line.includes('_PROXY'));
      expect(text({})).toEqual([self('HTTPS_PROXY')]);
      expect(text({ JUNJO_K8S_NETWORK_POLICY: 'false' })).toEqual([self('HTTPS_PROXY')]);
    });

    test('may be a container that a patch adds to the pod', () => {
      const patches = { readFile: () => 'patches: []' };
      for (const name of ['OPENAI_API_BASE', 'HTTPS_PROXY']) {
        const text = `${name}='${url}'\n${envText(production({ JUNJO_K8S_PATCHES: 'patches.yaml' }))}`;
        expect(problemsOf(text, patches).filter((line) => line.includes(name))).toEqual([]);
      }
    });
  });

  test.each(['host.docker.internal', 'gateway.docker.internal', 'host.containers.internal'])(
    'at %s is known to no pod',
    (host) => {
      for (const name of ['OPENAI_API_BASE', 'HTTPS_PROXY']) {
        const text = `${name}='http://${host}:4000'\n${envText(production())}`;
        expect(problemsOf(text).filter((line) => line.includes(name))).toEqual([
          `warning: .env:1 ${name}: is ${host}, a name that exists only in Docker and Podman. Name a host that pods of the cluster can reach`,
        ]);
      }
    },
  );

  test('is reached through a proxy, where there is one', () => {
    expect(with_('http://llm.example.com', { HTTPS_PROXY: 'https://proxy.example.com:443' })).toEqual([]);
  });

  test.each(['llm.example.com/v1', 'ftp://llm.example.com', 'https://llm example.com', 'https://'])(
    '%s is none',
    (value) => {
      expect(with_(value)).toEqual([
        '.env:1 OPENAI_API_BASE: is not the address of a server. Write it as https://llm.example.com/v1',
      ]);
    },
  );

  test('holds no key', () => {
    const [print, ...others] = with_('https://team:hunter2@llm.example.com/v1');
    expect(print).toMatch(
      /^.env:1 OPENAI_API_BASE: contains credentials\. Set the key in the variable of the provider/,
    );
    expect(others).toEqual([]);
  });

  test.each(['dummy', 'EMPTY', 'sk-no-key-required'])('lets its key be %s', (key) => {
    expect(render(production({ OPENAI_API_BASE: gateway, OPENAI_API_KEY: key })).environment('backend')).toHaveProperty(
      'OPENAI_API_KEY',
    );
    expect(printed(production({ OPENAI_API_KEY: key }), 'OPENAI_API_KEY')).toEqual([
      expect.stringMatching('still holds a placeholder, so it is left out'),
    ]);
  });
});

describe('certificates of an authority', () => {
  const told = /^warning: \.env:\d+ SSL_CERT_FILE: names a file that the image does not have/;

  test('in a file that nothing mounts are told', () => {
    expect(printed(production({ SSL_CERT_FILE: '/etc/company/ca.crt' }), 'SSL_CERT_FILE')).toEqual([
      expect.stringMatching(told),
    ]);
    expect(printed(production({ SSL_CERT_FILE: './ca.crt' }), 'SSL_CERT_FILE')).toEqual([
      expect.stringMatching('is not an absolute path in the container'),
    ]);
  });

  test('are mounted by the patch of the runbook', () => {
    const runbook = readFileSync('docs/runbook.md', 'utf8');
    const [, patches = ''] = /## Your own certificate authority.*?```yaml\n(.*?)```/s.exec(runbook) ?? [];
    const settings = production({ SSL_CERT_FILE: '/etc/company/ca.crt', JUNJO_K8S_PATCHES: 'patches.yaml' });
    const options = { readFile: () => patches };
    const { problems, manifests } = renderStudio(load(settings, options));
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(JSON.stringify(manifests)).toContain('/etc/company');
    expect(problemsOf(envText(settings), options).filter((line) => line.includes('SSL_CERT_FILE'))).toEqual([]);
  });
});

test('connections that nobody checks are told', () => {
  expect(printed(production({ SSL_VERIFY: 'False' }), 'SSL_VERIFY')).toEqual([
    expect.stringMatching(/^warning: .* anyone on the network path can read prompts and keys/),
  ]);
});
