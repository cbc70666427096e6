import { randomBytes } from 'node:crypto';
import { loadAll } from 'js-yaml';
import { type LoadOptions, loadStudio } from '../../config/load-studio';
import { formatProblem, type Problem } from '../../config/problems';
import type { StudioConfig } from '../../config/studio-config';
import { renderSources, renderStudio, type StudioSource } from '../../main';
import { filesOf, type RenderedFile } from '../../render/files';

/** Variables by name; `undefined` takes one out of the base. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** What `openssl rand -base64 32` prints. */
export function freshSecret(): string {
  return randomBytes(32).toString('base64');
}

/** A studio on localhost with secrets of its own. */
export function development(settings: Settings = {}): Settings {
  return {
    JUNJO_ENV: 'development',
    JUNJO_SESSION_SECRET: freshSecret(),
    JUNJO_SECURE_COOKIE_KEY: freshSecret(),
    ...settings,
  };
}

/** A studio behind HTTPS with secrets of its own. */
export function production(settings: Settings = {}): Settings {
  return {
    JUNJO_ENV: 'production',
    JUNJO_K8S_RELEASE: '0.70.3',
    JUNJO_SESSION_SECRET: freshSecret(),
    JUNJO_SECURE_COOKIE_KEY: freshSecret(),
    JUNJO_PROD_FRONTEND_URL: 'https://studio.example.com',
    JUNJO_PROD_BACKEND_URL: 'https://api.example.com',
    JUNJO_PROD_INGESTION_URL: 'https://spans.example.com',
    JUNJO_K8S_INGRESS_CLASS: 'traefik',
    ...settings,
  };
}

/** The text of an env file, in single quotes so that nothing in a value is expanded. */
export function envText(settings: Settings): string {
  const set = Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return set.map(([name, value]) => `${name}='${value}'\n`).join('');
}

/** Loads settings that must be sound. */
export function load(settings: Settings, options?: LoadOptions): StudioConfig {
  const { config, problems } = loadStudio([{ path: '.env', text: envText(settings) }], options);
  if (!config) throw new Error(problems.map(formatProblem).join('\n'));
  return config;
}

/**
 * What is said of every production studio that nobody backs up, and of one that does not run the newest release. backup.test.ts
 * and choice.test.ts look at it, and others at what they try.
 */
export function isOfEveryStudio({ severity, variable, text }: Problem): boolean {
  const isAge = severity === 'note' && /^runs .*; the newest release is \S+( \([^.]*\))?$/.test(text);
  return isAge || (severity === 'warning' && variable === 'JUNJO_K8S_BACKUP');
}

/** What a person would read of problems in an env file's text, that apart. */
export function problemsOf(text: string, options?: LoadOptions): string[] {
  const { problems } = loadStudio([{ path: '.env', text }], options);
  return problems.filter((problem) => !isOfEveryStudio(problem)).map(formatProblem);
}

/** The files that settings render to. */
export function files(settings: Settings, options?: LoadOptions): readonly RenderedFile[] {
  const { manifests, problems } = renderStudio(load(settings, options));
  if (problems.length > 0) throw new Error(problems.map(formatProblem).join('\n'));
  return filesOf(manifests);
}

/** Renders studios as a run does: the rendering, and its files. */
export function renderAll(sources: readonly StudioSource[], options: Omit<LoadOptions, 'name'> = {}) {
  const rendering = renderSources(sources, options);
  return { ...rendering, files: filesOf(rendering.manifests) };
}

/** A Kubernetes object as a cluster would read it; tests look into it freely. */
// biome-ignore lint/suspicious/noExplicitAny: assertions on a path that does not exist fail by themselves
export type Manifest = any;

/** Rendered objects, by kind and name. */
export class Rendered {
  readonly objects: readonly Manifest[];

  constructor(readonly files: readonly RenderedFile[]) {
    this.objects = files.flatMap(({ text }) => loadAll(text));
  }

  /** The one object of that kind and name. */
  get(kind: string, name: string): Manifest {
    const found = this.objects.filter((object) => object.kind === kind && object.metadata.name === name);
    if (found.length !== 1) throw new Error(`${found.length} objects are called ${kind}/${name}`);
    return found[0];
  }

  ofKind(kind: string): readonly Manifest[] {
    return this.objects.filter((object) => object.kind === kind);
  }

  /** The pod template of a workload. */
  pod(service: string): Manifest {
    return this.get('Deployment', `junjo-ai-studio-${service}`).spec.template;
  }

  /** The container of a workload that runs the service itself. */
  container(service: string): Manifest {
    const found = this.pod(service).spec.containers.filter(({ name }: Manifest) => name === service);
    if (found.length !== 1) throw new Error(`${found.length} containers of ${service} are called so`);
    return found[0];
  }

  /** What a container finds in its environment: names with their values, or the reference to a secret's key. */
  environment(service: string): Record<string, string> {
    const container = this.container(service);
    const fromConfigMaps = (container.envFrom ?? []).flatMap(({ configMapRef }: Manifest) =>
      Object.entries(this.get('ConfigMap', configMapRef.name).data ?? {}),
    );
    const own = (container.env ?? []).map(({ name, value, valueFrom }: Manifest) => [
      name,
      value ?? `secret ${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`,
    ]);
    return Object.fromEntries([...fromConfigMaps, ...own]);
  }
}

/** Renders settings and reads the YAML back. */
export function render(settings: Settings, options?: LoadOptions): Rendered {
  return new Rendered(files(settings, options));
}
