import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { workloadNames } from '../config/names';
import type { FrontendPorts } from '../releases';
import { annotated, objectMeta, selectorLabels } from './metadata';
import { type ComponentProps, containerDefaults, workloadMeta } from './pod/component';
import { digest } from './pod/digest';
import { environment } from './pod/environment';
import { podDefaults, podMeta } from './pod/pod';
import { resources } from './pod/resources';
import { mountedSources } from './pod/sources';
import { writableFolders } from './pod/volumes';
import { localService, servicePort } from './service';
import { FRONTEND_CONFIG_KEY, frontendConfig, frontendConfigName } from './settings';

/** What the frontend has beyond the others: replicas, and the file that names the API. */
export interface FrontendChartProps extends ComponentProps {
  readonly ports: FrontendPorts;
  /** File of the image that holds the address of the API. */
  readonly configPath: string;
  /** Address at which browsers call the API. */
  readonly apiUrl: string;
  readonly replicas: number;
  /** Publishes the UI on localhost, for a studio without an edge. */
  readonly onLocalhost: boolean;
  /** What the controller of the edge reads on the Service. */
  readonly serviceAnnotations: Readonly<Record<string, string>>;
}

/** Ports below this one need a capability, unless a sysctl of the pod lowers the limit. */
const FIRST_UNPRIVILEGED_PORT = 1024;

// kube-linter reads these on the object whose check they silence: pkg/ignore/ignore.go of stackrox/kube-linter.

/** Its list of unsafe sysctls has all that begin with `net.` (pkg/builtinchecks/yamls/sysctls.yaml). */
const SAFE_SYSCTL = {
  'ignore-check.kube-linter.io/unsafe-sysctls':
    'net.ipv4.ip_unprivileged_port_start is one of the safe sysctls of Kubernetes, and replaces a capability',
};

/** It looks for podAntiAffinity alone (pkg/templates/antiaffinity/template.go). */
const SPREAD = {
  'ignore-check.kube-linter.io/no-anti-affinity': 'topologySpreadConstraints spread the pods over the nodes',
};

/** The UI: static files, as many pods as wanted. */
export class FrontendChart extends Chart {
  constructor(scope: Construct, id: string, props: FrontendChartProps) {
    super(scope, id);
    const name = workloadNames.frontend;
    const { container: port } = props.ports;
    const folders = writableFolders(props);
    const sources = mountedSources(props);
    const defaults = podDefaults(props);
    const health = { httpGet: { path: '/', port: k8s.IntOrString.fromString('http') }, timeoutSeconds: 5 };
    // Vite serves the development image from its source tree and knows the API on localhost by itself.
    const ownConfig = props.imageTarget === 'production';
    const volumes: k8s.Volume[] = [
      ...(ownConfig ? [{ name: 'config', configMap: { name: frontendConfigName } }] : []),
      ...folders.volumes,
      ...sources.volumes,
    ];
    const mounts: k8s.VolumeMount[] = [
      ...(ownConfig
        ? [{ name: 'config', mountPath: props.configPath, subPath: FRONTEND_CONFIG_KEY, readOnly: true }]
        : []),
      ...folders.mounts,
      ...sources.mounts,
    ];

    new k8s.KubeDeployment(this, 'deployment', {
      metadata: annotated(workloadMeta(props, name, 'frontend'), {
        ...(port < FIRST_UNPRIVILEGED_PORT && SAFE_SYSCTL),
        ...(props.replicas > 1 && SPREAD),
      }),
      spec: {
        replicas: props.replicas,
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: {
            maxSurge: k8s.IntOrString.fromNumber(1),
            maxUnavailable: k8s.IntOrString.fromNumber(0),
          },
        },
        selector: { matchLabels: selectorLabels('frontend') },
        template: {
          metadata: podMeta(props, {
            component: 'frontend',
            digests: {
              'checksum/settings': digest({ ...props.settings, ...(ownConfig && frontendConfig(props.apiUrl)) }),
            },
          }),
          spec: {
            ...defaults,
            securityContext: {
              ...defaults.securityContext,
              // A safe sysctl of the pod's own network namespace, in place of CAP_NET_BIND_SERVICE.
              ...(port < FIRST_UNPRIVILEGED_PORT && {
                sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: String(port) }],
              }),
            },
            ...(props.replicas > 1 && {
              topologySpreadConstraints: [
                {
                  maxSkew: 1,
                  topologyKey: 'kubernetes.io/hostname',
                  whenUnsatisfiable: 'ScheduleAnyway',
                  labelSelector: { matchLabels: selectorLabels('frontend') },
                },
              ],
            }),
            terminationGracePeriodSeconds: 30,
            ...(sources.initContainers.length > 0 && { initContainers: sources.initContainers }),
            containers: [
              {
                ...containerDefaults(props, 'frontend'),
                env: environment(props.fixedEnvironment),
                ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }],
                startupProbe: { ...health, periodSeconds: 2, failureThreshold: 60 },
                readinessProbe: { ...health, periodSeconds: 10, failureThreshold: 3 },
                livenessProbe: { ...health, periodSeconds: 20, failureThreshold: 3 },
                // Requests arrive until every node has removed the pod from its endpoints. Without the wait they are refused.
                lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } },
                resources: resources(10, props.memory),
                // The API server drops an empty list.
                ...(mounts.length > 0 && { volumeMounts: mounts }),
              },
            ],
            ...(volumes.length > 0 && { volumes }),
          },
        },
      },
    });

    new k8s.KubeService(this, 'service', {
      metadata: annotated(objectMeta(props, name, 'frontend'), props.serviceAnnotations),
      spec: {
        ...(props.onLocalhost ? localService : { type: 'ClusterIP' }),
        selector: selectorLabels('frontend'),
        ports: props.ports.published.map((published, index) =>
          servicePort(index === 0 ? 'http' : `http-${published}`, published, port),
        ),
      },
    });

    if (props.replicas > 1) {
      new k8s.KubePodDisruptionBudget(this, 'disruption-budget', {
        metadata: objectMeta(props, name, 'frontend'),
        spec: {
          maxUnavailable: k8s.IntOrString.fromNumber(1),
          selector: { matchLabels: selectorLabels('frontend') },
          // By default a drain waits for pods that run and never become ready.
          unhealthyPodEvictionPolicy: 'AlwaysAllow',
        },
      });
    }
  }
}
