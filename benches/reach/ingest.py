"""The rows about ingest: time against inflating alone and against other engines, memory, growth, small runs."""

import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reach.process import Run, Side, alternate, remove, run
from reach.table import Row, listed, megabytes, ratio_of, run_figures, wall
from reach.workshop import Shape, Tree, Workshop

# Inflating must not be slower than this much of ingest, by the share of KMS events in percent.
TIMES_INFLATE = {1: 1.4, 20: 2.4, 100: 7.0}
CLICKHOUSE_TIMES_FASTER = 4.0
SHA256_SHARE = 0.8
MEGABYTES_MANY, MEGABYTES_ONE = 400, 600
GROWTH = 1.1
TIMES_WALK = 2.0
TIMES_FIRST_TEN = 1.5
FILES_PER_MONTH, FILES_BESIDE = 3, 20


def mixed(workshop: Workshop, percent: int) -> Tree:
    """A tree of more than 1 GB of JSON in some hundred objects."""
    events = 60_000 if workshop.is_quick else 840_000
    return workshop.tree(Shape(f"share-{percent}", events, kms_share=percent / 100))


def sized(workshop: Workshop, name: str, gigabytes: float) -> Tree:
    """A tree of about so much JSON at 20 % KMS events."""
    events = round(gigabytes * 660_000 / (10 if workshop.is_quick else 1))
    return workshop.tree(Shape(f"size-{name}", events))


def many(workshop: Workshop) -> Tree:
    """100,000 objects."""
    objects = 5_000 if workshop.is_quick else 100_000
    return workshop.tree(Shape("many-objects", objects * 4, events_per_object=4))


def fresh(workshop: Workshop, tree: Tree, *words: str) -> Run:
    """Ingests into an empty store, and checks that every record is accounted for as the generator says."""
    store = workshop.work / "fresh-store"
    remove(store)
    done = workshop.keytrail(store, "ingest", tree.logs, "--json", "--threads", str(workshop.threads), *words)
    told = done.json()
    expected = {
        "records": tree.count("events_read"),
        "rows_written": tree.count("kms_events") + tree.count("trail_events"),
        "duplicates": tree.count("duplicates"),
    }
    found = {name: told[name] for name in expected}
    if found != expected:
        raise SystemExit(f"ingest of {tree.folder.name} counts {found}, not {expected}")
    return done


def inflate(workshop: Workshop, tree: Tree, *words: str) -> Run:
    """libdeflate over the same files."""
    done = run([workshop.example("inflate"), tree.logs, "--threads", str(workshop.threads), *words])
    told = done.json()
    if told["objects"] != tree.count("objects") or told["text_bytes"] not in (0, tree.count("text_bytes")):
        raise SystemExit(f"inflate of {tree.folder.name} counts {told}")
    return done


def size_of(tree: Tree) -> str:
    """A tree in words."""
    return f"{tree.gigabytes:.2f} GB of JSON, {tree.count('objects'):,} objects, {tree.count('events_read'):,} events, {tree.count('kms_events'):,} KMS events written"


def against_inflate(workshop: Workshop, percent: int) -> Iterator[Row]:
    """Ingest against inflating the same files."""
    tree = mixed(workshop, percent)
    runs = alternate(
        [
            Side("ingest", lambda: fresh(workshop, tree)),
            Side("inflate", lambda: inflate(workshop, tree)),
        ],
        workshop.times,
    )
    seconds = wall(runs)
    ratio = ratio_of(seconds["ingest"], seconds["inflate"])
    most = TIMES_INFLATE[percent]
    yield Row(
        f"ingest-{percent}",
        f"ingest at {percent} % KMS events against libdeflate inflating the same files: ≤ {most}×",
        f"{min(seconds['ingest']):.2f} s against {min(seconds['inflate']):.2f} s: **{ratio:.2f}×** ({tree.gigabytes:.2f} GB of JSON, {tree.count('kms_events'):,} KMS events)",
        ratio <= most,
        [size_of(tree), *(run_figures(name, part) for name, part in runs.items())],
    )


def against_engines(workshop: Workshop) -> Iterator[Row]:
    """Ingest against ClickHouse, and DuckDB beside it, writing 14 columns of the KMS events to Parquet."""
    tree = mixed(workshop, 20)
    expected = tree.count("kms_events") + tree.count("kms_duplicates")
    facts: dict[str, str] = {}

    def peer(script: str) -> Run:
        out = workshop.work / "peer.parquet"
        remove(out)
        done = workshop.peer(script, tree.logs, out, str(workshop.threads))
        told = done.json()
        if told["rows"] != expected or told["events"] != tree.count("kms_events"):
            raise SystemExit(f"{script} wrote {told}, not {expected} rows of {tree.count('kms_events')} events")
        facts[script] = (
            f"{told['engine']}: {told['rows']:,} rows, duplicates among them, {megabytes(out.stat().st_size)}"
        )
        remove(out)
        return replace(done, seconds=told["seconds"])

    sides = [
        Side("ingest", lambda: fresh(workshop, tree)),
        Side("ClickHouse", lambda: peer("clickhouse_ingest.py")),
        Side("DuckDB", lambda: peer("duckdb_ingest.py")),
    ]
    runs = alternate(sides, max(1, workshop.times - 2), is_warm=False)
    seconds = wall(runs)
    faster, than_duckdb = (1 / ratio_of(seconds["ingest"], seconds[name]) for name in ("ClickHouse", "DuckDB"))
    yield Row(
        "clickhouse",
        f"the same against ClickHouse doing the same work at 20 %: at least {CLICKHOUSE_TIMES_FASTER:.0f}× faster",
        f"{min(seconds['ingest']):.2f} s against {min(seconds['ClickHouse']):.2f} s: **{faster:.1f}×** faster (DuckDB {min(seconds['DuckDB']):.2f} s: {than_duckdb:.1f}×)",
        faster >= CLICKHOUSE_TIMES_FASTER,
        [
            size_of(tree),
            *facts.values(),
            "the other engines neither drop duplicates nor sync; their start is not counted, ours is",
            *(run_figures(name, part) for name, part in runs.items()),
        ],
    )


def hashing(workshop: Workshop) -> Iterator[Row]:
    """What the hash of every object's content costs on the way."""
    tree = mixed(workshop, 20)
    sides = [
        Side("inflate", lambda: inflate(workshop, tree)),
        Side("inflate and SHA-256", lambda: inflate(workshop, tree, "--sha256")),
        Side("ingest", lambda: fresh(workshop, tree)),
        Side("ingest --hash", lambda: fresh(workshop, tree, "--hash")),
    ]
    runs = alternate(sides, workshop.times)
    seconds = wall(runs)
    alone = min(seconds["inflate"])
    floor = (min(seconds["inflate and SHA-256"]) - alone) / alone
    share = (min(seconds["ingest --hash"]) - min(seconds["ingest"])) / alone
    yield Row(
        "sha256",
        f"SHA-256 of every object's content on the way: at most {SHA256_SHARE}× the inflate time more",
        f"**{share:.2f}×** the inflate time more; hashing beside inflating alone: {floor:.2f}× more",
        share <= SHA256_SHARE,
        [size_of(tree), *(run_figures(name, part) for name, part in runs.items())],
    )


def memory(workshop: Workshop) -> Iterator[Row]:
    """Peak memory of whole ingests."""
    large = sized(workshop, "8", 8)
    one_events = 120_000 if workshop.is_quick else 1_320_000
    one = workshop.tree(Shape("one-object", one_events, accounts=1, regions=1, events_per_object=one_events))
    peaks = {
        f"{large.count('objects'):,} objects, {large.gigabytes:.2f} GB": fresh(workshop, large).peak_bytes,
        f"{many(workshop).count('objects'):,} objects, {many(workshop).gigabytes:.2f} GB": fresh(
            workshop, many(workshop)
        ).peak_bytes,
        f"at 100 % KMS, {mixed(workshop, 100).gigabytes:.2f} GB": fresh(workshop, mixed(workshop, 100)).peak_bytes,
    }
    single = fresh(workshop, one).peak_bytes
    highest = max(peaks.values())
    yield Row(
        "memory",
        f"peak memory of ingest, any number of objects: ≤ {MEGABYTES_MANY} MB; one object of 2 GB of JSON ≤ {MEGABYTES_ONE} MB",
        f"**{megabytes(highest)}** ({', '.join(f'{name}: {megabytes(peak)}' for name, peak in peaks.items())}); one object of {one.gigabytes:.2f} GB: **{megabytes(single)}**",
        highest <= MEGABYTES_MANY * 1e6 and single <= MEGABYTES_ONE * 1e6,
        [
            *(f"{name}: {peak:,} bytes" for name, peak in peaks.items()),
            f"one object of {one.gigabytes:.2f} GB: {single:,} bytes",
        ],
    )


def growth(workshop: Workshop) -> Iterator[Row]:
    """Whether a gigabyte costs more when there are many."""
    small, large = sized(workshop, "half", 0.5), sized(workshop, "8", 8)
    runs = alternate(
        [Side("small", lambda: fresh(workshop, small)), Side("large", lambda: fresh(workshop, large))],
        max(1, workshop.times - 2),
    )
    seconds = wall(runs)
    each = {name: min(seconds[name]) / tree.gigabytes for name, tree in (("small", small), ("large", large))}
    ratio = each["large"] / each["small"]
    yield Row(
        "growth",
        f"seconds per GB at 8 GB against 0.5 GB: ≤ {GROWTH}×",
        f"{each['large']:.3f} s/GB at {large.gigabytes:.2f} GB against {each['small']:.3f} s/GB at {small.gigabytes:.2f} GB: **{ratio:.2f}×**",
        ratio <= GROWTH,
        [size_of(small), size_of(large), *(run_figures(name, part) for name, part in runs.items())],
    )


def nothing_new(workshop: Workshop) -> Iterator[Row]:
    """A run over objects that are all known."""
    tree = many(workshop)
    store = workshop.store(tree)

    def again() -> Run:
        done = workshop.keytrail(store, "ingest", tree.logs, "--json")
        told = done.json()
        if told["objects_new"] != 0 or told["objects_known"] != tree.count("objects"):
            raise SystemExit(f"something was new: {told}")
        return done

    walk = Side("walk", lambda: inflate(workshop, tree, "--walk"))
    runs = alternate([Side("ingest", again), walk], workshop.times)
    seconds = wall(runs)
    ratio = ratio_of(seconds["ingest"], seconds["walk"])
    yield Row(
        "nothing-new",
        f"a run that finds nothing new among 100,000 objects: ≤ {TIMES_WALK:.0f}× the time of walking the tree",
        f"{min(seconds['ingest']):.3f} s against {min(seconds['walk']):.3f} s: **{ratio:.2f}×** ({tree.count('objects'):,} objects)",
        ratio <= TIMES_WALK,
        [size_of(tree), *(run_figures(name, part) for name, part in runs.items())],
    )


def small_ingests(workshop: Workshop) -> Iterator[Row]:
    """Many small runs into one store, and what is left of them after a vacuum."""
    runs = 60 if workshop.is_quick else 1000
    tree = workshop.tree(Shape("small-runs", runs * 150, days=90, events_per_object=150))
    store = workshop.work / "small-store"
    remove(store)
    # In order of delivery, as they would come.
    logs = sorted(tree.logs.rglob("*.gz"), key=lambda path: (path.name.split("_")[3], path.name))
    seconds = [workshop.keytrail(store, "ingest", path, "--json").seconds for path in logs]
    written = workshop.keytrail(store, "sql", "select count(*) as n from kms_events", "--format", "ndjson").json()["n"]
    if written != tree.count("kms_events"):
        raise SystemExit(f"small runs wrote {written} KMS events, not {tree.count('kms_events')}")
    live = workshop.questions(store, "files")
    allowed = {
        name: FILES_PER_MONTH * len({file["partition"] for file in files}) + FILES_BESIDE
        for name, files in live.items()
    }
    too_many = [name for name, files in live.items() if len(files) > allowed[name]]
    workshop.questions(store, "vacuum", "--days-ahead", "8")
    dead = dead_files(store, live)
    # The very first run creates the tables, so it is left out.
    first, last = statistics.mean(seconds[1:11]), statistics.mean(seconds[-10:])
    ratio = last / first
    remove(store)
    yield Row(
        "small-ingests",
        f"1,000 small incremental ingests: last ten ≤ {TIMES_FIRST_TEN}× the first ten; live files ≤ {FILES_PER_MONTH} per month partition plus {FILES_BESIDE}, per table; after `vacuum` 8 days ahead no data file that is not live",
        f"{last:.3f} s against {first:.3f} s a run: **{ratio:.2f}×**; live files {', '.join(f'{name} {len(files)} of {allowed[name]}' for name, files in live.items())}; {len(dead)} files not live after vacuum",
        ratio <= TIMES_FIRST_TEN and not too_many and not dead,
        [
            f"{len(seconds)} runs, {written:,} KMS events",
            *in_hundreds(seconds),
            f"first runs {listed(seconds[:11])}",
            f"last runs {listed(seconds[-10:])}",
        ],
    )


def in_hundreds(seconds: list[float]) -> Iterator[str]:
    """How the runs went on."""
    for start in range(0, len(seconds), 100):
        part = seconds[start : start + 100]
        yield f"runs from {start + 1}: mean {statistics.mean(part):.3f} s, slowest {max(part):.3f} s"


def dead_files(store: Path, live: dict[str, list[dict[str, str]]]) -> list[Path]:
    """Data files that no table names."""
    named = {store / table / file["path"] for table, files in live.items() for file in files}
    found = (path for path in store.rglob("*.parquet") if "_delta_log" not in path.parts)
    return sorted(path for path in found if path not in named)
