import { type Check, error, ok, warning } from '../check';

/** The minor versions of Kubernetes on which what is rendered was tried. */
const OLDEST = 27;
const NEWEST = 36;

/** The version of the API server. */
export const serverVersion: Check = {
  name: 'server-version',
  *results(_, { facts }) {
    const minor = Number(/^v1\.([0-9]+)/.exec(facts.version)?.[1]);
    if (Number.isNaN(minor)) yield warning(`the API server does not tell its version (${facts.version || 'none'})`);
    else if (minor < OLDEST)
      yield error(`Kubernetes ${facts.version} is older than 1.${OLDEST}`, 'upgrade the cluster');
    else if (minor > NEWEST)
      yield warning(`Kubernetes ${facts.version} is newer than 1.${NEWEST}, the newest that was tried`);
    else yield ok(`Kubernetes ${facts.version}`);
  },
};
