"""Runs one server for the tests and ends it when they end.

Enters: the kind of server, a directory for what it keeps, and who may use it. Leaves: one line of JSON with its URL once it answers. It
runs until standard input is closed, which happens however the test process ends.
"""

import ctypes
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

READY_WITHIN_SECS = 60
STARTS_MAX = 5
# SeaweedFS also binds each port + 10000.
SECOND_PORT = 10000


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count):
    """Ports below the range that the system gives to clients."""
    ports = []
    while len(ports) < count:
        port = random.randrange(12000, 22000)
        if port not in ports and is_free(port) and is_free(port + SECOND_PORT):
            ports.append(port)
    return ports


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def is_ready(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def started(directory):
    """SeaweedFS with its S3 port, or None if it ended by itself (a port was taken meanwhile)."""
    s3, master, volume, filer = free_ports(4)
    weed = os.path.join(os.path.dirname(sys.executable), "weed")
    data = os.path.join(directory, str(s3))
    os.makedirs(data)
    with open(os.path.join(directory, f"{s3}.log"), "wb") as log:
        child = subprocess.Popen(
            [
                weed, "mini", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-webdav=false",
                "-admin.ui=false", f"-s3.port={s3}", "-s3.port.iceberg=0", "-s3.port.lance=0",
                f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}",
                f"-s3.config={os.path.join(directory, 's3.json')}",
                # Each bucket takes some volumes, which are empty files; by default their number follows the free disk.
                "-volume.max=10000", "-master.telemetry=false",
            ],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory,
            preexec_fn=die_with_parent,
        )  # fmt: skip
    until = time.monotonic() + READY_WITHIN_SECS
    while time.monotonic() < until and child.poll() is None:
        if is_ready(f"http://127.0.0.1:{s3}/status"):
            return child, s3
        time.sleep(0.05)
    child.kill()
    child.wait()
    return None


def seaweed(directory):
    for _start in range(STARTS_MAX):
        server = started(directory)
        if server:
            return server[0].kill, server[1]
    sys.exit(f"SeaweedFS did not start; its logs are in {directory}")


def moto(_directory):
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    until = time.monotonic() + READY_WITHIN_SECS
    while not is_ready(f"http://127.0.0.1:{port}/moto-api/"):
        if time.monotonic() > until:
            sys.exit("moto did not start")
        time.sleep(0.05)
    return server.stop, port


def main():
    kind, parent, identities = sys.argv[1:]
    directory = tempfile.mkdtemp(prefix=f"{kind}-", dir=parent)
    with open(os.path.join(directory, "s3.json"), "w") as config:
        config.write(identities)
    # Ended from outside, the server ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    stop, port = {"seaweed": seaweed, "moto": moto}[kind](directory)
    try:
        print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
        sys.stdin.read()
    finally:
        stop()
        shutil.rmtree(directory, ignore_errors=True)
        os._exit(0)


main()
