"""Environment variables: which look-ups count, and what is kept of their values."""

import collections
import concurrent.futures
import configparser
import copy
import functools
import gettext
import operator
import os
import string
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dagbuild.observe.places import ABSENT, PathNames
from dagbuild.observe.recheck import find_changed
from dagbuild.store.file_digests import FileDigests
from tests.unit.observe.support import digests, names, watch

_held = os.environ
_get = os.getenv
_NAMES = ["REGION"]
_TABLE = pa.table({"a": [1]})


_HELD = {"of": os.environ}


def _ask(given: Any) -> Any:
    return given["REG" + "ION"]


LOOKUPS: dict[str, Callable[[], Any]] = {
    "item": lambda: os.environ["REGION"],
    "get": lambda: os.environ.get("REGION"),
    "getenv": lambda: os.getenv("REGION", "none"),
    "in": lambda: "REGION" in os.environ,
    "setdefault": lambda: os.environ.setdefault("REGION", "UK"),
    "bytes": lambda: os.environb[b"REGION"],
    "getenvb": lambda: os.getenvb(b"REGION"),
    "alias": lambda: _held["REG" + "ION"],
    "alias, get": lambda: _held.get("REG" + "ION"),
    "alias in a container": lambda: _HELD["of"].get("REG" + "ION"),
    "alias of getenv": lambda: _get("REG" + "ION"),
    "argument": lambda: _ask(_held),
    "partial": lambda: functools.partial(_get, "REGION")(),
    "map": lambda: list(map(_get, _NAMES)),
    "map that is gone through": lambda: [each for each in map(_held.get, _NAMES)],  # noqa: C416
    "itemgetter": lambda: operator.itemgetter("REGION")(_held),
    "format_map": lambda: "{REGION}".format_map(_held),
    "percent": lambda: "%(REGION)s" % _held,  # noqa: UP031
    "expandvars": lambda: os.path.expandvars("$REGION/x"),
    "expandvars of bytes": lambda: os.path.expandvars(b"${REGION}"),
    "Template": lambda: string.Template("$REGION").substitute(_held),
    "ChainMap": lambda: collections.ChainMap({}, _held)["REGION"],
    "copy of the object": lambda: copy.copy(_held)["REGION"],
    "text": lambda: eval("_held['REGION']"),
    "text that is run": lambda: exec("_get('REGION')", {"_get": _get}),
    "thread": lambda: concurrent.futures.ThreadPoolExecutor(1).submit(_get, "REGION").result(),
}


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGION", "UK")
    monkeypatch.delenv("NOWHERE", raising=False)


def _holds(root: Path, seen: Any, environ: dict[str, str]) -> bool:
    return not list(
        find_changed(
            seen.observations, PathNames(root), environ, FileDigests(), lambda _: None, observing=True
        )
    )


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_variable_is_observed_by_name_and_without_its_value(tmp_path: Path, lookup: str) -> None:
    seen = watch(tmp_path, LOOKUPS[lookup])

    assert names(seen, "env") == ["REGION"]
    assert "UK" not in str(seen)
    assert _holds(tmp_path, seen, {"REGION": "UK"})
    assert not _holds(tmp_path, seen, {"REGION": "US"})
    assert not _holds(tmp_path, seen, {})


def test_equal_values_of_two_variables_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER", "UK")

    seen = digests(watch(tmp_path, lambda: (os.environ["REGION"], os.environ["OTHER"])))

    assert seen["REGION"] != seen["OTHER"]


def test_variable_that_is_not_set_is_observed_as_absent(tmp_path: Path) -> None:
    seen = watch(tmp_path, lambda: os.environ.get("NOWHERE"))

    assert digests(seen) == {"NOWHERE": ABSENT}
    assert not _holds(tmp_path, seen, {"NOWHERE": ""})


OF_ITS_OWN: dict[str, Callable[[], Any]] = {
    "standard library": lambda: os.path.expanduser("~"),
    "os": lambda: os.get_exec_path(),
    "a name kept in a global": lambda: gettext.find("nothing"),
    "in C": lambda: pa.table({"a": [1]}).to_pandas(),
    "in C, at hand": lambda: _TABLE.to_pandas(),
    "in C, below": lambda: pa.Table.to_pandas(_TABLE),
    "while it is imported": lambda: (sys.modules.pop("this", None), __import__("antigravity_of_ours")),
}


@pytest.mark.parametrize("how", OF_ITS_OWN)
def test_variables_that_a_library_reads_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Its own words: what it is set up by is as little a part of the node as the rest of it."""
    monkeypatch.setenv("NLSPATH", "")
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "antigravity_of_ours.py").write_text("import os\nX = os.environ.get('some_' + 'thing')\n")
    monkeypatch.syspath_prepend(str(site))

    seen = watch(tmp_path, OF_ITS_OWN[how])

    sys.modules.pop("antigravity_of_ours", None)
    assert names(seen, "env") == []


def test_variable_that_the_node_sets_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def call() -> None:
        os.environ["NOWHERE"] = "1"
        os.environ["NOWHERE"]

    monkeypatch.setenv("NOWHERE", "0")  # put back afterwards

    assert watch(tmp_path, call).observations == ()


ALL: dict[str, Callable[[], Any]] = {
    "dict": lambda: dict(os.environ),
    "copy": lambda: os.environ.copy(),
    "stars": lambda: {**os.environ, "X": "1"},
    "or": lambda: os.environ | {"X": "1"},
    "or, from the left": lambda: {"X": "1"} | os.environ,
    "items": lambda: [(k, v) for k, v in os.environ.items()],
    "values": lambda: sorted(os.environ.values()),
    "looked up on the way": lambda: {k: os.environ[k] for k in os.environ},
    "bytes": lambda: dict(os.environb),
    "keywords": lambda: "{REGION}".format(**os.environ),
    "equal": lambda: os.environ == {"REGION": "UK"},
    "repr": lambda: repr(os.environ),
    "alias": lambda: dict(_held),
    "argument of the standard library": lambda: configparser.ConfigParser(os.environ, interpolation=None),
    "update": lambda: dict[str, str]().update(os.environ),
    "in a text": lambda: eval("dict(_held)"),
}


@pytest.mark.parametrize("how", ALL)
def test_all_variables_at_once_count(tmp_path: Path, how: str) -> None:
    """By their names and values, but for those that only tell who asks, from where."""
    here = dict(os.environ)
    other_terminal = {
        **here,
        "PWD": "/x",
        "SHLVL": "7",
        "_": "/x/y",
        "TERM_SESSION_ID": "w0",
        "USER": "ada",
        "COLUMNS": "9",
    }

    seen = watch(tmp_path, ALL[how])

    assert names(seen, "env") == ["*"] and seen.notes == ()
    assert "UK" not in str(seen)
    assert _holds(tmp_path, seen, here) and _holds(tmp_path, seen, other_terminal)
    assert not _holds(tmp_path, seen, {**here, "REGION": "US"})
    assert not _holds(tmp_path, seen, {**here, "NEW": "1"})
    assert not _holds(tmp_path, seen, {k: v for k, v in here.items() if k != "REGION"})


def _of_variable() -> Any:
    env = dict(os.environ)
    env["NEW"] = "1"
    env.update(OTHER="2")
    if env.get("NOWHERE"):
        del env["NOWHERE"]
    return [env.get("REGION", each) for each in "ab"], env["NEW"]


def _of_annotated() -> Any:
    env: dict[str, str] = {"X": "1"} | os.environ
    more = {**env, "Y": "1"}
    return env.pop("REGION"), more.get("NOWHERE")


TAKEN: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "dict": (lambda: dict(os.environ)["REGION"], ["REGION"]),
    "dict, get": (lambda: dict(os.environ).get("NOWHERE", "x"), ["NOWHERE"]),
    "dict of items": (lambda: dict(os.environ.items())["REGION"], ["REGION"]),
    "copy": (lambda: os.environ.copy().get("REGION"), ["REGION"]),
    "copy of an alias": (lambda: _held.copy()["REGION"], ["REGION"]),
    "copy of a copy": (lambda: dict(os.environ).copy().pop("REGION"), ["REGION"]),
    "in": (lambda: "REGION" in dict(os.environ), ["REGION"]),
    "in the names": (lambda: "REGION" in list(os.environ), ["REGION"]),
    "stars": (lambda: {**os.environ, "X": "1"}["REGION"], ["REGION"]),
    "or": (lambda: (os.environ | {"X": "1"})["REGION"], ["REGION"]),
    "or, from the left": (lambda: ({"X": "1"} | os.environ)["REGION"], ["REGION"]),
    "one more on the line": (
        lambda: (dict(os.environ).get("NOWHERE"), os.environ["REGION"]),
        ["NOWHERE", "REGION"],
    ),
    "variable": (_of_variable, ["NEW", "NOWHERE", "REGION"]),
    "annotated variable": (_of_annotated, ["NOWHERE", "REGION"]),
}


@pytest.mark.parametrize("how", TAKEN)
def test_what_is_taken_of_a_copy_counts(tmp_path: Path, how: str) -> None:
    """A copy that is asked for some names by the function that made it, and for nothing else."""
    call, expected = TAKEN[how]

    seen = watch(tmp_path, call)

    assert names(seen, "env") == expected and seen.notes == ()
    assert not _holds(tmp_path, seen, {**os.environ, "REGION": "US", "NOWHERE": "US"})


def _gives_away() -> Any:
    env = dict(os.environ)
    return env["REGION"], repr(env)


def _keeps_in_a_function() -> Any:
    env = dict(os.environ)
    return env["REGION"], lambda: env


def _looks_at_locals() -> Any:
    env = dict(os.environ)
    return env["REGION"], locals()


def _asks_by_a_variable(name: str = "REGION") -> Any:
    env = os.environ.copy()
    return env["REGION"], env[name]


def _puts_into_a_dict() -> Any:
    return {"REGION": dict(os.environ)}["REGION"]


def _goes_through() -> Any:
    env = os.environ | {}
    return env["REGION"], [each for each in env if each.startswith("R")]


GIVEN_AWAY = (
    _gives_away, _keeps_in_a_function, _looks_at_locals, _asks_by_a_variable, _puts_into_a_dict, _goes_through,
)  # fmt: skip


@pytest.mark.parametrize("call", GIVEN_AWAY)
def test_a_copy_that_may_be_asked_for_anything_counts_whole(tmp_path: Path, call: Callable[[], Any]) -> None:
    assert names(watch(tmp_path, call), "env") == ["*"]


def _pick() -> dict[str, str]:
    found = {}
    for name in os.environ:
        if name.startswith("REG"):
            found[name] = os.environ[name]
    return found


def _take_each() -> list[str]:
    found = []
    for name in os.environ:
        found.append(os.environ[name])
    return found


def test_names_alone_count_as_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is looked up because of them by itself."""
    monkeypatch.setenv("OTHER", "1")
    here = dict(os.environ)

    counted, picked, taken = (watch(tmp_path, call) for call in (lambda: len(os.environ), _pick, _take_each))

    assert names(counted, "env") == ["*="] and names(picked, "env") == ["*=", "REGION"]
    assert _holds(tmp_path, picked, {**here, "OTHER": "2"})
    assert not _holds(tmp_path, picked, {**here, "REGION_2": "UK"})
    assert not _holds(tmp_path, picked, {**here, "REGION": "US"})
    assert {"REGION", "OTHER"} <= set(names(taken, "env"))
    assert not {"PWD", "HOME", "PATH"} & set(names(taken, "env"))


def test_surroundings_count_where_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/x")

    def call() -> None:
        len(os.environ)
        os.environ["HOME"]

    seen = watch(tmp_path, call)

    assert names(seen, "env") == ["*=", "HOME"]


@pytest.mark.parametrize("given", [lambda: {**os.environ, "X": "1"}, lambda: os.environ])
def test_a_copy_for_a_process_is_noted(tmp_path: Path, given: Callable[[], Any]) -> None:
    """What a process is told is as little known as what it reads."""
    seen = watch(tmp_path, lambda: subprocess.run([sys.executable, "-c", ""], env=given(), check=True))

    assert names(seen, "env") == []
    assert {note.kind for note in seen.notes} == {"environment", "process"}


def test_a_process_with_little_does_not_explain_a_copy(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ""]

    seen = watch(tmp_path, lambda: (dict(os.environ), subprocess.run(command, env={}, check=True)))

    assert names(seen, "env") == ["*"]


def test_a_library_that_goes_through_all_for_itself_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the standard library nobody wants to know; of another one people are told."""
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "setup_of_ours.py").write_text("import os\ndef read():\n    return dict(os.environ)\n")
    monkeypatch.syspath_prepend(str(site))
    import setup_of_ours  # type: ignore[import-not-found]  # written above

    seen = watch(tmp_path, setup_of_ours.read)
    handed = watch(tmp_path, lambda: setup_of_ours.read())
    standard = watch(tmp_path, lambda: urllib.request.getproxies_environment())

    sys.modules.pop("setup_of_ours")
    assert [each.text for each in handed.notes] == [
        "lets a library look at all environment variables: setup_of_ours"
    ]
    assert (*seen.observations, *handed.observations, *standard.observations, *standard.notes) == ()


def test_what_the_node_has_set_is_its_own_among_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts as it was before."""
    monkeypatch.setenv("OTHER", "0")
    monkeypatch.setenv("GONE", "0")
    here = dict(os.environ)

    def call() -> None:
        os.environ["OTHER"] = os.environ["NOWHERE"] = "1"
        del os.environ["GONE"]
        dict(os.environ)

    seen = watch(tmp_path, call)
    del os.environ["NOWHERE"]

    assert _holds(tmp_path, seen, here)


def test_who_asks_wrongly_is_told_by_python(tmp_path: Path) -> None:
    """No word of ours in it."""
    wrong: Any = ["REGION"]

    def call() -> str:
        with pytest.raises(TypeError, match="str expected, not list") as caught:
            os.environ[wrong]
        return str(caught.traceback[-1].path)

    assert watch(tmp_path, call).observations == ()
