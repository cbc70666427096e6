import { type Component, components, perComponent, type ReleaseLine } from '../../releases';
import { type ImageReference, isFloating } from '../image-reference';
import type { Built, Problem } from '../problems';
import type { StudioConfig } from '../studio-config';
import type { Values } from '../values';

const imageSettings = {
  backend: 'JUNJO_K8S_BACKEND_IMAGE',
  ingestion: 'JUNJO_K8S_INGESTION_IMAGE',
  frontend: 'JUNJO_K8S_FRONTEND_IMAGE',
} as const satisfies Readonly<Record<Component, string>>;

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
export function imagesOf(values: Values, line: ReleaseLine): Built<Pick<StudioConfig, 'images' | 'imagePullPolicies'>> {
  const problems: Problem[] = [];
  const production = values.inEffect('JUNJO_ENV') === 'production';
  const development = values.inEffect('JUNJO_BUILD_TARGET') === 'development';
  if (production && development) {
    const text =
      'development images serve the UI with a hot-reloading server, as root; production needs JUNJO_BUILD_TARGET=production';
    problems.push(values.error('JUNJO_BUILD_TARGET', text));
  }
  if (development && !production) problems.push(values.note('JUNJO_BUILD_TARGET', howToBuild));
  const images = perComponent(
    (component) => values.inEffect(imageSettings[component]) ?? imageOfRelease(values, line, component, development),
  );
  for (const component of components.filter((each) => production && isFloating(images[each]))) {
    const { tag } = images[component];
    const text = `${tag ? `has the tag ${tag}, which moves` : 'has no tag, which means latest'}: each restart could run another release. Name a tag or a digest`;
    problems.push(values.error(imageSettings[component], text));
  }
  return {
    value: {
      images: perComponent((component) => images[component].reference),
      imagePullPolicies: perComponent((component) => (isFloating(images[component]) ? 'Always' : 'IfNotPresent')),
    },
    problems,
  };
}

/** The published image, or the one that a person builds of it. */
function imageOfRelease(values: Values, line: ReleaseLine, component: Component, development: boolean): ImageReference {
  const tag = development ? 'development' : values.inEffect('JUNJO_K8S_RELEASE');
  const repository = development
    ? `junjo-ai-studio-${component}`
    : `${values.inEffect('JUNJO_K8S_IMAGE_REGISTRY')}/${line.images[component]}`;
  return { reference: `${repository}:${tag}`, tag };
}
