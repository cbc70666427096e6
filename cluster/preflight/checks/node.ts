import { conditionOf } from '../../../render/manifest';
import { type Check, error, ok } from '../check';
import { nodesOf } from '../node-storage';

/** The nodes whose folders hold the data. */
export const node: Check = {
  name: 'node',
  *results(studio, cluster) {
    if (!cluster.canRead('nodes')) return;
    for (const name of nodesOf(studio)) {
      const found = cluster.named('Node', name);
      const names = cluster.ofKind('Node').map(({ metadata }) => metadata.name);
      if (!found) yield error(`there is no node ${name}`, `set JUNJO_K8S_NODE to one of ${names.join(', ')}`);
      else if (conditionOf(found, 'Ready')?.status !== 'True')
        yield error(`the node ${name} is not ready`, `kubectl describe node ${name}`);
      else if (found.spec?.unschedulable) yield error(`the node ${name} is cordoned`, `kubectl uncordon ${name}`);
      else yield ok(`the node ${name} is ready`);
    }
  },
};
