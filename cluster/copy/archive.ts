import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip, constants as zlib } from 'node:zlib';
import { extract, type Headers, pack } from 'tar-stream';
import { Refusal } from '../refusal';

/** The first entry of an archive, with facts about all of it. */
export interface ArchiveHeader {
  readonly format: number;
  readonly taken: string;
  readonly live: boolean;
  /** Tag of the release that ran. */
  readonly tag?: string;
  /** What the guard had written on the volume. */
  readonly mark?: { readonly line?: string } | null;
  readonly namespace?: string;
}

/** The last entry of an archive, which lists its contents. */
export interface ArchiveManifest {
  readonly format: number;
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>;
  readonly folders: readonly string[];
  readonly links: Readonly<Record<string, string>>;
  /** Devices, sockets and pipes. */
  readonly leftOut: readonly string[];
  /** What SQLite's integrity_check said of each database where the archive was made. */
  readonly databases: Readonly<Record<string, string>>;
}

/** An archive that matches its manifest. */
export interface CheckedArchive {
  readonly header: Partial<ArchiveHeader>;
  readonly manifest: ArchiveManifest;
  /** Number of its entries. */
  readonly entries: number;
  /** Bytes of all files, unpacked. */
  readonly bytes: number;
}

// As cluster/copy/volume.py has them.
const HEADER = 'junjo-backup.json';
const MANIFEST = 'junjo-manifest.json';
const DATA = 'data/';
const RESERVED = /^(lost\+found$|\.junjo-restore-|\.junjo-before-)/;
const MARKS = ['.junjo-studio.json', '.junjo-studio.json.new'];
const MAX_ENTRIES = 100_000;

/** Most bytes of a path, and of the target of a link: PATH_MAX of Linux. */
const MAX_PATH = 4096;

/** Bytes of the header of an archive, which holds a handful of short values. */
const MAX_HEADER = 64 * 1024;

/**
 * Reads a whole archive and compares it with its manifest. It may come from anyone: memory use has a limit, and most of what
 * the program in the pod refuses is refused here, before the cluster is changed.
 * @throws Refusal if it is damaged, or not a backup of a studio
 */
export async function checkArchive(path: string, signal?: AbortSignal): Promise<CheckedArchive> {
  const contents = new ArchiveContents();
  const reader = extract();
  const packed = createReadStream(path);
  const unpacked = pipeline(packed, createGunzip(), reader, { signal });
  // Its failure is met below, when the entries end.
  unpacked.catch(() => undefined);
  try {
    for await (const entry of reader) await contents.add(entry);
    await unpacked;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Refusal) throw new Refusal(`${path}: ${error.message}`);
    throw new Refusal(`${path} is damaged or incomplete: ${(error as Error).message}`);
  }
  const { header, manifest, files, count } = contents;
  if (!manifest) throw new Refusal(`${path} is not a complete backup of a studio: its manifest is missing`);
  if (manifest.format !== 1)
    throw new Refusal(`${path} has format ${manifest.format}, which this version cannot read. Update this program`);
  const expected = Object.entries(manifest.files);
  const wrong = expected.find(([name, { size, sha256 }]) => {
    const found = files.get(name);
    return found?.size !== size || found.sha256 !== sha256;
  });
  if (wrong) throw new Refusal(`${path} is damaged: ${wrong[0]} does not match the manifest`);
  if (files.size !== expected.length) throw new Refusal(`${path} contains files that are not in its manifest`);
  return { header, manifest, entries: count, bytes: expected.reduce((sum, [, { size }]) => sum + size, 0) };
}

/** What was read of an archive so far. */
class ArchiveContents {
  header: Partial<ArchiveHeader> = {};
  manifest: ArchiveManifest | undefined;
  /** Number of entries. */
  count = 0;
  readonly files = new Map<string, { readonly size: number; readonly sha256: string }>();
  /** Bytes that a manifest of all this needs at the most: of each name twice, with each character as `\\uXXXX`. */
  private longestManifest = 4096;

  async add(entry: ArchiveEntry): Promise<void> {
    const { name, type, size = 0, linkname } = entry.header;
    this.count += 1;
    if (this.count > MAX_ENTRIES) throw new Refusal(`it contains more than ${MAX_ENTRIES} files and folders`);
    if (this.manifest) throw new Refusal('its manifest is not its last entry');
    if (type === 'file' && name === HEADER) this.header = headerOf(await jsonOf(entry, MAX_HEADER));
    else if (type === 'file' && name === MANIFEST) {
      this.manifest = manifestOf(await jsonOf(entry, this.longestManifest));
    } else {
      const own = type === 'directory' && name.replace(/\/?$/, '/') === DATA ? undefined : nameInside(entry.header);
      this.longestManifest += 256 + 12 * Buffer.byteLength(`${name}${linkname ?? ''}`);
      if (type === 'file' && own !== undefined) {
        if (this.files.has(own)) throw new Refusal(`it contains ${own} twice`);
        const digest = await digestOf(entry);
        if (digest.size !== size) throw new Error(`${own} is incomplete`);
        this.files.set(own, digest);
      } else entry.resume();
    }
  }
}

/** A header with the extended attributes of POSIX, which the types of tar-stream leave out. */
type EntryHeader = Headers & { readonly pax?: Readonly<Record<string, string>> | null };

type ArchiveEntry = AsyncIterable<Buffer> & { readonly header: EntryHeader; resume(): void };

/** The name of an entry below the data folder. @throws Refusal for what the program in the pod would not unpack */
function nameInside({ name, type, linkname, pax }: EntryHeader): string {
  const [top, ...parts] = name.replace(/\/$/, '').split('/');
  const own = parts.join('/');
  if (`${top}/` !== DATA || parts.length === 0 || parts.some((part) => ['', '.', '..'].includes(part))) {
    throw new Refusal(`${name} does not belong in a backup of a studio`);
  }
  if ([own, linkname ?? ''].some((path) => path.includes('\0') || Buffer.byteLength(path) > MAX_PATH)) {
    throw new Refusal(
      `${own.slice(0, 200)} or the target of this link is not a valid path: it is too long, or contains a NUL character`,
    );
  }
  const [first = ''] = parts.map((part) => part.normalize('NFKC').toLowerCase());
  if (RESERVED.test(first) || (MARKS.includes(first) && !(type === 'file' && MARKS.includes(own)))) {
    throw new Refusal(
      `${name} does not belong in a backup of a studio: the name is reserved for restores and the upgrade guard`,
    );
  }
  const isSparse = Object.keys(pax ?? {}).some((key) => key.startsWith('GNU.sparse'));
  if (isSparse || !['file', 'directory', 'symlink'].includes(type ?? '')) {
    throw new Refusal(`${own} is not a file, folder, or link`);
  }
  if (type === 'symlink' && leadsOut(own, linkname ?? '')) {
    throw new Refusal(`${own} is a link to ${linkname}, which is outside the data`);
  }
  return own;
}

/** Whether the text of a link points outside the data. */
function leadsOut(name: string, linkname: string): boolean {
  const target = posix.normalize(posix.join(posix.dirname(name), linkname));
  return posix.isAbsolute(linkname) || target === '..' || target.startsWith('../') || RESERVED.test(target);
}

function headerOf(value: unknown): Partial<ArchiveHeader> {
  const { taken, tag } = isRecord(value) ? value : {};
  return {
    ...(isRecord(value) ? value : {}),
    taken: typeof taken === 'string' ? taken : undefined,
    tag: typeof tag === 'string' ? tag : undefined,
  };
}

function manifestOf(value: unknown): ArchiveManifest {
  const { format, files, folders = [], links = {}, leftOut = [], databases = {} } = isRecord(value) ? value : {};
  const isFile = (file: unknown) => isRecord(file) && typeof file.size === 'number' && typeof file.sha256 === 'string';
  const isWhole =
    typeof format === 'number' &&
    isRecord(files) &&
    Object.values(files).every(isFile) &&
    [folders, leftOut].every((list) => Array.isArray(list) && list.every(isText)) &&
    [links, databases].every((map) => isRecord(map) && Object.values(map).every(isText));
  if (!isWhole) throw new Refusal('its manifest is not valid');
  return { format, files, folders, links, leftOut, databases } as ArchiveManifest;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A folder of this machine as an archive: the data folder of compose. */
export class FolderArchive {
  private constructor(
    private readonly folder: string,
    private readonly entries: readonly Entry[],
    /** Bytes of all files. */
    readonly bytes: number,
  ) {}

  /** Lists the folder without reading its files. */
  static async of(folder: string): Promise<FolderArchive> {
    const entries = await entriesOf(folder, '');
    return new FolderArchive(
      folder,
      entries,
      entries.reduce((sum, { size }) => sum + size, 0),
    );
  }

  /** Whether it has a file or folder of that path. */
  has(path: string): boolean {
    return this.entries.some(({ name }) => name === path);
  }

  /** Number of files. */
  get files(): number {
    return this.entries.filter(({ type }) => type === 'file').length;
  }

  /** Reads the folder as an archive, in the form that the program in the pod receives. */
  stream(): Readable {
    const packer = pack();
    const fill = async () => {
      await add(
        packer,
        { name: HEADER },
        Buffer.from(JSON.stringify({ format: 1, taken: new Date().toISOString(), live: false })),
      );
      const manifest = {
        format: 1,
        files: {} as Record<string, object>,
        folders: [] as string[],
        links: {} as Record<string, string>,
      };
      for (const entry of this.entries) {
        const { name, type, mode, mtime, size, linkname } = entry;
        const header = { name: `${DATA}${name}`, type, mode, mtime, ...(linkname !== undefined && { linkname }) };
        if (type === 'directory') manifest.folders.push(name);
        if (linkname !== undefined) manifest.links[name] = linkname;
        if (type !== 'file') await add(packer, header);
        else manifest.files[name] = await addFile(packer, { ...header, size }, join(this.folder, ...name.split('/')));
      }
      await add(packer, { name: MANIFEST }, Buffer.from(JSON.stringify(manifest)));
      packer.finalize();
    };
    fill().catch((error: Error) => packer.destroy(error));
    const gzip = createGzip({ level: zlib.Z_BEST_SPEED });
    pipeline(packer, gzip).catch((error: Error) => gzip.destroy(error));
    return gzip;
  }
}

interface Entry {
  /** Path below the folder, with `/`. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly mtime: Date;
  readonly size: number;
  readonly linkname?: string;
}

async function entriesOf(folder: string, below: string): Promise<readonly Entry[]> {
  const names = (await readdir(join(folder, below))).sort();
  const found: Entry[] = [];
  for (const own of names) {
    if (below === '' && RESERVED.test(own)) continue;
    const name = below === '' ? own : `${below}/${own}`;
    if (name.includes('\ufffd'))
      throw new Refusal(`${folder}${sep}${name}: the name is not valid UTF-8. Rename the file`);
    const info = await lstat(join(folder, name));
    const common = { name, mode: info.mode & 0o777, mtime: info.mtime };
    if (info.isDirectory()) {
      found.push({ ...common, type: 'directory', size: 0 }, ...(await entriesOf(folder, name)));
    } else if (info.isSymbolicLink()) {
      const linkname = await readlink(join(folder, name));
      if (leadsOut(name, linkname)) {
        throw new Refusal(
          `${join(folder, name)} is a link to ${linkname}, which is outside the data and would not be copied. Replace the link with its target`,
        );
      }
      found.push({ ...common, type: 'symlink', size: 0, linkname });
    } else if (info.isFile()) found.push({ ...common, type: 'file', size: info.size });
    else throw new Refusal(`${join(folder, name)} is not a file, folder, or link. Move it out of the folder`);
  }
  return found;
}

function add(
  packer: ReturnType<typeof pack>,
  header: Partial<Headers> & { name: string },
  content?: Buffer,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (content) packer.entry(header, content, done);
    else packer.entry(header, done);
  });
}

async function addFile(packer: ReturnType<typeof pack>, header: Headers, path: string) {
  const digest = createHash('sha256');
  const entry = packer.entry(header);
  let size = 0;
  // Not more bytes than announced: the file may have grown, which the size shows below.
  const content = header.size ? createReadStream(path, { end: header.size - 1 }) : Readable.from([]);
  await pipeline(
    content,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        digest.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    },
    entry,
  );
  const now = await lstat(path);
  if (now.size !== header.size || now.mtime.getTime() !== header.mtime?.getTime()) {
    throw new Refusal(`${path} changed while it was read. Stop compose first: docker compose down`);
  }
  return { size, sha256: digest.digest('hex') };
}

async function digestOf(entry: AsyncIterable<Buffer>): Promise<{ size: number; sha256: string }> {
  const digest = createHash('sha256');
  let size = 0;
  for await (const chunk of entry) {
    digest.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: digest.digest('hex') };
}

async function jsonOf(entry: ArchiveEntry, maxBytes: number): Promise<unknown> {
  const { name, size = 0 } = entry.header;
  if (size > maxBytes)
    throw new Refusal(`${name} has ${size} bytes, more than the ${maxBytes} that this archive can need`);
  const chunks: Buffer[] = [];
  for await (const chunk of entry) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}
