"""What every store promises, as a suite.

Knows no store and no file: what a subclass's fixtures give is asked as any room of dagbuild asks it.
"""

from __future__ import annotations

import array
import secrets
import threading
from collections.abc import Callable

import pytest

from dagbuild.ground.digest import digest_bytes
from dagbuild.ground.errors import BlobMissingError
from dagbuild.model.record import BlobRef
from dagbuild.store.base import Store
from dagbuild.testing.records import make_key, make_record

Again = Callable[[], Store]
"""Opens the store of the test once more."""


class StoreContract:
    """What a store promises: blobs come back as they were put, records are found, threads may share it.

    A subclass has a fixture `store`, which gives an empty store, and a fixture `again`, which gives a function that
    opens the same store as another process would. The tests close none: that is for the fixtures.
    """

    def test_returns_what_was_put(self, store: Store) -> None:
        """A blob comes back as the very bytes that were put, under the digest of its bytes."""
        ref = store.put_blob([b"one ", memoryview(b"two"), bytearray(b" three")])

        assert ref == BlobRef(digest_bytes(b"one two three"), 13)
        assert bytes(store.get_blob(ref)) == b"one two three"

    @pytest.mark.parametrize("size", [0, 1, 511, 512, 70_000, 3_000_001])
    @pytest.mark.parametrize("kind", ["random", "repeating"])
    def test_returns_blobs_of_any_size(self, store: Store, size: int, kind: str) -> None:
        """Small and large, compressible or not."""
        data = secrets.token_bytes(size) if kind == "random" else (b"abcdefgh" * (size // 8 + 1))[:size]
        ref = store.put_blob([data])

        assert bytes(store.get_blob(ref)) == data

    def test_takes_buffers_that_are_not_bytes(self, store: Store) -> None:
        """Buffers with items of several bytes are taken as the bytes they are."""
        ref = store.put_blob([array.array("d", [1.0, 2.0])])

        assert ref.size == 16
        assert bytes(store.get_blob(ref)) == array.array("d", [1.0, 2.0]).tobytes()

    def test_gives_read_only_bytes(self, store: Store) -> None:
        """Nobody can change what is stored through what was read."""
        ref = store.put_blob([b"x" * 100_000])

        with pytest.raises(TypeError):
            store.get_blob(ref)[0] = 1

    def test_putting_twice_changes_nothing(self, store: Store) -> None:
        """The same bytes have the same name."""
        assert store.put_blob([b"same"]) == store.put_blob([b"sa", b"me"])

    def test_says_which_blobs_are_there(self, store: Store) -> None:
        """Those that are, with the right size."""
        ref = store.put_blob([b"here"])
        missing = BlobRef(digest_bytes(b"nowhere"), 7)

        assert store.has_blobs([ref, missing, BlobRef(ref.digest, 5)]) == {ref}

    def test_missing_blob_is_an_error(self, store: Store) -> None:
        """What was never put cannot be read."""
        with pytest.raises(BlobMissingError):
            store.get_blob(BlobRef(digest_bytes(b"nowhere"), 7))

    def test_opens_the_file_of_a_blob_if_it_has_files(self, store: Store) -> None:
        """It holds just the blob's bytes; what was never put has none."""
        ref = store.put_blob([b"one ", b"two" * 50_000])
        missing = BlobRef(digest_bytes(b"nowhere"), 7)
        try:
            file = store.open_blob(ref)
        except OSError:
            with pytest.raises(OSError):
                store.open_blob(missing)
            return
        with open(file, "rb") as opened:  # noqa: PTH123 - no path
            assert opened.read() == bytes(store.get_blob(ref))
        with pytest.raises(BlobMissingError):
            store.open_blob(missing)

    def test_finds_records_under_both_keys(self, store: Store) -> None:
        """At once, in the same store."""
        record = make_record(1)
        store.put_records([record, make_record(2)])

        assert store.find_records([record.deep]) == {record.deep: [record]}
        assert store.find_records([record.content, make_key("other")]) == {record.content: [record]}

    def test_finds_records_opened_again(self, store: Store, again: Again) -> None:
        """All that was put, by another process after a flush."""
        ref = store.put_blob([b"value"])
        records = [make_record(number, ref) for number in range(50)]
        store.put_records(records[:20])
        store.put_records(records[20:])
        store.flush()
        other = again()

        assert other.find_records([r.deep for r in records]) == {r.deep: [r] for r in records}
        assert other.find_records([r.content for r in records]) == {r.content: [r] for r in records}
        assert bytes(other.get_blob(ref)) == b"value"

    def test_keeps_several_records_of_a_key_oldest_first(self, store: Store, again: Again) -> None:
        """One key may have given several values."""
        records = [make_record(n, deep=make_key("d"), content=make_key("c")) for n in range(3)]
        store.put_records([records[1]])
        store.put_records([records[2], records[0]])
        store.flush()

        assert store.find_records([make_key("d")])[make_key("d")] == records
        assert again().find_records([make_key("c")])[make_key("c")] == records

    def test_same_deep_and_content_key_is_one_record(self, store: Store, again: Again) -> None:
        """A node without upstreams has one key."""
        record = make_record(1, content=make_key("deep 1"))
        store.put_records([record])
        store.flush()

        assert store.find_records([record.deep])[record.deep] == [record]
        assert again().find_records([record.deep])[record.deep] == [record]

    def test_finds_latest_by_node(self, store: Store, again: Again) -> None:
        """The newest by the clock, whatever the order of putting."""
        records = [make_record(n, node="daily") for n in range(3)]
        store.put_records([records[2], records[0], records[1]])
        store.flush()

        assert again().find_latest(["daily", "other"]) == {"daily": [records[2]]}
        assert again().find_latest(["daily"], 2) == {"daily": [records[2], records[1]]}

    def test_iterates_oldest_first(self, store: Store) -> None:
        """Over all records."""
        records = [make_record(number) for number in range(10)]
        store.put_records(records[5:])
        store.put_records(records[:5])
        store.flush()

        assert list(store.iter_records()) == records

    def test_iterates_newest_first(self, store: Store) -> None:
        """Over all records, or over those of some nodes."""
        records = [make_record(number, node=f"näme {number % 2}") for number in range(10)]
        store.put_records(records[5:])
        store.put_records(records[:5])
        store.flush()

        assert list(store.iter_newest()) == records[::-1]
        assert list(store.iter_newest(["näme 1", "other"])) == records[::-2]
        assert list(store.iter_newest(["other"])) == []

    def test_keeps_every_field(self, store: Store, again: Again) -> None:
        """Unicode, odd names and large numbers come back."""
        record = make_record(1, node="naïve ☃", log="line\nline\x00 \ud800", memory=2**60, started=0.1 + 0.2)
        store.put_records([record])
        store.flush()

        assert again().find_records([record.deep])[record.deep] == [record]

    def test_lease_without_others_does_not_wait(self, store: Store) -> None:
        """And can be taken again afterwards."""
        for _ in range(2):
            with store.lease(make_key("k")) as waited:
                assert waited is False

    def test_many_threads(self, store: Store) -> None:
        """Blobs and records put by threads side by side are all there."""
        errors: list[BaseException] = []

        def work(start: int) -> None:
            try:
                for number in range(start, start + 10):
                    ref = store.put_blob([str(number % 7).encode() * 1000])
                    record = make_record(number, ref)
                    store.put_records([record])
                    assert store.find_records([record.deep])[record.deep] == [record]
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        store.flush()

        assert not errors
        assert sum(1 for _ in store.iter_records()) == 40

    def test_close_is_safe_twice(self, store: Store, again: Again) -> None:
        """And does not lose what was put."""
        record = make_record(1)
        store.put_records([record])
        store.close()
        store.close()

        assert again().find_records([record.deep]) == {record.deep: [record]}
