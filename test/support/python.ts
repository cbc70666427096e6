/** Environment in which `python3` is the system's own, where there is one: a version manager's takes seconds to start. */
export const withSystemPython: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `/usr/bin:/bin:${process.env.PATH}`,
};

/** The uid and gid of the pods; tests that root does not run have their own. */
export const USER_OF_PODS = 10001;

/** A command without any capability, as in a pod. */
export function asUserOfPods(command: readonly string[]): readonly string[] {
  if (process.getuid?.() !== 0) return command;
  const ids = [`--reuid=${USER_OF_PODS}`, `--regid=${USER_OF_PODS}`, '--clear-groups'];
  return ['setpriv', ...ids, '--bounding-set=-all', '--no-new-privs', ...command];
}
