import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathOf } from './programs';

/** Plays the backend of a studio: it answers whether there is a user, and takes the first one. */
const BACKEND = `
const { createServer } = require('node:http');
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const [, , folder, pair] = process.argv;
const [local, remote] = pair.split(':');
createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    appendFileSync(folder + '/asked', request.method + ' ' + request.url + '\\n');
    if (existsSync(folder + '/answer')) return response.end(readFileSync(folder + '/answer'));
    if (request.url.endsWith('/users/db-has-users'))
      return response.end(JSON.stringify({ users_exist: existsSync(folder + '/user') }));
    if (!request.url.endsWith('/users/create-first-user')) return response.writeHead(404).end();
    writeFileSync(folder + '/user', Buffer.concat(chunks));
    writeFileSync(folder + '/type', String(request.headers['content-type']));
    response.end('{"message":"First user created successfully"}');
  });
}).listen(Number(local), '127.0.0.1', function () {
  console.log('Forwarding from 127.0.0.1:' + this.address().port + ' -> ' + remote);
});
`;

/** The real kubectl, which notes its calls, and whose port-forward leads to a backend on this machine. */
export class KubectlWithBackend {
  readonly folder = mkdtempSync(join(tmpdir(), 'kubectl-with-backend-'));

  constructor() {
    const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
    writeFileSync(join(this.folder, 'backend.cjs'), BACKEND);
    const script = [
      '#!/bin/sh',
      `echo "$*" >> ${quoted(join(this.folder, 'calls'))}`,
      'for word in "$@"; do case "$word" in *[0-9]:*|:[0-9]*) pair=$word ;; esac; done',
      `case "$*" in *port-forward*) exec ${quoted(process.execPath)} ${quoted(join(this.folder, 'backend.cjs'))} ${quoted(this.folder)} "$pair" ;; esac`,
      `exec ${quoted(pathOf('kubectl'))} "$@"`,
      '',
    ];
    writeFileSync(join(this.folder, 'kubectl'), script.join('\n'));
    chmodSync(join(this.folder, 'kubectl'), 0o755);
  }

  /** The same environment, in which this kubectl comes first. */
  environment(of: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return { ...of, PATH: `${this.folder}:${of.PATH}` };
  }

  /** The calls that change or await something, without the flags of every request. */
  get calls(): readonly string[] {
    const lines = this.read('calls').split('\n').filter(Boolean);
    return lines
      .map((line) => line.replace(/--request-timeout=\S+ /, ''))
      .filter((line) => / (apply|delete|rollout) /.test(` ${line}`));
  }

  /** What the backend was asked. */
  get asked(): string {
    return this.read('asked');
  }

  /** Body of the request that created the first user. */
  get user(): string {
    return this.read('user');
  }

  /** Makes the studio have a user. */
  addUser(): void {
    writeFileSync(join(this.folder, 'user'), '');
  }

  /** Makes the backend answer everything with this text. */
  answerWith(text: string): void {
    writeFileSync(join(this.folder, 'answer'), text);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private read(name: string): string {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }
}
