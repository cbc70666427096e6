import {
  common,
  impatientIngestion,
  nginxWritable,
  onlyBackendChoosesLogFormat,
  openApi,
  parquetEnvironment,
  parquetStores14,
  parquetVariables,
  ports1323,
  pythonReload1323,
  rustReload,
  viteReload,
} from './common';
import type { ReleaseLine } from './release-line';

/** SQLite twice in the backend; spans as Arrow and Parquet files that ingestion writes and the backend reads. */
export const release080: ReleaseLine = {
  ...common,
  name: '0.80',
  tags: ['0.80.0'],
  released: { '0.80.0': '2026-02-08' },
  sdk: { '0.80.0': '0.61.1' },
  ports: ports1323,
  hotReload: { backend: pythonReload1323, ingestion: rustReload, frontend: viteReload },
  environment: parquetEnvironment,
  variables: parquetVariables,
  fewerReaders: onlyBackendChoosesLogFormat,
  ingestion: { ...impatientIngestion, health: 'tcp' },
  api: openApi,
  stores: parquetStores14,
  writable: {
    backend: [{ path: '/tmp', sizeLimitMi: 512 }],
    ingestion: [{ path: '/tmp', sizeLimitMi: 64 }],
    frontend: nginxWritable,
  },
};
