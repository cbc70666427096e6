import type { Service } from '../releases';

/** Name of the studio unless `JUNJO_K8S_NAME` gives another. */
export const defaultStudioName = 'junjo-ai-studio';

/** Objects are called as the services of upstream's compose file; namespaces tell studios apart. */
export const workloadNames: Readonly<Record<Service, string>> = {
  backend: 'junjo-ai-studio-backend',
  ingestion: 'junjo-ai-studio-ingestion',
  frontend: 'junjo-ai-studio-frontend',
};

/** The Services of the gRPC ports that only the other of the two pods may reach; also their host names in the cluster. */
export const internalServiceNames = {
  backend: `${workloadNames.backend}-internal`,
  ingestion: `${workloadNames.ingestion}-internal`,
} as const;
