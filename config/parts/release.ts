import { defaultTag, newestTag, type ReleaseLine, recommendedTag, uiOf } from '../../releases';
import type { Entry } from '../env-files';
import { listed } from '../text';
import { variablesOf } from '../variables';

type Entries = ReadonlyMap<string, Entry>;

/** The release that an env file asks for, or what it should ask for. */
export type ReleaseChoice =
  | { readonly kind: 'chosen'; readonly line: ReleaseLine; readonly warning?: string }
  /** The file names none, and has nothing that the default release does not have. */
  | { readonly kind: 'default'; readonly line: ReleaseLine; readonly note: string }
  /** The file names none, but has variables of another line. */
  | { readonly kind: 'other'; readonly line: ReleaseLine; readonly error: string }
  /** No release has the tag, so that nothing can be said of what depends on the release. */
  | { readonly kind: 'unknown'; readonly error: string };

/** Finds the line of the tag in the file; without a tag, the line whose variables the file has. */
export function chooseRelease(entries: Entries, lines: readonly ReleaseLine[]): ReleaseChoice {
  const tag = entries.get('JUNJO_K8S_RELEASE')?.value;
  const line = lines.find(({ tags }) => tags.includes(tag || defaultTag));
  if (!line) return { kind: 'unknown', error: unknownTag(tag || defaultTag, lines) };
  if (tag) {
    const fault = line.faults?.[tag];
    return { kind: 'chosen', line, warning: fault && `${tag} ${fault}. Set ${recommendedTag(line)}` };
  }

  const foreign = unknownNames(entries, line, lines);
  const better = foreign.length > 0 ? bestFit(entries, lines) : line;
  if (better !== line) {
    const some = listed(foreign.length > 4 ? [...foreign.slice(0, 3), `${foreign.length - 3} more`] : foreign);
    const belong = foreign.length === 1 ? 'belongs' : 'belong';
    const error = `is not set, which means ${defaultTag}, but ${some} ${belong} to release line ${better.name}. Set JUNJO_K8S_RELEASE=${recommendedTag(better)}`;
    return { kind: 'other', line: better, error };
  }
  const newest = newestTag(lines[lines.length - 1] ?? line);
  const note = `is not set, so that ${defaultTag} runs; ${newest} is the newest release. Set the one that you want`;
  return { kind: 'default', line, note };
}

function unknownTag(tag: string, lines: readonly ReleaseLine[]): string {
  const known = lines.flatMap(({ tags }) => tags);
  if (/^v?[0-9]+(\.[0-9]+)?$|^[a-z]+$/.test(tag)) {
    const sound = lines.flatMap(({ tags, faults }) => tags.filter((each) => !faults?.[each]));
    const within = sound.filter((each) => each.startsWith(`${tag.replace(/^v/, '')}.`));
    const newest = within[within.length - 1] ?? known[known.length - 1];
    return `${tag} is a tag that moves, so that each restart could run another release. Name a release, for example ${newest}`;
  }
  const position = versionNumber(tag);
  const nearest = position === undefined ? lines.map(newestTag) : nearestTags(position, known);
  return `no release of Junjo AI Studio has the tag ${tag}. Nearest: ${nearest.join(', ')}`;
}

/** The two known tags closest to a version, lower first. */
function nearestTags(version: number, known: readonly string[]): readonly string[] {
  const away = (tag: string) => Math.abs((versionNumber(tag) ?? 0) - version);
  const [closest, second] = known.toSorted((a, b) => away(a) - away(b));
  return known.filter((tag) => tag === closest || tag === second);
}

/** Versions as numbers that are as far apart as the versions are. */
function versionNumber(tag: string): number | undefined {
  const match = /^v?([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})$/.exec(tag);
  return match ? Number(match[1]) * 1e8 + Number(match[2]) * 1e4 + Number(match[3]) : undefined;
}

/** The names in a file that only other release lines read. */
function unknownNames(entries: Entries, line: ReleaseLine, lines: readonly ReleaseLine[]): readonly string[] {
  const [own, all] = [namesRead([line]), namesRead(lines)];
  return [...entries.keys()].filter((name) => all.has(name) && !own.has(name));
}

/** The variables that some of these lines reads. */
function namesRead(lines: readonly ReleaseLine[]): ReadonlySet<string> {
  const read = lines.flatMap(variablesOf).filter(({ readers, refused, setByManifests, ofRuntime }) => {
    return readers?.length !== 0 && !refused && !setByManifests && !ofRuntime;
  });
  return new Set(read.map(({ name }) => name));
}

/** The line that the file was most likely written for; of equals, the newest. */
function bestFit(entries: Entries, lines: readonly ReleaseLine[]): ReleaseLine {
  const localPorts = [...(entries.get('JUNJO_ALLOW_ORIGINS')?.value.matchAll(/\/\/localhost:([0-9]+)/g) ?? [])];
  const misfits = (line: ReleaseLine): number => {
    const ports = (['production', 'development'] as const).flatMap((target) => uiOf(line, target).published);
    return (
      unknownNames(entries, line, lines).length + localPorts.filter(([, port]) => !ports.includes(Number(port))).length
    );
  };
  const unused = (line: ReleaseLine) => line.variables.filter(({ name }) => !entries.has(name)).length;
  const [best = lines[0]] = lines.toReversed().toSorted((a, b) => misfits(a) - misfits(b) || unused(a) - unused(b));
  if (!best) throw new Error('there is no release line');
  return best;
}
