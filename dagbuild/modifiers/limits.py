"""How a node's calls are made, which decides no value: again where they fail, no longer than a time, beside how many.

Nothing of it is part of a fingerprint.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dagbuild.ground.errors import UserError
from dagbuild.model.node import MODEST, Node, Resources, Retry
from dagbuild.model.spelling import read_duration
from dagbuild.modifiers.base import Context, NodeModifier, Stage, find_makers
from dagbuild.settings.schema import Refused, size


class _Limits(NodeModifier):
    stage = Stage.DECORATE

    def apply(self, nodes: list[Node], context: Context, /) -> list[Node]:
        """Note it on the nodes that run the user's function, or what stands in for it."""
        chosen = {node.name for node in find_makers(nodes, context.function)}
        return [self._note(node) if node.name in chosen else node for node in nodes]

    @abc.abstractmethod
    def _note(self, node: Node) -> Node:
        """Return the node with what this decorator says."""

    def _read_seconds(self, given: Any, example: str) -> float:
        if isinstance(given, str):
            try:
                return read_duration(given).total_seconds()
            except (ValueError, OverflowError):
                pass
        elif isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given):
            return float(given)
        raise self.error(f"{given!r} is no duration", hint=f'"{example}", or a number of seconds')


class retry(_Limits):  # noqa: N801  # decorators are written small
    """Make the function's call again where it fails: `@retry(3, on=(OSError,), wait="5s")`.

    `n` is how many tries there are in all. `on` are the exceptions after which there is another one; where none are
    named, any `Exception`, and the loss of the process that ran the try. `wait` is how long to wait in between.
    """

    def __init__(
        self,
        n: int,
        on: type[Exception] | Sequence[type[Exception]] = (),
        wait: str | float = 0.0,
    ) -> None:
        if not isinstance(n, int) or isinstance(n, bool) or n < 1:
            said = "a function" if callable(n) else repr(n)
            raise self.error(
                f"how many tries there are in all is said by a whole number from 1 on, not by {said}",
                hint="@retry(3)",
            )
        kinds = tuple(on) if isinstance(on, list | tuple | set | frozenset) else (on,)
        for kind in kinds:
            if not (isinstance(kind, type) and issubclass(kind, Exception)):
                raise self.error(f"on={kind!r} is no class below Exception", hint="on=(OSError, ...)")
            if issubclass(kind, UserError):
                raise self.error(f"on={kind.__name__}: what that says is to be mended, and not tried again")
        seconds = self._read_seconds(wait, "5s")
        if seconds < 0:
            raise self.error(f"wait={wait!r} is less than nothing")
        self._retry = Retry(n, kinds, seconds)

    def _note(self, node: Node) -> Node:
        if node.retry is not None:
            raise self.error("it stands on the function twice", hint="say it once")
        return replace(node, retry=self._retry)


class timeout(_Limits):  # noqa: N801
    """End the function's call where it takes longer: `@timeout("10m")`. The node has failed then.

    With `@retry`, each try has its own time.
    """

    def __init__(self, limit: str | float) -> None:
        if callable(limit):
            raise self.error("how long a call may take is not said", hint='@timeout("10m")')
        self._seconds = self._read_seconds(limit, "10m")
        if self._seconds <= 0:
            raise self.error(f"{limit!r} is no time to do anything in")

    def _note(self, node: Node) -> Node:
        if node.timeout is not None:
            raise self.error("it stands on the function twice", hint="say it once")
        return replace(node, timeout=self._seconds)


class resources(_Limits):  # noqa: N801
    """Say what a call of the function takes, so that not too much runs beside it: `@resources(cpus=4, memory="8 GiB")`.

    On this machine, `cpus` are taken of the `jobs`, `memory` of the executor's memory. A Ray cluster is asked for
    all of it; `custom` are resources that its machines are said to have, by name.
    """

    def __init__(
        self,
        cpus: float = 1,
        gpus: float = 0,
        memory: str | int | None = None,
        custom: Mapping[str, float] | None = None,
    ) -> None:
        if callable(cpus):
            raise self.error("what a call takes is not said", hint="@resources(cpus=2)")
        self._resources = Resources(
            self._read_number("cpus", cpus),
            self._read_number("gpus", gpus, zero=True),
            None if memory is None else self._read_size(memory),
            {
                str(name): self._read_number(f"custom {name!r}", given)
                for name, given in (custom or {}).items()
            },
        )

    def _read_number(self, name: str, given: Any, *, zero: bool = False) -> float:
        is_number = isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)
        if is_number and (given > 0 or (zero and given == 0)):
            return float(given)
        raise self.error(f"{name}={given!r} is no number of them that a call could take")

    def _read_size(self, given: Any) -> int:
        try:
            return int(size(given))
        except Refused as refused:
            raise self.error(f"memory {refused.message}", hint='memory="4 GiB"') from None

    def _note(self, node: Node) -> Node:
        if node.resources is not MODEST:
            raise self.error("it stands on the function twice", hint="say it once")
        return replace(node, resources=self._resources)


class ray_remote_options(resources):  # noqa: N801
    """`resources` by Ray's names, as in Hamilton: `@ray_remote_options(num_cpus=2, num_gpus=1, resources={"tpu": 1})`.

    What Ray retries or names is not for it: `@retry` says the one, and steps have the names of their nodes.
    """

    def __init__(
        self,
        *,
        num_cpus: float = 1,
        num_gpus: float = 0,
        memory: str | int | None = None,
        resources: Mapping[str, float] | None = None,
        **others: Any,
    ) -> None:
        if others:
            name = next(iter(others))
            hint = "@retry(3)" if "retr" in name else "num_cpus, num_gpus, memory and resources are taken"
            raise self.error(f"there is nothing here that '{name}' could mean", hint=hint)
        super().__init__(num_cpus, num_gpus, memory, resources)
