"""Steps as a build hands them out, made of plain functions; for the suites of executors."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from dagbuild.executors.base import Executor, Work
from dagbuild.ground.digest import digest_text
from dagbuild.model.node import Node, Parameter, Source, Where
from dagbuild.model.outcome import Done, Outcome
from dagbuild.model.record import Artifact, Draft, Key, Manifest, Part


def make_node(function: Callable[..., Any]) -> Node:
    """Return the plain node of a function."""
    names = inspect.signature(function).parameters
    where = Where(function.__module__, function.__code__.co_filename, function.__code__.co_firstlineno)
    parameters = tuple(Parameter(name, Any, Source(name)) for name in names)
    return Node(function.__name__, Any, function, parameters, where)


def keep(function: Callable[..., Any], values: Mapping[str, Artifact] | None = None, **more: Any) -> Work:
    """Return the call of a function whose value is to be kept."""
    name = function.__name__
    key = Key(f"xxh3-{digest_text(name)[-32:]}")
    manifest = Manifest((Part("node", name, "1"),))
    draft = Draft(name, key, key, Key(""), manifest, {}, {}, (), run="run", user="somebody")
    return Work(make_node(function), values or {}, draft, **more)


def limit(work: Work, **limits: Any) -> Work:
    """Return the call with other limits: its `retry`, its `timeout`."""
    return dataclasses.replace(work, node=dataclasses.replace(work.node, **limits))


def artifact_of(outcome: Outcome) -> Artifact:
    """Return what a call gave."""
    assert isinstance(outcome, Done)
    assert outcome.record is not None
    return outcome.record.artifact


def run(executor: Executor, *works: Work) -> dict[str, Outcome]:
    """Run the steps to their ends."""
    for work in works:
        executor.submit(work)
    outcomes: dict[str, Outcome] = {}
    while len(outcomes) < len(works):
        outcomes.update(executor.wait())
    return outcomes


def find_nodes(steps: ModuleType) -> list[Node]:
    """Return the nodes of all that the suite runs, for executors that send code ahead."""
    return [make_node(function) for function in vars(steps).values() if inspect.isfunction(function)]
