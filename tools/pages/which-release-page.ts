import { listed } from '../../config/text';
import {
  componentsOf,
  defaultTag,
  hasOneHost,
  newestTag,
  type ReleaseLine,
  recommendedTag,
  uiOf,
} from '../../releases';
import { type Parts, table } from './page';
import { rowsOf } from './releases-page';

/** Which release to take, and how they differ: the generated parts of `docs/which-release.md`. */
export function whichReleasePage(lines: readonly ReleaseLine[]): Parts {
  const newest = lines.map(newestTag).at(-1) ?? defaultTag;
  return { choice: choice(lines, newest), differences: differences(lines) };
}

function choice(lines: readonly ReleaseLine[], newest: string): string {
  const faults = lines.flatMap((line) =>
    Object.entries(line.faults ?? {}).map(([tag, fault]) => [`${tag}`, recommendedTag(line), `${tag} ${fault}`]),
  );
  const playground = lines.findLast(
    ({ fewerReaders, perhapsUnread }) => !perhapsUnread && !fewerReaders?.OPENAI_API_KEY,
  );
  const reloading = lines.findLast(({ hotReload }) => hotReload);
  return table(
    ['you have or need', 'take', 'why'],
    [
      ['no data yet', `**${newest}**, the newest`, 'fewest containers and host names, and the API requires a sign-in'],
      [
        'a studio with data, in compose or in a cluster',
        'the release that wrote the data',
        'another line can hide the spans, or fail to start: [moves](releases.md#from-one-line-to-the-next)',
      ],
      [
        'a running studio whose env file has no `JUNJO_K8S_RELEASE`',
        `${defaultTag}, and write it into the file`,
        'this is the release that runs now',
      ],
      [
        'applications with a certain Python SDK',
        'the release for [that SDK](releases.md#which-sdk)',
        'with another one, traces arrive and workflow graphs do not',
      ],
      ...one('the LLM playground', playground, 'newer releases may not have it'),
      ...one('images that reload from your sources', reloading, '[development](development.md) has them up to here'),
      ...faults,
    ],
  );
}

function one(need: string, line: ReleaseLine | undefined, why: string): readonly (readonly string[])[] {
  return line ? [[need, `${recommendedTag(line)} or older`, why]] : [];
}

function differences(lines: readonly ReleaseLine[]): string {
  const facts = (line: ReleaseLine) => [
    listed(componentsOf(line)),
    hasOneHost(line) ? '2: UI with API, spans' : '3: UI, API, spans',
    line.api.spansNeedSignIn ? 'the API requires a sign-in' : 'a guard requires a sign-in in production',
    [uiOf(line, 'production').published[0], line.ports.backend.http, line.ports.ingestion.otlp].join(', '),
    line.stores.description,
  ];
  const rows = table(
    ['release', 'containers', 'hosts', 'to read spans', 'ports: UI, API, spans', 'stores'],
    rowsOf(lines, facts, recommendedTag),
  );
  const doubts = lines.flatMap(({ unproven = {} }) =>
    Object.entries(unproven).map(([tag, doubt]) => `${tag} ${doubt}.`),
  );
  return [rows, ...doubts].join('\n\n');
}
