import { serviceAccountToken } from '../../../render/rules/service-account-token';
import { serviceLinks } from '../../../render/rules/service-links';
import { lets, refuses } from '../../support/rules';

refuses(serviceLinks, [
  [
    'links by default',
    (s) => delete s.pod('backend').enableServiceLinks,
    'Deployment junjo-ai-studio-backend: enableServiceLinks must be false',
  ],
  [
    'links',
    (s) => Object.assign(s.pod('frontend'), { enableServiceLinks: true }),
    'Deployment junjo-ai-studio-frontend: enableServiceLinks must be false',
  ],
]);

refuses(serviceAccountToken, [
  [
    'a token by default',
    (s) => delete s.pod('backend').automountServiceAccountToken,
    'Deployment junjo-ai-studio-backend: automountServiceAccountToken must be false',
  ],
  [
    'a token',
    (s) => Object.assign(s.pod('ingestion'), { automountServiceAccountToken: true }),
    'Deployment junjo-ai-studio-ingestion: automountServiceAccountToken must be false',
  ],
  [
    'a token by way of a volume',
    (s) =>
      s
        .pod('backend')
        .volumes.push({ name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }),
    'Deployment junjo-ai-studio-backend: the volume token contains a token of the API server',
  ],
]);

lets(serviceAccountToken, [
  [
    'other projected volumes',
    (s) => s.pod('backend').volumes.push({ name: 'info', projected: { sources: [{ downwardAPI: {} }] } }),
  ],
]);
