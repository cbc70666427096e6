import { mayBePublic } from '../../config/public-addresses';
import { type Container, fieldsOf, isSame, listOf, type Pod, textsOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** The names that programs get point to the targets that the charts set. */
export const wiring: Rule = {
  name: 'wiring',
  asks: 'Variables, mounts and host names still point a program to the Services of the studio and to its data',
  reason: 'programs send API keys and read spans at these addresses, and a store at another path starts empty',
  source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/',
  *violations(studio: RenderedStudio) {
    if (studio.rendered === studio) return;
    const services = studio.rendered.ofKind('Service').map(({ metadata }) => metadata.name);
    for (const pod of studio.pods) {
      for (const hostname of listOf(pod.spec.hostAliases).flatMap(({ hostnames }) => textsOf(hostnames))) {
        if (services.includes(hostname.split('.')[0] ?? '')) {
          yield { object: pod.title, text: `hostAliases gives the Service ${hostname} another address` };
        }
      }
      const servers = pod.spec.dnsPolicy === 'None' ? textsOf(fieldsOf(pod.spec.dnsConfig).nameservers) : [];
      for (const server of servers.filter(mayBePublic)) {
        yield {
          object: pod.title,
          text: `asks the nameserver ${server} on the internet for the addresses of Services`,
        };
      }
      const before = studio.podAsRendered(pod);
      if (!before) continue;
      for (const container of pod.containers) {
        const own = before.containers.find(({ title }) => title === container.title);
        if (!own) continue;
        yield* ofVariables(container, own, studio);
        yield* ofData(pod, container, before, own);
      }
    }
  },
};

/** Variables that name a Service of the studio, or a place on the volume. One that is not there any longer has the default of its image. */
function* ofVariables(container: Container, before: Container, studio: RenderedStudio): Generator<Violation> {
  const services = studio.rendered.ofKind('Service').map(({ metadata }) => metadata.name);
  const folders = listOf(before.fields.volumeMounts).map(({ mountPath }) => `${mountPath}/`);
  const wired = listOf(before.fields.env).filter(({ value = '' }) => {
    return services.some((name) => value.includes(name)) || folders.some((folder) => value.startsWith(folder));
  });
  for (const variable of wired) {
    const found = listOf(container.fields.env).filter(({ name }) => name === variable.name);
    const settings = listOf(container.fields.envFrom).map(({ configMapRef }) => {
      return fieldsOf(studio.named('ConfigMap', configMapRef?.name)?.data)[variable.name];
    });
    const changed =
      found.length > 0 ? found.some((each) => !isSame(each, variable)) : settings.some((each) => each !== undefined);
    if (changed) yield { object: container.title, text: `the variable ${variable.name} was changed` };
  }
}

/** Where a claim is mounted, from which folder of it, and that nothing else is mounted there. */
function* ofData(pod: Pod, { title: object, fields }: Container, before: Pod, own: Container): Generator<Violation> {
  const claimOf = ({ spec }: Pod, name: unknown) =>
    fieldsOf(listOf(spec.volumes).find((volume) => volume.name === name)).persistentVolumeClaim;
  const mounts = listOf(fields.volumeMounts);
  for (const mount of listOf(own.fields.volumeMounts).filter(({ name }) => claimOf(before, name))) {
    const same = mounts.some((each) => isSame(each, mount));
    if (!same || !isSame(claimOf(pod, mount.name), claimOf(before, mount.name))) {
      yield { object, text: `must mount the data at ${mount.mountPath} as rendered` };
    }
    for (const { mountPath } of mounts) {
      if (String(mountPath).startsWith(`${mount.mountPath}/`)) {
        yield { object, text: `mounts something else at ${mountPath}, where the data is` };
      }
    }
  }
}
