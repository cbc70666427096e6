import { release083 } from './0.83';
import type { ReleaseLine } from './release-line';

/** Like 0.83, as far as is known. Upstream prepared 0.84.1. Whether 0.84.0 exists is not known. */
export const release084: ReleaseLine = {
  ...release083,
  name: '0.84',
  tags: ['0.84.1'],
  unproven: { '0.84.1': 'was prepared by upstream, but no published image of it is known' },
  sdk: {},
};
