import { render } from '../main';

// For whoever reads manifests from a pipe, such as Argo CD's config management plugin: nothing but YAML on stdout.
const rendering = render(process.env);
if (rendering) {
  const files = rendering.files.filter(({ path }) => !path.startsWith('argocd/') && !path.includes('/argocd/'));
  const inOrder = [...files].sort((a, b) => Number(isFoundation(b.path)) - Number(isFoundation(a.path)));
  process.stdout.write(inOrder.map(({ text }) => `---\n${text}`).join(''));
} else {
  process.exitCode = 1;
}

/** The namespace comes before what lies in it. */
function isFoundation(path: string): boolean {
  return path.split('/').includes('foundation');
}
