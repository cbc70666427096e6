import { readFileSync } from 'node:fs';
import { App, Chart, YamlOutputType } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { formatProblem, loadStudio, Studio } from 'junjo-ai-studio-cdk8s';

// An app of your own: two studios beside a chart of yours, one file each.
const app = new App({ yamlOutputType: YamlOutputType.FILE_PER_CHART, outdir: 'dist' });

const team = new Chart(app, 'team');
new k8s.KubePriorityClass(team, 'studios', { metadata: { name: 'studios' }, value: 1000 });

for (const name of ['blue', 'green']) {
  const path = `${name}.env`;
  const { config, problems } = loadStudio([{ path, text: readFileSync(path, 'utf8') }], {
    name,
    environment: (variable) => process.env[variable],
  });
  for (const problem of problems) console.error(formatProblem(problem));
  if (!config) process.exit(1);
  new Studio(app, name, { config });
}

app.synth();
