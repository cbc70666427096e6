import { render } from '../main';
import { type Command, type JsonOptions, jsonOption, tell } from './command';
import { type StudioOptions, selected, studioOptions } from './studio-options';

export const validate: Command<StudioOptions & JsonOptions> = {
  name: 'validate',
  summary: 'Check the env files and what they render, and write nothing',
  options: [...studioOptions, jsonOption],
  examples: [
    ['validate', 'checks .env'],
    ['validate --studios studios --json', 'checks every studios/*.env, for a program to read'],
  ],
  run: async (options, io) => {
    const { problems, files, studios } = render(selected(options, io), io.environment);
    const names = studios.map(({ name }) => name);
    const text = names.length > 0 ? `All is well with ${names.join(', ')}: ${files.length} files` : undefined;
    return tell({ problems, text, result: { studios: names } }, options, io);
  },
};
