import { type Component, components, componentsOf, perComponent, type ReleaseLine } from '../../releases';
import { type ImageReference, isFloating } from '../image-reference';
import type { Built, Problem } from '../problems';
import type { Image, StudioConfig } from '../studio-config';
import type { Values } from '../values';

const imageSettings = {
  backend: 'JUNJO_K8S_BACKEND_IMAGE',
  ingestion: 'JUNJO_K8S_INGESTION_IMAGE',
  frontend: 'JUNJO_K8S_FRONTEND_IMAGE',
} as const satisfies Readonly<Record<Component, string>>;

const TOOLS = 'JUNJO_K8S_TOOLS_IMAGE';

const howToBuild = [
  'development images are yours to build, in a checkout of Junjo AI Studio:',
  ...components.map(
    (component) =>
      `  docker build --target development -f ${component}/Dockerfile -t junjo-ai-studio-${component}:development .`,
  ),
  '  Docker Desktop, OrbStack and Rancher Desktop see them at once. Elsewhere load each into the cluster, with one of:',
  '  kind load docker-image IMAGE, minikube image load IMAGE, k3d image import IMAGE',
].join('\n');

/** Python for the upgrade guard and copies of the volume, on Debian as in the backend's own image, which has openssl too. */
export const TOOLS_IMAGE = 'library/python:3.13.7-slim-trixie';

/** Which images run: those of a target that the release does not have are not asked for. */
export function imageTargetOf(values: Values, line: ReleaseLine): StudioConfig['imageTarget'] {
  return line.noDevelopmentImages === undefined ? values.inEffect('JUNJO_BUILD_TARGET') : 'production';
}

/** The image of each component, and the one with the tools. */
export function imagesOf(values: Values, line: ReleaseLine): Built<Pick<StudioConfig, 'images' | 'toolsImage'>> {
  const references = perComponent(
    line,
    (component) => values.inEffect(imageSettings[component]) ?? imageOfRelease(values, line, component),
  );
  const tools = values.inEffect(TOOLS) ?? publishedImage(values, TOOLS_IMAGE);
  const named = [
    ...componentsOf(line).map((component) => ({ setting: imageSettings[component], reference: references[component] })),
    { setting: TOOLS, reference: line.backendHasPython ? undefined : tools },
  ];
  const production = values.inEffect('JUNJO_ENV') === 'production';
  const floating = named.flatMap(({ setting, reference }) =>
    production && reference && isFloating(reference) ? [values.error(setting, whyFloating(reference))] : [],
  );
  return {
    value: {
      images: perComponent(line, (component) => imageOf(references[component] ?? references.backend)),
      toolsImage: imageOf(line.backendHasPython ? references.backend : tools),
    },
    problems: [...targetProblems(values, line), ...unusedImages(values, line), ...floating],
  };
}

function targetProblems(values: Values, line: ReleaseLine): readonly Problem[] {
  if (values.inEffect('JUNJO_BUILD_TARGET') !== 'development') return [];
  if (line.noDevelopmentImages !== undefined) {
    const text = `development images of ${line.name} do not run on a cluster: ${line.noDevelopmentImages}. The published images run`;
    return [values.warning('JUNJO_BUILD_TARGET', text)];
  }
  if (values.inEffect('JUNJO_ENV') !== 'production') return [values.note('JUNJO_BUILD_TARGET', howToBuild)];
  const text =
    'development images serve the UI with a hot-reloading server, as root; production needs JUNJO_BUILD_TARGET=production';
  return [values.error('JUNJO_BUILD_TARGET', text)];
}

/** Settings of images that the release does not run. */
function unusedImages(values: Values, line: ReleaseLine): readonly Problem[] {
  const unused = components
    .filter((component) => line.images[component] === undefined)
    .map((component) => ({
      setting: imageSettings[component],
      reason: `release line ${line.name} has no ${component}`,
    }));
  const tools = { setting: TOOLS, reason: `the backend's image of release line ${line.name} has Python` };
  return [...unused, ...(line.backendHasPython ? [tools] : [])]
    .filter(({ setting }) => values.isSet(setting))
    .map(({ setting, reason }) => values.note(setting, `has no effect: ${reason}`));
}

function imageOf(reference: ImageReference): Image {
  return { image: reference.reference, imagePullPolicy: isFloating(reference) ? 'Always' : 'IfNotPresent' };
}

function whyFloating({ tag }: ImageReference): string {
  return `${tag ? `has the tag ${tag}, which moves` : 'has no tag, which means latest'}: each restart could run another release. Name a tag or a digest`;
}

/** The published image, or the one that a person builds of it. */
function imageOfRelease(values: Values, line: ReleaseLine, component: Component): ImageReference {
  if (imageTargetOf(values, line) === 'development') {
    return { reference: `junjo-ai-studio-${component}:development`, tag: 'development' };
  }
  return publishedImage(values, `${line.images[component]}:${values.inEffect('JUNJO_K8S_RELEASE')}`);
}

/** An image of Docker Hub, from there or from the registry that mirrors it. */
function publishedImage(values: Values, name: string): ImageReference {
  return {
    reference: `${values.inEffect('JUNJO_K8S_IMAGE_REGISTRY')}/${name}`,
    tag: name.slice(name.lastIndexOf(':') + 1),
  };
}
