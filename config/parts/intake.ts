import type { ReleaseLine } from '../../releases';
import type { Built } from '../problems';
import type { Intake } from '../studio-config';
import type { Values } from '../values';
import type { VariableName } from '../variables';
import { publishedImage } from './images';

const INTAKE = 'JUNJO_K8S_INTAKE';

/** https://hub.docker.com/r/otel/opentelemetry-collector-contrib; the first version with `max_size` of file_storage. */
export const INTAKE_IMAGE = 'otel/opentelemetry-collector-contrib:0.156.0';

const ofIntake: readonly VariableName[] = [
  'JUNJO_K8S_INTAKE_KEYS',
  'JUNJO_K8S_INTAKE_STORAGE_SIZE',
  'JUNJO_K8S_INTAKE_HTTP_HOST',
  'JUNJO_K8S_INTAKE_CORS_ORIGINS',
  'JUNJO_K8S_INTAKE_IMAGE',
];

/** The collectors in front of ingestion, where the studio has them. */
export function intakeOf(values: Values, line: ReleaseLine): Built<Intake | undefined> {
  if (!values.inEffect(INTAKE)) {
    const text = `has no effect without ${INTAKE}=true. Remove the line`;
    const unused = ofIntake.filter((name) => values.isSet(name));
    return { value: undefined, problems: unused.map((name) => values.error(name, text)) };
  }
  const { uncheckedKey } = line.ingestion;
  if (uncheckedKey !== 'UNAVAILABLE') {
    const text = `does not work with release line ${line.name}. While its ingestion cannot check a key, it answers ${uncheckedKey}, and a collector drops the spans. Remove the line, or choose a release from 0.82 on`;
    return { value: undefined, problems: [values.error(INTAKE, text)] };
  }
  const image = values.inEffect('JUNJO_K8S_INTAKE_IMAGE') ?? publishedImage(values, INTAKE_IMAGE);
  const value: Intake = {
    image: { image: image.reference, imagePullPolicy: 'IfNotPresent' },
    storage: {
      size: values.inEffect('JUNJO_K8S_INTAKE_STORAGE_SIZE'),
      // The class of a folder of a node does not provision volumes.
      storageClass: values.isSet('JUNJO_K8S_NODE') ? undefined : values.inEffect('JUNJO_K8S_STORAGE_CLASS'),
    },
    keysSecret: values.inEffect('JUNJO_K8S_INTAKE_KEYS'),
    corsOrigins: values.inEffect('JUNJO_K8S_INTAKE_CORS_ORIGINS') ?? [],
  };
  return { value, problems: [] };
}
