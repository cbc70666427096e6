import { firstUserSteps } from '../../cluster/first-user';
import { Kubectl } from '../../cluster/kubectl';
import { howToRun, page } from '../../config/how-to-run';
import { workloadNames } from '../../config/names';
import type { RenderedStudio } from '../../main';
import { partsOf } from './parts';

const NEEDS_ONLY = 'A studio that has a user needs only this:';

/**
 * What a person runs after a rendering: the commands that apply the studios. One that is reached from outside gets its first user
 * before its edge opens.
 * @param placeOf folder of a studio in the output
 * @param all commands that apply whole studios
 */
export function nextSteps(
  studios: readonly RenderedStudio[],
  placeOf: (studio: RenderedStudio) => string,
  all: readonly string[],
): readonly string[] {
  const only = studios.find(({ config: { edge } }) => edge);
  if (!only) return all;
  const { namespace, line, git } = only.config;
  if (studios.length > 1 || git) {
    const heading = git ? 'With Argo CD or Flux' : 'Create the first user';
    const first = `Create the first user before you open the edge. See ${page('docs/apply.md', heading)}`;
    return [first, NEEDS_ONLY, ...all];
  }
  const [kubectl, own] = [new Kubectl(), new Kubectl({ namespace })];
  const { foundation, studio } = partsOf(placeOf(only), only.manifests);
  const place = placeOf(only) === 'dist' ? [] : [placeOf(only)];
  return [
    ...[foundation, studio].filter((args) => args.length > 0).map((args) => `  ${kubectl.commandLine(args)}`),
    `  ${own.commandLine(['rollout', 'status', `deployment/${workloadNames.backend}`])}`,
    ...firstUserSteps(own, line.api),
    `Then open the edge. ${NEEDS_ONLY}`,
    ...all,
    `Or let one command do all this: ${howToRun('apply', ...place)}`,
  ];
}
