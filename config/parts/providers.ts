import type { ReleaseLine } from '../../releases';
import { cidrOf } from '../address-range';
import { page } from '../how-to-run';
import type { Problem } from '../problems';
import { hostAddress, isOpen, portOf } from '../public-addresses';
import type { Egress } from '../studio-config';
import type { Values } from '../values';
import { apiBaseNames, certificateNames, clientCertificateName, proxyNames, type Variable } from '../variables';
import { isOnlyInPod, problemsInPod } from './in-pod';

/** Where the images of the backend, of Debian, have the certificates of public authorities. */
const OF_IMAGE = '/etc/ssl/certs';

/** Checks the servers that the backend calls instead of the providers' own, and the certificates that it trusts. */
export function checkProviders(
  values: Values,
  table: readonly Variable[],
  line: ReleaseLine,
  egress: readonly Egress[],
): readonly Problem[] {
  const read = new Set(table.filter(({ readers }) => readers?.includes('backend')).map(({ name }) => name));
  const hasProxy = proxyNames.some((name) => values.inEffect(name) !== undefined);
  const closed = line.callsOut && values.inEffect('JUNJO_K8S_NETWORK_POLICY') && !hasProxy;
  return [
    ...apiBaseNames
      .filter((name) => read.has(name))
      .flatMap((name) => {
        const url = values.inEffect(name);
        if (!url) return [];
        return isOnlyInPod(url)
          ? problemsInPod(values, name, url)
          : closed
            ? wayProblem(values, name, url, egress)
            : [];
      }),
    ...([...certificateNames, clientCertificateName] as const)
      .filter((name) => read.has(name))
      .flatMap((name) => fileProblem(values, name)),
    ...(read.has('SSL_VERIFY') && values.inEffect('SSL_VERIFY') === false
      ? [
          values.warning(
            'SSL_VERIFY',
            'is false, so anyone on the network path can read prompts and keys. Set SSL_CERT_FILE to your certificate authority instead',
          ),
        ]
      : []),
  ];
}

function wayProblem(
  values: Values,
  name: (typeof apiBaseNames)[number],
  url: URL,
  egress: readonly Egress[],
): readonly Problem[] {
  if (isOpen(url, egress)) return [];
  const address = hostAddress(url.hostname);
  const range = address ? cidrOf(address) : '<its addresses>';
  const text = `the network policies allow the backend to call public addresses on port 443, but not this one. Allow it: JUNJO_K8S_EGRESS=${range}:${portOf(url)}`;
  return [values.warning(name, text)];
}

/** httpx ends every call with an error when the file is not there: create_ssl_context of httpx 0.28, httpx/_config.py. */
function fileProblem(
  values: Values,
  name: (typeof certificateNames)[number] | typeof clientCertificateName,
): readonly Problem[] {
  const path = values.inEffect(name);
  // A patch brings the file.
  if (!path || path.startsWith(OF_IMAGE) || values.isSet('JUNJO_K8S_PATCHES')) return [];
  const how = page('docs/runbook.md', 'Your own certificate authority');
  const text = `names a file that the image does not have, so calls to the providers fail. Mount it with a patch: ${how}`;
  return [values.warning(name, text)];
}
