import {
  type Component,
  components,
  componentsOf,
  perComponent,
  publishedName,
  type ReleaseLine,
  recommendedTag,
} from '../../releases';
import { type ImageReference, imageName, isFloating } from '../image-reference';
import type { Built, Problem } from '../problems';
import { hasSpansProxy } from '../sidecars';
import type { Image, StudioConfig } from '../studio-config';
import type { Values } from '../values';
import type { VariableName } from '../variables';

const imageSettings = {
  backend: 'JUNJO_K8S_BACKEND_IMAGE',
  ingestion: 'JUNJO_K8S_INGESTION_IMAGE',
  frontend: 'JUNJO_K8S_FRONTEND_IMAGE',
} as const satisfies Readonly<Record<Component, string>>;

const TOOLS = 'JUNJO_K8S_TOOLS_IMAGE';
const NGINX = 'JUNJO_K8S_NGINX_IMAGE';

/** Most people have the setting from upstream's example file. The commands are a loop, because a message is one line. */
const howToBuild = `most people want JUNJO_BUILD_TARGET=production. Upstream's example file sets development, whose images you must build and load yourself. In a checkout of Junjo AI Studio, run: for each in ${components.join(' ')}; do docker build --target development -f $each/Dockerfile -t junjo-ai-studio-$each:development .; done. Docker Desktop, OrbStack and Rancher Desktop can use the images immediately. Elsewhere, load each image into the cluster: kind load docker-image IMAGE, minikube image load IMAGE, or k3d image import IMAGE`;

/** Python for the upgrade guard and copies of the volume, on Debian as in the backend's own image, which has openssl too. */
export const TOOLS_IMAGE = 'library/python:3.13.7-slim-trixie';

/** https://hub.docker.com/_/nginx */
export const NGINX_IMAGE = 'library/nginx:1.30.4-alpine-slim';

/** Which images run: those of a target that the release does not have are not asked for. */
export function imageTargetOf(values: Values, line: ReleaseLine): StudioConfig['imageTarget'] {
  return line.noDevelopmentImages === undefined ? values.inEffect('JUNJO_BUILD_TARGET') : 'production';
}

/** The image of each component, the one with the tools, and that of nginx. */
export function imagesOf(
  values: Values,
  line: ReleaseLine,
  lines: readonly ReleaseLine[],
): Built<Pick<StudioConfig, 'images' | 'toolsImage' | 'nginxImage'>> {
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
  const ofOthers = imagesOfOthers(values, line, lines);
  const floating = named.flatMap(({ setting, reference }) => {
    // Another image is what it needs, not another tag.
    const isOfOthers = ofOthers.some(({ variable }) => variable === setting);
    return production && reference && isFloating(reference) && !isOfOthers
      ? [values.error(setting, whyFloating(reference))]
      : [];
  });
  return {
    value: {
      images: perComponent(line, (component) => imageOf(references[component] ?? references.backend)),
      toolsImage: imageOf(line.backendHasPython ? references.backend : tools),
      nginxImage: imageOf(values.inEffect(NGINX) ?? publishedImage(values, NGINX_IMAGE)),
    },
    problems: [...targetProblems(values, line), ...unusedImages(values, line), ...floating, ...ofOthers],
  };
}

function targetProblems(values: Values, line: ReleaseLine): readonly Problem[] {
  if (values.inEffect('JUNJO_BUILD_TARGET') !== 'development') return [];
  if (line.noDevelopmentImages !== undefined) {
    const text = `has no effect on release line ${line.name}, which runs its published images: ${line.noDevelopmentImages}`;
    return [values.warning('JUNJO_BUILD_TARGET', text)];
  }
  if (values.inEffect('JUNJO_ENV') !== 'production') return [values.note('JUNJO_BUILD_TARGET', howToBuild)];
  const text = 'runs hot-reloading images as root, which is not safe in production. Set JUNJO_BUILD_TARGET=production';
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
  const tools = { setting: TOOLS, reason: `the backend image of release line ${line.name} has Python` };
  return [...unused, ...(line.backendHasPython ? [tools] : [])]
    .filter(({ setting }) => values.isSet(setting))
    .map(({ setting, reason }) => values.note(setting, `has no effect: ${reason}`));
}

/** Images of upstream that belong to another component or release line, from any registry. */
function imagesOfOthers(values: Values, line: ReleaseLine, lines: readonly ReleaseLine[]): readonly Problem[] {
  const release = values.inEffect('JUNJO_K8S_RELEASE');
  const tag = line.tags.includes(release) ? release : recommendedTag(line);
  const problems = componentsOf(line).flatMap((component) => {
    const image = values.inEffect(imageSettings[component]);
    const misfit = image && misfitOf(image, component, line, lines);
    return misfit ? [values.error(imageSettings[component], `${misfit} ${publishedName(line, component)}:${tag}`)] : [];
  });
  const tools = line.backendHasPython ? undefined : values.inEffect(TOOLS);
  if (tools && hasNoPython(imageName(tools), lines)) {
    problems.push(values.error(TOOLS, `has no Python. Name an image with Python, for example ${TOOLS_IMAGE}`));
  }
  return problems;
}

/** What is wrong with the image of nginx, where one runs. */
export function checkNginxImage(
  values: Values,
  lines: readonly ReleaseLine[],
  config: Pick<StudioConfig, 'line' | 'edge' | 'spansService' | 'apiGuard' | 'intake'>,
): readonly Problem[] {
  const image = values.inEffect(NGINX);
  if (!image) return [];
  if (!config.apiGuard && !hasSpansProxy(config)) {
    return [values.note(NGINX, 'has no effect: this studio has no nginx in front of its API or ingestion')];
  }
  return problemsOfForeign(values, NGINX, image, lines, `an image of nginx, for example ${NGINX_IMAGE}`);
}

/** What is wrong with an image that must not be upstream's. @param instead what to name, in words that follow "Name" */
export function problemsOfForeign(
  values: Values,
  setting: VariableName,
  image: ImageReference,
  lines: readonly ReleaseLine[],
  instead: string,
): readonly Problem[] {
  if (isUpstreams(imageName(image), lines)) {
    return [values.error(setting, `is an image of Junjo AI Studio. Name ${instead}`)];
  }
  const production = values.inEffect('JUNJO_ENV') === 'production';
  return production && isFloating(image) ? [values.error(setting, whyFloating(image))] : [];
}

function isUpstreams(name: string, lines: readonly ReleaseLine[]): boolean {
  return lines.some((line) => components.some((component) => publishedName(line, component) === name));
}

/** Whether a name is upstream's, and not that of a backend in Python. */
function hasNoPython(name: string, lines: readonly ReleaseLine[]): boolean {
  return (
    isUpstreams(name, lines) && !lines.some((line) => line.backendHasPython && publishedName(line, 'backend') === name)
  );
}

/** Why an image is wrong for the component in a line, as the start of a sentence that names the right one. Nothing if it fits, or is a custom one. */
function misfitOf(
  image: ImageReference,
  component: Component,
  line: ReleaseLine,
  lines: readonly ReleaseLine[],
): string | undefined {
  const name = imageName(image);
  const owner = components.find((each) => lines.some((other) => publishedName(other, each) === name));
  if (!owner) return undefined;
  const version = /^v?([0-9]+\.[0-9]+(?:\.[0-9]+)?)(?![0-9.])/.exec(image.tag ?? '')?.[1];
  const fits = (other: ReleaseLine) =>
    publishedName(other, component) === name &&
    (version === undefined || other.tags.some((tag) => tag === version || tag.startsWith(`${version}.`)));
  if (fits(line)) return undefined;
  if (owner !== component) return `is an image of ${owner}. Name`;
  const other = lines.findLast(fits);
  return other
    ? `is an image of release line ${other.name}, but the studio runs ${line.name}. Set JUNJO_K8S_RELEASE=${recommendedTag(other)}, or name`
    : 'is an image of an unknown release. Name';
}

/** The image, pulled whenever its tag may have moved. */
export function imageOf(reference: ImageReference): Image {
  return { image: reference.reference, imagePullPolicy: isFloating(reference) ? 'Always' : 'IfNotPresent' };
}

function whyFloating({ tag }: ImageReference): string {
  return `${tag ? `has the tag ${tag}, which moves` : 'has no tag, which means latest'}: each restart could run another release. Name a fixed tag or a digest`;
}

/** The published image, or the one that a person builds of it. */
function imageOfRelease(values: Values, line: ReleaseLine, component: Component): ImageReference {
  if (imageTargetOf(values, line) === 'development') {
    return { reference: `junjo-ai-studio-${component}:development`, tag: 'development' };
  }
  return publishedImage(values, `${line.images[component]}:${values.inEffect('JUNJO_K8S_RELEASE')}`);
}

/** An image of Docker Hub, from there or from the registry that mirrors it. */
export function publishedImage(values: Values, name: string): ImageReference {
  return {
    reference: `${values.inEffect('JUNJO_K8S_IMAGE_REGISTRY')}/${name}`,
    tag: name.slice(name.lastIndexOf(':') + 1),
  };
}
