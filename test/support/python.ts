/** Environment in which `python3` is the system's own, where there is one: a version manager's takes seconds to start. */
export const withSystemPython: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `/usr/bin:/bin:${process.env.PATH}`,
};
