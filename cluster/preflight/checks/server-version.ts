import { type Check, fail, ok, warn } from '../check';

/** The minor versions of Kubernetes on which what is rendered was tried. */
const OLDEST = 27;
const NEWEST = 36;

/** The version of the API server. */
export const serverVersion: Check = {
  name: 'server-version',
  *results(_, { facts }) {
    const minor = Number(/^v1\.([0-9]+)/.exec(facts.version)?.[1]);
    if (Number.isNaN(minor)) yield warn(`the API server does not tell its version (${facts.version || 'none'})`);
    else if (minor < OLDEST) yield fail(`Kubernetes ${facts.version} is older than 1.${OLDEST}`, 'upgrade the cluster');
    else if (minor > NEWEST)
      yield warn(`Kubernetes ${facts.version} is newer than 1.${NEWEST}, the newest that was tried`);
    else yield ok(`Kubernetes ${facts.version}`);
  },
};
