"""Where the measurement works: programs, trees, stores, and the virtual environment of the other engines.

Everything below the work folder is made when it is first asked for, and kept for the next time. Trees depend on the
generator's sources, stores on the binary that wrote them; what has become stale is made anew.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reach.process import Run, Word, remove, run

REPOSITORY = Path(__file__).resolve().parents[2]
PINS = ["chdb==4.4.0", "duckdb==2.0.0", "pytz==2025.2"]


@dataclass(frozen=True)
class Shape:
    """A tree to be made. The rows compare records with engines that count records: their trees are flat and plain."""

    name: str
    events: int
    kms_share: float = 0.2
    days: int = 30
    accounts: int = 3
    regions: int = 2
    keys: int = 500
    events_per_object: int = 1500
    duplicates: float = 0.001
    flat: bool = True
    plain: bool = True

    def flags(self) -> list[str]:
        """The arguments of `corpus tree`."""
        flags: list[str] = []
        for name, value in vars(self).items():
            if name != "name" and value is not False:
                flags.append(f"--{name.replace('_', '-')}")
                if value is not True:
                    flags.append(f"{value:.6f}" if isinstance(value, float) else str(value))
        return flags


@dataclass(frozen=True)
class Tree:
    """A tree that is there, with the generator's answers."""

    folder: Path
    answers: dict[str, Any]

    @property
    def logs(self) -> Path:
        """The folder of the logs alone."""
        return self.folder / "AWSLogs"

    def count(self, name: str) -> int:
        """One of the generator's counts."""
        return int(self.answers["counts"][name])

    @property
    def gigabytes(self) -> float:
        """Thousand millions of bytes of JSON."""
        return self.count("text_bytes") / 1e9


@dataclass(frozen=True)
class Workshop:
    """The work folder and the programs."""

    work: Path
    programs: Path
    times: int
    is_quick: bool

    @property
    def threads(self) -> int:
        """Threads of every program that is measured."""
        return os.cpu_count() or 1

    def say(self, text: str) -> None:
        """Progress goes to standard error."""
        print(text, file=sys.stderr, flush=True)

    def example(self, name: str) -> Path:
        """One of the programs of benches/."""
        return self.programs / "examples" / name

    def keytrail(self, store: Path, *words: Word) -> Run:
        """Runs keytrail on a store."""
        return run([self.programs / "keytrail", "--store", store, *words])

    def questions(self, store: Path, *words: Word) -> Any:
        """Asks a store in process; answers JSON."""
        return run([self.example("questions"), store, *words]).json()

    def peer(self, script: str, *words: Word) -> Run:
        """Runs another engine."""
        return run([self.python(), REPOSITORY / "benches/peers" / script, *words])

    def python(self) -> Path:
        """A Python with the other engines."""
        folder = self.work / "venv"
        self.kept(folder, "\n".join(PINS), lambda: make_environment(folder))
        return folder / "bin/python"

    def tree(self, shape: Shape) -> Tree:
        """The tree of that shape."""
        folder = self.work / "trees" / shape.name
        flags = shape.flags()
        sources = b"".join(path.read_bytes() for path in sorted((REPOSITORY / "benches/corpus").glob("*.rs")))

        def make() -> None:
            self.say(f"making the tree {shape.name}: corpus tree {' '.join(flags)}")
            folder.mkdir(parents=True)
            made = run([self.example("corpus"), "tree", "--out", folder, "--threads", str(self.threads), *flags])
            events = made.json()["events_read"]
            self.say(f"  {events:,} events in {made.seconds:.1f} s, {events / made.seconds:,.0f} events/s")

        self.kept(folder, " ".join(flags) + hashlib.sha256(sources).hexdigest(), make)
        return Tree(folder, json.loads((folder / "answers.json").read_text()))

    def store(self, tree: Tree, is_compact: bool = True) -> Path:
        """A store that holds the tree, compacted."""
        store = self.work / "stores" / tree.folder.name
        binary = digest(self.programs / "keytrail")
        stamp = binary + note_of(tree.folder).read_text() + str(is_compact)

        def make() -> None:
            self.say(f"ingesting {tree.folder.name}, {tree.gigabytes:.2f} GB of JSON")
            self.keytrail(store, "ingest", tree.logs, "--json")
            if is_compact:
                self.keytrail(store, "compact")
            assert_counts(self, store, tree)

        self.kept(store, stamp, make)
        return store

    def kept(self, folder: Path, stamp: str, make: Callable[[], None]) -> None:
        """Makes a folder anew, unless one is there that was made of the same."""
        note = note_of(folder)
        if note.exists() and note.read_text() == stamp:
            return
        remove(note)
        remove(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        make()
        note.write_text(stamp)


def note_of(folder: Path) -> Path:
    """Says of what a folder was made; beside it, since a store holds nothing but tables."""
    return folder.with_name(folder.name + ".made")


def digest(path: Path) -> str:
    """The SHA-256 of a file; it is not read at once, since a child's peak memory begins with that of its parent."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def assert_counts(workshop: Workshop, store: Path, tree: Tree) -> None:
    """The store holds exactly the tree's events."""
    for table, count in (("kms_events", "kms_events"), ("trail_events", "trail_events")):
        told = workshop.keytrail(store, "sql", f"select count(*) as n from {table}", "--format", "ndjson")
        if told.json()["n"] != tree.count(count):
            raise SystemExit(f"{table} of {tree.folder.name} holds {told.json()['n']} rows, not {tree.count(count)}")


def make_environment(folder: Path) -> None:
    """A virtual environment with the pinned engines."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, stdout=sys.stderr)
    subprocess.run(
        [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS],
        check=True,
        stdout=sys.stderr,
    )


def build(is_wanted: bool = True) -> Path:
    """Builds the release programs; answers the folder that holds them."""
    cargo = ["cargo", "build", "--release", "--locked", "--bin", "keytrail"]
    examples = [word for name in ("corpus", "inflate", "questions") for word in ("--example", name)]
    if is_wanted:
        subprocess.run([*cargo, *examples], cwd=REPOSITORY, check=True, stdout=sys.stderr)
    target = os.environ.get("CARGO_TARGET_DIR")
    return (Path(target) if target else REPOSITORY / "target") / "release"
