"""A project of functions with decorators, which chance has put together, and the same graph written by hand.

`make_project` gives one for each number. Builds nothing, and knows no edits.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tests.property.layers import (
    Check,
    Extract,
    Inject,
    Layer,
    Parameterize,
    PipeInput,
    PipeOutput,
    Ref,
    Said,
    Step,
    Tag,
    Words,
)
from tests.property.pieces import HEAD, HELPERS, Inner, Piece
from tests.property.plain import Plain, write_all

MODES = ("on", "off")


@dataclass(frozen=True)
class Decorated:
    """A project at one moment: its functions, and what is said in them, in the config and as inputs."""

    pieces: tuple[Piece, ...]
    config: Mapping[str, int] = field(default_factory=lambda: {"mode": 0, "rate": 3})
    inputs: Mapping[str, int] = field(default_factory=lambda: {"x": 4, "y": 5})
    numbers: Mapping[str, int] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def words(self) -> Words:
        """What is said in the functions."""
        return Words(self.numbers, self.titles, self.remarks)

    @cached_property
    def used_config(self) -> dict[str, str | int]:
        """The config as nodes see it."""
        return {"mode": MODES[self.config["mode"] % 2], "rate": self.config["rate"]}

    @cached_property
    def said(self) -> Said:
        """What decorators see."""
        return Said(self.words, "", {"mode": str(self.used_config["mode"])})

    @cached_property
    def plain(self) -> list[Plain]:
        """The plain functions, one for each node."""
        return [each for piece in self.pieces for each in piece.expand(self.said)]

    def write_decorated(self) -> dict[str, str]:
        """Return the texts of the modules with decorators, by their names."""
        modules = {each.module: each.inner.pieces for each in find_all(self.pieces) if each.inner}
        imports = "".join(f"import {name}\n" for name in modules)
        head = HEAD.format(limit=self.said.of("constant").number("LIMIT"))
        texts = {name: self._write(head, pieces) for name, pieces in modules.items()}
        inner = {
            name: "".join(f"import {each.module}\n" for each in pieces if each.inner) + texts[name]
            for name, pieces in modules.items()
        }
        return {**inner, "nodes": imports + self._write(head, self.pieces)}

    def _write(self, head: str, pieces: Sequence[Piece]) -> str:
        written: dict[str, str] = {}
        for piece in pieces:
            written |= piece.decorate(self.said)
        return head + "\n\n".join(written.values())

    def write_plain(self) -> dict[str, str]:
        """Return the text of the module without decorators, by its name."""
        helpers: dict[str, str] = {}
        for piece in self.pieces:
            helpers |= piece.write_plain_helpers(self.said)
        head = HEAD.format(limit=self.said.of("constant").number("LIMIT")) + HELPERS
        return {"plain": head + "\n\n".join(helpers.values()) + "\n\n" + write_all(self.plain)}


def find_all(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the functions and those within their nodes."""
    return [
        found
        for each in pieces
        for found in (each, *(find_all(each.inner.pieces) if each.inner is not None else ()))
    ]


@dataclass
class Known:
    """What chance may take: numbers, columns, frames; within a block also elements."""

    numbers: list[Ref]
    columns: list[Ref] = field(default_factory=list)
    frames: list[Ref] = field(default_factory=list)
    elements: list[Ref] = field(default_factory=list)


@dataclass
class Maker:
    """Puts projects together."""

    chance: random.Random
    made: int = 0

    def _key(self, letter: str) -> str:
        self.made += 1
        return f"{letter}{self.made}"

    def project(self) -> Decorated:
        """Return a project of some functions."""
        known = Known([Ref("x"), Ref("y"), Ref("rate")])
        start = Piece(
            self._key("f"), "number", (Ref("x"),), (Ref("y"),)
        )  # an input that nobody takes is refused
        known.numbers.append(Ref(start.key))
        return Decorated((start, *self.pieces(known, self.chance.randint(3, 5), deep=0)))

    def pieces(self, known: Known, count: int, deep: int) -> list[Piece]:
        """Return so many functions, the last of which has numbers to take."""
        shapes = ["number"] * 4 + ["fields", "unpack", "columns"]
        shapes += ["elements"] * (deep == 0) + ["subdag", "parameterized_subdag"] * (deep < 2)
        made: list[Piece] = []
        for _ in range(count):
            shape = self.chance.choice(shapes)
            if known.columns and self.chance.random() < 0.5:
                shape = "total"
            if known.frames and self.chance.random() < 0.4:
                shape = "with_columns"
            match shape:
                case "subdag" | "parameterized_subdag":
                    made.append(self.subdag(known, shape, deep))
                case "with_columns":
                    made.append(self.with_columns(known))
                case "elements":
                    made += self.block(known)
                case _:
                    made.append(self.piece(known, shape))
        return made

    # -- single functions ------------------------------------------------------------------------------------------

    def piece(self, known: Known, shape: str, first: Sequence[Ref] = (), kind: str = "int") -> Piece:
        """Return a function that gives numbers, or columns of them."""
        key, numbers = self._key("f"), known.numbers
        if shape == "total":
            shape, first, kind = "number", known.columns, "pd.Series"
        free = not first
        plain = [each for each in numbers if each.plain]
        second = known.elements or plain[1::2]
        layers: list[Layer] = []
        expand = self._expand(numbers) if free and self.chance.random() < 0.6 else None
        single = shape == "number" or not isinstance(expand, Parameterize)
        if expand is not None and single:
            layers.append(expand)
        names = (
            [f"_{entry}" for entry in expand.entries] if isinstance(expand, Parameterize) and single else [""]
        )
        grouped = isinstance(expand, Inject) and expand.kind != "one"
        if free and not grouped and self.chance.random() < 0.35:
            layers.append(PipeInput(self._steps(numbers, conditional=True)))
        if shape == "number":
            steps = self._steps(numbers, conditional=True)
            transforms = self._shuffled([(Check(), 0.3), (PipeOutput(steps), 0.3)])
        else:
            transforms = [Extract(shape, fill=shape != "unpack" and self.chance.random() < 0.4)]
            if shape != "columns":
                output = self.chance.choice(["", "_p"])
                steps = self._steps(numbers)
                transforms += self._shuffled([(Check(), 0.3), (PipeOutput(steps, output=output), 0.3)])
        if self.chance.random() < 0.3:
            layers.append(Tag())
        # Which of different stages stand above which says nothing.
        layers = [*transforms, *layers] if self.chance.random() < 0.3 else [*layers, *transforms]
        on_one = any(isinstance(each, PipeOutput) and each.output for each in layers)
        mutable = shape in ("number", "fields", "unpack") and not on_one and self.chance.random() < 0.2
        made = Piece(
            key,
            shape,
            tuple(first or plain[::2]),
            tuple(second),
            tuple(layers),
            variants=self.chance.random() < 0.2,
            base=self._base(shape, kind, grouped, known),
            mutated=self._steps(numbers, most=1, letter="m") if mutable else (),
            first_kind=kind,
            default=self.chance.random() < 0.25,
        )
        if shape == "columns":
            parts = ("p", "q", "r")[: 3 if any(isinstance(e, Extract) and e.fill for e in layers) else 2]
            known.columns += [Ref(key, f"_{part}") for part in parts]
            known.frames.append(Ref(key))
            return made
        if shape != "number":
            names = ["_p", "_q"]
        found = [Ref(key, name) for name in names]
        if any(
            isinstance(e, PipeOutput) and not e.output and not any(s.when for s in e.steps) for e in layers
        ):
            found += [Ref(key, f"{name}.raw") for name in names[:1]]
        (known.elements if known.elements else numbers).extend(found)
        return made

    def _base(self, shape: str, kind: str, grouped: bool, known: Known) -> str:
        if shape != "number" or kind != "int" or grouped:
            return "body"
        return self.chance.choice(["body", "body", "body", "words", "mapped"])

    def _expand(self, among: Sequence[Ref]) -> Parameterize | Inject:
        refs = tuple(self.chance.sample(among, min(3, len(among))))
        if self.chance.random() < 0.4:
            return Inject(self.chance.choice(["one", "list", "dict"]), refs)
        return Parameterize(self.chance.choice(["any", "any", "sources", "values"]), ("one", "two"), refs)

    def _steps(
        self, among: Sequence[Ref], most: int = 2, letter: str = "s", conditional: bool = False
    ) -> tuple[Step, ...]:
        made: list[Step] = []
        for _ in range(self.chance.randint(1, most)):
            again = bool(made) and self.chance.random() < 0.4
            made.append(
                Step(
                    self._key("use"),
                    made[-1].function if again else self._key(letter),
                    tuple(self.chance.sample(among, min(2, len(among)))),
                    self.chance.choice(["", "", *MODES]) if conditional else "",
                    self._key("named") if self.chance.random() < 0.3 else "",
                )
            )
        return tuple(made)

    def _shuffled(self, layers: Sequence[tuple[Layer, float]]) -> list[Layer]:
        chosen = [layer for layer, share in layers if self.chance.random() < share]
        self.chance.shuffle(chosen)
        return chosen

    # -- several ---------------------------------------------------------------------------------------------------

    def block(self, known: Known) -> list[Piece]:
        """Return what gives elements, what takes each of them, and what collects that."""
        key = self._key("e")
        plain = [each for each in known.numbers if each.plain]
        gives = Piece(
            key, "elements", tuple(plain[::2]), tuple(plain[1::2]), variants=self.chance.random() < 0.2
        )
        inside = Known(list(known.numbers), elements=[Ref(key)])
        each = [
            self.piece(inside, self.chance.choice(["number", "number", "fields", "unpack"]))
            for _ in range(self.chance.randint(1, 2))
        ]
        plain_elements = [ref for ref in inside.elements[1:] if ref.plain]
        collects = self.piece(known, "number", plain_elements, "Collect[int]")
        return [gives, *each, collects]

    def subdag(self, known: Known, way: str, deep: int) -> Piece:
        """Return a function with a graph within, once or for each of two entries."""
        inside = Known([Ref("u"), Ref("w"), Ref("rate")])
        start = Piece(self._key("g"), "number", (Ref("u"),), (Ref("w"),))
        inside.numbers.append(Ref(start.key))
        pieces = [start, *self.pieces(inside, self.chance.randint(1, 2), deep + 1)]
        plain = [each for each in inside.numbers[3:] if each.plain]
        key = self._key("d")
        parts = ("_one", "_two") if way == "parameterized_subdag" else ("",)
        inner = Inner(
            way,
            tuple(pieces),
            tuple(self.chance.sample(known.numbers, min(3, len(known.numbers)))),
            parts,
            self.chance.choice(["", "own", "same"]),
        )
        layers = self._shuffled([(Check(), 0.3), (PipeOutput(self._steps(known.numbers)), 0.3)])
        known.numbers += [Ref(key, part) for part in parts]
        first = plain[:-1] or [Ref("u")]
        return Piece(key, "number", tuple(first), (plain[-1],), tuple(layers), inner=inner)

    def with_columns(self, known: Known) -> Piece:
        """Return a function that takes a frame with columns that others make."""
        frame = self.chance.choice(known.frames)
        outside = [each for each in known.numbers if each.plain][:2]
        inner: list[Piece] = []
        columns = [Ref(frame.maker, f"_{part}") for part in "pq"]
        for _ in range(self.chance.randint(1, 2)):
            made = Piece(
                self._key("c"), "series", tuple(columns), tuple(outside), first_kind="pd.Series",
                variants=self.chance.random() < 0.3,
            )  # fmt: skip
            inner.append(made)
            columns.append(Ref(made.key))
        key = self._key("w")
        layers = self._shuffled([(Check(), 0.3), (PipeOutput(self._steps(known.numbers)), 0.3)])
        known.numbers.append(Ref(key))
        within = Inner("with_columns", tuple(inner), (frame,))
        return Piece(
            key, "number", (frame,), tuple(outside), tuple(layers), inner=within, first_kind="pd.DataFrame"
        )


def make_project(seed: int) -> Decorated:
    """Return the project that a number stands for."""
    return Maker(random.Random(seed)).project()
