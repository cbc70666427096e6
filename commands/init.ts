import { howToRun } from '../main';
import { type Command, type JsonOptions, jsonOption, tell } from './command';
import { initEnv } from './init-env';

export const init: Command<JsonOptions> = {
  name: 'init',
  summary: 'Write a .env for a studio on localhost, with fresh secrets',
  options: [jsonOption],
  examples: [['init', 'writes .env; one that is there stays as it is']],
  run: async (options, io) => {
    const file = '.env';
    if (!initEnv(file)) {
      const text = 'is there already and was left as it is. Move it away first, if it is to be replaced';
      return tell({ problems: [{ severity: 'error', file, text }] }, options, io);
    }
    const next = howToRun('synth', io.environment);
    const text = `Wrote ${file}: a studio on localhost, with fresh secrets. Next: ${next}`;
    return tell({ problems: [], text, result: { files: [file] } }, options, io);
  },
};
