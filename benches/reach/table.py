"""The table of what was asked for and what was measured, for a terminal and as Markdown."""

import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from reach.process import Run


@dataclass(frozen=True)
class Row:
    """One line of the table. `is_reached` is none where it could not be measured."""

    name: str
    asked: str
    measured: str
    is_reached: bool | None
    raw: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """The last column."""
        return {True: "reached", False: "not reached", None: "not measured"}[self.is_reached]


def figures(name: str, seconds: Sequence[float]) -> str:
    """All runs of one program."""
    return f"{name}: min {min(seconds):.3f} s; median {median(seconds):.3f} s; runs {listed(seconds)}"


def run_figures(name: str, runs: Sequence[Run]) -> str:
    """All runs of one process, with the CPU time and the memory that they took."""
    cpu = listed([run.cpu_seconds for run in runs])
    return f"{figures(name, [run.seconds for run in runs])}; CPU {cpu}; peak memory {megabytes(max(run.peak_bytes for run in runs))}"


def listed(seconds: Sequence[float]) -> str:
    """Seconds, one after the other."""
    return ", ".join(f"{second:.3f}" for second in seconds)


def wall(runs: Mapping[str, Sequence[Run]]) -> dict[str, list[float]]:
    """The wall clock of each run of each program."""
    return {name: [run.seconds for run in part] for name, part in runs.items()}


def ratio_of(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The fastest against the fastest: what disturbs a run only ever makes it slower."""
    return min(ours) / min(theirs)


def megabytes(count: float) -> str:
    """Bytes in millions."""
    return f"{count / 1e6:,.1f} MB"


def machine() -> tuple[str, str]:
    """The machine's processor in words, and as a part of a file's name."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    words = f"{model}, {os.cpu_count()} CPUs"
    return words, re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def commit(repository: Path) -> str:
    """The commit that is measured, and whether files differ from it."""
    git = ["git", "-C", str(repository)]
    name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True, check=True
    ).stdout
    return name.strip() + (" with changes" if changed.strip() else "")


def markdown(title: str, facts: Sequence[str], rows: Sequence[Row]) -> str:
    """The table, and below it every run."""
    lines = [f"# {title}", "", *(f"- {fact}" for fact in facts), ""]
    lines += ["| asked for | measured | |", "|---|---|---|"]
    lines += [f"| {row.asked} | {row.measured} | {row.verdict} |" for row in rows]
    lines += ["", "## Every run", ""]
    for row in rows:
        lines += [f"### {row.name}", "", *(f"- {line}" for line in row.raw), ""]
    return "\n".join(lines).rstrip() + "\n"
