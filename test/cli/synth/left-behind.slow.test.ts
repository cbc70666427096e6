import { exampleNames } from '../../../tools/example-studios';
import { testChanges } from '../../support/left-behind';

testChanges(
  exampleNames().flatMap((from) => exampleNames().flatMap((to) => (from === to ? [] : [[from, to] as const]))),
);
