"""Many small ingests into one store, then one that finds nothing new: what each costs, and what it leaves.

    python3 benches/increments.py KEYTRAIL [RUNS [OBJECTS]]

KEYTRAIL is the program, RUNS the small ingests (1000), OBJECTS the log objects of the last part (100000).
Prints figures as JSON; judges nothing. Works in a temporary directory.
"""

import collections
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time


def event(number):
    month, rest = divmod(number // 4, 28 * 24)
    day, hour = divmod(rest, 24)
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::111122223333:user/u{number % 7}"},
        "eventTime": f"2026-{1 + month % 12:02}-{1 + day:02}T{hour:02}:{number % 60:02}:00Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "awsRegion": "eu-west-1",
        "resources": [{"ARN": f"arn:aws:kms:eu-west-1:111122223333:key/k{number % 50}"}],
        "eventID": f"{number:036}",
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    }


def write(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), 1))


def ingest(program, path, store):
    begun = time.monotonic()
    subprocess.run([program, "ingest", path, "--store", store], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begun


def live_files(program, store):
    status = subprocess.run([program, "status", "--json", "--store", store], check=True, stdout=subprocess.PIPE)
    return {table["table"]: table["files"] for table in json.loads(status.stdout)["tables"] if table["files"]}


def small_ingests(program, root, runs):
    store, costs, most = root / "store", [], collections.Counter()
    for run in range(runs):
        log = root / "logs" / f"{run:06}.json.gz"
        write(log, [event(run * 4 + record) for record in range(4)])
        costs.append(ingest(program, log, store))
        if run % 10 == 9:
            for table, files in live_files(program, store).items():
                most[table] = max(most[table], files)
    partitions = len(list((store / "kms_events").glob("event_month=*")))
    logs = {path.parent.name: len(list(path.iterdir())) for path in sorted(store.glob("*/_delta_log"))}
    return {
        "first_ten_s": sum(costs[:10]),
        "last_ten_s": sum(costs[-10:]),
        "all_s": sum(costs),
        "most_live_files": most,
        "month_partitions": partitions,
        "log_files": logs,
    }


def nothing_new(program, root, objects):
    tree, store = root / "tree", root / "store-of-tree"
    for number in range(objects):
        folder = tree / f"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/{1 + number // 4000:02}"
        write(folder / f"111122223333_CloudTrail_eu-west-1_20260101T0005Z_{number:016}.json.gz", [])
    ingest(program, tree, store)
    begun = time.monotonic()
    for folder, _folders, names in os.walk(tree):
        for name in names:
            os.stat(os.path.join(folder, name))
    walked = time.monotonic() - begun
    return {"nothing_new_s": ingest(program, tree, store), "walk_in_python_s": walked}


def main(program, runs=1000, objects=100_000):
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        figures = small_ingests(program, root, int(runs)) | nothing_new(program, root, int(objects))
    print(json.dumps(figures, indent=2))


main(*sys.argv[1:])
