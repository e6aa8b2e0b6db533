"""Each mechanism that looks at more than code and values is broken on purpose: a case of the torture suite notices.

The cases are played in children of this process, which are broken as it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dagbuild.code.classes
import dagbuild.code.closure
import dagbuild.code.functions
import dagbuild.code.walk
from dagbuild.code.dump import Dumper
from dagbuild.codecs.named import Names
from dagbuild.executors.worker import Worker
from tests.torture import one_build
from tests.torture.play import assert_ran, play
from tests.torture.test_torture import CASES

Break = Callable[[pytest.MonkeyPatch], None]


def see_nothing(patch: pytest.MonkeyPatch) -> None:
    """Docstrings, names, orders and texts never count."""
    patch.setattr(dagbuild.code.closure, "_find_kinds", lambda _: frozenset())


def ask_no_library(patch: pytest.MonkeyPatch) -> None:
    """What libraries read of what they are handed does not count."""
    patch.setattr(dagbuild.code.functions, "find_words", lambda *_: frozenset())


def ask_no_decorator(patch: pytest.MonkeyPatch) -> None:
    """Nor what decorators read."""
    patch.setattr(dagbuild.code.functions, "words_of_callee", lambda *_: frozenset())


def ask_no_base(patch: pytest.MonkeyPatch) -> None:
    """Nor what the methods of a library's class read."""
    patch.setattr(dagbuild.code.classes, "find_readers", lambda *_: None)


def share_nothing(patch: pytest.MonkeyPatch) -> None:
    """That two places in a value are one object does not count."""
    patch.setattr(dagbuild.code.walk, "spell_sharing", lambda _: "")


def name_nothing(patch: pytest.MonkeyPatch) -> None:
    """Objects that are equal to themselves only are copied; those without a name, too."""
    patch.setattr(Names, "find", lambda _, value: ("builtins", "object") if type(value) is object else None)


def call_all_variables_the_same(patch: pytest.MonkeyPatch) -> None:
    """Which variable stands where does not count."""
    finish = Dumper.finish

    def blind(self: Dumper) -> None:
        finish(self)
        self.out = ["$" if text.startswith(" $") else text for text in self.out]

    patch.setattr(Dumper, "finish", blind)


def name_all_variables(patch: pytest.MonkeyPatch) -> None:
    """What a variable is called counts."""
    patch.setattr(Dumper, "finish", lambda self: self.scopes.finish())


def let_the_first_stay(patch: pytest.MonkeyPatch) -> None:
    """The first result of a key stays even where the class that it names is another one by now."""

    def find_first(self: Worker, record: Any) -> Any:
        found = self._store.find_records([record.content]).get(record.content, [])
        return next((first for first in found if first.artifact.digest != record.artifact.digest), None)

    patch.setattr(Worker, "_find_first", find_first)


BROKEN: dict[Break, tuple[str, str]] = {
    see_nothing: ("order_of_class_attributes_by_vars", "stale: ['b']"),
    ask_no_library: ("docstring_read_by_call", "stale: ['b']"),
    ask_no_decorator: ("docstring_read_by_registry", "stale: ['b']"),
    ask_no_base: ("docstring_in_schema_of_class", "stale: ['b']"),
    share_nothing: ("constant_aliased_rows", "stale: ['b']"),
    name_nothing: ("identity_in_dict", "stale value"),
    call_all_variables_the_same: ("variable_swapped", "stale: ['b']"),
    name_all_variables: ("variable_renamed_assigned", "needless: ['b']"),
    let_the_first_stay: ("class_moved_namesake_left", "stale value"),
}


@pytest.mark.parametrize(("damage", "case", "said"), [(each, *case) for each, case in BROKEN.items()])
def test_is_noticed(
    damage: Break, case: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case that stands for the mechanism fails without it, in the way that it must."""
    damage(monkeypatch)

    with pytest.raises(AssertionError) as caught:
        check(case, tmp_path)
    assert said in str(caught.value)


def check(name: str, folder: Path) -> None:
    """Play a case and hold each build against what it must do."""
    case = next(case for case in CASES if case.id == name)
    for number, (build, got) in enumerate(play(case, folder, run_forked), 1):
        told = assert_ran(case, number, build, got)
        assert got.values == (got.clean if build.value is None else build.value), f"stale value; {told}"


def run_forked(job: Path, env: dict[str, str], cwd: Path, output: Path) -> str:
    """Run a job in a child of this process, which has all that is here."""
    child = os.fork()
    if child == 0:
        try:
            os.environ.clear()
            os.environ.update(env)
            os.chdir(cwd)
            stream = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(stream, 1)
            os.dup2(stream, 2)
            sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
            for path in cwd.glob("*.py"):
                sys.modules.pop(path.stem, None)
            sys.path[:0] = env["PYTHONPATH"].split(os.pathsep)
            sys.dont_write_bytecode = True
            one_build.play(str(job))
            sys.stdout.flush()
        finally:
            os._exit(0)
    return f"the process ended with {os.waitpid(child, 0)[1]}"
