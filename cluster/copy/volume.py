"""Copies the volume of a studio out of its pod, and back into it.

    volume.py look DATA
    volume.py asides DATA
    volume.py archive DATA OPTIONS
    volume.py receive DATA STAGE OPTIONS
    volume.py swap DATA STAGE OPTIONS
    volume.py finish DATA
    volume.py discard DATA STAGE
    volume.py wait DATA SECONDS

OPTIONS is JSON. `archive` writes a gzipped tar to stdout, and `receive` reads one from stdin: first `junjo-backup.json`
(what the client knows of the copy), then everything below `data/`, last `junjo-manifest.json` with the size and SHA-256 of
each file. An archive without its manifest is incomplete. Progress is printed on stderr as lines of JSON.

An archive may come from anyone, so nothing in it is trusted: `receive` writes below STAGE and nowhere else.
"""

import errno
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import stat
import sys
import tarfile
import tempfile
import time
import unicodedata

HEADER, MANIFEST, DATA = "junjo-backup.json", "junjo-manifest.json", "data"
FORMAT = 1
CHUNK = 1 << 20

# Names at the top of the volume that are not part of the studio's data. A restore unpacks into STAGE, writes its PLAN before it
# moves anything, and moves what was there into ASIDE. set-aside does the same with an empty STAGE, or with an earlier ASIDE.
STAGE, ASIDE = r"\.junjo-restore-[0-9A-Za-z]+", r"\.junjo-before-[0-9A-Za-z]+"
PLAN = ".plan"
OWN = {
    r"lost\+found": stat.S_ISDIR,
    STAGE: stat.S_ISDIR,
    ASIDE: stat.S_ISDIR,
    rf"{STAGE}\.plan(\.new)?": stat.S_ISREG,
}
RESERVED = (".junjo-restore-", ".junjo-before-")

# What the guard of the backend writes at the top of the volume. It would write through a link of that name.
MARKS = (".junjo-studio.json", ".junjo-studio.json.new")

# Entries of an archive, as in archive.ts. Measured: with so many, `receive` needs 200 MiB of the 384 that the pod has.
MAX_ENTRIES = 100_000

# Bytes of headers that may stand between two files, as in tar-stream.
MAX_HEADERS = 4 << 20

# Most bytes of a path, and of the target of a link: PATH_MAX of Linux.
MAX_PATH = 4096

# Files up to this size are read whole in a live copy, so that one which changes meanwhile can be read again.
SMALL = 64 << 20

# Bytes of a plan, which is read whole.
MAX_PLAN = 1 << 20

# Bytes of a block, of which each entry takes at least one.
BLOCK = 4096


class Refusal(Exception):
    """Why nothing was changed, for the user to read."""


def main(command, data, *rest):
    try:
        result = COMMANDS[command](data, *rest)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The client is gone; nobody reads what could be said.
        sys.stderr = None
        return 1
    except OSError as error:
        print(f"{shown(str(error.filename or data))}: {error.strerror or error}", file=sys.stderr)
        return 1
    if result is not None:
        print(json.dumps(result))
    return 0


def look(data):
    """Describes what the volume contains."""
    refuse_foreign(data)
    return {
        "entries": entries(data),
        **held(data),
        "free": shutil.disk_usage(data).free,
        "plans": plans(data),
        "leftovers": leftovers(data),
        "asides": aside_names(data),
    }


def asides(data):
    """Describes each folder with data that was moved aside."""
    refuse_foreign(data)
    return {name: held(os.path.join(data, name)) for name in aside_names(data)}


def held(folder):
    """The size and the mark of a studio's data, and why it cannot be copied, if it cannot."""
    progress, count, files, size, obstacle = Progress(), 0, 0, 0, None
    for _, name, info in everything(folder):
        progress.add(0)
        count += 1
        if stat.S_ISREG(info.st_mode):
            files, size = files + 1, size + info.st_size
        if not is_utf8(name):
            obstacle = not_utf8(name)
    if count > MAX_ENTRIES:
        obstacle = f"The volume has {count} files and folders, but at most {MAX_ENTRIES} can be copied"
    return {"files": files, "bytes": size, "mark": mark_of(folder), "obstacle": obstacle}


def mark_of(folder):
    """What the upgrade guard wrote, or nothing if there is no valid file of it."""
    path = os.path.join(folder, MARKS[0])
    try:
        # A pipe of that name would never answer.
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        with open(path, encoding="utf-8") as file:
            mark = json.loads(file.read(CHUNK))
    except (OSError, ValueError, RecursionError):
        return None
    return mark if isinstance(mark, dict) else None


def archive(data, options):
    options = json.loads(options)
    refuse_plans(data)
    progress = Progress()
    manifest = {"format": FORMAT, "files": {}, "folders": [], "links": {}, "leftOut": [], "databases": {}}
    with gzip.GzipFile(fileobj=sys.stdout.buffer, mode="wb", compresslevel=options.get("level", 1), mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            add_text(tar, HEADER, {**options["header"], "format": FORMAT})
            writer = (Live if options.get("live") else Stopped)(data, tar, manifest, progress, options)
            writer.add_all()
            add_text(tar, MANIFEST, manifest)
    progress.tell({"done": {name: manifest[name] for name in ("leftOut", "databases")}})


class Stopped:
    """Copies a volume to which nothing writes."""

    def __init__(self, data, tar, manifest, progress, options):
        self.data, self.tar, self.manifest, self.progress = data, tar, manifest, progress
        self.log = options.get("log")

    def add_all(self):
        databases = []
        for path, name, info in walk(self.data):
            self.add(path, name, info)
            if stat.S_ISREG(info.st_mode) and is_database(path):
                databases.append((path, name))
        for path, name in databases:
            self.manifest["databases"][name] = integrity(path, name, self.progress)

    def add(self, path, name, info):
        entry = tarfile.TarInfo(f"{DATA}/{name}")
        entry.mode, entry.mtime = stat.S_IMODE(info.st_mode), int(info.st_mtime)
        if stat.S_ISDIR(info.st_mode):
            entry.type = tarfile.DIRTYPE
            self.manifest["folders"].append(name)
            self.tar.addfile(entry)
        elif stat.S_ISLNK(info.st_mode) and not leads_out(self.data, name, os.readlink(path)):
            entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(path)
            self.manifest["links"][name] = entry.linkname
            self.tar.addfile(entry)
        elif stat.S_ISREG(info.st_mode):
            self.add_file(path, name, entry)
        else:
            self.manifest["leftOut"].append(name)

    def add_file(self, path, name, entry):
        with open(path, "rb") as file:
            before = os.fstat(file.fileno())
            entry.size = before.st_size
            reader = Hashing(file, self.progress)
            try:
                self.tar.addfile(entry, reader)
            except tarfile.ReadError:
                raise Refusal(f"{shown(name)} became shorter while it was copied: something still writes to the volume") from None
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise Refusal(f"{shown(name)} changed while it was copied: something still writes to the volume")
        self.manifest["files"][name] = {"size": entry.size, "sha256": reader.digest.hexdigest()}


class Live(Stopped):
    """Copies a volume while the studio writes, if its stores allow that: databases first, then the log, then the rest.

    In this order nothing falls between two of them: what the log hands over meanwhile is in the files that come after it.
    """

    def add_all(self):
        databases = {
            name: path for path, name, info in walk(self.data) if stat.S_ISREG(info.st_mode) and is_database(path)
        }
        for name, path in databases.items():
            self.add_database(path, name)
        beside = {f"{name}{suffix}" for name in databases for suffix in ("-wal", "-shm", "-journal")}
        done = set(databases) | beside
        for first in (True, False):
            for path, name, info in walk(self.data):
                of_log = self.log is not None and (name == self.log or name.startswith(f"{self.log}/"))
                if name not in done and of_log == first:
                    self.add(path, name, info)

    def add_database(self, path, name):
        info = os.stat(path)
        with tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, "copy.db")
            source, target = sqlite3.connect(f"file:{quoted(path)}?mode=rw", uri=True, timeout=30), sqlite3.connect(copy)
            try:
                source.backup(target, pages=1024, progress=lambda *_: self.progress.add(0))
            finally:
                source.close()
                target.close()
            self.manifest["databases"][name] = integrity(copy, name, self.progress)
            entry = tarfile.TarInfo(f"{DATA}/{name}")
            entry.mode, entry.mtime = stat.S_IMODE(info.st_mode), int(info.st_mtime)
            super().add_file(copy, name, entry)

    def add_file(self, path, name, entry):
        for _ in range(5):
            try:
                with open(path, "rb") as file:
                    before = os.fstat(file.fileno())
                    if before.st_size > SMALL:
                        return super().add_file(path, name, entry)
                    content = file.read()
                    after = os.fstat(file.fileno())
            except FileNotFoundError:
                # Flushed meanwhile: what it held is in a file that is still to come.
                return None
            if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns) and len(content) == after.st_size:
                entry.size = len(content)
                reader = Hashing(io.BytesIO(content), self.progress)
                self.tar.addfile(entry, reader)
                self.manifest["files"][name] = {"size": entry.size, "sha256": reader.digest.hexdigest()}
                return None
            time.sleep(0.2)
        raise Refusal(f"{shown(name)} keeps changing, so it cannot be copied while the studio runs. Run backup without --live")


def receive(data, stage, options):
    """Unpacks an archive from stdin into its own folder on the volume, and compares it with its manifest."""
    options = json.loads(options)
    root = stage_path(data, stage)
    refuse_foreign(data)
    refuse_plans(data)
    remove_leftovers(data)
    free = shutil.disk_usage(data).free
    # A twentieth more, for blocks that are not full and folders.
    if free < options["bytes"] * 1.05:
        raise Refusal(f"The volume has {free >> 20} MiB left, but the copy needs {options['bytes'] >> 20} MiB. Enlarge the volume")
    os.mkdir(root, 0o700)
    try:
        return Received(root, options["bytes"], free).everything()
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise


class Received:
    """What arrives of an archive, below a folder."""

    def __init__(self, root, size, room):
        self.root, self.progress = root, Progress()
        # Bytes that files may have together, as the client has counted them, and bytes that the volume has.
        self.size, self.room = size, room
        self.count, self.files, self.folders, self.links, self.manifest = 0, {}, set(), {}, None
        # Bytes that a manifest of all that needs at the most: of each name twice, with each character as \\uXXXX.
        self.longest_manifest = BLOCK

    def everything(self):
        try:
            with gzip.GzipFile(fileobj=sys.stdin.buffer, mode="rb") as unpacked:
                self.stream = Stream(unpacked)
                with tarfile.open(fileobj=self.stream, mode="r|") as tar:
                    for entry in tar:
                        # tarfile keeps every entry, and gives each a copy of the attributes that are for all of them.
                        tar.members.clear()
                        if tar.pax_headers:
                            raise Refusal("The copy has global attributes, which a backup never has")
                        self.stream.headers = 0
                        self.add(tar, entry)
                # gzip's checksum is at the end of the stream, and is checked when that is read.
                while self.stream.read(CHUNK):
                    pass
        except (EOFError, tarfile.TarError, gzip.BadGzipFile, ValueError, OverflowError, RecursionError) as error:
            raise Refusal(f"The copy did not arrive completely: {shown(str(error))}") from None
        if self.manifest is None:
            raise Refusal("The copy did not arrive completely: its manifest is missing")
        self.make_links()
        self.compare()
        databases = {}
        for name in self.files:
            path = os.path.join(self.root, name)
            if is_database(path):
                databases[name] = integrity(path, name, self.progress)
        os.sync()
        size = sum(file["size"] for file in self.files.values())
        return {"files": len(self.files), "bytes": size, "databases": databases}

    def add(self, tar, entry):
        if self.manifest is not None:
            raise Refusal("The copy is not a backup of a studio: its manifest is not its last entry")
        self.count += 1
        if self.count > MAX_ENTRIES + 3:
            raise Refusal(f"The copy contains more than {MAX_ENTRIES} files and folders")
        if entry.isdir() and entry.name == DATA:
            return
        content = self.content(tar, entry) if entry.type in (tarfile.REGTYPE, tarfile.AREGTYPE) else None
        if entry.name == MANIFEST and content:
            if entry.size > self.longest_manifest:
                raise Refusal(f"The manifest has {entry.size} bytes, more than the {self.longest_manifest} that this copy can need")
            self.manifest = read_manifest(content.all())
        elif not (entry.name == HEADER and content):
            self.unpack(inside(entry.name), entry, content)

    def content(self, tar, entry):
        if entry.issparse():
            raise Refusal(f"{shown(entry.name)} is a sparse file, which a backup never contains")
        return Hashing(tar.extractfile(entry), self.progress, self.stream)

    def unpack(self, name, entry, content):
        if any("\0" in path or len(path) > MAX_PATH for path in (name, entry.linkname)):
            raise Refusal(f"{shown(name[:200])} or the target of this link is not a valid path: it is too long, or contains a NUL character")
        path = os.path.join(self.root, name)
        if folded(name.split("/")[0]) in MARKS and not (content and name in MARKS):
            raise Refusal(f"{shown(name)} does not belong in a backup of a studio: the name is reserved for the upgrade guard")
        self.spend(entry.size if content else 0)
        self.longest_manifest += 256 + 12 * (len(name) + len(entry.linkname))
        if entry.isdir():
            self.folders.add(name)
            os.makedirs(path, mode=0o700, exist_ok=True)
            os.chmod(path, (entry.mode & 0o777) | 0o700)
        elif entry.issym():
            # Not yet: nothing is ever written through a link of the archive.
            if self.links.setdefault(name, entry.linkname) != entry.linkname:
                raise Refusal(f"{shown(name)} occurs twice in the copy")
        elif content:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with open(path, "xb") as file:
                shutil.copyfileobj(content, file, CHUNK)
            os.chmod(path, (entry.mode & 0o777) | 0o600)
            os.utime(path, (entry.mtime, entry.mtime))
            self.files[name] = {"size": entry.size, "sha256": content.digest.hexdigest()}
        else:
            raise Refusal(f"{shown(name)} is not a file, folder, or link")

    def spend(self, size):
        """Counts an entry before it is written."""
        self.size -= size
        self.room -= -(-size // BLOCK) * BLOCK + BLOCK
        if self.size < 0:
            raise Refusal("The copy contains more bytes than its manifest states")
        if self.room < 0:
            raise Refusal("The volume has no room for the copy. Enlarge the volume")

    def make_links(self):
        for name, target in self.links.items():
            path = os.path.join(self.root, name)
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            os.symlink(target, path)
        # Only now, because one link can lead through another.
        for name, target in self.links.items():
            if leads_out(self.root, name, target):
                raise Refusal(f"{shown(name)} is a link to {shown(target)}, which is outside the data")

    def compare(self):
        for kind, arrived in (("files", self.files), ("links", self.links)):
            expected = self.manifest[kind]
            different = sorted(name for name in {*arrived, *expected} if arrived.get(name) != expected.get(name))
            if different:
                raise Refusal(f"{shown(different[0])} differs from its entry in the manifest")
        if self.folders != set(self.manifest["folders"]):
            raise Refusal("The folders differ from those in the manifest")


class Stream:
    """An unpacked archive with a limit for headers, because tarfile keeps whole headers in memory."""

    def __init__(self, file):
        self.file, self.headers = file, 0

    def read(self, size):
        content = self.file.read(size)
        self.headers += len(content)
        if self.headers > MAX_HEADERS + CHUNK:
            raise Refusal(f"The copy has headers of more than {MAX_HEADERS >> 20} MiB")
        return content


def read_manifest(text):
    manifest = json.loads(text)
    kinds = {"files": dict, "folders": list, "links": dict}
    if not isinstance(manifest, dict) or not all(isinstance(manifest.get(name), kind) for name, kind in kinds.items()):
        raise ValueError("its manifest is not valid")
    if not all(isinstance(name, str) for name in manifest["folders"]):
        raise ValueError("its manifest is not valid")
    return manifest


def inside(name):
    """The name of an entry below the data folder. Any other name is refused."""
    parts = name.split("/")
    if parts[0] != DATA or len(parts) < 2 or any(part in ("", ".", "..") for part in parts) or not is_utf8(name):
        raise Refusal(f"{shown(name)} does not belong in a backup of a studio")
    if is_reserved(parts[1]):
        raise Refusal(f"{shown(name)} does not belong in a backup of a studio: the name is reserved for restores")
    return "/".join(parts[1:])


def leads_out(root, name, target):
    """Whether a link points out of a folder, also through other links, or to a reserved name."""
    base = os.path.realpath(root)
    parts = os.path.relpath(os.path.realpath(os.path.join(base, os.path.dirname(name), target)), base).split(os.sep)
    return os.path.isabs(target) or parts[0] == ".." or is_reserved(parts[0])


def swap(data, stage, options):
    """Replaces the data with the content of a folder. The current data is moved aside first, if requested.

    The folder is STAGE, with what was received, or `from`, which was moved aside before. With `empty`, there is no such folder.
    All of the moves happen or none: they are written down before the first one, so that a second call completes them. After
    that, another call does nothing.
    """
    options = json.loads(options)
    aside, source = options.get("aside"), options.get("from", stage)
    if aside is not None and not re.fullmatch(ASIDE, aside):
        raise Refusal(f"{shown(aside)} is not a valid name of a folder that was set aside")
    if source != stage and (not re.fullmatch(ASIDE, source) or source == aside):
        raise Refusal(f"{shown(source)} is not a valid name of a folder that was set aside")
    refuse_foreign(data)
    root, plan = stage_path(data, stage) if source == stage else os.path.join(data, source), f"{stage}{PLAN}"
    to_do = not is_filled(os.path.join(data, aside)) if options.get("empty") else os.path.exists(root)
    if to_do and plan not in plans(data):
        there, comes = entries(data), sorted(os.listdir(root)) if os.path.exists(root) else []
        if there and not aside:
            raise Refusal(f"The volume is not empty: it contains {', '.join(map(shown, there[:5]))}")
        for name in filter(is_reserved, comes):
            raise Refusal(f"{source} contains {shown(name)}, which is not data of a studio. Nothing was changed. Move it elsewhere")
        moves = [[name, f"{aside}/{name}"] for name in there]
        moves += [[f"{source}/{name}", name] for name in comes]
        prepare(data, aside if there else None, plan, {"aside": aside, "stage": source, "moves": moves})
    finish_plans(data)
    return {"aside": aside if aside and os.path.exists(os.path.join(data, aside)) else None}


def prepare(data, aside, plan, content):
    """Creates the folder for the current data, and writes the moves down. If the volume is full, nothing is changed."""
    folder = aside and os.path.join(data, aside)
    try:
        # Before the plan, because a plan that cannot be followed keeps the studio from starting.
        if folder:
            os.makedirs(folder, mode=0o700, exist_ok=True)
        write_plan(os.path.join(data, plan), content)
    except BaseException as error:
        if folder and os.path.isdir(folder):
            os.rmdir(folder)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refusal("The volume is full, so the list of moves cannot be written. Nothing was changed. Enlarge the volume first") from None
        raise


def is_filled(folder):
    return os.path.isdir(folder) and bool(os.listdir(folder))


def finish(data):
    """Completes interrupted moves, and removes what a restore left behind before its first move."""
    refuse_foreign(data)
    finished, removed = finish_plans(data), remove_leftovers(data)
    return {"finished": finished, "removed": removed}


def plans(data):
    return sorted(name for name in os.listdir(data) if re.fullmatch(rf"{STAGE}\{PLAN}", name))


def aside_names(data):
    return sorted(name for name in os.listdir(data) if re.fullmatch(ASIDE, name))


def refuse_plans(data):
    if plans(data):
        raise Refusal("A restore or set-aside was interrupted while it moved folders. Run it again: it completes the moves first")


def finish_plans(data):
    """Completes the moves that were written down. @returns the completed plans"""
    # All of them are looked at before the first is followed.
    work = [(name, *open_moves(data, name)) for name in plans(data)]
    for name, stage, moves in work:
        for source, target in moves:
            os.makedirs(os.path.dirname(os.path.join(data, target)), mode=0o700, exist_ok=True)
            os.rename(os.path.join(data, source), os.path.join(data, target))
        if os.path.isdir(os.path.join(data, stage)):
            os.rmdir(os.path.join(data, stage))
        os.sync()
        os.remove(os.path.join(data, name))
    return [name for name, _, _ in work]


def open_moves(data, name):
    """The stage of a plan, and its remaining moves.

    A plan is followed only if this program can have written it: it moves entries from the top of the volume into a folder
    for what was there, and then others to the top: from its stage, or from another such folder.
    """
    try:
        with open(os.path.join(data, name), encoding="utf-8") as file:
            plan = json.loads(file.read(MAX_PLAN))
        aside, stage, moves = plan["aside"], plan["stage"], [(source, target) for source, target in plan["moves"]]
        known = name == f"{stage}{PLAN}" or (re.fullmatch(ASIDE, stage) and stage != aside)
        allowed = known and (aside is None or re.fullmatch(ASIDE, aside))
        old = [source for source, target in moves if aside and target == f"{aside}/{source}"]
        new = [target for source, target in moves if source == f"{stage}/{target}"]
        plain = all(re.fullmatch(r"[^/\0]+", each) and each not in (".", "..") and not is_reserved(each) for each in old + new)
        expected = [(each, f"{aside}/{each}") for each in old] + [(f"{stage}/{each}", each) for each in new]
        if not allowed or not plain or moves != expected or len(set(moves)) != len(moves):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Refusal(f"{name} on the volume was not written by this tool. Nothing was changed. Inspect the file, then remove it") from None
    if os.path.isdir(os.path.join(data, stage)) and not set(os.listdir(os.path.join(data, stage))) <= set(new):
        raise Refusal(f"{stage} on the volume contains files that {name} does not list. Nothing was changed. Move them elsewhere")
    there = {each for move in moves for each in move if os.path.lexists(os.path.join(data, each))}
    placed = {each for each in new if f"{stage}/{each}" not in there}
    left = []
    for source, target in moves:
        if source not in there or (target in there and source in placed):
            # Done; what has the name of the source now is its successor.
            continue
        if target in there:
            raise Refusal(
                f"{shown(target if source.startswith(f'{stage}/') else source)} appeared on the volume after the moves were interrupted. "
                "Nothing was changed. Move it elsewhere, then run the command again"
            )
        there.remove(source)
        there.add(target)
        left.append((source, target))
    return stage, left


def write_plan(path, plan):
    text, fresh = json.dumps(plan), f"{path}.new"
    if len(text) > MAX_PLAN:
        raise Refusal(f"Too many files and folders at the top of the volume or of the copy to move: {len(plan['moves'])}. Nothing was changed")
    try:
        with open(fresh, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError:
        if os.path.exists(fresh):
            os.remove(fresh)
        raise


def leftovers(data):
    """What restores left behind before they changed anything: stages without a plan, and plans that are not complete."""
    known = {name[: -len(PLAN)] for name in plans(data)}
    left = rf"{STAGE}(\{PLAN}\.new)?"
    return sorted(name for name in os.listdir(data) if re.fullmatch(left, name) and name not in known)


def remove_leftovers(data):
    names = leftovers(data)
    for name in names:
        path = os.path.join(data, name)
        os.remove(path) if os.path.isfile(path) else shutil.rmtree(path)
    return names


def discard(data, stage):
    shutil.rmtree(stage_path(data, stage), ignore_errors=True)


def wait(data, seconds):
    """Keeps the container running as long as a command runs programs in it."""
    alive = os.environ["ALIVE"]
    touch(alive)
    while time.time() - os.stat(alive).st_mtime < float(seconds):
        time.sleep(min(5, float(seconds)))


def touch(path):
    with open(path, "a", encoding="utf-8"):
        os.utime(path)


def stage_path(data, stage):
    if not re.fullmatch(STAGE, stage):
        raise Refusal(f"{shown(stage)} is not a valid name of a restore")
    return os.path.join(data, stage)


def refuse_foreign(data):
    """Refuses a volume with a reserved name that this program did not write."""
    for name in sorted(filter(is_reserved, os.listdir(data))):
        mode = os.lstat(os.path.join(data, name)).st_mode
        if not any(re.fullmatch(pattern, name) and is_kind(mode) for pattern, is_kind in OWN.items()):
            raise Refusal(f"{shown(name)} on the volume was not written by this tool. Nothing was changed. Inspect it, then move it elsewhere")


def is_reserved(name):
    """Whether a name at the top of the volume is reserved, also on a file system that ignores case."""
    return folded(name) == "lost+found" or folded(name).startswith(RESERVED)


def folded(name):
    return unicodedata.normalize("NFKC", name).casefold()


def is_utf8(name):
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(text):
    """A text from anyone, on one line and without control characters."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def entries(data):
    return sorted(name for name in os.listdir(data) if not is_reserved(name))


def walk(data):
    """Path, name below the volume, and what it is, of everything that is copied."""
    for path, name, info in everything(data):
        if not is_utf8(name):
            raise Refusal(not_utf8(name))
        yield path, name, info


def not_utf8(name):
    return f"{shown(name)} is not a valid name in UTF-8. Rename the file"


def everything(data):
    """Path, name below a folder, and what it is, of everything in it; a folder comes before what it holds."""
    pending = [(os.path.join(data, name), name) for name in entries(data)]
    while pending:
        path, name = pending.pop()
        try:
            info = os.lstat(path)
            yield path, name, info
            if stat.S_ISDIR(info.st_mode):
                pending.extend((os.path.join(path, below), f"{name}/{below}") for below in sorted(os.listdir(path)))
        except FileNotFoundError:
            # Gone since its folder was read; while the studio runs that is usual.
            continue


def is_database(path):
    try:
        with open(path, "rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except FileNotFoundError:
        return False


def integrity(path, name, progress):
    """SQLite's own check: `ok`, or what is wrong. The volume may be mounted read-only, where a log cannot be read in place."""
    progress.tell({"checks": name})
    log = f"{path}-wal"
    if not os.path.exists(log) or os.path.getsize(log) == 0:
        return integrity_of(f"file:{quoted(path)}?immutable=1", progress)
    size = os.path.getsize(path) + os.path.getsize(log)
    if shutil.disk_usage(tempfile.gettempdir()).free < size:
        return f"not checked, because {tempfile.gettempdir()} has no {size >> 20} MiB left for a copy"
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy.db")
        shutil.copyfile(path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        return integrity_of(f"file:{quoted(copy)}", progress)


def integrity_of(uri, progress):
    try:
        database = sqlite3.connect(uri, uri=True, timeout=30)
        try:
            # The client takes silence for a lost connection.
            database.set_progress_handler(lambda: progress.add(0), 1_000_000)
            return "; ".join(str(row[0]) for row in database.execute("pragma integrity_check(5)"))
        finally:
            database.close()
    except sqlite3.Error as error:
        return str(error)


def quoted(path):
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def add_text(tar, name, value):
    content = json.dumps(value).encode()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), 0o600, int(time.time())
    tar.addfile(entry, io.BytesIO(content))


class Hashing:
    """Reads a file, and computes the digest of what was read."""

    def __init__(self, file, progress, stream=None):
        self.file, self.progress, self.stream, self.digest = file, progress, stream, hashlib.sha256()

    def read(self, size=-1):
        content = self.file.read(size)
        if self.stream:
            self.stream.headers = 0
        self.digest.update(content)
        self.progress.add(len(content))
        return content

    def all(self):
        return b"".join(iter(lambda: self.read(CHUNK), b""))


class Progress:
    """Reports progress on stderr, so that silence means a lost connection, and keeps the container running."""

    def __init__(self):
        self.bytes, self.last, self.alive = 0, 0, os.environ.get("ALIVE")

    def add(self, size):
        self.bytes += size
        if time.monotonic() - self.last > 1:
            self.tell({"bytes": self.bytes})

    def tell(self, what):
        self.last = time.monotonic()
        if self.alive:
            touch(self.alive)
        print(json.dumps(what), file=sys.stderr, flush=True)


COMMANDS = {
    "look": look,
    "asides": asides,
    "archive": archive,
    "receive": receive,
    "swap": swap,
    "finish": finish,
    "discard": discard,
    "wait": wait,
}

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
