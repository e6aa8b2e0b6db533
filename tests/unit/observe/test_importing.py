"""Files that Python opens as if to import or to quote them, and what is an import."""

import importlib
import importlib.resources
import importlib.util
import inspect
import linecache
import pkgutil
import runpy
import sys
import tokenize
import traceback
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dagbuild.observe.places import PathNames
from dagbuild.shortcut.import_watch import ImportObserver
from dagbuild.store.file_digests import FileDigests
from tests.unit.observe.support import names, watch

FILES = {
    "pack/__init__.py": "",
    "pack/inner.py": "X = 1\ndef f():\n    raise ValueError\n",
    "pack/words.txt": "a word\n",
    "tool.py": "RESULT = 1\n",
    "nodes.py": "",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    linecache.clearcache()
    for name in set(sys.modules) - before:
        del sys.modules[name]


def in_project(root: Path, text: str) -> Callable[[], Any]:
    """Return a call that runs code of a module of the project."""
    (root / "nodes.py").write_text(f"def call():\n    {text}\n")
    names: dict[str, Any] = {}
    exec(compile((root / "nodes.py").read_text(), str(root / "nodes.py"), "exec"), names)
    call: Callable[[], Any] = names["call"]
    return call


_SPEC = (
    "import importlib.util as u; s = u.spec_from_file_location('t', 'tool.py'); m = u.module_from_spec(s); "
)

READ = {
    "pkgutil.get_data": ("import pkgutil; return pkgutil.get_data('pack', 'words.txt')", "pack/words.txt"),
    "loader.get_data": (
        "import pack; return pack.__loader__.get_data(pack.__path__[0] + '/words.txt')",
        "pack/words.txt",
    ),
    "resources.files": (
        "import importlib.resources as r; return r.files('pack').joinpath('words.txt').read_text()",
        "pack/words.txt",
    ),
    "resources.read_binary": (
        "import importlib.resources as r; return r.read_binary('pack', 'words.txt')",
        "pack/words.txt",
    ),
    "resources.open_text": (
        "import importlib.resources as r; return r.open_text('pack', 'words.txt').read()",
        "pack/words.txt",
    ),
    "resources.as_file": (
        "import importlib.resources as r\n    with r.as_file(r.files('pack') / 'words.txt') as p: return open(p).read()",
        "pack/words.txt",
    ),
    "linecache.getline": (
        "import linecache; return linecache.getline('pack/words.txt', 1)",
        "pack/words.txt",
    ),
    "linecache.getlines": ("import linecache; return linecache.getlines('pack/words.txt')", "pack/words.txt"),
    "tokenize.open": ("import tokenize; return tokenize.open('tool.py').read()", "tool.py"),
    "runpy.run_path": ("import runpy; return runpy.run_path('tool.py')", "tool.py"),
    "runpy.run_module": ("import runpy; return runpy.run_module('tool')", "tool.py"),
    "exec_module": (_SPEC + "s.loader.exec_module(m)", "tool.py"),
    "load_module": (_SPEC + "s.loader.load_module('t')", "tool.py"),
    "get_code": (_SPEC + "return s.loader.get_code('t')", "tool.py"),
    "get_source": (_SPEC + "return s.loader.get_source('t')", "tool.py"),
    "imp.load_source": ("import imp; return imp.load_source('t', 'tool.py')", "tool.py"),
    "exec of a file": ("exec(open('tool.py').read())", "tool.py"),
}


WAYS = [
    way
    for way in READ
    if not (way.startswith("resources.read") and not hasattr(importlib.resources, way.partition(".")[2]))
    and not (way.startswith("imp.") and sys.version_info >= (3, 12))
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_code_of_the_project_asks_for_is_read(root: Path, way: str) -> None:
    text, file = READ[way]
    call = in_project(root, text)

    assert names(watch(root, call)) == [file]


@pytest.mark.parametrize("way", ["runpy.run_module", "exec_module", "get_code"])
def test_source_counts_where_what_was_compiled_of_it_is_opened(
    root: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    call = in_project(root, READ[way][0])
    call()
    sys.modules.pop("t", None)
    assert list((root / "__pycache__").glob("tool.*"))

    assert names(watch(root, call)) == ["tool.py"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_a_module_asks_for_while_it_is_imported_is_read(root: Path, way: str) -> None:
    """The shortcut that imports nothing stands on it."""
    text, file = READ[way]
    (root / "nodes.py").write_text(f"def call():\n    {text}\n\nVALUE = call()\n")
    observer = ImportObserver(PathNames(root), FileDigests())

    module = observer.call(lambda: importlib.import_module("nodes"))

    assert file in [seen.name for seen in observer.finish([module]).seen]


IMPORTS = {
    "import": "import pack.inner",
    "import_module": "import importlib; importlib.import_module('pack.inner')",
    "__import__": "__import__('pack.inner')",
    "reload": "import importlib, pack.inner; importlib.reload(pack.inner)",
    "find_spec": "import importlib.util as u; u.find_spec('pack.inner')",
    "iter_modules": "import pkgutil, pack; list(pkgutil.iter_modules(pack.__path__))",
    "lazy": "import importlib.util as u; s = u.find_spec('tool'); s.loader = u.LazyLoader(s.loader); "
    "m = u.module_from_spec(s); s.loader.exec_module(m); m.RESULT",
}


@pytest.mark.parametrize("way", IMPORTS)
def test_import_is_no_read(root: Path, way: str) -> None:
    """The fingerprint covers what is imported."""
    assert names(watch(root, in_project(root, IMPORTS[way]))) == []


QUOTES = {
    "traceback": "import traceback, pack.inner\n    try: pack.inner.f()\n    except ValueError: return traceback.format_exc()",
    "inspect": "import inspect, pack.inner; return inspect.getsource(pack.inner.f)",
    "warning": "import warnings; warnings.warn('x')",
}


@pytest.mark.parametrize("way", QUOTES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_quoting_is_no_read(root: Path, way: str) -> None:
    assert names(watch(root, in_project(root, QUOTES[way]))) == []


@pytest.mark.parametrize("name", ["linecache", "tokenize", "inspect", "traceback", "pkgutil"])
def test_module_of_the_project_with_such_a_name_reads(root: Path, name: str) -> None:
    (root / f"{name}.py").write_text("def read():\n    return open('pack/words.txt').read()\n")
    names_: dict[str, Any] = {}
    exec(compile((root / f"{name}.py").read_text(), str(root / f"{name}.py"), "exec"), names_)

    assert names(watch(root, names_["read"])) == ["pack/words.txt"]


def test_data_in_an_archive(root: Path) -> None:
    with zipfile.ZipFile(root / "packed.zip", "w") as archive:
        archive.writestr("zipped/__init__.py", "")
        archive.writestr("zipped/words.txt", "a word")
    sys.path.insert(0, str(root / "packed.zip"))
    try:
        call = in_project(root, "import pkgutil; return pkgutil.get_data('zipped', 'words.txt')")
        assert names(watch(root, call)) == ["packed.zip"]
    finally:
        sys.path.remove(str(root / "packed.zip"))


_ = (inspect, pkgutil, runpy, tokenize, traceback, importlib.util)  # imported before anything is watched
