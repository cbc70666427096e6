import type { Cause } from '../cause';
import { crashes } from '../crashes';
import { ofWorkload } from '../pods';

/** From here on a volume fills faster than a person looks. */
const FULL = 0.85;

/** The volume has no room, or soon has none. */
export const volumeFull: Cause = {
  name: 'volume-full',
  *findings(state) {
    const fix =
      'set a larger JUNJO_K8S_STORAGE_SIZE, synth and apply (the class must allow it); else backup, new claim, restore';
    for (const crash of crashes(state)) {
      if (/no space left on device|ENOSPC|database or disk is full|disk quota exceeded/i.test(crash.log))
        yield ofWorkload(crash.workload, 'its volume is full', fix);
    }
    for (const [claim, { usedBytes, capacityBytes }] of state.volumes) {
      const share = usedBytes / capacityBytes;
      if (share < FULL) continue;
      yield { severity: 'warning', subject: `claim ${claim}`, text: `is ${Math.round(share * 100)} % full`, fix };
    }
  },
};
