"""The rows about a large store: reports against DuckDB, full scans, size, and the start of a process."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from reach.process import Side, alternate, run
from reach.table import Row, figures, megabytes, ratio_of, run_figures, wall
from reach.workshop import Shape, Tree, Workshop, note_of

SHARE_OF_DAILY, SHARE_OF_BYTES = 0.2, 0.05
# What is called no slower: runs of the same thing differ by as much.
NO_SLOWER = 1.05
UNUSED_SECONDS = 0.2
REPORT_SECONDS = 1.0
# Of these the roll-ups do not tell enough, and no filter narrows them: every event is read.
READ_EVERY_EVENT = [
    "denied", "enclaves", "encryption-context", "first-seen", "grants", "key-material", "rhythm", "throttled-callers", "tls",
]  # fmt: skip
OTHER_REPORTS = [
    "blast-radius", "cross-account", "key-timeline", "operations", "principal-activity", "resources", "top-callers",
    "unused-keys", "who-used",
]  # fmt: skip
START_SECONDS = 0.15
# Of the objects, one in so many is packed again by gzip itself.
GZIP_ONE_IN = 20


def year(workshop: Workshop, name: str = "year", part: int = 1) -> Tree:
    """A year of KMS events of 500 keys."""
    events = (1_000_000 if workshop.is_quick else 20_000_000) // part
    return workshop.tree(Shape(name, events, kms_share=1.0, days=365))


def live(workshop: Workshop, store: Path, table: str) -> list[str]:
    """The live files of a table."""
    return [str(store / table / file["path"]) for file in workshop.questions(store, "files")[table]]


def ask(workshop: Workshop, question: str, paths: list[str], **more: Any) -> Any:
    """DuckDB's answer."""
    request = workshop.work / "request.json"
    request.write_text(
        json.dumps({"question": question, "paths": paths, "threads": workshop.threads, "runs": workshop.times, **more})
    )
    return workshop.peer("duckdb_questions.py", request).json()


def daily_files(workshop: Workshop, tree: Tree, store: Path) -> list[str]:
    """The same rows as files of a day each, as one writes them who does not know what will be asked."""
    folder = workshop.work / "daily" / tree.folder.name

    def make() -> None:
        workshop.say("writing daily files")
        database = workshop.work / "daily.duckdb"
        database.unlink(missing_ok=True)
        told = ask(
            workshop,
            "daily",
            live(workshop, store, "kms_events"),
            ledger=live(workshop, store, "log_file_events"),
            folder=str(folder),
            database=str(database),
        )
        database.unlink()
        if told["rows"] != tree.count("kms_events"):
            raise SystemExit(f"daily files hold {told['rows']} rows, not {tree.count('kms_events')}")

    workshop.kept(folder, note_of(tree.folder).read_text(), make)
    return sorted(str(path) for path in folder.glob("*.parquet"))


def same_answer(ours: list[dict[str, Any]], theirs: list[dict[str, Any]], columns: list[str]) -> None:
    """Both name the same groups with the same counts."""
    left, right = (sorted(tuple(str(row[name] or "") for name in columns) for row in rows) for rows in (ours, theirs))
    if left != right:
        different = sorted(set(left).symmetric_difference(right))[:4]
        raise SystemExit(f"the answers differ, {len(left)} rows against {len(right)}: {different}")


def who_used(workshop: Workshop) -> Iterator[Row]:
    """One key's users, for a key of middling use and for the one that is used most."""
    tree = year(workshop)
    store = workshop.store(tree)
    own, daily = live(workshop, store, "kms_events"), daily_files(workshop, tree, store)
    needed = ask(workshop, "needed-bytes", own)["bytes"]
    used = [key for key in tree.answers["keys"] if key["uses"] > 0]
    for name, key in (("who-used", used[len(used) // 2]), ("who-used-top", used[0])):
        yield who_used_one(workshop, store, (own, daily), needed, name, key)


def who_used_one(
    workshop: Workshop, store: Path, files: tuple[list[str], list[str]], needed: int, name: str, key: dict[str, Any]
) -> Row:
    """The row of one key."""
    own, daily = files
    arn = key["key_arn"]
    sides: dict[str, Callable[[], Any]] = {
        "keytrail": lambda: workshop.questions(
            store, "report", "who-used", "--key", arn, "--runs", str(workshop.times), "--answer"
        ),
        "DuckDB, daily files": lambda: ask(workshop, "who-used", daily, key=arn),
        "DuckDB, our live files": lambda: ask(workshop, "who-used", own, key=arn),
    }
    # Each side in turn, twice over, each time warm.
    told = [{side: once() for side, once in sides.items()} for _ in range(2)]
    ours = told[0]["keytrail"]
    uses = sum(int(row["successes"]) for row in ours["answer"] if row["kind"] == "use")
    if uses != key["uses"]:
        raise SystemExit(f"{arn} is used {uses} times, not {key['uses']}")
    for side in list(sides)[1:]:
        same_answer(
            ours["answer"],
            told[0][side]["answer"],
            ["kind", "caller", "service", "label", "successes", "failures", "sessions"],
        )
    seconds = {side: [second for part in told for second in part[side]["seconds"]] for side in sides}
    to_daily = ratio_of(seconds["keytrail"], seconds["DuckDB, daily files"])
    to_own = ratio_of(seconds["keytrail"], seconds["DuckDB, our live files"])
    bytes_read = max(ours["bytes_read"])
    share = bytes_read / needed
    fastest = {side: f"{min(part) * 1000:.1f} ms" for side, part in seconds.items()}
    return Row(
        name,
        f"`who-used`, {'one key of 500' if name == 'who-used' else 'the key that is used most'}, over a year, compacted, in process, warm: ≤ {SHARE_OF_DAILY}× DuckDB on daily files; no slower than DuckDB on our live files; ≤ {SHARE_OF_BYTES:.0%} of the bytes of a scan",
        f"{key['uses']:,} uses, {ours['rows']} rows: {fastest['keytrail']} against {fastest['DuckDB, daily files']}: **{to_daily:.2f}×**; against {fastest['DuckDB, our live files']} on our files: **{to_own:.2f}×**; {megabytes(bytes_read)} of {megabytes(needed)} read: **{share:.1%}**",
        to_daily <= SHARE_OF_DAILY and to_own <= NO_SLOWER and share <= SHARE_OF_BYTES,
        [
            f"{len(own)} live files, {len(daily)} daily files; rows and counts of all three are equal",
            f"DuckDB answers a simpler question: {told[0]['DuckDB, daily files']['engine']}, no corrections, no aliases, no notes",
            f"bytes read by each run: {sorted(set(ours['bytes_read']))}",
            *(figures(side, part) for side, part in seconds.items()),
        ],
    )


def unused_keys(workshop: Workshop) -> Iterator[Row]:
    """Keys without a use, with all events and with a tenth of them."""
    sizes = {"all": year(workshop), "tenth": year(workshop, "year-tenth", 10)}
    words = ["report", "unused-keys", "--days", "90", "--runs", str(workshop.times), "--answer"]
    stores = {name: workshop.store(tree) for name, tree in sizes.items()}
    told = [{name: workshop.questions(store, *words) for name, store in stores.items()} for _ in range(2)]
    seconds = {name: [second for part in told for second in part[name]["seconds"]] for name in sizes}
    for name, tree in sizes.items():
        listed = {row["key_arn"] for row in told[0][name]["answer"]}
        if not listed.issuperset(tree.answers["never_used"]):
            raise SystemExit(f"a key of {tree.folder.name} that is never used is not listed")
    ratio = ratio_of(seconds["all"], seconds["tenth"])
    yield Row(
        "unused-keys",
        f"`unused-keys`, same store: from the roll-up, ≤ {UNUSED_SECONDS} s, and no slower at ten times the events",
        f"{told[0]['all']['rows']} rows: **{min(seconds['all']):.3f} s** at {sizes['all'].count('kms_events'):,} events, {min(seconds['tenth']):.3f} s at {sizes['tenth'].count('kms_events'):,}: **{ratio:.2f}×**; {megabytes(max(told[0]['all']['bytes_read']))} read",
        min(seconds["all"]) <= UNUSED_SECONDS and ratio <= NO_SLOWER,
        [figures(name, part) for name, part in seconds.items()],
    )


def reports(workshop: Workshop) -> Iterator[Row]:
    """Every report, with its notes: those that must read every event against DuckDB, the others against a second."""
    tree = year(workshop)
    store = workshop.store(tree)
    own = live(workshop, store, "kms_events")
    used = [key for key in tree.answers["keys"] if key["uses"] > 0]
    key = used[len(used) // 2]["key_arn"]
    statement = "select caller from usage_daily group by caller order by sum(count) desc, caller limit 1 offset 20"
    principal = workshop.questions(store, "sql", statement, "--runs", "0", "--answer")["answer"][0]["caller"]
    arguments = {
        "blast-radius": ["--key", key],
        "key-timeline": ["--key", key],
        "who-used": ["--key", key],
        "principal-activity": ["--principal", principal],
    }
    for name in sorted(READ_EVERY_EVENT + OTHER_REPORTS):
        words = ["report", name, *arguments.get(name, []), "--runs", str(workshop.times)]
        ours = workshop.questions(store, *words)
        best = min(ours["seconds"])
        told = f"{ours['rows']:,} rows: **{best:.3f} s**, {megabytes(max(ours['bytes_read']))} read"
        raw = [figures("keytrail", ours["seconds"])]
        if name in READ_EVERY_EVENT:
            theirs = ask(workshop, f"report {name}", own)
            ratio = ratio_of(ours["seconds"], theirs["seconds"])
            raw.append(figures(f"{theirs['engine']}, of records alone", theirs["seconds"]))
            yield Row(
                f"report-{name}",
                f"`{name}`, which must read every event: no slower than DuckDB on the same files",
                f"{told}, against {min(theirs['seconds']):.3f} s: **{ratio:.2f}×**",
                ratio <= NO_SLOWER,
                raw,
            )
        else:
            yield Row(
                f"report-{name}", f"`{name}`: ≤ {REPORT_SECONDS:.0f} s", told, best <= REPORT_SECONDS, raw
            )


def scan(workshop: Workshop) -> Iterator[Row]:
    """All events, grouped by caller and operation."""
    tree = year(workshop)
    store = workshop.store(tree)
    own = live(workshop, store, "kms_events")
    statement = "select caller, event_name, count(*) as events from kms_events group by 1, 2 order by 1, 2"
    words = ["sql", statement, "--runs", str(workshop.times), "--answer"]
    told = [{"keytrail": workshop.questions(store, *words), "DuckDB": ask(workshop, "scan", own)} for _ in range(2)]
    same_answer(told[0]["keytrail"]["answer"], told[0]["DuckDB"]["answer"], ["caller", "event_name", "events"])
    counted = sum(int(row["events"]) for row in told[0]["keytrail"]["answer"])
    if counted != tree.count("kms_events"):
        raise SystemExit(f"a scan counts {counted} events, not {tree.count('kms_events')}")
    seconds = {name: [second for part in told for second in part[name]["seconds"]] for name in told[0]}
    ratio = ratio_of(seconds["keytrail"], seconds["DuckDB"])
    yield Row(
        "scan",
        "full scans (group by caller and operation over all events): no slower than DuckDB on the same live files",
        f"{told[0]['keytrail']['rows']:,} rows of {counted:,} events: {min(seconds['keytrail']):.3f} s against {min(seconds['DuckDB']):.3f} s: **{ratio:.2f}×**",
        ratio <= NO_SLOWER,
        [told[0]["DuckDB"]["engine"], *(figures(name, part) for name, part in seconds.items())],
    )


def size(workshop: Workshop) -> Iterator[Row]:
    """What the store takes, against the logs of its KMS events alone."""
    yield size_of(workshop, year(workshop), "size", 1.0)


def size_of(workshop: Workshop, tree: Tree, name: str, share: float) -> Row:
    """The live files of a store against its logs."""
    files = workshop.questions(workshop.store(tree), "files")
    tables = {name: sum(file["bytes"] for file in listed) for name, listed in files.items()}
    total = sum(tables.values())
    # The generator packs with libdeflate; how zlib's level 6 does on the same text is taken from a sample.
    sample = sorted(tree.logs.rglob("*.gz"))[::GZIP_ONE_IN]
    packed = sum(path.stat().st_size for path in sample)
    by_gzip = sum(len(zlib.compress(gzip.decompress(path.read_bytes()), level=6, wbits=31)) for path in sample)
    logs = tree.count("gzip_bytes") * by_gzip / packed
    return Row(
        name,
        f"live files after compaction ≤ {share:g}× the KMS records alone in gzip -6, object by object",
        f"**{megabytes(total)}** against **{megabytes(logs)}**: {total / logs:.2f}× ({total / tree.count('kms_events'):.1f} bytes an event; {megabytes(tree.count('text_bytes'))} of JSON)",
        total <= share * logs,
        [
            *(f"{name}: {len(files[name])} files, {tables[name]:,} bytes" for name in tables),
            f"logs as the generator packed them: {tree.count('gzip_bytes'):,} bytes; by gzip -6, from {len(sample)} objects: {logs:,.0f} bytes",
        ],
    )


def start(workshop: Workshop) -> Iterator[Row]:
    """The smallest question, as a process."""
    store = workshop.store(year(workshop))
    runs = alternate(
        [
            Side("select 1", lambda: workshop.keytrail(store, "sql", "select 1")),
            Side("--version", lambda: run([workshop.programs / "keytrail", "--version"])),
        ],
        2 * workshop.times,
    )
    seconds = wall(runs)
    least = min(seconds["select 1"])
    yield Row(
        "start",
        f'`keytrail sql "select 1"` on that store, as a process: ≤ {START_SECONDS} s',
        f"**{least:.3f} s** (`keytrail --version` {min(seconds['--version']):.3f} s)",
        least <= START_SECONDS,
        [run_figures(name, part) for name, part in runs.items()],
    )
