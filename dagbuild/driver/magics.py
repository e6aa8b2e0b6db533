"""A notebook's cells as modules, by Hamilton's magics: `%load_ext dagbuild.plugins.jupyter_magic`.

The module is made of the cell's text, so that its functions are a project's like any other. Opened by a notebook alone.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import HTML, display

from dagbuild.driver.builder import Builder
from dagbuild.driver.hamilton import Driver
from dagbuild.driver.modules import module_from_source
from dagbuild.ground.errors import InputError, UserError


@magics_class
class HamiltonMagics(Magics):
    """`%%cell_to_module` and its kin; names in a line are those of the notebook's variables."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._cells: dict[str, dict[str, str]] = {}

    # -- cells to modules ----------------------------------------------------------------------------------------

    @magic_arguments()
    @argument("name", nargs="?", help="what the module is called")
    @argument("-m", "--module_name", nargs="?", const=True, help="the same, by its older name")
    @argument("-d", "--display", nargs="?", const=True, help="draw the graph, with options in this variable")
    @argument(
        "-x", "--execute", nargs="?", const=True, help="run all nodes, or those listed in this variable"
    )
    @argument("-b", "--builder", help="the variable of the builder that the module is added to")
    @argument("-c", "--config", help="the variable of the config, or the config as JSON")
    @argument("-i", "--inputs", help="the variable of the inputs")
    @argument("-o", "--overrides", help="the variable of the overrides")
    @argument("--show_results", action="store_true", help="show the values")
    @argument("--hide_results", action="store_true", help="do not show the values")
    @argument(
        "-w", "--write_to_file", nargs="?", const=True, help="write the cell to this file, or to NAME.py"
    )
    @cell_magic
    def cell_to_module(self, line: str, cell: str) -> None:
        """Make a module of the cell, called as the line says, and a driver of it, in the variable NAME_dr."""
        said = parse_argstring(self.cell_to_module, line)
        self._make(_choose_name(said), cell, said)

    @magic_arguments()
    @argument("module_name", help="what the module is called")
    @argument("identifier", nargs="?", default="", help="what this cell of it is called")
    @argument("-i", "--id", dest="other", help="the same, by its older name")
    @argument("-d", "--display", nargs="?", const=True, help="draw the graph, with options in this variable")
    @argument(
        "-x", "--execute", nargs="?", const=True, help="run all nodes, or those listed in this variable"
    )
    @argument("-b", "--builder", help="the variable of the builder that the module is added to")
    @argument("-c", "--config", help="the variable of the config, or the config as JSON")
    @argument(
        "-w", "--write_to_file", nargs="?", const=True, help="write the module to this file, or to NAME.py"
    )
    @cell_magic
    def incr_cell_to_module(self, line: str, cell: str) -> None:
        """Make a module of several cells; a cell that is run again takes its own place."""
        said = parse_argstring(self.incr_cell_to_module, line)
        cells = self._cells.setdefault(said.module_name, {})
        cells[said.other or said.identifier] = cell
        said.show_results, said.hide_results, said.inputs, said.overrides = False, True, None, None
        self._make(said.module_name, "\n\n".join(cells.values()), said)

    def _make(self, name: str, text: str, said: Any) -> None:
        module = module_from_source(text, name)
        self._push({name: module})
        if said.write_to_file:
            Path(f"{name}.py" if said.write_to_file is True else said.write_to_file).write_text(text, "utf-8")
        driver = self._build(module, said)
        self._push({f"{name}_dr": driver})
        if said.display:
            options = {} if said.display is True else self._find(said.display, dict)
            display(HTML(driver.display_all_functions(**options)._repr_svg_()))
        if said.execute:
            self._execute(driver, module, said)

    def _build(self, module: ModuleType, said: Any) -> Driver:
        builder = self._find(said.builder, Builder).copy() if said.builder else Builder()
        if said.config:
            if builder.config:
                raise InputError("both the builder and the line have a config", hint="give one of the two")
            builder.with_config(self._find(said.config, dict))
        return builder.with_modules(module).allow_module_overrides().build()

    def _execute(self, driver: Driver, module: ModuleType, said: Any) -> None:
        own = [
            node.name
            for node in driver.list_available_variables()
            if not node.is_external_input and node.tags.get("module") == module.__name__
        ]
        names = own if said.execute is True else list(self._find(said.execute, (list, tuple)))
        inputs = self._find(said.inputs, dict) if said.inputs else {}
        overrides = self._find(said.overrides, dict) if said.overrides else {}
        values = driver.raw_execute(names, inputs=inputs, overrides=overrides)
        self._push(values)
        for name, value in {} if said.hide_results else values.items():
            display(HTML(f"<b>{name}</b>"))
            display(value)

    # -- modules to cells, and dicts -----------------------------------------------------------------------------

    @cell_magic
    def set_dict(self, line: str, cell: str) -> None:
        """Run the cell, and put what it assigns into a dict called as the line says."""
        names: dict[str, Any] = {}
        exec(cell, dict(self._shell.user_ns), names)  # the user's own cell
        self._push({_read_name(line, "set_dict"): {k: v for k, v in names.items() if not k.startswith("_")}})

    @line_magic
    def print_module(self, line: str) -> None:
        """Print the cells that a module was made of by `%%incr_cell_to_module`."""
        print("\n\n".join(self._get_cells(line, "print_module").values()))

    @line_magic
    def reset_module(self, line: str) -> None:
        """Forget the cells of a module; the next one begins it anew."""
        self._get_cells(line, "reset_module").clear()

    @line_magic
    def module_to_cell(self, line: str) -> None:
        """Put the text of a module's file, or of a module of that name, into the next cell."""
        name = _read_name(line, "module_to_cell")
        path = Path(name)
        if not path.is_file():
            module = self._shell.user_ns.get(name) or sys.modules.get(name)
            path = Path(getattr(module, "__file__", None) or "")
        if not path.is_file():
            raise InputError(f"there is no file or module '{name}'")
        self._shell.set_next_input(f"%%cell_to_module {path.stem}\n{path.read_text('utf-8')}", replace=False)

    insert_module = module_to_cell

    # -- the notebook's variables --------------------------------------------------------------------------------

    @property
    def _shell(self) -> InteractiveShell:
        shell = self.shell
        assert isinstance(shell, InteractiveShell)
        return shell

    def _push(self, values: dict[str, Any]) -> None:
        self._shell.push(values)

    def _get_cells(self, line: str, magic: str) -> dict[str, str]:
        name = _read_name(line, magic)
        if name not in self._cells:
            raise InputError(f"no cell has made a module '{name}'", hint="%%incr_cell_to_module makes one")
        return self._cells[name]

    def _find(self, name: str, kind: Any) -> Any:
        """Return a variable of the notebook's; raises InputError for what is none, or of another kind."""
        if name not in self._shell.user_ns:
            raise InputError(f"the notebook has no variable '{name}'")
        value = self._shell.user_ns[name]
        if not isinstance(value, kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            wanted = " or ".join(each.__name__ for each in kinds)
            raise InputError(f"'{name}' is a {type(value).__name__}, and a {wanted} is wanted")
        return value


def _choose_name(said: Any) -> str:
    name = said.name or said.module_name
    if not isinstance(name, str) or not name.isidentifier():
        raise UserError("the module has no name", hint="%%cell_to_module features")
    return name


def _read_name(line: str, magic: str) -> str:
    words = shlex.split(line)
    if len(words) != 1:
        raise UserError(f"%{magic} takes one name, not {len(words)}")
    return words[0]
