"""Executors that are not dagbuild's: found by the name that the settings give them, "module:Class".

Knows no one of them. Guards: what they are given is all that they need of a project, and is no part of the inside.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from dagbuild.executors.base import Executor
from dagbuild.executors.worker import Worker
from dagbuild.ground.errors import InputError
from dagbuild.ground.texts import name_error


def _say_nothing(*_: str) -> None:
    """Take what nobody wants to hear."""


@dataclass(frozen=True)
class Means:
    """What an executor is given to run steps with.

    `worker` runs one in this process. `copied_worker` opens, in a copy of this process (a fork), what runs one there,
    with files of its own, until the block ends; the record of what it has made is to be handed to `worker.adopt`.
    `jobs` is how many steps are wanted at a time, `address` and `options` what the settings say under these names.
    `on_wait` is told of a step and of whom it waits for, `on_notice` what people are to know of how steps run.
    """

    worker: Worker
    copied_worker: Callable[[], AbstractContextManager[Worker]]
    jobs: int = 1
    address: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    on_wait: Callable[[str, str], None] = _say_nothing
    on_notice: Callable[[str], None] = _say_nothing


def open_foreign(kind: str, means: Means) -> Executor:
    """Return the executor that "module:Class" makes of the means; raises InputError where that gives none."""
    module_name, _, name = kind.partition(":")
    try:
        make: Any = getattr(importlib.import_module(module_name), name, None)
    except (Exception, SystemExit) as error:
        raise InputError(
            f"the executor '{kind}' cannot be had: importing '{module_name}' failed: {name_error(error)}",
            hint="module:Class, of a module that is installed or lies in the project's folder",
        ) from error
    if not callable(make):
        raise InputError(f"the executor '{kind}' cannot be had: '{module_name}' has no class '{name}'")
    try:
        executor = make(means)
    except TypeError as error:
        raise InputError(
            f"the executor '{kind}' cannot be made: {name_error(error)}",
            hint="it is called with its means alone",
        ) from error
    if not isinstance(executor, Executor):
        raise InputError(
            f"'{kind}' gives a {type(executor).__name__}, and no executor",
            hint="subclass dagbuild.executors.base.Executor",
        )
    return executor
