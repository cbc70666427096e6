import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { type Synthesized, synth } from '../main';
import { initEnv } from './init-env';

const OUTPUT = 'dist';

// Beside the output, so that the swap is two renames on one file system.
const fresh = mkdtempSync('.dist-');
const retired = `${fresh}-old`;
process.on('exit', () => {
  rmSync(fresh, { recursive: true, force: true });
  rmSync(retired, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

if (!process.env.JUNJO_ENV_FILES && initEnv('.env')) {
  console.log('Wrote .env: a studio on localhost, with fresh secrets.\n');
}
const studio = synth(process.env, fresh);
if (studio) {
  chmodSync(fresh, 0o755);
  if (existsSync(OUTPUT)) renameSync(OUTPUT, retired);
  renameSync(fresh, OUTPUT);
  console.log(summary(studio));
} else {
  process.exitCode = 1;
}

function summary({ config, files }: Synthesized): string {
  const { namespace, environment, tag } = config;
  const [uiPort] = config.line.ports.frontend[config.imageTarget].published;
  const open =
    environment === 'development'
      ? [`Then open http://localhost:${uiPort}. If your cluster puts no load balancer on localhost: npm run forward`]
      : [];
  return [
    `Rendered Junjo AI Studio ${tag} (${environment}) for the namespace ${namespace}:`,
    ...files.map((file) => `  ${OUTPUT}/${file}`),
    '',
    'Next:',
    `  kubectl apply -f ${OUTPUT}/foundation -f ${OUTPUT}/`,
    ...open,
  ].join('\n');
}
