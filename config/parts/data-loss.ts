import { losingSteps, moveOf, type ReleaseLine, stepName } from '../../releases';
import { howToRun } from '../how-to-run';
import type { Built, Problem } from '../problems';
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
  return { value: [step], problems: [problemOf(step, values, line, lines)] };
}

function problemOf(step: string, values: Values, line: ReleaseLine, lines: readonly ReleaseLine[]): Problem {
  const from = lines.find((each) => stepName(each, line) === step);
  if (from && moveOf(from, line) === 'refused') {
    return values.error(
      SETTING,
      `${line.name} does not start on the database of users of ${from.name}, and no setting changes that. Remove the line. When it is applied, ${howToRun('set-aside')} keeps the data and lets ${line.name} start with an empty volume`,
    );
  }
  const steps = losingSteps(line, lines);
  return steps.includes(step)
    ? values.warning(
        SETTING,
        `lets ${line.name} start on a volume of which it does not read or understand all spans. Remove the line when it has started`,
      )
    : values.error(
        SETTING,
        `${step} is not a step to release line ${line.name} that loses anything${steps.length > 0 ? ` (${listed(steps)} would)` : ''}. Remove the line, or write the step that the backend's container upgrade-guard names`,
      );
}
