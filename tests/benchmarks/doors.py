"""Two ways into a bucket: s3fs, as dagbuild goes through it, and obstore, a library in Rust, which is not required here.

    pip install obstore
    python -m tests.benchmarks.doors [MB of the large object]

A real S3 server on this machine, small objects also through a proxy that adds 20 ms to each round trip. Every line is
a process of its own: seconds and CPU of the client alone, with what it takes to import and to open.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dagbuild.store.remote import RemoteFolder, map_at_once
from tests.servers.s3 import run_s3
from tests.servers.weather import run_weather

SMALL = [f"small/{number}" for number in range(400)]
DATA = bytes(400)
RANGE = 16 << 20


def open_s3fs(where: Mapping[str, str], scratch: Path) -> dict[str, Callable[[], Any]]:
    """Return what is measured, by dagbuild's own door."""
    options = {
        "key": where["key"],
        "secret": where["secret"],
        "client_kwargs": {"endpoint_url": where["endpoint"]},
    }
    folder = RemoteFolder(f"s3://{where['bucket']}", options)
    large = scratch / "large"
    return {
        "open": lambda: folder.size("nothing"),
        "400 puts": lambda: map_at_once(lambda name: folder.write(name, DATA), SMALL),
        "400 gets": lambda: map_at_once(folder.read, SMALL),
        "large up": lambda: folder.write_file("large", large),
        "large down": lambda: folder.read_to("large", scratch / "came", large.stat().st_size),
    }


def open_obstore(where: Mapping[str, str], scratch: Path) -> dict[str, Callable[[], Any]]:
    """Return the same by obstore, in the same threads."""
    stores = importlib.import_module("obstore.store")
    store = stores.S3Store(
        where["bucket"],
        endpoint=where["endpoint"],
        access_key_id=where["key"],
        secret_access_key=where["secret"],
        region="us-east-1",
        client_options={"allow_http": True},
    )
    large = scratch / "large"

    def read(name: str) -> bytes:
        return bytes(store.get(name).bytes())

    def down() -> None:
        """Write what comes in one answer: the test server does not answer ranges in the way that obstore asks for."""
        with (scratch / "came").open("wb") as file:
            for block in store.get("large").stream(min_chunk_size=1 << 20):
                file.write(block)

    return {
        "open": lambda: store.list_with_delimiter("nothing"),
        "400 puts": lambda: map_at_once(lambda name: store.put(name, DATA, use_multipart=False), SMALL),
        "400 gets": lambda: map_at_once(read, SMALL),
        "large up": lambda: store.put("large", large, chunk_size=RANGE, max_concurrency=8),
        "large down": down,
    }


def measure(door: str, task: str, where: Mapping[str, str], scratch: Path) -> None:
    """Do one thing in this process, and print its seconds and its CPU."""
    before, started = os.times(), time.perf_counter()
    calls = {"s3fs": open_s3fs, "obstore": open_obstore}[door](where, scratch)
    calls["open"]()
    opened, at = os.times(), time.perf_counter()
    if task != "open":
        calls[task]()
        before, started = opened, at
    after, took = os.times(), time.perf_counter() - started
    cpu = after.user + after.system - before.user - before.system
    print(f"{took:7.2f} s  {cpu:6.2f} s CPU", flush=True)


def main(megabytes: int) -> None:
    """Measure everything by both, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        with (scratch / "large").open("wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(1 << 20))
        with run_s3(scratch / "s3") as server, run_weather(server.port) as weather:
            weather.set(delay=0.02)
            bucket = server.make_bucket().removeprefix("s3://")
            for task in ("open", "400 puts", "400 gets", "large up", "large down"):
                for port, far in ((server.port, "near"), (weather.port, "20 ms")):
                    if far != "near" and not task.startswith("400"):
                        continue
                    for door in ("s3fs", "obstore"):
                        where = {"bucket": bucket, "key": server.key, "secret": server.secret}
                        where["endpoint"] = f"http://127.0.0.1:{port}"
                        told = [door, task, str(scratch), *(f"{key}={value}" for key, value in where.items())]
                        done = subprocess.run(
                            [sys.executable, "-m", "tests.benchmarks.doors", *told],
                            capture_output=True, text=True, check=True,
                        )  # fmt: skip
                        print(f"{task:12} {far:6} {door:8} {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        given = dict(arg.partition("=")[::2] for arg in sys.argv[4:])
        measure(sys.argv[1], sys.argv[2], given, Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)
