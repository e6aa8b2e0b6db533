"""Forms that were remembered are those that would be made, and of nothing but the text and the code they are of."""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from dagbuild.code.closure import SourceReader
from dagbuild.code.form_memo import Forms, key_of
from dagbuild.code.normal_form import FunctionForm
from dagbuild.code.parsed import Text
from dagbuild.ground.bytecode import iter_codes
from dagbuild.shortcut.form_files import FormFiles
from tests.support import write_files

MODULES = ["argparse", "ast", "asyncio.tasks", "dataclasses", "enum", "pickle", "turtle", "typing"]


def read(name: str) -> str:
    """Return the text of a module of the standard library."""
    spec = importlib.util.find_spec(name)
    assert spec and spec.origin
    return Path(spec.origin).read_text(encoding="utf-8")


def codes_of(text: str) -> list[CodeType]:
    """Return all code of a text."""
    return list(iter_codes(compile(text, "<text>", "exec", dont_inherit=True)))


def tell(form: FunctionForm | None) -> object:
    """Return all that a form says, what it finds out when asked included."""
    if form is None:
        return None
    return form.body, form.defaults, form.decorators, form.docs, form.locals, form.annotations


def tell_all(text: Text, codes: list[CodeType]) -> list[object]:
    """Return all that a text tells of this code."""
    return [
        (text.decorators(code), tell(text.function_form(code)), tell(text.node_form(code))) for code in codes
    ]


def pass_on(text: Text) -> Text:
    """Return the text as the next process would find it."""
    return Text(text.text, known=Forms.from_text("\n".join([text.known.head, *text.known.news])))


@pytest.mark.parametrize("name", MODULES)
def test_what_is_remembered_is_what_would_be_made(name: str) -> None:
    """Of every function of the standard library, and of the statements outside of functions."""
    text = Text(read(name))
    codes = codes_of(text.text)
    made = tell_all(text, codes)

    known = pass_on(text)

    assert [ast.dump(node, include_attributes=True) for node in known.outer] == [
        ast.dump(node, include_attributes=True) for node in text.outer
    ]
    assert known.names == text.names
    assert tell_all(known, codes) == made
    assert not known.known.news
    assert ast.dump(known.tree) == ast.dump(text.tree)
    assert all(node in known.tree.body for node in known.outer)


def test_other_code_of_the_same_text_has_no_form() -> None:
    """Code that the text does not compile to is told apart, remembered or not."""
    text = Text("def f(x):\n    return x + 1\n")
    [_, code] = codes_of(text.text)
    text.function_form(code)
    others = [
        *codes_of("def f(x):\n    return x + 2\n")[1:],
        *codes_of("def f(y):\n    return y + 1\n")[1:],
        *codes_of("def f(x):\n    return x - 1\n")[1:],
        *codes_of("\ndef f(x):\n    return x + 1\n")[1:],
        code.replace(co_flags=code.co_flags ^ 0x100),
    ]

    known = pass_on(text)

    assert all(known.function_form(other) is None for other in others)
    assert known.function_form(code) is not None


def test_codes_of_one_text_have_one_key_each() -> None:
    """Two pieces of code have one key only if Python takes them for the same."""
    for name in MODULES:
        keys: dict[str, CodeType] = {}
        for code in codes_of(read(name)):
            assert keys.setdefault(key_of(code), code) == code
    numbers = ["1", "1.0", "True", "'1'", "b'1'", "0.0", "-0.0", "1j", "(1, 2)", "(1, 2.0)", "..."]
    codes = [codes_of(f"lambda: {number}")[1] for number in numbers]

    assert len(set(map(key_of, codes))) == len(numbers)


FILES = {
    "first.py": "import second\n\nSIZE = 3\n\n\ndef a() -> int:\n    return second.twice(SIZE)\n",
    "second.py": "def twice(x):\n    return 2 * x\n\n\ndef b() -> int:\n    return 1\n",
}


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ModuleType]]:
    """Two modules of a project; `load` imports them anew."""
    write_files(tmp_path, FILES)
    (tmp_path / "cache").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found: list[ModuleType] = []
    yield found
    for name in ("first", "second"):
        sys.modules.pop(name, None)


def load(modules: list[ModuleType]) -> None:
    """Import the modules anew."""
    for name in ("first", "second"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    modules[:] = [importlib.import_module(name) for name in ("first", "second")]


def fingerprint(modules: list[ModuleType], memo: FormFiles | None = None) -> list[object]:
    """Return what the nodes' closures say."""
    reader = SourceReader(modules, memo=memo)
    return [reader.closure([vars(module)[name]]) for module, name in zip(modules, "ab", strict=True)]


def list_unknown(memo: FormFiles, modules: list[ModuleType]) -> list[str]:
    """Return the modules of whose texts nothing is remembered."""
    found = []
    for module in modules:
        assert module.__file__
        if memo.find(Path(module.__file__).read_text()) is None:
            found.append(module.__name__)
    return found


def test_an_edited_module_is_read_again_and_no_other(modules: list[ModuleType], tmp_path: Path) -> None:
    """What was found of the texts that are as they were is taken, and all comes out as if nothing were remembered."""
    load(modules)
    memo = FormFiles(tmp_path / "cache")
    before = fingerprint(modules, memo)
    memo.keep()
    (tmp_path / "second.py").write_text(FILES["second.py"].replace("2 * x", "3 * x"))
    load(modules)

    memo = FormFiles(tmp_path / "cache")

    assert list_unknown(memo, modules) == ["second"]
    assert fingerprint(modules, memo) == fingerprint(modules) != before


def test_what_is_damaged_counts_for_nothing(modules: list[ModuleType], tmp_path: Path) -> None:
    """A file that lost its end, had a bit flipped or is another text's is as if it were not there."""
    load(modules)
    wanted = fingerprint(modules)
    memo = FormFiles(tmp_path / "cache")
    fingerprint(modules, memo)
    memo.keep()
    files = sorted((tmp_path / "cache" / "index" / "forms").rglob("*.json"))
    assert len(files) == 2
    damages: list[Callable[[bytes], bytes]] = [
        lambda data: data[:-9],
        lambda data: data.replace(b"BinOp", b"UnOp"),
        lambda _: b"",
        lambda _: os.urandom(99),
        lambda _: b"xxh3-\n[]",
    ]
    for damage in damages:
        saved = [file.read_bytes() for file in files]
        for file, data in zip(files, saved, strict=True):
            file.write_bytes(damage(data))

        assert fingerprint(modules, FormFiles(tmp_path / "cache")) == wanted
        for file, data in zip(files, saved, strict=True):
            file.write_bytes(data)


def test_files_of_texts_that_are_gone_do_not_pile_up(tmp_path: Path) -> None:
    """However often a module is edited, there are no more files than some for each that is in use."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for number in range(200):
        text = f"def f():\n    return {number}\n"
        memo = FormFiles(cache)
        memo.note(text, Text(text).known)
        memo.keep()

    assert len(list(cache.rglob("*.json"))) < 100
    assert FormFiles(cache).find("def f():\n    return 199\n") is not None
