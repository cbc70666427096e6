import { release083 } from './0.83';
import type { ReleaseLine } from './release-line';

/** 0.83 as far as anybody has seen: upstream prepared 0.84.1. That there was a 0.84.0 is not known. */
export const release084: ReleaseLine = {
  ...release083,
  name: '0.84',
  tags: ['0.84.1'],
  unproven: { '0.84.1': 'was prepared by upstream, but no published image of it was ever seen' },
  sdk: {},
};
