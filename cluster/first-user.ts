import { posix } from 'node:path';
import { selectorLabels } from '../charts/metadata';
import { workloadNames } from '../config/names';
import { lineOf, type ReleaseLine } from '../releases';
import { conditionOf, fieldsOf, type Manifest } from '../render/manifest';
import type { Kubectl } from './kubectl';
import { readPage } from './port-forward';
import { Refusal } from './refusal';

/** Port on this machine while the first user is created. Docker Compose uses the backend's own port, and may still run. */
const LOCAL_PORT = 31323;

/** Seconds that the backend may take for its answer. */
const ANSWER_SECONDS = 30;

/** The commands that create the first user of a studio whose edge is closed. */
export interface FirstUserCommands {
  /** Makes the backend reachable on localhost until Ctrl-C. */
  readonly forward: string;
  /** Asks for address and password, and sends them. */
  readonly create: readonly string[];
}

/** @param kubectl its context and namespace are in the command */
export function firstUserCommands(kubectl: Kubectl, { firstUserPath }: ReleaseLine['api']): FirstUserCommands {
  const url = `http://127.0.0.1:${LOCAL_PORT}${firstUserPath}`;
  return {
    forward: kubectl.commandLine(['port-forward', `service/${workloadNames.backend}`, `${LOCAL_PORT}:http`]),
    create: withCredentials(`curl -sS --noproxy '*' --retry 5 --retry-connrefused ${url}`),
  };
}

/**
 * Asks for address and password, and sends them as JSON. It is one command of several lines, so that a shell that reads pasted lines
 * one by one does not take the next line as the answer. The password is in no history and in no list of processes: `printf` and
 * `read` are built into the shell, and `curl` reads stdin. Every POSIX shell runs it; `read -s` would need bash or zsh.
 * A short password is refused here, because the answer of the API to it repeats it.
 */
export function withCredentials(curl: string): readonly string[] {
  return [
    '(',
    "  trap 'stty echo' EXIT && trap 'exit 1' INT &&",
    "  printf 'Email address: ' && read -r email &&",
    "  stty -echo && printf 'Password: ' && IFS= read -r password && echo &&",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell counts the characters
    "  if [ ${#password} -lt 8 ]; then echo 'The password needs at least 8 characters.'; exit 1; fi &&",
    `  json() { printf '%s' "$1" | sed 's/["\\\\]/\\\\&/g'; } &&`,
    `  printf '{"email":"%s","password":"%s"}' "$(json "$email")" "$(json "$password")" |`,
    `  ${curl} \\`,
    "    -H 'Content-Type: application/json' --data-binary @- && echo",
    ')',
  ];
}

/** The same as lines for a person: what to run, and where. */
export function firstUserSteps(kubectl: Kubectl, api: ReleaseLine['api']): readonly string[] {
  const { forward, create } = firstUserCommands(kubectl, api);
  return [
    'Create the first user before the edge opens. In another terminal, run this until the user exists:',
    `  ${forward}`,
    'Then run this command here. It asks for the address and the password:',
    ...create.map((line) => `  ${line}`),
  ];
}

/** What a release line says of the API; of a tag that is not known, nothing can be asked. @throws Refusal */
export function lineOfTag(tag: string | undefined): ReleaseLine {
  const line = lineOf(tag);
  if (line) return line;
  throw new Refusal(
    `The release ${tag ?? 'of the backend'} is unknown, so this command cannot check for the first user`,
  );
}

/**
 * Asks the running backend whether a user exists. Every line answers `{"users_exist": …}` without a sign-in, beside the path that
 * creates the first user. The request goes to the pod itself, so that the edge may be closed.
 * @throws when no pod is ready, or the answer is another one
 */
export async function usersExist(kubectl: Kubectl, { api, ports }: ReleaseLine, signal: AbortSignal): Promise<boolean> {
  const selector = Object.entries(selectorLabels('backend')).map((label) => label.join('='));
  const pods = await kubectl.list(['pods', `--selector=${selector}`], { signal });
  const pod = pods.find(isReady)?.metadata.name;
  if (pod === undefined) throw new Refusal('No pod of the backend is ready');
  const path = posix.join(posix.dirname(api.firstUserPath), 'db-has-users');
  const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_SECONDS * 1000)]);
  const answer = await readPage(kubectl, { pod, port: ports.backend.http, path }, within);
  const exist = answerOf(answer);
  if (typeof exist === 'boolean') return exist;
  throw new Error(`${pod} gives an unexpected answer to ${path}`);
}

function answerOf(text: string): unknown {
  try {
    return fieldsOf(JSON.parse(text)).users_exist;
  } catch {
    return undefined;
  }
}

function isReady(pod: Manifest): boolean {
  return !pod.metadata.deletionTimestamp && conditionOf(pod, 'Ready')?.status === 'True';
}
