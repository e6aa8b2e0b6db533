"""A small model of a project that can be edited and written out as real modules.

A `Sketch` is a value: every edit returns another one. Written out it is a handful of Python files with nodes, helpers
in modules of their own (functions, classes and closures that call each other), constants, config, inputs and
overrides. All numbers are small and every result is taken modulo 5, so that different code often gives equal values:
that is where early cutoff can go wrong. Some nodes make a table of one row, of which others take all or some columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

CONSTANTS = ("SIZE", "LIMIT")
INPUTS = ("start", "stop")
SETTINGS = ("rate", "level")
HELPER_STYLES = ("function", "class", "closure")
CHOICES: tuple[tuple[str, ...], ...] = ((), ("a",), ("b",), ("b", "a"), ("c", "b"))
"""Of columns to take; none means the whole table."""


@dataclass(frozen=True)
class Helper:
    """Adds a number, a constant and what other helpers say; how it is written is its style."""

    name: str
    number: int
    style: str = "function"
    calls: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class NodeSketch:
    """A node: what it takes, calls and reads, in which file it stands, and whether it is never cached.

    `table`: it makes a table whose first column is its number; these are the second and third column, the index and a
    note. `columns`: those that it takes of each table.
    `dotted`: it says `tools.helper()` instead of `helper()`. `turned`: its terms stand the other way round.
    """

    name: str
    number: int
    file: int
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
    remark: str = ""


@dataclass(frozen=True)
class Sketch:
    """A whole project with what is given to it from outside."""

    nodes: tuple[NodeSketch, ...]
    helpers: tuple[Helper, ...]
    constants: Mapping[str, int]
    config: Mapping[str, int]
    inputs: Mapping[str, int]
    overrides: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ("first", "second")
    tools: str = "tools"

    @property
    def meaning(self) -> str:
        """What decides the values: everything but remarks and where things stand."""
        nodes = [replace(node, remark="", file=0) for node in self.nodes]
        helpers = [replace(helper, remark="") for helper in self.helpers]
        parts = (self.constants, self.config, self.inputs, self.overrides)
        return repr((nodes, helpers, [sorted(part.items()) for part in parts]))

    def write(self, folder: Path) -> None:
        """Write the modules into the folder, and take away what is no longer one of them."""
        texts = {f"{self.tools}.py": self._tools_text(), "constants.py": self._constants_text()}
        for index, name in enumerate(self.files):
            texts[f"{name}.py"] = self._file_text(index)
        for path in folder.glob("*.py"):
            if path.name not in texts:
                path.unlink()
        for name, text in texts.items():
            (folder / name).write_text(text)

    def _constants_text(self) -> str:
        return "".join(f"{name} = {value}\n" for name, value in self.constants.items())

    def _tools_text(self) -> str:
        return (
            "\n\n".join(["import constants", _WEIGH, *(_helper_text(helper) for helper in self.helpers)])
            + "\n"
        )

    def _file_text(self, index: int) -> str:
        texts = [_node_text(node, self.tables) for node in self.nodes if node.file == index]
        lines = ["from typing import Annotated", "from dagbuild import Columns, cache"]
        # An import that nothing uses is there for what it does, and counts for the whole file.
        lines += ["import pandas as pd"] if any("pd." in text for text in texts) else []
        lines += [f"import {self.tools} as tools", "import constants"]
        helpers = ("weigh", *(helper.name for helper in self.helpers))
        lines.append(f"from {self.tools} import {', '.join(helpers)}")
        if self.constants:
            lines.append(f"from constants import {', '.join(self.constants)}")
        return "\n\n\n".join(["\n".join(lines), *texts]) + "\n"

    @property
    def modules(self) -> list[str]:
        """The names of all modules that are written."""
        return [*self.files, self.tools, "constants"]

    @property
    def tables(self) -> set[str]:
        """The nodes that make a table."""
        return {node.name for node in self.nodes if node.table}

    @property
    def given_overrides(self) -> dict[str, Any]:
        """The overrides; a table of such numbers for a node that makes one."""
        return {
            name: pd.DataFrame({"a": [value], "b": [1], "c": [1]}) if name in self.tables else value
            for name, value in self.overrides.items()
        }

    @property
    def targets(self) -> list[str]:
        """The nodes that nothing takes; a view is nothing to build."""
        taken = {name for node in self.nodes for name in node.takes}
        return [node.name for node in self.nodes if node.name not in taken and not node.view]

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


def _helper_text(helper: Helper) -> str:
    others = [*(f"{name}()" for name in helper.calls), *(f"constants.{name}" for name in helper.constants)]
    value = " + ".join([str(helper.number), *others])
    remark = f"# {helper.remark}\n" if helper.remark else ""
    match helper.style:
        case "class":
            return (
                f"{remark}class _Base_{helper.name}:\n    def value(self):\n        return {value}\n\n\n"
                f"class _Kind_{helper.name}(_Base_{helper.name}):\n    pass\n\n\n"
                f"def {helper.name}():\n    return _Kind_{helper.name}().value()"
            )
        case "closure":
            captured = " + ".join(["number", *others])
            return (
                f"{remark}def _make_{helper.name}(number):\n    def made():\n        return {captured}\n\n"
                f"    return made\n\n\n{helper.name} = _make_{helper.name}({helper.number})"
            )
        case _:
            return f"{remark}def {helper.name}():\n    return {value}"


_WEIGH = """
def noted(table, note):
    table.attrs["note"] = note
    return table


def weigh(table):
    cells = sum((place + 1) * int(table[name].iloc[0]) for place, name in enumerate(table.columns))
    return cells + int(table.index[0]) + table.attrs.get("note", 0)
""".strip()
"""A number in which all that can be seen of a table counts."""


def _node_text(node: NodeSketch, tables: set[str]) -> str:
    tools, constants = ("tools.", "constants.") if node.dotted else ("", "")
    taken = [f"{tools}weigh({name})" if name in tables else name for name in node.takes]
    terms = [str(node.number), *taken, *(f"{tools}{name}()" for name in node.calls)]
    terms += [f"{constants}{name}" for name in node.constants]
    terms += [node.setting] if node.setting else []
    if node.turned:
        terms.reverse()  # other code for the same value
    some = f"Annotated[pd.DataFrame, Columns({', '.join(map(repr, node.columns))})]"
    table = some if node.columns else "pd.DataFrame"
    parameters = [f"{name}: {table if name in tables else 'int'}" for name in node.takes]
    parameters += [f"{node.setting}: int = {node.default}"] if node.setting else []
    mark = '@cache("never")\n' if node.view else ""
    remark = f'    """{node.remark}"""\n    # {node.remark}\n' if node.remark else ""
    value, result = f"({' + '.join(terms)}) % 5", "int"
    if node.table:
        second, third, index, note = node.table
        value = f'pd.DataFrame({{"a": [{value}], "b": [{second}], "c": [{third}]}}, index=[{index}])'
        value, result = f"tools.noted({value}, {note})", "pd.DataFrame"
    return f"{mark}def {node.name}({', '.join(parameters)}) -> {result}:\n{remark}    return {value}"


# -- edits -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edit:
    """One change: which kind, to which of the things there are, and a small number to put there."""

    kind: str
    which: int
    number: int

    def apply(self, history: list[Sketch]) -> Sketch:
        """Return what becomes of the last sketch; an edit that finds nothing to change gives an equal one."""
        return EDITS[self.kind](self, history)


def _change_node(change: Callable[[NodeSketch, Edit], NodeSketch]) -> Callable[[Edit, list[Sketch]], Sketch]:
    def edit(self: Edit, history: list[Sketch]) -> Sketch:
        sketch = history[-1]
        index = self.which % len(sketch.nodes)
        nodes = list(sketch.nodes)
        nodes[index] = change(nodes[index], self)
        return replace(sketch, nodes=tuple(nodes))

    return edit


def _change_helper(change: Callable[[Helper, Edit], Helper]) -> Callable[[Edit, list[Sketch]], Sketch]:
    def edit(self: Edit, history: list[Sketch]) -> Sketch:
        sketch = history[-1]
        helpers = list(sketch.helpers)
        if helpers:
            index = self.which % len(helpers)
            helpers[index] = change(helpers[index], self)
        return replace(sketch, helpers=tuple(helpers))

    return edit


def _change_value(group: str) -> Callable[[Edit, list[Sketch]], Sketch]:
    def edit(self: Edit, history: list[Sketch]) -> Sketch:
        sketch = history[-1]
        values: dict[str, int] = dict(getattr(sketch, group))
        if values:
            values[sorted(values)[self.which % len(values)]] = self.number
        changed: dict[str, Any] = {group: values}
        return replace(sketch, **changed)

    return edit


def _rewire(self: Edit, history: list[Sketch]) -> Sketch:
    sketch = history[-1]
    index = self.which % len(sketch.nodes)
    known = [*sketch.inputs, *(node.name for node in sketch.nodes[:index])]
    other = known[self.number % len(known)]
    node = sketch.nodes[index]
    takes = (
        tuple(name for name in node.takes if name != other) if other in node.takes else (*node.takes, other)
    )
    nodes = (*sketch.nodes[:index], replace(node, takes=takes), *sketch.nodes[index + 1 :])
    return replace(sketch, nodes=nodes)


def _change_table(self: Edit, history: list[Sketch]) -> Sketch:
    """Put a number into one place of a table: a column, the index or the note."""
    sketch = history[-1]
    tables = [place for place, node in enumerate(sketch.nodes) if node.table]
    if not tables:
        return sketch
    nodes = list(sketch.nodes)
    index = tables[self.which % len(tables)]
    cells = list(nodes[index].table or ())
    cells[self.which % len(cells)] = self.number
    second, third, label, note = cells
    nodes[index] = replace(nodes[index], table=(second, third, label, note))
    return replace(sketch, nodes=tuple(nodes))


def _override(self: Edit, history: list[Sketch]) -> Sketch:
    sketch = history[-1]
    name = sketch.nodes[self.which % len(sketch.nodes)].name
    return replace(sketch, overrides={**sketch.overrides, name: self.number})


def _release(self: Edit, history: list[Sketch]) -> Sketch:
    sketch = history[-1]
    left = sorted(sketch.overrides)[1:]
    return replace(sketch, overrides={name: sketch.overrides[name] for name in left})


def _rename_files(self: Edit, history: list[Sketch]) -> Sketch:
    sketch = history[-1]
    files = tuple(f"{name.partition('_')[0]}_{self.number}" for name in sketch.files)
    return replace(sketch, files=files, tools=f"tools_{self.which % 3}")


def _forget_setting(self: Edit, history: list[Sketch]) -> Sketch:
    """Take a value out of the config, so that the parameter's default counts; or put it back."""
    sketch = history[-1]
    config = dict(sketch.config)
    name = SETTINGS[self.which % len(SETTINGS)]
    if config.pop(name, None) is None:
        config[name] = self.number
    return replace(sketch, config=config)


EDITS: Mapping[str, Callable[[Edit, list[Sketch]], Sketch]] = {
    "body": _change_node(lambda node, edit: replace(node, number=edit.number)),
    "same value": _change_node(lambda node, edit: replace(node, turned=not node.turned)),
    "default": _change_node(lambda node, edit: replace(node, default=edit.number)),
    "node remark": _change_node(lambda node, edit: replace(node, remark=f"remark {edit.number}")),
    "other file": _change_node(lambda node, edit: replace(node, file=edit.number % 2)),
    "rewire": _rewire,
    "table": _change_table,
    "columns": _change_node(lambda node, edit: replace(node, columns=CHOICES[edit.number])),
    "helper": _change_helper(lambda helper, edit: replace(helper, number=edit.number)),
    "helper style": _change_helper(
        lambda helper, edit: replace(helper, style=HELPER_STYLES[edit.number % 3])
    ),
    "helper remark": _change_helper(lambda helper, edit: replace(helper, remark=f"remark {edit.number}")),
    "constant": _change_value("constants"),
    "config": _change_value("config"),
    "setting": _forget_setting,
    "input": _change_value("inputs"),
    "override": _override,
    "release": _release,
    "rename files": _rename_files,
    "revert": lambda edit, history: history[edit.which % len(history)],
}
