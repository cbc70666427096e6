import { release082 } from './0.82';
import { drainingIngestion, noLlmKeys } from './common';
import type { ReleaseLine } from './release-line';

/**
 * 0.82 with another database of users, and an ingestion that handles SIGTERM. The playground is gone from here on: upstream
 * removed it before 0.85.0, in which of the releases is not known.
 */
export const release083: ReleaseLine = {
  ...release082,
  name: '0.83',
  tags: ['0.83.0'],
  released: {},
  sdk: { '0.83.0': '0.67.0' },
  fewerReaders: { ...release082.fewerReaders, ...noLlmKeys },
  ingestion: { ...release082.ingestion, ...drainingIngestion },
  stores: { ...release082.stores, since: '0.83.0', usersSchema: { alembic: 'eec3757c7c24' } },
};
