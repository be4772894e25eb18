"""A terminal for the tests: runs a program on a pseudo-terminal, types, and waits for what it shows.

Reads a script as JSON from standard input: {"columns", "lines", "command", "environment", "directory",
"steps"}. A step is ["wait", text] (until the text was shown), ["type", text], ["quiet", text] (until the terminal
is out of raw mode, since a statement runs, or the text that it leads to was shown), ["beside", command] (run to its end on no terminal), or ["end"] (until the
program ends). No step looks at a clock; what never comes is ended by the limit below. Writes what was shown to standard output, and
the exit code as the last line.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios

# Seconds after which a text that was waited for is taken never to come.
LIMIT = 120


def resize(terminal, columns, lines):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


class Terminal:
    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.shown = b""
        self.seen = 0

    def read(self):
        """Whether there was more; a closed terminal has no more."""
        ready, _, _ = select.select([self.descriptor], [], [], LIMIT)
        if not ready:
            return False
        try:
            part = os.read(self.descriptor, 65536)
        except OSError:
            part = b""
        self.shown += part
        return part != b""

    def wait(self, text):
        text = text.encode()
        while True:
            at = self.shown.find(text, self.seen)
            if at >= 0:
                self.seen = at + len(text)
                return
            if not self.read():
                fail(self.shown, f"{text!r} was never shown")

    def quiet(self, otherwise=None):
        # The editor leaves raw mode when it has taken an input. A statement may end before anybody looks.
        while not termios.tcgetattr(self.descriptor)[3] & termios.ICANON:
            if otherwise and otherwise.encode() in self.shown[self.seen :]:
                return
            ready, _, _ = select.select([self.descriptor], [], [], 0)
            if ready and not self.read():
                return

    def type(self, text):
        # Typed by hand, keys come when the editor listens.
        os.write(self.descriptor, text.encode())


def fail(shown, problem):
    sys.stderr.write(f"{problem}; shown was:\n{shown.decode(errors='replace')}\n")
    sys.exit(1)


def main():
    script = json.load(sys.stdin)
    child, descriptor = pty.fork()
    if child == 0:
        os.chdir(script["directory"])
        resize(0, script["columns"], script["lines"])
        os.execve(script["command"][0], script["command"], script["environment"])
    signal.alarm(10 * LIMIT)
    terminal = Terminal(descriptor)
    for step, *words in script["steps"]:
        if step == "end":
            while terminal.read():
                pass
        elif step == "beside":
            subprocess.run(*words, cwd=script["directory"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        else:
            getattr(terminal, step)(*words)
    _, status = os.waitpid(child, 0)
    sys.stdout.buffer.write(terminal.shown)
    print(f"\n{os.waitstatus_to_exitcode(status)}")


main()
