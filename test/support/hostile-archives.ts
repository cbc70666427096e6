import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** An archive that somebody made to do harm, or that chance made. */
export interface HostileArchive {
  readonly what: string;
  readonly bytes: Buffer;
}

/** An entry as it stands in a tar file, whether that makes sense or not. */
interface Entry {
  readonly name: string;
  /** Type flag of the ustar format. @default 0, a file */
  readonly type?: string;
  readonly link?: string;
  readonly content?: Buffer;
  /** Size in the header. @default that of the content */
  readonly size?: number;
  /** Extended attributes of POSIX, in an entry before it. */
  readonly pax?: Readonly<Record<string, string>>;
  /** Bytes of the header from 345 on: in the format of GNU, the map of a sparse file. */
  readonly tail?: Buffer;
}

const FILE = '0';
const [HARD_LINK, LINK, CHARACTER_DEVICE, BLOCK_DEVICE, FOLDER, PIPE] = ['1', '2', '3', '4', '5', '6'];
const BLOCK = 512;

/** Names that the program uses on the volume, as they are and as a file system that ignores case or forms reads them. */
const OWN_NAMES = [
  ...[
    '.junjo-restore-1',
    '.junjo-restore-2',
    '.junjo-restore-1.plan',
    '.junjo-restore-2.plan.new',
    '.junjo-restore-x/a',
  ],
  ...['.junjo-before-1', '.junjo-before-1/junjo.db', '.junjo-before-2', 'lost+found', 'lost+found/a'],
  ...['.JUNJO-RESTORE-1.PLAN', '.Junjo-Before-1', 'LOST+FOUND', '.junjo-reſtore-1.plan', '.ｊunjo-before-1'],
];

/** At least 500 archives, the same for each seed. */
export function hostileArchives(seed: number): readonly HostileArchive[] {
  const random = randomNumbers(seed);
  const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const some = <T>(count: number, make: () => T): readonly T[] => Array.from({ length: count }, make);
  const shuffled = <T>(values: readonly T[]): readonly T[] =>
    values
      .map((value) => ({ value, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ value }) => value);

  const found: HostileArchive[] = [];
  const add = (
    what: string,
    entries: readonly Entry[],
    change: (manifest: object) => unknown = (manifest) => manifest,
  ) => found.push({ what, bytes: archiveOf(entries, change) });

  // Links in every order, through each other, and what is written through them.
  const targets = [
    '.',
    '..',
    'a/..',
    'b/..',
    'c',
    '../..',
    '/',
    '/nowhere',
    './/.',
    'c/../..',
    '.junjo-before-1',
    'a/../../..',
  ];
  for (const _ of some(200, () => 0)) {
    const links = shuffled(['a', 'b', 'c', 'd/e'].map((name): Entry => ({ name, type: LINK, link: one(targets) })));
    const through = {
      name: `${one(['a', 'b', 'c', 'd/e'])}/${one(['stolen', 'sqlite/junjo.db', '../x'])}`,
      content: text('x'),
    };
    add(`links ${links.map(({ name, link }) => `${name} -> ${link}`).join(', ')}, then ${through.name}`, [
      ...links,
      ...(random() < 0.5 ? [through] : []),
    ]);
  }
  // Files and folders that become links, and links that become files and folders.
  for (const kinds of [
    [FILE, LINK],
    [LINK, FILE],
    [FOLDER, LINK],
    [LINK, FOLDER],
    [LINK, LINK],
    [FILE, FILE],
    [FILE, FOLDER],
  ]) {
    for (const name of ['a', 'sqlite/junjo.db', 'd']) {
      const entries = kinds.map((type, index) => ({ name, type, link: `../${index}`, content: text(String(index)) }));
      add(`${name} twice, of the types ${kinds}`, [...entries, { name: `${name}/below`, content: text('x') }]);
    }
  }
  // The program's own names, of every type; plans that move and remove what is not theirs.
  for (const name of OWN_NAMES) {
    for (const type of [FILE, FOLDER, LINK, HARD_LINK]) {
      add(`the name ${name}, of type ${type}`, [
        { name, type, link: 'sqlite/junjo.db', content: text(planOf('.', [['sqlite', 'x']])) },
      ]);
    }
  }
  for (const stage of ['.', '..', '', 'sqlite', '.junjo-before-1', '/nowhere', '.junjo-restore-2', 'a/../..']) {
    for (const moves of [[], [['sqlite', '../sqlite']], [['../outside', 'outside']], [['sqlite/junjo.db', 'x']]]) {
      add(`a plan with the stage "${stage}" and the moves ${JSON.stringify(moves)}`, [
        { name: '.junjo-restore-9.plan', content: text(planOf(stage, moves)) },
      ]);
    }
  }
  for (const name of ['.junjo-studio.json', '.junjo-studio.json.new', '.JUNJO-STUDIO.JSON']) {
    for (const entry of [{ type: LINK, link: 'sqlite/junjo.db' }, { type: FOLDER }, { type: PIPE }]) {
      add(`${name} of type ${entry.type}`, [
        { name, ...entry },
        { name: `${name}/x`, content: text('x') },
      ]);
    }
  }
  // Devices, pipes, hard links, and types that nobody knows.
  for (const type of [
    HARD_LINK,
    CHARACTER_DEVICE,
    BLOCK_DEVICE,
    PIPE,
    '7',
    'S',
    'V',
    'M',
    'D',
    'K',
    'L',
    'x',
    'g',
    'Z',
  ]) {
    for (const name of ['a', 'sqlite/junjo.db']) {
      add(`${name} of type ${type}`, [{ name, type, link: '../../outside', content: text('data/b\0') }]);
    }
  }
  // Names that lead elsewhere, twins, control characters, and what is no text.
  for (const name of [
    '../outside',
    '/etc/x',
    '',
    '.',
    '..',
    'a//b',
    'a/../../b',
    './a',
    'a/.',
    'a\0b',
    `${'n'.repeat(300)}`,
    `${'d/'.repeat(3000)}x`,
  ]) {
    add(`the name ${JSON.stringify(name).slice(0, 40)}`, [{ name, pax: { path: `data/${name}` }, content: text('x') }]);
  }
  for (const path of [
    'outside',
    '/data/x',
    '../data/x',
    'data',
    'data/',
    'DATA/x',
    'junjo-backup.json/x',
    'junjo-manifest.json',
  ]) {
    add(`the path ${path}`, [{ name: 'x', pax: { path }, content: text('x') }]);
  }
  for (const twins of [
    ['a', 'A'],
    ['\u00e9', 'e\u0301'],
    ['sqlite/x', 'SQLITE/x'],
    ['ſ', 's'],
    ['a', 'a '],
  ]) {
    add(
      `the twins ${twins}`,
      twins.map((name) => ({ name, content: text(name) })),
    );
  }
  for (const character of [
    '\u0007',
    '\u001b]52;c;eA==\u0007',
    '\r',
    '\n',
    '\u009b2J',
    '\u202e',
    '\u2066',
    '\u007f',
    '\ud800',
  ]) {
    add(`the character ${escape(character)}`, [
      { name: `a${character}b`, pax: { path: `data/a${character}b` }, content: text('x') },
      { name: `l${character}`, type: LINK, link: `../${character}` },
    ]);
  }
  // Sparse files in the formats of GNU, sizes that are not true, and attributes that are not numbers.
  const huge = 3 * 1024 ** 3;
  add('a sparse file of GNU', [{ name: 'large', type: 'S', content: text('x'), tail: sparseTail(huge) }]);
  const numbers = {
    numblocks: '1',
    offset: String(huge - 1),
    numbytes: '1',
    size: String(huge),
    realsize: String(huge),
  };
  for (const [major, minor] of ['00', '01', '10'].map((version) => [...version])) {
    const attributes = Object.entries({ ...numbers, major, minor, name: 'data/large', map: `${huge - 1},1` });
    const pax = Object.fromEntries(attributes.map(([key, value]) => [`GNU.sparse.${key}`, String(value)]));
    const content = text(`1\n${huge - 1}\n1\n`.padEnd(BLOCK + 1, '\0'));
    add(`a sparse file of version ${major}.${minor}`, [{ name: 'large', pax, content }]);
  }
  for (const size of [-1, 1, 511, 10 ** 6, 8 ** 11 - 1])
    add(`a size of ${size}`, [{ name: 'a', content: text('abc'), size }]);
  for (const attribute of ['size', 'mtime', 'uid', 'path', 'linkpath', 'hdrcharset', 'GNU.sparse.map']) {
    for (const value of ['-1', 'nan', 'inf', '1e309', '', '99999999999999999999', '../..', '\0']) {
      add(`${attribute} ${JSON.stringify(value)}`, [{ name: 'a', pax: { [attribute]: value }, content: text('abc') }]);
    }
  }
  // Manifests that say something else, or are no manifests.
  const lies: readonly ((manifest: object) => unknown)[] = [
    (manifest) => ({ ...manifest, files: {} }),
    (manifest) => ({
      ...manifest,
      files: { ...(manifest as { files: object }).files, 'sqlite/other.db': { size: 1, sha256: '' } },
    }),
    (manifest) => ({ ...manifest, files: null }),
    (manifest) => ({ ...manifest, files: [] }),
    (manifest) => ({ ...manifest, files: { a: null } }),
    (manifest) => ({ ...manifest, files: { 'sqlite/junjo.db': { size: huge, sha256: 'x' } } }),
    (manifest) => ({ ...manifest, folders: {} }),
    (manifest) => ({ ...manifest, folders: [{}, [], null] }),
    (manifest) => ({ ...manifest, links: { a: '..' } }),
    (manifest) => ({ ...manifest, links: 7 }),
    (manifest) => ({ ...manifest, databases: 'ok' }),
    (manifest) => ({ ...manifest, format: 2 }),
    () => null,
    () => [],
    () => 'manifest',
    () => 0,
  ];
  for (const [index, lie] of lies.entries()) add(`the lie ${index} of a manifest`, [], lie);
  found.push({ what: 'a manifest of nested lists', bytes: packed([manifestEntry(Buffer.alloc(100_000, '['))]) });
  found.push({ what: 'two manifests', bytes: packed([manifestEntry(text('{}')), manifestEntry(text('{}'))]) });
  found.push({
    what: 'a manifest before the files',
    bytes: packed([manifestEntry(text('{}')), { name: 'data/a', content: text('a') }]),
  });
  found.push({ what: 'no manifest', bytes: packed([{ name: 'data/a', content: text('a') }]) });
  found.push({
    what: 'a header that is a link',
    bytes: packed([{ name: 'junjo-backup.json', type: LINK, link: '/etc/passwd' }]),
  });
  // What grows when it is unpacked.
  found.push({ what: 'a huge manifest', bytes: packed([manifestEntry(Buffer.alloc(100 << 20, ' '))]) });
  found.push({
    what: 'a huge header',
    bytes: packed([{ name: 'junjo-backup.json', content: Buffer.alloc(100 << 20, ' ') }]),
  });
  found.push({
    what: 'a huge attribute',
    bytes: packed([{ name: 'data/a', pax: { comment: 'x'.repeat(64 << 20) }, content: text('a') }]),
  });
  found.push({
    what: 'a huge name',
    bytes: packed([{ name: 'long', type: 'L', content: Buffer.alloc(64 << 20, 'n') }]),
  });
  // Headers that are small one by one, and large together.
  const link = { name: 'data/a', type: LINK, link: 'b' };
  const large = gzipSync(Buffer.concat(blocksOf({ ...link, pax: { comment: 'x'.repeat(3 << 20) } })), { level: 1 });
  found.push({ what: 'large attributes', bytes: Buffer.concat([...some(120, () => large), packed([])]) });
  const keys = Object.fromEntries(some(100_000, () => 0).map((_, index) => [`k${index}`, 'v']));
  found.push({
    what: 'attributes for all entries',
    bytes: packed([attributesOf(keys, 'g'), ...some(60, () => ({ ...link, pax: { comment: 'x' } }))]),
  });
  for (const path of ['b\0c', 'n'.repeat(1 << 20)]) {
    add(`a link to ${JSON.stringify(path.slice(0, 4))}`, [
      { name: 'a', type: LINK, link: path, pax: { linkpath: path } },
    ]);
    add(`a link named ${JSON.stringify(path.slice(0, 4))}`, [
      { name: path, type: LINK, link: 'c', pax: { path: `data/${path}` } },
    ]);
  }
  found.push({ what: 'a huge file', bytes: packed([{ name: 'data/a', content: Buffer.alloc(100 << 20) }]) });
  found.push({ what: 'zeros after the end', bytes: Buffer.concat([packed([]), gzipSync(Buffer.alloc(100 << 20))]) });
  found.push({
    what: 'more files than allowed',
    bytes: gzipSync(Buffer.concat(some(100_010, () => headerOf({ name: 'data/a', type: FOLDER })))),
  });
  // A whole archive with some bytes changed, and with its end cut off.
  const whole = tarOf([...studio(), manifestEntry(text('{}'))]);
  for (const _ of some(60, () => 0)) {
    const bytes = Buffer.from(whole);
    for (const __ of some(3, () => 0)) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    found.push({
      what: 'changed bytes',
      bytes: gzipSync(bytes.subarray(0, random() < 0.5 ? bytes.length : Math.floor(random() * bytes.length))),
    });
  }
  return found;
}

/** An archive with nothing wrong about it. @param header what it tells of itself */
export function honestArchive(header: object = {}): Buffer {
  return archiveOf([{ name: 'notes', content: text('honest') }], (manifest) => manifest, header);
}

/** What every archive of a studio has. */
function studio(): readonly Entry[] {
  return [{ name: 'data/sqlite/junjo.db', content: text('not a database') }];
}

/** An archive of a studio and further entries below its data, with the manifest that fits. */
function archiveOf(
  further: readonly Entry[],
  change: (manifest: object) => unknown = (manifest) => manifest,
  header: object = {},
): Buffer {
  const entries = [...studio(), ...further.map((entry) => ({ ...entry, name: `data/${entry.name}` }))];
  const own = (type: string) =>
    entries
      .filter((entry) => (entry.type ?? FILE) === type)
      .map((entry) => ({ ...entry, name: (entry.pax?.path ?? entry.name).slice(5) }));
  const manifest = {
    format: 1,
    files: Object.fromEntries(
      own(FILE).map(({ name, content = Buffer.alloc(0) }) => [
        name,
        { size: content.length, sha256: createHash('sha256').update(content).digest('hex') },
      ]),
    ),
    folders: own(FOLDER).map(({ name }) => name),
    links: Object.fromEntries(own(LINK).map(({ name, link }) => [name, link])),
    leftOut: [],
    databases: {},
  };
  return packed([
    { name: 'junjo-backup.json', content: text(JSON.stringify({ format: 1, ...header })) },
    ...entries,
    manifestEntry(text(JSON.stringify(change(manifest)) ?? '')),
  ]);
}

function manifestEntry(content: Buffer): Entry {
  return { name: 'junjo-manifest.json', content };
}

function planOf(stage: string, moves: unknown): string {
  return JSON.stringify({ aside: '.junjo-before-9', stage, moves });
}

function packed(entries: readonly Entry[]): Buffer {
  return gzipSync(tarOf(entries), { level: 1 });
}

function tarOf(entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)]);
}

function blocksOf(entry: Entry): readonly Buffer[] {
  const { content = Buffer.alloc(0), pax } = entry;
  return [
    ...(pax ? blocksOf(attributesOf(pax, 'x')) : []),
    headerOf(entry),
    content,
    Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK),
  ];
}

/** Extended attributes, of the entry that follows (`x`) or of all that follow (`g`). */
function attributesOf(pax: Readonly<Record<string, string>>, type: 'x' | 'g'): Entry {
  const records = Object.entries(pax).map(([key, value]) => record(key, value));
  return { name: 'pax', type, content: text(records.join('')) };
}

/** A header of the ustar format: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
function headerOf({ name, type = FILE, link = '', content, size = content?.length ?? 0, tail }: Entry): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name.slice(0, 100), 0);
  for (const [value, at, length] of [
    [0o644, 100, 8],
    [0, 108, 8],
    [0, 116, 8],
    [Math.max(0, size), 124, 12],
    [0, 136, 12],
  ] as const) {
    header.write(value.toString(8).padStart(length - 1, '0'), at);
  }
  if (size < 0) header.fill(0xff, 124, 136);
  header.write(type, 156);
  header.write(link.slice(0, 100), 157);
  header.write(type === 'S' ? 'ustar  \0' : 'ustar\0' + '00', 257, 'latin1');
  tail?.copy(header, 345);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** The end of a header of GNU for a file of which only the last byte is there. */
function sparseTail(size: number): Buffer {
  const tail = Buffer.alloc(155);
  tail.write((size - 1).toString(8).padStart(11, '0'), 41);
  tail.write('1'.padStart(11, '0'), 53);
  tail.write(size.toString(8).padStart(11, '0'), 138);
  return tail;
}

/** An extended attribute, which begins with its own length. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = Buffer.byteLength(rest);
  const digits = String(length + String(length).length).length;
  return `${length + digits}${rest}`;
}

function text(content: string): Buffer {
  return Buffer.from(content);
}

/** Numbers below 1 that look random and are the same for each seed: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
