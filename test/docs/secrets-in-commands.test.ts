import { execFile } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { load } from 'js-yaml';
import { inlineCode, pages, shellLines } from '../support/documents';
import { Folder } from '../support/folder';
import { describeWith, pathOf } from '../support/programs';

/** What puts a secret on a command line: everybody on the machine sees it in a list of processes, and the shell keeps it. */
const ON_COMMAND_LINE = [
  /--from-literal/,
  /--docker-password/,
  /"password" *: *"[^%$]/,
  /\bpassword=(?!\$)/i,
  /curl .*(-u|--user) /,
  /\bexport \w*(KEY|TOKEN|SECRET|PASSWORD)\w*=/,
  /^(?!.*<<).* \w*(KEY|TOKEN|SECRET|PASSWORD)\w*="\$\(openssl/,
  /x-junjo-api-key: *\S/,
];

test.each(pages.map((page) => [page.path, page] as const))('%s: no command has a secret among its words', (_, page) => {
  // The shell itself runs printf.
  const lines = [...shellLines(page), ...inlineCode(page)].filter((line) => !/^\(?(umask 077 && )?printf /.test(line));
  for (const line of lines) {
    for (const pattern of ON_COMMAND_LINE) expect(line).not.toMatch(pattern);
  }
});

test('no advice that is printed has a secret among the words of a command', () => {
  const sources = ['cli', 'cluster', 'config', 'charts', 'render'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  );
  for (const source of sources) expect(source).not.toMatch(/--from-literal|--docker-password|--password[= ]/);
});

const blocks = (path: string) =>
  [...readFileSync(path, 'utf8').matchAll(/^```bash\n(.*?)^```$/gms)].map(([, block = '']) => block);

describeWith(['kubectl', 'openssl'], 'a command that creates a Secret', () => {
  let folder: Folder;
  beforeEach(() => {
    folder = new Folder();
  });
  afterEach(() => folder.remove());

  const made = async (script: string) => {
    const kubectl = join(folder.path, 'kubectl');
    const words = join(folder.path, 'words');
    writeFileSync(
      kubectl,
      `#!/bin/sh\necho "$*" >> ${words}\nexec ${pathOf('kubectl')} "$@" --dry-run=client --output=json\n`,
    );
    chmodSync(kubectl, 0o755);
    const { stdout } = await promisify(execFile)('bash', ['-c', script], {
      cwd: folder.path,
      env: { ...process.env, PATH: `${folder.path}:${process.env.PATH}` },
    });
    const values = Object.entries((load(stdout) as { data: Record<string, string> }).data);
    const data = Object.fromEntries(values.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
    for (const value of Object.values(data)) {
      if (value) expect(readFileSync(words, 'utf8')).not.toContain(value);
    }
    return data;
  };

  test('of the studio, from values that openssl makes', async () => {
    const [create = ''] = blocks('docs/gitops.md').filter((block) =>
      block.includes('create secret generic junjo-ai-studio-secrets'),
    );
    const data = await made(create);
    expect(Object.keys(data).sort()).toEqual(['JUNJO_SECURE_COOKIE_KEY', 'JUNJO_SESSION_SECRET']);
    for (const value of Object.values(data)) expect(Buffer.from(value, 'base64')).toHaveLength(32);
  });

  test('of a repository of backups, from a file that only its owner may read', async () => {
    const [begin = '', create = ''] = blocks('docs/runbook.md').filter((block) => block.includes('backup.env'));
    const data = await made(`${begin}\n[ $(stat -c %a backup.env) = 600 ] &&\n${create}`);
    expect(data).toEqual({
      RESTIC_REPOSITORY: '',
      RESTIC_PASSWORD: expect.stringMatching(/^.{44}$/),
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
    });
  });
});
