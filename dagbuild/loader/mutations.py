"""Which functions of a module are put behind others by `mutate`, and whose outputs they mean.

Knows nothing of nodes. Promise: whatever is said to be put behind something is, or a problem tells why not.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dagbuild.ground.errors import Problem, did_you_mean
from dagbuild.modifiers.base import modifiers_of
from dagbuild.modifiers.choose import config
from dagbuild.modifiers.functions import OWN_FUNCTIONS, find_functions, find_transforms
from dagbuild.modifiers.mutate import Application, mutate, mutations_of
from dagbuild.modifiers.signature import find_where
from dagbuild.modifiers.steps import Step


@dataclass(slots=True)
class Mutations:
    """The steps behind functions, by the functions' ids, and what is wrong with them."""

    steps: dict[int, list[Step]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def find_mutations(modules: Sequence[types.ModuleType]) -> Mutations:
    """Return what functions are put behind the nodes of the modules."""
    found = Mutations()
    for module in modules:
        found.problems += map(_tell_bare, _find_bare(module))
    for function, near, asked_for in _list_transforms(modules):
        for each in mutations_of(function):
            targets = _find_targets(each, near)
            for target in targets:
                found.steps.setdefault(id(target), []).append(each.make_step(function))
            if asked_for and not targets:
                found.problems.append(_tell_lost(each, function, near))
        if asked_for and any(isinstance(modifier, config) for modifier in modifiers_of(function)):
            found.problems.append(_tell_config(function))
    return found


def find_homes(modules: Sequence[types.ModuleType]) -> list[types.ModuleType]:
    """Return the modules, and those in which functions of theirs are defined: what stands behind them stands there."""
    homes = {id(module): module for module in modules}
    there = {id(vars(module)) for module in modules}
    for module in modules:
        for function in find_functions(module):
            if id(names := function.__globals__) in there:
                continue
            there.add(id(names))
            home = sys.modules.get(function.__module__ or "")
            if home is not None and vars(home) is names:  # and not another project's of its name
                homes[id(home)] = home
    return list(homes.values())


def _list_transforms(
    modules: Sequence[types.ModuleType],
) -> Iterator[tuple[types.FunctionType, list[types.FunctionType], bool]]:
    """Yield (function, nodes of its module, whether all that it names must be there) of what is put behind others.

    Of a module that was not asked for, not every function needs be in the graph.
    """
    nodes = list({id(node): node for module in modules for node in find_functions(module)}.values())
    asked_for = {id(vars(module)) for module in modules}
    seen: set[int] = set()
    for home in find_homes(modules):
        handed_over = {id(each) for each in find_functions(home)} if OWN_FUNCTIONS in vars(home) else set()
        for function in find_transforms(home):
            if id(function) not in seen:
                seen.add(id(function))
                near = [
                    node
                    for node in nodes
                    if node.__globals__ is function.__globals__ or id(node) in handed_over
                ]
                yield function, near, bool(handed_over) or id(function.__globals__) in asked_for


def _find_targets(each: Application, nodes: Sequence[types.FunctionType]) -> list[types.FunctionType]:
    same = [node for node in nodes if node is each.target]
    # A function that was defined anew since then, by a notebook's cell, is meant as well.
    named = [node for node in nodes if node.__name__ == each.target_name and _may_be(each, node)]
    if same or named or not isinstance(each.target, str):
        return same or named
    return [node for node in nodes if node.__name__.rpartition("__")[0] == each.target]


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
