/** Name of the init container that keeps a release from data that it cannot read. */
export const GUARD_CONTAINER = 'upgrade-guard';
