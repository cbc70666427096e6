import { testFailingRequests } from '../../support/failing-requests';
import { hasty } from '../../support/live-studio';

// Some eighty backups, restores and set-asides, each of which runs some thirty processes of kubectl.
jest.setTimeout(1_800_000);

testFailingRequests(() => undefined, { ...hasty, requestSeconds: 3, stallSeconds: 5, startAttempts: 20 });
