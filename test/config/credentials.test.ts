import { holdsCredentials } from '../../config/credentials';
import { loadStudio } from '../../config/load-studio';
import { isPlaceholder, whyGuessable } from '../../config/placeholders';
import { variablesOf } from '../../config/variables';
import { releaseLines } from '../../releases';
import { development, envText, problemsOf, production } from '../support/studio';

// In two parts, so that no scanner takes this file for a leak.
const token = (prefix: string, length: number) => prefix + 'a1B2c3D4e5F6g7H8i9J0'.repeat(5).slice(0, length);

test.each([
  'https://user:hunter2@git.example.com/team/studio.git',
  'HTTPS://user:hunter2@git.example.com/team/studio.git',
  'https://hunter2@git.example.com/team/studio.git',
  'https://:hunter2@git.example.com/team/studio.git',
  'https://oauth2:hunter2@git.example.com/team/studio.git',
  'https://someone@example.com:hunter2@git.example.com/team/studio.git',
  'ssh://git:hunter2@git.example.com/team/studio.git',
  'ssh://git:hunter2@git.example.com:22/team/studio.git',
  'git:hunter2@git.example.com:team/studio.git',
  'https://git.example.com/team/studio.git?access_token=hunter2',
  'https://git.example.com/team/studio.git?private_token=hunter2',
  'https://git.example.com/team/studio.git?x=1&password=hunter2',
  `https://git.example.com/${token('ghp_', 36)}/studio.git`,
  `ssh://${token('github_pat_', 40)}@git.example.com/team/studio.git`,
  `${token('glpat-', 20)}@git.example.com:team/studio.git`,
])('%s holds credentials, and is no repository', (repo) => {
  expect(holdsCredentials(repo)).toBe(true);
  const text = `JUNJO_K8S_GIT_REPO=${repo}\n${envText(production())}`;
  expect(problemsOf(text)).toEqual([
    '.env:1 JUNJO_K8S_GIT_REPO: contains credentials. Give them to Argo CD instead: argocd repo add. For Flux, name a Secret in JUNJO_K8S_GIT_SECRET',
  ]);
});

test.each([
  'ssh://git@git.example.com/team/studio.git',
  'ssh://git@git.example.com:2222/team/studio.git',
  'ssh://git.example.com/team/studio.git',
  'git@git.example.com:team/studio.git',
  'git@git.example.com:2222/team/studio.git',
  'org-123456@github.com:team/studio.git',
  'https://git.example.com/team/studio.git',
  'https://git.example.com:8443/team/studio.git',
  'https://dev.azure.com/team/project/_git/studio',
  'https://team@dev.azure.com/team/project/_git/studio',
  'https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/studio',
  'https://git.example.com/team/desk-environments-of-the-team.git',
])('%s holds none', (repo) => {
  expect(holdsCredentials(repo)).toBe(false);
  const text = `JUNJO_K8S_GIT_REPO=${repo}\n${envText(production())}`;
  expect(problemsOf(text).filter((line) => line.includes('GIT_REPO'))).toEqual([]);
});

test.each([
  'https://',
  'https://host',
  'http://host/repo.git',
  'file:///srv/repo.git',
  'https://a%40b:c@/x',
  'https://a b/c',
  'team/repo',
  'https://user%3Apw%40host/x',
  'https://host/repo.git?ref=main',
  'git@host',
])('%s is no repository', (repo) => {
  const [first] = problemsOf(`JUNJO_K8S_GIT_REPO='${repo}'\n${envText(production())}`);
  expect(first).toMatch(/^.env:1 JUNJO_K8S_GIT_REPO: (is not the URL of a Git repository|contains credentials)/);
});

test.each([
  `backend:build-7@sha256:${'0a'.repeat(32)}`,
  `registry.example.com:5000/team/backend:1@sha256:${'0a'.repeat(32)}`,
  'registry.example.com/team/backend:build-7',
  'team@example.com',
  'dedicated=observability:NoSchedule',
  'info,ingestion=debug,h2=warn',
  'http://studio.example.com:50051',
])('%s holds none, in whatever setting', (value) => {
  expect(holdsCredentials(value)).toBe(false);
});

describe.each([
  ['on localhost', development],
  ['in production', production],
])('no setting %s brings a password into the files', (_, base) => {
  const settings = new Map(
    releaseLines.flatMap((line) =>
      variablesOf(line)
        .filter(
          ({ secret, refused, insteadOfCompose, setByManifests }) =>
            !secret && !refused && !insteadOfCompose && !setByManifests,
        )
        .map(({ name }) => [name, line.tags[0]] as const),
    ),
  );

  test.each([...settings])('%s', (name, tag) => {
    for (const value of [
      'https://team:S3cretPassw0rd@host.example.com/path',
      'ssh://git:S3cretPassw0rd@host.example.com/path.git',
      'git:S3cretPassw0rd@host.example.com:path.git',
      'example.com/a=https://team:S3cretPassw0rd@host.example.com',
      'https://host.example.com/?access_token=S3cretPassw0rd',
    ]) {
      const release = name === 'JUNJO_K8S_RELEASE' ? {} : { JUNJO_K8S_RELEASE: tag };
      const text = `${name}='${value}'\n${envText(base({ ...release, [name]: undefined }))}`;
      const { config, problems } = loadStudio([{ path: '.env', text }]);
      expect([value, JSON.stringify(config ?? {}).includes('S3cretPassw0rd')]).toEqual([value, false]);
      expect(problems.map((problem) => problem.text).join('\n')).not.toContain('S3cretPassw0rd');
    }
  });
});

test.each(['JUNJO_K8S_GIT_PATH=dist', 'JUNJO_K8S_GIT_REVISION=main'])('%s without a repository is told', (line) => {
  const [name] = line.split('=');
  expect(problemsOf(`${line}\n${envText(production())}`)).toEqual([
    `.env:1 ${name}: has no effect without JUNJO_K8S_GIT_REPO. Set JUNJO_K8S_GIT_REPO, or remove the line`,
  ]);
});

test('beside a repository that is refused they are not judged', () => {
  const text = `JUNJO_K8S_GIT_REPO=nowhere\nJUNJO_K8S_GIT_PATH=dist\n${envText(production())}`;
  expect(problemsOf(text).filter((line) => line.includes('GIT_PATH'))).toEqual([]);
});

describe('origins that something else than a comma separates', () => {
  const studio = 'https://studio.example.com';
  const other = 'https://other.example.com';
  const told = `.env:1 JUNJO_ALLOW_ORIGINS: has a separator other than a comma. Write commas between them: ${studio},${other}`;

  test.each([
    `${studio};${other}`,
    `${studio}; ${other}`,
    `${studio} ${other}`,
    `${studio}\t${other}`,
    `${studio}|${other}`,
    `${studio} | ${other}`,
    `${studio}/;${other}/`,
    `${studio},;${other}`,
    `${studio};${other};`,
    `["${studio};${other}"]`,
    `${studio}/${other}`,
    `${studio}${other}`,
    `${studio}:${other}`,
    `${studio} / ${other}`,
    `${studio}、${other}`,
    `${studio}，${other}`,
  ])('%s', (value) => {
    expect(problemsOf(`JUNJO_ALLOW_ORIGINS='${value}'\n${envText(production())}`)).toEqual([told]);
  });

  test('on lines of their own', () => {
    expect(problemsOf(`JUNJO_ALLOW_ORIGINS="${studio}\n${other}"\n${envText(production())}`)).toEqual([told]);
  });

  test.each([`${studio},${other}`, `${studio} , ${other}`, ` ${studio}, ${other} `])('%j is right', (value) => {
    expect(problemsOf(`JUNJO_ALLOW_ORIGINS='${value}'\n${envText(production())}`)).toEqual([]);
  });

  test('a host that no browser reaches is no origin, and is not repeated as one', () => {
    expect(
      problemsOf(`JUNJO_ALLOW_ORIGINS='https://a;b.example.com:x'\n${envText(production())}`).join(),
    ).not.toContain('Write https://a;');
  });
});

test.each([
  ...['x', 'é', 'a:', 'a,', 'a:b,', 'https://', '://', '?a_', 'ab1 '].map((part) => [part, false] as const),
  ...['sk-', 'a:b@'].map((part) => [part, true] as const),
])('a very long value of %j is judged', (part, held) => {
  const value = part.repeat(131_072 / part.length);
  expect([holdsCredentials(value), isPlaceholder(value), whyGuessable(value)]).toEqual([held, false, undefined]);
});
