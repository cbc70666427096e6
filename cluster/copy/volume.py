"""Copies the volume of a studio out of its pod and into it again.

    volume.py look DATA
    volume.py archive DATA OPTIONS
    volume.py receive DATA STAGE OPTIONS
    volume.py swap DATA STAGE OPTIONS
    volume.py discard DATA STAGE

OPTIONS is JSON. `archive` writes a gzipped tar to stdout, and `receive` reads one from stdin: first `junjo-backup.json`
(what the client knows of the copy), then everything below `data/`, last `junjo-manifest.json` with the size and SHA-256 of
each file. An archive without its manifest was cut off. Progress is told on stderr as lines of JSON.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import sys
import tarfile
import tempfile
import time

HEADER, MANIFEST, DATA = "junjo-backup.json", "junjo-manifest.json", "data"
FORMAT = 1
PLAN = ".plan"
CHUNK = 1 << 20

# What is on the volume, and no part of the studio's data: of the file system, and of restores.
NOT_DATA = ("lost+found", ".junjo-restore-", ".junjo-before-")

# Files up to this size are read whole in a live copy, so that one which changes meanwhile can be read again.
SMALL = 64 << 20


class Refusal(Exception):
    """Why nothing was done, for a person to read."""


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
        print(f"{error.filename or data}: {error.strerror or error}", file=sys.stderr)
        return 1
    if result is not None:
        print(json.dumps(result))
    return 0


def look(data):
    """What the volume holds."""
    files, size = 0, 0
    for _, _, info in walk(data):
        if stat.S_ISREG(info.st_mode):
            files, size = files + 1, size + info.st_size
    try:
        with open(os.path.join(data, ".junjo-studio.json"), encoding="utf-8") as file:
            mark = json.load(file)
    except (OSError, ValueError):
        mark = None
    return {
        "entries": entries(data),
        "files": files,
        "bytes": size,
        "free": shutil.disk_usage(data).free,
        "mark": mark,
    }


def archive(data, options):
    options = json.loads(options)
    if plans(data):
        raise Refusal("A restore broke off while it changed folders. Restore again first: that finishes it")
    progress = Progress()
    manifest = {"format": FORMAT, "files": {}, "folders": [], "links": {}, "leftOut": [], "databases": {}}
    with gzip.GzipFile(fileobj=sys.stdout.buffer, mode="wb", compresslevel=options.get("level", 1), mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            add_text(tar, HEADER, {**options["header"], "format": FORMAT})
            writer = Live(tar, manifest, progress, options) if options.get("live") else Stopped(tar, manifest, progress)
            writer.add_all(data)
            add_text(tar, MANIFEST, manifest)
    progress.tell({"done": {name: manifest[name] for name in ("leftOut", "databases")}})


class Stopped:
    """Copies a volume on which nobody writes."""

    def __init__(self, tar, manifest, progress):
        self.tar, self.manifest, self.progress = tar, manifest, progress

    def add_all(self, data):
        databases = []
        for path, name, info in walk(data):
            self.add(path, name, info)
            if stat.S_ISREG(info.st_mode) and is_database(path):
                databases.append((path, name))
        for path, name in databases:
            self.progress.tell({"checks": name})
            self.manifest["databases"][name] = integrity(path)

    def add(self, path, name, info):
        entry = tarfile.TarInfo(f"{DATA}/{name}")
        entry.mode, entry.mtime = stat.S_IMODE(info.st_mode), int(info.st_mtime)
        if stat.S_ISDIR(info.st_mode):
            entry.type = tarfile.DIRTYPE
            self.manifest["folders"].append(name)
            self.tar.addfile(entry)
        elif stat.S_ISLNK(info.st_mode):
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
                raise Refusal(f"{name} became shorter while it was copied: something still writes on the volume") from None
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise Refusal(f"{name} changed while it was copied: something still writes on the volume")
        self.manifest["files"][name] = {"size": entry.size, "sha256": reader.digest.hexdigest()}


class Live(Stopped):
    """Copies a volume of stores that allow it while the studio writes: databases first, then the log, then the rest.

    In this order nothing falls between two of them: what the log hands over meanwhile is in the files that come after it.
    """

    def __init__(self, tar, manifest, progress, options):
        super().__init__(tar, manifest, progress)
        self.log = options.get("log")

    def add_all(self, data):
        databases = {name: path for path, name, info in walk(data) if stat.S_ISREG(info.st_mode) and is_database(path)}
        for name, path in databases.items():
            self.add_database(path, name)
        beside = {f"{name}{suffix}" for name in databases for suffix in ("-wal", "-shm", "-journal")}
        done = set(databases) | beside
        for first in (True, False):
            for path, name, info in walk(data):
                of_log = self.log is not None and (name == self.log or name.startswith(f"{self.log}/"))
                if name not in done and of_log == first:
                    self.add(path, name, info)

    def add_database(self, path, name):
        self.progress.tell({"checks": name})
        info = os.stat(path)
        with tempfile.TemporaryDirectory() as folder:
            copy = os.path.join(folder, "copy.db")
            source, target = sqlite3.connect(f"file:{quoted(path)}?mode=rw", uri=True, timeout=30), sqlite3.connect(copy)
            try:
                source.backup(target, pages=1024)
            finally:
                source.close()
                target.close()
            self.manifest["databases"][name] = integrity(copy)
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
        raise Refusal(f"{name} does not stop changing, so that it cannot be copied while the studio runs")


def receive(data, stage, options):
    """Unpacks an archive from stdin into a folder of its own on the volume, and compares it with its manifest."""
    options = json.loads(options)
    finish_plans(data)
    free = shutil.disk_usage(data).free
    # A twentieth more, for blocks that are not full and folders.
    if free < options["bytes"] * 1.05:
        raise Refusal(f"The volume has {free >> 20} MiB left, and the copy needs {options['bytes'] >> 20} MiB")
    root = os.path.join(data, stage)
    os.mkdir(root, 0o700)
    progress = Progress()
    manifest, files, folders, links = None, {}, [], {}
    try:
        with gzip.GzipFile(fileobj=sys.stdin.buffer, mode="rb") as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as tar:
            for entry in tar:
                if entry.name == MANIFEST:
                    manifest = json.load(tar.extractfile(entry))
                elif entry.name != HEADER:
                    name = inside(entry.name)
                    unpack(tar, entry, os.path.join(root, name), progress, (files, folders, links), name)
            # To the end of the stream, where gzip's own checksum stands.
            while unpacked.read(CHUNK):
                pass
    except (EOFError, tarfile.TarError, gzip.BadGzipFile, ValueError) as error:
        raise Refusal(f"The copy did not arrive whole: {error}") from None
    if manifest is None:
        raise Refusal("The copy did not arrive whole: its manifest is missing")
    for kind, arrived in (("files", files), ("links", links)):
        different = sorted(name for name in {*arrived, *manifest[kind]} if arrived.get(name) != manifest[kind].get(name))
        if different:
            raise Refusal(f"{different[0]} did not arrive as it was")
    if sorted(folders) != sorted(manifest["folders"]):
        raise Refusal("Folders did not arrive as they were")
    databases = {}
    for name in files:
        path = os.path.join(root, name)
        if is_database(path):
            progress.tell({"checks": name})
            databases[name] = integrity(path)
    os.sync()
    return {"files": len(files), "bytes": sum(file["size"] for file in files.values()), "databases": databases}


def unpack(tar, entry, path, progress, found, name):
    files, folders, links = found
    if entry.isdir():
        folders.append(name)
        os.makedirs(path, mode=0o700, exist_ok=True)
        os.chmod(path, (entry.mode & 0o777) | 0o700)
        return
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    if entry.issym():
        target = os.path.normpath(os.path.join(os.path.dirname(name), entry.linkname))
        if os.path.isabs(entry.linkname) or target == ".." or target.startswith("../"):
            raise Refusal(f"{name} is a link to {entry.linkname}, outside the data")
        links[name] = entry.linkname
        os.symlink(entry.linkname, path)
    elif entry.isreg():
        with open(path, "xb") as file:
            reader = Hashing(tar.extractfile(entry), progress)
            shutil.copyfileobj(reader, file, CHUNK)
        os.chmod(path, (entry.mode & 0o777) | 0o600)
        os.utime(path, (entry.mtime, entry.mtime))
        files[name] = {"size": entry.size, "sha256": reader.digest.hexdigest()}
    else:
        raise Refusal(f"{name} is no file, folder or link")


def inside(name):
    """The name below the data folder of an archive's entry, which may lead nowhere else."""
    parts = name.split("/")
    if parts[0] != DATA or len(parts) < 2 or any(part in ("", ".", "..") for part in parts):
        raise Refusal(f"{name} does not belong into an archive of a studio")
    return "/".join(parts[1:])


def swap(data, stage, options):
    """Puts what was received in its place; what is there is moved aside first, if that is wanted.

    All of it or nothing: the moves are written down before the first one, so that a second call finishes what the first
    did not. Called again after its end, it does nothing.
    """
    aside = json.loads(options).get("aside")
    root, plan = os.path.join(data, stage), os.path.join(data, f"{stage}{PLAN}")
    if os.path.exists(root) and not os.path.exists(plan):
        there = entries(data)
        if there and not aside:
            raise Refusal(f"The volume is not empty: it holds {', '.join(there[:5])}")
        moves = [[name, f"{aside}/{name}"] for name in there]
        moves += [[f"{stage}/{name}", name] for name in sorted(os.listdir(root))]
        write_plan(plan, {"aside": aside, "stage": stage, "moves": moves})
    finish_plans(data)
    return {"aside": aside if aside and os.path.exists(os.path.join(data, aside)) else None}


def plans(data):
    return [os.path.join(data, name) for name in os.listdir(data) if name.startswith(NOT_DATA) and name.endswith(PLAN)]


def finish_plans(data):
    """Does what is left of the moves that were written down."""
    for path in plans(data):
        with open(path, encoding="utf-8") as file:
            plan = json.load(file)
        for names in plan["moves"]:
            source, target = (os.path.join(data, name) for name in names)
            # A target that is there was moved before: what has the name of the source now is its successor.
            if os.path.lexists(source) and not os.path.lexists(target):
                os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
                os.rename(source, target)
        shutil.rmtree(os.path.join(data, plan["stage"]), ignore_errors=True)
        os.remove(path)
    os.sync()


def write_plan(path, plan):
    fresh = f"{path}.new"
    with open(fresh, "w", encoding="utf-8") as file:
        json.dump(plan, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def discard(data, stage):
    shutil.rmtree(os.path.join(data, stage), ignore_errors=True)


def entries(data):
    return sorted(name for name in os.listdir(data) if not name.startswith(NOT_DATA))


def walk(data):
    """Path, name below the volume, and what it is, of everything; a folder comes before what it holds."""
    pending = [(os.path.join(data, name), name) for name in entries(data)]
    while pending:
        path, name = pending.pop()
        try:
            name.encode()
            info = os.lstat(path)
            yield path, name, info
            if stat.S_ISDIR(info.st_mode):
                pending.extend((os.path.join(path, below), f"{name}/{below}") for below in sorted(os.listdir(path)))
        except FileNotFoundError:
            # Gone since its folder was read; while the studio runs that is usual.
            continue
        except UnicodeEncodeError:
            raise Refusal(f"{name.encode('utf-8', 'backslashreplace').decode()} is no name in UTF-8. Rename it") from None


def is_database(path):
    try:
        with open(path, "rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except FileNotFoundError:
        return False


def integrity(path):
    """SQLite's own check: `ok`, or what is wrong. The volume may be mounted read-only, where a log cannot be read in place."""
    log = f"{path}-wal"
    if not os.path.exists(log) or os.path.getsize(log) == 0:
        return integrity_of(f"file:{quoted(path)}?immutable=1")
    size = os.path.getsize(path) + os.path.getsize(log)
    if shutil.disk_usage(tempfile.gettempdir()).free < size:
        return f"not checked: {size >> 20} MiB for a copy are not free in {tempfile.gettempdir()}"
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy.db")
        shutil.copyfile(path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        return integrity_of(f"file:{quoted(copy)}")


def integrity_of(uri):
    try:
        database = sqlite3.connect(uri, uri=True, timeout=30)
        try:
            return "; ".join(row[0] for row in database.execute("pragma integrity_check(5)"))
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
    """Reads a file, and knows the digest of what was read."""

    def __init__(self, file, progress):
        self.file, self.progress, self.digest = file, progress, hashlib.sha256()

    def read(self, size=-1):
        content = self.file.read(size)
        self.digest.update(content)
        self.progress.add(len(content))
        return content


class Progress:
    """Tells on stderr how far it is, so that silence means a lost connection."""

    def __init__(self):
        self.bytes, self.last = 0, time.monotonic()

    def add(self, size):
        self.bytes += size
        if time.monotonic() - self.last > 1:
            self.tell({"bytes": self.bytes})

    def tell(self, what):
        self.last = time.monotonic()
        print(json.dumps(what), file=sys.stderr, flush=True)


COMMANDS = {"look": look, "archive": archive, "receive": receive, "swap": swap, "discard": discard}

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
