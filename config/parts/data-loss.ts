import { losingSteps, type ReleaseLine } from '../../releases';
import type { Built } from '../problems';
import { listed } from '../text';
import type { Values } from '../values';

const SETTING = 'JUNJO_K8S_ACCEPT_DATA_LOSS';

/** The step between lines that may lose spans: one that ends at this release, or what is accepted is another thing. */
export function acceptedLossesOf(
  values: Values,
  line: ReleaseLine,
  lines: readonly ReleaseLine[],
): Built<readonly string[]> {
  const step = values.inEffect(SETTING);
  if (step === undefined) return { value: [], problems: [] };
  const steps = losingSteps(line, lines);
  const problem = steps.includes(step)
    ? values.warning(
        SETTING,
        `lets ${line.name} start on a volume whose spans it does not read. Remove the line when it has started`,
      )
    : values.error(
        SETTING,
        `${step} is not a step to release line ${line.name} that loses anything (${listed(steps)} would). Remove the line, or write the step that the backend's container upgrade-guard names`,
      );
  return { value: [step], problems: [problem] };
}
