"""Decorators, each twice: the line above the function, and what becomes of the plain functions that stand for its nodes.

Knows no whole projects. What can be edited in one has a name, by which `Said` tells it.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

from tests.property.plain import Plain, find_last, replace_last, take

MODULUS = (97, 97, 5, 2)
"""What numbers are cut to: by the small ones, another number often gives the same."""


@dataclass(frozen=True)
class Ref:
    """A node by the function that makes it, whatever that is called, and what is behind its name."""

    maker: str
    suffix: str = ""

    @property
    def plain(self) -> bool:
        """Whether a parameter can be called so."""
        return "." not in self.suffix


@dataclass
class Words:
    """What a project says at one moment, and by which names its numbers were asked for."""

    numbers: Mapping[str, int]
    titles: Mapping[str, str]
    remarks: Mapping[str, int]
    asked: set[str] = field(default_factory=set)
    titled: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Said:
    """What one function or step finds said: its numbers begin with `key`, `config` is what its decorators see."""

    words: Words
    key: str
    config: Mapping[str, str]

    def number(self, role: str) -> int:
        """Return a number from 1 to 9, or what it was edited to."""
        name = f"{self.key}.{role}"
        self.words.asked.add(name)
        return self.words.numbers.get(name, zlib.crc32(name.encode()) % 9 + 1)

    def pick(self, role: str, among: Sequence[Ref]) -> str:
        """Return the name of one of these nodes."""
        return self.name(among[self.number(role) % len(among)])

    def name(self, ref: Ref) -> str:
        """Return what a node is called."""
        return self.title(ref.maker) + ref.suffix

    def title(self, maker: str) -> str:
        """Return what a function is called now."""
        self.words.titled.add(maker)
        return self.words.titles.get(maker, maker)

    def modulus(self) -> int:
        """Return what a number is cut to."""
        return MODULUS[self.number("modulus") % len(MODULUS)]

    def of(self, key: str) -> Said:
        """Return what something else finds said."""
        return replace(self, key=key)

    def define(self, head: str, parameters: str, kind: str, expression: str) -> str:
        """Return a function with its documentation and remarks."""
        told = self.words.remarks.get(self.key.split(".")[0], 0)
        doc = f'    """Says {told}."""\n' if told % 2 else ""
        remark = f"    # about {told}\n" if told > 1 else ""
        return f"def {head}({parameters}) -> {kind}:\n{doc}{remark}    return {expression}\n"

    def bind(self, role: str, among: Sequence[Ref], literal: bool = True) -> tuple[str, str]:
        """Return what a decorator gives a parameter, and what a plain function writes there."""
        if literal and self.number(f"{role} how") % 2:
            number = self.number(role)
            return f"value({number})", str(number)
        name = self.pick(f"{role} source", among)
        return f'source("{name}")', take(name)


class Layer(Protocol):
    """A decorator: `line` is how it is written, `apply` what it makes of the nodes."""

    stage: ClassVar[int]

    def line(self, said: Said, title: str) -> str:
        """Return the line above the function; nothing where it is said elsewhere."""
        ...

    def apply(self, nodes: list[Plain], said: Said, title: str) -> list[Plain]:
        """Return the plain functions that stand there instead."""
        ...


@dataclass(frozen=True)
class Parameterize:
    """`parameterize` and its kin, of the parameter `a`."""

    kind: str
    entries: tuple[str, ...]
    among: tuple[Ref, ...]
    stage: ClassVar[int] = 1

    def _bind(self, said: Said, entry: str) -> tuple[str, str]:
        if self.kind == "values":
            number = said.number(f"entry {entry}")
            return str(number), str(number)
        return said.bind(f"entry {entry}", self.among, literal=self.kind == "any")

    def line(self, said: Said, title: str) -> str:
        made: list[str] = []
        for entry in self.entries:
            name, (given, plain) = f"{title}_{entry}", self._bind(said, entry)
            match self.kind:
                case "values":
                    told = f'("{name}", "documented {said.number(f"told {entry}")}")'
                    made.append(f"{told}: {given}")
                case "sources":
                    made.append(f'{name}={{"a": "{plain[1:-1].partition(":")[0]}"}}')
                case _:
                    made.append(f'{name}=({{"a": {given}}}, "documented {said.number(f"told {entry}")}")')
        if self.kind == "values":
            return f'@parameterize_values("a", {{{", ".join(made)}}})\n'
        return f"@parameterize{'_sources' if self.kind == 'sources' else ''}({', '.join(made)})\n"

    def apply(self, nodes: list[Plain], said: Said, title: str) -> list[Plain]:
        (node,) = nodes
        return [
            replace(node.with_argument("a", self._bind(said, entry)[1]), node=f"{title}_{entry}")
            for entry in self.entries
        ]


@dataclass(frozen=True)
class Inject:
    """`inject` of the parameter `a`: a node or value, or a group of them."""

    kind: str
    among: tuple[Ref, ...]
    stage: ClassVar[int] = 1

    def _bind(self, said: Said) -> tuple[str, str]:
        if self.kind == "one":
            return said.bind("injected", self.among)
        (first, one), (second, other) = (said.bind(f"injected {place}", self.among) for place in "lr")
        if self.kind == "list":
            return f"group({first}, {second})", f"[{one}, {other}]"
        return f"group(l={first}, r={second})", f"{{'l': {one}, 'r': {other}}}"

    def line(self, said: Said, title: str) -> str:
        return f"@inject(a={self._bind(said)[0]})\n"

    def apply(self, nodes: list[Plain], said: Said, title: str) -> list[Plain]:
        return [each.with_argument("a", self._bind(said)[1]) for each in nodes]


@dataclass(frozen=True)
class Step:
    """A use of a function that a value passes; `when` is the config that wants it, `named` what its node is called."""

    key: str
    function: str
    among: tuple[Ref, ...]
    when: str = ""
    named: str = ""

    def _keys(self, said: Said) -> tuple[Said, str]:
        own = said.of(self.key)
        return own, f"_{own.title(self.function)}"

    def write(self, said: Said) -> str:
        """Return how it is written in a list of steps."""
        own, function = self._keys(said)
        given = own.bind("step", self.among)[0]
        written = f"step({function}, {'k=' if own.number('way') % 2 else ''}{given})"
        return written + self.write_use()

    def write_use(self) -> str:
        """Return what is said of its use behind that."""
        when = f'.when(mode="{self.when}")' if self.when else ""
        return when + (f'.named("{self.named}")' if self.named else "")

    def helper(self, said: Said) -> tuple[str, str]:
        """Return the function, by its name."""
        name = f"_{said.title(self.function)}"
        own = said.of(self.function)
        body = f"(v * {own.number('body')} + k + j + LIMIT) % {own.modulus()}"
        return name, own.define(name, f"v: int, k: int, j: int = {own.number('default')}", "int", body)

    def apply(self, node: str, argument: str, said: Said) -> Plain:
        """Return the plain function."""
        own, function = self._keys(said)
        return Plain(
            node,
            f"{function}($v, $k, $j)",
            {"v": argument, "k": own.bind("step", self.among)[1], "j": self._default(own)},
        )

    def _default(self, own: Said) -> str:
        return take("j", default=f"={own.of(self.function).number('default')}")


def chain(steps: Sequence[Step], owner: str, argument: str, said: Said) -> list[Plain]:
    """Return the plain functions of the steps that the config wants, one behind the other."""
    uses: Counter[str] = Counter()
    made: list[Plain] = []
    for each in steps:
        if each.when and each.when != said.config["mode"]:
            continue
        called = said.title(each.function)
        name = each.named or f"with_{called}{f'_{uses[called]}' if uses[called] else ''}"
        uses[called] += 1
        made.append(each.apply(f"{owner}.{name}", argument, said))
        argument = take(made[-1].node)
    return made


@dataclass(frozen=True)
class PipeInput:
    """`pipe_input` of the parameter `a`."""

    steps: tuple[Step, ...]
    stage: ClassVar[int] = 2

    def line(self, said: Said, title: str) -> str:
        return f"@pipe_input({', '.join(each.write(said) for each in self.steps)})\n"

    def apply(self, nodes: list[Plain], said: Said, title: str) -> list[Plain]:
        made: list[Plain] = []
        for each in nodes:
            led = chain(self.steps, each.node, each.arguments["a"], said) if each.maker else []
            made += [*led, each.with_argument("a", take(led[-1].node)) if led else each]
        return made


@dataclass(frozen=True)
class PipeOutput:
    """`pipe_output`, or with `mutated` the steps that functions by `mutate` are; of all outputs, or of one."""

    steps: tuple[Step, ...] = ()
    mutated: tuple[Step, ...] = ()
    output: str = ""
    stage: ClassVar[int] = 3

    def line(self, said: Said, title: str) -> str:
        if not self.steps:
            return ""
        output = f', on_output="{title}{self.output}"' if self.output else ""
        return f"@pipe_output({', '.join(each.write(said) for each in self.steps)}{output})\n"

    def apply(self, nodes: list[Plain], said: Said, title: str) -> list[Plain]:
        def follow(node: Plain) -> list[Plain]:
            if self.output and node.node != title + self.output:
                return [node]
            raw = replace(node, node=f"{node.node}.raw")
            led = chain((*self.steps, *self.mutated), node.node, take(raw.node), said)
            return [raw, *led, Plain(node.node, "$v", {"v": take(led[-1].node)})] if led else [node]

        return replace_last(nodes, follow)


@dataclass(frozen=True)
class Check:
    """`check_output`, which every value passes."""

    stage: ClassVar[int] = 3

    def line(self, said: Said, title: str) -> str:
        return f'@check_output(range=(0, {99 + said.number("range")}), importance="fail")\n'

    def apply(self, nodes: list[Plain], said: Said, title: str) -> list[Plain]:
        def check(node: Plain) -> list[Plain]:
            raw, most = take(f"{node.node}_raw", node.type), 99 + said.number("range")
            found = f"{node.node}_range_validator"
            return [
                replace(node, node=f"{node.node}_raw"),
                Plain(found, f"(0 <= $v <= {most}, 'from 0 to {most}')", {"v": raw}, "tuple[bool, str]"),
                Plain(node.node, "_passed($v, $r)", {"v": raw, "r": take(found, "tuple[bool, str]")}, node.type),
            ]  # fmt: skip

        return replace_last(nodes, check)


@dataclass(frozen=True)
class Extract:
    """`extract_fields`, `unpack_fields` or `extract_columns`; with `fill` also what the function does not give."""

    kind: str
    fill: bool = False
    stage: ClassVar[int] = 3

    def _names(self, title: str) -> list[str]:
        return [f"{title}_{part}" for part in ("p", "q", "r")[: 3 if self.fill else 2]]

    def line(self, said: Said, title: str) -> str:
        names = ", ".join(f'"{name}"' for name in self._names(title))
        fill = f", fill_with={said.number('fill')}" if self.fill else ""
        match self.kind:
            case "fields":
                return f"@extract_fields({{{names.replace(',', ': int,')}: int}}{fill})\n"
            case "unpack":
                return f"@unpack_fields({names})\n"
            case _:
                return f"@extract_columns({names}{fill})\n"

    def apply(self, nodes: list[Plain], said: Said, title: str) -> list[Plain]:
        (whole,) = find_last(nodes)
        filled = whole
        if self.fill:
            filled = replace(
                whole, text=f"_fill_{self.kind}({whole.text}, '{title}_r', {said.number('fill')})"
            )
        made = [filled if each is whole else each for each in nodes]
        for place, name in enumerate(self._names(title)):
            if self.kind == "columns":
                kind = f"Annotated[pd.DataFrame, Columns('{name}')]"
                made.append(Plain(name, f"$t['{name}']", {"t": take(whole.node, kind)}, "pd.Series"))
            else:
                item = f"'{name}'" if self.kind == "fields" else str(place)
                made.append(Plain(name, f"$t[{item}]", {"t": take(whole.node, whole.type)}))
        return made


@dataclass(frozen=True)
class Tag:
    """`tag`, which counts for nothing."""

    stage: ClassVar[int] = 4

    def line(self, said: Said, title: str) -> str:
        return f'@tag(owner="team {said.number("tag")}")\n'

    def apply(self, nodes: list[Plain], said: Said, title: str) -> list[Plain]:
        return nodes
