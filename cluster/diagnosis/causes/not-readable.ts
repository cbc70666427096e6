import { listed } from '../../../config/text';
import { advice, type Cause } from '../cause';

/** What may not be read may be broken. The causes that it would tell are not known. */
export const notReadable: Cause = {
  name: 'not-readable',
  *findings(state) {
    if (state.unread.length === 0) return;
    yield {
      severity: 'error',
      subject: 'permissions',
      text: `you cannot read ${listed(state.unread)}, so what is wrong there is not known`,
      fix: advice(
        'Ask for these permissions. Each command says whether you have one, and "no" otherwise',
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
