"""Restores archives one after the other onto volumes of their own, and tells what became of each.

    unpack-archives.py PROGRAM ARCHIVES HONEST

PROGRAM is cluster/copy/volume.py, ARCHIVES a folder, HONEST an archive that is restored after each of the others. A line of
JSON for each: whether it was taken, why not, the memory it took in MiB, and what it changed that it should not have.
"""

import hashlib
import importlib.util
import json
import os
import resource
import shutil
import stat
import sys
import tempfile

STAGES, ASIDES = (".junjo-restore-1", ".junjo-restore-2"), (".junjo-before-1", ".junjo-before-2")
FILES = {
    "outside/kept": "outside",
    "volume/sqlite/junjo.db": "users",
    "volume/spans/a": "spans",
    "volume/.junjo-studio.json": "{}",
    "volume/.junjo-before-0/kept": "of the restore before",
}


def main(program, archives, honest):
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("volume", program)
    volume = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(volume)
    for name in sorted(os.listdir(archives)):
        with tempfile.TemporaryDirectory() as folder:
            # So deep that an archive which leads out of its volume, as far as any of them goes, does not lead out of the folder.
            root = os.path.join(folder, "1/2/3/4")
            os.makedirs(root)
            print(json.dumps({"name": name, **restore(volume, root, os.path.join(archives, name), honest)}), flush=True)


def restore(volume, root, archive, honest):
    for name, text in FILES.items():
        os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
        with open(os.path.join(root, name), "w", encoding="utf-8") as file:
            file.write(text)
    before = tree(root)
    status, words, memory = call(volume, archive, "receive", f"{root}/volume", STAGES[0], '{"bytes": 1000}')
    result = {"taken": status == 0, "words": words, "memory": memory}
    if status not in (0, 1):
        return {**result, "changed": f"it ended with {status}"}
    if status == 1:
        return {**result, "changed": difference(before, tree(root))}
    # What was there is aside, byte for byte, and stays there when the next archive comes.
    for step, source in enumerate((archive, honest)):
        if step == 1:
            status, words, _ = call(volume, source, "receive", f"{root}/volume", STAGES[1], '{"bytes": 1000}')
            if status != 0:
                return {**result, "changed": f"the next restore says {words}"}
        kept = tree(root, without=STAGES)
        aside = f"volume/{ASIDES[step]}"
        status, words, _ = call(volume, source, "swap", f"{root}/volume", STAGES[step], json.dumps({"aside": ASIDES[step]}))
        if status != 0:
            return {**result, "changed": f"the change of folders says {words}"}
        expected = {moved(name, aside): what for name, what in kept.items()}
        after = tree(root)
        changed = difference(expected, {name: what for name, what in after.items() if name in expected})
        changed = changed or leading_out(os.path.join(root, "volume"))
        if changed:
            return {**result, "changed": changed}
    return {**result, "changed": ""}


def leading_out(volume):
    """The links on the volume that lead out of the data."""
    links = [os.path.join(volume, name) for name, kind in tree(volume, without=ASIDES).items() if kind[0] == "link"]
    base = os.path.realpath(volume)
    targets = [os.path.relpath(os.path.realpath(link), base).split(os.sep)[0] for link in links]
    return ", ".join(link for link, top in zip(links, targets) if top == ".." or top.startswith(".junjo-before-"))


def moved(name, aside):
    """Where something is after a change of folders."""
    top = name.split("/")[1] if name.startswith("volume/") else ".junjo-"
    is_data = top == ".junjo-studio.json" or not top.startswith(".junjo-")
    return f"{aside}/{name[len('volume/'):]}" if is_data else name


def call(volume, source, *words):
    """Runs the program in a process of its own. @returns its status, what it said, and its memory in MiB"""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(source, os.O_RDONLY), 0)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            # No file may become larger, whatever its archive says.
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
            status = 70
            try:
                status = volume.main(*words)
            finally:
                sys.stdout.flush()
                os._exit(status)
        _, code, usage = os.wait4(child, 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(code), output.read().decode(errors="replace"), usage.ru_maxrss >> 10


def tree(root, without=()):
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in without]
        for name in folders + files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = what(path)
    return found


def what(path):
    info = os.lstat(path)
    if stat.S_ISLNK(info.st_mode):
        return ["link", os.readlink(path)]
    if stat.S_ISREG(info.st_mode):
        with open(path, "rb") as file:
            return ["file", info.st_mode, info.st_mtime_ns, hashlib.sha256(file.read()).hexdigest()]
    return ["other", info.st_mode]


def difference(before, after):
    names = [name for name in {*before, *after} if before.get(name) != after.get(name)]
    return ", ".join(sorted(repr(name) for name in names))


if __name__ == "__main__":
    main(*sys.argv[1:])
