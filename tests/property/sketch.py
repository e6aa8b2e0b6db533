"""A small model of a project that can be edited and written out as real modules and files.

A `Sketch` is a value: every edit returns another one. Written out it is a handful of Python files with nodes, helpers
in modules of their own that come by their numbers in many ways and call each other, constants, config, inputs and
overrides. All numbers are small and every result is taken modulo 5, so that different code often gives equal values:
that is where early cutoff can go wrong. Some nodes make a table of one row, of which others take all or some columns.

What decides values and what does not stand apart: fields that are `free` may change and nothing runs.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from tests.property.layout import lay_out
from tests.property.way import HEAD, Way
from tests.property.ways import WAYS

CONSTANTS = ("SIZE", "LIMIT")
INPUTS = ("start", "stop")
SETTINGS = ("rate", "level")
CHOICES: tuple[tuple[str, ...], ...] = ((), ("a",), ("b",), ("b", "a"), ("c", "b"))
"""Of columns to take; none means the whole table."""


def free(default: Any) -> Any:
    """Return a field that decides no value."""
    return field(default=default, metadata={"free": True})


@dataclass(frozen=True)
class Helper:
    """Adds a number, a constant and what other helpers say; `way` is how it is written.

    `title` is what it is called in the code, if not by its name; `own` is part of the names of what only it uses.
    """

    name: str
    number: int
    way: str = "function"
    calls: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    turned: bool = False
    local: str = free("value")
    title: str = free("")
    own: str = free("it")
    remark: str = free("")
    docstring: str = free("")
    annotated: bool = free(False)
    file: int = free(0)


@dataclass(frozen=True)
class NodeSketch:
    """A node: what it takes, calls and reads, in which file it stands, and whether it is never cached.

    `table`: it makes a table whose first column is its number; these are the second and third column, the index and a
    note. `columns`: those that it takes of each table.
    `dotted`: it says `tools.helper()` instead of `helper()`. `turned`: its terms stand the other way round.
    `named`: it calls its value `local` before it returns it.
    """

    name: str
    number: int
    file: int = free(0)
    takes: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    setting: str | None = None
    default: int = 0
    view: bool = False
    dotted: bool = False
    turned: bool = False
    table: tuple[int, int, int, int] | None = None
    columns: tuple[str, ...] = ()
    named: bool = False
    local: str = free("value")
    title: str = free("")
    remark: str = free("")


@dataclass(frozen=True)
class Sketch:
    """A whole project with what is given to it from outside.

    `layout` names what is done to each module's text; `turned` whether definitions stand in another order; `spare` what
    lies about and nothing reads; `place` in which copy of the project all this is; `touched` when its files were.
    """

    nodes: tuple[NodeSketch, ...]
    helpers: tuple[Helper, ...]
    constants: Mapping[str, int]
    config: Mapping[str, int]
    inputs: Mapping[str, int]
    overrides: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = free(("first", "second"))
    tools: tuple[str, ...] = free(("tools", "more"))
    layout: frozenset[str] = free(frozenset())
    turned: bool = free(False)
    spare: int = free(0)
    place: int = free(0)
    touched: int = free(0)

    @property
    def meaning(self) -> str:
        """What decides the values: everything but what is free."""
        return repr(_decisive(self))

    # -- what is written ---------------------------------------------------------------------------------------------

    def texts(self) -> dict[str, str]:
        """Return what is in each file."""
        texts = {"constants.py": self._constants_text()}
        for index, name in enumerate(self.tools):
            texts[f"{name}.py"] = self._tools_text(index)
        for index, name in enumerate(self.files):
            texts[f"{name}.py"] = self._file_text(index)
        for helper in self.helpers:
            texts |= WAYS[helper.way].fill_files(key=helper.name, number=helper.number)
        spare = {"data/spare.txt": f"{self.spare}\n"} if self.spare else {}
        return {
            name: lay_out(text, self.layout) if name.endswith(".py") else text for name, text in texts.items()
        } | spare

    def write(self, folder: Path) -> None:
        """Write all into the folder, and take away what no longer belongs there; what is as it was is left alone."""
        texts = self.texts()
        for path in [*folder.glob("*.py"), *folder.glob("data/**/*")]:
            if path.is_file() and path.relative_to(folder).as_posix() not in texts:
                path.unlink()
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_bytes() != text.encode():
                path.write_bytes(text.encode())
            if self.touched:
                os.utime(path, (1_700_000_000 + self.touched, 1_700_000_000 + self.touched))

    def _constants_text(self) -> str:
        lines = [f"{name} = {value}\n" for name, value in self.constants.items()]
        return "".join(reversed(lines) if self.turned else lines)

    def _tools_text(self, index: int) -> str:
        texts = [self._helper_text(helper) for helper in self.helpers if helper.file == index]
        texts = [_WEIGH, *texts] if index == 0 else texts
        if self.turned:
            texts.reverse()
        others = "\n".join(
            f"import {name}" for name in (*self.tools, "constants") if name != self.tools[index]
        )
        return "\n\n\n".join([f"{HEAD}\n\n{others}", *texts]) + "\n"

    def _file_text(self, index: int) -> str:
        texts = [self._node_text(node) for node in self.nodes if node.file == index]
        lines = ["from typing import Annotated", "from dagbuild import Columns, cache"]
        # An import that nothing uses is there for what it does, and counts for the whole file.
        lines += ["import pandas as pd"] if any("pd." in text for text in texts) else []
        lines += [f"import {', '.join((*self.tools, 'constants'))}", f"from {self.tools[0]} import weigh"]
        lines += [f"from {self.tools[helper.file]} import {_title(helper)}" for helper in self.helpers]
        if self.constants:
            lines.append(f"from constants import {', '.join(self.constants)}")
        if self.turned:
            texts.reverse()
        return "\n\n\n".join(["\n".join(lines), *texts]) + "\n"

    def _call(self, name: str, here: int | None, *, dotted: bool = True) -> str:
        helper = next(helper for helper in self.helpers if helper.name == name)
        prefix = f"{self.tools[helper.file]}." if dotted and helper.file != here else ""
        return f"{prefix}{_title(helper)}()"

    def _helper_text(self, helper: Helper) -> str:
        others = [self._call(name, helper.file) for name in helper.calls]
        others += [f"constants.{name}" for name in helper.constants]
        terms = [str(helper.number), *others]
        docs = f'"""{helper.docstring}"""\n' if helper.docstring else ""
        names = [f"    n_{index} = {index}\n" for index in range(4)]
        names.insert(helper.number, "    n_first = 9\n")
        text = WAYS[helper.way].fill(
            key=helper.name,
            name=_title(helper),
            own=f"{helper.name}_{helper.own}",
            number=helper.number,
            local=helper.local,
            others="".join(f" + {other}" for other in others),
            value=" + ".join(reversed(terms) if helper.turned else terms),
            doc=docs and f"    {docs}",
            indented=docs and f"        {docs}",
            arrow=" -> int" if helper.annotated else "",
            ordered="".join(names),
        )
        return f"# {helper.remark}\n{text}" if helper.remark else text

    def _node_text(self, node: NodeSketch) -> str:
        tools, constants = (f"{self.tools[0]}.", "constants.") if node.dotted else ("", "")
        titles = {other.name: _title(other) for other in self.nodes}
        taken = [
            f"{tools}weigh({titles[name]})" if name in self.tables else titles.get(name, name)
            for name in node.takes
        ]
        terms = [
            str(node.number),
            *taken,
            *(self._call(name, None, dotted=node.dotted) for name in node.calls),
        ]
        terms += [f"{constants}{name}" for name in node.constants]
        terms += [node.setting] if node.setting else []
        if node.turned:
            terms.reverse()  # other code for the same value
        some = f"Annotated[pd.DataFrame, Columns({', '.join(map(repr, node.columns))})]"
        table = some if node.columns else "pd.DataFrame"
        parameters = [
            f"{titles.get(name, name)}: {table if name in self.tables else 'int'}" for name in node.takes
        ]
        parameters += [f"{node.setting}: int = {node.default}"] if node.setting else []
        mark = '@cache("never")\n' if node.view else ""
        remark = f'    """{node.remark}"""\n    # {node.remark}\n' if node.remark else ""
        value, result = f"({' + '.join(terms)}) % 5", "int"
        if node.table:
            second, third, index, note = node.table
            value = f'pd.DataFrame({{"a": [{value}], "b": [{second}], "c": [{third}]}}, index=[{index}])'
            value, result = f"{self.tools[0]}.noted({value}, {note})", "pd.DataFrame"
        body = f"    {node.local} = {value}\n    return {node.local}" if node.named else f"    return {value}"
        return f"{mark}def {_title(node)}({', '.join(parameters)}) -> {result}:\n{remark}{body}"

    # -- what is given -----------------------------------------------------------------------------------------------

    @property
    def modules(self) -> list[str]:
        """The names of all modules that are written."""
        return [name.removesuffix(".py") for name in self.texts() if name.endswith(".py")]

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that helpers read, and one that nothing does."""
        found = {"SPARE": str(self.spare)}
        for helper in self.helpers:
            found |= WAYS[helper.way].fill_variables(key=helper.name, number=helper.number)
        return found

    @property
    def ways(self) -> list[Way]:
        """The ways in which its helpers are written."""
        return [WAYS[helper.way] for helper in self.helpers]

    @property
    def tables(self) -> set[str]:
        """The nodes that make a table."""
        return {node.name for node in self.nodes if node.table}

    @property
    def given_overrides(self) -> dict[str, Any]:
        """The overrides; a table of such numbers for a node that makes one."""
        return {
            _title(node): pd.DataFrame({"a": [value], "b": [1], "c": [1]}) if node.table else value
            for node in self.nodes
            if (value := self.overrides.get(node.name)) is not None
        }

    @property
    def targets(self) -> list[str]:
        """The nodes that nothing takes, as they are called; a view is nothing to build."""
        taken = {name for node in self.nodes for name in node.takes}
        return [_title(node) for node in self.nodes if node.name not in taken and not node.view]

    @property
    def used_inputs(self) -> dict[str, int]:
        """The inputs that some node takes: others would be refused."""
        taken = {name for node in self.nodes for name in node.takes}
        return {name: value for name, value in self.inputs.items() if name in taken}

    @property
    def used_config(self) -> dict[str, int]:
        """The config values that some node reads."""
        read = {node.setting for node in self.nodes}
        return {name: value for name, value in self.config.items() if name in read}


def _title(thing: Helper | NodeSketch) -> str:
    return thing.title or thing.name


def _decisive(value: Any) -> Any:
    """Return what a part of a sketch holds that is not free."""
    if dataclasses.is_dataclass(value):
        named = WAYS[value.way].named() if isinstance(value, Helper) else ()
        parts = (part for part in dataclasses.fields(value) if not part.metadata or part.name in named)
        return [_decisive(getattr(value, part.name)) for part in parts]
    if isinstance(value, Mapping):
        return sorted(value.items())
    return [_decisive(item) for item in value] if isinstance(value, tuple) else value


_WEIGH = """
def noted(table, note):
    table.attrs["note"] = note
    return table


def weigh(table):
    cells = sum((place + 1) * int(table[name].iloc[0]) for place, name in enumerate(table.columns))
    return cells + int(table.index[0]) + table.attrs.get("note", 0)
""".strip()
"""A number in which all that can be seen of a table counts."""
