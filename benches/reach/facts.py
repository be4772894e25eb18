"""The rows about settled facts: every report as a process, settling itself, and a late file.

The store is a year of traffic as in real logs, with second records, corrections and aliases that move; the same with
flat traffic, the worst case of roll-ups, is measured beside it.
"""

import gzip
import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from reach.process import Run, Side, alternate, remove
from reach.store import OTHER_REPORTS, READ_EVERY_EVENT, ask, live, size_of
from reach.table import Row, figures, megabytes, ratio_of, run_figures
from reach.workshop import Shape, Tree, Workshop

# Reports that answer while one looks, and what they may take.
AT_ONCE = [
    "cross-account", "grants", "key-timeline", "operations", "top-callers", "unused-keys", "who-used", "who-used-top",
]  # fmt: skip
AT_ONCE_SECONDS, AT_ONCE_BYTES = 0.5, 400e6
SECONDS, BYTES = 2.0, 1e9
# Reports that read all facts of the window, and how long they may take against DuckDB over the same files.
SCANS = ["denied", "encryption-context", "first-seen", "key-material", "rhythm", "throttled-callers", "tls"]
SHARE_OF_DUCKDB = 1.5
GROWTH = 1.2
SETTLING_SHARE = 0.25
LATE_SECONDS = 3.0
SIZE_SHARE = 1.25
TABLES_OF_FACTS = ["key_uses", "uses_daily", "settlements"]


def traffic(workshop: Workshop, name: str = "traffic", part: int = 1) -> Tree:
    """A year of KMS events of 500 keys, as real logs have them."""
    events = (200_000 if workshop.is_quick else 20_000_000) // part
    return workshop.tree(Shape(name, events, kms_share=1.0, days=365, flat=False, plain=False))


def flat(workshop: Workshop) -> Tree:
    """The same, each of caller, key and operation drawn by itself."""
    tree = Shape("traffic-flat", 200_000 if workshop.is_quick else 20_000_000, kms_share=1.0, days=365, plain=False)
    return workshop.tree(tree)


def arguments(tree: Tree) -> dict[str, list[str]]:
    """What each report is asked for; `who-used-top` is `who-used` of the key that is used most."""
    keys = [key for key in tree.answers["keys"] if key["uses"] > 0]
    used = [key["key_arn"] for key in keys]
    middling = used[len(used) // 2]
    principal = sorted(keys[len(keys) // 2]["callers"])[0]
    names = {name: [name] for name in sorted(READ_EVERY_EVENT + OTHER_REPORTS)}
    names |= {name: [name, "--key", middling] for name in ("blast-radius", "key-timeline", "who-used")}
    names["who-used-top"] = ["who-used", "--key", used[0]]
    names["principal-activity"] = ["principal-activity", "--param", f"principal={principal}"]
    names["unused-keys"] = ["unused-keys", "--days", "90"]
    return names


def processes(workshop: Workshop, store: Path, words: list[str]) -> list[Run]:
    """A report as a user runs it, again and again."""
    side = Side("keytrail", lambda: workshop.keytrail(store, "report", *words, "--format", "json"))
    return alternate([side], workshop.times)["keytrail"]


def reports(workshop: Workshop) -> Iterator[Row]:
    """Every report over real traffic."""
    yield from reports_of(workshop, traffic(workshop), "")


def reports_flat(workshop: Workshop) -> Iterator[Row]:
    """Every report over flat traffic."""
    yield from reports_of(workshop, flat(workshop), ", flat traffic")


def reports_of(workshop: Workshop, tree: Tree, of: str) -> Iterator[Row]:
    """A row for each report; those that read all facts have DuckDB over the same files beside them."""
    store = workshop.store(tree)
    facts = live(workshop, store, "key_uses")
    for name, words in arguments(tree).items():
        runs = processes(workshop, store, words)
        seconds, peak = [run.seconds for run in runs], max(run.peak_bytes for run in runs)
        is_at_once = name in AT_ONCE
        limits = (AT_ONCE_SECONDS, AT_ONCE_BYTES) if is_at_once else (SECONDS, BYTES)
        told = f"{len(runs[0].json()):,} rows: **{min(seconds):.3f} s**, peak {megabytes(peak)}"
        asked = f"`{name}` as a process{of}: ≤ {limits[0]:g} s, ≤ {megabytes(limits[1])}"
        is_reached, raw = min(seconds) <= limits[0] and peak <= limits[1], [run_figures("keytrail", runs)]
        if name in SCANS:
            theirs = ask(workshop, f"report {name}", facts)
            ratio = ratio_of(seconds, theirs["seconds"])
            told += f"; DuckDB in process, warm, {min(theirs['seconds']):.3f} s: **{ratio:.2f}×**"
            asked += f", ≤ {SHARE_OF_DUCKDB}× DuckDB over `key_uses`"
            is_reached = is_reached and ratio <= SHARE_OF_DUCKDB
            raw.append(figures(f"{theirs['engine']}, without notes", theirs["seconds"]))
        yield Row(f"facts-{name}{'-flat' if of else ''}", asked, told, is_reached, raw)


def growth(workshop: Workshop) -> Iterator[Row]:
    """Unused keys at ten times the events of the same keys."""
    trees = {"all": traffic(workshop), "tenth": traffic(workshop, "traffic-tenth", 10)}
    stores = {name: workshop.store(tree) for name, tree in trees.items()}
    words = ["report", "unused-keys", "--days", "90", "--format", "json"]
    sides = [Side(name, partial(workshop.keytrail, store, *words)) for name, store in stores.items()]
    runs = alternate(sides, workshop.times)
    ratio = ratio_of([run.seconds for run in runs["all"]], [run.seconds for run in runs["tenth"]])
    yield Row(
        "facts-growth",
        f"`unused-keys` as a process at ten times the events: ≤ {GROWTH}×",
        f"{min(run.seconds for run in runs['all']):.3f} s at {trees['all'].count('kms_events'):,} events, {min(run.seconds for run in runs['tenth']):.3f} s at {trees['tenth'].count('kms_events'):,}: **{ratio:.2f}×**",
        ratio <= GROWTH,
        [run_figures(name, part) for name, part in runs.items()],
    )


def settling(workshop: Workshop) -> Iterator[Row]:
    """What of an ingest is settling: the same store, settled again from nothing."""
    tree = traffic(workshop, "traffic-tenth", 10)
    folder = workshop.work / "settling"
    remove(folder)
    whole = workshop.keytrail(folder, "ingest", tree.logs, "--json")
    for table in TABLES_OF_FACTS:
        remove(folder / table)
    again = workshop.keytrail(folder, "settle")
    share = again.cpu_seconds / whole.cpu_seconds
    yield Row(
        "facts-settling",
        f"settling, share of an ingest's CPU: ≤ {SETTLING_SHARE:.0%}",
        f"{again.cpu_seconds:.1f} of {whole.cpu_seconds:.1f} CPU seconds at {tree.count('kms_events'):,} events: **{share:.0%}**; {again.output.strip()}; peak {megabytes(again.peak_bytes)}",
        share <= SETTLING_SHARE,
        [run_figures("ingest", [whole]), run_figures("settle", [again])],
    )
    remove(folder)


def late(workshop: Workshop) -> Iterator[Row]:
    """A file of one day that nobody has seen, in a store that has a year."""
    tree = traffic(workshop)
    store, file = workshop.work / "late", workshop.work / "late.json.gz"
    remove(store)
    shutil.copytree(workshop.store(tree), store)
    objects = sorted(path for path in tree.logs.rglob("*.json.gz") if "Digest" not in str(path))
    records = json.loads(gzip.decompress(objects[len(objects) // 2].read_bytes()))["Records"]
    for record in records:
        record["eventID"] = "ffffffff" + record["eventID"][8:]
    file.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    run = workshop.keytrail(store, "ingest", file, "--json")
    days = workshop.keytrail(store, "status", "--json").json()["days"]
    remove(store)
    remove(file)
    yield Row(
        "facts-late",
        f"{len(records):,} records of one day, ingested late into a store of 365 days: ≤ {LATE_SECONDS:g} s",
        f"**{run.seconds:.2f} s**, {run.cpu_seconds:.2f} s of CPU, peak {megabytes(run.peak_bytes)}; {days['settled']} days settled, {days['computed']} computed",
        run.seconds <= LATE_SECONDS,
        [run_figures("ingest", [run])],
    )


def size(workshop: Workshop) -> Iterator[Row]:
    """What events, facts and roll-ups take, against the logs."""
    yield size_of(workshop, traffic(workshop), "facts-size", SIZE_SHARE)
