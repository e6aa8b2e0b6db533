"""Say above a function that it is a step behind others: `mutate`, `apply_to`.

Knows nothing of modules: whose outputs are meant, the loader finds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any

from dagbuild.modifiers.base import Modifier, modifiers_of
from dagbuild.modifiers.steps import Step, Use, get_function


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Use):
    """Whose outputs a function is put behind, and how."""

    target: FunctionType | str

    @property
    def target_name(self) -> str:
        """The name of the function whose outputs are meant."""
        return self.target if isinstance(self.target, str) else self.target.__name__

    def make_step(self, function: FunctionType) -> Step:
        """Return the step that the function is there."""
        return Step(
            function=function,
            of_transform=True,
            arguments=self.arguments,
            keywords=self.keywords,
            conditions=self.conditions,
            name=self.name,
            namespace=self.namespace,
            outputs=self.outputs,
        )


def apply_to(fn_: Callable[..., Any] | str, **mutating_fn_kwargs: Any) -> Application:
    """Name a function for `mutate`, or say its name, with what the transform's parameters are given there.

    `.named`, `.on_output`, `.when` and its kin say more, as of a `step`. Raises GraphError for what is no function.
    """
    target = fn_ if isinstance(fn_, str) else get_function(fn_, "apply_to")
    return Application(target=target, keywords=mutating_fn_kwargs)


class mutate(Modifier):  # noqa: N801  # decorators are written small
    """Put the function behind what others of its module give: `@mutate(spend, apply_to(signups, by=3), by=2)`.

    Its first parameter takes what they give, `mutating_function_kwargs` are for its other parameters: `source("node")`,
    `value(x)`, or `x` itself; what `apply_to` says stands in place of them. The function is no node itself. Several
    behind one function stand in the order of the module, and behind the steps of its `pipe_output`.
    """

    def __init__(
        self,
        *target_functions: Application | Callable[..., Any] | str,
        collapse: bool = False,
        **mutating_function_kwargs: Any,
    ) -> None:
        if collapse:
            raise self.error("collapse=True: steps are nodes, and cannot become one", hint="leave it away")
        if not target_functions:
            raise self.error("whose outputs it is for is not said", hint="@mutate(function)")
        given = [each if isinstance(each, Application) else apply_to(each) for each in target_functions]
        self.applications = tuple(
            each if each.keywords else replace(each, keywords=mutating_function_kwargs) for each in given
        )


def mutations_of(function: Callable[..., Any]) -> tuple[Application, ...]:
    """Return whose outputs the function is put behind, what is nearest to it first."""
    noted = modifiers_of(function)
    if not noted:
        return ()
    return tuple(each for modifier in noted if isinstance(modifier, mutate) for each in modifier.applications)
