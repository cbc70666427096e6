import { type Component, components, perComponent, type ReleaseLine } from '../../releases';
import type { StudioConfig } from '../studio-config';
import { parseImage } from '../value-types';
import type { Values } from '../values';
import type { VariableName } from '../variables';

const imageSettings: Readonly<Record<Component, VariableName>> = {
  backend: 'JUNJO_K8S_BACKEND_IMAGE',
  ingestion: 'JUNJO_K8S_INGESTION_IMAGE',
  frontend: 'JUNJO_K8S_FRONTEND_IMAGE',
};

const howToBuild = [
  'development images are yours to build, in a checkout of Junjo AI Studio:',
  ...components.map(
    (component) =>
      `  docker build --target development -f ${component}/Dockerfile -t junjo-ai-studio-${component}:development .`,
  ),
  '  Docker Desktop, OrbStack and Rancher Desktop see them at once. Elsewhere load each into the cluster, with one of:',
  '  kind load docker-image IMAGE, minikube image load IMAGE, k3d image import IMAGE',
].join('\n');

/** The image of each component and when a node pulls it. */
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
  const images = perComponent((component) => {
    const setting = imageSettings[component];
    const written = values.get(setting);
    const published = `${values.get('JUNJO_K8S_IMAGE_REGISTRY')}/${line.images[component]}:${values.get('JUNJO_K8S_RELEASE')}`;
    const image = written ?? (development ? `junjo-ai-studio-${component}:development` : published);
    if (production && values.isSound(setting) && isFloating(image)) {
      const { tag } = parseImage(image) ?? {};
      values.error(
        setting,
        `${tag ? `has the tag ${tag}, which moves` : 'has no tag, which means latest'}: each restart could run another release. Name a tag or a digest`,
      );
    }
    return image;
  });
  const pullPolicy = (component: Component) => (isFloating(images[component]) ? 'Always' : 'IfNotPresent');
  return { images, imagePullPolicies: perComponent(pullPolicy) };
}

/** Whether the image may be another one at the next pull. Upstream moves `X.Y` tags like `latest`. */
function isFloating(image: string): boolean {
  const { tag, digest } = parseImage(image) ?? {};
  return digest === undefined && (tag === undefined || tag === 'latest' || /^v?[0-9]+(\.[0-9]+)?$/.test(tag));
}
