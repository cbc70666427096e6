import { testFailingRequests } from '../../support/failing-requests';
import { kubectlInProcess } from '../../support/kubectl-in-process';
import { hasty } from '../../support/live-studio';

// Some eighty backups, restores and set-asides on a busy machine.
jest.setTimeout(600_000);

testFailingRequests(kubectlInProcess, { ...hasty, stallSeconds: 2, startAttempts: 20 });
