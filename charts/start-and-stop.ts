import type { k8s } from 'cdk8s-plus-27';
import { internalServiceNames } from '../config/names';
import type { ReleaseLine } from '../releases';
import { type ComponentProps, containerDefaults } from './pod/component';
import { resources } from './pod/resources';
import { SPANS_PROXY_SHUTDOWN_SECONDS } from './spans-proxy';

/** Seconds that the kubelet may need between the end of the hook and the kill. */
const SLACK_SECONDS = 4;

/**
 * How ingestion stops. A release that handles SIGTERM gets the time that it drains for. One that ignores it is killed, after
 * it has written what it acknowledged last: the proxy gets its signal when the hook starts, takes no new connection from
 * then on, and has closed all others within SPANS_PROXY_SHUTDOWN_SECONDS. To accept spans for longer would help nobody: the
 * next pod starts only when this one is gone.
 */
export function stopIngestion({ stop, unwrittenSeconds }: ReleaseLine['ingestion']): {
  readonly terminationGracePeriodSeconds: number;
  readonly lifecycle?: k8s.Lifecycle;
} {
  if (stop !== 'ignores SIGTERM') return { terminationGracePeriodSeconds: stop.drainSeconds };
  const seconds = SPANS_PROXY_SHUTDOWN_SECONDS + unwrittenSeconds;
  return {
    terminationGracePeriodSeconds: seconds + SLACK_SECONDS,
    // Not the kubelet's own `sleep`, which Kubernetes 1.27 and 1.28 do not know.
    lifecycle: { preStop: { exec: { command: ['sleep', String(seconds)] } } },
  };
}

/** Starts ingestion only when the backend can check API keys: before that, it would refuse spans, which are then lost. */
export function waitForBackend(props: ComponentProps, apiKeysPort: number): k8s.Container {
  const { image, imagePullPolicy, securityContext } = containerDefaults(props, 'ingestion');
  const address = `/dev/tcp/${internalServiceNames.backend}/${apiKeysPort}`;
  return {
    name: 'wait-for-backend',
    image,
    imagePullPolicy,
    // The image is Debian's, whose bash opens connections by itself. Without the trap, the kernel keeps SIGTERM from PID 1.
    command: [
      'bash',
      '-c',
      `trap 'exit 143' TERM; until timeout 2 bash -c '< ${address}' 2> /dev/null; do echo 'waiting for the backend'; sleep 1; done`,
    ],
    // The scheduler counts the largest container of the pod, which is another one.
    resources: resources(10, { requestMi: 16, limitMi: 32 }),
    securityContext,
  };
}
