"""A mechanism that is broken on purpose is missed by a case of its kind.

The cases are played in children of this process, which are broken as it is.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dagbuild.code.classes
import dagbuild.code.closure
import dagbuild.code.effects
import dagbuild.code.fingerprint
import dagbuild.code.functions
import dagbuild.code.modules
import dagbuild.code.references
import dagbuild.code.reflection
import dagbuild.code.silent
import dagbuild.code.values
import dagbuild.code.walk
import dagbuild.ground.matching
import dagbuild.observe.variables
from dagbuild.code.closure import SourceReader
from dagbuild.code.dump import Dumper
from dagbuild.code.making import find_makers
from dagbuild.code.statements import flatten
from dagbuild.code.walk import Walk
from dagbuild.codecs.named import Names
from dagbuild.executors.worker import Worker
from tests.torture.one_build import play as play_job
from tests.torture.test_torture import CASES, check

Break = Callable[[pytest.MonkeyPatch], None]


def _replace(target: Any, name: str, value: Any) -> Break:
    return lambda patch: patch.setattr(target, name, value)


def ignore_packages(patch: pytest.MonkeyPatch) -> None:
    """Of a package whose modules are looked for, only its own code counts."""
    patch.setattr(Walk, "package", lambda self, names: self.whole_module(names))
    patch.setattr(dagbuild.code.modules, "fill_module", lambda *_: None)


def skip_class_bodies(patch: pytest.MonkeyPatch) -> None:
    """What class bodies do is not looked at."""
    patch.setattr(dagbuild.code.effects, "units", lambda body: ((node, False) for node in body))
    patch.setattr(dagbuild.code.effects, "run_at_import", flatten)


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


def follow_no_links(patch: pytest.MonkeyPatch) -> None:
    """What lies behind a linked folder is no part of the folder."""
    enter = dagbuild.ground.matching._Walk._enter
    patch.setattr(
        dagbuild.ground.matching._Walk,
        "_enter",
        lambda self, folder, *rest: iter(()) if os.path.islink(folder) else enter(self, folder, *rest),
    )


BROKEN: dict[str, Break] = {
    "dotted_in_body": _replace(dagbuild.code.references, "load_module", sys.modules.get),
    "wrapper_with_number": _replace(
        dagbuild.code.values,
        "fill_wrapper",
        lambda walk, entity, _, wrapped: entity.items.append(walk.refer(wrapped)),
    ),
    "effect_result_unused": _replace(dagbuild.code.effects, "is_made_to_act", lambda *_: False),
    "effect_in_class_body": skip_class_bodies,
    "process_warning_filter": _replace(
        dagbuild.code.reflection, "_KINDS", {**dagbuild.code.reflection._KINDS, "warnings": frozenset()}
    ),
    "process_database_filled_by_cursor": _replace(
        dagbuild.code.modules, "find_makers", lambda *args, thorough: find_makers(*args, thorough=False)
    ),
    "text_model_formula": _replace(dagbuild.code.references, "find_named", lambda *_, **__: ()),
    "text_query_text_handed_on": _replace(SourceReader, "_named_by_others", lambda *_: []),
    "plugins_in_body_by_name_in_sum": ignore_packages,
    "entry_points_in_body": _replace(Walk, "find_offered", lambda *_: []),
    "subclasses_of_library_base": _replace(dagbuild.code.references, "_classes_named", lambda *_: ()),
    "left_over_of_a_loop_in_a_whole_module": _replace(
        dagbuild.code.modules, "_is_left_over", lambda *_: False
    ),
    "warm_pool_of_threads": _replace(dagbuild.code.silent, "is_living", lambda _: False),
    "no_effect_attribute_of_function": _replace(dagbuild.code.effects, "_is_foreign", lambda *_: True),
    "order_of_class_attributes_by_vars": _replace(
        dagbuild.code.closure, "_find_kinds", lambda _: frozenset()
    ),
    "docstring_read_by_call": _replace(dagbuild.code.functions, "find_words", lambda *_: frozenset()),
    "docstring_read_by_registry": _replace(
        dagbuild.code.functions, "words_of_callee", lambda *_: frozenset()
    ),
    "docstring_in_schema_of_class": _replace(dagbuild.code.classes, "find_readers", lambda *_: None),
    "constant_aliased_rows": _replace(dagbuild.code.walk, "spell_sharing", lambda _: ""),
    "identity_in_dict": name_nothing,
    "variable_swapped": call_all_variables_the_same,
    "variable_renamed_assigned": name_all_variables,
    "class_moved_namesake_left": let_the_first_stay,
    "library_below_a_library_deep": _replace(dagbuild.code.fingerprint, "find_required", lambda _: {}),
    "link_folder": follow_no_links,
    "variable_copy": _replace(dagbuild.observe.variables, "find_taken", lambda *_: ()),
}
"""What breaks, by the case that misses it."""


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_forgotten_is_missed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the mechanism that a case is there for, the case finds a stale value or a needless run."""
    BROKEN[name](monkeypatch)
    case = next(case for case in CASES if case.id == name)

    with pytest.raises(AssertionError, match=r"stale|needless"):
        check(case, tmp_path, run_forked)


def run_forked(job: Path, env: dict[str, str], cwd: Path, output: Path) -> str:
    """Run a job in a process that has what this one has, what is broken included."""
    process = multiprocessing.get_context("fork").Process(target=_build, args=(job, env, cwd, output))
    process.start()
    process.join()
    return f"the process ended with {process.exitcode}"


def _build(job: Path, env: dict[str, str], cwd: Path, output: Path) -> None:
    with output.open("w") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.dont_write_bytecode = True
    sys.path[:0] = env["PYTHONPATH"].split(os.pathsep)
    play_job(str(job))
