import { initEnv } from './init-env';

if (initEnv('.env')) {
  console.log('Wrote .env: a studio on localhost, with fresh secrets. Next: npm run synth');
} else {
  console.error('.env is there already and was left as it is. Move it away first, if it is to be replaced.');
  process.exitCode = 1;
}
