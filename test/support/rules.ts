import { App } from 'cdk8s';
import { Studio } from '../../charts/studio';
import type { LoadOptions } from '../../config/load-studio';
import { manifestsBelow } from '../../render/files';
import type { PlacedManifest } from '../../render/manifest';
import { factsOf } from '../../render/patch-and-check';
import { brokenRules, type Rule, type StudioFacts } from '../../render/rules';
import { freshSecret, load, type Manifest, production, type Settings } from './studio';

/** A studio with one of everything that rules look at. */
export const soundSettings = production({
  OPENAI_API_KEY: freshSecret(),
  JUNJO_K8S_FRONTEND_REPLICAS: '3',
  JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data',
  JUNJO_K8S_NODE: 'worker-1',
});

const renderings = new Map<Settings, Pick<SpoiltStudio, 'rendered' | 'facts'>>();

/** A studio is rendered once, however often it is spoilt. */
function rendered(settings: Settings, options?: LoadOptions): Pick<SpoiltStudio, 'rendered' | 'facts'> {
  const known = renderings.get(settings);
  if (known) return known;
  const config = load(settings, options);
  const placed = [...manifestsBelow(new Studio(new App(), 'studio', { config }))];
  const rendering = { rendered: placed, facts: factsOf(config) };
  renderings.set(settings, rendering);
  return rendering;
}

/** Objects of a studio that a test may spoil. */
export class SpoiltStudio {
  readonly placed: PlacedManifest[];
  /** What the charts rendered, unspoilt. */
  readonly rendered: readonly PlacedManifest[];
  readonly facts: StudioFacts;

  constructor(settings: Settings = soundSettings, options?: LoadOptions) {
    const { rendered: unspoilt, facts } = rendered(settings, options);
    this.rendered = unspoilt;
    this.placed = structuredClone([...unspoilt]);
    this.facts = facts;
  }

  /** The one object of that kind and name; `backend` is short for `junjo-ai-studio-backend`. */
  get(kind: string, name: string): Manifest {
    const names = [name, `junjo-ai-studio-${name}`];
    const found = this.placed.filter(
      ({ manifest }) => manifest.kind === kind && names.includes(manifest.metadata.name),
    );
    if (found.length !== 1) throw new Error(`${found.length} objects are called ${kind}/${name}`);
    return found[0]?.manifest;
  }

  /** The spec of the pods of a Deployment. */
  pod(name: string): Manifest {
    return this.get('Deployment', name).spec.template.spec;
  }

  /** The container of a Deployment that has the same name. */
  container(name: string): Manifest {
    return this.pod(name).containers.find((container: Manifest) => container.name === name);
  }

  add(manifest: Manifest, file = '90-more.k8s.yaml'): void {
    this.placed.push({ file, manifest });
  }

  /** What a rule says of it, `object: text` each. */
  broken(rule: Rule): string[] {
    return brokenRules(this.placed, this.facts, this.rendered)
      .filter((broken) => broken.rule === rule)
      .map(({ object, text }) => `${object}: ${text}`);
  }
}

/** A bad manifest: what somebody did to a sound studio, and all that the rule says of it. */
export type BadManifest = readonly [
  what: string,
  spoil: (studio: SpoiltStudio) => void,
  says: string | readonly string[],
];

/** A rule refuses each bad manifest, for what is wrong with it and nothing else, and lets the sound studio be. */
export function refuses(rule: Rule, bad: readonly BadManifest[]): void {
  const spoilt = bad.map(([what, spoil, says]) => ({ what, spoil, says: typeof says === 'string' ? [says] : says }));
  describe(`the rule ${rule.name}`, () => {
    test('has nothing to say of a sound studio', () => {
      expect(new SpoiltStudio().broken(rule)).toEqual([]);
    });

    test.each(spoilt)('refuses $what', ({ spoil, says }) => {
      const studio = new SpoiltStudio();
      spoil(studio);
      expect(studio.broken(rule)).toEqual(says);
    });
  });
}

/** A rule lets something be that looks like what it refuses. */
export function lets(
  rule: Rule,
  sound: readonly (readonly [what: string, change: (studio: SpoiltStudio) => void])[],
): void {
  test.each(sound)(`the rule ${rule.name} lets be %s`, (_, change) => {
    const studio = new SpoiltStudio();
    change(studio);
    expect(studio.broken(rule)).toEqual([]);
  });
}

/** A workload of any kind with one pod that every rule lets be, for tests to spoil. */
export function workload(kind: string, name = 'junjo-ai-studio-extra'): Manifest {
  const labels = {
    'app.kubernetes.io/name': 'junjo-ai-studio',
    'app.kubernetes.io/instance': 'junjo-ai-studio',
    'app.kubernetes.io/component': 'extra',
    'app.kubernetes.io/part-of': 'junjo-ai-studio',
    'app.kubernetes.io/managed-by': 'cdk8s',
  };
  const batch = kind === 'Job' || kind === 'CronJob';
  const probe = { httpGet: { path: '/', port: 'http' } };
  const pod = {
    metadata: { labels: { ...labels } },
    spec: {
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      ...(batch && { restartPolicy: 'Never' }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        fsGroup: 1000,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'extra',
          image: 'registry.example.com/extra:1.0',
          ...(!batch && { ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] }),
          ...(!batch && { readinessProbe: { ...probe }, livenessProbe: { ...probe } }),
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '32Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
          },
        },
      ],
    },
  };
  const metadata = { name, namespace: 'junjo-ai-studio', labels };
  const selector = {
    matchLabels: {
      'app.kubernetes.io/name': 'junjo-ai-studio',
      'app.kubernetes.io/component': 'extra',
    },
  };
  switch (kind) {
    case 'Pod':
      return { apiVersion: 'v1', kind, metadata, spec: pod.spec };
    case 'Job':
      return { apiVersion: 'batch/v1', kind, metadata, spec: { template: pod } };
    case 'CronJob':
      return {
        apiVersion: 'batch/v1',
        kind,
        metadata,
        spec: { schedule: '0 3 * * *', concurrencyPolicy: 'Forbid', jobTemplate: { spec: { template: pod } } },
      };
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'ReplicaSet':
      return { apiVersion: 'apps/v1', kind, metadata, spec: { selector, template: pod } };
    default:
      return {
        apiVersion: 'example.com/v1',
        kind,
        metadata,
        spec: { selector, deeply: { nested: [{ template: pod }] } },
      };
  }
}
