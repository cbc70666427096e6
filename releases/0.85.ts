import { release083 } from './0.83';
import { noLlmKeys } from './common';
import type { ReleaseLine } from './release-line';

/** 0.83 with the telemetry of a newer SDK: workflows that an older one sent are not understood. */
export const release085: ReleaseLine = {
  ...release083,
  name: '0.85',
  tags: ['0.85.0'],
  released: { '0.85.0': '2026-09-20' },
  sdk: { '0.85.0': '0.69.0' },
  perhapsUnread: undefined,
  fewerReaders: { ...release083.fewerReaders, ...noLlmKeys },
  stores: { ...release083.stores, since: '0.85.0', telemetryContract: 3 },
};
