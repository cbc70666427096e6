import type { GitSource } from './studio-config';

/** Whether a repository holds artifacts, as a container registry does, and not commits of Git. */
export function isOfArtifacts({ repo }: Pick<GitSource, 'repo'>): boolean {
  return repo.startsWith('oci://');
}
