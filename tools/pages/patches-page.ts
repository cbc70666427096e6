import { rules } from '../../render/rules/index';

/** How to patch what is rendered, and the rules that a patch keeps: `docs/patches.md`. */
export function patchesPage(): string {
  return `# Patches

<!-- Written by \`npm run docs\` from rules/; edit those. -->

Nodes, tolerations, priority, labels and annotations have settings of their own: \`JUNJO_K8S_NODE_SELECTOR\`,
\`JUNJO_K8S_TOLERATIONS\`, \`JUNJO_K8S_PRIORITY_CLASS\`, \`JUNJO_K8S_LABELS\`, \`JUNJO_K8S_ANNOTATIONS\`
([variables](variables.md)). For anything else, \`JUNJO_K8S_PATCHES\` names YAML files, comma-separated, relative to the folder
in which synth runs. They hold patches in the form of
[kustomize](https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/), which are applied in their order:

\`\`\`yaml
patches:
  # Operations of JSON 6902; kustomize's form, in which they are a text, is read too.
  - target: { kind: Deployment, name: junjo-ai-studio-frontend }
    patch:
      - { op: add, path: /spec/revisionHistoryLimit, value: 3 }
  # Fields to merge: lists of Kubernetes' own kinds by their keys (containers by name), those of custom resources whole.
  - target: { kind: Service, name: junjo-ai-studio-(backend|frontend) }
    patch:
      spec: { internalTrafficPolicy: Local }
\`\`\`

\`kind\` and \`name\` are regular expressions for the whole text; without a \`name\`, all objects of the kind are meant; \`group\`
and \`version\` narrow it further. A target that nothing matches, a path that is not there, or a patch that breaks one of the
rules below is an error with file and line, and nothing is rendered. Further:

- A patch changes objects; it adds and removes none. The Secret cannot be patched, because its values would stand in the file.
- Pods roll when their own template changed, or a ConfigMap that they read.
- With several studios, the ApplicationSet that they share is not patched.

## Rules

Every rendering keeps these, with patches and without. Where one must be broken, the patch file waives it with a reason, and
synth says so every time:

\`\`\`yaml
waive:
  - rule: cpu-limits
    reason: the quota of our namespace wants limits for everything
\`\`\`

| rule | what it asks | or else |
| --- | --- | --- |
${rules.map(({ name, asks, reason, source }) => `| [\`${name}\`](${source}) | ${cell(asks)} | ${cell(reason)} |`).join('\n')}

A rendering without patches that breaks a rule is a mistake of these charts: please report it.
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
