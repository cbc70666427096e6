import { losingSteps, moveOf, type ReleaseLine, stepName } from '../../releases';
import { howToRun } from '../how-to-run';
import type { Built, Problem } from '../problems';
import { listed } from '../text';
import type { Values } from '../values';

const SETTING = 'JUNJO_K8S_ACCEPT_DATA_LOSS';

/** The accepted step between lines that may lose spans. It must end at this release. */
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
      `${line.name} does not start on the user database of ${from.name}, and no setting changes that. Remove the line. After you apply, run ${howToRun('set-aside')} to keep the data and start ${line.name} with an empty volume`,
    );
  }
  const steps = losingSteps(line, lines);
  return steps.includes(step)
    ? values.warning(
        SETTING,
        `lets ${line.name} start on a volume with spans that it cannot read or understand. Remove the line after it has started`,
      )
    : values.error(
        SETTING,
        `${step} is not a step to release line ${line.name} that loses data${steps.length > 0 ? ` (${listed(steps)} would)` : ''}. Remove the line, or write the step that the container upgrade-guard prints`,
      );
}
