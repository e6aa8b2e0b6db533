"""A read belongs to the memory that it was put into: a step that finds it there takes it over."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import pytest

from dagbuild.code.closure import SourceReader
from dagbuild.observe.observer import Observer, watch_import
from dagbuild.observe.owners import owners
from dagbuild.observe.places import PathNames
from dagbuild.observe.seen import Seen
from dagbuild.store import FileDigests
from tests.support import forget_modules, write_files

HEAD = """
import collections, contextvars, dataclasses, functools, os, sys, threading, types
from pathlib import Path

FILE = Path(__file__).parent / "k.txt"

def _read():
    return FILE.read_text()
"""
STEPS = """
import held
from held import FILE

def first(): return held.load()
def second(): return held.load(), _indirect()
def _indirect(): return held.load()
def apart(): return FILE.name
"""
Steps: TypeAlias = Callable[[str], ModuleType]


@pytest.fixture
def load(tmp_path: Path) -> Steps:
    """Write a module that has a `load`, and import the steps that call it."""

    write_files(tmp_path, {"k.txt": "1", "own.txt": "2"})

    def load(code: str) -> ModuleType:
        forget_modules(tmp_path)
        (tmp_path / "held.py").write_text(HEAD + code)
        (tmp_path / "steps.py").write_text(STEPS)
        sys.path.insert(0, str(tmp_path))
        return importlib.import_module("steps")

    return load


def run(module: ModuleType, name: str, function: Callable[[], Any] | None = None) -> Seen:
    """Run a step as a worker does."""
    step = getattr(module, name)
    names = frozenset(leaf.name for leaf in SourceReader([module]).closure([step]).leaves)
    root = Path(str(module.__file__)).parent
    observer = Observer(PathNames(root), FileDigests(), closure=names)
    observer.call(function or step)
    return observer.finish()


def tell(seen: Seen) -> tuple[list[str], list[str]]:
    """Return the names of what was read, and of what was taken over."""
    return [each.name for each in seen.observations], [each.name for each in seen.taken]


KEEPING = {
    "cache": "load = functools.cache(_read)",
    "lambda": "load = functools.lru_cache(lambda: _read())",
    "partial": "load = functools.partial(functools.cache(lambda file: file.read_text()), FILE)",
    "method": """
class Store:
    @functools.cache
    def text(self): return _read()
_STORE = Store()
def load(): return _STORE.text()
""",
    "global": """
T = None
def load():
    global T
    T = T or _read()
    return T
""",
    "unbound": """
def load():
    global T
    if "T" not in globals(): T = _read()
    return T
""",
    "globals": """
def load():
    names = globals()
    if "T" not in names: names["T"] = _read()
    return names["T"]
""",
    "number": """
N = 0
def load():
    global N
    N = N or int(_read())
    return N
""",
    "flag": """
ROWS = bytearray(9)
READY = False
def load():
    global READY
    if not READY:
        ROWS[:1] = _read().encode()
        READY = True
    return bytes(ROWS)
""",
    "module": """
T = None
def load():
    import held
    held.T = held.T or _read()
    return held.T
""",
    "namespace": """
STATE = types.SimpleNamespace(text=None)
def load():
    STATE.text = STATE.text or _read()
    return STATE.text
""",
    "dataclass": """
@dataclasses.dataclass
class State:
    text: str = ""
STATE = State()
def load():
    STATE.text = STATE.text or _read()
    return STATE.text
""",
    "nested": """
STATE = {"a": [types.SimpleNamespace(), {"b": {}}]}
def load():
    inner = STATE["a"][1]["b"]
    if "k" not in inner: inner["k"] = _read()
    return inner["k"]
""",
    "user_dict": """
KEPT = collections.UserDict()
def load():
    if "k" not in KEPT: KEPT["k"] = _read()
    return KEPT["k"]
""",
    "ordered": """
KEPT = collections.OrderedDict()
def load():
    if "k" not in KEPT: KEPT["k"] = _read()
    return KEPT["k"]
""",
    "deque": """
KEPT = collections.deque(maxlen=3)
def load():
    if not KEPT: KEPT.append(_read())
    return KEPT[0]
""",
    "set": """
KEPT = set()
def load():
    if not KEPT: KEPT.add(_read())
    return sorted(KEPT)
""",
    "large": """
KEPT = {number: None for number in range(5000)}
def load():
    if "k" not in KEPT: KEPT["k"] = _read()
    return KEPT["k"]
""",
    "thread_local": """
LOCAL = threading.local()
def load():
    if not hasattr(LOCAL, "text"): LOCAL.text = _read()
    return LOCAL.text
""",
    "context": """
KEPT = contextvars.ContextVar("KEPT", default=None)
def load():
    if KEPT.get() is None: KEPT.set(_read())
    return KEPT.get()
""",
    "attribute": """
def load():
    load.text = getattr(load, "text", None) or _read()
    return load.text
""",
    "default": """
def load(kept=[]):
    if not kept: kept.append(_read())
    return kept[0]
""",
    "registry": """
KEPT = {}
def keep(function):
    @functools.wraps(function)
    def wrapper():
        if function.__name__ not in KEPT: KEPT[function.__name__] = function()
        return KEPT[function.__name__]
    return wrapper
@keep
def load(): return _read()
""",
    "descriptor": """
class Lazy:
    def __init__(self, make): self.make = make
    def __set_name__(self, owner, name): self.name = name
    def __get__(self, thing, owner=None):
        value = thing.__dict__[self.name] = self.make(thing)
        return value
class Store:
    text = Lazy(lambda self: _read())
    __slots__ = ("__dict__",)
_STORE = Store()
def load():
    return _STORE.__dict__.get("text") or _STORE.text
""",
    "getattr": """
class Store:
    def __getattr__(self, name):
        setattr(self, name, _read())
        return getattr(self, name)
_STORE = Store()
def load(): return _STORE.text
""",
    "by_name": """
class Store: pass
def load():
    if not hasattr(Store, "text"): setattr(Store, "text", _read())
    return Store.text
""",
    "thread": """
@functools.cache
def load():
    found = []
    thread = threading.Thread(target=lambda: found.append(_read()))
    thread.start()
    thread.join()
    return found[0]
""",
    "memory_of_memory": """
T = U = None
def text():
    global T
    T = T or _read()
    return T
def load():
    global U
    U = U or text().upper()
    return U
""",
}


@pytest.mark.parametrize("code", KEEPING.values(), ids=KEEPING.keys())
def test_a_step_takes_over_what_it_finds_in_memory(load: Steps, code: str) -> None:
    """It reads nothing itself; who reaches no memory takes nothing."""
    steps = load(code)

    assert tell(run(steps, "first")) == (["k.txt"], [])
    assert tell(run(steps, "second")) == ([], ["k.txt"])
    assert tell(run(steps, "apart")) == ([], [])
    assert tell(run(steps, "first")) == ([], ["k.txt"])


FORGETTING = {
    "function": "def load(): return _read()",
    "decorated": """
def told(function):
    @functools.wraps(function)
    def wrapper(*args): return function(*args)
    return wrapper
@told
def load(): return _read()
""",
    "constants": """
TABLE = {"a": [1, 2]}
NAMES = ("a", Path("b"))
def load(): return _read(), TABLE["a"], NAMES, FILE / "x"
""",
    "pure_memory": """
@functools.cache
def double(text): return 2 * text
def load(): return double("a"), _read()
""",
    "lazily_made": """
SHAPE = None
def shape():
    global SHAPE
    SHAPE = SHAPE or types.SimpleNamespace(x=1)
    return SHAPE
def load(): return shape().x, _read()
""",
    "object_of_its_own": """
class Store:
    @functools.cached_property
    def text(self): return _read()
def load(): return Store().text
""",
    "logger": """
import logging
LOG = logging.getLogger("held")
def load():
    LOG.debug("x")
    return _read()
""",
}


@pytest.mark.parametrize("code", FORGETTING.values(), ids=FORGETTING.keys())
def test_a_function_that_keeps_nothing_owns_nothing(load: Steps, code: str) -> None:
    """Each step reads for itself: nobody takes over what another one read."""
    steps = load(code)
    assert tell(run(steps, "first")) == (["k.txt"], [])

    assert tell(run(steps, "second", lambda: None)) == ([], [])


CACHED = "@functools.cache\ndef load(): return _read()\n"


def test_the_content_is_that_which_memory_holds(load: Steps, tmp_path: Path) -> None:
    """A file that changes after it was read into memory that cannot be emptied: the step says what it found there."""
    steps = load("class Store: pass\ndef load():\n    Store.text = getattr(Store, 'text', None) or _read()\n")
    first = run(steps, "first")
    (tmp_path / "k.txt").write_text("22")

    second = run(steps, "second")

    assert second.taken == first.observations
    assert ["as it was before it changed" in note.text for note in second.notes] == [True]
    assert [note.tracked for note in second.notes] == [True]  # its record holds no longer


def test_memory_of_what_has_changed_is_emptied(load: Steps, tmp_path: Path) -> None:
    """A cache can be made anew: then the step reads for itself."""
    steps = load(CACHED)
    run(steps, "first")
    (tmp_path / "k.txt").write_text("22")

    assert tell(run(steps, "second")) == (["k.txt"], [])
    assert steps.first() == "22"


def test_a_file_that_memory_and_the_step_found_different_makes_the_value_unstable(
    load: Steps, tmp_path: Path
) -> None:
    """Such a value is of no state of the file: it is not to be recorded."""
    steps = load("class Store: pass\ndef load():\n    Store.text = getattr(Store, 'text', None) or _read()\n")
    run(steps, "first")
    (tmp_path / "k.txt").write_text("22")

    seen = run(steps, "second", lambda: [steps.second(), (tmp_path / "k.txt").read_text()])

    assert seen.unstable == ("k.txt",)


def test_a_failed_step_leaves_what_it_read(load: Steps) -> None:
    """Its reads are in memory all the same."""
    steps = load(CACHED)

    def fail() -> None:
        steps.first()
        raise ValueError

    with pytest.raises(ValueError):
        run(steps, "first", fail)

    assert tell(run(steps, "second")) == ([], ["k.txt"])


def test_modules_that_are_loaded_anew_have_read_nothing(load: Steps) -> None:
    """What the former functions had read is in no memory any more."""
    run(load(CACHED), "first")
    steps = load(CACHED)

    assert tell(run(steps, "second", lambda: None)) == ([], [])


def test_memory_that_is_reset_holds_nothing(load: Steps) -> None:
    """A variable that is bound anew is another memory."""
    steps = load("T = None\ndef load():\n    global T\n    T = T or _read()\n    return T\n")
    run(steps, "first")
    sys.modules["held"].T = None  # type: ignore[attr-defined]

    assert tell(run(steps, "second", lambda: None)) == ([], [])


def test_what_was_read_while_importing_is_taken_over(load: Steps, tmp_path: Path) -> None:
    """A loader that is called by the module itself reads in no step; what it does not keep is nobody's."""
    steps: list[ModuleType] = []
    code = CACHED + "load()\nOTHER = Path(FILE.parent / 'own.txt').read_text()\n"
    watch_import(lambda: steps.append(load(code)), PathNames(tmp_path), FileDigests(), steps)

    assert tell(run(steps[0], "second")) == ([], ["k.txt"])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such net")
@pytest.mark.parametrize(("known", "kept"), [("all", ["child.txt", "k.txt"]), ("mine", ["k.txt"])])
def test_an_import_again_reads_no_more_than_the_first(
    load: Steps, tmp_path: Path, known: str, kept: list[str]
) -> None:
    """What a child of another step reads meanwhile is not lent to it: the driver's import has not read that."""
    steps: list[ModuleType] = []
    (tmp_path / "child.txt").write_text("1")

    def read() -> None:
        steps.append(load(CACHED + "load()\n"))
        subprocess.run(["cat", str(tmp_path / "child.txt")], stdout=subprocess.DEVNULL, check=True)

    files = ["k.txt", "child.txt"] if known == "all" else ["k.txt"]
    reads = {("file", str(tmp_path / name)) for name in files}
    watch_import(read, PathNames(tmp_path), FileDigests(), steps, known=reads)

    assert tell(run(steps[0], "second")) == ([], kept)


def test_what_was_in_memory_before_anybody_looked_is_told(load: Steps) -> None:
    """What a cache was asked for then nobody can know; a cache that nobody asked is as good as new."""
    steps = load(CACHED + "other = functools.cache(_read)\nload()\n")
    owners.meet([steps])

    seen = run(steps, "second")

    assert [note.text for note in seen.notes] == [
        "takes from memory what `load` was asked for before dagbuild looked"
    ]


def test_a_read_that_nobody_saw_belongs_to_all_that_may_hold_it(load: Steps) -> None:
    """A reader outside Python's sight leaves no stack: whatever may hold something may hold that."""
    steps = load(CACHED + "OTHER = {}\n")
    names = frozenset(leaf.name for leaf in SourceReader([steps]).closure([steps.first]).leaves)
    root = Path(str(steps.__file__)).parent
    observer = Observer(PathNames(root), FileDigests(), closure=names)
    observer.call(lambda: threading.Timer(0, steps.first).run())
    observer._read_log.read_late(str(root / "own.txt"))
    observer.finish()

    assert tell(run(steps, "second")) == ([], ["k.txt", "own.txt"])
