"""What pickles are allowed to, and what is said when a value cannot be stored or read."""

import dataclasses
import io
import json
import os
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import types
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest

import dagbuild
from dagbuild.artifacts import Artifacts
from dagbuild.codecs import Codec, Registry
from dagbuild.ground.digest import Digest
from dagbuild.ground.errors import BlobMissingError, CodecError
from dagbuild.model.record import Artifact, BlobRef
from dagbuild.testing.memory import MemoryStore


class Spy:
    """Runs code when it is unpickled."""

    ran = False

    def __reduce__(self) -> Any:
        return _run, ()


def _run() -> int:
    Spy.ran = True
    return 5


def test_nothing_is_unpickled_unless_trusted(artifacts: Any) -> None:
    """Whatever the mark says: of what nobody who is trusted has signed, no code runs; of one's own, it does."""
    for value in (Spy(), pd.Series([Spy()]), pd.DataFrame({"a": [1]}, index=pd.Index([Spy()])), [Spy()]):
        artifact = artifacts.save(value)
        Spy.ran = False

        for code in (True, False):
            with pytest.raises(CodecError, match="nobody who is trusted"):
                artifacts.load(dataclasses.replace(artifact, code=code, data_only=True))
        assert artifact.code
        assert not Spy.ran
        artifacts.load(artifact)
        assert Spy.ran


def test_describing_never_unpickles(artifacts: Any) -> None:
    """Not even the labels of columns."""
    frame = pd.DataFrame([[1, 2]], columns=[Spy(), "b"])
    artifact = artifacts.save(frame)
    Spy.ran = False

    description = artifacts.describe(artifact)

    assert not Spy.ran
    assert description["shape"] == [1, 2]


def own_zone() -> Any:
    """A zone of a file of its own, with a key that is no other zone's."""
    no_rules = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + bytes(6) + b"UTC\0"
    return ZoneInfo.from_file(io.BytesIO(no_rules), key="Mars/Olympus")


@pytest.mark.parametrize(
    ("make", "name", "instead"),
    [
        (lambda: (i for i in ""), "generator", "return a list"),
        (lambda: iter([1]), "list_iterator", "return a list"),
        (lambda: map(int, "12"), "map", "return a list"),
        (lambda: io.StringIO("a"), "StringIO", "getvalue()"),
        (lambda: memoryview(b"a"), "memoryview", "bytes(...)"),
        (lambda: types.MappingProxyType({}), "mappingproxy", "dict(...)"),
        (lambda: {}.keys(), "dict_keys", "return a list"),
        (lambda: open(os.devnull), "TextIOWrapper", "path of the file"),
        (threading.Lock, "_thread.lock", "leave it out"),
        (own_zone, "ZoneInfo", "plain data"),
        (socket.socket, "socket", "plain data"),
        (lambda: lambda: 1, "<lambda>", "top level of a module"),
        (lambda: type("Local", (), {"__qualname__": "f.<locals>.Local"})(), "Local", "top level of a module"),
        (lambda: os, "module", "import the module"),
    ],
)
def test_says_what_to_return_instead(artifacts: Any, make: Any, name: Any, instead: Any) -> None:
    """A value that cannot be stored is named, alone or inside another one, with a remedy."""
    value = make()
    try:
        for holder in (value, [value], {"a": (1, value)}):
            with pytest.raises(CodecError) as caught:
                artifacts.save(holder)
            assert name in str(caught.value)
            assert instead in str(caught.value)
            assert '@cache("never")' in str(caught.value)
    finally:
        if value is not os:
            getattr(value, "close", int)()


@pytest.mark.parametrize(
    "dtype", [pl.Array(pl.Int8, 0), pl.List(pl.Struct({"a": pl.Array(pl.Int8, (2, 0))}))]
)
def test_what_polars_does_not_read_back_is_refused(artifacts: Any, dtype: Any) -> None:
    """Its own pickle stores such columns and panics when it reads them."""
    for holder in (pl.Series("n", [], dtype), {"a": [pl.DataFrame(schema={"n": dtype})]}):
        with pytest.raises(CodecError, match=r"does not read back column 'n'"):
            artifacts.save(holder)


def test_coroutines_are_to_be_awaited(artifacts: Any) -> None:
    """A coroutine is refused with its own remedy."""

    async def node() -> None:
        pass

    value = node()
    with pytest.raises(CodecError, match="await it"):
        artifacts.save(value)
    value.close()


def test_too_deep_is_an_error_and_no_crash(artifacts: Any) -> None:
    """Lists in lists work as deep as pickle goes; beyond that the error says so."""
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    assert artifacts.load(artifacts.save(deep)) == deep
    for _ in range(100_000):
        deep = [deep]

    with pytest.raises(CodecError, match="nested too deeply"):
        artifacts.save(deep)


def test_sets_in_deep_objects_are_stored(artifacts: Any) -> None:
    """The slow pickler does not get as deep as the fast one, which then is enough."""
    deep = [{"a", "b"}, Spy]
    for _ in range(300):
        deep = [deep]

    assert artifacts.load(artifacts.save(deep)) == deep


def test_a_missing_library_is_an_error_for_the_reader(artifacts: Any) -> None:
    """A codec, class or distribution that is not here raises CodecError and tells versions."""
    artifact = artifacts.save(Spy)
    other = dataclasses.replace(artifact, libraries={"no-such-library": "1.2"})
    module = sys.modules.pop(__name__)
    sys.modules[__name__] = type(sys)("empty")
    try:
        with pytest.raises(CodecError, match=r"no-such-library 1.2 then, not installed now"):
            artifacts.load(other)
    finally:
        sys.modules[__name__] = module
    with pytest.raises(CodecError, match="no codec 'nothing'"):
        artifacts.load(dataclasses.replace(artifact, codec="nothing/1"))
    with pytest.raises(CodecError, match="written by codec 'pickle/3'"):
        artifacts.load(dataclasses.replace(artifact, codec="pickle/3"))


@pytest.mark.parametrize(
    "meta", [{}, None, {"buffers": [9]}, {"buffers": [1], "form": ["what"]}, {"buffers": [1, 5000]}]
)
def test_damaged_metadata_is_an_error_for_the_reader(artifacts: Any, meta: Any) -> None:
    """Whatever stands in a record, reading it raises CodecError at worst."""
    with pytest.raises(CodecError, match="cannot be read here"):
        artifacts.load(Artifact("plain/1", meta))


def test_a_missing_blob_is_told(artifacts: Any) -> None:
    """The store's own errors come through."""
    artifact = artifacts.save(np.arange(100_000))
    gone = tuple(BlobRef(Digest("xxh3-" + "0" * 32), blob.size) for blob in artifact.blobs)

    with pytest.raises(BlobMissingError):
        artifacts.load(dataclasses.replace(artifact, blobs=gone))


def test_libraries_are_those_that_read_it_back(artifacts: Any) -> None:
    """Distributions and versions, none for the standard library and the project's own code."""
    from sklearn.linear_model import LinearRegression

    assert artifacts.save({"a": 1}).libraries == {}
    assert set(artifacts.save(np.arange(3)).libraries) == {"numpy"}
    assert artifacts.save(pd.Series([1])).libraries == {"numpy": np.__version__, "pandas": pd.__version__}
    assert "scikit-learn" in artifacts.save(LinearRegression()).libraries
    assert artifacts.save(Spy).libraries == {}


class Celsius(float):
    """A type of a user's own."""


class CelsiusCodec(Codec):
    """Keeps degrees as text."""

    name = "celsius/1"

    def encode(self, value: Any, writer: Any) -> Any:
        return {"degrees": float(value), "raw": writer.add(np.float64(value).tobytes())}

    def decode(self, meta: Any, reader: Any) -> Celsius:
        return Celsius(np.frombuffer(reader.view(meta["raw"]))[0])


def test_codecs_of_the_user_go_first() -> None:
    """A registered codec takes its type, alone, in containers and in pickles, as data."""
    registry = Registry()
    registry.register(CelsiusCodec(), [Celsius])
    artifacts = Artifacts(MemoryStore(), registry)

    artifact = artifacts.save(Celsius(20))
    assert (artifact.codec, artifact.code) == ("celsius/1", True), "it does not say that it is safe"
    loaded = artifacts.load(artifacts.save({"a": [Celsius(1.5)], "type": Spy}))
    assert type(loaded["a"][0]) is Celsius
    assert loaded["a"][0] == 1.5


class Pair:
    def __init__(self, first: Any, second: Any) -> None:
        self.first, self.second = first, second


class PairCodec(Codec):
    name = "pair/1"

    def encode(self, value: Any, writer: Any) -> Any:
        return [writer.add_value(value.first), writer.add_value(value.second)]

    def decode(self, meta: Any, reader: Any) -> Pair:
        second = reader.value(meta[1])
        return Pair(reader.value(meta[0]), second)


def test_a_codec_reads_in_any_order() -> None:
    """What is twice in one part of a value is found by its name, not by how many lists were read before it."""
    registry = Registry()
    registry.register(PairCodec(), [Pair])
    artifacts = Artifacts(MemoryStore(), registry)
    ten, twenty = [10], [20]

    loaded = artifacts.load(artifacts.save([Pair([1], [ten, twenty, ten]), twenty]))

    assert (loaded[0].first, loaded[0].second, loaded[1]) == ([1], [[10], [20], [10]], [20])
    assert loaded[0].second[0] is loaded[0].second[2]


def test_a_codec_that_fails_is_named() -> None:
    """The error says which codec, on what, and where in it; it is no bug of dagbuild."""

    class Broken(CelsiusCodec):
        def encode(self, value: Any, writer: Any) -> None:
            raise KeyError("unit")

    registry = Registry()
    registry.register(Broken(), [Celsius])

    with pytest.raises(
        CodecError, match=r"codec 'celsius/1' .*Celsius' at \[0\]: KeyError: 'unit'"
    ) as caught:
        Artifacts(MemoryStore(), registry).save([Celsius(20)])
    assert f"{Path(__file__).name}:" in str(caught.value)
    assert "Declined" in str(caught.value)


def test_types_can_be_named_without_an_import() -> None:
    """A codec for "module.Class" takes such values; a format finds a codec by name."""
    registry = Registry()
    registry.register(CelsiusCodec(), [f"{__name__}.Celsius"])
    artifacts = Artifacts(MemoryStore(), registry)

    assert artifacts.save(Celsius(20)).codec == "celsius/1"
    assert artifacts.save(3.5, "celsius").codec == "celsius/1"


def test_entry_points_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A distribution that is installed offers codecs under "dagbuild.codecs"; its library is imported by nobody else."""
    info = tmp_path / "warm-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: warm\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dagbuild.codecs]\nwarm = warm_codecs:install\n")
    (tmp_path / "warm_codecs.py").write_text(
        f"from {__name__} import Celsius, CelsiusCodec\n\n"
        f"def install(registry):\n    registry.register(CelsiusCodec(), ['{__name__}.Celsius'])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    artifacts = Artifacts(MemoryStore(), Registry())

    assert artifacts.save(Celsius(20)).codec == "celsius/1"
    assert Artifacts(MemoryStore(), Registry()).load(artifacts.save(Celsius(20))) == 20


def test_formats_are_exact_or_refused(artifacts: Any) -> None:
    """Parquet is used where it changes nothing, and refused where it would."""
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    artifact = artifacts.save(frame, "parquet")

    assert artifact.codec == "parquet/1"
    pd.testing.assert_frame_equal(artifacts.load(artifact), frame)
    assert [column["name"] for column in artifacts.describe(artifact)["columns"]] == ["a", "b"]
    with pytest.raises(CodecError, match=r"'parquet' cannot hold.*exactly"):
        artifacts.save(frame.set_index(pd.date_range("2020", periods=2)), "parquet")
    with pytest.raises(CodecError, match="did you mean 'parquet'"):
        artifacts.save(frame, "parket")
    with pytest.raises(CodecError, match=r"'files' cannot hold.*pathlib"):
        artifacts.save("report.html", "files")
    assert artifacts.save([1], "pickle").code


def in_process(code: Any, seed: Any = "0") -> Any:
    """Run code in a new process and return what it printed, as JSON."""
    root = os.path.dirname(os.path.dirname(dagbuild.__file__))
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": root}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=root).stdout
    )


def test_digests_are_the_same_in_every_process() -> None:
    """Neither the hash seed nor the process shows in an artifact, whatever is in a set, and wherever it is."""
    code = """
        import datetime, json
        import numpy as np, pandas as pd
        from dagbuild.artifacts import Artifacts
        from dagbuild.testing.memory import MemoryStore
        from tests.unit.codecs.test_pickles import Celsius, Spy
        words = [f"word {i}" for i in range(50)]
        model = {"vocabulary": set(words), "class": Spy, "deep": [frozenset([frozenset(words), frozenset("ab")])]}
        values = [
            set(words), frozenset(words), {frozenset(words), frozenset("abc")}, {w * 100 for w in words},
            {1, "a", None, 2.5, (1, "b"), b"c"}, {"d": {datetime.date(2020, 1, 1), "a"}}, model,
            pd.Series([set(words)]), pd.DataFrame({"a": words}), {pd.Timestamp("2020"), "b"}, {Celsius(1), Spy, "a"},
        ]
        frame = pd.DataFrame({"a": [1]})
        frame.attrs = {"set": set(words)}
        artifacts = Artifacts(MemoryStore())
        print(json.dumps([artifacts.digest(value) for value in [*values, frame]]))
    """
    first, second, third = (in_process(code, seed) for seed in ("0", "1", "4711"))

    assert first == second == third
    assert len(set(first)) == len(first)


def test_heavy_libraries_stay_out() -> None:
    """Plain values, numpy arrays and even objects are stored and read without importing pandas or pyarrow."""
    loaded = in_process("""
        import json, sys
        from dagbuild.artifacts import Artifacts
        from dagbuild.testing.memory import MemoryStore
        heavy = lambda: sorted({"numpy", "pandas", "pyarrow", "polars"} & set(sys.modules))
        artifacts = Artifacts(MemoryStore())
        artifact = artifacts.save({"a": [1, {2}, ValueError]})
        artifacts.load(artifact), artifacts.describe(artifact)
        found = [heavy()]
        import numpy
        artifacts.load(artifacts.save(numpy.arange(3)))
        print(json.dumps([*found, heavy()]))
    """)

    assert loaded == [[], ["numpy"]]


class Prices(pd.DataFrame):
    """A frame with more to it than a frame."""

    _metadata = ["currency"]  # noqa: RUF012 - as pandas asks for it
    currency: Any

    @property
    def _constructor(self) -> Any:
        return Prices


def test_subclasses_of_frames_are_pickled_whole(artifacts: Any) -> None:
    """Only a subclass knows what it carries, so its own pickle is stored, alone and inside other values."""
    prices = Prices({"a": [1, 2]})
    prices.currency = "EUR"

    for value in (prices, {"prices": prices, "type": Spy}):
        artifact = artifacts.save(value)
        loaded = artifacts.load(artifact)
        loaded = loaded["prices"] if isinstance(value, dict) else loaded
        assert artifact.codec == "pickle/2"
        assert type(loaded) is Prices
        assert loaded.currency == "EUR"


def test_a_frame_in_its_own_attrs_is_stored(artifacts: Any) -> None:
    """A circle through a table goes to pickle, and ends."""
    frame = pd.DataFrame({"a": [1, 2]})
    frame.attrs["me"] = frame

    loaded = artifacts.load(artifacts.save(frame))

    # Choosing a column of such a frame ends in pandas' own recursion.
    assert loaded.attrs["me"].shape == (2, 1)
