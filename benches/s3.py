#!/usr/bin/env python3
"""Measures ingest from a bucket against downloading the same objects, over a slow line.

    cargo run --release --example corpus -- tree --out target/s3/logs …      # some 120 MB of gzip
    cargo build --release
    target/tmp/venv/servers/bin/python benches/s3.py --logs target/s3/logs --keytrail target/release/keytrail

It needs the virtual environment that the tests make: SeaweedFS, and boto3. Between server and client stands a proxy
that delays each request by 30 ms and lets 40 MB pass in a second, over all connections. The download has as many
connections as keytrail has, knows the keys beforehand, and does nothing with what it reads.
"""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

DELAY_SECS = 0.030
BYTES_A_SECOND = 40_000_000
# As many as keytrail fetches at the same time.
CONNECTIONS = 64
PIECE_BYTES = 64 * 1024
KEY, SECRET, REGION, BUCKET = "AKIABENCH", "secret", "us-east-1", "bench"


class Line:
    """The rate of all connections together."""

    def __init__(self):
        self.free_at = 0.0

    async def take(self, count):
        now = asyncio.get_running_loop().time()
        self.free_at = max(self.free_at, now) + count / BYTES_A_SECOND
        # Sleeps shorter than this are not kept by the machine's clock; the debt is not forgotten.
        if self.free_at - now > 0.002:
            await asyncio.sleep(self.free_at - now)


async def head_of(reader):
    return await reader.readuntil(b"\r\n\r\n")


def length_of(head):
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


async def body_of(reader, head):
    """The body's pieces, as they come; a chunked one with its frames."""
    if b"transfer-encoding: chunked" in head.lower():
        while True:
            size_line = await reader.readline()
            size = int(size_line.split(b";")[0], 16)
            yield size_line + await reader.readexactly(size + 2)
            if size == 0:
                return
    left = length_of(head)
    while left:
        piece = await reader.read(min(left, PIECE_BYTES))
        if not piece:
            raise ConnectionError("the server ended early")
        left -= len(piece)
        yield piece


async def serve(client_reader, client_writer, upstream, line):
    server_reader, server_writer = await asyncio.open_connection(*upstream)
    try:
        while True:
            head = await head_of(client_reader)
            await asyncio.sleep(DELAY_SECS)
            server_writer.write(head)
            async for piece in body_of(client_reader, head):
                server_writer.write(piece)
            answer = await head_of(server_reader)
            client_writer.write(answer)
            async for piece in body_of(server_reader, answer):
                await line.take(len(piece))
                client_writer.write(piece)
                await client_writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        client_writer.close()
        server_writer.close()


def proxy(upstream, port_told):
    async def run():
        line = Line()
        server = await asyncio.start_server(lambda r, w: serve(r, w, upstream, line), "127.0.0.1", 0)
        port_told.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def client(url):
    return boto3.client(
        "s3", endpoint_url=url, region_name=REGION, aws_access_key_id=KEY, aws_secret_access_key=SECRET,
        config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
    )  # fmt: skip


def upload(url, logs):
    s3 = client(url)
    s3.create_bucket(Bucket=BUCKET)
    keys, size = [], 0
    for path in sorted(path for path in logs.rglob("*.gz") if path.is_file()):
        key = str(path.relative_to(logs))
        s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
        keys.append(key)
        size += path.stat().st_size
    return keys, size


def download(url, keys):
    """Reads every object and drops it; the signatures are made beforehand. Answers the seconds."""
    s3 = client(url)
    links = queue.SimpleQueue()
    for key in keys:
        link = urlsplit(s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key}))
        links.put(f"{link.path}?{link.query}")
    place = urlsplit(url)

    def read():
        connection = http.client.HTTPConnection(place.hostname, place.port)
        while True:
            try:
                link = links.get_nowait()
            except queue.Empty:
                return
            connection.request("GET", link)
            answer = connection.getresponse()
            while answer.read(PIECE_BYTES):
                pass
            if answer.status != 200:
                sys.exit(f"download: {answer.status}")

    begun = time.monotonic()
    threads = [threading.Thread(target=read) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - begun


def ingest(keytrail, url, objects):
    """Ingests everything into a new store. Answers the seconds and the summary."""
    with tempfile.TemporaryDirectory() as store:
        environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION}
        words = [keytrail, "ingest", f"s3://{BUCKET}", "--store", f"{store}/store", "--endpoint-url", url, "--json"]
        begun = time.monotonic()
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begun
    if done.returncode != 0:
        sys.exit(f"ingest: {done.stderr}{done.stdout}")
    summary = json.loads(done.stdout)
    if summary["objects_new"] != objects:
        sys.exit(f"ingest: {summary['objects_new']} of {objects} objects")
    return seconds, summary


def main():
    parser = argparse.ArgumentParser(description="Measures ingest from a bucket against a download.")
    parser.add_argument("--logs", type=Path, required=True, help="a tree of logs")
    parser.add_argument("--keytrail", required=True, help="the program")
    parser.add_argument("--times", type=int, default=3, help="runs of each")
    arguments = parser.parse_args()
    work = tempfile.mkdtemp()
    identities = {"identities": [{
        "name": "bench", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin", "Read", "List", "Write"],
    }]}  # fmt: skip
    script = Path(__file__).resolve().parent.parent / "tests/it/servers/serve.py"
    server = subprocess.Popen(
        [sys.executable, script, "seaweed", work, json.dumps(identities)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    line = None
    try:
        url = json.loads(server.stdout.readline())["url"]
        keys, size = upload(url, arguments.logs)
        port_told = multiprocessing.Queue()
        place = urlsplit(url)
        line = multiprocessing.Process(target=proxy, args=((place.hostname, place.port), port_told), daemon=True)
        line.start()
        slow = f"http://127.0.0.1:{port_told.get()}"
        print(f"{len(keys)} objects, {size / 1e6:.1f} MB of gzip, {os.cpu_count()} CPUs")
        downloads, ingests = [], []
        for _ in range(arguments.times):
            downloads.append(download(slow, keys))
            seconds, summary = ingest(arguments.keytrail, slow, len(keys))
            ingests.append(seconds)
            print(f"download {downloads[-1]:.2f} s   ingest {seconds:.2f} s   {summary['kms_records']} KMS events")
        print(f"ingest / download = {min(ingests) / min(downloads):.2f}")
    finally:
        # It holds the pipe that the server watches, too.
        if line:
            line.terminate()
            line.join()
        server.stdin.close()
        server.wait()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
