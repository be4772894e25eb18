#!/usr/bin/env python3
"""Measures keytrail end to end on this machine, with its peers beside it, and prints one table.

    python3 benches/end_to_end.py            # everything, in about an hour; needs 20 GB of disk
    python3 benches/end_to_end.py --quick    # the same on small trees: a check of the bench, no measurement
    python3 benches/end_to_end.py --row growth --row size

It builds the programs, makes the trees, sets up a virtual environment with the other engines, and runs each program in
turn with its peer. Rows are counted and compared before a time is printed. The table and every single run are kept in
benches/results/.
"""

import argparse
import datetime
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from reach import facts, ingest, store  # noqa: E402
from reach.table import Row, commit, machine, markdown  # noqa: E402
from reach.workshop import PINS, REPOSITORY, Workshop, build  # noqa: E402

ROWS: dict[str, Callable[[Workshop], Iterator[Row]]] = {
    "ingest-1": partial(ingest.against_inflate, percent=1),
    "ingest-20": partial(ingest.against_inflate, percent=20),
    "ingest-100": partial(ingest.against_inflate, percent=100),
    "clickhouse": ingest.against_engines,
    "sha256": ingest.hashing,
    "memory": ingest.memory,
    "growth": ingest.growth,
    "nothing-new": ingest.nothing_new,
    "small-ingests": ingest.small_ingests,
    "who-used": store.who_used,
    "unused-keys": store.unused_keys,
    "reports": store.reports,
    "scan": store.scan,
    "size": store.size,
    "start": store.start,
    "facts-reports": facts.reports,
    "facts-reports-flat": facts.reports_flat,
    "facts-growth": facts.growth,
    "facts-settling": facts.settling,
    "facts-late": facts.late,
    "facts-size": facts.size,
}


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description="Measures keytrail end to end, with its peers beside it.")
    parser.add_argument(
        "--quick", action="store_true", help="small trees: whether the bench works, not how fast anything is"
    )
    parser.add_argument("--row", action="append", choices=ROWS, help="only this row; may be repeated")
    parser.add_argument(
        "--work", type=Path, default=REPOSITORY / "target/end-to-end", help="where trees and stores are made and kept"
    )
    parser.add_argument("--times", type=int, default=5, help="runs of each program")
    parser.add_argument("--no-build", action="store_true", help="take the programs as they are")
    return parser.parse_args()


def main() -> None:
    """Measures the rows that were asked for."""
    asked = arguments()
    work = (asked.work / ("quick" if asked.quick else "full")).resolve()
    work.mkdir(parents=True, exist_ok=True)
    workshop = Workshop(work, build(is_wanted=not asked.no_build), asked.times, asked.quick)
    rows: list[Row] = []
    for name in asked.row or ROWS:
        load = os.getloadavg()[0]
        for row in ROWS[name](workshop):
            row.raw.append(f"load of the machine when it began: {load:.2f}")
            rows.append(row)
            workshop.say(f"{row.name}: {row.measured} — {row.verdict}")
    words, slug = machine()
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    facts = [
        f"machine: {words}",
        f"keytrail {commit(REPOSITORY)}; {', '.join(pin.replace('==', ' ') for pin in PINS)}",
        f"command: python3 benches/end_to_end.py{' --quick' if asked.quick else ''}{''.join(f' --row {name}' for name in asked.row or ())}",
        f"{asked.times} runs of each program, in turn, the page cache warm, writes synced; the fastest run of each counts",
    ]
    text = markdown(f"{'Quick check' if asked.quick else 'Measured'} on {today}", facts, rows)
    print(text)
    if not asked.quick and not asked.row:
        results = REPOSITORY / "benches/results"
        results.mkdir(exist_ok=True)
        (results / f"{today}-{slug}.md").write_text(text)


main()
