import { conditionOf } from '../../diagnosis';
import { type Check, fail, ok } from '../check';

/** The node whose folder holds the data. */
export const node: Check = {
  name: 'node',
  *results({ config }, cluster) {
    const { storage } = config;
    if (storage.kind !== 'node' || !cluster.canRead('nodes')) return;
    const found = cluster.named('Node', storage.node);
    const names = cluster.ofKind('Node').map(({ metadata }) => metadata.name);
    if (!found) yield fail(`there is no node ${storage.node}`, `set JUNJO_K8S_NODE to one of ${names.join(', ')}`);
    else if (conditionOf(found, 'Ready')?.status !== 'True')
      yield fail(`the node ${storage.node} is not ready`, `kubectl describe node ${storage.node}`);
    else if (found.spec?.unschedulable)
      yield fail(`the node ${storage.node} is cordoned`, `kubectl uncordon ${storage.node}`);
    else yield ok(`the node ${storage.node} is ready`);
  },
};
