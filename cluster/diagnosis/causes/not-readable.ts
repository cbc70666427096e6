import { listed } from '../../../config/text';
import { advice, type Cause } from '../cause';

/** Resources that the user may not read. Problems there are unknown. */
export const notReadable: Cause = {
  name: 'not-readable',
  *findings(state) {
    if (state.unread.length === 0) return;
    yield {
      severity: 'error',
      subject: 'permissions',
      text: `you cannot read ${listed(state.unread)}, so problems there are unknown`,
      fix: advice(
        'Ask for these permissions. Each command prints "yes" if you have the permission, and "no" if you do not',
        ...state.unread.map((resource) => state.command('auth', 'can-i', ...readingOf(resource))),
      ),
    };
  },
};

/** How kubectl asks for the permission to read a resource. */
function readingOf(resource: string): readonly string[] {
  if (resource === 'pods/log') return ['get', 'pods', '--subresource=log'];
  return [resource === 'namespaces' ? 'get' : 'list', resource];
}
