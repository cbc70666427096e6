import { readdirSync } from 'node:fs';
import { diagnosisLines } from '../../cli/status-screen';
import { causes, type Diagnosis } from '../../cluster/diagnosis';
import { defaultStudioName } from '../../config/names';
import { diagnosisOf, recording } from './cluster-state';
import { crashes, diagnosisOfCrash, made } from './made-states';

/** Of each recogniser what `status` prints of the first state that it knows: a recorded one, else one that was made. */
export function shownByStatus(): ReadonlyMap<string, string> {
  const names = readdirSync('test/cluster/diagnosis/states').map((file) => file.replace('.json', ''));
  const found: readonly (readonly [Diagnosis, namespace: string])[] = [
    ...names.map(recording).flatMap((state) => told(diagnosisOf(state), state.namespace)),
    ...crashes.flatMap(([log]) => told(diagnosisOfCrash(log), recording('crash-loop').namespace)),
    ...Object.values(made).flatMap(([state]) => told(diagnosisOf(state), state.namespace)),
  ];
  const shown = causes.map(({ name }) => {
    const [first, namespace] = found.find(([{ cause }]) => cause === name) ?? [];
    // Namespaces of the recordings are called after what was tried there.
    const lines = first ? diagnosisLines([first]).join('\n').replaceAll(`${namespace}`, defaultStudioName) : '';
    return [name, lines] as const;
  });
  return new Map(shown);
}

function told(diagnoses: readonly Diagnosis[], namespace: string): readonly (readonly [Diagnosis, string])[] {
  return diagnoses.map((diagnosis) => [diagnosis, namespace]);
}

/** The page with what is shown put into the block of each section; a section is headed by the name of its recogniser. */
export function withOutput(page: string): string {
  const shown = shownByStatus();
  return page.replace(/^### `([a-z-]+)`\n\n```text\n.*?^```$/gms, (section, name: string) => {
    const output = shown.get(name);
    return output === undefined ? section : `### \`${name}\`\n\n\`\`\`text\n${output}\n\`\`\``;
  });
}
