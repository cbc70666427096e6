import { page } from '../how-to-run';
import type { Problem } from '../problems';
import type { Values } from '../values';
import type { Variable } from '../variables';

/**
 * Checks the value of one variable against its row of the table, independently of other variables that may be invalid. A variable
 * with an error has no value.
 */
export function checkVariable(values: Values, variable: Variable): readonly Problem[] {
  const { name } = variable;
  const mode = values.inFile('JUNJO_K8S_SECRETS').kind === 'unsound' ? undefined : values.inEffect('JUNJO_K8S_SECRETS');
  // secrets.ts checks secrets that come from elsewhere; with an invalid mode that is unknown.
  if (variable.secret && mode !== 'manifest' && mode !== 'sealed') return [];
  const fromFile = !variable.secret || mode === 'manifest';
  const inFile = values.inFile(name);
  switch (inFile.kind) {
    case 'none': {
      if (!fromFile || !isRead(variable)) return [];
      if (variable.leftOutAsPlaceholder && inFile.hasLine) return [leftOut(values, name, 'is empty')];
      const what = inFile.hasLine ? 'is empty' : 'is missing';
      return isRequired(values, variable) ? [values.error(name, `${what}. ${howToSet(variable)}`)] : [];
    }
    case 'placeholder':
      return variable.leftOutAsPlaceholder
        ? [leftOut(values, name, inFile.reason)]
        : [values.error(name, `${inFile.reason}. ${howToSet(variable)}`)];
    case 'unsound':
      return isRead(variable) ? [values.error(name, inFile.problem)] : [];
    case 'sound':
      return [];
  }
}

function leftOut(values: Values, name: string, reason: string): Problem {
  return values.warning(name, `${reason}, so it is left out. Set it, or remove the line`);
}

function isRequired(values: Values, { required }: Variable): boolean {
  return required === 'always' || (required === 'production' && values.inEffect('JUNJO_ENV') === 'production');
}

/** Whether anything of this release reads the value. */
function isRead({ refused, insteadOfCompose, readers, alsoForManifests }: Variable): boolean {
  return !refused && !insteadOfCompose && (readers?.length !== 0 || alsoForManifests === true);
}

function howToSet({ secret, name, type, meaning, example }: Variable): string {
  if (secret) return 'Generate one: openssl rand -base64 32';
  const sentence = meaning.replaceAll('`', '').replace(/docs\/\S+\.md/, (path) => page(path));
  return type.words === undefined
    ? `Set it to the ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}. Example: ${example}`
    : `Set ${name} to one of: ${type.description.replaceAll('`', '')}`;
}
