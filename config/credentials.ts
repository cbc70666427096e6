/** What stands before the host of an address: `user:password@`, or a token by itself. */
const USER_INFO = /([a-z][a-z0-9+.-]{0,20}):\/\/([^\s/?#]{1,1000})@/gi;

/** The same in the short form of SSH, which has no scheme: `git:password@host:path`. An image has a tag and a digest there. */
const USER_INFO_OF_SSH = /(?:^|[\s,;="'])[^\s@/:]{1,100}:[^\s@/]{1,500}@(?!sha256:)[^\s@/:]{1,253}:/;

/** A part of a query by which an address lets somebody in. */
const IN_QUERY =
  /[?&;](?:[a-z]{1,20}[_-])?(?:token|key|apikey|secret|password|passwd|pwd|auth|authorization|signature|sig)=[^&\s]/i;

/**
 * Tokens that their issuers begin in a way of their own, so that scanners find them: of GitHub, GitLab, Slack, AWS, Google,
 * Hugging Face, OpenAI and Anthropic.
 */
const TOKEN =
  /(?<![A-Za-z0-9])(?:gh[opusr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|gl(?:pat|dt|ptt|rt)-[\w-]{16,}|xox[abeoprs]-[\w-]{16,}|A[KS]IA[0-9A-Z]{16}|AIza[\w-]{30,}|hf_[A-Za-z0-9]{16,}|sk-[\w-]{20,})/;

/** Whether a text holds a password or token: in an address, or by the form of it. `ssh://git@host` and `git@host:path` hold none. */
export function holdsCredentials(text: string): boolean {
  const inAddress = [...text.matchAll(USER_INFO)].some(({ 0: { length }, 1: scheme = '', 2: userInfo = '', index }) => {
    // Azure DevOps and Bitbucket name the owner before the host as well: https://team@dev.azure.com/team/….
    const owner = text.slice(index + length).split('/')[1];
    return /:./.test(userInfo) || (/^https?$/i.test(scheme) && userInfo !== owner);
  });
  return inAddress || USER_INFO_OF_SSH.test(text) || IN_QUERY.test(text) || TOKEN.test(text);
}
