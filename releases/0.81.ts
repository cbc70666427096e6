import {
  common,
  impatientIngestion,
  noBackendPort,
  openApi,
  parquetEnvironmentWithPorts,
  parquetStores14,
  parquetVariables,
  ports26154,
  pythonReload,
  queryVariables,
  rustReload,
  viteReload,
  writableWithSpill,
} from './common';
import type { ReleaseLine } from './release-line';

/** The stores of 0.80 behind other ports, with a health service. 0.81.4 was never deployed by upstream. */
export const release081: ReleaseLine = {
  ...common,
  name: '0.81',
  tags: ['0.81.1', '0.81.2', '0.81.3', '0.81.5'],
  released: { '0.81.1': '2026-07-09', '0.81.2': '2026-07-13', '0.81.3': '2026-07-13', '0.81.5': '2026-07-13' },
  ports: ports26154,
  hotReload: { backend: pythonReload, ingestion: rustReload, frontend: viteReload },
  environment: parquetEnvironmentWithPorts,
  variables: [...parquetVariables, ...queryVariables],
  fewerReaders: noBackendPort,
  ingestion: { ...impatientIngestion, health: 'grpc' },
  api: openApi,
  stores: parquetStores14,
  sdk: { '0.81.1': '0.63.0', '0.81.2': '0.63.0', '0.81.3': '0.63.0', '0.81.5': '0.63.0' },
  writable: writableWithSpill,
};
