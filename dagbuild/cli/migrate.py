"""`dagbuild migrate`: rewrite a Hamilton project's imports to dagbuild, and say what is left to do."""

from __future__ import annotations

import difflib
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from dagbuild.cli.session import json_option
from dagbuild.cli.terminal import give, giving_alone, say, style_of
from dagbuild.ground.errors import InputError, Problem
from dagbuild.ground.units import count

if TYPE_CHECKING:
    from dagbuild.migration.comparing import Comparison
    from dagbuild.migration.documents import Document

LEFT = 1
"""The exit status when something is to be done."""


@click.command("migrate")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Change nothing; exit status 1 when something is to be done.")
@click.option("--diff", "as_diff", is_flag=True, help="Change nothing; print what would change.")
@json_option
def command(paths: tuple[str, ...], check: bool, as_diff: bool, as_json: bool) -> int:
    """Rewrite imports of Hamilton to dagbuild in PATHS: .py files, notebooks (.ipynb), and folders of them.

    Names, with file and line, what dagbuild has not: that stays as it is. Where Hamilton is installed, each module
    that was rewritten is imported, in processes of its own, and it is said whether its graph is the same as before.

    Exit status: 0 when all is carried over, 1 when something is left to do by hand (with --check: or by this command).
    """
    from dagbuild.migration.comparing import compare
    from dagbuild.migration.documents import read_document, rewrite_document
    from dagbuild.migration.files import find_files, write_file

    with giving_alone():  # addresses are looked up by importing
        documents = [read_document(path) for path in find_files(paths)]
        if check or as_diff:
            _tell(documents, [], as_json=as_json, as_diff=as_diff, done=False)
            return LEFT if any(each.left or (check and each.is_changed) for each in documents) else 0
        problems: list[Problem] = []
        written = []
        for each in documents:
            try:
                if each.is_changed:
                    write_file(each.path, each.after)
                written.append(each)
            except InputError as error:
                problems += error.problems
        now = [
            each.said_of(rewrite_document(each.path, each.after)) if each.is_changed else each
            for each in written
        ]
        _tell(now, compare(written), as_json=as_json, as_diff=False, done=True)
        if problems:
            raise InputError.of(problems)
        return LEFT if any(each.left for each in now) else 0


def _tell(
    documents: list[Document], compared: list[Comparison], *, as_json: bool, as_diff: bool, done: bool
) -> None:
    if as_json:
        give(json.dumps(_to_json(documents, compared), indent=2))
        return
    if as_diff:
        for each in documents:
            _give_diff(each)
    # What is shown of a diff can be kept as one.
    tell = say if as_diff else give
    style = style_of(sys.stderr if as_diff else sys.stdout)
    changed = [each for each in documents if each.is_changed]
    if not as_diff:
        for each in changed:
            word = "rewritten" if done else "to do"
            tell(f"{style.paint(f'{word:9}', 'fresh')}  {each.path}: {count(each.places, 'place')}")
    for each in documents:
        for problem in each.left:
            tell(f"{style.paint('left     ', 'failed')}  {problem.where}: {problem.message}")
        for problem in each.notes:
            tell(f"{style.paint('look     ', 'hint')}  {problem.where}: {problem.message}")
    for found in compared:
        if found.obstacle is not None:
            tell(f"{style.paint('unknown  ', 'hint')}  {found.path}: not compared: {found.obstacle}")
        elif not found.differences:
            tell(f"{style.paint('same     ', 'fresh')}  {found.path}: {count(found.nodes, 'node')} as before")
        for text in found.differences:
            tell(f"{style.paint('differs  ', 'failed')}  {found.path}: {text}")
    left = sum(len(each.left) for each in documents)
    verb = "rewritten" if done else "to rewrite"
    tell(
        f"{count(len(changed), 'file')} {verb} of {len(documents)}, {count(left, 'thing')} left to do by hand"
    )


def _give_diff(document: Document) -> None:
    if not document.is_changed:
        return
    before, after = (
        data.decode("utf-8", "replace").splitlines() for data in (document.before, document.after)
    )
    path = str(document.path)
    for line in difflib.unified_diff(before, after, path, path, lineterm=""):
        give(line)


def _to_json(documents: list[Document], compared: list[Comparison]) -> dict[str, Any]:
    return {
        "files": [{"path": str(each.path), "places": each.places} for each in documents if each.is_changed],
        "left": [_problem_to_json(problem) for each in documents for problem in each.left],
        "notes": [_problem_to_json(problem) for each in documents for problem in each.notes],
        "graphs": [
            {
                "path": str(each.path),
                "nodes": each.nodes,
                "differences": list(each.differences),
                "obstacle": each.obstacle,
            }
            for each in compared
        ],
    }


def _problem_to_json(problem: Problem) -> dict[str, str | None]:
    return {"where": problem.where, "message": problem.message}
