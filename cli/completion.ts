import { COMMAND } from '../config/how-to-run';
import { inOneLine } from '../config/text';
import type { Command } from './command';
import { bashCompletion } from './completion/bash';
import { fishCompletion } from './completion/fish';
import { completed } from './completion/program';
import { zshCompletion } from './completion/zsh';

interface CompletionOptions {
  readonly shell: string;
}

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** @param load loads every command of the program */
export function completionOf(load: () => readonly Command<never>[]): Command<CompletionOptions> {
  return {
    name: 'completion',
    summary: 'Print a script that completes commands and options in bash, zsh, or fish',
    argument: {
      name: '<shell>',
      text: `bash, zsh, or fish. The script completes the program ${COMMAND}, which npm install --global installs`,
      choices: Object.keys(shells),
    },
    options: [],
    examples: [
      ['completion bash >> ~/.bashrc', 'for bash; it takes effect in new shells'],
      ['completion zsh >> ~/.zshrc', 'for zsh; it takes effect in new shells'],
      ['completion fish > ~/.config/fish/completions/junjo-k8s.fish', 'for fish'],
    ],
    run: async ({ shell }, io) => {
      if (!isShell(shell)) {
        io.err(inOneLine(`There is no completion for ${shell}. Name bash, zsh, or fish.`));
        return 2;
      }
      io.out(shells[shell](load().map(completed)));
      return 0;
    },
  };
}

function isShell(shell: string): shell is keyof typeof shells {
  return Object.hasOwn(shells, shell);
}
