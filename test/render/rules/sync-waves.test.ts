import { syncWaves } from '../../../render/rules/sync-waves';
import { refuses } from '../../support/rules';

refuses(syncWaves, [
  [
    'a claim in an earlier wave than its pods',
    (s) => {
      s.get('PersistentVolumeClaim', 'data').metadata.annotations['argocd.argoproj.io/sync-wave'] = '-1';
    },
    'PersistentVolumeClaim junjo-ai-studio-data: has a sync wave',
  ],
  [
    'pods in a later one',
    (s) => {
      s.get('Deployment', 'backend').metadata.annotations = { 'argocd.argoproj.io/sync-wave': '1' };
    },
    'Deployment junjo-ai-studio-backend: has a sync wave',
  ],
]);
