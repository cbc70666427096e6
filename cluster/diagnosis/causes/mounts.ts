import type { Cause } from '../cause';
import { ofWorkload, troubledPods, unmounted, unpreparedEvents } from '../pods';

export const mountCauses: readonly Cause[] = [
  // The storage still has the volume attached to another node.
  {
    name: 'volume-multi-attach',
    *findings(state) {
      for (const { workload, message } of unmounted(state)) {
        if (!/Multi-Attach|already (used|exclusively attached)/i.test(message)) continue;
        yield ofWorkload(
          workload,
          'its volume is still attached to another node. Kubernetes detaches it about six minutes after that node fails',
          `wait. If that node is gone for good: kubectl delete node <node>; else ${state.kubectl} get pods -o wide shows who holds it`,
        );
      }
    },
  },
  // The folder of the node that holds the data is not there.
  {
    name: 'volume-path-missing',
    *findings(state) {
      for (const { workload, message } of unmounted(state)) {
        const path =
          /hostPath type check failed: (\S+)/.exec(message)?.[1] ?? /path "([^"]+)" does not exist/.exec(message)?.[1];
        if (!path) continue;
        yield ofWorkload(
          workload,
          `the folder ${path} is not on its node`,
          `correct JUNJO_HOST_DB_DATA_PATH or JUNJO_K8S_NODE, or on the node: mkdir -p ${path}`,
        );
      }
    },
  },
  // A Secret or ConfigMap that is mounted as files does not exist, or lacks a key.
  {
    name: 'mount-source-missing',
    *findings(state) {
      for (const { workload, message } of unmounted(state)) {
        const [, kind, name] = /(configmap|secret) "([^"]+)" not found/i.exec(message) ?? [];
        const keys = /references non-existent (?:secret|config) key: (\S+)/i.exec(message)?.[1];
        if (!name && !keys) continue;
        const what = name
          ? `the ${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${name} does not exist`
          : `a mounted key does not exist: ${keys}`;
        yield ofWorkload(
          workload,
          what,
          'kubectl apply -f dist/; a Secret of somebody else comes from where JUNJO_K8S_SECRETS says',
        );
      }
    },
  },
  // Any other reason why a volume cannot be mounted.
  {
    name: 'mount-failed',
    *findings(state) {
      for (const { workload, message } of unmounted(state)) {
        yield ofWorkload(
          workload,
          `a volume cannot be mounted: ${message}`,
          `${state.kubectl} describe pods | grep -B2 -A4 Failed`,
        );
      }
    },
  },
  // The node cannot set up the pod sandbox, usually because of its network plugin.
  {
    name: 'sandbox-failed',
    *findings(state) {
      for (const { workload, pod } of troubledPods(state)) {
        const [event] = unpreparedEvents(state, pod)
          .filter(({ reason }) => reason === 'FailedCreatePodSandBox')
          .slice(-1);
        if (!event) continue;
        yield ofWorkload(
          workload,
          `its node cannot set up its network: ${event.message}`,
          'kubectl -n kube-system get pods -o wide: is the network plugin of that node well?',
        );
      }
    },
  },
];
