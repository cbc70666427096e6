/** Fields of the tables and of the rules that hold nothing but words for the pages of docs/. */
const fields = new Set(['meaning', 'group', 'asks', 'reason', 'source', 'insteadOfCompose', 'defaultText', 'example']);

/** Leaves the texts of such fields as they are: a test of each would be a copy of it. */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'prose',
    value: {
      shouldIgnore({ node, parent }) {
        if (!/^(StringLiteral|TemplateLiteral)$/.test(node.type) || parent?.type !== 'ObjectProperty') return undefined;
        return fields.has(parent.key.name) ? 'words for the pages of docs/' : undefined;
      },
    },
  },
];
