import type { Problem } from '../problems';
import type { Values } from '../values';
import type { Variable } from '../variables';

/**
 * Judges the value of one variable by its row of the table, and by nothing else that may be invalid. A variable with an error has
 * no value.
 */
export function checkVariable(values: Values, variable: Variable): readonly Problem[] {
  const { name } = variable;
  const mode = values.inFile('JUNJO_K8S_SECRETS').kind === 'unsound' ? undefined : values.inEffect('JUNJO_K8S_SECRETS');
  // secrets.ts checks secrets that come from elsewhere; a mode that is invalid does not tell whether they do.
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
  return values.warning(name, `${reason} and is left out. Set it, or remove the line`);
}

function isRequired(values: Values, { required }: Variable): boolean {
  return required === 'always' || (required === 'production' && values.inEffect('JUNJO_ENV') === 'production');
}

/** Whether anything of this release reads the value. */
function isRead({ refused, insteadOfCompose, readers, alsoForManifests }: Variable): boolean {
  return !refused && !insteadOfCompose && (readers?.length !== 0 || alsoForManifests === true);
}

function howToSet({ secret, name, type, meaning }: Variable): string {
  if (secret) return 'Generate one: openssl rand -base64 32';
  return type.words === undefined
    ? meaning.replaceAll('`', '')
    : `Set ${name} to one of: ${type.description.replaceAll('`', '')}`;
}
