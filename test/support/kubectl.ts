import { kubernetesTool } from '../../tools/kubernetes-tools';

/**
 * The real kubectl. Tests with it are skipped where its package has none for the machine, never in CI.
 *
 *     describeWithKubectl('…', (kubectl) => { test(…) })
 */
export function describeWithKubectl(name: string, tests: (kubectl: string) => void): void {
  const kubectl = kubernetesTool('kubectl');
  if (kubectl) describe(name, () => tests(kubectl));
  else if (process.env.CI) throw new Error('CI runs the tests with kubectl, whose package has none for this machine');
  else describe.skip(`${name} (the package of kubectl has none for this machine)`, () => test.todo('not here'));
}
