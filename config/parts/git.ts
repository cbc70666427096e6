import { isOfArtifacts } from '../git-source';
import { fluxKustomizations, MAX_KUSTOMIZATION_NAME } from '../names';
import type { Built, Problem } from '../problems';
import type { GitSource, StudioConfig } from '../studio-config';
import type { Values } from '../values';
import type { VariableName } from '../variables';

const REPO = 'JUNJO_K8S_GIT_REPO';
const GITOPS = 'JUNJO_K8S_GITOPS';
const REVISION = 'JUNJO_K8S_GIT_REVISION';
const PATH = 'JUNJO_K8S_GIT_PATH';
const SECRET = 'JUNJO_K8S_GIT_SECRET';
const OF_REPO: readonly VariableName[] = [GITOPS, PATH, REVISION, SECRET];

/** What `flux bootstrap` calls its own source and Kustomization: its namespace (cmd/flux/bootstrap_git.go of fluxcd/flux2). */
const OF_FLUX = 'flux-system';

/** A tag: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests */
const TAG = /^\w[\w.-]{0,127}$/;

/** Where Argo CD or Flux finds the studio, if one of them applies it. @param inSet it is one of several studios */
export function gitOf(values: Values, inSet: boolean): Built<StudioConfig['git']> {
  const repo = values.inEffect(REPO);
  if (repo === undefined) {
    const text = `has no effect without ${REPO}. Set ${REPO}, or remove the line`;
    const unused = OF_REPO.filter((name) => values.isSet(name));
    return { value: undefined, problems: unused.map((name) => values.error(name, text)) };
  }
  const gitops = values.inEffect(GITOPS);
  const source = { gitops, repo, path: values.inEffect(PATH) };
  return gitops === 'flux' ? fluxSource(values, source, inSet) : argoCdSource(values, source);
}

type Place = Pick<GitSource, 'gitops' | 'repo' | 'path'>;

function argoCdSource(values: Values, source: Place): Built<GitSource> {
  const problems: Problem[] = [];
  if (isOfArtifacts(source)) {
    const text = `is an OCI repository, which Argo CD cannot apply directly. Set ${GITOPS}=flux, or name a Git repository`;
    problems.push(values.error(REPO, text));
  }
  if (values.isSet(SECRET)) {
    const text = `has no effect with Argo CD, which gets credentials by argocd repo add. Remove the line, or set ${GITOPS}=flux`;
    problems.push(values.error(SECRET, text));
  }
  const revision = values.inEffect(REVISION);
  if (isDigest(revision) && !isOfArtifacts(source)) problems.push(noDigest(values));
  return { value: { ...source, revision }, problems };
}

function fluxSource(values: Values, source: Place, inSet: boolean): Built<GitSource> {
  const problems: Problem[] = [];
  const artifacts = isOfArtifacts(source);
  const secret = values.inEffect(SECRET);
  // A GitRepository names its branch, and follows master without one: api/v1/gitrepository_types.go of fluxcd/source-controller.
  const newest = artifacts ? 'latest' : 'main';
  const revision = values.isSet(REVISION) ? values.inEffect(REVISION) : newest;
  if (!artifacts && isDigest(revision)) problems.push(noDigest(values));
  if (revision === 'HEAD') {
    const text = `is HEAD, which Flux does not follow. Name a ${artifacts ? 'tag' : 'branch'}, for example ${newest}`;
    problems.push(values.error(REVISION, text));
  }
  if (artifacts && !isDigest(revision) && !TAG.test(revision)) {
    const text = 'is not the tag or digest of an OCI artifact. Write it as latest or sha256:<64 hex digits>';
    problems.push(values.error(REVISION, text));
  }
  // .gitignore keeps the file of the Secret out of Git alone.
  if (artifacts && values.inEffect('JUNJO_K8S_SECRETS') === 'manifest') {
    const text = 'is manifest, which puts the Secret into the artifact. Set it to existing, sealed or external';
    problems.push(values.error('JUNJO_K8S_SECRETS', text));
  }
  // Without an identity and known hosts Flux refuses SSH: AuthOptions.Validate in git/options.go of fluxcd/pkg.
  if (!artifacts && secret === undefined && !/^https:/i.test(source.repo)) {
    const text = `uses SSH, for which Flux needs a key. Create one with flux create secret git, and name the Secret in ${SECRET}`;
    problems.push(values.error(REPO, text));
  }
  const { studio, foundation } = fluxKustomizations(values.inEffect('JUNJO_K8S_NAME'), inSet);
  if (studio === OF_FLUX) {
    const text = 'is already used by the source and the Kustomization of Flux itself. Choose another name';
    problems.push(values.error('JUNJO_K8S_NAME', text));
  }
  if (foundation.length > MAX_KUSTOMIZATION_NAME) {
    const text = `is too long for Flux by ${foundation.length - MAX_KUSTOMIZATION_NAME} characters: its Kustomization would be called ${foundation}. Choose a shorter name`;
    problems.push(values.error('JUNJO_K8S_NAME', text));
  }
  // An artifact holds what is in the output.
  const path = artifacts && !values.isSet(PATH) ? '.' : source.path;
  return { value: { ...source, path, revision, ...(secret !== undefined && { secret }) }, problems };
}

function isDigest(revision: string): boolean {
  return revision.startsWith('sha256:');
}

function noDigest(values: Values): Problem {
  return values.error(
    REVISION,
    'is the digest of an OCI artifact, but the repository is a Git repository. Name a branch, tag or commit',
  );
}
