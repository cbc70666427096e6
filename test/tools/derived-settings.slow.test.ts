import { readFileSync } from 'node:fs';
import { derivedSettings } from '../../tools/derived-settings';

test('cli/explain/settings.json is what changing each variable shows (npm run docs writes it)', () => {
  expect(JSON.parse(readFileSync('cli/explain/settings.json', 'utf8'))).toEqual(derivedSettings());
});
