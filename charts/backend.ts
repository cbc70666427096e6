import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { workloadNames } from '../config/names';
import type { Image } from '../config/studio-config';
import {
  API_GUARD_PORT,
  type ApiGuardProps,
  addApiGuard,
  apiGuardConfig,
  apiGuardContainer,
  apiGuardVolumes,
} from './api-guard';
import { annotated, objectMeta, selectorLabels } from './metadata';
import {
  containerDefaults,
  type StatefulComponentProps,
  singleWriter,
  statefulMeta,
  statefulPodMeta,
  statefulVolumes,
} from './pod/component';
import { digest } from './pod/digest';
import { environment } from './pod/environment';
import { besideTheVolume } from './pod/placement';
import { podDefaults } from './pod/pod';
import { NODE_DISK_MI, resources } from './pod/resources';
import { mountedSources, PATIENCE, PATIENT_DEADLINE_SECONDS } from './pod/sources';
import { addInternalService, localService, servicePort } from './service';
import { upgradeGuardContainer, upgradeGuardVolumes } from './upgrade-guard';

/** What the backend has beyond ingestion: its two ports, one of them public. */
export interface BackendChartProps extends StatefulComponentProps {
  /** REST and UI API. */
  readonly httpPort: number;
  /** Validation of API keys, for ingestion only. */
  readonly internalGrpcPort: number;
  /** Publishes the API on localhost, for a studio without an edge. */
  readonly onLocalhost: boolean;
  /** The image in which the upgrade guard runs. */
  readonly toolsImage: Image;
  /** A guard that requires a sign-in before spans are shown. @default the API is reached as it is */
  readonly guard?: ApiGuardProps;
  /** Steps between release lines that may lose spans: a changed one rolls the pod, whose guard reads them. */
  readonly acceptedLosses: readonly string[];
  /** What the controller of the edge reads on the Service. */
  readonly serviceAnnotations: Readonly<Record<string, string>>;
}

/** API, users, API keys and span queries: one pod, because SQLite and DuckDB have one writer. */
export class BackendChart extends Chart {
  constructor(scope: Construct, id: string, props: BackendChartProps) {
    super(scope, id);
    const name = workloadNames.backend;
    const { volumes, mounts } = statefulVolumes(props);
    const { guard } = props;
    const { args, initContainers } = mountedSources(props);
    // Of the backend itself, not of the guard.
    const health = { httpGet: { path: '/health', port: k8s.IntOrString.fromString('http') }, timeoutSeconds: 5 };

    new k8s.KubeDeployment(this, 'deployment', {
      metadata: statefulMeta(props, name, 'backend'),
      spec: {
        ...singleWriter('backend'),
        // Longer than the startup probe, so that a long migration does not mark the rollout as failed.
        progressDeadlineSeconds: props.sources ? PATIENT_DEADLINE_SECONDS : 1200,
        template: {
          metadata: statefulPodMeta(props, 'backend', {
            ...(guard && { 'checksum/guard': digest(apiGuardConfig(guard)) }),
            ...(props.acceptedLosses.length > 0 && {
              'checksum/accepted': digest({ steps: props.acceptedLosses.join() }),
            }),
          }),
          spec: {
            ...podDefaults(props),
            affinity: besideTheVolume,
            // SQLite's checkpoint and DuckDB's close happen after SIGTERM.
            terminationGracePeriodSeconds: 90,
            initContainers: [upgradeGuardContainer(props, props.toolsImage), ...initContainers],
            containers: [
              {
                ...containerDefaults(props, 'backend'),
                ...(args && { args }),
                // HOME: the user has no entry in the image's passwd, and the public suffix list is cached below HOME.
                env: environment({ ...props.fixedEnvironment, HOME: '/tmp' }, props),
                ports: [
                  { name: 'http', containerPort: props.httpPort, protocol: 'TCP' },
                  { name: 'grpc-internal', containerPort: props.internalGrpcPort, protocol: 'TCP' },
                ],
                // Fifteen minutes: migrations run before the port opens.
                startupProbe: {
                  ...health,
                  periodSeconds: 5,
                  failureThreshold: 180,
                  ...(props.sources && PATIENCE.startupProbe),
                },
                readinessProbe: { ...health, periodSeconds: 10, failureThreshold: 3 },
                // Two minutes: a heavy query blocks the only process, which must not be killed for it.
                livenessProbe: {
                  ...health,
                  periodSeconds: 20,
                  failureThreshold: 6,
                  ...(props.sources && PATIENCE.livenessProbe),
                },
                resources: resources(100, props.memory, NODE_DISK_MI),
                volumeMounts: mounts,
              },
              ...(guard ? [apiGuardContainer(guard)] : []),
            ],
            volumes: [...volumes, ...upgradeGuardVolumes, ...(guard ? apiGuardVolumes : [])],
          },
        },
      },
    });

    new k8s.KubeService(this, 'service', {
      metadata: annotated(objectMeta(props, name, 'backend'), props.serviceAnnotations),
      spec: {
        ...(props.onLocalhost ? localService : { type: 'ClusterIP' }),
        selector: selectorLabels('backend'),
        ports: [servicePort('http', props.httpPort, guard ? API_GUARD_PORT : props.httpPort)],
      },
    });

    addInternalService(this, props, 'backend', props.internalGrpcPort);
    if (guard) addApiGuard(this, guard);
  }
}
