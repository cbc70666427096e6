import { page } from '../../config/how-to-run';
import type { VariableName } from '../../config/variables';
import {
  componentsOf,
  dated,
  defaultTag,
  hasOneHost,
  lineOf,
  newestTag,
  recommendedTag,
  releaseLines,
} from '../../releases';

/** The settings so far, by name. */
export type Answers = ReadonlyMap<string, string>;

/** A setting that `init` asks for. */
export interface Question {
  readonly name: VariableName;
  /** Option of the command that answers it. */
  readonly flag: string;
  /** Placeholder of its value. */
  readonly value: string;
  /** Values that a shell offers. @default none */
  readonly choices?: readonly string[];
  /** The question, without a question mark. */
  readonly text: string;
  /** Lines to print before the question. @default none */
  readonly before?: readonly string[];
  /** Whether to ask, after the answers so far. @default always */
  readonly when?: (answers: Answers) => boolean;
  /** The answer may name something that does not exist yet: it is kept, and its problem is printed. @default false */
  readonly mayComeLater?: boolean;
  /** What an empty answer means. An empty suggestion leaves the variable unset. */
  readonly suggestion: (answers: Answers) => string;
}

const UI = 'JUNJO_PROD_FRONTEND_URL';

const inProduction = (answers: Answers) => answers.get('JUNJO_ENV') === 'production';
const always = (text: string) => () => text;

/** The release for a studio without data. */
export const newestRelease = releaseLines.map(newestTag).at(-1) ?? defaultTag;

/** A release of each line, and what you need to run it. */
const releases = releaseLines.map((line) => {
  const tag = recommendedTag(line);
  const hosts = hasOneHost(line) ? 2 : 3;
  const signIn = line.api.spansNeedSignIn ? 'the API requires a sign-in' : 'a guard requires a sign-in in production';
  const doubt = line.unproven?.[tag] ? '; its images might not exist' : '';
  return `  ${dated(line, tag)}: ${componentsOf(line).length} containers, ${hosts} hosts; ${line.stores.description}; ${signIn}${doubt}`;
});

/** `studio.example.com` and `api` make `https://api.example.com`. */
function besideUi(host: string): (answers: Answers) => string {
  return (answers) => {
    const ui = answers.get(UI) ?? '';
    if (!URL.canParse(ui)) return '';
    const [, ...domain] = new URL(ui).hostname.split('.');
    return domain.length > 1 ? `https://${host}.${domain.join('.')}` : '';
  };
}

/** In the order of the interview: a question comes after those that it depends on. */
export const questions: readonly Question[] = [
  {
    name: 'JUNJO_ENV',
    flag: 'environment',
    value: 'environment',
    choices: ['development', 'production'],
    text: 'Where it runs: development (on localhost) or production (behind HTTPS)',
    suggestion: always('development'),
  },
  {
    name: 'JUNJO_K8S_RELEASE',
    flag: 'release',
    value: 'tag',
    choices: releaseLines.flatMap(({ tags }) => tags),
    text: `Release of Junjo AI Studio; without data, take the newest (${newestRelease})`,
    before: [`  A release might not read the data of another (${page('docs/releases.md')}):`, ...releases],
    suggestion: always(newestRelease),
  },
  {
    name: UI,
    flag: 'ui',
    value: 'url',
    text: 'Address of the UI, for example https://studio.example.com',
    when: inProduction,
    suggestion: always(''),
  },
  {
    name: 'JUNJO_PROD_BACKEND_URL',
    flag: 'api',
    value: 'url',
    text: 'Address of the API, another host of the same domain',
    when: (answers) => inProduction(answers) && !runsOneHost(answers),
    suggestion: besideUi('api'),
  },
  {
    name: 'JUNJO_PROD_INGESTION_URL',
    flag: 'spans',
    value: 'url',
    text: 'Address for spans; an address with a port gets its own load balancer',
    when: inProduction,
    suggestion: besideUi('spans'),
  },
  {
    name: 'JUNJO_K8S_GATEWAY',
    flag: 'gateway',
    value: 'gateway',
    text: 'Gateway: namespace/name of an existing one, class:NAME for a new one, or nothing for an Ingress',
    when: (answers) => inProduction(answers) && !answers.has('JUNJO_K8S_INGRESS_CLASS'),
    suggestion: always(''),
  },
  {
    name: 'JUNJO_K8S_INGRESS_CLASS',
    flag: 'ingress-class',
    value: 'class',
    text: "Ingress class (kubectl get ingressclass), or nothing for the cluster's default",
    when: (answers) => inProduction(answers) && !answers.get('JUNJO_K8S_GATEWAY'),
    suggestion: always(''),
  },
  {
    name: 'JUNJO_K8S_SECRETS',
    flag: 'secrets',
    value: 'mode',
    choices: ['manifest', 'sealed', 'external', 'existing'],
    text: 'Where secrets come from: manifest (this file), sealed, external, or existing',
    when: inProduction,
    suggestion: always('manifest'),
  },
  {
    name: 'JUNJO_K8S_SEALING_CERT',
    flag: 'sealing-cert',
    value: 'file',
    text: 'Certificate of the sealed-secrets controller (kubeseal --fetch-cert)',
    when: (answers) => answers.get('JUNJO_K8S_SECRETS') === 'sealed',
    mayComeLater: true,
    suggestion: always('sealing-cert.pem'),
  },
  {
    name: 'JUNJO_K8S_SECRET_STORE',
    flag: 'secret-store',
    value: 'store',
    text: 'Store: SecretStore/name or ClusterSecretStore/name',
    when: (answers) => answers.get('JUNJO_K8S_SECRETS') === 'external',
    suggestion: always(''),
  },
  {
    name: 'JUNJO_K8S_STORAGE_CLASS',
    flag: 'storage-class',
    value: 'class',
    text: "Storage class (kubectl get storageclass), or nothing for the cluster's default",
    when: (answers) => inProduction(answers) && !isFolderOfNode(answers),
    suggestion: always(''),
  },
  {
    name: 'JUNJO_K8S_STORAGE_SIZE',
    flag: 'storage-size',
    value: 'size',
    text: 'Size of the volume; it can grow later, but not shrink',
    when: inProduction,
    suggestion: always('10Gi'),
  },
  {
    name: 'JUNJO_K8S_NODE',
    flag: 'node',
    value: 'node',
    text: 'Node that has the data folder (kubectl get nodes)',
    when: isFolderOfNode,
    suggestion: always(''),
  },
  {
    name: 'JUNJO_K8S_BACKUP',
    flag: 'backup',
    value: 'operator',
    choices: ['none', 'volsync', 'velero'],
    text: 'Scheduled backups: none, volsync or velero',
    when: inProduction,
    suggestion: always('none'),
  },
  {
    name: 'JUNJO_K8S_BACKUP_REPOSITORY',
    flag: 'backup-repository',
    value: 'secret',
    text: 'Secret with the restic repository',
    when: (answers) => answers.get('JUNJO_K8S_BACKUP') === 'volsync',
    suggestion: always('backup-repository'),
  },
];

/** Whether UI and API are on one host. */
function runsOneHost(answers: Answers): boolean {
  const line = lineOf(answers.get('JUNJO_K8S_RELEASE'));
  return line !== undefined && hasOneHost(line);
}

function isFolderOfNode(answers: Answers): boolean {
  return answers.get('JUNJO_HOST_DB_DATA_PATH')?.startsWith('/') ?? false;
}
