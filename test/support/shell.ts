/** A command of a block, and whether one that fails before it in the block would not stop it. */
interface Statement {
  readonly text: string;
  readonly unguarded: boolean;
}

/** What deletes, stops, moves or overwrites something that may be needed. */
const DESTRUCTIVE: readonly RegExp[] = [
  /\bkubectl\b.*(?<![-=\w])(delete|drain|taint)\b/,
  /\bkubectl\b.*--replicas[= ]0/,
  /\bkubectl\b.*(--prune\b|\breplace\b.*--force|\brollout undo\b)/,
  /\bkubectl\b.*\bpatch\b.*("op": ?"remove"|: ?null\b|"replicas": ?0|"persistentVolumeReclaimPolicy": ?"Delete")/,
  /\brestore\b.*--replace\b/,
  // Also with a path, and inside quotes and parentheses.
  /(^|[\s'"(`/])(rm|mv|truncate|dd|shred|rmdir)\s/,
  /\bfind\b.*-(delete|exec)\b/,
  /\bleft-behind\.sh\b/,
  /\bgit (checkout (--|\.)|clean|restore|reset --hard|push (--force|-f))/,
  /\bdocker[- ]compose down\b|\bdocker \S+ (prune|rm)\b/,
  /\b(helm (uninstall|delete)|argocd app delete|velero \S+ delete|restic (forget|prune)|(kind|k3d|minikube) (cluster )?delete)\b/,
  /\bcurl\b.*(-X|--request)[= ]?DELETE\b/,
  // What overwrites a file; a descriptor and a device lose nothing.
  /(^|[^>&0-9])>(?![>&])\s*(?!\/dev\/)\S*\.(env|ya?ml|gz)\b/,
];

/** Whether a command destroys something. */
export function isDestructive(command: string): boolean {
  return DESTRUCTIVE.some((pattern) => pattern.test(command));
}

/** The destructive commands of a block that run although a command before them failed. */
export function unguarded(block: string): readonly string[] {
  return statementsOf(block)
    .filter((statement) => statement.unguarded && isDestructive(statement.text))
    .map(({ text }) => text);
}

/** The commands of a block: what `&&` joins to everything before it is guarded, and so is the first. */
function statementsOf(block: string): readonly Statement[] {
  const statements: Statement[] = [];
  let text = '';
  let broken = false;
  const end = (operator: string) => {
    if (text.trim() !== '') statements.push({ text: text.trim(), unguarded: broken });
    // A line break behind an operator ends nothing.
    if (operator !== '&&' && (operator !== '\n' || text.trim() !== '')) broken ||= statements.length > 0;
    text = '';
  };
  for (const [part] of block
    .replace(/\\\n/g, ' ')
    .matchAll(/'[^']*'|"(?:\\.|[^"\\])*"|(?<=^|\s)#.*|&&|\|\||[;&|\n]|./gm)) {
    if (part.startsWith('#')) continue;
    if (/^(&&|\|\||[;&|\n])$/.test(part)) end(part);
    else text += part;
  }
  end('\n');
  return statements;
}
