import { type Check, fail, ok, warn } from '../check';

/** The Secrets that somebody else keeps, and the store that makes one. */
export const secrets: Check = {
  name: 'secrets',
  *results({ config, manifests }, cluster) {
    const wanted = [
      config.imagePullSecret && ['image pull secret', config.imagePullSecret, 'kubectl create secret docker-registry'],
      config.secrets.source.kind === 'existing' && ['Secret', config.secrets.name, 'make it before you apply'],
      config.edge?.certificate.kind === 'secret' && [
        'TLS secret',
        config.edge.certificate.name,
        'kubectl create secret tls',
      ],
      config.spansService.certificate?.kind === 'secret' && [
        'TLS secret',
        config.spansService.certificate.name,
        'kubectl create secret tls',
      ],
    ].filter((each) => Array.isArray(each));
    const made = manifests.filter(({ kind }) => kind === 'Certificate').map(({ spec }) => spec?.secretName);
    for (const [what, name, how] of wanted.filter(([, name]) => !made.includes(name))) {
      if (!cluster.canRead('secrets')) yield warn(`Secrets may not be read; ${what} ${name} must be there`);
      else if (cluster.own('Secret').some(({ metadata }) => metadata.name === name)) yield ok(`${what} ${name}`);
      else
        yield fail(
          `there is no ${what} ${name} in ${cluster.namespace}`,
          how?.startsWith('kubectl') ? `${how} ${name} -n ${cluster.namespace} …` : (how ?? ''),
        );
    }
  },
};
