import { release082 } from './0.82';
import { drainingIngestion, noLlmKeys } from './common';
import type { ReleaseLine } from './release-line';

/**
 * 0.82 with another database of users, and an ingestion that handles SIGTERM. Upstream removed the playground by 0.85.0, in which
 * release is not known, so that the backend here gets what a playground reads. How it reloads is not known either: as 0.82 does, the newest
 * release whose compose.yaml with a backend in Python was read.
 */
export const release083: ReleaseLine = {
  ...release082,
  name: '0.83',
  tags: ['0.83.0'],
  released: {},
  perhapsUnread: Object.keys(noLlmKeys),
  sdk: { '0.83.0': '0.67.0' },
  ingestion: { ...release082.ingestion, ...drainingIngestion },
  stores: { ...release082.stores, since: '0.83.0', usersSchema: { alembic: 'eec3757c7c24' } },
};
