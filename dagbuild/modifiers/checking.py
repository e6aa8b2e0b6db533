"""Check what a function returns: `check_output`, `check_output_custom`.

The checks are nodes of their own. `x` becomes `x_raw`, each check makes `x_NAME_validator`, and `x` itself
hands the value of `x_raw` on when the checks have passed. So tightening a check never makes the value itself
again.
"""

from __future__ import annotations

import abc
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from dagbuild.ground.errors import did_you_mean
from dagbuild.model.node import Group, Node, Parameter, Source, Where
from dagbuild.model.types import describe_type
from dagbuild.modifiers.base import (
    Context,
    Modifier,
    NodeModifier,
    Stage,
    Target,
    derive,
    find_values,
    select_nodes,
)
from dagbuild.modifiers.checks import Check
from dagbuild.modifiers.known_checks import CHECKS
from dagbuild.modifiers.validators import DataValidator, ValidationResult, find_kinds

WARN, FAIL = "warn", "fail"
logger = logging.getLogger("dagbuild")


class DataValidationError(Exception):
    """A value did not pass a check whose importance is "fail"."""


class DataValidationWarning(UserWarning):
    """A value did not pass a check whose importance is "warn"."""


@dataclass(frozen=True, slots=True)
class RunCheck:
    """Checks a value."""

    validator: Check | DataValidator

    def __call__(self, value: Any) -> ValidationResult:
        """Return what the check found."""
        return self.validator.validate(value)


@dataclass(frozen=True, slots=True)
class ReturnChecked:
    """Hands a value on when its checks have passed; `importance` says of each what happens else."""

    node: str
    importance: tuple[tuple[str, str], ...]
    where: Where

    def __call__(self, value: Any, results: Mapping[str, ValidationResult]) -> Any:
        """Return the value; raises DataValidationError or warns when a check has not passed."""
        failed = {
            level: [
                f"{name}: {results[name].message}"
                for name, importance in self.importance
                if importance == level and not results[name].passes
            ]
            for level in (WARN, FAIL)
        }
        if failed[WARN]:
            text = f"node '{self.node}' did not pass: {'; '.join(failed[WARN])}"
            file, line = self.where.file or self.where.module, self.where.line or 0
            try:
                warnings.warn_explicit(text, DataValidationWarning, file, line)
            except DataValidationWarning:  # warnings are errors here, and this is to be none
                logger.warning(text)
        if failed[FAIL]:
            raise DataValidationError(f"node '{self.node}' did not pass: {'; '.join(failed[FAIL])}")
        return value


class Checks(NodeModifier):
    """Puts nodes behind checks; a subclass says which."""

    stage = Stage.TRANSFORM

    @abc.abstractmethod
    def _validators(self, node: Node) -> list[tuple[str, str, Check | DataValidator]]:
        """Return (name, importance, validator) of each check of the node."""

    def apply(self, nodes: list[Node], _: Context, /) -> list[Node]:
        """Put each node behind its checks."""
        candidates = find_values(nodes) if self.target is None else nodes
        chosen = {node.name for node in select_nodes(candidates, self.target, self)}
        taken = {node.name for node in nodes}
        made: list[Node] = []
        for node in nodes:
            made += self._check(node, taken) if node.name in chosen else [node]
        return made

    def _check(self, node: Node, taken: set[str]) -> list[Node]:
        if isinstance(node.function, ReturnChecked):
            # Checked already: these checks join the others, on the same value.
            raw_name, old, before = node.parameters[0].upstream[0], node.function.importance, []
        else:
            raw_name, old = f"{node.name}_raw", ()
            before = [replace(node, name=raw_name)]
        value = Parameter("value", node.type, Source(raw_name))
        added: list[Node] = []
        importance = list(old)
        for name, level, validator in self._validators(node):
            unique, number = name, 1
            while unique in dict(importance) or f"{node.name}_{unique}" in taken:
                unique, number = f"{name}_{number}", number + 1
            importance.append((unique, level))
            added.append(_validator_node(node, value, unique, validator))
        names = tuple(name for name, _ in importance)
        results = Group(tuple(Source(f"{node.name}_{name}") for name in names), names)
        checked = derive(
            node,
            function=ReturnChecked(node.name, tuple(importance), node.where),
            parameters=(value, Parameter("results", Mapping[str, ValidationResult], results)),
            sources=(tuple(importance),),
            operation="check_output/1",
        )
        return [*before, *added, checked]


def _validator_node(node: Node, value: Parameter, name: str, validator: Check | DataValidator) -> Node:
    if isinstance(validator, Check):
        sources: tuple[Any, ...] = (validator.given,)
        operation = f"check_output/1:{validator.argument}"
        doc = f"Checks that '{node.name}' {validator.describe()}."
    else:
        # The attributes one by one: the instance as a whole says nothing when one of them does not.
        sources = (type(validator), *_attributes(validator))
        operation = "check_output_custom/1"
        doc = validator.description()
    return derive(
        node,
        name=f"{node.name}_{name}",
        type=ValidationResult,
        function=RunCheck(validator),
        parameters=(value,),
        sources=sources,
        operation=operation,
        doc=doc,
        tags={},
    )


def _attributes(validator: DataValidator) -> list[Any]:
    if is_dataclass(validator):
        names = [part.name for part in fields(validator)]
    else:
        names = sorted(getattr(validator, "__dict__", {}))
    return [part for name in names if name != "importance" for part in (name, getattr(validator, name))]


class check_output(Checks):  # noqa: N801  # decorators are written small
    """Check what the function returns: `@check_output(range=(0, 1), allow_nans=False, importance="fail")`.

    With "warn" a value that does not pass is handed on all the same. `target_` says which of the function's
    nodes are checked: the last ones, `...` for all, or names.
    """

    def __init__(
        self,
        importance: str = WARN,
        default_validator_candidates: None = None,
        target_: Target = None,
        **checks: Any,
    ) -> None:
        if default_validator_candidates is not None:
            hint = "check_output_custom(...) takes validators of your own"
            raise self.error("default_validator_candidates: the checks are those of its arguments", hint=hint)
        self._importance = check_importance(importance, self)
        self.target = target_
        self._checks: list[Check] = []
        if not checks:
            raise self.error("no checks are given", hint=f"one of {', '.join(CHECKS)}")
        for argument, given in checks.items():
            if argument not in CHECKS:
                raise self.error(
                    f"there is no check '{argument}'",
                    hint=did_you_mean(argument, CHECKS) or f"one of {', '.join(CHECKS)}",
                )
            check = CHECKS[argument](given)
            problem = check.problem_with()
            if problem:
                raise self.error(f"{argument}={given!r}: {problem}")
            self._checks.append(check)

    def _validators(self, node: Node) -> list[tuple[str, str, Check | DataValidator]]:
        kinds = find_kinds(node.type)
        for check in self._checks:
            if not kinds & check.kinds:
                raise self.error(
                    f"'{check.argument}' checks {_join(check.kinds)}, "
                    f"but '{node.name}' is {describe_type(node.type)}"
                )
        return [(check.name(), self._importance, check) for check in self._checks]


class check_output_custom(Checks):  # noqa: N801
    """Check what the function returns with validators of one's own, instances of `DataValidator`."""

    def __init__(self, *validators: DataValidator, target_: Target = None) -> None:
        if not validators:
            raise self.error("no validators are given")
        for validator in validators:
            if not isinstance(validator, DataValidator):
                raise self.error(f"{validator!r} is no DataValidator")
            check_importance(validator.importance, self)
        self._given = validators
        self.target = target_

    def _validators(self, node: Node) -> list[tuple[str, str, Check | DataValidator]]:
        for validator in self._given:
            if not validator.applies_to(node.type):
                kind = describe_type(node.type)
                raise self.error(f"'{validator.name()}' does not apply to '{node.name}', which is {kind}")
        return [(validator.name(), str(validator.importance), validator) for validator in self._given]


def check_importance(importance: Any, modifier: Modifier) -> str:
    """Return the importance; raises GraphError where it is none."""
    if importance not in (WARN, FAIL):
        raise modifier.error(f"importance is {importance!r}", hint='"warn" or "fail"')
    return str(importance)


def _join(kinds: Sequence[str] | frozenset[str]) -> str:
    *most, last = sorted(kinds)
    return f"{', '.join(most)} or {last}" if most else last
