"""Bad weather costs a build no more than its budget: values are right, the exit status is 0, and what was not sent is said."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.ground.signing import SigningKey
from dagbuild.model.record import Record
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.trust import Trust
from dagbuild.testing.records import make_record
from tests.servers.s3 import S3Server
from tests.servers.weather import Weather, run_weather
from tests.support import write_files

ADA = Trust(key=SigningKey.make("ada"))

WAIT = 1.0
"""Seconds that the end of a build waits here."""

SLACK = 6.0
"""And what a busy machine may add to them; without a budget, the worst of these take minutes."""

Open = Callable[..., LayeredStore]

FAIR: dict[str, dict[str, Any]] = {
    "fair": {},
    "far away": {"delay": 0.05},
    "now and then an error": {"errors": 0.1},
}
FOUL: dict[str, dict[str, Any]] = {
    "cut": {"cut": 30_000},
    "reset": {"reset": 30_000},
    "stalled": {"stall": 30_000},
    "silent": {"stall_answers": True},
    "narrow": {"bandwidth": 20_000},
    "errors": {"errors": 1.0},
}


@pytest.fixture
def weather(s3_server: S3Server) -> Iterator[Weather]:
    with run_weather(s3_server.port) as weather:
        yield weather


@pytest.fixture
def machine(tmp_path: Path, s3_server: S3Server, weather: Weather, notices: list[str]) -> Iterator[Open]:
    """Open a layered store as a machine with a cache folder of its own would, behind the proxy."""
    url = s3_server.make_bucket()
    options = {**s3_server.options, "client_kwargs": {"endpoint_url": f"http://127.0.0.1:{weather.port}"}}
    options.pop("config_kwargs")
    stores = []

    def open_it(name: str, **more: Any) -> LayeredStore:
        remote = RemoteStore(
            RemoteFolder(url, options, **more), trust=ADA, mirror=tmp_path / name / "mirror", refresh=0
        )
        local = LocalStore(tmp_path / name / "cache", on_notice=notices.append, trust=ADA)
        stores.append(LayeredStore(local, remote, on_notice=notices.append, wait_seconds=WAIT))
        return stores[-1]

    yield open_it
    weather.set()
    for store in stores:
        store.close()


@pytest.fixture
def notices() -> list[str]:
    return []


def put_values(store: LayeredStore, count: int = 8) -> list[Record]:
    records = []
    for number in range(count):
        ref = store.put_blob([secrets.token_bytes(100_000)])
        records.append(make_record(number, ref))
        store.put_records(records[-1:])
    return records


@pytest.mark.parametrize("name", [*FAIR, *FOUL])
def test_end_of_a_build_waits_no_longer_than_it_may(
    machine: Open, weather: Weather, notices: list[str], name: str
) -> None:
    """Whatever the weather, all is here; in fair weather there, too."""
    store = machine("a")
    weather.set(**FAIR.get(name, {}), **FOUL.get(name, {}))
    records = put_values(store)
    started = time.monotonic()
    store.flush()
    store.close()
    lost = time.monotonic() - started

    assert store.local.find_records([r.deep for r in records]) == {r.deep: [r] for r in records}
    assert lost < WAIT + SLACK
    if name in FOUL:
        assert "not published; 'dagbuild push' sends them later" in notices[-1]
    weather.set()
    assert machine("a").push()[0] <= len(records)
    assert len(machine("b").find_records([r.deep for r in records])) == len(records)


@pytest.mark.parametrize("name", [*FAIR, "cut", "silent", "errors"])
def test_what_is_there_is_had_or_missed(machine: Open, weather: Weather, name: str) -> None:
    """A look-up gives the right records or none, and what hangs is given up."""
    writer = machine("a")
    records = put_values(writer)
    writer.share()
    reader = machine("b", patience=2)
    weather.set(**FAIR.get(name, {}), **FOUL.get(name, {}))

    found = reader.find_records([r.deep for r in records])
    if found:
        reader.expect_blobs([ref for r in records for ref in r.artifact.blobs])
    blobs = [
        ref for r in records for ref in r.artifact.blobs if found and reader.has_blobs([ref], local=True)
    ]

    assert found in ({}, {r.deep: [r] for r in records})
    assert all(reader.get_blob(ref) == writer.local.get_blob(ref) for ref in blobs)
    if name in FAIR:
        assert len(blobs) == len(records)


NODES = """
    import pandas as pd
    import time

    def table() -> pd.DataFrame:
        return pd.DataFrame({f"c{n}": [hash((n, i)) % 2**40 for i in range(20000)] for n in range(8)})

    def rows(table: pd.DataFrame) -> int:
        time.sleep(0.5)
        return len(table)
"""


@pytest.mark.parametrize("name", ["fair", "stalled", "silent"])
def test_command_ends_well(
    tmp_path: Path, s3_server: S3Server, weather: Weather, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Status 0, the value, one word of what is not published; and the store's own connections are nobody's else."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret)
    endpoint = f'client_kwargs = {{ endpoint_url = "http://127.0.0.1:{weather.port}" }}'
    remote = f'[remote]\nurl = "{s3_server.make_bucket()}/team"\n[remote.options]\n{endpoint}\n'
    write_files(tmp_path, {"nodes.py": NODES, "dagbuild.toml": f'modules = ["nodes"]\n{remote}'})
    weather.set(**FAIR.get(name, {}), **FOUL.get(name, {}))

    done = subprocess.run(
        [sys.executable, "-m", "dagbuild", "build", "rows"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert "20000" in done.stdout.replace(",", "").replace("\u202f", "")
    assert "connects to" not in done.stdout + done.stderr
    assert ("remote:" in done.stderr) == (name in FOUL)
