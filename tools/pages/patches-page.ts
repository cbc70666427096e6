import { rules } from '../../render/rules';
import { type Parts, table } from './page';

/** The rules for every rendering: the generated part of `docs/patches.md`. */
export function patchesPage(): Parts {
  const rows = rules.map(({ name, asks, reason, source }) => [`[\`${name}\`](${source})`, asks, reason]);
  return { rules: table(['rule', 'what it requires', 'because'], rows) };
}
