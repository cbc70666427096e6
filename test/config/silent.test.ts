import { loadStudio } from '../../config/load-studio';
import { type Variable, variables } from '../../config/variables';
import { envText, production } from '../support/studio';

/** Where the table's example says what counts anyway. */
const others: Readonly<Record<string, string>> = {
  JUNJO_K8S_ACME_SERVER: 'letsencrypt-staging',
  JUNJO_K8S_GIT_PATH: 'rendered',
  JUNJO_K8S_INGRESS_CLASS: 'nginx',
  JUNJO_K8S_INGRESS_CONTROLLER: 'other',
  JUNJO_K8S_NAMESPACE: 'elsewhere',
};

/** Another value than the default, as a person could write it. */
function otherThanDefault({ name, example, default: fixed, type }: Variable): string | undefined {
  const values = [others[name], example, 'false', 'true', 'other', '20Gi', '3', 'main', ...(type.words ?? [])];
  return values.find((value) => value !== undefined && value !== fixed && !('problem' in type.parse(value)));
}

const base = production();
const load = (text: string) => loadStudio([{ path: '.env', text }]);

test.each(
  variables
    .filter(({ name }) => name.startsWith('JUNJO_K8S_'))
    .map((variable: Variable) => [variable.name, variable] as const),
)('%s by itself changes the studio, or is told', (name, variable) => {
  const value = otherThanDefault(variable);
  expect(value).toBeDefined();
  const [before, after] = [load(envText(base)), load(`${name}=${value}\n${envText({ ...base, [name]: undefined })}`)];
  const told = after.problems.some((problem) => problem.variable === name);
  expect(told || JSON.stringify(after.config) !== JSON.stringify(before.config)).toBe(true);
});
