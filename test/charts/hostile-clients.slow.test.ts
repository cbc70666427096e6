import { type Attack, describeAttacksOnApi, describeAttacksOnSpans } from '../support/attacks';

const shapes = ['calls without a body', 'large calls', 'no call', 'half a header'] as const;
const origins = ['the same address', 'another address', 'many addresses'] as const;
const attacks = [...shapes, 'half a handshake' as const].flatMap((shape) =>
  origins.flatMap((origin) => [16, 64, 256].map((count): Attack => [shape, count, origin])),
);

describeAttacksOnSpans(attacks);
describeAttacksOnApi(
  shapes.flatMap((shape) => [16, 64, 256].map((count) => [shape, count, 'the same address'] as const)),
);
