import { type Attack, describeAttacksOnApi, describeAttacksOnSpans } from '../support/attacks';

const shapes = ['calls without a body', 'large calls', 'no call', 'half a header'] as const;
const origins = ['the same address', 'another address', 'many addresses'] as const;
const attacks = [...shapes, 'half a handshake' as const].flatMap((shape) =>
  origins.flatMap((origin) => [16, 64, 256].map((count): Attack => [shape, count, origin])),
);

// One address may have the calls of 64 connections, and all of them together have few more.
const isTooMuch = ([shape, count, origin]: Attack) =>
  ['calls without a body', 'large calls'].includes(shape) && count === 256 && origin !== 'another address';

describeAttacksOnSpans(attacks.filter((attack) => !isTooMuch(attack)));
describeAttacksOnApi(
  shapes.flatMap((shape) => [16, 64, 256].map((count) => [shape, count, 'the same address'] as const)),
);
