"""Keeps a release from starting on a volume whose spans it would hide or break, and marks the volumes that it starts on.

    upgrade-guard.py FACTS DATA TERMINATION_LOG

FACTS is what the manifests know of the release and of every other (charts/upgrade-guard.ts writes it), DATA the volume,
TERMINATION_LOG the file in which the kubelet looks for the reason of an end.
"""

import errno
import json
import os
import sqlite3
import sys
import time

MARK = ".junjo-studio.json"

# Files whose columns are looked at, newest and oldest of each folder: a volume may hold thousands.
LOOKED_AT = 200


class Stop(Exception):
    """What would be lost, what to do, and what goes on: a line each."""


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
    mark = read_mark(data)
    if mark and mark.get("line") == facts["line"] and mark.get("schema") == facts["schema"]:
        # A restart: nothing is written, so that it also passes on a full volume.
        return
    if mark:
        check_marked(facts, data, mark)
    else:
        check_unmarked(facts, data)
    write_mark(facts, data)
    print(f"upgrade-guard: marked for Junjo AI Studio {facts['line']}", flush=True)


def check_restore(data):
    """What `junjo-k8s restore` and `set-aside` write before they move folders, and remove after that."""
    if any(name.startswith(".junjo-restore-") and name.endswith(".plan") for name in os.listdir(data)):
        raise Stop(
            "A restore or set-aside broke off while it moved folders: the volume holds a part of the data.\n"
            "Run that command again, or a backup: each of them finishes the moves first.\n"
            "Until then the backend does not start, because it would write among what is half moved."
        )


def check_marked(facts, data, mark):
    schema = mark.get("schema")
    if schema == facts["schema"]:
        return
    if not any(known["schema"] == schema for known in facts["schemas"]):
        raise Stop(
            f"Junjo AI Studio {shown(mark.get('line'))} ran on this volume last, which these manifests ({facts['manifests']}) do not know.\n"
            f"Render with the manifests that do; {shown(mark.get('manifests'))} wrote {MARK}.\n"
            f"To go on all the same, delete {MARK} on the volume; its files are then looked at."
        )
    found, _ = written(facts, data)
    # Files that were put aside are not lost.
    if schema in found:
        check_loss(facts, data, schema, mark.get("line"))
    check_log(facts, data)


def check_unmarked(facts, data):
    found, unknown = written(facts, data)
    if found:
        last = max(found, key=lambda schema: found[schema])
        if last != facts["schema"]:
            check_loss(facts, data, last)
    elif unknown:
        raise Stop(
            f"No known release wrote {shown(unknown)}, so that nobody can tell whether {facts['line']} reads it.\n"
            "Put the release back that ran here last, or move this file elsewhere on the volume.\n"
            "No setting goes on: a file that cannot be read may stop every flush of new spans."
        )
    check_log(facts, data)


def check_log(facts, data):
    """What is left over in a write-ahead log that the release shares with another one."""
    mine = next(known for known in facts["schemas"] if known["schema"] == facts["schema"])
    if "log" not in mine:
        return
    found, _ = written(facts, data, only=mine["log"])
    for schema in found:
        if schema != facts["schema"]:
            check_loss(facts, data, schema)


def check_loss(facts, data, schema, line=None):
    known = next(each for each in facts["schemas"] if each["schema"] == schema)
    if any(f"{name}-to-{facts['line']}" in facts["accepted"] for name in known["lines"]):
        print(f"upgrade-guard: goes on without the spans of {' or '.join(known['lines'])}", flush=True)
        return
    line = line if line in known["lines"] else known["lines"][-1]
    raise Stop(
        f"{known['loss'].format(line=line)}{missing_table(facts, data)}\n"
        f"Set JUNJO_K8S_RELEASE={known['release']} to go back. The way to {facts['line']}: docs/releases.md, From one line to the next.\n"
        f"To go on without these spans: JUNJO_K8S_ACCEPT_DATA_LOSS={line}-to-{facts['line']}, for this step alone."
    )


def missing_table(facts, data):
    """Says of a table of the user database that the release needs and that no migration brings back."""
    path = os.path.join(data, facts["users"])
    table = facts.get("table")
    if not table or not os.path.exists(path):
        return ""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1) as users:
            has = users.execute("select 1 from sqlite_master where name = ?", (table,)).fetchone()
    except sqlite3.Error:
        # The backend says by itself what is wrong with it.
        return ""
    if has:
        return ""
    return f" A later release made {facts['users']}: it lacks the table {table}, without which {facts['line']} does not work."


def written(facts, data, only=None):
    """When files of each schema were last written, and a file of which the schema cannot be told."""
    found, unknown = {}, None
    for path in dict.fromkeys(path for known in facts["schemas"] for path in known["paths"]):
        if only not in (None, path):
            continue
        owners = [known for known in facts["schemas"] if path in known["paths"]]
        for file, modified in files_of(os.path.join(data, path)):
            schema = schema_of(file, owners)
            if schema:
                found[schema] = max(modified, found.get(schema, 0))
            else:
                unknown = os.path.relpath(file, data)
    return found, unknown


def files_of(path):
    """The files at a path or below it with the time of their last change: the newest of them and the oldest."""
    if os.path.isfile(path):
        return [(path, os.stat(path).st_mtime)]
    files = []
    for folder, _, names in os.walk(path):
        # What a crash left half written is renamed only when it is whole, and read by no release.
        for name in (name for name in names if not name.endswith(".tmp")):
            file = os.path.join(folder, name)
            files.append((file, os.stat(file).st_mtime))
    files.sort(key=lambda file: file[1])
    return files if len(files) <= 2 * LOOKED_AT else files[:LOOKED_AT] + files[-LOOKED_AT:]


def schema_of(file, owners):
    """The schema of a file: of those who have such files, the last whose last column it has."""
    if len(owners) == 1:
        return owners[0]["schema"]
    description = description_of(file)
    for known in reversed(owners):
        if description and known["column"].encode() in description:
            return known["schema"]
    return None


def description_of(file):
    """The part of a Parquet or Arrow file that names its columns; nothing of one that was not finished."""
    with open(file, "rb") as stream:
        begin = stream.read(8)
        if begin[:4] == b"PAR1":
            # The footer, then its length, then the magic again: https://parquet.apache.org/docs/file-format/
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 8))
            end = stream.read(8)
            length = int.from_bytes(end[:4], "little")
            if end[4:] != b"PAR1" or length > size:
                return None
            stream.seek(size - 8 - length)
            return stream.read(length)
        # A file of Arrow is a stream behind its magic; a stream begins with the message that holds the schema, and that with
        # its length: https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format
        if begin[:6] == b"ARROW1":
            begin = stream.read(8)
        if begin[:4] != b"\xff\xff\xff\xff":
            return None
        length = int.from_bytes(begin[4:], "little")
        return stream.read(length)


def read_mark(data):
    try:
        with open(os.path.join(data, MARK), encoding="utf-8") as file:
            mark = json.load(file)
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError):
        mark = None
    if not isinstance(mark, dict):
        # It is written whole or not at all, so somebody else wrote it; the files tell as well.
        print(f"upgrade-guard: {MARK} is not readable and is written anew", flush=True)
        return None
    return mark


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
        with open(fresh, "w", encoding="utf-8") as file:
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
    """What a volume holds may come from anybody: a text of it on one line and without control characters."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in str(text))


def trouble(error, data):
    full = "Make it larger (JUNJO_K8S_STORAGE_SIZE, where its class allows it), or delete what is not needed."
    foreign = (
        f"The user {os.getuid()} of the pod may not write the volume: somebody else made its files.\n"
        f"Once, while the studio is stopped: chown -R {os.getuid()}:{os.getgid()} on the volume."
    )
    what = {
        errno.ENOSPC: f"The volume is full: not even its mark can be written.\n{full}",
        errno.EDQUOT: f"The quota of the volume is used up: not even its mark can be written.\n{full}",
        errno.EROFS: (
            "The volume is read-only: a file system that found itself damaged is mounted so.\n"
            "Look at the events of the pod and at the kernel's log on the node, and check the file system."
        ),
        errno.EACCES: foreign,
        errno.EPERM: foreign,
    }.get(
        error.errno,
        f"The volume cannot be used: {error.strerror}.\nLook at the events of the pod and of its claim.",
    )
    return f"{what}\nNothing was changed ({shown(error.filename or data)}), and the pod tries again by itself."


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
