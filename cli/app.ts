import { render, write } from '../main';
import { type Command, tell } from './command';
import { type StudioOptions, selected, studioOptions } from './studio-options';

/**
 * What `app` of a cdk8s.yaml calls. The cdk8s command has emptied the output folder by then, whatever the env files hold;
 * with an error among them nothing is written, so that nothing half-right is applied.
 */
export const app: Command<StudioOptions> = {
  name: 'app',
  summary: 'Render as the app of a cdk8s.yaml, for npx cdk8s synth',
  options: studioOptions,
  examples: [['app', "writes into the folder that the cdk8s command names in CDK8S_OUTDIR, or into 'dist'"]],
  run: async (options, io) => {
    const rendering = render(selected(options, io), io.environment);
    const exit = tell(rendering, {}, io);
    if (exit === 0) write(rendering, io.environment.CDK8S_OUTDIR ?? 'dist');
    return exit;
  },
};
