"""A file as it was and as it is to be, and what is told of it; of a notebook, its code. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from dagbuild.ground.errors import Problem, UserError
from dagbuild.migration.addresses import MISSING, OURS, THEIRS, find_module, is_theirs, to_ours
from dagbuild.migration.files import NOTEBOOK, read_file
from dagbuild.migration.notebooks import Cell, Script, put_cells, read_cells


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was and as it is to be. `left`: what is to be done by hand; `notes`: what to look at."""

    path: Path
    before: bytes
    after: bytes
    places: int = 0
    left: Sequence[Problem] = ()
    notes: Sequence[Problem] = ()
    opens_driver: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether there is something to write."""
        return self.before != self.after

    def said_of(self, later: Document) -> Document:
        """Return it with what is told of the file as it has become: lines may have moved."""
        return replace(self, left=later.left, notes=later.notes)


def read_document(path: Path) -> Document:
    """Read a file and rewrite it, in memory; raises InputError when it cannot be read."""
    return rewrite_document(path, read_file(path))


def rewrite_document(path: Path, data: bytes) -> Document:
    """Return what becomes of a file with this content."""
    if THEIRS.encode() not in data and OURS.encode() not in data:
        return Document(path, data, data)
    return _rewrite_notebook(path, data) if path.suffix == NOTEBOOK else _rewrite_module(path, data)


def _rewrite_module(path: Path, data: bytes) -> Document:
    rewriting = _open_rewriting()
    try:
        done = rewriting.rewrite(data)
    except rewriting.UnreadableError as error:
        return _leave(path, data, error.text, f"{path}:{error.line}" if error.line else str(path))
    said = [(each.left, Problem(each.text, f"{path}:{each.line}")) for each in done.remarks]
    left, notes = ([each for is_left, each in said if is_left is wanted] for wanted in (True, False))
    return Document(path, data, done.data, done.places, left, notes, done.opens_driver)


def _rewrite_notebook(path: Path, data: bytes) -> Document:
    rewriting = _open_rewriting()
    try:
        text = data.decode("utf-8")
        cells = read_cells(text)
    except (ValueError, RecursionError) as error:
        return _leave(path, data, f"it is no notebook that can be read: {error}", str(path))
    script = Script()
    for cell in cells:
        script.add(cell)
    left = [
        Problem("it cannot be parsed", f"{path}: cell {cell.number}")
        for cell in script.unread
        if _imports_theirs(cell)
    ]
    notes = []
    places = 0
    for line, magic, extension in list(script.magics()):
        where = f"{path}: {script.where(line)}"
        if extension is None or not is_theirs(extension):
            if THEIRS in magic:
                notes.append(Problem(f"a magic that is left as it is: {magic.strip()}", where))
        elif find_module(to_ours(extension)) is MISSING:
            left.append(Problem(f"dagbuild has no '{to_ours(extension)}'", where))
        else:
            script.load(extension, to_ours(extension))
            places += 1
    try:
        done = rewriting.rewrite(script.text.encode())
    except rewriting.UnreadableError as error:
        return _leave(path, data, error.text, str(path))
    for each in done.remarks:
        (left if each.left else notes).append(Problem(each.text, f"{path}: {script.where(each.line)}"))
    after = put_cells(text, script.split(done.data.decode()), cells).encode()
    return Document(path, data, after, places + done.places, left, notes, opens_driver=True)


def _open_rewriting() -> ModuleType:
    """Import what knows libcst; raises UserError where that is not installed."""
    try:
        from dagbuild.migration import rewriting
    except ModuleNotFoundError as error:
        if error.name != "libcst":
            raise
        raise UserError(
            "rewriting needs the package 'libcst'", hint="pip install 'dagbuild[migrate]'"
        ) from error
    return rewriting


def _imports_theirs(cell: Cell) -> bool:
    return any(
        line.split()[:1] in (["import"], ["from"]) and THEIRS in line for line in cell.text.splitlines()
    )


def _leave(path: Path, data: bytes, why: str, where: str) -> Document:
    """Return a file that stays as it is; one that has nothing of Hamilton's is not ours to judge."""
    return Document(path, data, data, left=[Problem(why, where)] if THEIRS.encode() in data else [])
