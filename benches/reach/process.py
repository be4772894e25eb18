"""Processes, run one after the other and measured from outside.

In: commands. Out: wall clock, CPU time and peak memory as the system accounts for them, and what was printed.
"""

import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Word = str | Path


@dataclass(frozen=True)
class Run:
    """One process that ended well. Of one that takes less memory than this one does, `peak_bytes` is this one's."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str

    def json(self) -> Any:
        """What the process printed, as JSON."""
        return json.loads(self.output)


@dataclass(frozen=True)
class Side:
    """One of the programs that are compared: what it is called, and how it is run once."""

    name: str
    once: Callable[[], Run]


def run(command: Sequence[Word], environment: dict[str, str] | None = None) -> Run:
    """Runs a command to its end; one that fails ends the measurement, with what it said."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            raise SystemExit(f"{shlex.join(words)}\nended with {process.returncode}:\n{err.read().decode()}")
        return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, out.read().decode())


def alternate(sides: Sequence[Side], times: int, is_warm: bool = True) -> dict[str, list[Run]]:
    """The runs of each side, A B A B …, after one round that does not count."""
    runs: dict[str, list[Run]] = {side.name: [] for side in sides}
    for number in range(times + int(is_warm)):
        for side in sides:
            # What the run before has left to be written is not this one's.
            os.sync()
            done = side.once()
            if number >= int(is_warm):
                runs[side.name].append(done)
    return runs


def remove(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
