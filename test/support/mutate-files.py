"""Runs the upgrade guard over files that are damaged at random, and prints how often it ended with what.

    mutate-files.py COUNT SEED GUARD FACTS VOLUME LOG FILE...

Each FILE is a path on the volume, of which every copy is changed in turn. An exception of the guard ends the program.
"""

import contextlib
import importlib.util
import io
import json
import random
import sys
import tracemalloc

sys.dont_write_bytecode = True
count, seed, guard, facts, volume, log, *files = sys.argv[1:]
spec = importlib.util.spec_from_file_location("guard", guard)
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
# Thousands of marks need not reach the disk.
program.os.fsync = lambda _: None
chance = random.Random(int(seed))


def changed(content):
    content = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(content) or 1)
        match chance.randrange(5):
            case 0:
                # Sizes and offsets are worth the most: a number at its limits.
                content[at : at + 4] = chance.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\1\0\0\0"])
            case 1:
                del content[at : at + chance.randint(1, 64)]
            case 2:
                content[at:at] = content[at : at + chance.randint(1, 64)]
            case 3 if chance.random() < 0.2:
                del content[at:]
            case _:
                content[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(content)


ends = {}
# Not the resident memory of the process, which begins with that of the program that started it.
tracemalloc.start()
for file in files:
    path = f"{volume}/{file}"
    with open(path, "rb") as whole:
        good = whole.read()
    # What says the columns is at the end of one format, and at the beginning of the others.
    tail = 0 if good[:4] != b"PAR1" else len(good) - 8 - int.from_bytes(good[-8:-4], "little")
    for _ in range(int(count)):
        end = good[-8:] if tail else b""
        body = changed(good[tail : len(good) - len(end)][:8192])
        if tail and chance.random() < 0.9:
            # The length is right, so that the footer is read.
            end = len(body).to_bytes(4, "little") + b"PAR1"
        with open(path, "wb") as bad:
            bad.write(good[:tail] + body + end)
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            program.main(facts, volume, log)
        word = "passes" if "stops the start" not in said.getvalue() else said.getvalue().splitlines()[1].split(", ")[0]
        ends[word[:40]] = ends.get(word[:40], 0) + 1
        with contextlib.suppress(FileNotFoundError):
            program.os.remove(f"{volume}/{program.MARK}")
    with open(path, "wb") as whole:
        whole.write(good)
print(json.dumps({"ends": ends, "mebibytes": tracemalloc.get_traced_memory()[1] / (1 << 20)}))
