import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import type { Rendering } from '../charts/render';
import type { StudioConfig } from '../config/studio-config';
import { render, write } from '../main';
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

if (!process.env.JUNJO_ENV_FILES && !process.env.JUNJO_STUDIOS && initEnv('.env')) {
  console.log('Wrote .env: a studio on localhost, with fresh secrets.\n');
}
const rendering = render(process.env);
if (rendering) {
  write(rendering, fresh);
  chmodSync(fresh, 0o755);
  if (existsSync(OUTPUT)) renameSync(OUTPUT, retired);
  renameSync(fresh, OUTPUT);
  console.log(summary(rendering));
} else {
  process.exitCode = 1;
}

function summary({ studios, files }: Rendering): string {
  const rendered = studios.map(
    ({ tag, environment, namespace }) => `Junjo AI Studio ${tag} (${environment}) for the namespace ${namespace}`,
  );
  const folders = process.env.JUNJO_STUDIOS
    ? [...new Set(files.map(({ path }) => path.split('/')[0]))].filter((folder) => folder !== 'argocd')
    : undefined;
  const [only] = studios;
  return [
    ...(folders ? ['Rendered:', ...rendered.map((line) => `  ${line}`)] : [`Rendered ${rendered}:`]),
    ...(folders ? [] : files.map(({ path }) => `  ${OUTPUT}/${path}`)),
    '',
    'Next:',
    ...(folders?.map((folder) => `  kubectl apply -f ${OUTPUT}/${folder}/foundation -f ${OUTPUT}/${folder}/`) ?? [
      `  kubectl apply -f ${OUTPUT}/foundation -f ${OUTPUT}/`,
    ]),
    ...(studios.some(({ git }) => git) ? [`Or commit ${OUTPUT}/, and once: kubectl apply -f ${OUTPUT}/argocd`] : []),
    ...(!folders && only ? openLines(only) : []),
  ].join('\n');
}

function openLines({ environment, line, imageTarget }: StudioConfig): readonly string[] {
  const [uiPort] = line.ports.frontend[imageTarget].published;
  return environment === 'development'
    ? [`Then open http://localhost:${uiPort}. If your cluster puts no load balancer on localhost: npm run forward`]
    : [];
}
