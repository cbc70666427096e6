"""Stops a release from starting on a volume with spans that it would hide or break, and marks the volumes on which it starts.

    upgrade-guard.py FACTS DATA TERMINATION_LOG

FACTS is the file with the facts of all releases (charts/upgrade-guard.ts writes it), DATA the volume, and TERMINATION_LOG the
file from which the kubelet reads why the container ended.
"""

import contextlib
import errno
import json
import os
import re
import sqlite3
import stat
import sys
import time
from collections import namedtuple
from urllib.parse import quote

MARK = ".junjo-studio.json"

# Characters of the mark that are read. Ours has 150. A larger file could use up the memory of the container.
MARK_SIZE = 65536

# Files whose columns are looked at, newest and oldest of each folder: a volume may hold thousands.
LOOKED_AT = 200

# Bytes of a file in which the names of its columns must be: those of 22 take 4500 at most.
DESCRIPTION = 65536

# Characters of a text of the volume that a message shows.
SHOWN = 200

# What a file raises that is not what it says to be.
DAMAGED = (ValueError, IndexError)

# A file for spans: the path of the line that it belongs to, its own, when it was written, and the lines that write such
# files. No line does where its columns are known to none; None where it does not say them.
SpanFile = namedtuple("SpanFile", "root path modified lines")


class Stop(Exception):
    """One line each: what is wrong, how to go back, and how to continue."""


def main(facts_path, data, termination_log):
    with open(facts_path, encoding="utf-8") as file:
        facts = json.load(file)
    try:
        guard(facts, data)
    except Stop as stop:
        return refuse(str(stop), termination_log)
    except OSError as error:
        return refuse(trouble(error, data), termination_log)
    return 0


def guard(facts, data):
    check_restore(data)
    last = marked_line(facts, read_mark(data))
    check_users(facts, data, last)
    if last and last["name"] == facts["line"]:
        # A restart: nothing is written, so that it also passes on a full volume.
        return
    if not last or last["schema"] != facts["schema"]:
        check_spans(facts, data, last)
    write_mark(facts, data)
    print(f"upgrade-guard: marked for Junjo AI Studio {facts['line']}", flush=True)


def check_restore(data):
    """Looks for the plan that `restore` and `set-aside` write before they move folders, and remove afterwards."""
    if any(name.startswith(".junjo-restore-") and name.endswith(".plan") for name in os.listdir(data)):
        raise Stop(
            "A restore or set-aside was interrupted while it moved folders: the volume has only a part of the data.\n"
            "Run that command again, or a backup: each of them finishes the moves first.\n"
            "Until then the backend does not start, because it would write into incomplete data."
        )


def marked_line(facts, mark):
    """The line that ran on the volume last, if a mark shows it."""
    if not mark:
        return None
    line, manifests = shown(mark["line"]), shown(mark["manifests"])
    wrote = precedence(manifests)
    if wrote and wrote > (precedence(facts["manifests"]) or wrote):
        raise Stop(
            f"Manifests of version {manifests} started Junjo AI Studio {line} on this volume. This older version ({facts['manifests']}) cannot check what the volume contains.\n"
            f"Render with version {manifests} or newer.\n"
            f"To start anyway, delete {MARK} on the volume. The guard then checks the files on it."
        )
    for known in facts["lines"]:
        if known["name"] == mark["line"] and known["schema"] == mark["schema"]:
            return known
    raise Stop(
        f"Junjo AI Studio {line} ran on this volume last, but these manifests ({facts['manifests']}) do not support it.\n"
        f"Render with a version that supports it. Version {manifests} wrote {MARK}.\n"
        f"To start anyway, delete {MARK} on the volume. The guard then checks the files on it."
    )


def set_aside(facts):
    """How to continue if no setting helps."""
    return f"No setting helps. To start with an empty volume and keep the data, run: {facts['setAside']}. It shows how to bring the data back."


def precedence(version):
    """Sorts versions as https://semver.org/#spec-item-11 says; None for a text that is none."""
    match = re.fullmatch(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})(?:-([0-9A-Za-z.-]+))?(?:\+.*)?", version)
    if not match:
        return None
    *numbers, before = match.groups()
    parts = before.split(".") if before else []
    # A number counts less than a word, and longer numbers more.
    keys = [(0, len(part.lstrip("0")), part.lstrip("0")) if part.isdigit() else (1, 0, part) for part in parts]
    return [int(number) for number in numbers], not before, keys


def check_users(facts, data, last):
    """Stops if the backend would not start on the database of users, also at a restart."""
    path, wants, table = facts["users"]["path"], facts["users"]["schema"], facts["users"].get("table")
    has, tables = schema_of_users(os.path.join(data, path), table)
    if has and has != wants:
        makers = [line for line in facts["lines"] if line["users"] == has]
        if not makers:
            raise Stop(
                f"{path} has {shown(has)}, which these manifests ({facts['manifests']}) do not support. A newer or unknown release created it.\n"
                "Render with a version that supports it, and set JUNJO_K8S_RELEASE to the release that ran here last.\n"
                f"{set_aside(facts)}"
            )
        what = f"{path} was created by Junjo AI Studio {listed(makers)} ({has}): the backend of {facts['line']} would crash on it at every start."
    elif has and table and table not in tables:
        makers = [line for line in facts["lines"] if line["users"] == has and line["schema"] != facts["schema"]]
        what = f"{path} was created by a later release: it lacks the table {table}, without which {facts['line']} does not work."
    else:
        return
    maker = last if last in makers else last_writer(facts, data, makers)
    raise Stop(f"{what}\nSet JUNJO_K8S_RELEASE={maker['release']} to go back.\n{set_aside(facts)}")


def last_writer(facts, data, lines):
    """Of these lines the one that wrote last, as far as files tell."""
    files = [file for file in survey(facts, data) if file.lines]
    newest = max(files, key=lambda file: file.modified).lines if files else []
    return ([line for line in lines if line in newest] or lines)[-1]


def check_spans(facts, data, last):
    """Stops if spans would be lost. The database is one that the backend accepts, or does not exist."""
    files = survey(facts, data)
    mine = next(line for line in facts["lines"] if line["name"] == facts["line"])
    for file in files:
        if file.lines == []:
            raise Stop(
                f"{shown(file.path)} has columns that these manifests ({facts['manifests']}) do not support. A newer or unknown release wrote it.\n"
                "Render with a version that supports it, or move this file elsewhere on the volume.\n"
                f"{set_aside(facts)}"
            )
    for file in files:
        if file.root == facts.get("log") and file.lines and mine not in file.lines:
            check_log(facts, file.lines, last)
    known = [file for file in files if file.lines]
    if last:
        # Files that were put aside are not lost.
        if any(last in file.lines for file in known):
            check_loss(facts, [line for line in facts["lines"] if line["schema"] == last["schema"]], last)
    elif known:
        newest = max(known, key=lambda file: file.modified)
        if mine not in newest.lines:
            check_loss(facts, newest.lines, last)
    elif files:
        raise Stop(
            f"No known release wrote {shown(files[-1].path)}, so it is unknown whether {facts['line']} can read it.\n"
            "Set JUNJO_K8S_RELEASE to the release that ran here last, or move this file elsewhere on the volume.\n"
            f"{set_aside(facts)}"
        )


def check_log(facts, lines, last):
    """What one of these lines left over in the write-ahead log."""
    line = likeliest(lines, last)
    if line["spans"] == "flush first":
        accept(facts, lines, line, f"{line['loss']}\nSet JUNJO_K8S_RELEASE={line['release']} to go back and flush it. See ")
        return
    raise Stop(
        f"The write-ahead log holds spans of Junjo AI Studio {line['name']}, which would stop every flush of {facts['line']}. New spans would never appear.\n"
        f"Set JUNJO_K8S_RELEASE={line['release']} to go back and flush it ({facts['page']}), or move the files in {facts['log']} elsewhere.\n"
        f"{set_aside(facts)}"
    )


def check_loss(facts, lines, last):
    """What one of these lines wrote elsewhere."""
    line = likeliest(lines, last)
    # Else nothing is lost, or only what is left over in the log.
    if line["spans"] in ("hidden", "unreadable", "misunderstood"):
        way = f"Set JUNJO_K8S_RELEASE={line['release']} to go back. To move to {facts['line']}, see "
        accept(facts, lines, line, f"{line['loss']}\n{way}")


def accept(facts, lines, line, what):
    """Stops, unless the user accepted a step from one of these lines."""
    steps = {each["name"]: f"{each['name']}-to-{facts['line']}" for each in lines if each["move"] != "refused"}
    accepted = [step for step in steps.values() if step in facts["accepted"]]
    if accepted:
        print(f"upgrade-guard: {accepted[0]} is accepted", flush=True)
        return
    step = steps.get(line["name"])
    on = f"To start anyway, set JUNJO_K8S_ACCEPT_DATA_LOSS={step}, for this step only." if step else set_aside(facts)
    raise Stop(f"{what}{facts['page']}.\n{on}")


def likeliest(lines, last):
    """Of the lines that may have written a file the one that the mark says, else the last from which a step leads here."""
    return last if last in lines else ([line for line in lines if line["move"] != "refused"] or lines)[-1]


def listed(lines):
    names = [line["name"] for line in lines]
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def survey(facts, data):
    files = []
    for root in dict.fromkeys(path for line in facts["lines"] for path in line["paths"]):
        lines = [line for line in facts["lines"] if root in line["paths"]]
        for file, modified in files_of(os.path.join(data, root)):
            files.append(SpanFile(root, os.path.relpath(file, data), modified, writers_of(file, lines)))
    return files


def files_of(path):
    """The files at a path or below it with the time of their last change: the newest of them and the oldest."""
    files = []
    # What a crash left half written is renamed only when it is whole, and read by no release.
    below = (os.path.join(at, name) for at, _, names in os.walk(path, onerror=fail) for name in names if not name.endswith(".tmp"))
    for file in below if os.path.isdir(path) else [path]:
        try:
            status = os.stat(file)
        except (FileNotFoundError, NotADirectoryError):
            continue
        # A pipe would never end.
        if stat.S_ISREG(status.st_mode):
            files.append((file, status.st_mtime))
    files.sort(key=lambda file: file[1])
    return files if len(files) <= 2 * LOOKED_AT else files[:LOOKED_AT] + files[-LOOKED_AT:]


def fail(error):
    """A folder that the guard may not read must not count as empty."""
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error


def writers_of(file, lines):
    """Of the lines that write in a folder those that write files with the columns of this one."""
    if not any("columns" in line for line in lines):
        return lines
    try:
        count, last = columns_of(file)
    except DAMAGED:
        return None
    return [line for line in lines if line.get("columns") in (None, {"count": count, "last": last})]


def columns_of(file):
    """How many columns a file of Parquet or Arrow has, and the name of the last."""
    with open(file, "rb") as stream:
        begin = stream.read(8)
        if begin[:4] == b"PAR1":
            # The footer, then its length, then the magic again: https://parquet.apache.org/docs/file-format/
            size = stream.seek(0, os.SEEK_END)
            length = int.from_bytes(read_at(stream, size - 8, 4), "little")
            if read_at(stream, size - 4, 4) != b"PAR1":
                raise ValueError("not finished")
            return columns_of_footer(read_at(stream, size - 8 - length, min(length, DESCRIPTION)))
        # A file of Arrow is a stream behind its magic; a stream begins with the message that holds the schema, and that with
        # its length: https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format
        if begin[:6] == b"ARROW1":
            begin = stream.read(8)
        if begin[:4] != b"\xff\xff\xff\xff":
            raise ValueError("not a file of spans")
        return columns_of_message(stream.read(min(int.from_bytes(begin[4:], "little"), DESCRIPTION)))


def read_at(stream, at, size):
    if at < 0:
        raise ValueError("before the file")
    stream.seek(at)
    read = stream.read(size)
    if len(read) < size:
        raise ValueError("behind the file")
    return read


def columns_of_footer(footer):
    """FileMetaData of https://github.com/apache/parquet-format: its second field lists the root and every column."""
    reader = Thrift(footer)
    for field, kind in reader.fields():
        if (field, kind) != (2, Thrift.LIST):
            reader.skip(kind)
            continue
        size, kind = reader.list()
        name = None
        for _ in range(size if kind == Thrift.STRUCT else 0):
            for field, kind in reader.fields():
                if (field, kind) == (4, Thrift.BINARY):
                    name = reader.take(reader.varint())
                else:
                    reader.skip(kind)
        if name is None:
            break
        return size - 1, name.decode()
    raise ValueError("no columns")


class Thrift:
    """As much of https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md as a footer needs."""

    BINARY, LIST, STRUCT = 8, 9, 12

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        taken = self.data[self.at : self.at + size]
        if len(taken) < size:
            raise ValueError("behind the footer")
        self.at += size
        return taken

    def varint(self):
        value = 0
        for shift in range(0, 70, 7):
            (byte,) = self.take(1)
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("no number has so many bytes")

    def fields(self):
        """Number and type of each field of a struct. Who iterates reads its value."""
        field = 0
        while head := self.take(1)[0]:
            field = field + (head >> 4) if head >> 4 else self.varint() >> 1
            yield field, head & 15

    def list(self):
        """Size of a list, and type of what is in it."""
        (head,) = self.take(1)
        return self.varint() if head >> 4 == 15 else head >> 4, head & 15

    def skip(self, kind, depth=0):
        # What is skipped takes a byte at least, so that the data ends before a loop does.
        if depth > 20:
            raise ValueError("no footer is so deep")
        if kind in (1, 2):
            # True or false is in the type.
            return
        if kind == 3:
            self.take(1)
        elif kind in (4, 5, 6):
            self.varint()
        elif kind == 7:
            self.take(8)
        elif kind == self.BINARY:
            self.take(self.varint())
        elif kind == self.STRUCT:
            for _, inner in self.fields():
                self.skip(inner, depth + 1)
        elif kind in (self.LIST, 10):
            size, inner = self.list()
            for _ in range(size):
                # In a list, true and false are bytes.
                self.skip(3 if inner in (1, 2) else inner, depth + 1)
        else:
            raise ValueError("no footer has this type")


def columns_of_message(message):
    """Message of https://github.com/apache/arrow/blob/main/format/Message.fbs, which holds the Schema of Schema.fbs."""
    top = follow(message, 0)
    if number(message, slot(message, top, 1), 1) != 1:
        raise ValueError("not a schema")
    fields = follow(message, slot(message, follow(message, slot(message, top, 2)), 1))
    count = number(message, fields, 4)
    name = follow(message, slot(message, follow(message, fields + 4 * count), 0))
    size = number(message, name, 4)
    return count, part(message, name + 4, size).decode()


# As much of https://flatbuffers.dev/internals/ as a schema needs.


def part(data, at, size):
    if at < 0 or at + size > len(data):
        raise ValueError("outside of the message")
    return data[at : at + size]


def number(data, at, size, signed=False):
    return int.from_bytes(part(data, at, size), "little", signed=signed)


def follow(data, at):
    return at + number(data, at, 4)


def slot(data, table, field):
    """Where a table has a field."""
    fields = table - number(data, table, 4, signed=True)
    if 4 + 2 * field >= number(data, fields, 2):
        raise ValueError("the field is not set")
    offset = number(data, fields + 4 + 2 * field, 2)
    if not offset:
        raise ValueError("the field is not set")
    return table + offset


def schema_of_users(path, table):
    """The schema of a database of users, and which of the relevant tables it has; nothing if it does not name a schema."""
    if not readable(path):
        return None, ()
    # The backend does not run yet. Without a log, SQLite then needs no lock, and writes no index of the log beside it.
    options = "mode=ro" if readable(f"{path}-wal") else "mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(path)}?{options}", uri=True, timeout=1)) as users:
            users.text_factory = lambda text: text.decode(errors="replace")
            (version,) = users.execute("pragma user_version").fetchone()
            if version:
                # Of these, none needs a table.
                return f"version {version}", ()
            names = "select name from sqlite_master where type = 'table' and name in ('alembic_version', ?)"
            tables = {name for (name,) in users.execute(names, (table,))}
            if "alembic_version" not in tables:
                return None, tables
            texts = "select substr(version_num, 1, ?) from alembic_version where typeof(version_num) = 'text' order by 1 limit 9"
            revisions = [name for (name,) in users.execute(texts, (SHOWN,))]
            return f"revision {' and '.join(revisions)}" if revisions else None, tables
    except sqlite3.Error:
        # The backend reports what is wrong with it.
        return None, ()


def readable(path):
    """Whether there is such a file. Raises the error of one that may not be read, of which SQLite says less."""
    try:
        # A pipe would never end.
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb"):
            return True
    except (FileNotFoundError, NotADirectoryError):
        return False


def read_mark(data):
    path = os.path.join(data, MARK)
    if not readable(path):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(MARK_SIZE)
        mark = json.loads(text) if len(text) < MARK_SIZE else None
    except (ValueError, RecursionError):
        mark = None
    if not isinstance(mark, dict):
        # The guard writes it whole or not at all, so another program wrote it. The files show the release too.
        print(f"upgrade-guard: {MARK} is not readable and is replaced", flush=True)
        return None
    # Anything but a text is not the name of a line. No message shows it.
    texts = {name: mark.get(name) for name in ("line", "schema", "manifests")}
    return {name: text if isinstance(text, str) else "unknown" for name, text in texts.items()}


def write_mark(facts, data):
    mark = {
        "line": facts["line"],
        "schema": facts["schema"],
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "manifests": facts["manifests"],
    }
    path = os.path.join(data, MARK)
    fresh = f"{path}.new"
    try:
        # With O_NONBLOCK, a pipe that nobody reads causes an error instead of an endless wait.
        with open(fresh, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK, 0o666)) as file:
            # A field on each line: ingestion looks for its own with grep.
            json.dump(mark, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError:
        try:
            os.remove(fresh)
        except OSError:
            pass
        raise


def shown(text):
    """A text from a volume may come from anybody: this returns one short line without control characters."""
    text = str(text)
    # The kubelet keeps 4096 bytes of a reason, and the way on stands at its end.
    short = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in short)


def trouble(error, data):
    full = "Enlarge it (JUNJO_K8S_STORAGE_SIZE, if its storage class allows that), or delete what is not needed."
    foreign = (
        f"The user {os.getuid()} of the pod lacks permission to read or write the whole volume: another user created its files.\n"
        f"Stop the studio, then run this once on the volume: chown -R {os.getuid()}:{os.getgid()} ."
    )
    what = {
        errno.ENOSPC: f"The volume is full: the guard cannot write its mark.\n{full}",
        errno.EDQUOT: f"The quota of the volume is used up: the guard cannot write its mark.\n{full}",
        errno.EROFS: (
            "The volume is read-only. The kernel mounts a damaged file system like this.\n"
            "Check the events of the pod, the kernel's log on the node, and the file system."
        ),
        errno.EISDIR: "A folder has the name of a file that the guard needs. Move it elsewhere on the volume.",
        errno.ELOOP: "A link that points to itself has the name of a file that the guard needs. Move it elsewhere on the volume.",
        errno.EACCES: foreign,
        errno.EPERM: foreign,
    }.get(
        error.errno,
        f"The volume cannot be used: {error.strerror}.\nCheck the events of the pod and of its claim.",
    )
    return f"{what}\nNothing was changed ({shown(error.filename or data)}). The pod tries again automatically."


def refuse(text, termination_log):
    print(f"upgrade-guard stops the start.\n{text}", file=sys.stderr, flush=True)
    try:
        with open(termination_log, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError as error:
        print(f"upgrade-guard: {termination_log}: {error.strerror}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
