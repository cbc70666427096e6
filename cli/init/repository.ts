import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { assignment } from '../../config/env-file-edit';
import { name as packageName } from '../../package.json';

/** A file of a new repository. */
export interface RepositoryFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

/** The text of a file of this project. In the bundle, the text replaces the call. */
function textOf(path: string): string {
  return readFileSync(join(__dirname, path), 'utf8');
}

const IGNORED = `node_modules/

# Files with secrets: env files, and rendered Secrets.
.env
*.env
!studio.env
!studios/*.env
*secrets.k8s.yaml

# The credentials that docker --config . login writes for a pull secret.
/config.json

# Temporary files of synth.
.dist-*/
.new-*
`;

/** The settings of a new repository. Its secrets come from elsewhere. */
const DEFAULTS = { JUNJO_ENV: 'production', JUNJO_BUILD_TARGET: 'production', JUNJO_K8S_SECRETS: 'existing' };

/**
 * The files of a GitOps repository: the settings, a package that renders them, and a workflow that checks the result.
 * @param spec what package.json says about the package
 */
export function repositoryFiles(
  folder: string,
  settings: Readonly<Record<string, string>>,
  spec: string,
): readonly RepositoryFile[] {
  const manifest = {
    name: basename(resolve(folder))
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, ''),
    private: true,
    // Not --env-file: Node.js also takes that option, and reads the file by other rules than compose.
    scripts: {
      synth: 'junjo-k8s synth -e studio.env',
      validate: 'junjo-k8s validate dist',
      forward: 'junjo-k8s forward dist',
    },
    devDependencies: { [packageName]: spec },
  };
  const lines = Object.entries({ ...DEFAULTS, ...settings }).map(([name, value]) => assignment(name, value));
  return [
    { path: 'package.json', text: `${JSON.stringify(manifest, undefined, 2)}\n` },
    { path: '.gitignore', text: IGNORED },
    { path: 'studio.env', text: `# This file is committed. Do not put secrets here.\n${lines.join('\n')}\n` },
    { path: '.github/workflows/manifests.yml', text: textOf('../../.github/workflows/manifests.yml') },
  ];
}
