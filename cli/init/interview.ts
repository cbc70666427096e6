import { randomBytes } from 'node:crypto';
import { appended, assignment, type SetLine, withoutSetting, withSetting } from '../../config/env-file-edit';
import { readEnvFiles } from '../../config/env-files';
import { type LoadOptions, loadStudio } from '../../config/load-studio';
import { chooseRelease } from '../../config/parts/release';
import { isPlaceholder } from '../../config/placeholders';
import type { Problem } from '../../config/problems';
import { inOneLine } from '../../config/text';
import { commaSeparated } from '../../config/value-types';
import { variablesOf } from '../../config/variables';
import { defaultTag, recommendedTag, releaseLines } from '../../releases';
import { exampleEnvFile } from './env-file';
import { type Answers, type Question, questions } from './questions';

/** The person who answers, and what is known before. */
export interface InterviewProps {
  /** Name of the file that will be written. */
  readonly file: string;
  /** Env file of compose whose lines are kept. @default a new file with every setting */
  readonly from?: string;
  /** Answers that were given with the command. */
  readonly given: Answers;
  /** @default no questions: only what is given, and the defaults */
  readonly ask?: (prompt: string) => Promise<string | undefined>;
  /** Prints the line that an answer wrote, or what is wrong with it. */
  readonly show: (line: string) => void;
  readonly options: Pick<LoadOptions, 'environment' | 'readFile'>;
}

/** An env file that is not written yet, and what is still wrong with it. */
export interface Draft {
  readonly text: string;
  /** What was chosen without asking. */
  readonly notes: readonly Problem[];
  readonly problems: readonly Problem[];
}

const HEADING = '\n# === Kubernetes: added by init ===\n\n';
const ORIGINS = 'JUNJO_ALLOW_ORIGINS';
const RELEASE = 'JUNJO_K8S_RELEASE';
const SECRETS = 'JUNJO_K8S_SECRETS';

/** Asks what is missing, and adds the answers to the text of an env file. Nothing when the person cancelled. */
export function interview(props: InterviewProps): Promise<Draft | undefined> {
  return new Interview(props).run();
}

class Interview {
  private text: string;
  private readonly answered = new Map<string, string>();
  private readonly notes: Problem[] = [];

  constructor(private readonly props: InterviewProps) {
    this.text = props.from ?? exampleEnvFile();
  }

  async run(): Promise<Draft | undefined> {
    const { given, from } = this.props;
    for (const question of questions) {
      if (!(await this.settle(question))) return undefined;
    }
    const asked = new Set<string>(questions.map(({ name }) => name));
    for (const [name, value] of given) if (!asked.has(name)) this.set(name, value);
    this.fillSecrets();
    if (from === undefined && this.errorsOf(ORIGINS).length > 0) this.text = withoutSetting(this.text, ORIGINS);
    if (!(await this.fix())) return undefined;
    return { text: this.text, notes: this.notes, problems: this.errors() };
  }

  /** Takes the given answer to a question, or asks. False when the person cancelled. */
  private async settle(question: Question): Promise<boolean> {
    const { given, from, ask, show } = this.props;
    const { name, suggestion, when } = question;
    const value = given.get(name);
    if (value !== undefined) {
      this.set(name, value);
      return true;
    }
    if (when && !when(this.answers())) return true;
    if (from !== undefined && this.answers().has(name) && this.errorsOf(name).length === 0) return true;
    if (!ask) {
      if (from !== undefined && name === RELEASE) this.chooseForFile();
      return true;
    }
    for (const line of question.before ?? []) show(line);
    // The error of the release names every release that the file can belong to.
    const isWrong = from !== undefined && (name === RELEASE || this.answers().has(name));
    for (const error of isWrong ? this.errorsOf(name) : []) show(inOneLine(`  ${name}: ${error.text}`));
    return this.askFor(question, this.suggested(name) ?? suggestion(this.answers()));
  }

  /** Sets the release that an env file of compose was written for, where the default release does not fit. */
  private chooseForFile(): void {
    const choice = chooseRelease(this.read(), releaseLines);
    // Lines in comments are only a hint.
    if (choice.kind === 'default' && choice.reservation)
      this.notes.push({ ...choice.reservation, file: this.props.file, variable: RELEASE });
    if (choice.kind !== 'other') return;
    const tag = recommendedTag(choice.line);
    const line = this.put(RELEASE, tag);
    const text = `is set to ${tag}, because this file was written for it. If another release wrote your data, set that one`;
    this.notes.push({ severity: 'note', file: this.props.file, line, variable: RELEASE, text });
  }

  private async askFor(
    { name, text, mayComeLater }: Omit<Question, 'suggestion'>,
    byDefault: string,
  ): Promise<boolean> {
    const { ask, show } = this.props;
    for (;;) {
      const answer = await ask?.(inOneLine(`${text}${byDefault ? ` [${byDefault}]` : ''}: `));
      if (answer === undefined) return false;
      const value = answer.trim() || byDefault;
      const before = this.text;
      const line = value ? this.put(name, value) : undefined;
      const errors = this.errorsOf(name);
      for (const error of errors) show(inOneLine(`  ${name}: ${error.text}`));
      if (errors.length === 0 || mayComeLater) {
        if (line) this.shown(name, value, line);
        return true;
      }
      this.text = before;
    }
  }

  /** Asks for each setting that was wrong in the file. */
  private async fix(): Promise<boolean> {
    const { ask } = this.props;
    if (!ask) return true;
    const wrong = this.errors().flatMap(({ variable }) => variable ?? []);
    for (const variable of new Set(wrong)) {
      const row = this.table().find(({ name }) => name === variable);
      if (!row || row.secret || row.refused) continue;
      for (const { text } of this.errorsOf(variable)) this.props.show(inOneLine(`  ${variable}: ${text}`));
      const question = { name: row.name as Question['name'], text: `Another ${variable}`, flag: '', value: '' };
      if (!(await this.askFor({ ...question, mayComeLater: true }, this.suggested(variable) ?? ''))) return false;
    }
    return true;
  }

  /** A better value for a wrong setting, where the rest of the file implies one. */
  private suggested(name: string): string | undefined {
    if (name === RELEASE && this.props.from !== undefined) {
      // The studio that compose ran has data.
      const choice = chooseRelease(this.read(), releaseLines);
      if (choice.kind === 'other') return recommendedTag(choice.line);
      return choice.kind === 'default' ? defaultTag : undefined;
    }
    if (name !== ORIGINS) return undefined;
    const ui = this.answers().get('JUNJO_PROD_FRONTEND_URL') ?? '';
    const kept = commaSeparated(this.answers().get(ORIGINS) ?? '').filter((origin) => origin.startsWith('https://'));
    return [...new Set([ui, ...kept])].filter(Boolean).join(',');
  }

  /** Adds new secrets for those that are missing or invalid. Adds none where secrets come from elsewhere. */
  private fillSecrets(): void {
    const mode = this.answers().get(SECRETS) ?? 'manifest';
    const own = mode === 'manifest' || mode === 'sealed';
    const required = this.table().filter((row) => row.secret && row.required === 'always' && row.readers?.length);
    for (const { name, onlyWith } of required) {
      // A new file has a key for optional parts too, which a person can switch on later.
      if (this.props.from !== undefined && onlyWith && this.answers().get(onlyWith) !== 'true') continue;
      const value = this.answers().get(name);
      const open = value === undefined || isPlaceholder(value) || this.errorsOf(name).length > 0;
      if (own && open) {
        const line = this.put(name, randomBytes(32).toString('base64'));
        if (this.props.ask) this.props.show(`  ${this.props.file}:${line} ${name}: a new secret`);
      }
      if (!own && this.props.from === undefined) this.text = withoutSetting(this.text, name);
    }
  }

  private set(name: string, value: string): void {
    this.shown(name, value, this.put(name, value));
  }

  private shown(name: string, value: string, line: number): void {
    if (this.props.ask) this.props.show(inOneLine(`  ${this.props.file}:${line} ${assignment(name, value)}`));
  }

  /** Puts a setting into the text. Returns its line. */
  private put(name: string, value: string): number {
    const { from } = this.props;
    if (from === undefined && name === RELEASE) this.startFrom(value);
    this.answered.set(name, value);
    const edited: SetLine =
      from === undefined
        ? withSetting(this.text, name, value)
        : appended(
            this.text === from ? `${from}${from.endsWith('\n') || !from ? '' : '\n'}${HEADING}` : this.text,
            name,
            value,
          );
    this.text = edited.text;
    return edited.line;
  }

  /** Starts again with the settings of a release. */
  private startFrom(tag: string): void {
    this.text = exampleEnvFile(releaseLines, releaseLines.some(({ tags }) => tags.includes(tag)) ? tag : undefined);
    for (const [name, value] of this.answered) this.text = withSetting(this.text, name, value).text;
  }

  private read() {
    const { options, file } = this.props;
    return readEnvFiles([{ path: file, text: this.text }], options.environment ?? (() => undefined), []);
  }

  private answers(): Answers {
    const set = [...this.read().entries.values()].filter(({ value }) => value !== '');
    return new Map(set.map(({ name, value }) => [name, value]));
  }

  private table() {
    const choice = chooseRelease(this.read(), releaseLines);
    return variablesOf(choice.kind === 'unknown' ? releaseLines[0] : choice.line);
  }

  private errors(): readonly Problem[] {
    const { options, file } = this.props;
    const { problems } = loadStudio([{ path: file, text: this.text }], options);
    return problems.filter(({ severity }) => severity === 'error');
  }

  private errorsOf(name: string): readonly Problem[] {
    return this.errors().filter(({ variable }) => variable === name);
  }
}
