"""Making room in a store that a team shares: what somebody may need stays, whoever publishes beside, whoever is killed."""

from __future__ import annotations

import dataclasses
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dagbuild.ground.digest import Both, digest_bytes
from dagbuild.ground.signing import SigningKey
from dagbuild.model.record import ACCEPTED, Artifact, BlobRef, Record
from dagbuild.store import publisher, remote_blobs
from dagbuild.store.compression import compress
from dagbuild.store.layered import LayeredStore
from dagbuild.store.lines import encode_data, encode_line
from dagbuild.store.local import LocalStore
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_errors import RemoteDeniedError
from dagbuild.store.remote_gc import collect_remote
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.remote_verify import verify_remote
from dagbuild.store.trust import Trust
from dagbuild.store.uses import DAY
from dagbuild.testing.records import make_record
from tests.servers.s3 import S3Server
from tests.servers.weather import run_weather

ADA = Trust(key=SigningKey.make("ada"))
BEN = Trust(key=SigningKey.make("ben"))
LONG_AGO = time.time() - 90 * DAY
EVERYTHING = -3600.0
"""As a grace period: what was written just now is old enough."""

Open = Callable[..., RemoteStore]


def make_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "shared")


@pytest.fixture
def remote(shared: Path) -> RemoteFolder:
    return RemoteFolder(f"file://{shared}")


@pytest.fixture
def machine() -> Iterator[Open]:
    stores = []

    def open_it(remote: RemoteFolder, trust: Trust = ADA) -> RemoteStore:
        stores.append(RemoteStore(remote, trust=trust, refresh=0))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


def publish(store: RemoteStore, number: int, *, data: bytes = b"", **fields: Any) -> Record:
    """Publish a value that was made long ago, as a part of its own."""
    ref = store.put_blob([data or secrets.token_bytes(1000)])
    record = make_record(number, ref, **{"node": "daily", "started": LONG_AGO + number, **fields})
    store.put_records([record])
    store.flush()
    return record


def age(folder: Path, days: float = 2) -> None:
    """Let whatever lies below a folder be so old."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - days * DAY,) * 2)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def blobs(shared: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in shared.glob("blobs/*/*")}


def has(remote: RemoteFolder, record: Record, trust: Trust = ADA) -> bool:
    """Tell whether another machine finds a record, and all of its blobs."""
    store = RemoteStore(remote, trust=trust, refresh=0)
    try:
        found = store.find_records([record.deep]).get(record.deep, [])
        return bool(found) and all(store.get_blob(ref) for ref in found[0].artifact.all_blobs)
    finally:
        store.close()


class TestWhatGoes:
    def test_records_first_and_blobs_a_day_later(
        self, machine: Open, shared: Path, remote: RemoteFolder
    ) -> None:
        """A look before changes nothing, and says the same numbers."""
        store = machine(remote)
        first, second = publish(store, 1), publish(store, 2)
        age(shared)
        before = files(shared)

        looked = collect_remote(remote, ADA, age=30 * DAY, dry_run=True)

        assert files(shared) == before
        assert (looked.records, looked.kept_records, looked.removed.count, looked.waiting.count) == (
            1,
            1,
            0,
            1,
        )
        done = collect_remote(remote, ADA, age=30 * DAY)
        assert dataclasses.replace(done, dry_run=True) == looked
        assert not has(remote, first)
        assert has(remote, second)
        assert collect_remote(remote, ADA, age=30 * DAY).waiting.count == 1
        assert len(blobs(shared)) == 2
        age(shared)
        last = collect_remote(remote, ADA, age=30 * DAY)
        assert (last.records, last.removed.count, last.kept.count) == (0, 1, 1)
        assert blobs(shared) == {second.artifact.blobs[0].digest}
        assert not list(shared.glob("dropped/*"))
        assert has(remote, second)

    def test_without_an_age_no_record_goes(self, machine: Open, shared: Path, remote: RemoteFolder) -> None:
        """Only what nobody has named for a day, and what killed machines have left."""
        record = publish(machine(remote), 1)
        orphan = machine(remote).put_blob([b"nobody's"])
        torn = shared / "blobs" / "ab" / f"xxh3-ab{'0' * 30}.raw.0123abcd.part"
        torn.parent.mkdir(exist_ok=True)
        torn.write_bytes(b"half")
        young = collect_remote(remote, ADA)
        age(shared)

        old = collect_remote(remote, ADA)

        assert (young.removed.count, young.young.count) == (0, 2)
        assert (old.records, old.removed.count) == (0, 2)
        assert orphan.digest not in blobs(shared)
        assert not torn.exists()
        assert has(remote, record)

    @pytest.mark.parametrize(
        "root",
        ["young", "pinned", "accepted", "other node", "other signer", "stranger", "newer", "no record"],
    )
    def test_roots_stay(self, machine: Open, shared: Path, remote: RemoteFolder, root: str) -> None:
        """With all that they name, however old they are."""
        fields: dict[str, Any] = {}
        trust, writer = ADA, ADA
        if root == "young":
            fields["started"] = time.time() - DAY
        elif root == "other node":
            fields["node"] = "weekly"
        elif root == "other signer":
            writer = BEN
            assert ADA.key and BEN.own
            trust = Trust({BEN.own: "ben"}, key=ADA.key)
        elif root == "stranger":
            writer = BEN
        store = machine(remote, writer)
        record = publish(store, 1, **fields)
        if root == "accepted":
            said = dataclasses.replace(record, artifact=Artifact(ACCEPTED, {}, record.artifact.blobs, False))
            store.put_records([said])
            store.flush()
        if root in {"newer", "no record"}:
            (part,) = shared.glob("records/*")
            data = store._seal(record).to_json()
            data["format" if root == "newer" else "started"] = 2 if root == "newer" else -1
            part.write_bytes(compress(encode_data(data)))
        publish(machine(remote), 2, started=time.time())
        age(shared)
        pins = {record.artifact.digest} if root == "pinned" else set[str]()

        for _ in range(2):
            report = collect_remote(remote, trust, age=30 * DAY, pins=pins)
            age(shared)

        assert record.artifact.blobs[0].digest in blobs(shared)
        assert report.kept.count == 2
        if root not in {"accepted", "newer", "no record"}:
            assert has(remote, record, writer)

    def test_a_part_that_cannot_be_read_keeps_all_blobs(
        self, machine: Open, shared: Path, remote: RemoteFolder
    ) -> None:
        """Nobody knows what its records need; those of others still go."""
        first = publish(machine(remote), 1)
        publish(machine(remote), 2)
        machine(remote).put_blob([b"nobody's"])
        torn = shared / "records" / "20260101T000000-abc-0001.jsonl.zst"
        torn.write_bytes(compress(encode_line(first))[:-3])
        there = torn.read_bytes()
        for _ in range(2):
            age(shared)
            report = collect_remote(remote, ADA, age=30 * DAY)

        assert list(report.unread) == [torn.name]
        assert (report.removed.count, len(blobs(shared)), torn.read_bytes()) == (0, 3, there)
        assert not has(remote, first)

    def test_a_forged_newest_record_pushes_nobody_out(
        self, machine: Open, shared: Path, remote: RemoteFolder
    ) -> None:
        """What bears a signer's name and not their signature is no record of theirs."""
        record = publish(machine(remote), 1)
        sealed = machine(remote)._seal(record)
        forged = dataclasses.replace(sealed, started=time.time(), log="forged")
        (shared / "records" / "20260101T000000-abc-0001.jsonl.zst").write_bytes(compress(encode_line(forged)))

        report = collect_remote(remote, ADA, age=30 * DAY)

        assert (report.records, report.others) == (0, 1)
        assert has(remote, record)

    def test_packs_stay_as_long_as_one_blob_in_them(
        self, machine: Open, shared: Path, remote: RemoteFolder
    ) -> None:
        """And go when none is needed, like blobs."""
        kept, gone = (Both.of(name).strong.removeprefix("sha256-") for name in (b"kept", b"gone"))
        for pack in (kept, gone):
            path = shared / "packs" / pack[:2] / pack
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * 100)
        data = b"in a pack"
        ref = BlobRef(digest_bytes(data), len(data), Both.of(data).strong, f"{kept}+10+{len(data)}.raw")
        store = machine(remote)
        store.put_records([make_record(1, ref)])
        store.flush()
        age(shared)

        report = collect_remote(remote, ADA)

        assert (report.kept.count, report.removed.count) == (1, 1)
        assert {path.name for path in shared.glob("packs/*/*")} == {kept}
        assert verify_remote(remote, ADA).clean


class TestStrangers:
    @pytest.mark.parametrize(
        "place",
        ["../../precious+0+1.raw", "+1+2.raw", f"{'a' * 64}+{'9' * 4000}+1.raw", "\n", f"{'A' * 64}+0+1.raw"],
    )
    def test_places_of_records_lead_nowhere(
        self, machine: Open, shared: Path, remote: RemoteFolder, place: str
    ) -> None:
        """A signed record may say what it likes: it is no name of an object, and the record is none."""
        precious = shared / "precious"
        precious.write_bytes(b"x")
        record = publish(machine(remote), 1)
        sealed = machine(remote)._seal(record)
        artifact = sealed.artifact.with_blobs(lambda ref: dataclasses.replace(ref, place=place))
        signed = ADA.sign(dataclasses.replace(sealed, artifact=artifact, started=LONG_AGO))
        (shared / "records" / "20260101T000000-abc-0001.jsonl.zst").write_bytes(compress(encode_line(signed)))
        for _ in range(2):
            age(shared)
            report = collect_remote(remote, ADA, age=30 * DAY)

        assert report.unread == {}
        assert precious.exists()
        assert has(remote, record)
        (told,) = verify_remote(remote, ADA, read=True).lines
        assert "not a record: the 'blobs' of its artifact is none" in told

    def test_what_is_called_otherwise_is_left_alone(self, shared: Path, remote: RemoteFolder) -> None:
        """A shared folder may hold what is none of our business."""
        digest = f"xxh3-ab{'0' * 30}"
        names = [
            "readme.txt", "blobs/readme", "blobs/zz/x", f"blobs/cd/{digest}.raw", f"blobs/ab/{digest}.raw.old",
            f"blobs/ab/{digest}.raw/inner", "packs/ab/short", "main/blobs/ab/x", f"main/blobs/ab/{digest}.raw",
        ]  # fmt: skip
        for name in names:
            path = shared / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
        age(shared)

        report = collect_remote(remote, ADA)

        assert report.removed.count == 0
        assert set(files(shared)) == set(names)


class TestKills:
    def test_killed_anywhere_no_record_lacks_a_blob(
        self, machine: Open, shared: Path, remote: RemoteFolder
    ) -> None:
        """And the next run brings to an end what the killed one began."""
        store = machine(remote)
        for number in (1, 2, 3):
            ref = store.put_blob([secrets.token_bytes(1000)])
            store.put_records([make_record(number, ref, node="daily", started=LONG_AGO)])
            publish(store, number + 6)  # in the same part
        last = make_record(9)
        age(shared)
        steps = 0
        for days in (0, 2):
            age(shared, days or 2)
            while killed_after(steps, remote):
                report = verify_remote(remote, ADA, read=True)
                assert report.clean, report
                assert has(remote, last)
                steps += 1
            steps = 0

        assert len(blobs(shared)) == 1
        assert has(remote, last)
        assert [path.name for path in shared.glob("dropped/*")] == []


def killed_after(steps: int, remote: RemoteFolder) -> bool:
    """Collect in a process that is killed before it changes something for the so-many-and-first time; tell if it was."""
    child = os.fork()
    if not child:
        left = [steps]

        def dying(method: Callable[..., Any]) -> Callable[..., Any]:
            def call(*words: Any) -> Any:
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return method(*words)

            return call

        RemoteFolder.write = dying(RemoteFolder.write)  # type: ignore[method-assign]
        RemoteFolder.remove = dying(RemoteFolder.remove)  # type: ignore[method-assign]
        try:
            collect_remote(remote, ADA, age=30 * DAY)
        finally:
            os._exit(0)
    return bool(os.waitpid(child, 0)[1])


PUBLISHER = """
import random, secrets, sys, time
from pathlib import Path
from dagbuild.ground.signing import SigningKey
from dagbuild.store import publisher, remote_blobs
from dagbuild.store.layered import LayeredStore
from dagbuild.store.local import LocalStore
from dagbuild.store.remote import RemoteFolder
from dagbuild.store.remote_store import RemoteStore
from dagbuild.store.trust import Trust
from dagbuild.testing.records import make_record

url, key, grace, stop, name = sys.argv[1], sys.argv[2], float(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5])
remote_blobs.SURE_FOR = grace / 4
store = RemoteStore(RemoteFolder(url), trust=Trust(key=SigningKey.parse(key)), refresh=0)
known, number = [], name * 10**6
while not stop.exists():
    number += 1
    data, began = secrets.token_bytes(700), 0.0
    if known and random.random() < 0.7:
        data, began = random.choice(known[-3:]), time.monotonic()
        if not [record for record in store.iter_records() if record.log == data.hex()]:
            continue  # it has gone: others make others
        time.sleep(random.random() * grace / 5)
    ref = store.put_blob([data])
    store.put_records([make_record(number, ref, node="busy", log=data.hex(), started=1e9 + number)])
    store.flush()
    known.append(data)
    if began:
        print(time.monotonic() - began)
"""


class Played(NamedTuple):
    """How many objects gc took, how many were lacking to records, and for how long publishers relied on records."""

    removed: int
    lacking: int
    relied: list[float]


def play_beside_publishers(remote: RemoteFolder, stop: Path, grace: float, *, careful: bool) -> Played:
    """Collect while processes publish, until gc has taken much; without care, until a record is broken."""
    key = SigningKey.make("ada")
    words = [sys.executable, "-c", PUBLISHER, remote.url, key.spell(), str(grace), str(stop)]
    publishers = [
        subprocess.Popen([*words, str(number)], stdout=subprocess.PIPE, text=True) for number in (1, 2)
    ]
    removed = lacking = 0
    ends = time.monotonic() + 30 * grace
    while time.monotonic() < ends and not (removed > 20 if careful else lacking):
        report = collect_remote(remote, Trust(key=key), age=-DAY, grace=grace if careful else EVERYTHING)
        removed += report.removed.count
        lacking += len(verify_remote(remote, Trust(key=key)).missing)
    stop.touch()
    relied = [float(took) for publisher in publishers for took in publisher.communicate()[0].split()]
    return Played(removed, lacking, relied)


class TestBesidePublishers:
    @pytest.mark.parametrize("careful", [True, False])
    def test_nothing_that_is_relied_upon_goes(
        self, shared: Path, remote: RemoteFolder, tmp_path: Path, careful: bool
    ) -> None:
        """Processes publish records of blobs that they do not send, since records name them, which gc removes meanwhile.

        Time runs quicker: the grace period is a second, or longer where the machine is so busy that publishers cannot
        keep to theirs. Without one, records would be broken, so that this can fail.
        """
        for grace in (1.0, 3.0, 9.0):
            played = play_beside_publishers(remote, tmp_path / f"stop{grace}", grace, careful=careful)
            if not careful or max(played.relied, default=0.0) <= 0.8 * grace:
                break
            remote = RemoteFolder(f"file://{make_folder(tmp_path / f'again{grace}')}")

        assert played.removed
        assert bool(played.lacking) != careful
        assert not careful or (played.relied and max(played.relied) <= 0.8 * grace)

    def test_what_was_named_long_ago_is_sent_again(
        self, machine: Open, shared: Path, remote: RemoteFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever publishes for days may know a blob by a record that has gone since."""
        store = machine(remote)
        record = publish(store, 1, data=b"again" * 100)
        publish(store, 2)
        (blob,) = (path for path in shared.glob("blobs/*/*") if record.artifact.blobs[0].digest in path.name)
        age(shared)
        collect_remote(remote, ADA, age=0)
        blob.unlink()
        store.put_blob([b"again" * 100])
        assert not blob.exists()

        monkeypatch.setattr(remote_blobs, "SURE_FOR", -1.0)
        store.put_blob([b"again" * 100])

        assert blob.exists()

    def test_a_record_that_comes_too_late_is_not_sent(
        self, remote: RemoteFolder, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its blobs may be about to go: 'dagbuild push' looks again."""
        monkeypatch.setattr(publisher, "LATEST", -1.0)
        notices: list[str] = []
        far = RemoteStore(remote, trust=ADA, refresh=0)
        store = LayeredStore(LocalStore(tmp_path / "cache", trust=ADA), far, on_notice=notices.append)
        store.put_records([make_record(1, store.put_blob([b"late"]))])
        store.close()

        assert "1 result is not published" in notices[0]
        assert not list(shared.glob("records/*"))

    @pytest.mark.parametrize("old", [True, False])
    def test_a_large_orphan_is_relied_upon_while_it_is_young(
        self, machine: Open, shared: Path, remote: RemoteFolder, old: bool
    ) -> None:
        """gc may be about to remove an old one that no record names."""
        data = secrets.token_bytes(remote_blobs.WORTH_ASKING)
        machine(remote).put_blob([data])
        (blob,) = shared.glob("blobs/*/*")
        age(shared, 1 if old else 0.01)
        before = blob.stat().st_mtime

        machine(remote).put_blob([data])

        assert (blob.stat().st_mtime > before) == old


class TestServer:
    def test_on_a_real_server(self, machine: Open, s3_server: S3Server) -> None:
        """A few requests for all that is there, and one for a thousand that go."""
        url = f"{s3_server.make_bucket()}/team"
        with run_weather(s3_server.port) as weather:
            endpoint = {"client_kwargs": {"endpoint_url": f"http://127.0.0.1:{weather.port}"}}
            remote = RemoteFolder(url, {**s3_server.options, **endpoint})
            store = machine(remote)
            last = [publish(store, number) for number in range(3)][-1]
            refs = [store.put_blob([secrets.token_bytes(10)]) for _ in range(100)]
            folders = len({ref.digest[5:7] for ref in refs}) + 3
            weather.requests()

            first = collect_remote(remote, ADA, age=30 * DAY, grace=3600.0)
            asked = weather.requests()
            second = collect_remote(remote, ADA, age=30 * DAY, grace=EVERYTHING)
            asked_again = weather.requests()

            assert (first.records, first.removed.count, first.waiting.count, first.young.count) == (
                2,
                0,
                2,
                100,
            )
            assert (second.records, second.removed.count, second.kept.count) == (0, 102, 1)
            assert len(asked) <= folders + 25
            assert len(asked_again) <= folders + 20
            assert has(remote, last)
            assert verify_remote(remote, ADA, read=True).objects == 1

    def test_whoever_may_not_remove_is_told_so(self, machine: Open, s3_server: S3Server) -> None:
        """Before anything is changed."""
        url = s3_server.make_bucket()
        publish(machine(RemoteFolder(url, s3_server.options)), 1)
        with run_weather(s3_server.port) as weather:
            weather.set(denied="DELETE")
            endpoint = {"client_kwargs": {"endpoint_url": f"http://127.0.0.1:{weather.port}"}}

            with pytest.raises(RemoteDeniedError, match="nothing may be removed"):
                collect_remote(RemoteFolder(url, {**s3_server.options, **endpoint}), ADA, age=0)


def test_report_counts_each_thing_once(machine: Open, shared: Path, remote: RemoteFolder) -> None:
    """Objects that are named by what stays and by what goes are kept."""
    store = machine(remote)
    publish(store, 1, data=b"the same" * 100)
    publish(store, 2, data=b"the same" * 100)
    age(shared)

    report = collect_remote(remote, ADA, age=30 * DAY)

    assert (report.records, report.kept.count, report.waiting.count) == (1, 1, 0)
    assert report.nodes == {"daily": 1}
