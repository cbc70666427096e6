import type { ReleaseLine } from '../../releases';
import { page } from '../how-to-run';
import { type ImageReference, imageName } from '../image-reference';
import type { Built, Problem } from '../problems';
import type { Intake } from '../studio-config';
import type { Values } from '../values';
import type { VariableName } from '../variables';
import { imageOf, problemsOfForeign, publishedImage } from './images';

const INTAKE = 'JUNJO_K8S_INTAKE';
const IMAGE = 'JUNJO_K8S_INTAKE_IMAGE';
const KEYS = 'JUNJO_K8S_INTAKE_KEYS';

/** https://hub.docker.com/r/otel/opentelemetry-collector-contrib; the version whose sources were read, and with which it was tried. */
export const INTAKE_IMAGE = 'otel/opentelemetry-collector-contrib:0.159.0';

/** The first version with `max_size` of file_storage: open-telemetry/opentelemetry-collector-contrib#48580. */
const OLDEST = { major: 0, minor: 156 };

/** distributions/otelcol/manifest.yaml of open-telemetry/opentelemetry-collector-releases; the images are named in its .goreleaser.yaml. */
const CORE = 'opentelemetry-collector';

const ofIntake: readonly VariableName[] = [
  KEYS,
  'JUNJO_K8S_INTAKE_STORAGE_SIZE',
  'JUNJO_K8S_INTAKE_HTTP_HOST',
  'JUNJO_K8S_INTAKE_CORS_ORIGINS',
  IMAGE,
];

/** The collectors in front of ingestion, where the studio has them. */
export function intakeOf(values: Values, line: ReleaseLine, lines: readonly ReleaseLine[]): Built<Intake | undefined> {
  if (!values.inEffect(INTAKE)) {
    const text = `has no effect without ${INTAKE}=true. Remove the line`;
    const unused = ofIntake.filter((name) => values.isSet(name));
    return { value: undefined, problems: unused.map((name) => values.error(name, text)) };
  }
  const { uncheckedKey } = line.ingestion;
  if (uncheckedKey !== 'UNAVAILABLE') {
    const set = [INTAKE, ...ofIntake.filter((name) => values.isSet(name))];
    const what = set.length > 1 ? `the lines ${set.join(', ')}` : 'the line';
    const text = `does not work with release line ${line.name}. When its ingestion cannot check a key, it answers ${uncheckedKey}, and collectors drop spans that they have accepted. Remove ${what}, or set JUNJO_K8S_RELEASE to 0.82.0 or newer`;
    return { value: undefined, problems: [values.error(INTAKE, text)] };
  }
  const image = values.inEffect(IMAGE);
  const value: Intake = {
    image: imageOf(image ?? publishedImage(values, INTAKE_IMAGE)),
    storage: {
      size: values.inEffect('JUNJO_K8S_INTAKE_STORAGE_SIZE'),
      // The class of a folder on a node does not provision volumes.
      storageClass: values.isSet('JUNJO_K8S_NODE') ? undefined : values.inEffect('JUNJO_K8S_STORAGE_CLASS'),
    },
    keysSecret: values.inEffect(KEYS),
    corsOrigins: values.inEffect('JUNJO_K8S_INTAKE_CORS_ORIGINS') ?? [],
  };
  return { value, problems: [...(image ? imageProblems(values, image, lines) : []), ...keysNotes(values, value)] };
}

function imageProblems(values: Values, image: ImageReference, lines: readonly ReleaseLine[]): readonly Problem[] {
  const instead = `an image of the OpenTelemetry Collector, for example ${INTAKE_IMAGE}`;
  if (imageName(image) === CORE) {
    const text = `is the core distribution, which lacks file_storage and headers_setter. Name ${INTAKE_IMAGE}`;
    return [values.error(IMAGE, text)];
  }
  const problems = problemsOfForeign(values, IMAGE, image, lines, instead);
  const [, major = '', minor = ''] = /^v?([0-9]+)\.([0-9]+)/.exec(image.tag ?? '') ?? [];
  const isOld = Number(major) === OLDEST.major && minor !== '' && Number(minor) < OLDEST.minor;
  if (problems.length > 0 || !isOld) return problems;
  const text = `is older than ${OLDEST.major}.${OLDEST.minor}, whose queue has no size limit on disk. Name a newer one, for example ${INTAKE_IMAGE}`;
  return [values.error(IMAGE, text)];
}

function keysNotes(values: Values, { keysSecret }: Intake): readonly Problem[] {
  if (keysSecret !== undefined || values.inEffect('JUNJO_ENV') !== 'production') return [];
  const text = `the collectors accept spans with any API key. They drop those that ingestion refuses, and applications get no error. Set ${KEYS} to refuse wrong keys (${page('docs/intake.md')})`;
  return [values.note(INTAKE, text)];
}
