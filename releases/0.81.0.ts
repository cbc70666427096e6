import { release080 } from './0.80';
import { parquetVariables, queryVariables, writableWithSpill } from './common';
import type { ReleaseLine } from './release-line';

/** 0.80 with queries that spill to disk; the only tag of 0.81 with the old ports and no health service. */
export const release0810: ReleaseLine = {
  ...release080,
  name: '0.81.0',
  tags: ['0.81.0'],
  released: { '0.81.0': '2026-02-14' },
  sdk: { '0.81.0': '0.61.1' },
  variables: [...parquetVariables, ...queryVariables],
  writable: writableWithSpill,
};
