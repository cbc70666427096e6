import { release070 } from './0.70';
import { common, nginxWritable, parquetEnvironment, parquetVariables } from './common';
import type { ReleaseLine } from './release-line';

/** SQLite twice in the backend; spans as Arrow and Parquet files that ingestion writes and the backend reads. */
export const release080: ReleaseLine = {
  ...common,
  name: '0.80',
  tags: ['0.80.0', '0.81.0'],
  ports: release070.ports,
  environment: parquetEnvironment,
  variables: parquetVariables,
  writable: {
    backend: [{ path: '/tmp', sizeLimitMi: 512 }],
    ingestion: [{ path: '/tmp', sizeLimitMi: 64 }],
    frontend: nginxWritable,
  },
};
