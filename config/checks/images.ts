import { perService, type ReleaseLine, type Service, services } from '../../releases';
import type { StudioConfig } from '../studio-config';
import { parseImage } from '../value-types';
import type { Values } from '../values';
import type { VariableName } from '../variables';

const imageSettings: Readonly<Record<Service, VariableName>> = {
  backend: 'JUNJO_K8S_BACKEND_IMAGE',
  ingestion: 'JUNJO_K8S_INGESTION_IMAGE',
  frontend: 'JUNJO_K8S_FRONTEND_IMAGE',
};

const howToBuild = [
  'development images are yours to build, in a checkout of Junjo AI Studio:',
  ...services.map(
    (service) =>
      `  docker build --target development -f ${service}/Dockerfile -t junjo-ai-studio-${service}:development .`,
  ),
  '  Docker Desktop, OrbStack and Rancher Desktop see them at once. Elsewhere load each into the cluster, with one of:',
  '  kind load docker-image IMAGE, minikube image load IMAGE, k3d image import IMAGE',
].join('\n');

/** The image of each service and when a node pulls it. */
export function checkImages(values: Values, line: ReleaseLine): Pick<StudioConfig, 'images' | 'imagePullPolicies'> {
  const production = values.get('JUNJO_ENV') === 'production';
  const development = values.get('JUNJO_BUILD_TARGET') === 'development';
  if (production && development) {
    values.error(
      'JUNJO_BUILD_TARGET',
      'development images serve the UI with a hot-reloading server, as root; production needs JUNJO_BUILD_TARGET=production',
    );
  }
  if (development && !production) values.note('JUNJO_BUILD_TARGET', howToBuild);
  const images = perService((service) => {
    const setting = imageSettings[service];
    const written = values.get(setting);
    const published = `${values.get('JUNJO_K8S_IMAGE_REGISTRY')}/${line.images[service]}:${values.get('JUNJO_K8S_RELEASE')}`;
    const image = written ?? (development ? `junjo-ai-studio-${service}:development` : published);
    if (production && values.isSound(setting) && isFloating(image)) {
      const { tag } = parseImage(image) ?? {};
      values.error(
        setting,
        `${tag ? `has the tag ${tag}, which moves` : 'has no tag, which means latest'}: each restart could run another release. Name a tag or a digest`,
      );
    }
    return image;
  });
  const pullPolicy = (service: Service) => (isFloating(images[service]) ? 'Always' : 'IfNotPresent');
  return { images, imagePullPolicies: perService(pullPolicy) };
}

/** Whether the image may be another one at the next pull. Upstream moves `X.Y` tags like `latest`. */
function isFloating(image: string): boolean {
  const { tag, digest } = parseImage(image) ?? {};
  return digest === undefined && (tag === undefined || tag === 'latest' || /^v?[0-9]+(\.[0-9]+)?$/.test(tag));
}
