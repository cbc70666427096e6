import { describeAttacksOnApi, describeAttacksOnSpans } from '../support/attacks';

describeAttacksOnSpans([
  ['calls without a body', 64, 'the same address'],
  ['calls without a body', 256, 'another address'],
  ['half a handshake', 256, 'many addresses'],
]);

describeAttacksOnApi([
  ['calls without a body', 256, 'the same address'],
  ['half a header', 256, 'the same address'],
]);
