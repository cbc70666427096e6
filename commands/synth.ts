import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { StudioConfig } from '../config/studio-config';
import { render, write } from '../main';
import type { Rendering } from '../render/render';
import { initEnv } from './init-env';
import {
  hasWorkload,
  LEFT_BEHIND,
  leftBehind,
  type ObjectReference,
  type OutputFile,
  removalScript,
} from './left-behind';

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
  // Argo CD prunes by itself, and a committed dist/ holds what its env files render and nothing else.
  const gone = rendering.studios.some(({ git }) => git) ? [] : leftBehind(outputFiles(OUTPUT), rendering.files);
  write(rendering, fresh);
  if (gone.length > 0) writeFileSync(join(fresh, LEFT_BEHIND), removalScript(gone));
  chmodSync(fresh, 0o755);
  if (existsSync(OUTPUT)) renameSync(OUTPUT, retired);
  renameSync(fresh, OUTPUT);
  console.log(summary(rendering, gone));
} else {
  process.exitCode = 1;
}

/** The files of an output folder, if there is one. */
function outputFiles(folder: string): readonly OutputFile[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return { path: relative(folder, path).split(sep).join('/'), text: readFileSync(path, 'utf8') };
  });
}

function removalLines(gone: readonly ObjectReference[]): readonly string[] {
  if (gone.length === 0) return [];
  const when = hasWorkload(gone) ? 'Before you apply' : 'After you applied';
  return [
    `${when}, remove what is no longer rendered (${gone.length} objects; kubectl apply leaves them): sh ${OUTPUT}/${LEFT_BEHIND}`,
  ];
}

function summary({ studios, files }: Rendering, gone: readonly ObjectReference[]): string {
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
    ...removalLines(gone),
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
