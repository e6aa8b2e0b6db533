"""Which functions of a module are put behind others by `mutate`, and whose outputs they mean.

Knows nothing of nodes. Promise: whatever is said to be put behind something is, or a problem tells why not.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dagbuild.ground.errors import Problem, did_you_mean
from dagbuild.loader.functions import find_functions, find_transforms
from dagbuild.modifiers.base import modifiers_of
from dagbuild.modifiers.choose import config
from dagbuild.modifiers.mutate import Application, mutate, mutations_of
from dagbuild.modifiers.signature import find_where
from dagbuild.modifiers.steps import Step


@dataclass(slots=True)
class Mutations:
    """The steps behind functions, by the functions' ids, and what is wrong with them."""

    steps: dict[int, list[Step]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def find_mutations(modules: Sequence[types.ModuleType]) -> Mutations:
    """Return what the functions of the modules are put behind."""
    found = Mutations()
    seen: set[int] = set()
    for module in modules:
        nodes = list(find_functions(module))
        found.problems += map(_tell_bare, _find_bare(module))
        for function in find_transforms(module):
            if id(function) in seen:
                continue
            seen.add(id(function))
            if any(isinstance(modifier, config) for modifier in modifiers_of(function)):
                found.problems.append(_tell_config(function))
            for each in mutations_of(function):
                targets = _find_targets(each, nodes)
                for target in targets:
                    found.steps.setdefault(id(target), []).append(each.make_step(function))
                if not targets:
                    found.problems.append(_tell_lost(each, function, nodes))
    return found


def _find_targets(each: Application, nodes: Sequence[types.FunctionType]) -> list[types.FunctionType]:
    same = [node for node in nodes if node is each.target]
    # A function that was defined anew since then, by a notebook's cell, is meant as well.
    named = [node for node in nodes if node.__name__ == each.target_name and _may_be(each, node)]
    if same or named or not isinstance(each.target, str):
        return same or named
    return [node for node in nodes if node.__name__.partition("__")[0] == each.target]


def _may_be(each: Application, node: types.FunctionType) -> bool:
    return isinstance(each.target, str) or each.target.__module__ == node.__module__


def _tell_lost(
    each: Application, function: types.FunctionType, nodes: Sequence[types.FunctionType]
) -> Problem:
    name, target = each.target_name, each.target
    where = str(find_where(function))
    if isinstance(target, str) or target.__module__ == function.__module__:
        message = f"@mutate on '{function.__name__}': '{name}' is no function of its module that makes a node"
        return Problem(message, where, did_you_mean(name, [node.__name__ for node in nodes]))
    message = f"@mutate on '{function.__name__}': '{name}' is of another module, '{target.__module__}'"
    return Problem(
        message, where, "name functions of its own module, or put @pipe_output(step(...)) on the other"
    )


def _tell_config(function: types.FunctionType) -> Problem:
    message = f"@config on '{function.__name__}': it is no node, so that this would choose nothing"
    return Problem(message, str(find_where(function)), "@mutate(apply_to(function).when(key=value))")


def _find_bare(module: types.ModuleType) -> list[types.FunctionType]:
    """Find functions under a `mutate` without brackets, which is then all that is left of them."""
    return [
        target
        for value in list(module.__dict__.values())
        if isinstance(value, mutate)
        for each in value.applications
        if not isinstance(target := each.target, str)
    ]


def _tell_bare(function: Any) -> Problem:
    message = f"@mutate on '{function.__name__}': whose outputs it is for is not said"
    return Problem(message, str(find_where(function)), "@mutate(function)")
