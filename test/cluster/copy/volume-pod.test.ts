import { newOwner } from '../../../cluster/copy/owner';
import { volumePod } from '../../../cluster/copy/volume-pod';
import { development, type Manifest, render } from '../../support/studio';

/** The container of the pod that copies, for a backend with these containers. */
function copyContainer(change: (spec: Manifest) => Manifest): Manifest {
  const backend = structuredClone(render(development()).get('Deployment', 'junjo-ai-studio-backend'));
  const { template } = backend.spec;
  template.spec = { ...template.spec, ...change(template.spec) };
  const pod: Manifest = volumePod({ backend, claim: 'data', owner: newOwner('backup') });
  return pod.spec.containers[0];
}

describe('the pod that copies', () => {
  const other = { image: 'other:1', imagePullPolicy: 'Always' };
  const changed = (containers: readonly Manifest[], name: string) =>
    containers.map((each) => (each.name === name ? { ...each, ...other } : each));

  test('has the image of the guard, which has Python, and not that of the backend', () => {
    const copy = copyContainer(({ initContainers }) => ({ initContainers: changed(initContainers, 'upgrade-guard') }));
    expect(copy).toMatchObject(other);
    const same = copyContainer(({ containers }) => ({ containers: changed(containers, 'backend') }));
    expect(same.image).not.toBe(other.image);
    expect(same.imagePullPolicy).not.toBe(other.imagePullPolicy);
  });

  test('has the image of the backend where there is no guard', () => {
    const sidecar = { name: 'sidecar', image: 'sidecar:1' };
    const copy = copyContainer(({ containers }) => ({
      initContainers: [sidecar],
      containers: [sidecar, ...changed(containers, 'backend')],
    }));
    expect(copy).toMatchObject(other);
  });
});
