import { imageName, parseImage } from '../../../config/image-reference';
import { workloadNames } from '../../../config/names';
import { type Component, lineOf, publishedName, type ReleaseLine, releaseLines } from '../../../releases';
import { listOf } from '../../../render/manifest';
import { tagOf } from '../../studio-manifests';
import { unrenderedFinding, unrenderedWorkloads } from '../../unrendered';
import { advice, type Cause } from '../cause';
import type { ClusterState } from '../cluster-state';
import { applyAll } from './namespace';

export const releaseCauses: readonly Cause[] = [
  // Only one of the two that share the volume was applied, or one has an image of its own.
  {
    name: 'mixed-releases',
    *findings(state) {
      const [backend, ingestion] = [running(state, 'backend'), running(state, 'ingestion')];
      if (!backend || !ingestion || backend.line === ingestion.line) return;
      yield {
        severity: 'error',
        subject: 'releases',
        text: `backend runs ${backend.tag} and ingestion runs ${ingestion.tag}${consequence(backend.line, ingestion.line)}`,
        fix: advice(
          'Apply the whole output, so both roll out together. If JUNJO_K8S_BACKEND_IMAGE and JUNJO_K8S_INGESTION_IMAGE are set, they must name the same release',
          applyAll(state),
        ),
      };
    },
  },
  // An earlier rendering contained it and this one does not, or it never was part of the studio.
  {
    name: 'not-rendered',
    *findings(state) {
      for (const found of unrenderedWorkloads(state, state.rendered)) {
        const { kind, metadata } = found.object;
        yield { subject: `${kind} ${metadata.name}`, ...unrenderedFinding(found, state) };
      }
    },
  },
];

/** The release that a component runs: an image of upstream tells, and the label of its Deployment beside any other. */
function running(
  state: ClusterState,
  component: Component,
): { readonly tag: string; readonly line: ReleaseLine } | undefined {
  const deployment = state.named('Deployment', workloadNames[component]);
  const container = listOf(deployment?.spec?.template?.spec?.containers).find(({ name }) => name === component);
  const image = parseImage(String(container?.image ?? ''));
  // The tag of a person's own image says nothing of upstream's releases.
  const isUpstreams = image && releaseLines.some((line) => publishedName(line, component) === imageName(image));
  for (const tag of [isUpstreams ? image.tag : undefined, tagOf(deployment)]) {
    const line = lineOf(tag);
    if (tag !== undefined && line) return { tag, line };
  }
  return undefined;
}

function consequence(backend: ReleaseLine, ingestion: ReleaseLine): string {
  if (backend.namesKeys === ingestion.namesKeys) return ', which belong to different release lines';
  return ingestion.namesKeys
    ? ': ingestion rejects every API key as UNAVAILABLE'
    : ': spans are stored without the id of their API key';
}
