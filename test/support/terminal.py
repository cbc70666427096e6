"""Runs a command on a pseudo-terminal, answers its prompts, and prints all that it showed.

python3 terminal.py '[["prompt", "answer"], …]' command arguments…
An answer goes out when its prompt was shown. "^C" and "^D" are keys. With ["prompt", "answer", "hidden"], the answer waits until
the command has switched off the echo, as a person does who types more slowly than that.
"""

import json
import os
import pty
import sys
import termios
import time

KEYS = {"^C": b"\x03", "^D": b"\x04"}


def main():
    dialogue = json.loads(sys.argv[1])
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[2], sys.argv[2:])
    shown = b""
    looked = 0
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when the command has ended.
            break
        if not part:
            break
        shown += part
        while dialogue:
            prompt, answer, *hidden = dialogue[0]
            found = shown.find(prompt.encode(), looked)
            if found < 0:
                break
            looked = found + len(prompt.encode())
            while hidden and termios.tcgetattr(terminal)[3] & termios.ECHO:
                time.sleep(0.01)
            os.write(terminal, KEYS.get(answer, (answer + "\n").encode()))
            dialogue.pop(0)
    sys.stdout.buffer.write(shown)
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


main()
