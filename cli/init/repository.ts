import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { assignment } from '../../config/env-file-edit';
import { name as packageName, version } from '../../package.json';

/** A file of a repository that is made. */
export interface RepositoryFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

/** What a file of this project holds; the bundle has the text in the place of the call. */
function textOf(path: string): string {
  return readFileSync(join(__dirname, path), 'utf8');
}

const IGNORED = `node_modules/

# No secret is committed: neither in env files, nor rendered.
.env
*.env
!studio.env
!studios/*.env
*secrets.k8s.yaml

# What docker --config . login writes for a pull secret.
/config.json

# What is written before it takes the place of dist/, or of a file.
.dist-*/
.new-*
`;

/** The settings that a repository begins with; secrets come from elsewhere. */
const DEFAULTS = { JUNJO_ENV: 'production', JUNJO_BUILD_TARGET: 'production', JUNJO_K8S_SECRETS: 'existing' };

/** The files of a GitOps repository: settings in, manifests out, and what checks that the one is made of the other. */
export function repositoryFiles(folder: string, settings: Readonly<Record<string, string>>): readonly RepositoryFile[] {
  const manifest = {
    name: basename(resolve(folder))
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, ''),
    private: true,
    // Not --env-file, which Node.js takes for an option of its own, too, and reads by other rules than compose.
    scripts: {
      synth: 'junjo-k8s synth -e studio.env',
      validate: 'junjo-k8s validate',
      forward: 'junjo-k8s forward dist',
    },
    devDependencies: { [packageName]: version },
  };
  const lines = Object.entries({ ...DEFAULTS, ...settings }).map(([name, value]) => assignment(name, value));
  return [
    { path: 'package.json', text: `${JSON.stringify(manifest, undefined, 2)}\n` },
    { path: '.gitignore', text: IGNORED },
    { path: 'studio.env', text: `# This file is committed: no secret belongs here.\n${lines.join('\n')}\n` },
    { path: '.github/workflows/manifests.yml', text: textOf('../../.github/workflows/manifests.yml') },
  ];
}
