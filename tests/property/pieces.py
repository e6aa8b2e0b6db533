"""Decorated functions, each with the plain functions that stand for its nodes: single ones, and graphs within a node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tests.property.layers import Inject, Layer, Parameterize, PipeInput, PipeOutput, Ref, Said, Step
from tests.property.plain import Plain, take

HEAD = """\
from typing import Annotated, Any

import pandas as pd

from dagbuild import *

LIMIT = {limit}

"""
"""What each module begins with, the one with the plain functions, too."""

HELPERS = """
def _passed(value: Any, found: tuple[bool, str]) -> Any:
    assert found[0], found[1]
    return value


def _fill_fields(given: dict, name: str, fill: int) -> dict:
    return {**given, name: fill}


def _fill_columns(frame: pd.DataFrame, name: str, fill: int) -> pd.DataFrame:
    return frame.assign(**{name: fill})

"""

RESULTS = {
    "number": "int",
    "fields": "dict",
    "unpack": "tuple[int, int]",
    "columns": "pd.DataFrame",
    "elements": "int",
    "series": "pd.Series",
}


@dataclass(frozen=True)
class Inner:
    """A graph within a node, of a module's functions, as `subdag`, `parameterized_subdag` or `with_columns` makes it.

    `among` are what its inputs are taken from, or the frame; `parts` what is behind the name of each node that is made
    so; `configured` is whether it has a config of its own.
    """

    way: str
    pieces: tuple[Piece, ...]
    among: tuple[Ref, ...]
    parts: tuple[str, ...] = ("",)
    configured: str = ""

    def see(self, said: Said) -> Said:
        """Return what its functions find said."""
        mode = "off" if said.number("mode") % 2 else "on"
        return replace(said, config={**said.config, "mode": mode}) if self.configured == "own" else said

    def line(self, said: Said, title: str, module: str) -> str:
        """Return the decorator."""
        if self.way == "with_columns":
            names = ", ".join(f'"{said.name(self.among[0])}_{part}"' for part in "pq")
            return f"@with_columns({module}, columns_to_pass=[{names}])\n"
        config = ", ".join(f'"{key}": {each[0]}' for key, each in self._configure(said).items())
        config = f", config={{{config}}}" if config else ""
        if self.way == "subdag":
            return f"@subdag({module}, {self._write_inputs(said, '')}{config})\n"
        parts = ", ".join(f"{title}{part}=dict({self._write_inputs(said, part)})" for part in self.parts)
        return f"@parameterized_subdag({module}, {parts}{config})\n"

    def _write_inputs(self, said: Said, part: str) -> str:
        written = ", ".join(f'"{key}": {each[0]}' for key, each in self._bind(said, part).items())
        return f"inputs={{{written}}}"

    def _bind(self, said: Said, part: str) -> dict[str, tuple[str, str]]:
        return {name: said.bind(f"input {part} {name}", self.among) for name in ("u", "w")}

    def _configure(self, said: Said) -> dict[str, tuple[str, str]]:
        if not self.configured:
            return {}
        rate, mode = str(said.number("rate")), f'"{self.see(said).config["mode"]}"'
        same = 'configuration("mode")', take("mode", "str")
        return {"mode": same if self.configured == "same" else (mode, mode), "rate": (rate, rate)}

    def expand(self, said: Said, title: str, part: str) -> list[Plain]:
        """Return the plain functions within."""
        namespace = title + part
        ordered = sorted(self.pieces, key=lambda each: said.title(each.key))  # as in a module
        inner = [each for piece in ordered for each in piece.expand(self.see(said))]
        if self.way == "with_columns":
            return self._append(said, namespace, inner)
        given = {**self._bind(said, part), **self._configure(said)}
        views = [
            Plain(f"{namespace}.{key}", "$v", {"v": text}, "str" if key == "mode" else "int", view=True)
            for key, (_, text) in given.items()
        ]
        return [*(each.under(namespace, [*(each.node for each in inner), *given]) for each in inner), *views]

    def _append(self, said: Said, namespace: str, inner: Sequence[Plain]) -> list[Plain]:
        """Return the columns that are passed and made, and the frame with all of them."""
        frame = said.name(self.among[0])
        names = [f"{frame}_{part}" for part in "pq"]
        passed = [
            Plain(
                f"{namespace}.{name}",
                f"$t['{name}']",
                {"t": take(frame, f"Annotated[pd.DataFrame, Columns('{name}')]")},
                "pd.Series",
            )
            for name in names
        ]
        moved = [each.under(namespace, [*(each.node for each in inner), *names]) for each in inner]
        columns = [each for each in (*passed, *moved) if each.type == "pd.Series"]
        put = ", ".join(f"{each.node.rpartition('.')[2]}=$c{n}" for n, each in enumerate(columns))
        taken = {f"c{n}": take(each.node, each.type) for n, each in enumerate(columns)}
        whole = Plain(
            f"{namespace}._append",
            f"$t.assign({put})",
            {"t": take(frame, "pd.DataFrame"), **taken},
            "pd.DataFrame",
        )
        return [*passed, *moved, whole]


@dataclass(frozen=True)
class Piece:
    """A function with decorators, the nearest first. `first` and `second` are what its parameters may be taken from.

    `variants`: it is there once for each mode of the config. `base` says what it is by itself: `body`, or what `does`
    puts in its place. `mutated` are functions that are put behind it.
    """

    key: str
    shape: str
    first: tuple[Ref, ...]
    second: tuple[Ref, ...]
    layers: tuple[Layer, ...] = ()
    variants: bool = False
    base: str = "body"
    inner: Inner | None = None
    mutated: tuple[Step, ...] = ()
    first_kind: str = "int"
    default: bool = False

    # -- what both are made of -------------------------------------------------------------------------------------

    @property
    def module(self) -> str:
        """The module of the functions within."""
        return f"within_{self.key}"

    def _modes(self) -> Sequence[str]:
        return ("on", "off") if self.variants else ("",)

    def _said(self, said: Said, mode: str) -> Said:
        return said.of(f"{self.key}.{mode}" if mode else self.key)

    def _parameters(self, said: Said) -> dict[str, tuple[str, str, str]]:
        """Return the parameters `a`, `b` and perhaps `c`: (name in the signature, annotation, default)."""
        layer = next((each for each in self.layers if isinstance(each, Parameterize | Inject)), None)
        kinds = {"list": "list[int]", "dict": "dict[str, int]"}
        kind = kinds.get(layer.kind, "int") if isinstance(layer, Inject) else self.first_kind
        found = {
            "a": ("a" if layer else said.pick("first", self.first), kind, ""),
            "b": (said.pick("second", self.second), "int", ""),
        }
        if self.default:
            found["c"] = ("c", "int", f" = {said.number('default')}")
        return found

    def _define(self, said: Said, name: str, called: Sequence[str]) -> str:
        """Return the function with its body, whose parameters are called so."""
        forms = [(kind, default) for _, kind, default in self._parameters(said).values()]
        parameters = [f"{each}: {kind}{default}" for each, (kind, default) in zip(called, forms, strict=True)]
        kind = RESULTS[self.shape]
        result = f"Parallelizable[{kind}]" if self.shape == "elements" else kind
        return said.define(name, ", ".join(parameters), result, self._write_body(said, called))

    def _write_body(self, said: Said, names: Sequence[str]) -> str:
        """Return what the body gives, of its parameters under these names."""
        first, second, *others = names
        kind = self._parameters(said)["a"][1]
        ways = {
            "int": first,
            "list[int]": f"sum({first})",
            "Collect[int]": f"sum({first})",
            "dict[str, int]": f"sum({first}.values())",
            "pd.Series": f"int({first}.sum())",
            "pd.DataFrame": f"int({first}.select_dtypes('number').to_numpy().sum())",
        }
        whole = " + ".join([f"{ways[kind]} * {said.number('body')}", second, *others, "LIMIT"])
        number, title = f"({whole}) % {said.modulus()}", said.title(self.key)
        other = f"({second} + {said.number('other')}) % {said.modulus()}"
        match self.shape:
            case "fields":
                return f"{{'{title}_p': {number}, '{title}_q': {other}}}"
            case "unpack":
                return f"({number}, {other})"
            case "columns":
                return f"pd.DataFrame({{'{title}_p': [{number}, 1], '{title}_q': [{other}, {second}]}})"
            case "elements":
                return f"[({number} + each) % {said.modulus()} for each in range({other} % 3 + 1)]"
            case "series":
                return f"{first} * {said.number('body')} + {second}"
            case _:
                return number

    def _write_done(self, said: Said, name: str) -> str:
        """Return what `does` puts in the function's place."""
        if self.base == "mapped":
            return self._define(said, name, "pqc"[: 3 if self.default else 2])
        return said.define(name, "**given: int", "int", f"sum(given.values()) * {said.number('body')} % 97")

    def _write_helpers(self, said: Said) -> Iterator[tuple[str, str]]:
        """Yield the functions that decorators name, by their names."""
        for layer in self.layers:
            if isinstance(layer, PipeInput | PipeOutput):
                yield from (step.helper(said) for step in layer.steps)
        for mode in self._modes() if self.base != "body" else ():
            name = self._name_of_done(said, mode)
            yield name, self._write_done(self._said(said, mode), name)

    def _name_of_done(self, said: Said, mode: str) -> str:
        return f"_{said.title(self.key)}_done{mode}"

    # -- with decorators -------------------------------------------------------------------------------------------

    def decorate(self, said: Said) -> dict[str, str]:
        """Return the functions with decorators, and those that these name before them, by their names."""
        written = dict(self._write_helpers(said))
        title = said.title(self.key)
        for mode in self._modes():
            own = self._said(said, mode)
            name = f"{title}__{mode}" if mode else title
            called = [each for each, _, _ in self._parameters(own).values()]
            function = self._define(own, name, called)
            lines = [each.line(own, title) for each in self.layers]
            if self.inner is not None:
                lines.insert(0, self.inner.line(own, title, self.module))
            if self.base != "body":
                function = function.partition("\n")[0] + "\n    pass\n"
                mapped = f', p="{called[0]}", q="{called[1]}"' if self.base == "mapped" else ""
                lines.insert(0, f"@does({self._name_of_done(said, mode)}{mapped})\n")
            if mode:
                way = f'when(mode="{mode}")' if own.number("when") % 2 else f'when_in(mode=["{mode}", "?"])'
                lines.append(f"@config.{way}\n")
            written[name] = "".join(reversed(lines)) + function
        for step in self.mutated:
            name, function = step.helper(said)
            given = said.of(step.key).bind("step", step.among)[0]
            written[name] = f'@mutate(apply_to("{title}", k={given}){step.write_use()})\n{function}'
        return written

    # -- without ---------------------------------------------------------------------------------------------------

    def write_plain_helpers(self, said: Said) -> dict[str, str]:
        """Return what the plain functions call, by its name."""
        written = dict(self._write_helpers(said)) | dict(step.helper(said) for step in self.mutated)
        for mode in self._modes():
            if self.base == "body":
                own, name = self._said(said, mode), self._name_of_body(said, mode)
                written[name] = self._define(own, name, "abc"[: 3 if self.default else 2])
        for piece in self.inner.pieces if self.inner else ():
            written |= piece.write_plain_helpers(said)
        return written

    def _name_of_body(self, said: Said, mode: str) -> str:
        return f"_{said.title(self.key)}_body{mode}"

    def expand(self, said: Said) -> list[Plain]:
        """Return the plain functions that stand for the nodes."""
        mode = said.config["mode"] if self.variants else ""
        own, title = self._said(said, mode), said.title(self.key)
        beside: list[Plain] = []
        nodes = [self._start(own, title, mode)]
        if self.inner is not None:
            first, nodes = nodes[0], []
            for part in self.inner.parts:
                made = self.inner.expand(own, title, part)
                beside += made
                nodes.append(self._lead(first, title + part, [each.node for each in made]))
        layers: list[Layer] = list(self.layers)
        if self.mutated:
            place = next((n for n, each in enumerate(layers) if isinstance(each, PipeOutput)), None)
            if place is None:
                layers.append(PipeOutput(mutated=self.mutated))
            else:
                layers[place] = replace(layers[place], mutated=self.mutated)  # type: ignore[type-var]
        for layer in sorted(layers, key=lambda each: each.stage):
            nodes = layer.apply(nodes, own, title)
        return [*beside, *nodes]

    def _start(self, said: Said, title: str, mode: str) -> Plain:
        """Return the function before anything is done to it."""
        parameters = self._parameters(said)
        called = self._name_of_body(said, mode) if self.base == "body" else self._name_of_done(said, mode)
        given = ", ".join(f"${role}" for role in parameters)
        if self.base == "words":
            given = ", ".join(f"{name}=${role}" for role, (name, _, _) in parameters.items())
        taken = {
            role: take(name, kind, default.replace(" ", ""))
            for role, (name, kind, default) in parameters.items()
        }
        kind, expands = RESULTS[self.shape], self.shape == "elements"
        return Plain(title, f"{called}({given})", taken, kind, maker=True, expands=expands)

    def _lead(self, node: Plain, name: str, within: Sequence[str]) -> Plain:
        """Return the function as it takes what is within."""
        assert self.inner is not None
        if self.inner.way == "with_columns":
            return node.with_argument("a", take(f"{name}._append", "pd.DataFrame"))
        inside = {each.removeprefix(f"{name}.") for each in within}
        return replace(node, node=name).taking_within(name, inside)
